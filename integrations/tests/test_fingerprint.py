"""The filter before any write, and the memory of what a run has seen."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations import fingerprint, raw
from integrations.models import Fingerprint, Schedule, Vendor
from integrations.seen import Seen


@pytest.fixture
def schedule(db: None) -> Schedule:
    vendor = Vendor.objects.create(
        slug="v", kind="elko", name="V", base_url="https://v.example/", state_since=timezone.now()
    )
    return Schedule.objects.create(vendor=vendor, flow="products", every=timedelta(1), max_age=timedelta(2))


@pytest.mark.parametrize("size", [3, 120], ids=["few", "many"])
def test_only_digests_that_are_new_or_differ_are_written(schedule: Schedule, size: int) -> None:
    digests = {f"شاحن {n}": fingerprint.digest(b"%d" % n) for n in range(size)}
    fingerprint.remember(schedule.pk, digests)
    assert fingerprint.known(schedule.pk, [*digests, "another"]) == digests
    with CaptureQueriesContext(connection) as queries:
        fingerprint.remember(schedule.pk, digests)
    assert [q["sql"].split()[0] for q in queries] == ["SELECT"]
    ids = dict(Fingerprint.objects.values_list("external_id", "pk"))
    changed = dict.fromkeys(list(digests)[: size // 2 + 1], fingerprint.digest(b"else"))
    fingerprint.remember(schedule.pk, {**digests, **changed})
    assert fingerprint.known(schedule.pk, digests) == {**digests, **changed}
    assert dict(Fingerprint.objects.values_list("external_id", "pk")) == ids
    assert fingerprint.count(schedule.pk) == size


def test_what_is_forgotten_is_compared_again_and_written_once(schedule: Schedule) -> None:
    fingerprint.remember(schedule.pk, {"a": fingerprint.digest(b"a"), "b": fingerprint.digest(b"b")})
    fingerprint.forget(schedule.pk, ["a"])
    assert fingerprint.known(schedule.pk, ["a", "b"]) == {"a": fingerprint.FORGOTTEN, "b": fingerprint.digest(b"b")}


def test_a_run_keeps_what_it_has_seen_over_a_hand_over() -> None:
    seen = Seen()
    assert seen.add(["a", "b", "a"]) == 2
    assert seen.add(["b", "كابل"]) == 1
    later = Seen(seen.packed())
    assert (len(later), "a" in later, "كابل" in later, "c" in later) == (3, True, True, False)
    assert later.add(["a", "c", "d"]) == 2
    last = Seen(later.packed())
    assert (len(last), last.packed()) == (5, later.packed())
    assert len(later.packed()) == 5 * 8


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"n": 36893488147419103233}', {"n": 2**65 + 1}),
        ('{"p": 1.10, "e": 1e5}', {"p": Decimal("1.10"), "e": Decimal("1e5")}),
        ('{"t": "a\\u0000b\\ud800c"}', {"t": "a\ufffdb\ufffdc"}),
        ('{"t": "\\ud83d\\ude00 كابل"}', {"t": "\U0001f600 كابل"}),
    ],
)
def test_a_row_is_read_exactly_and_stored_cleaned(text: str, value: dict[str, object]) -> None:
    assert raw.row(text.encode()) == value
    kept = raw.stored(text.encode())
    assert "\\u0000" not in kept.text
    assert kept.value == {name: float(v) if isinstance(v, Decimal) else v for name, v in value.items()}


@pytest.mark.parametrize("text", ['{"p": NaN}', '{"p": -Infinity}', '{"p": 1e999}', '{"p": 1', b'{"p": "\xff"}'])
def test_what_is_no_number_or_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        raw.row(text.encode() if isinstance(text, str) else text)
