"""A read-only connection to a MySQL or MariaDB server, guarded as a call over HTTP is: address, time-outs, silence, kind of error.

PyMySQL speaks the protocol: pure Python, MIT, and released this month when it was chosen. It is imported when it is used.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from integrations import errors, network
from integrations.http import CallRecord
from integrations.http.redaction import clean
from integrations.http.sockets import context

CONNECT = 10.0  # seconds
READ = 30.0  # seconds for one answer; the server is told to give up before
STATEMENT = 20  # seconds
UNKNOWN_USER, UNKNOWN_HOST = (1044, 1045, 1698), (1129, 1130)
NOT_ALLOWED = (1142, 1143, 1227, 1792)
NOT_THERE = {1049: "database", 1146: "table", 1054: "column"}
TOO_SLOW = (1317, 1969, 3024)
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


@dataclass
class Reading:
    """An open connection. `query` gives rows of columns; `server` is what the server calls itself."""

    place: Place
    link: Any
    log: Callable[[CallRecord], None] | None = None
    before: Callable[[float], None] | None = None

    @property
    def server(self) -> str:
        return clean(str(self.link.get_server_info()))[:60]

    def query(self, sql: str, values: Sequence[Any] = (), what: str = "") -> list[tuple[Any, ...]]:
        """All rows. `what` is told in the call log. Raises errors.VendorError."""
        if self.before:
            self.before(READ)
        began, failed = time.monotonic(), None
        rows: list[tuple[Any, ...]] = []
        try:
            with _told(self.place), self.link.cursor() as cursor:
                cursor.execute(sql, tuple(values))
                rows = list(cursor.fetchall())
            return rows
        except errors.VendorError as error:
            failed = error
            raise
        finally:
            if self.log:
                size = sum(len(value) for row in rows for value in row if isinstance(value, str | bytes))
                ms = round((time.monotonic() - began) * 1000)
                told = f"{failed.message} {failed.said}".strip()[:500] if failed else ""
                kind = failed.kind if failed else ""
                self.log(CallRecord("SELECT", f"/{what}"[:500], "", None, ms, 0, size, 1, kind, told))


@contextmanager
def reading(
    place: Place,
    *,
    log: Callable[[CallRecord], None] | None = None,
    before: Callable[[float], None] | None = None,
) -> Iterator[Reading]:
    """A connection on which no statement can write and none takes longer than some seconds; closed in the end."""
    import pymysql

    if before:
        before(CONNECT + READ)
    line = _line(place)
    try:
        with _told(place):
            link: Any = pymysql.connect(
                host=place.host,
                port=place.port,
                user=place.user,
                password=place.password,
                database=place.database,
                charset="utf8mb4",
                autocommit=True,
                read_timeout=READ,
                write_timeout=READ,
                program_name="crossdock",
                ssl=None if place.plain else _tls(),
                ssl_disabled=place.plain,
                defer_connect=True,
            )
            link.connect(line)
            for sql in _manners(str(link.get_server_info())):
                link.query(sql)
    except BaseException:
        line.close()
        raise
    try:
        yield Reading(place, link, log, before)
    finally:
        with suppress(pymysql.err.Error, OSError):  # it may be closed already
            link.close()
        line.close()


def name(text: str, what: str) -> str:
    """A table's or column's name, quoted. Raises errors.Refused for what is none."""
    if not text or len(text) > 64 or not all(c.isalnum() or c in "_$-" for c in text):
        raise errors.Refused(
            f"“{text[:64]}” is no name of a {what}. Nothing was asked.",
            "Correct it among the connection's options: letters, digits, _ and $.",
        )
    return f"`{text}`"


def _manners(server: str) -> list[str]:
    limit = (
        f"max_statement_time = {STATEMENT}"
        if "mariadb" in server.lower()
        else f"max_execution_time = {STATEMENT * 1000}"
    )
    return ["SET SESSION TRANSACTION READ ONLY", f"SET SESSION {limit}"]


def _line(place: Place) -> socket.socket:
    """A socket to an address that was checked, the one the name leads to now."""
    problem: OSError | None = None
    for family, address in network.resolve_checked(place.host, place.port, settings.VENDOR_PRIVATE_HOSTS):
        line = socket.socket(family, socket.SOCK_STREAM)
        line.settimeout(CONNECT)
        try:
            line.connect(address)
        except OSError as error:
            line.close()
            problem = error
        else:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return line
    raise errors.Wait(
        f"The database server {place.host}:{place.port} cannot be reached: {(problem and problem.strerror) or 'no answer'}.",
        "Check host and port, and that the server lets this hub's address in.",
        cause="network",
        method="SELECT",
        path=place.shown,
    )


def _tls() -> ssl.SSLContext:
    found: ssl.SSLContext = context()
    return found


@contextmanager
def _told(place: Place) -> Iterator[None]:
    """What the driver raises, as one of our kinds of error."""
    import pymysql

    try:
        yield
    except pymysql.err.MySQLError as error:
        raise _judged(place, error) from None
    except (OSError, EOFError) as error:
        raise _away(place, str(error)) from None
    except (RuntimeError, ValueError, IndexError, AssertionError) as error:  # not MySQL's protocol, or a file asked for
        raise errors.BadPayload(
            "What answers there does not speak as a MySQL server does.",
            "Check the bridge's host and port.",
            cause="url",
            method="SELECT",
            path=place.shown,
            said=clean(str(error), [place.password]),
        ) from None


def _away(place: Place, said: str) -> errors.Wait:
    return errors.Wait(
        "The database server went away or took too long.",
        "It is tried again by itself; look at the server if it stays.",
        cause="network",
        method="SELECT",
        path=place.shown,
        said=clean(said, [place.password]),
    )


def _judged(place: Place, error: Exception) -> errors.VendorError:
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    said = clean(str(error.args[1]) if len(error.args) > 1 else str(error), [place.password])
    about: dict[str, Any] = {"method": "SELECT", "path": place.shown, "said": said}
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
    if code == 2026:
        return errors.Refused(
            "The database server offers no encrypted line, or one nobody vouches for.",
            "Give the server a certificate (HUB_HTTP_CA names your own authority), or allow a plain line among the options.",
            cause="tls",
            **about,
        )
    if code in AWAY or code in TOO_SLOW:
        return _away(place, said)
    return errors.Refused("The database refused the question.", "Correct what it names.", **about)
