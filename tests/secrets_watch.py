"""A watch over the whole suite: one planted word is part of every vendor secret the tests use, and must be seen nowhere.

Looked at in every test: log records with their tracebacks, every row of every table (but for encrypted columns), every page
and header the site answers, captured output, what tests read of it, errors as they are made, failures, mails, and files in the
hub's own folder, the queue's messages among them, keys and values of the Redis-compatible server the tests use, and what lies
within archives and compressed files, as exports are. In every spelling: as it is, quoted for addresses, JSON, HTML, base64, and
base64 once more or quoted for addresses.
A hit fails the test that made it. A test that plants a secret on purpose has the marker `leaks`.
"""

import base64
import gzip
import io
import json
import logging
import os
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

PIECES = ("cAnaRy4Front", "Zx9-pLanted")  # no spelling changes them, and a secret that was cut short still shows one
WORD = '/7+q"'.join(PIECES)  # every spelling changes what is between, and so tries whoever blots secrets out
URLSAFE = str.maketrans("+/", "-_")
SEALED = {("integrations_token", "ciphertext")}
ROWS = 1000  # read at a time
MOST_ROWS = 20_000  # of one table, the newest; larger ones hold a vendor's rows over and over
LARGEST_FILE = 32 << 20


def spellings(pieces: Iterable[str] = PIECES) -> Iterator[str]:
    """The pieces as every text spells them, in hexadecimal, and in base64: three ways, by where they begin; ends left off."""
    for piece in pieces:
        yield from (
            piece,
            piece.lower(),
            piece.encode().hex(),
            piece.encode().hex().upper(),
        )  # hosts are read in small letters
        yield "".join(f"\\u{ord(sign):04x}" for sign in piece)
        yield "".join(f"%{ord(sign):02x}" for sign in piece)
        for once in coded(piece):
            yield from dict.fromkeys((once, quote(once, safe=""), once.translate(URLSAFE)))
            yield from (twice for twice in coded(once) if len(twice) > 12)


def coded(text: str) -> Iterator[str]:
    """What stays the same of its base64 wherever it begins and ends."""
    for shift in range(3):
        whole = base64.b64encode(b"x" * shift + text.encode()).decode()
        yield whole[(8 * shift + 5) // 6 : (shift + len(text)) * 8 // 6]


def unpacked(data: bytes) -> Iterator[bytes]:
    """What a reader of it would see: itself, the members of an archive (spreadsheets are some), what was compressed."""
    yield data
    try:
        if data[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for member in archive.infolist():
                    if member.file_size <= LARGEST_FILE:
                        yield archive.read(member)
        elif data[:2] == b"\x1f\x8b":
            yield gzip.GzipFile(fileobj=io.BytesIO(data)).read(LARGEST_FILE)
    except (zipfile.BadZipFile, OSError, EOFError, zlib.error, RuntimeError, NotImplementedError):
        return  # damaged on purpose, or cut


SPELLINGS = tuple(spellings())


@dataclass
class Watch:
    """What was found since it was last asked, in words that do not tell the secret."""

    found: list[str] = field(default_factory=list)
    spellings: tuple[str, ...] = SPELLINGS
    files: dict[str, tuple[int, int]] = field(default_factory=dict)

    def see(self, where: str, text: str) -> None:
        for spelling in self.spellings:
            at = text.find(spelling)
            if at >= 0:
                around = text[max(0, at - 60) : at] + "***" + text[at + len(spelling) : at + len(spelling) + 40]
                for other in self.spellings:
                    around = around.replace(other, "***")
                self.found.append(f"{where}: …{around!r}…")
                return

    def see_bytes(self, where: str, data: bytes) -> None:
        for part in unpacked(data):
            self.see(where, part.decode("utf-8", "replace"))

    def see_valkey(self, url: str) -> None:
        """Every key and value of every database of a Redis-compatible server; nothing when it is gone."""
        import redis

        client: Any = redis.Redis.from_url(url, socket_timeout=5)
        try:
            for number in {int(name[2:]) for name in client.info("keyspace")} | {0}:
                of: Any = redis.Redis.from_url(url, db=number, socket_timeout=5)
                for key in of.scan_iter(count=500):
                    self.see_bytes(f"the queue's key {number}", key + b"\n" + (of.dump(key) or b""))
                    for value in _lies_at(of, key):  # as it lies there: what is dumped is compressed
                        self.see_bytes(f"the queue's key {number}", value)
                of.close()
        except redis.RedisError:
            pass  # stopped, as some tests do
        finally:
            client.close()

    def take(self) -> list[str]:
        taken, self.found = self.found, []
        return taken

    def see_rows(self) -> None:
        """Every text, JSON and binary column of every table that holds a row."""
        from django.db import DatabaseError, connection

        if connection.needs_rollback:
            return  # nothing of it will ever be stored
        try:
            self._see_rows()
        except DatabaseError:  # a test of lost connections may leave one
            connection.close()
            self._see_rows()

    def _see_rows(self) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(_which_hold_rows())
            tables = [name for (name,) in cursor.fetchall()]
            for table in tables:
                key, columns = _tables()[table]
                quoted = ", ".join(f'"{name}"' for name in columns)
                cursor.execute(f'SELECT {quoted} FROM "{table}" ORDER BY "{key}" DESC LIMIT {MOST_ROWS}')
                while rows := cursor.fetchmany(ROWS):
                    self.see(f"a row of {table}", "\n".join(_shown(value) for row in rows for value in row if value))
                if table == "django_session":
                    self._see_sessions()

    def _see_sessions(self) -> None:
        """What they hold is packed and signed in its column."""
        from django.contrib.sessions.models import Session

        for session in Session.objects.order_by("-expire_date")[:ROWS]:
            self.see("a session", _shown(session.get_decoded()))

    def see_cookies(self, where: str, response: Any) -> None:
        """As they are sent, and what is packed in the one that carries messages."""
        from django.contrib.messages.storage.cookie import CookieStorage
        from django.http import HttpRequest

        self.see(where, response.cookies.output())
        packed = response.cookies.get(CookieStorage.cookie_name)
        if packed is not None and packed.value:
            storage: Any = CookieStorage(HttpRequest())
            told = storage._decode(packed.value)
            self.see(where, "\n".join(str(getattr(one, "message", one)) for one in told or ()))

    def see_files(self, folder: Path) -> None:
        """Files that are new or changed since the last look; the database's own are looked at row by row."""
        for place, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(place, name)
                if "sqlite3" in name:
                    continue
                try:
                    state = os.stat(path)
                    mark = (state.st_mtime_ns, state.st_size)
                    if self.files.get(path) == mark or state.st_size > LARGEST_FILE:
                        continue
                    self.files[path] = mark
                    data = Path(path).read_bytes()
                except OSError:  # taken away meanwhile, as messages are
                    continue
                self.see_bytes(f"the file {name}", data)

    def see_mails(self) -> None:
        from django.core import mail

        for message in getattr(mail, "outbox", ()):
            self.see("a mail", message.message().as_string() + message.body)


watch = Watch()


class LogWatch(logging.Handler):
    """Sees every record as it would be written, with its traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        watch.see(f"the log {record.name}", self.format(record))


class PageWatch:
    """Middleware in front of all others: what the site answers, headers and pieces of streams included."""

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        response = self.get_response(request)
        where = f"the page {request.path}"
        watch.see(where, "\n".join(f"{name}: {value}" for name, value in response.items()))
        watch.see_cookies(where, response)
        if response.streaming:
            response.streaming_content = self._pieces(where, response.streaming_content)
        else:
            watch.see_bytes(where, response.content)
        return response

    @staticmethod
    def _pieces(where: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            watch.see(where, bytes(piece).decode("utf-8", "replace"))
            yield piece


def begin() -> None:
    """Plant the word and open the eyes; once, before the first test."""
    from django.conf import settings

    from integrations import errors
    from integrations.simulator.vendor import Simulator

    Simulator.word = WORD
    settings.MIDDLEWARE = [f"{__name__}.{PageWatch.__name__}", *settings.MIDDLEWARE]
    made = errors.VendorError.__init__

    def init(error: errors.VendorError, *given: Any, **named: Any) -> None:
        made(error, *given, **named)
        watch.see(f"the error {type(error).__name__}", f"{error}\n{error!r}\n{error.cure}")

    # Most errors are caught by the test that asked for them; so they are seen where they are made.
    errors.VendorError.__init__ = init  # type: ignore[method-assign, assignment]


def listen() -> None:
    """Hear the root logger, at every level. Settings and tests may have taken the handler away."""
    root = logging.getLogger()
    for other in root.handlers:
        if other.level == logging.NOTSET and not isinstance(other, LogWatch):
            other.setLevel(logging.INFO)  # what is written stays what it is
    if not any(isinstance(handler, LogWatch) for handler in root.handlers):
        handler = LogWatch()
        handler.setFormatter(logging.Formatter("%(name)s %(message)s"))
        root.addHandler(handler)
    root.setLevel(logging.DEBUG)


@cache
def _tables() -> dict[str, tuple[str, list[str]]]:
    """Key and readable columns of every table, by its name."""
    from django.apps import apps

    readable = ("CharField", "TextField", "JSONField", "BinaryField", "SlugField", "GenericIPAddressField")
    found = {}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.proxy or not model._meta.managed:
            continue
        table = model._meta.db_table
        columns = [
            str(f.column)
            for f in model._meta.concrete_fields
            if f.get_internal_type() in readable and (table, f.column) not in SEALED
        ]
        if columns:
            found[table] = (str(model._meta.pk.column), columns)
    return found


@cache
def _which_hold_rows() -> str:
    return " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in _tables())


def _lies_at(client: Any, key: bytes) -> Iterator[bytes]:
    """All that a key of a Redis-compatible server holds, whatever kind it is of."""
    match client.type(key):
        case b"string":
            yield client.get(key) or b""
        case b"list":
            yield from client.lrange(key, 0, -1)
        case b"hash":
            for name, value in client.hgetall(key).items():
                yield name + b"\n" + value
        case b"set":
            yield from client.smembers(key)
        case b"zset":
            yield from client.zrange(key, 0, -1)
        case b"stream":
            for _, fields in client.xrange(key):
                yield b"\n".join(part for pair in fields.items() for part in pair)


def _shown(value: Any) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


# -- what pytest calls


def pytest_configure(config: pytest.Config) -> None:
    begin()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Look while the test's rows, mails and files are still there."""
    listen()
    result = yield
    from django.conf import settings

    if item.get_closest_marker("django_db") or {"db", "transactional_db", "live_server"} & set(
        getattr(item, "fixturenames", ())
    ):
        watch.see_rows()
    watch.see_mails()
    watch.see_files(settings.VAR)
    if "valkey_url" in getattr(item, "funcargs", {}):
        watch.see_valkey(item.funcargs["valkey_url"])  # type: ignore[attr-defined]
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    for name, text in report.sections:
        if name.endswith(report.when):
            watch.see(name.lower(), text)
    if report.failed:
        watch.see("the failure", report.longreprtext)
    found = watch.take()
    if found and not item.get_closest_marker("leaks"):
        report.outcome = "failed"
        report.longrepr = "A planted secret was seen in\n  " + "\n  ".join(dict.fromkeys(found))
    return report


@pytest.fixture
def capsys(capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    """What a test reads of its output is gone from the report; so it is looked at here."""
    read = capsys.readouterr

    def readouterr() -> Any:
        told = read()
        watch.see("captured output", told.out + told.err)
        return told

    capsys.readouterr = readouterr  # type: ignore[method-assign]
    return capsys
