"""A read-only connection to a MySQL or MariaDB server, guarded as a call over HTTP is: address, time-outs, silence, kind of error.

PyMySQL speaks the protocol: pure Python, MIT, and released this month when it was chosen. It is imported when it is used.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from integrations import errors, network
from integrations.http import CallRecord
from integrations.http.redaction import clean
from integrations.http.sockets import context
from integrations.mysql_errors import Place as Place
from integrations.mysql_errors import told

CONNECT = 10.0  # seconds
READ = 30.0  # seconds for one answer; the server is told to give up before
STATEMENT = 20  # seconds
READABLE = ("mysql_clear_password", "dialog", "mysql_old_password")  # whoever listens reads the password of these


@dataclass
class Reading:
    """An open connection. `query` gives rows of columns; `server` is what the server calls itself."""

    place: Place
    link: Any
    log: Callable[[CallRecord], None] | None = None
    before: Callable[[float], None] | None = None

    @property
    def server(self) -> str:
        return clean(str(self.link.get_server_info()), [self.place.password])[:60]

    def query(self, sql: str, values: Sequence[Any] = (), what: str = "") -> list[tuple[Any, ...]]:
        """All rows. `what` is told in the call log. Raises errors.VendorError."""
        if self.before:
            self.before(READ)
        began, failed = time.monotonic(), None
        rows: list[tuple[Any, ...]] = []
        try:
            with told(self.place), self.link.cursor() as cursor:
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
                wrong = f"{failed.message} {failed.said}".strip()[:500] if failed else ""
                kind = failed.kind if failed else ""
                self.log(CallRecord("SELECT", f"/{what}"[:500], "", None, ms, 0, size, 1, kind, wrong))


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
        with told(place):
            link: Any = pymysql.connect(
                host=place.host,
                port=place.port,
                user=place.user,
                # Of itself the driver takes Latin letters alone, and names the first other one.
                password=place.password.encode("utf-8", "surrogatepass"),
                database=place.database,
                charset="utf8mb4",
                autocommit=True,
                read_timeout=READ,
                write_timeout=READ,
                program_name="crossdock",
                ssl=None if place.plain else _tls(),
                ssl_disabled=place.plain,
                auth_plugin_map=dict.fromkeys(READABLE, Unreadable) if place.plain else None,
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


class Unreadable:
    """In place of the driver's own way: whoever stands on a plain line could ask for the password, and would be given it."""

    def __init__(self, link: Any) -> None:
        """Nothing of the connection is needed."""

    def authenticate(self, packet: Any) -> None:
        raise errors.Refused(
            "The database server asks for the password in plain words, over a line that is not encrypted. It was not told.",
            "Switch the encrypted line on among the options, or let the user sign in with mysql_native_password or ed25519.",
            cause="tls",
        )


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
