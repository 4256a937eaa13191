"""`Client`: one account's calls, with its limits, its budget, its log and its silence.

Reads are repeated for seconds, writes never. What fails is one of `errors`' five kinds, with cause and cure.
"""

import random
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus, urlencode

from integrations import errors, network
from integrations.auth import Auth
from integrations.faultpoints import faultpoint
from integrations.http.answers import Answer
from integrations.http.calls import Call, CallRecord, Params, Repeat, prepared, refuse, told_of
from integrations.http.failures import broken
from integrations.http.receiving import Receive, spooled, whole
from integrations.http.redaction import blotted, clean, holds
from integrations.http.repeated import Repeated
from integrations.http.wire import Wire
from integrations.ratelimit import Budget
from integrations.service import Account, Rate

TRIES = 4
FIRST_PAUSE = 0.5  # seconds; doubled with every try, then a random part of it
Explain = Callable[[int, bytes, bool], Exception | None]  # (status, body, whether it answers a write)
IN_PROCESS = (
    60.0  # seconds: a vendor who asks for more, or took more, is tried again by the schedule, not by a held worker
)


class Client:
    """Calls to one account. Not for several threads at once; `close()` when done, or let it go.

    log: told of every attempt. before_call: told how many seconds the next step may take at most, so that a lease can be made to
    last; of a write also right before its first byte. service_rate: what the vendor allows, to tell its refusals apart.
    headers: go with every call.
    hide: secrets that must not be quoted, beside those it signs with. never: paths that are not called.
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
        headers: Mapping[str, str] | None = None,
        hide: Iterable[str] = (),
        explain: Explain | None = None,
        never: Iterable[str] = (),
    ) -> None:
        self.account, self._auth, self.budget = account, auth, budget
        self.log, self.before_call, self.interactive = log, before_call, interactive
        self.rate = service_rate or (budget.rate if budget else Rate(1))
        self.tries = TRIES  # of a read
        self.longest: float | None = None  # seconds one call may take, where a person waits
        self.waited = 0.0  # seconds, for the budget and between tries
        self._explain = explain
        self.answered = 0  # calls that brought an answer
        self._written: Call | None = None  # the last write
        self.heard: list[tuple[str, bytes]] | None = None  # where a list is given: what was asked, and the answers
        self._hide = [secret for secret in hide if secret]
        self.repeated = Repeated(self.hidden)  # which of them the vendor says back to us
        self._headers = headers or {}
        self._never = tuple(never)
        self._wire = Wire(
            network.check_url(account.base_url), auth, self.rate, budget, self.quotable, self._holds, self._headers, self._explained,
            self._before_write,
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"Client({self.account.slug})"

    def signed(self, auth: Auth) -> "Client":
        """The same account's calls signed in another way, with the same limits and log; both hide what either must hide."""
        other = Client(
            self.account,
            auth,
            budget=self.budget,
            log=self.log,
            before_call=self.before_call,
            interactive=self.interactive,
            service_rate=self.rate,
            headers=self._headers,
            hide=self.hidden(),
            explain=self._explain,
            never=self._never,
        )
        other.tries, other.longest = self.tries, self.longest
        return other

    def explain_with(self, explain: Explain) -> None:
        """Ask this first what an answer means: some vendors say it in the body, whatever the status."""
        self._explain = explain

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
        form: bool = False,
    ) -> Answer:
        """A POST that only reads, so repeated like a read. body: bytes, or what JSON can hold; form: sent as a form's fields.

        quiet: the answer may echo a secret and is never quoted, but for OAuth's own words for what is wrong.
        """
        sent = urlencode(body).encode() if form else body
        call = self._call("POST", path, params, sent, total, read, cap)
        if form:
            call.headers["Content-Type"] = "application/x-www-form-urlencoded"
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
        self._written = call
        return self._whole(call)

    def came_of_it(self) -> Answer | None:
        """The answer to the last write, where something else than the vendor failed after it had left. None: it never left.

        Raises what the write failed with, and errors.Unknown when it left and no answer was heard.
        """
        call = self._written
        if call is None or not call.sent:
            return None
        if call.failed is not None:
            raise call.failed
        if call.answer is None:
            raise broken(call, "was not heard: the hub itself was interrupted")
        answer: Answer = call.answer
        return answer

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
        result: Path = self._made(call, spooled(call, self.account.slug, folder, self.quotable, self.repeated))
        return result

    def close(self) -> None:
        self._wire.close()

    def _before_write(self, call: Call) -> None:
        """Whoever may not write any more finds out here: a name, a line and TLS take their time, and a process may be paused."""
        if self.before_call:
            self.before_call(call.total)

    def _explained(self, call: Call, body: bytes) -> Exception | None:
        """What the vendor's own words mean; quoted without secrets, and not at all where the answer may echo one."""
        meant = self._explain(call.status or 0, body, call.write) if self._explain else None
        error = meant.error if isinstance(meant, Repeat) else meant
        if isinstance(error, errors.VendorError):
            error.quote((lambda said: "") if call.quiet else self.quotable)
            told_of(error, call).status = call.status
        return meant

    # -- one call, with its repetitions

    def _call(
        self, method: str, path: str, params: Params | None, body: Any, total: float, read: float, cap: int
    ) -> Call:
        total = min(total, self.longest or total)
        refuse(path, self._never)
        return prepared(self._wire.base.path, method, path, params, body, total=total, read=read, cap=cap)

    def _whole(self, call: Call) -> Answer:
        answer: Answer = self._made(call, whole(call, self.quotable, self.repeated))
        if self.heard is not None and not call.quiet:
            asked = f"{call.method} {unquote_plus(call.target)}"
            self.heard.append((blotted(asked, self.hidden()), answer.body))
        return answer

    def hidden(self) -> list[str]:
        """Secrets that must not be seen, for whoever shows an answer."""
        return [*self._auth.secrets(), *self._hide]

    def quotable(self, text: str) -> str:
        """A vendor's words fit to be shown: without this account's secrets, without control characters, and not long."""
        return clean(text, self.hidden())

    def _holds(self, text: str) -> bool:
        return holds(text, self.hidden())

    def _made(self, call: Call, receive: Receive) -> Any:
        tries = 1 if call.write else self.tries
        for attempt in range(1, tries + 1):
            try:
                return self._attempt(call, receive, attempt)
            except Repeat as failed:
                if attempt == tries or (failed.after or 0) > IN_PROCESS or call.lasted >= IN_PROCESS:
                    raise failed.error from None
                pause = random.uniform(0, FIRST_PAUSE * 2 ** (attempt - 1))
                self._sleep(pause if failed.after is None else failed.after + pause)
        raise AssertionError("unreachable: the last try returns or raises")

    def _sleep(self, seconds: float) -> None:
        if self.before_call:
            self.before_call(seconds)
        time.sleep(seconds)
        self.waited += seconds

    def _attempt(self, call: Call, receive: Receive, attempt: int) -> Any:
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
                    result, onward = self._wire.exchange(call, receive, hop)
                    call.answer = result if call.write and onward is None else None
                    meant = self._explained(call, result.body) if isinstance(result, Answer) else None
                    if meant is not None:
                        raise meant
                except errors.VendorError as error:
                    failed = call.failed = error
                    raise
                except Repeat as error:
                    failed = call.failed = error.error
                    raise
                finally:
                    call.lasted += time.monotonic() - began
                    self._record(call, began, waited, attempt, failed)
                    faultpoint("call.logged")
            if onward is None:
                self.answered += 1
                return result
            call.path, _, call.query = onward.partition("?")
        raise AssertionError("unreachable: a second redirect is refused")

    def _record(self, call: Call, began: float, waited: float, attempt: int, failed: errors.VendorError | None) -> None:
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
