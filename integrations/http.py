"""The one way out: every call to a vendor goes through `Client`, with its limits, its budget, its log and its silence.

Reads are repeated for seconds, writes never. What fails is one of `errors`' five kinds, with cause and cure.
"""

import base64
import io
import json
import os
import random
import re
import socket
import ssl
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from pathlib import Path
from threading import Timer
from typing import IO, Any
from urllib.parse import quote, quote_plus, urlencode, urljoin, urlsplit

import urllib3
from django.conf import settings
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from integrations import errors, network
from integrations.auth import Auth
from integrations.ratelimit import Budget
from integrations.service import Account, Rate

TRIES = 4
FIRST_PAUSE = 0.5  # seconds; doubled with every try, then a random part of it
CONNECT = 10.0  # seconds
IN_PROCESS = 60.0  # seconds: a vendor who asks for more gets a parked run, not a sleeping worker
LONGEST_WAIT = 900.0  # seconds: the most we take a vendor's word for
MARGIN = 2.0  # seconds beyond a vendor's block, for clocks and the way
PIECE = 64 << 10
ERROR_BODY = 16 << 10
USER_AGENT = "Crossdock/0.1"
GONE_WRONG = (HTTPError, HTTPException, OSError, ssl.SSLError)

Params = Mapping[str, Any]  # text, or a list of texts for a name that is repeated; None is left out


SECRET_FIELD = re.compile(
    r"""("?\w*(?:password|passwd|token|secret|authorization|api_?key)"?\s*[:=]\s*)("(?:[^"\\]|\\.)*"?|[^\s,}&]+)""",
    re.IGNORECASE,
)
JWT = re.compile(r"eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?")


def clean(text: str, secrets: Sequence[str] = ()) -> str:
    """Text fit to be quoted: secrets blotted out in every spelling, no control characters, at most 300 characters."""
    spellings = {spelling for secret in secrets for spelling in _spellings(secret)}
    for spelling in sorted(spellings, key=len, reverse=True):
        text = text.replace(spelling, "***")
    text = JWT.sub("***", SECRET_FIELD.sub(r"\1***", text))
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:300]


def _spellings(secret: str) -> set[str]:
    raw = secret.encode("utf-8", "surrogatepass")
    coded = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
    escaped = json.dumps(secret)[1:-1]
    return (
        {
            secret,
            quote(secret, safe=""),
            quote(secret),
            quote_plus(secret),
            escaped,
            *coded,
            *(text.rstrip("=") for text in coded),
        }
        if secret
        else set()
    )


@dataclass(frozen=True)
class CallRecord:
    """One attempt as the call log keeps it: names of query parameters, never their values."""

    method: str
    path: str
    query_names: str
    status: int | None
    ms: int
    waited_ms: int
    bytes: int
    attempt: int
    error_kind: str = ""
    error: str = ""


@dataclass(frozen=True)
class Answer:
    """A 2xx answer, decoded. A write's answer that cannot be read means that we do not know what happened."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    method: str = "GET"
    path: str = ""
    wrote: bool = False
    redact: Callable[[str], str] = field(default=clean, repr=False)

    def json(self) -> Any:
        """The body as JSON, fractions as Decimal. Judged by content, whatever the header says.

        Raises errors.BadPayload saying what came instead; errors.Unknown when it answers a write.
        """
        try:
            return read_json(self.body)
        except ValueError as error:
            kind = errors.Unknown if self.wrote else errors.BadPayload
            raise kind(
                f"The vendor's answer is not usable: {error}.",
                "Look at the vendor's side before it is done again: it may have happened."
                if self.wrote
                else "It is usually their maintenance and passes. If it stays, check the address and its path.",
                cause="vendor",
                method=self.method,
                path=self.path,
                status=self.status,
                said=self.redact(self.body[:ERROR_BODY].decode("utf-8", "replace")),
            ) from None


def read_json(body: bytes) -> Any:
    """JSON with Decimal for fractions; a byte-order mark is dropped. Raises ValueError in an operator's words."""
    if wrong := not_json(body[:PIECE]):
        raise ValueError(wrong)
    if body.startswith(b"\xef\xbb\xbf"):
        body = body[3:]
    try:
        value = json.loads(body.decode("utf-8"), parse_float=Decimal, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 from byte {error.start} on") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON from character {error.pos} on ({error.msg})") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if re.search(rb"\\u[dD][89a-fA-F]", body):
        try:
            json.dumps(value, ensure_ascii=False, default=str).encode()
        except UnicodeEncodeError:
            raise ValueError("it holds half a character (a lone surrogate)") from None
    return value


def not_json(head: bytes) -> str:
    """What the beginning of a body shows it to be when it cannot be JSON; empty when it may be."""
    if not head.removeprefix(b"\xef\xbb\xbf").strip():
        return "it is empty"
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in head[:4]:
        return "it is UTF-16 or UTF-32 text, not UTF-8"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
        return "it is a web page (HTML or XML) where JSON was expected"
    return ""


class _Repeat(Exception):
    """An attempt failed in a way that may pass. `error` is raised when no try is left; `after` is what was asked."""

    def __init__(self, error: errors.VendorError, after: float | None = None) -> None:
        super().__init__(str(error))
        self.error, self.after = error, after


class _TooLarge(Exception):
    pass


class _BadCoding(Exception):
    pass


@dataclass
class _Call:
    """One exchange to be made, and how far it may go."""

    method: str
    path: str  # with the base path, without the query
    query: str
    names: str
    body: bytes | None
    headers: dict[str, str]
    total: float
    read: float
    cap: int
    write: bool = False
    quiet: bool = False
    sent: bool = False
    status: int | None = None
    bytes: int = 0

    @property
    def target(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path

    def about(self) -> dict[str, Any]:
        return {"method": self.method, "path": self.path, "status": self.status}


class Client:
    """Calls to one account. Not for several threads at once; `close()` when done, or let it go.

    log: told of every attempt. before_call: told how many seconds the next step may take at most, so that a lease
    can be made to last. service_rate: what the vendor allows, to tell its refusals apart.
    """

    def __init__(
        self,
        account: Account,
        auth: Auth,
        *,
        budget: Budget | None = None,
        log: Callable[[CallRecord], None] | None = None,
        before_call: Callable[[float], None] | None = None,
        interactive: bool = False,
        service_rate: Rate | None = None,
    ) -> None:
        self.account, self._auth, self.budget = account, auth, budget
        self.log, self.before_call, self.interactive = log, before_call, interactive
        self.rate = service_rate or (budget.rate if budget else Rate(1))
        self.waited = 0.0  # seconds, for the budget and between tries
        self._base = network.check_url(account.base_url)
        self._host = self._base.hostname or ""
        self._secure = self._base.scheme == "https"
        self._port = self._base.port or (443 if self._secure else 80)
        self._kept: _Plain | _Secure | None = None

    def __repr__(self) -> str:
        return f"Client({self.account.slug})"

    def get(
        self, path: str, params: Params | None = None, *, total: float = 60.0, read: float = 30.0, cap: int = 64 << 20
    ) -> Answer:
        """A read, repeated while that may help. total and read in seconds; cap in bytes, on the wire and decoded."""
        return self._whole(self._call("GET", path, params, None, total, read, cap))

    def post_read(
        self,
        path: str,
        body: Any,
        *,
        params: Params | None = None,
        total: float = 60.0,
        read: float = 30.0,
        cap: int = 64 << 20,
        quiet: bool = False,
    ) -> Answer:
        """A POST that only reads, so repeated like a read. body: bytes, or what JSON can hold.

        quiet: the answer may echo a secret and is never quoted.
        """
        call = self._call("POST", path, params, body, total, read, cap)
        call.quiet = quiet
        return self._whole(call)

    def write(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Params | None = None,
        total: float = 60.0,
        read: float = 30.0,
        cap: int = 64 << 20,
        quiet: bool = False,
    ) -> Answer:
        """A call that changes something: made once. Raises errors.Unknown when its answer was lost or is a 5xx."""
        call = self._call(method.upper(), path, params, body, total, read, cap)
        call.write, call.quiet = True, quiet
        return self._whole(call)

    def spool(
        self,
        path: str,
        params: Params | None = None,
        *,
        folder: Path,
        total: float = 900.0,
        read: float = 900.0,
        cap: int = 1 << 30,
    ) -> Path:
        """Read a large answer into a new file below `folder`, decoded and without a byte-order mark.

        The file is there only when it is complete; the caller removes it.
        """
        call = self._call("GET", path, params, None, total, read, cap)
        folder.mkdir(parents=True, exist_ok=True)

        def receive(pieces: Iterator[bytes], headers: Mapping[str, str]) -> Path:
            handle, name = tempfile.mkstemp(prefix=f"{self.account.slug}-", suffix=".part", dir=folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    _pour(pieces, file)
                with open(name, "rb") as file:
                    head = file.read(PIECE)
                if wrong := not_json(head):
                    raise _Repeat(self._unusable(call, wrong, head))
                complete = name.removesuffix(".part")
                os.replace(name, complete)
            except BaseException:
                with suppress(FileNotFoundError):
                    os.unlink(name)
                raise
            return Path(complete)

        result: Path = self._made(call, receive)
        return result

    def close(self) -> None:
        if self._kept:
            self._kept.close()
            self._kept = None

    # -- one call, with its repetitions

    def _call(
        self, method: str, path: str, params: Params | None, body: Any, total: float, read: float, cap: int
    ) -> _Call:
        parts = re.split(r"[/\\]|%2f|%5c", path, flags=re.IGNORECASE)
        odd = any(c.isspace() or not c.isprintable() for c in path)
        if "://" in path or path.startswith("//") or odd or "?" in path or "#" in path or "\\" in path:
            raise self._bad_path("is not a path below the connection's address")
        if any(part.lower().replace("%2e", ".") in (".", "..") for part in parts):
            raise self._bad_path("climbs out of the connection's address")
        whole = self._base.path.rstrip("/") + ("/" + path.lstrip("/") if path.strip("/") else "")
        pairs = [
            (name, str(value))
            for name, values in (params or {}).items()
            for value in (values if isinstance(values, list | tuple | set) else [values])
            if value is not None
        ]
        headers: dict[str, str] = {}
        data: bytes | None = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
            headers["Content-Type"] = "application/json"
        names = ",".join(dict.fromkeys(name for name, _ in pairs))
        quoted = quote(whole or "/", safe="/%:@!$&'()*+,;=~-._")
        return _Call(method, quoted, urlencode(pairs), names, data, headers, total, min(read, total), cap)

    def _bad_path(self, what: str) -> errors.Refused:
        return errors.Refused(
            f"A path of this connection {what}. Nothing was sent.",
            "Correct the path among the connection's options: letters, digits and slashes, without host and query.",
            cause="url",
        )

    def _whole(self, call: _Call) -> Answer:
        def receive(pieces: Iterator[bytes], headers: Mapping[str, str]) -> Answer:
            held = io.BytesIO()
            for piece in pieces:
                held.write(piece)
            return Answer(
                call.status or 0,
                headers,
                held.getvalue(),
                call.method,
                call.path,
                call.write,
                (lambda text: "") if call.quiet else self._clean,
            )

        answer: Answer = self._made(call, receive)
        return answer

    def _made(self, call: _Call, receive: Callable[[Iterator[bytes], Mapping[str, str]], Any]) -> Any:
        tries = 1 if call.write else TRIES
        for attempt in range(1, tries + 1):
            try:
                return self._attempt(call, receive, attempt)
            except _Repeat as failed:
                if attempt == tries or (failed.after or 0) > IN_PROCESS:
                    raise failed.error from None
                pause = random.uniform(0, FIRST_PAUSE * 2 ** (attempt - 1))
                self._sleep(pause if failed.after is None else failed.after + pause)
        raise AssertionError("unreachable: the last try returns or raises")

    def _sleep(self, seconds: float) -> None:
        if self.before_call:
            self.before_call(seconds)
        time.sleep(seconds)
        self.waited += seconds

    def _attempt(self, call: _Call, receive: Callable[[Iterator[bytes], Mapping[str, str]], Any], attempt: int) -> Any:
        """One try, and one hop more where a read is sent on within the same host."""
        for hop in range(2):
            if self.budget:
                self.budget.set_lease(call.total)
                slot: Any = self.budget.slot(interactive=self.interactive, waiting=self.before_call)
            else:
                slot = nullcontext(0.0)
            with slot as waited:
                self.waited += waited
                if self.before_call:
                    self.before_call(call.total)
                call.status, call.bytes, call.sent = None, 0, False
                began = time.monotonic()
                failed: errors.VendorError | None = None
                try:
                    result, onward = self._exchange(call, receive, hop)
                except errors.VendorError as error:
                    failed = error
                    raise
                except _Repeat as error:
                    failed = error.error
                    raise
                finally:
                    self._record(call, began, waited, attempt, failed)
            if onward is None:
                return result
            call.path, _, call.query = onward.partition("?")
        raise AssertionError("unreachable: a second redirect is refused")

    def _record(
        self, call: _Call, began: float, waited: float, attempt: int, failed: errors.VendorError | None
    ) -> None:
        if self.log:
            self.log(
                CallRecord(
                    method=call.method,
                    path=call.path[:500],
                    query_names=call.names[:300],
                    status=call.status,
                    ms=round((time.monotonic() - began) * 1000),
                    waited_ms=round(waited * 1000),
                    bytes=call.bytes,
                    attempt=attempt,
                    error_kind=failed.kind if failed else "",
                    error=f"{failed.message} {failed.said}".strip()[:500] if failed else "",
                )
            )

    # -- one exchange

    def _exchange(
        self, call: _Call, receive: Callable[[Iterator[bytes], Mapping[str, str]], Any], hop: int
    ) -> tuple[Any, str | None]:
        deadline = _Deadline(call.total)
        keep = False
        connection: _Plain | _Secure | None = None
        try:
            connection = self._connect(call, deadline)
            if deadline.passed:  # while the name was looked up, when there was no line to cut
                raise TimeoutError
            connection.settimeout(call.read)
            call.sent = True
            connection.request(
                call.method,
                call.target,
                body=call.body,
                headers=self._headers(call),
                preload_content=False,
                decode_content=False,
            )
            response = connection.getresponse()
            call.status = response.status
            if 200 <= response.status < 300:
                pieces = deadline.watched(_decoded(response, call))
                result = receive(pieces, {name.lower(): value for name, value in response.headers.items()})
                keep = not call.write
                return result, None
            return None, self._not_ok(call, response, hop)
        except _TooLarge:
            raise self._broken(call, f"is larger than {call.cap >> 20} MB") from None
        except (_BadCoding, zlib.error) as error:
            raise self._again(call, self._broken(call, f"is damaged: {error}")) from None
        except errors.VendorError as error:
            if isinstance(error, errors.Wait) and not call.sent and error.cause in ("network", "tls"):
                raise _Repeat(_with(error, call)) from None
            raise _with(error, call) from None
        except GONE_WRONG as error:
            raise self._network_error(call, error, deadline.passed) from None
        finally:
            deadline.cancel()
            if connection and not keep:
                connection.close()
                self._kept = None

    def _connect(self, call: _Call, deadline: "_Deadline") -> "_Plain | _Secure":
        if self._kept:
            if self._kept.is_connected and not call.write:
                deadline.watch(self._kept)
                return self._kept
            self.close()  # a write never goes over a line the vendor may just be closing
        allowed = settings.VENDOR_PRIVATE_HOSTS
        addresses = network.resolve_checked(self._host, self._port, allowed)
        timeout = min(CONNECT, call.total)
        connection: _Plain | _Secure
        if self._secure:
            connection = _Secure(
                self._host, self._port, timeout=timeout, ssl_context=_context(), cert_reqs=ssl.CERT_REQUIRED
            )
        else:
            connection = _Plain(self._host, self._port, timeout=timeout)
        connection.addresses = addresses
        deadline.watch(connection)
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        self._kept = connection
        return connection

    def _headers(self, call: _Call) -> dict[str, str]:
        return {
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "User-Agent": USER_AGENT,
            **call.headers,
            **self._auth.headers(),
        }

    # -- what went wrong

    def _network_error(self, call: _Call, error: Exception, late: bool) -> Exception:
        cause, what = "network", "the connection broke off"
        for inner in _chain(error):
            if isinstance(inner, ssl.SSLCertVerificationError):
                refused = errors.Refused(
                    f"The vendor's certificate is not accepted: {inner.verify_message}.",
                    "Check the address. A certificate of your own authority goes into HUB_HTTP_CA.",
                    cause="tls",
                    **call.about(),
                )
                return refused
            if isinstance(inner, ssl.SSLError):
                cause, what = "tls", f"no encrypted connection came about ({inner.reason or 'broken off'})"
            elif isinstance(inner, ConnectionRefusedError):
                what = "the connection was refused"
        if late or any(isinstance(e, TimeoutError | urllib3.exceptions.TimeoutError) for e in _chain(error)):
            cause, what = "network", f"there was no whole answer in time ({call.total:.0f} s in all at most)"
        return self._lost(call, what, cause)

    def _lost(self, call: _Call, what: str, cause: str) -> Exception:
        if call.sent and call.write:
            return errors.Unknown(
                f"The answer was lost: {what}. It may or may not have been done.",
                "Look it up on the vendor's side before it is done again.",
                cause=cause,
                **call.about(),
            )
        cure = "It is tried again by itself. If it stays, check the address and whether the vendor is up."
        if call.status and 200 <= call.status < 300 and cause == "network":
            message = f"The answer is incomplete: {what}."
            return _Repeat(errors.BadPayload(message, cure, cause=cause, **call.about()))
        return _Repeat(errors.Wait(f"The vendor could not be reached: {what}.", cure, cause=cause, **call.about()))

    def _broken(self, call: _Call, what: str) -> errors.VendorError:
        if call.write:
            return errors.Unknown(
                f"The answer to a write {what}. It may or may not have been done.",
                "Look it up on the vendor's side before it is done again.",
                **call.about(),
            )
        return errors.BadPayload(
            f"The vendor's answer {what}. Nothing of it was used.",
            "If it stays, tell the vendor, or ask for less at a time.",
            **call.about(),
        )

    def _again(self, call: _Call, error: errors.VendorError) -> Exception:
        return error if call.write else _Repeat(error)

    def _unusable(self, call: _Call, wrong: str, head: bytes) -> errors.BadPayload:
        return errors.BadPayload(
            f"The vendor's answer is not usable: {wrong}.",
            "It is usually their maintenance and passes. If it stays, check the address and its path.",
            said=self._clean(head[:ERROR_BODY].decode("utf-8", "replace")),
            **call.about(),
        )

    def _not_ok(self, call: _Call, response: urllib3.BaseHTTPResponse, hop: int) -> str:
        """The target to go on with, after a redirect that may be followed; every other status raises."""
        status = response.status
        if 300 <= status < 400:
            return self._redirected(call, response.headers.get("Location", ""), hop)
        said = self._said(call, response)
        about: dict[str, Any] = {**call.about(), "said": said}
        if status in (401, 403):
            raise self._forbidden(call, said)
        if status == 429:
            raise self._too_many(call, response.headers.get("Retry-After"), said)
        if status >= 500 or status == 408 or status < 200:
            if call.write:
                raise errors.Unknown(
                    "The vendor failed while it worked on this. It may or may not have been done.",
                    "Look it up on the vendor's side before it is done again.",
                    **about,
                )
            after = retry_after(response.headers.get("Retry-After"))
            raise _Repeat(
                errors.Wait(
                    "The vendor has trouble of its own.",
                    "It is tried again by itself; ask the vendor if it stays.",
                    until=_in(after) if after else None,
                    **about,
                ),
                after,
            )
        if status in (404, 405):
            raise errors.Refused(
                "The vendor has nothing at this address.",
                "Check the connection's address and its path prefix, and that the number asked for exists.",
                cause="url",
                **about,
            )
        raise errors.Refused("The vendor refused this.", "Correct what the vendor names, then do it again.", **about)

    def _redirected(self, call: _Call, location: str, hop: int) -> str:
        there = urlsplit(urljoin(f"{self._base.scheme}://{self._base.netloc}{call.target}", location))
        try:
            port = there.port or (443 if there.scheme == "https" else 80)
        except ValueError:
            port = 0
        same = (there.scheme, there.hostname, port) == (self._base.scheme, self._host, self._port)
        known = call.status in (301, 302, 307, 308)
        if same and known and location and call.method == "GET" and not call.write and hop == 0:
            target = quote(there.path or "/", safe="/%:@!$&'()*+,;=~-._")
            return f"{target}?{there.query}" if there.query else target
        host = "".join(c for c in (there.hostname or "nowhere")[:100] if c.isprintable())
        raise errors.Refused(
            f"The vendor sends this call on to {self._clean(host)}; it was not followed.",
            "Check the connection's address: it is probably an old one, or the one of a web page.",
            cause="url",
            **call.about(),
        )

    def _forbidden(self, call: _Call, said: str) -> errors.VendorError:
        about: dict[str, Any] = {**call.about(), "said": said}
        by_ip = bool(re.search(r"\bips?\b|\bip[ -]?address|white-?list|allow-?list", said, re.IGNORECASE))
        if call.status == 403 and self.budget and self.rate.block and not by_ip and self.budget.recently_full():
            seconds = self.rate.block + MARGIN
            self.budget.close(seconds)
            return errors.Wait(
                f"The vendor refused us just when its call budget was spent; we stay away for {seconds:.0f} s.",
                "Nothing to do. If it comes again and again, another program is using the same token.",
                cause="rate",
                until=_in(seconds),
                **about,
            )
        ours = ", ".join(network.egress_addresses(self._host)) or "unknown"
        if by_ip:
            return errors.NeedsAuth(
                "The vendor does not accept our address.",
                f"Ask the vendor to allow this hub's outgoing address: {ours}.",
                cause="ip",
                **about,
            )
        if call.status == 403:
            return errors.NeedsAuth(
                "The vendor refused us though our call budget was not spent: the token or our IP is not accepted.",
                f"Set a new token; if it is right, ask the vendor to allow this hub's outgoing address: {ours}.",
                cause="token",
                **about,
            )
        return errors.NeedsAuth("The vendor does not accept the token.", "Set a new token.", cause="token", **about)

    def _too_many(self, call: _Call, header: str | None, said: str) -> Exception:
        after = retry_after(header)
        error = errors.Wait(
            "The vendor says we ask too often.",
            "Nothing to do: the hub goes on by itself.",
            cause="rate",
            until=_in(after) if after else None,
            said=said,
            **call.about(),
        )
        if after and self.budget:
            self.budget.close(after)
        return _Repeat(error, after)

    def _said(self, call: _Call, response: urllib3.BaseHTTPResponse) -> str:
        """The beginning of an error's text, for people; a body that cannot be read is not worth a second error."""
        if call.quiet:
            return ""
        got = bytearray()
        try:
            for piece in _decoded(response, call):
                got += piece
                if len(got) >= ERROR_BODY:
                    break
        except (_TooLarge, _BadCoding, zlib.error, *GONE_WRONG):
            pass  # what came so far is quoted
        return self._clean(bytes(got[:ERROR_BODY]).decode("utf-8", "replace"))

    def _clean(self, text: str) -> str:
        return clean(text, self._auth.secrets())


def retry_after(header: str | None) -> float | None:
    """Seconds a vendor asks us to wait, from seconds or an HTTP date, at most 15 minutes; None when it asks nothing."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            moment = parsedate_to_datetime(header)
        except ValueError:
            return None
        seconds = ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()
    return min(seconds, LONGEST_WAIT) if seconds > 0 else None


def _in(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def _with(error: errors.VendorError, call: _Call) -> errors.VendorError:
    error.method, error.path = error.method or call.method, error.path or call.path
    return error


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        inner = next((a for a in error.args if isinstance(a, BaseException)), None)
        error = inner or error.__cause__ or error.__context__


def _no_constant(name: str) -> Any:
    raise ValueError(f"it holds {name}, which is no number")


def _pour(pieces: Iterator[bytes], file: IO[bytes]) -> None:
    head = b""
    for piece in pieces:
        if len(head) < 3:
            head += piece
            if len(head) < 3:
                continue
            piece = head.removeprefix(b"\xef\xbb\xbf")
        file.write(piece)
    if len(head) < 3:
        file.write(head)


# -- the wire


class _Line:
    """A connection to an address that was checked; `guard` lets another thread cut it, encrypted or not."""

    addresses: Sequence[tuple[socket.AddressFamily, tuple[str | int, ...]]] = ()
    guard: socket.socket | None = None
    timeout: Any
    sock: Any

    def _new_conn(self) -> socket.socket:
        last: OSError = OSError("no address")
        for family, place in self.addresses:
            line = socket.socket(family, socket.SOCK_STREAM)
            try:
                line.settimeout(self.timeout)
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                line.connect(place)
                self.guard = line.dup()
                return line
            except OSError as error:
                line.close()
                last = error
        raise last

    def settimeout(self, seconds: float) -> None:
        self.sock.settimeout(seconds)

    def cut(self) -> None:
        guard = self.guard
        if guard:
            with suppress(OSError):
                guard.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        super().close()  # type: ignore[misc]
        guard, self.guard = self.guard, None
        if guard:
            guard.close()


class _Plain(_Line, HTTPConnection):
    pass


class _Secure(_Line, HTTPSConnection):
    pass


class _Deadline:
    """Cuts the line when the whole exchange has lasted too long, however lively it drips."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._line: _Line | None = None
        self._timer = Timer(seconds, self._strike)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, line: _Line) -> None:
        self._line = line

    def watched(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """The pieces; a body that only ends because the line was cut raises TimeoutError."""
        yield from pieces
        if self.passed:
            raise TimeoutError

    def cancel(self) -> None:
        self._timer.cancel()

    def _strike(self) -> None:
        self.passed = True
        if self._line:
            self._line.cut()


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.HUB_HTTP_CA:
        context.load_verify_locations(cafile=settings.HUB_HTTP_CA)
    return context


def _decoded(response: urllib3.BaseHTTPResponse, call: _Call) -> Iterator[bytes]:
    """The body in pieces of at most 64 KB, unpacked. Raises _TooLarge, _BadCoding."""
    coding = response.headers.get("Content-Encoding", "").strip().lower()
    declared = response.headers.get("Content-Length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > call.cap:
        raise _TooLarge
    if coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise _BadCoding(f"it is packed as “{clean(coding)[:40]}”, which we did not ask for")
    unpack = _Unpack(coding) if coding not in ("", "identity") else None
    size = 0
    for wire in response.stream(PIECE, decode_content=False):
        call.bytes += len(wire)
        if call.bytes > call.cap:
            raise _TooLarge
        for piece in unpack.feed(wire) if unpack else (wire,):
            size += len(piece)
            if size > call.cap:
                raise _TooLarge
            yield piece
    if unpack and call.bytes and not unpack.ended:
        raise _BadCoding("its packed data ends too early")


class _Unpack:
    """gzip (also several in a row) and deflate (with or without its zlib header), never more than 64 KB at a time."""

    def __init__(self, coding: str) -> None:
        self._gzip = coding != "deflate"
        self._machine: Any = None
        self.ended = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self.ended:
                if not self._gzip or not data.lstrip(b"\0"):
                    return  # padding
                self._machine = None
            if self._machine is None:
                self._machine = zlib.decompressobj(self._window(data[0]))
                self.ended = False
            piece = self._machine.decompress(data, PIECE)
            if piece:
                yield piece
            self.ended = self._machine.eof
            data = self._machine.unused_data if self.ended else self._machine.unconsumed_tail
            if not data and not self.ended and len(piece) == PIECE:  # more may lie inside the machine
                while piece := self._machine.decompress(b"", PIECE):
                    yield piece
                self.ended = self._machine.eof

    def _window(self, first: int) -> int:
        if self._gzip:
            return 31
        return 15 if first & 0x0F == 8 else -15
