"""What `manage.py check` looks at: names of proxies, and the hub's own addresses; with `--deploy` that there are some, mails leave
and keys are long, with `--database default` that every stored secret can be read."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError

from config.addresses import unreadable

SHOWN = 10
LONG = 32  # characters; token_urlsafe(32) makes 43
PRINTED = (".console.EmailBackend", ".dummy.EmailBackend")
KEYS = "Put the missing key back at the end of HUB_KEYS, or set what cannot be read again."


@register(Tags.security)
def proxies_are_named(app_configs: Any, **_: Any) -> list[CheckMessage]:
    return [
        Error(
            f"HUB_TRUSTED_PROXIES names “{name}”, which is no address, network, range or “unix”.",
            hint="Name each proxy of your own by its address, such as 10.0.0.3 or 10.0.0.0/28; it is no count.",
            id="integrations.E001",
        )
        for name in unreadable(settings.HUB_TRUSTED_PROXIES)
    ]


@register(Tags.security, deploy=True)
def proxies_are_known(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Unnamed, a proxy is everybody: the list of addresses shuts out all or none, and a stranger's guesses slow all down."""
    if not settings.SECURE_PROXY_SSL_HEADER or any(name.strip() for name in settings.HUB_TRUSTED_PROXIES):
        return []
    return [
        Warning(
            "TRUST_PROXY_PROTO says that a proxy stands before the hub, and HUB_TRUSTED_PROXIES names none: every caller seems to "
            "be that proxy.",
            hint="Name it by its address as the hub sees it, such as 10.0.0.3, or “unix” for a local socket.",
            id="integrations.W003",
        )
    ]


@register(Tags.security)
def own_addresses_are_addresses(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """They are given to vendors, and compared with what is registered there: a name or a slip would be told as missing."""
    return [
        Error(
            f"HUB_EGRESS_ADDRESSES has “{name}”, which is no address, network or range.",
            hint="Write what the world sees this hub call out from: 203.0.113.7, 203.0.113.0/28 or 203.0.113.7-203.0.113.9, "
            "IPv6 alike, with commas between them.",
            id="integrations.E002",
        )
        for name in unreadable(settings.HUB_EGRESS_ADDRESSES, besides="")
    ]


@register(Tags.security, deploy=True)
def mails_leave(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Whoever gave addresses for alarms relies on them; a mail that is only printed counts as sent."""
    if not settings.HUB_ALERT_EMAILS or not settings.EMAIL_BACKEND.endswith(PRINTED):
        return []
    return [
        Warning(
            "HUB_ALERT_EMAILS names who is told of trouble, and EMAIL_URL no mail server: the mails are printed, and reach nobody.",
            hint="Set EMAIL_URL, such as smtp+tls://user:password@host:587.",
            id="integrations.W004",
        )
    ]


@register(Tags.security, deploy=True)
def keys_are_long(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """The keys are taken as they are, without the slow steps a password needs: a short one could be guessed from a backup."""
    short = [str(place) for place, key in enumerate(settings.HUB_KEYS, 1) if 0 < len(key.strip()) < LONG]
    if not short:
        return []
    return [
        Warning(
            f"Of HUB_KEYS, number {', '.join(short)} has less than {LONG} characters: it could be guessed from a backup.",
            hint="Put a new key in front, made with secrets.token_urlsafe(32), run rotate_keys, then take the short one away.",
            id="integrations.W002",
        )
    ]


@register(Tags.database)
def secrets_can_be_read(app_configs: Any, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """A warning, not an error: `migrate` runs it, too, and one damaged row must not keep a hub from starting."""
    from integrations import rotation

    if not databases:
        return []
    try:
        bad = rotation.unreadable()
    except DatabaseError:  # before the first migration
        return []
    if not bad:
        return []
    more = f" and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
    return [
        Warning(
            f"{len(bad)} stored secrets cannot be read: {'; '.join(bad[:SHOWN])}{more}.",
            hint=KEYS,
            id="integrations.W001",
        )
    ]
