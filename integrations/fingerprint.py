"""The filter that decides before any write: which raw slices are new or changed since they were last mirrored.

Digest of a slice: BLAKE2b-128, kept as a UUID in a narrow table. An unchanged row costs one hash and one look-up, and no write.
"""

import json
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from uuid import UUID

from django.db import connection

from integrations.models import Fingerprint

FORGOTTEN = UUID(int=0)
LOOK_UP = 5000


def digest(raw: bytes | memoryview) -> UUID:
    return UUID(bytes=blake2b(raw, digest_size=16).digest())


def known(schedule_id: int, external_ids: Iterable[str]) -> dict[str, UUID]:
    """Stored digests of these external ids."""
    wanted = list(external_ids)
    found: dict[str, UUID] = {}
    for start in range(0, len(wanted), LOOK_UP):
        part = wanted[start : start + LOOK_UP]
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(
                    "SELECT external_id, digest FROM integrations_fingerprint"
                    " WHERE schedule_id = %s AND external_id = ANY(%s)",
                    [schedule_id, part],
                )
                found.update(cursor.fetchall())
            else:
                cursor.execute(
                    "SELECT external_id, digest FROM integrations_fingerprint"
                    " WHERE schedule_id = %s AND external_id IN (SELECT value FROM json_each(%s))",
                    [schedule_id, json.dumps(part)],
                )
                found.update((key, UUID(hex=value)) for key, value in cursor.fetchall())
    return found


def remember(schedule_id: int, digests: dict[str, UUID]) -> None:
    """Vouch for these slices; in the transaction that writes their rows."""
    Fingerprint.objects.bulk_create(
        [Fingerprint(schedule_id=schedule_id, external_id=key, digest=value) for key, value in digests.items()],
        batch_size=500,
        update_conflicts=True,
        unique_fields=["schedule", "external_id"],
        update_fields=["digest"],
    )


def forget(schedule_id: int, external_ids: Iterable[str]) -> None:
    """Let these rows be compared again at the next run: another flow wrote the columns they vouch for."""
    wanted = list(external_ids)
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        Fingerprint.objects.filter(schedule_id=schedule_id, external_id__in=part).update(digest=FORGOTTEN)


def all_ids(schedule_id: int) -> Iterator[str]:
    """Every external id the flow has ever mirrored and not lost since."""
    rows = Fingerprint.objects.filter(schedule_id=schedule_id).values_list("external_id", flat=True)
    return rows.iterator(chunk_size=5000)


def drop(schedule_id: int, external_ids: Iterable[str]) -> None:
    """Forget rows that are gone, so that one that comes back is new again."""
    wanted = list(external_ids)
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        Fingerprint.objects.filter(schedule_id=schedule_id, external_id__in=part).delete()
