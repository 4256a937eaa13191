"""One exchange over one account's connection, which is kept between reads and never lent to a write."""

import ssl
import zlib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import SplitResult

from django.conf import settings

from integrations import errors, network
from integrations.auth import Auth
from integrations.faultpoints import faultpoint
from integrations.http.calls import Call, Repeat, told_of
from integrations.http.decoding import BadCoding, TooLarge, decoded
from integrations.http.failures import GONE_WRONG, again, broken, network_error
from integrations.http.receiving import Receive
from integrations.http.refusals import Judge
from integrations.http.sockets import Deadline, Plain, Secure, context
from integrations.ratelimit import Budget
from integrations.service import Rate

CONNECT = 10.0  # seconds
USER_AGENT = "Crossdock/0.1"


class Wire:
    """The way to one vendor's address; `close()` ends the kept connection."""

    def __init__(
        self,
        base: SplitResult,
        auth: Auth,
        rate: Rate,
        budget: Budget | None,
        clean: Callable[[str], str],
        holds: Callable[[str], bool],
        headers: Mapping[str, str],
        explain: Callable[[Call, bytes], Exception | None],
        before_write: Callable[[Call], None] = lambda call: None,
    ) -> None:
        """before_write: asked once there is a connection, right before a write's first byte; what it raises keeps the write here."""
        self._before_write = before_write
        self.base, self._auth, self._own = base, auth, headers
        self._clean = clean
        self._judge = Judge(base, rate, budget, clean, holds, explain)
        self._host = base.hostname or ""
        self._secure = base.scheme == "https"
        self._port = base.port or (443 if self._secure else 80)
        self._kept: Plain | Secure | None = None

    def close(self) -> None:
        if self._kept:
            self._kept.close()
            self._kept = None

    def exchange(self, call: Call, receive: Receive, hop: int) -> tuple[Any, str | None]:
        deadline = Deadline(call.total)
        keep = False
        connection: Plain | Secure | None = None
        try:
            connection = self._connect(call, deadline)
            faultpoint("request.connected")
            if call.write:
                self._before_write(call)
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
            faultpoint("request.sent")
            response = connection.getresponse()
            faultpoint("answer.begun")
            call.status = response.status
            if 200 <= response.status < 300:
                pieces = deadline.watched(decoded(response, call))
                result = receive(pieces, {name.lower(): value for name, value in response.headers.items()})
                faultpoint("answer.received")
                keep = not call.write
                return result, None
            return None, self._judge.not_ok(call, response, hop)
        except TooLarge:
            raise broken(call, f"is larger than {call.cap >> 20} MB") from None
        except (BadCoding, zlib.error) as error:
            why = "it is packed in an odd way" if call.quiet else self._clean(str(error))
            raise again(call, broken(call, f"is damaged: {why}")) from None
        except errors.VendorError as error:
            if isinstance(error, errors.Wait) and not call.sent and error.cause in ("network", "tls"):
                raise Repeat(told_of(error, call)) from None
            raise told_of(error, call) from None
        except GONE_WRONG as error:
            raise network_error(call, error, deadline.passed) from None
        finally:
            deadline.cancel()
            if connection and not keep:
                connection.close()
                self._kept = None

    def _connect(self, call: Call, deadline: Deadline) -> Plain | Secure:
        if self._kept:
            if self._kept.is_connected and not call.write:
                deadline.watch(self._kept)
                return self._kept
            self.close()  # a write never goes over a line the vendor may just be closing
        allowed = settings.VENDOR_PRIVATE_HOSTS
        addresses = network.resolve_checked(self._host, self._port, allowed)
        timeout = min(CONNECT, call.total)
        connection: Plain | Secure
        if self._secure:
            connection = Secure(
                self._host, self._port, timeout=timeout, ssl_context=context(), cert_reqs=ssl.CERT_REQUIRED
            )
        else:
            connection = Plain(self._host, self._port, timeout=timeout)
        connection.addresses = addresses
        deadline.watch(connection)
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        self._kept = connection
        return connection

    def _headers(self, call: Call) -> dict[str, str]:
        return {
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "User-Agent": USER_AGENT,
            **self._own,
            **call.headers,
            **self._auth.headers(),
        }
