"""Where the hub may connect to: vendors on the public internet, and hosts the operator vouches for.

A name is resolved once and the connection goes to the address that was checked, so that no second answer of the
name server can lead inside.
"""

import ipaddress
import socket
from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from config.addresses import Address
from integrations import errors

PORTS = frozenset({443, 8443})
# Addresses that carry another one inside are not told apart from it by the router at the other end.
NAT64 = tuple(ipaddress.IPv6Network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48"))
COMPATIBLE = ipaddress.IPv6Network("::/96")
# Not for the public by the registries of special addresses, though not every Python says so: protocol assignments (where some
# clouds keep the machine's own credentials), relays that are no more, benchmarks, documentation, discarding, segment routing.
SPECIAL = tuple(
    ipaddress.ip_network(net)
    for net in ("192.0.0.0/24", "192.88.99.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.175.48.0/24", "2001::/23",
                "2620:4f:8000::/48", "3fff::/20", "100::/63", "5f00::/16")
)  # fmt: skip


def is_public(address: Address) -> bool:
    """Whether a packet to it can only leave for the public internet, whatever address is wrapped inside."""
    if address.is_multicast or not address.is_global or any(address in net for net in SPECIAL):
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return True
    wrapped = address.ipv4_mapped or address.sixtofour or address.teredo
    return not (wrapped or address.is_site_local or address in COMPATIBLE or any(address in net for net in NAT64))


def resolve_checked(
    host: str, port: int, allowed_private: Collection[str] = ()
) -> list[tuple[socket.AddressFamily, tuple[str | int, ...]]]:
    """Family and socket address of every address of a host, all checked; private where `host` is in `allowed_private`.

    Raises errors.Refused(cause="url") when any is not public, errors.Wait(cause="network") when the name has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise errors.Wait(
            f"The name {_shown(host)} could not be resolved: {_reason(error)}.",
            "Check the spelling of the address, and that this machine can reach its name server.",
            cause="network",
        ) from None
    addresses: list[tuple[socket.AddressFamily, tuple[str | int, ...]]] = []
    for family, _, _, _, place in found:
        address: tuple[str | int, ...] = tuple(str(part) if isinstance(part, bytes) else part for part in place)
        if family in (socket.AF_INET, socket.AF_INET6) and (family, address) not in addresses:
            addresses.append((family, address))
    if not addresses:
        raise errors.Wait(f"The name {_shown(host)} has no address.", "Check its spelling.", cause="network")
    if not is_allowed(host, allowed_private):
        for _, checked in addresses:
            ours = ipaddress.ip_address(str(checked[0]).partition("%")[0])
            if not is_public(ours):
                raise errors.Refused(
                    f"{_shown(host)} leads to {ours}, which is not on the public internet. Nothing was sent.",
                    f"Correct the address. If this system really is inside your network, add “{_shown(host)}” to "
                    "VENDOR_PRIVATE_HOSTS and restart.",
                    cause="url",
                )
    return addresses


def is_allowed(host: str, allowed_private: Collection[str] | None = None) -> bool:
    """Whether the operator vouches for a host on a private network, exactly as it is written."""
    allowed = settings.VENDOR_PRIVATE_HOSTS if allowed_private is None else allowed_private
    return _plain(host) in {_plain(name) for name in allowed}


def check_url(url: str) -> SplitResult:
    """The parts of a vendor's address. Raises errors.Refused(cause="url"): not https, a user name, an odd port."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _refused("The address cannot be read.", "Write it as https://host/path.") from None
    if any(c.isspace() or not c.isprintable() or c == "\\" for c in url) or not host:
        raise _refused("The address has no host, or spaces in it.", "Write it as https://host/path.")
    if parts.username is not None or parts.password is not None:
        raise _refused("The address holds a user name or password.", "Take it out; secrets have fields of their own.")
    if parts.query or parts.fragment:
        raise _refused("The address holds a query (?…) or a fragment (#…).", "End it with the path.")
    private = is_allowed(host)
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        raise _refused(
            "The address does not begin with https://.", "Use https; plain http is for VENDOR_PRIVATE_HOSTS only."
        )
    if port is not None and port not in PORTS and not private:
        raise _refused(
            f"Port {port} is not allowed.", "Vendors are called on 443 or 8443; others for VENDOR_PRIVATE_HOSTS only."
        )
    return parts


def egress_addresses(host: str) -> list[str]:
    """The addresses vendors see us come from: HUB_EGRESS_ADDRESSES, else this machine's own towards the host.

    The latter is a private one behind NAT; nothing is sent to find it.
    """
    if settings.HUB_EGRESS_ADDRESSES:
        return [str(address) for address in settings.HUB_EGRESS_ADDRESSES]
    ours: list[str] = []
    try:
        found = socket.getaddrinfo(host, 443, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return ours
    for family, kind, _, _, place in found:
        try:
            with socket.socket(family, kind) as probe:
                probe.connect(place)
                address = str(probe.getsockname()[0])
        except OSError:  # no route in this family
            continue
        if address not in ours:
            ours.append(address)
    return ours


def _plain(host: str) -> str:
    return host.strip().strip("[]").rstrip(".").lower()


def _shown(host: str) -> str:
    return "".join(c for c in host[:100] if c.isprintable())


def _reason(error: Exception) -> str:
    return error.strerror or "no reason given" if isinstance(error, OSError) else "it is not a valid name"


def _refused(message: str, cure: str) -> errors.Refused:
    return errors.Refused(message, cure, cause="url")
