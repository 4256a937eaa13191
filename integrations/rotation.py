"""Every sealed column of the database: moved to the newest key while the hub works, and looked over for what cannot be read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import models, transaction

from config import sealing
from config.models import Authenticator
from config.sealing import VaultError
from integrations.models import Token

BATCH = 100  # rows locked at a time: a page that wants one of them waits that long


@dataclass(frozen=True)
class Sealed:
    """A column, what each of its rows is bound to, and how one is named for people."""

    model: type[models.Model]
    column: str
    bound: Callable[[Any], str]
    name: Callable[[Any], str]
    owner: str  # whose it is, read along for the name
    fingerprint: str = ""  # the column that tells two of them apart

    def rows(self) -> Any:
        """Those that hold something, the oldest first."""
        return self.model._default_manager.exclude(**{self.column: ""}).order_by("pk")


PLACES = (
    Sealed(Token, "ciphertext", lambda row: f"{row.vendor_id}:{row.name}", lambda row: f"“{row.name}” of {row.vendor} (#{row.pk})",
           "vendor", "fingerprint"),
    Sealed(Authenticator, "key", lambda row: f"totp:{row.user_id}", lambda row: f"the authenticator of {row.user} (#{row.pk})", "user"),
)  # fmt: skip


class Unopened(NamedTuple):
    """A row whose secret cannot be opened, and why."""

    place: Sealed
    row: Any
    why: str

    def __str__(self) -> str:
        return f"{self.place.name(self.row)}: {self.why}"


def rotate() -> int:
    """Seal anew, with the newest key, what is not yet; how many were. Interrupted, it goes on where it was.

    A row is locked while it is sealed, so that one replaced at the same moment stays replaced. Raises VaultError in the end when
    some could not be read; all others are done by then.
    """
    done, unread = 0, []
    for place in PLACES:
        for row, why in _rotated(place):
            done += not why
            if why:
                unread.append(f"{place.name(row)}: {why}")
    if unread:
        raise VaultError(f"{done} secrets were re-encrypted; these could not be read: {'; '.join(unread)}")
    return done


def unreadable() -> list[str]:
    """What cannot be opened with the keys there are, by name and with the reason."""
    return [str(found) for found in unopened()]


def unopened() -> Iterator[Unopened]:
    """The same, row by row: read in batches, some microseconds each."""
    for place in PLACES:
        for row in place.rows().select_related(place.owner).iterator(BATCH):
            try:
                sealing.unseal(getattr(row, place.column), bound=place.bound(row))
            except VaultError as error:
                yield Unopened(place, row, str(error))


def _rotated(place: Sealed) -> Iterator[tuple[Any, str]]:
    """Each row that was due, and why it could not be done; batch by batch, each in a transaction of its own."""
    last, rows = 0, place.rows()
    while True:
        with transaction.atomic():
            batch = list(rows.select_for_update().filter(pk__gt=last)[:BATCH])
            met = [(row, _seal_anew(place, row)) for row in batch if sealing.needs_rotation(getattr(row, place.column))]
        yield from met
        if len(batch) < BATCH:
            return
        last = batch[-1].pk


def _seal_anew(place: Sealed, row: Any) -> str:
    """Why it could not be done; empty when it is."""
    bound = place.bound(row)
    try:
        data = sealing.unseal(getattr(row, place.column), bound=bound)
    except VaultError as error:
        return str(error)
    values = {place.column: sealing.seal(data, bound=bound)}
    if place.fingerprint:
        values[place.fingerprint] = sealing.fingerprint(data.decode("utf-8", "surrogatepass"))
    place.model._default_manager.filter(pk=row.pk).update(**values)
    return ""
