"""How calls are signed. A service's `auth()` makes one of these from the connection's decrypted secrets."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from integrations import errors
from integrations.service import Fetched

if TYPE_CHECKING:
    from integrations.http import Client

CURE = "Check the connection's address and its token path; ask the vendor if it stays."


class Auth(Protocol):
    def headers(self) -> dict[str, str]:
        """Headers that sign one call."""

    def secrets(self) -> list[str]:
        """What must never be seen: `http.Client` blots these out of whatever it quotes."""


class NoAuth(Auth):
    """For calls that need no signature, such as a log-in; `hide` is what must not be quoted all the same."""

    def __init__(self, hide: Iterable[str] = ()) -> None:
        self._hide = [secret for secret in hide if secret]

    def __repr__(self) -> str:
        return "NoAuth(***)"

    def headers(self) -> dict[str, str]:
        return {}

    def secrets(self) -> list[str]:
        return list(self._hide)


class Keys(Auth):
    """Each secret in a header of its own. Raises ValueError for a value no header can hold, without quoting it."""

    def __init__(self, **headers: str) -> None:
        """headers: name with underscores → value, such as x_api_key; an empty value is left out."""
        self._headers = {name.replace("_", "-"): value.strip() for name, value in headers.items() if value.strip()}
        for name, value in self._headers.items():
            if not value.isascii() or any(c.isspace() or not c.isprintable() for c in value):
                raise ValueError(f"The key for {name} holds spaces, line breaks or letters no key has; paste it again.")

    def __repr__(self) -> str:
        return f"Keys({', '.join(self._headers)})"

    def headers(self) -> dict[str, str]:
        return dict(self._headers)

    def secrets(self) -> list[str]:
        return list(self._headers.values())


class Bearer(Auth):
    """`Authorization: Bearer …`. Raises ValueError for a token no header can hold, without quoting it."""

    def __init__(self, token: str) -> None:
        token = token.strip()
        if not token or not token.isascii() or any(c.isspace() or not c.isprintable() for c in token):
            raise ValueError("The token is empty or holds spaces, line breaks or letters no token has; paste it again.")
        self._token = token

    def __repr__(self) -> str:
        return "Bearer(***)"

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def secrets(self) -> list[str]:
        return [self._token]


@dataclass(frozen=True)
class ClientCredentials:
    """OAuth 2.0 client credentials (RFC 6749, 4.4): an id and a secret, form-encoded, buy a token that lives some time.

    `fetch` is what a service's `fetch_secret` returns; `renewal.py` keeps the token, encrypted, for all processes.
    """

    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""

    def fetch(self, client: "Client", path: str) -> Fetched:
        """A fresh token. Raises errors.NeedsAuth where the vendor knows no such id and secret; nothing is quoted."""
        asked = {"grant_type": "client_credentials", "client_id": self.client_id, "client_secret": self.client_secret}
        scope = {"scope": self.scope} if self.scope else {}
        now = datetime.now(UTC)
        try:
            answer = client.post_read(path, asked | scope, form=True, quiet=True)
        except errors.NeedsAuth as refused:
            if refused.cause == "ip" or refused.status == 403:
                raise
            raise self._unknown(refused) from None
        except errors.Refused as refused:
            if refused.said not in ("invalid_client", "unauthorized_client"):
                raise
            raise self._unknown(refused) from None
        return self._read(answer.json(), now)

    def _unknown(self, refused: errors.VendorError) -> errors.NeedsAuth:
        word = refused.said or "invalid_client"
        return errors.NeedsAuth(
            f"The vendor knows no such client id and client secret ({word}), so it gave no token.",
            "Correct the client id and set the client secret again; ask the vendor whether they are still in use.",
            cause="token",
            method=refused.method,
            path=refused.path,
            status=refused.status,
        )

    def _read(self, told: Any, now: datetime) -> Fetched:
        token = told.get("access_token") if isinstance(told, dict) else None
        if not isinstance(token, str) or not token.strip():
            raise errors.BadPayload("The vendor's answer to the request for a token holds no access_token.", CURE)
        kind = str(told.get("token_type", "Bearer"))
        if kind.lower() != "bearer":
            raise errors.BadPayload(f"The vendor gave a token of the kind “{kind[:20]}”, not Bearer.", CURE)
        try:
            life = int(told["expires_in"])
        except (KeyError, TypeError, ValueError):
            return Fetched(token.strip())
        return Fetched(token.strip(), now + timedelta(seconds=life), {"token good for": f"{life // 60} minutes"})
