"""What must hold after every fault: I1 converge, I2 once, I3 told, I4 clean. Each check raises AssertionError with what differs.

A test breaks something, lets the hub mend it, takes the fault away, and ends with `assert_invariants(vendor, simulator)`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Count, Q
from django.utils import timezone

from catalog.models import Variant
from integrations import lease, schedules, sync, vault
from integrations.http.spellings import spelled
from integrations.models import Fingerprint, HeldRow, RateSlot, RateWaiter, Reject, Schedule, SyncRun, Trigger, Vendor
from integrations.paging import encode
from integrations.service import Flow, service_class
from integrations.simulator import Simulator
from orders.models import OrderLine

GOOD = (SyncRun.State.OK, SyncRun.State.PARTIAL, SyncRun.State.HELD)
ROOMS = ("catalog", "orders")
# Ours or the operator's: two vendors with the same data may differ in them.
OURS = {"id", "vendor", "seen_at", "changed_at", "note", "watched", "set_by_operator"}
WHETHER = {"gone_at", "details_at", "checked_at"}  # our own moments: that there is one is compared, not which
HISTORY = {"PriceChange", "StockChange"}
BY_WORD = {"StatusWord": ("subject", "word")}
FEWEST = 6  # characters; a shorter secret would be found by chance

Picture = dict[str, dict[tuple[str, ...], dict[str, Any]]]


def assert_invariants(
    vendor: Vendor,
    simulator: Simulator,
    *,
    flows: Sequence[str] | None = None,
    writes: Iterable[tuple[str, str]] = (),
    logs: Iterable[str | Path] = (),
    secrets: Iterable[str] = (),
    expected: Picture | None = None,
    killed: bool = False,
) -> None:
    """All four. flows: those this test ran (None: every enabled one); the clean twin runs the same.

    writes: (verb, key) of each write the vendor should have accepted, once. logs: texts, or files, to search for secrets besides the
    database. secrets: besides the vendor's own. expected: a `clean_picture` taken before, to spare the twin.
    killed: a process died with a slot in hand, which comes back by its promised time and not before.
    """
    vendor = Vendor.objects.get(pk=vendor.pk)
    assert_once(vendor, simulator, writes)
    assert_told(vendor)
    assert_clean(vendor, logs=logs, secrets=secrets, killed=killed)
    assert_converged(vendor, simulator, flows=flows, expected=expected)


# -- I1 converge


def assert_converged(
    vendor: Vendor, simulator: Simulator, *, flows: Sequence[str] | None = None, expected: Picture | None = None
) -> None:
    """Every mirrored row and column equals what a clean vendor of the same kind gets; every row of the truth is accounted for."""
    flows = _in_order(vendor, flows)
    wanted = expected if expected is not None else clean_picture(vendor, simulator, flows)
    differences = list(_differences(picture(vendor), wanted, _undecided(vendor)))
    assert not differences, f"{len(differences)} differences to a clean read:\n" + "\n".join(differences[:20])
    for flow in flows:
        _assert_complete(vendor, simulator, flow)


def clean_picture(vendor: Vendor, simulator: Simulator, flows: Sequence[str] | None = None) -> Picture:
    """What a twin of this vendor mirrors when it reads everything from empty, without faults; the twin leaves no trace."""
    simulator.clear_faults()
    limit = getattr(simulator, "limit", None)
    if limit is not None:
        simulator.limit = 10**9  # type: ignore[attr-defined]  # the twin must not be shut out by what the test used up
    try:
        with transaction.atomic():
            twin = _twin(vendor)
            for flow in _in_order(vendor, flows):
                _watch_the_same(vendor, twin)
                done = sync.run(twin, flow, Trigger.COMMAND_LINE, slice_seconds=None)
                assert done is not None
                assert done.state in GOOD, f"the clean twin's {flow} failed: {done.error}"
            seen = picture(twin)
            transaction.set_rollback(True)
        return seen
    finally:
        if limit is not None:
            simulator.limit = limit  # type: ignore[attr-defined]


def picture(vendor: Vendor) -> Picture:
    """All mirrored rows of a vendor: model name → key → columns, in terms that two vendors share."""
    found: Picture = {}
    for model in mirrored_models():
        rows: dict[tuple[str, ...], dict[str, Any]] = {}
        for row in model._default_manager.filter(**{_path_to_vendor(model): vendor}):
            key = _key(row)
            assert key not in rows, f"{model.__name__} {key} is there twice"
            rows[key] = _columns(row)
        found[model.__name__] = rows
    return found


def mirrored_models() -> list[type[models.Model]]:
    """Every table of the catalogue and the orders that belongs to a vendor, directly or through its parent row."""
    return [
        model
        for room in ROOMS
        for model in apps.get_app_config(room).get_models()
        if not model._meta.proxy and model.__name__ not in HISTORY and _path_to_vendor(model)
    ]


def _path_to_vendor(model: type[models.Model]) -> str:
    """`vendor`, or `order__vendor` for a child row; empty when there is no way."""
    parents = [f for f in model._meta.get_fields() if isinstance(f, models.ForeignKey)]
    if any(f.name == "vendor" for f in parents):
        return "vendor"
    return next((f"{f.name}__vendor" for f in parents if _has_vendor(f.related_model)), "")


def _has_vendor(model: Any) -> bool:
    return any(f.name == "vendor" for f in model._meta.get_fields())


def _key(row: models.Model) -> tuple[str, ...]:
    model = type(row)
    if model.__name__ in BY_WORD:
        return tuple(str(getattr(row, name)) for name in BY_WORD[model.__name__])
    parent, _, through = _path_to_vendor(model).partition("__")
    own = str(row.external_id)  # type: ignore[attr-defined]
    return (*_key(getattr(row, parent)), own) if through else (own,)


def _columns(row: models.Model) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in row._meta.fields:
        if field.name in OURS:
            continue
        value = getattr(row, field.attname)
        if field.name in WHETHER:
            value = value is not None
        elif isinstance(field, models.ForeignKey):
            value = _key(getattr(row, field.name)) if value is not None else None
        elif field.name == "placed_at" and value == getattr(row, "seen_at", None):
            value = "when first seen"
        values[field.name] = value
    for many in row._meta.many_to_many:
        values[many.name] = sorted(_key(other) for other in getattr(row, many.name).all())
    return values


def _undecided(vendor: Vendor) -> set[str]:
    """Rows that cannot be read, or wait for a person, and orders with such a line: they keep what they had, which a twin never had."""
    refused = Reject.objects.filter(vendor=vendor, resolved_at=None).values_list("external_id", flat=True)
    rows = {*refused, *HeldRow.objects.filter(vendor=vendor).values_list("external_id", flat=True)}
    lines = OrderLine.objects.filter(order__vendor=vendor, external_id__in=rows)
    return rows | set(lines.values_list("order__external_id", flat=True))


def _differences(have: Picture, want: Picture, undecided: set[str]) -> Iterator[str]:
    gone = {model: {key for key, row in rows.items() if row.get("gone_at")} for model, rows in have.items()}
    for model in sorted(have.keys() | want.keys()):
        ours, theirs = have.get(model, {}), want.get(model, {})
        left = {key for key in ours.keys() | theirs.keys() if key[0] in undecided}
        for key in sorted(theirs.keys() - ours.keys() - left):
            yield f"{model} {key}: missing"
        for key in sorted(ours.keys() - theirs.keys() - left):
            # What the vendor no longer lists a twin never sees; nor what only a gone row named, nor a word no longer used.
            named_only = ours[key].get("raw") == {} or model in BY_WORD
            if key not in gone[model] and not named_only and not _child_of_gone(ours[key], key, gone):
                yield f"{model} {key}: there, but not at the vendor"
        for key in sorted((ours.keys() & theirs.keys()) - left):
            matched_gone = ours[key].get("variant") in gone.get("Variant", ()) and theirs[key]["variant"] is None
            for column, value in theirs[key].items():
                allowed = (matched_gone and column in ("variant", "match")) or (
                    column == "search" and gone.get("Variant") and _finds_it_too(ours[key]["search"], value)
                )
                if ours[key].get(column) != value and not allowed:
                    yield f"{model} {key} {column}: {ours[key].get(column)!r:.200} instead of {value!r:.200}"


def _finds_it_too(ours: str, theirs: str) -> bool:
    """A product stays to be found by the numbers of variants that are gone."""
    return set(theirs.split()) <= set(ours.split())


def _child_of_gone(row: dict[str, Any], key: tuple[str, ...], gone: dict[str, set[tuple[str, ...]]]) -> bool:
    """A variant of a gone product, a line of a gone order: the twin never sees it."""
    if row.get("product") in gone.get("Product", ()):
        return True
    return len(key) > 1 and any(key[:1] in gone.get(name, ()) for name in ("Order", "Package"))


def _twin(vendor: Vendor) -> Vendor:
    twin = Vendor(
        **{
            f.attname: getattr(vendor, f.attname)
            for f in Vendor._meta.fields
            if f.name not in ("id", "slug", "last_ok_at", "state", "state_reason", "state_since", "blocked_until")
        },
        slug=f"{vendor.slug[:50]}-twin",
    )
    twin.save()
    for name, value in vault.secrets_of(vendor).items():
        vault.set_secret(twin, name, value)
    for schedule in Schedule.objects.filter(vendor=vendor):
        Schedule.objects.create(
            vendor=twin, flow=schedule.flow, every=schedule.every, max_age=schedule.max_age, enabled=schedule.enabled
        )
    return twin


def _watch_the_same(vendor: Vendor, twin: Vendor) -> None:
    """What operators chose decides what is asked for."""
    chosen = Variant.objects.filter(vendor=vendor, watched=True).values_list("external_id", flat=True)
    Variant.objects.filter(vendor=twin, external_id__in=list(chosen)).update(watched=True)


def _in_order(vendor: Vendor, flows: Sequence[str] | None) -> list[str]:
    """Flows after those they need; all enabled ones when none are named."""
    declared: Mapping[str, Flow] = service_class(vendor.kind).flows
    if flows is None:
        enabled = set(Schedule.objects.filter(vendor=vendor, enabled=True).values_list("flow", flat=True))
        flows = [flow for flow in declared if flow in enabled]
    left, order = list(flows), []
    while left:
        ready = next((f for f in left if not set(declared[f].needs) & set(left)), left[0])
        left.remove(ready)
        order.append(ready)
    return order


def _assert_complete(vendor: Vendor, simulator: Simulator, name: str) -> None:
    """Each row of a flow that reads a whole list is vouched for, rejected or held; nothing else is vouched for."""
    flow = service_class(vendor.kind).flows[name]
    table = f"{name}_ua" if vendor.options.get("layout") == "ua" else name
    if flow.codes or table not in simulator.tables or not (flow.complete or name in ("orders", "packages")):
        return
    truth = set()
    for row in simulator.truth(table):
        try:
            truth.add(flow.key(encode(row)))
        except (ValueError, KeyError, TypeError):
            continue  # a row without an id can only be rejected
    mine: dict[str, Any] = {"vendor": vendor, "flow": name}
    vouched = set(
        Fingerprint.objects.filter(schedule__vendor=vendor, schedule__flow=name).values_list("external_id", flat=True)
    )
    refused = set(Reject.objects.filter(**mine, resolved_at=None).values_list("external_id", flat=True))
    aside = set(HeldRow.objects.filter(**mine).values_list("external_id", flat=True))
    assert not (lost := truth - vouched - refused - aside), (
        f"{name}: rows of the vendor that nobody knows of: {sorted(lost)[:10]}"
    )


# -- I2 once


def assert_once(vendor: Vendor, simulator: Simulator, writes: Iterable[tuple[str, str]] = ()) -> None:
    """One row for each id; the vendor accepted exactly the given writes, each once."""
    for model in mirrored_models():
        if model.__name__ in BY_WORD:
            continue
        parent = _path_to_vendor(model).partition("__")[0]
        own = model._default_manager.filter(**{_path_to_vendor(model): vendor}).order_by()
        twice = own.values(parent, "external_id").annotate(n=Count("pk")).filter(n__gt=1)
        assert not list(twice), f"{model.__name__}: {list(twice)[:5]}"
    accepted = sorted((write.verb, write.key) for write in simulator.ledger.accepted())
    assert accepted == sorted(writes), f"the vendor accepted {accepted}, intended were {sorted(writes)}"
    assert not getattr(simulator, "cron_started", 0), "a hub must never start the vendor's own job"


# -- I3 told


def assert_told(vendor: Vendor) -> None:
    """Failures name kind, text and cure; good runs were really finished; a flow without a good run raises the alarm in time."""
    for run in SyncRun.objects.filter(vendor=vendor):
        what = f"run {run.pk} of {run.flow}: {run.state}"
        assert run.state != SyncRun.State.RUNNING, f"{what}, left lying at {run.position}"
        assert run.finished_at is not None, f"{what} without an end"
        if run.state == SyncRun.State.FAILED:
            assert run.error_kind, f"{what} without a kind of error"
            assert run.error, f"{what} without a reason"
            assert run.cure, f"{what} without a cure: {run.error}"
            continue
        assert not run.error, f"{what} with an error: {run.error}"
        assert (run.state == SyncRun.State.OK) <= (not run.rejected and not run.held), (
            f"{what} with rejects or held rows"
        )
        assert run.total is None or run.seen >= run.total or run.codes, f"{what} after {run.seen} of {run.total} rows"
    for schedule in Schedule.objects.filter(vendor=vendor):
        _assert_schedule_told(schedule)
    if vendor.state in (Vendor.State.NEEDS_AUTH, Vendor.State.BLOCKED):
        assert vendor.state_reason, f"{vendor} is {vendor.state} without a reason"


def _assert_schedule_told(schedule: Schedule) -> None:
    runs = SyncRun.objects.filter(vendor_id=schedule.vendor_id, flow=schedule.flow)
    good = runs.filter(state__in=GOOD)
    if schedule.last_ok_at is not None:
        slack = timedelta(seconds=5)
        near = Q(finished_at__range=(schedule.last_ok_at - slack, schedule.last_ok_at + slack))
        assert good.filter(near).exists(), f"{schedule}: “last good run” at {schedule.last_ok_at}, but there was none"
    newest = runs.exclude(state=SyncRun.State.RUNNING).order_by("-finished_at", "-pk").first()
    if newest and newest.state == SyncRun.State.FAILED:
        assert schedule.failures > 0, f"{schedule}: the newest run failed, but no failure is counted"
    since = schedule.last_ok_at or schedule.enabled_at
    if schedule.enabled and schedule.vendor.enabled and since:
        when = since + schedule.max_age + schedules.GRACE + timedelta(seconds=1)
        assert schedule in schedules.late(when), f"{schedule}: no alarm although nothing good came since {since}"


# -- I4 clean


def assert_clean(
    vendor: Vendor, *, logs: Iterable[str | Path] = (), secrets: Iterable[str] = (), killed: bool = False
) -> None:
    """No secret outside its ciphertext; nothing left behind: lease, lock, slot, waiter, transaction, spooled file."""
    hidden = {value for value in (*vault.secrets_of(vendor).values(), *secrets) if len(value) >= FEWEST}
    assert not (found := list(_leaks(hidden))), f"secrets found in {found[:10]}"
    for log in logs:
        text = log.read_text(errors="replace") if isinstance(log, Path) else log
        assert not [s for s in _spelled(hidden) if s in text], (
            f"a secret in {log if isinstance(log, Path) else 'a log'}"
        )
    now = timezone.now()
    held = SyncRun.objects.filter(vendor=vendor, state=SyncRun.State.RUNNING, lease_until__gt=now)
    assert not held.exists(), f"stuck lease: {list(held)}"
    key = f"{vendor.kind}:{vendor.pk}"
    slots = RateSlot.objects.filter(key=key).exclude(holder="")
    if killed:
        slots = slots.filter(free_at__gt=now + promised(vendor))
    assert not slots.exists(), f"slots that nobody gives back: {[(s.number, s.holder, s.free_at) for s in slots]}"
    waiting = RateWaiter.objects.filter(key=key, until__gt=now)
    assert not waiting.exists(), "somebody still waits for a slot"
    left = [path.name for path in settings.SPOOL.rglob("*") if path.is_file()] if settings.SPOOL.is_dir() else []
    assert not left, f"spooled files left behind: {left}"
    _assert_no_session_left()


def promised(vendor: Vendor, longest: float = 900.0) -> timedelta:
    """When a dead process's slot is free at the latest: after its call's time-out (a spooled list's by default) and a window."""
    return timedelta(seconds=longest + service_class(vendor.kind).rate.seconds)


def _spelled(secrets: Iterable[str]) -> set[str]:
    return {spelling for secret in secrets for spelling in spelled(secret)}


def _leaks(secrets: Iterable[str]) -> Iterator[str]:
    """`table.column` wherever a secret stands in the database, in any spelling, whatever the column's type."""
    spellings = _spelled(secrets)
    needles = [(text, text.encode()) for text in spellings]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for name, value in zip(names, row, strict=True):
                    if _holds(value, needles):
                        yield f"{table}.{name}"


def _holds(value: Any, needles: list[tuple[str, bytes]]) -> bool:
    if isinstance(value, bytes | bytearray | memoryview):
        return any(raw in bytes(value) for _, raw in needles)
    if value is None or isinstance(value, bool | int | float | datetime):
        return False
    text = str(value)
    return any(needle in text for needle, _ in needles)


def _assert_no_session_left() -> None:
    """PostgreSQL: nobody else sits in an open transaction or holds a run's session lock."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid, state, left(query, 200) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'"
        )
        assert not (rows := cursor.fetchall()), f"open transactions: {rows}"
        cursor.execute(
            "SELECT pid, classid, objid FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND classid = %s",
            [lease.LOCK_CLASS],
        )
        assert not (rows := cursor.fetchall()), f"session locks left behind: {rows}"
