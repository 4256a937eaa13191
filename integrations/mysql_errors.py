"""What a MySQL or MariaDB server's refusals mean: one of our kinds of error, with cause and cure, and never the password."""

import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from integrations import errors, network
from integrations.http.redaction import clean

UNKNOWN_USER, UNKNOWN_HOST = (1044, 1045, 1698), (1129, 1130)
NOT_ALLOWED = (1142, 1143, 1227, 1792)
NOT_THERE = {1049: "database", 1146: "table", 1054: "column"}
NO_TLS = 2026
TOO_SLOW = (1317, 1969, 3024)
ODD = (RuntimeError, ValueError, LookupError, AssertionError, struct.error)  # not MySQL's protocol, or a file asked for
AWAY = (1040, 1053, 1203, 2003, 2006, 2013)


@dataclass(frozen=True)
class Place:
    """A database and who reads it. `plain`: without TLS, which only an operator's own network deserves."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    plain: bool = False

    @property
    def shown(self) -> str:
        return f"{self.host}:{self.port}/{self.database}"


@contextmanager
def told(place: Place) -> Iterator[None]:
    """What the driver raises, as one of our kinds of error."""
    import pymysql

    try:
        yield
    except pymysql.err.MySQLError as error:
        raise judged(place, error) from None
    except (OSError, EOFError) as error:
        raise away(place, str(error)) from None
    except ODD as error:
        raise errors.BadPayload(
            "What answers there does not speak as a MySQL server does.",
            "Check the bridge's host and port.",
            cause="url",
            method="SELECT",
            path=place.shown,
            said=clean(str(error), [place.password]),
            quoted=True,
        ) from None


def away(place: Place, said: str) -> errors.Wait:
    return errors.Wait(
        "The database server went away or took too long.",
        "It is tried again by itself; look at the server if it stays.",
        cause="network",
        method="SELECT",
        path=place.shown,
        said=clean(said, [place.password]),
        quoted=True,
    )


def judged(place: Place, error: Exception) -> errors.VendorError:
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    said = clean(str(error.args[1]) if len(error.args) > 1 else str(error), [place.password])
    about: dict[str, Any] = {"method": "SELECT", "path": place.shown, "said": said, "quoted": True}
    if code in UNKNOWN_USER:
        return errors.NeedsAuth(
            "The database server does not accept the user or the password.",
            "Set the bridge's password again, and check user and database.",
            cause="password",
            **about,
        )
    if code in UNKNOWN_HOST:
        ours = ", ".join(network.egress_addresses(place.host)) or "unknown"
        return errors.NeedsAuth(
            "The database server does not let this hub's address in.",
            f"Let this address in there: {ours}.",
            cause="ip",
            **about,
        )
    if code in NOT_THERE:
        return errors.Refused(
            f"The database has no such {NOT_THERE[code]}.",
            f"Correct the bridge's {NOT_THERE[code]} among the options.",
            **about,
        )
    if code in NOT_ALLOWED:
        return errors.Refused(
            "The database user may not do this.",
            "Give that user the right to SELECT from the bridge's table; no other.",
            **about,
        )
    if code == NO_TLS or isinstance(getattr(error, "original_exception", None), ssl.SSLError):
        return errors.Refused(
            "The database server offers no encrypted line, or one nobody vouches for.",
            "Give the server a certificate (HUB_HTTP_CA names your own authority), or allow a plain line among the options.",
            cause="tls",
            **about,
        )
    if code in AWAY or code in TOO_SLOW:
        return away(place, said)
    return errors.Refused("The database refused the question.", "Correct what it names.", **about)
