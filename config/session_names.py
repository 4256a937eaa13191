"""Sessions in the database, each under a digest of its name: whoever reads a copy of it holds nobody's cookie."""

import hashlib
from typing import Any

from django.contrib.sessions.backends import db
from django.utils import timezone


def stored(key: str) -> str:
    """The form a session's name is kept in: 160 bits, as its column takes. The name itself is 165 random bits."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]


class SessionStore(db.SessionStore):
    """Django's own, but for what stands in the column `session_key`."""

    def _get_session_from_db(self) -> Any:
        alive = self.model.objects.filter(expire_date__gt=timezone.now())
        found = alive.filter(session_key=stored(self.session_key)).first() if self.session_key else None
        if found is None:
            self._session_key = None
        return found

    def exists(self, session_key: str) -> bool:
        return super().exists(stored(session_key))

    def create_model_instance(self, data: Any) -> Any:
        row = super().create_model_instance(data)
        row.session_key = stored(row.session_key)
        return row

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            super().delete(stored(key))
