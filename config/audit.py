"""The audit log: `record` adds a row to the chain, `broken` finds where the chain does not hold."""

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils import timezone

from config.addresses import caller
from config.afterwards import after_commit
from config.models import AuditEntry

FIELDS = ("at", "who", "what", "kind", "key", "thing", "said", "address", "before", "after")
BATCH = 1000
LOCK = 7_202_611  # the chain's own number among PostgreSQL's advisory locks
HIDDEN = "•••"
# Parts of names whose values never enter the log, where nothing declares what they are.
SECRET = (
    "password",
    "secret",
    "token",
    "key",
    "ciphertext",
    "digest",
    "seed",
    "code",
    "credential",
    "fingerprint",
    "cookie",
)
KEPT = {"environment", "public_key_id"}

log = logging.getLogger("hub.audit")
current: ContextVar[HttpRequest | None] = ContextVar("hub_request", default=None)


def record(
    what: str,
    on: Any = None,
    *,
    request: HttpRequest | None = None,
    who: str | None = None,
    said: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    hides: Mapping[str, bool] | None = None,
) -> AuditEntry:
    """Add a row, in the caller's transaction: what is rolled back was not done. Its copy is written as that ends well.

    what: in a word or two, such as "changed" or "sign-in refused". on: the model's row it was done to. request: where it came
    from; else the one being answered. before, after: values by field; secrets among them are hidden. hides: which fields hold
    secrets, where the caller knows; then counts what the row's model declares, and for what nobody declares its name.
    """
    request = request or current.get()
    person = getattr(request, "user", None)
    name = who if who is not None else person.get_username() if person is not None and person.is_authenticated else ""
    hides = {**declared(on), **(hides or {})}
    entry = AuditEntry(
        at=timezone.now(),
        who=clean(name, 150),
        what=clean(what, 60),
        kind=on._meta.label_lower if on is not None else "",
        key=clean(str(on.pk), 64) if on is not None else "",
        thing=clean(str(on), 200) if on is not None else "",
        said=clean(said, 500),
        address=clean(address_of(request), 64),
        before=shown(before or {}, hides),
        after=shown(after or {}, hides),
    )
    with transaction.atomic():
        one_at_a_time()
        last = AuditEntry.objects.order_by("-pk").values_list("digest", flat=True).first() or ""
        entry.digest = digest(entry, last)
        entry.save()
        # Of what stands alone: a line of something that was rolled back would tell of what nobody did.
        after_commit(_copy, entry)
    return entry


def _copy(entry: AuditEntry) -> None:
    """For whoever collects the process's output on another machine (ASVS 16.4.3)."""
    log.info("%s", json.dumps({name: getattr(entry, name) for name in (*FIELDS, "digest")}, cls=DjangoJSONEncoder))


def one_at_a_time() -> None:
    """No two rows may follow the same one. On SQLite every transaction that writes is alone already."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def digest(entry: AuditEntry, before: str) -> str:
    """Of the row's values and of the digest of the row before it."""
    values = {name: getattr(entry, name) for name in FIELDS}
    values["at"] = entry.at.astimezone(timezone.get_fixed_timezone(0)).isoformat(timespec="microseconds")
    text = json.dumps([before, values], sort_keys=True, ensure_ascii=True, cls=DjangoJSONEncoder)
    return hashlib.sha256(text.encode()).hexdigest()


def broken() -> Iterator[str]:
    """In words, each place where the chain does not hold: a row that was changed, or rows taken out before one.

    Rows cut off at the end leave a chain that holds; `end` is what to keep elsewhere against that.
    """
    last, expected = "", None
    for entry in AuditEntry.objects.order_by("pk").iterator(chunk_size=BATCH):
        if entry.digest != digest(entry, last):
            gap = expected is not None and entry.pk != expected
            why = f"rows before it are missing (#{expected} and on)" if gap else "it, or the row before it, was changed"
            yield f"#{entry.pk} of {entry.at:%Y-%m-%d %H:%M:%S} UTC does not fit: {why}."
        last, expected = entry.digest, entry.pk + 1


def end() -> tuple[int, str]:
    """How many rows there are, and the digest of the newest."""
    newest = AuditEntry.objects.order_by("-pk").values_list("digest", flat=True).first() or ""
    return AuditEntry.objects.count(), newest


def address_of(request: HttpRequest | None) -> str:
    """Who called, behind proxies of our own; where that cannot be told, whoever was at the other end of the line."""
    if request is None:
        return ""
    return str(caller(request) or request.META.get("REMOTE_ADDR", ""))


def clean(text: str, most: int) -> str:
    """One line without control characters: nobody writes a second entry into a first."""
    return "".join(character if character.isprintable() else " " for character in text)[:most]


def is_secret(name: str, hides: Mapping[str, bool] | None = None) -> bool:
    """By what is declared of it, else by its name."""
    if hides and name in hides:
        return hides[name]
    return name not in KEPT and any(part in name.lower() for part in SECRET)


def declared(on: Any) -> dict[str, bool]:
    """Which values of a row are secret, as far as its model says: `secret_columns`, if it has that at all, and `hides`."""
    secret = getattr(on, "secret_columns", None)
    columns = {} if secret is None else {field.name: field.name in secret for field in on._meta.concrete_fields}
    return columns | dict(getattr(on, "hides", {}))


def shown(values: Mapping[str, Any], hides: Mapping[str, bool] | None = None) -> dict[str, Any]:
    """Values as they may be kept: by name, without secrets, long ones cut, as plain JSON."""
    kept = {
        str(name): HIDDEN if is_secret(str(name), hides) and value else cut(value, hides)
        for name, value in values.items()
    }
    plain: dict[str, Any] = json.loads(json.dumps(kept, cls=DjangoJSONEncoder, default=str))
    return plain


def cut(value: Any, hides: Mapping[str, bool] | None = None) -> Any:
    if isinstance(value, Mapping):
        return shown(value, hides)
    if isinstance(value, str):
        return clean(value, 500)
    if isinstance(value, (list, tuple, set)):
        return [cut(item, hides) for item in list(value)[:50]]
    return value if isinstance(value, (int, float, bool, type(None))) else clean(str(value), 500)
