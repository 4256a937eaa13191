"""How calls are signed. A service's `auth()` makes one of these from the connection's decrypted secrets."""

from collections.abc import Iterable
from typing import Protocol


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
