"""The filter that decides before any write: which raw slices are new or changed since they were last mirrored.

Digest of a slice: BLAKE2b-128 as 32 hex digits, in a narrow table. An unchanged row costs one hash and one look-up, and no write.
Digests stay text on their way: making a UUID of each takes longer than the look-up.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

from django.db import connection

from catalog import load
from integrations.models import Fingerprint

FORGOTTEN = "0" * 32
LOOK_UP = 5000


def digest(raw: bytes | memoryview) -> str:
    return blake2b(raw, digest_size=16).hexdigest()


def known(schedule_id: int, external_ids: Iterable[str]) -> dict[str, str]:
    """Stored digests of these external ids."""
    return dict(_stored(schedule_id, external_ids, ""))


def remember(schedule_id: int, digests: Mapping[str, str]) -> None:
    """Vouch for these slices; in the transaction that writes their rows. What is vouched for already is not written."""
    stored = {key: (digest, pk) for key, digest, pk in _stored(schedule_id, digests, ", id")}
    new = sorted(digests.keys() - stored.keys())
    schedules = [schedule_id] * len(new)
    load.add(Fingerprint, {"schedule_id": schedules, "external_id": new, "digest": [digests[key] for key in new]})
    differing = {pk: digests[key] for key, (digest, pk) in stored.items() if digest != digests[key]}
    load.update(Fingerprint, list(differing), {"digest": list(differing.values())})


def _stored(schedule_id: int, external_ids: Iterable[str], more: str) -> Iterator[tuple[Any, ...]]:
    """External id, digest and `more` columns of the rows there are."""
    wanted = list(external_ids)
    for start in range(0, len(wanted), LOOK_UP):
        part = wanted[start : start + LOOK_UP]
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(
                    f"SELECT external_id, encode(uuid_send(digest), 'hex'){more} FROM integrations_fingerprint"
                    " WHERE schedule_id = %s AND external_id = ANY(%s)",
                    [schedule_id, part],
                )
            else:
                cursor.execute(
                    f"SELECT external_id, digest{more} FROM integrations_fingerprint"
                    " WHERE schedule_id = %s AND external_id IN (SELECT value FROM json_each(%s))",
                    [schedule_id, json.dumps(part)],
                )
            yield from cursor.fetchall()


def forget(schedule_id: int, external_ids: Iterable[str]) -> None:
    """Let these rows be compared again at the next run: another flow wrote the columns they vouch for."""
    wanted = list(external_ids)
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        vouched = Fingerprint.objects.filter(schedule_id=schedule_id, external_id__in=part)
        vouched.exclude(digest=FORGOTTEN).update(digest=FORGOTTEN)


def all_ids(schedule_id: int) -> Iterator[str]:
    """Every external id the flow has ever mirrored and not lost since."""
    rows = Fingerprint.objects.filter(schedule_id=schedule_id).values_list("external_id", flat=True)
    return rows.iterator(chunk_size=5000)


def count(schedule_id: int) -> int:
    """How many rows `all_ids` tells."""
    return Fingerprint.objects.filter(schedule_id=schedule_id).count()


def drop(schedule_id: int, external_ids: Iterable[str]) -> None:
    """Forget rows that are gone, so that one that comes back is new again."""
    wanted = list(external_ids)
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        Fingerprint.objects.filter(schedule_id=schedule_id, external_id__in=part).delete()
