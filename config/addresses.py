"""Internet addresses as people and proxies write them, and who really called behind proxies of our own."""

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
LOCAL = "unix"  # names the caller of a local socket, who has no address
BAD_RANGE = "Write an address, a network such as 192.0.2.0/24, or first-last."


def ends(text: str) -> tuple[Address, Address]:
    """First and last address of what a person wrote. ValueError says what is wrong with it."""
    try:
        if "-" in text or "–" in text:
            first, last = (_single(part) for part in text.replace("–", "-").split("-"))
            if first.version != last.version or int(first) > int(last):
                raise ValueError
            return first, last
        bare, slash, length = text.strip().partition("/")
        bare, _, zone = bare.partition("%")
        if zone and not ipaddress.ip_address(bare).is_link_local:
            raise ValueError
        network = ipaddress.ip_network(f"{bare}{slash}{length}", strict=False)
        return _unmapped(network[0], network[-1])
    except ValueError:
        raise ValueError(BAD_RANGE) from None


def normal(text: str) -> str:
    """The one spelling of a range: `192.0.2.7`, `192.0.2.0/24`, `192.0.2.7-192.0.2.20`. ValueError as of `ends`."""
    first, last = ends(text)
    if first == last:
        return str(first)
    networks = list(ipaddress.summarize_address_range(first, last))
    return str(networks[0]) if len(networks) == 1 else f"{first}-{last}"


def covered(inner: tuple[Address, Address], by: Iterable[tuple[Address, Address]]) -> bool:
    """Whether every address of a range lies in others of its family, whole or side by side."""
    first, last = inner
    left = int(first)
    for low, high in sorted((int(low), int(high)) for low, high in by if low.version == first.version):
        if low > left:
            return False
        left = max(left, high + 1)
        if left > int(last):
            return True
    return False


def told(text: str) -> Address | None:
    """`192.0.2.7`, `192.0.2.7:4711`, `2001:db8::1` or `[2001:db8::1]:4711`; an IPv4 address within IPv6 is told as IPv4."""
    text = text.strip()
    if text.startswith("["):
        text, _, port = text[1:].partition("]")
        if port and not (port[0] == ":" and port[1:].isascii() and port[1:].isdigit()):
            return None
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
        if not (port.isascii() and port.isdigit()):
            return None
    try:
        return _single(text)
    except ValueError:
        return None


def client_address(remote: str, forwarded: str, proxies: Sequence[str]) -> Address | None:
    """Who really called: the peer, or the first from the right of X-Forwarded-For that is no proxy of ours.

    remote: REMOTE_ADDR. proxies: names of our own, each an address, network or range, or "unix" for a local socket; each vouches
    for one hop only, so that a client within a proxy's network cannot pass for a second proxy. None when it cannot be told: a
    proxy wrote nothing, or garbage. What a client wrote into the header stands further left and is never looked at.
    """
    left = [name.strip() for name in proxies if name.strip()]
    caller = told(remote)
    if not remote.strip() and LOCAL in left:
        left.remove(LOCAL)
    elif caller is None or not _take(left, caller):
        return caller
    hops = forwarded.split(",") if forwarded else []
    while hops:
        caller = told(hops.pop())
        if caller is None or not _take(left, caller):
            return caller
    return None


def caller(request: HttpRequest) -> Address | None:
    """Who really made this request; None when it cannot be told."""
    meta = request.META
    return client_address(
        meta.get("REMOTE_ADDR", ""), meta.get("HTTP_X_FORWARDED_FOR", ""), settings.HUB_TRUSTED_PROXIES
    )


def unreadable(names: Sequence[str], besides: str = LOCAL) -> list[str]:
    """What among HUB_TRUSTED_PROXIES or other names of addresses names nothing; such a proxy vouches for nobody."""
    return [name for name in names if name.strip() and name.strip() != besides and _range(name) is None]


def _take(left: list[str], address: Address) -> bool:
    """Whether one of the proxies that are left is this one; it is not left any more."""
    for name in left:
        found = _range(name)
        if found and found[0].version == address.version and int(found[0]) <= int(address) <= int(found[1]):
            left.remove(name)
            return True
    return False


@lru_cache(maxsize=256)
def _range(name: str) -> tuple[Address, Address] | None:
    try:
        return ends(name)
    except ValueError:
        return None


def _single(text: str) -> Address:
    bare, percent, _ = text.strip().partition("%")
    found = ipaddress.ip_address(bare)
    if percent and not found.is_link_local:
        raise ValueError
    return getattr(found, "ipv4_mapped", None) or found


def _unmapped(first: Address, last: Address) -> tuple[Address, Address]:
    """A range of mapped addresses as the IPv4 it means."""
    inner = [getattr(end, "ipv4_mapped", None) for end in (first, last)]
    return (inner[0], inner[1]) if inner[0] and inner[1] else (first, last)
