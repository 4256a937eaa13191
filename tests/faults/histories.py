"""Goal R3: random histories of what a vendor changes, what fails, who dies and what a person decides; at the end nothing differs.

Hypothesis makes them up, and prints one that fails step by step. Each works on real sockets and a committed database; a kill is
a SIGKILL of a forked process. What must hold after each: the four invariants, against a clean read of what the vendor has then; and a
history of prices and stock without a gap.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

from django.utils import timezone
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from catalog.models import PriceChange, StockChange, Variant
from integrations import connecting, desk, fingerprint, sweeping, sync
from integrations.models import Decision, Held, Reject, Schedule, SyncRun, Trigger
from integrations.service import Flow, service_class
from integrations.services.elko.simulator import Simulator as Elko
from integrations.services.elryan.simulator import Simulator as Elryan
from integrations.services.elryan.simulator_sales import change_times
from integrations.simulator import Simulator
from tests.faults import invariants, points
from tests.faults.forking import Killer, died
from tests.faults.rig import Rig

Mode = SyncRun.Mode
PLACE = some.integers(0, 30)
UNTIL_DECIDED = 6  # rounds of reading and deciding in which everything must come to rest
FAULTS: Sequence[tuple[str, Mapping[str, Any]]] = (
    ("status", {"code": 500}),
    ("status", {"code": 503}),
    ("status", {"code": 404}),
    ("drop", {}),
    ("cut", {"percent": 60}),
    ("gzip_truncated", {}),
    ("not_json", {}),
    ("html", {}),
    ("empty", {}),
    ("empty_list", {}),
    ("shrink", {"share": 0.5}),
    ("zero", {}),
    ("duplicate_rows", {}),
    ("move", {"how": "insert"}),
    ("move", {"how": "delete"}),
    ("repeat_page", {}),
    ("shape", {"how": "error"}),
    ("revoke", {}),
)


@dataclass(frozen=True)
class Scene:
    """A flow, and what may be said in its rows. broken: a field and a value nobody can read."""

    kind: type[Simulator]
    flow: str
    path: str
    says: Mapping[str, Sequence[Any]]
    broken: tuple[str, Any]
    before: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    stamp: Callable[[Any], Mapping[str, Any]] = lambda _: {}


SCENES = {
    "elko-products": Scene(
        Elko, "products", "/Catalog/Products",
        {"discountPrice": (1.5, 51.2, 60.0, 900.0), "price": (54.9, 70.0), "quantity": ("0", "3", "17", "> 50", ""), "name": ("A", "B")},
        ("price", "twelve"),
    ),
    "elko-orders": Scene(
        Elko, "orders", "/Orders",
        {"sum": (444.52, 500.0, 0.0), "customerPo": ("W-1000", "W-1001", ""), "deliveryInstructions": ("", "Ring twice")},
        ("sum", "much"), ("products",),
    ),
    "elryan-variants": Scene(
        Elryan, "variants", "/variants/search",
        {"price": (5, 29, 31.5, 400), "retail_price": (29, 40), "stock": (0, 1, 14, 900), "name": ("A", "B")},
        ("stock", "a few"), ("categories", "brands", "products"),
        options={"page_length": 2}, stamp=lambda sim: {"updated_at": sim.now().isoformat()},
    ),
    "elryan-orders": Scene(
        Elryan, "orders", "/orders/search",
        {"Status": ("Delivered", "Processing", "Canceled", "Unheard of"), "Quantity": ("1", "3"), "Selling Price": ("26", "30.5")},
        ("Quantity", "two"), options={"page_length": 2}, stamp=lambda sim: change_times(sim.now()),
    ),
}  # fmt: skip


class Histories(RuleBasedStateMachine):
    """One history. `scene` and `simulator` are set by a subclass, see `of`."""

    scene: ClassVar[Scene]
    simulator: ClassVar[Any]
    purge: ClassVar[Callable[[], None]]

    @initialize(rows=some.integers(0, 6))
    def begin(self, rows: int) -> None:
        sim = self.simulator
        sim.token = f"{sim.kind}-sandbox-token"
        sim.reset()
        sim.lift_limits()
        for _ in range(rows):
            sim.insert_front(self.scene.flow)
        given = sim.connections()[0]
        vendor = connecting.connect(
            sim.kind,
            sim.kind,
            base_url=given["base_url"],
            options={**given["options"], **self.scene.options},
            secrets={"token": str(sim.token)},
        )
        self.rig = Rig(sim, vendor)
        self.taken: list[dict[str, Any]] = []
        self.tokens = 0
        self.rig.good(*self.scene.before)

    # What the vendor does.

    @rule(place=PLACE, what=PLACE, value=PLACE)
    def vendor_says(self, place: int, what: int, value: int) -> None:
        name = [*self.scene.says][what % len(self.scene.says)]
        values = self.scene.says[name]
        self.say(place, {name: values[value % len(values)]})

    @rule(place=PLACE)
    def vendor_spoils_a_row(self, place: int) -> None:
        name, value = self.scene.broken
        self.say(place, {name: value})

    @precondition(lambda self: self.flow.complete)  # of other lists nothing that is missing is gone
    @rule(place=PLACE)
    def vendor_takes_away(self, place: int) -> None:
        rows = self.simulator.truth(self.scene.flow)
        if rows:
            row = rows[place % len(rows)]
            self.simulator.remove(self.scene.flow, row[self.key])
            self.taken.append(row)

    @precondition(lambda self: self.taken)
    @rule(place=PLACE)
    def vendor_puts_back(self, place: int) -> None:
        row = self.taken.pop(place % len(self.taken))
        self.simulator.put(self.scene.flow, {**row, **self.scene.stamp(self.simulator)}, place % 4)

    @rule()
    def vendor_adds(self) -> None:
        self.simulator.insert_front(self.scene.flow)

    @rule(what=some.sampled_from(FAULTS), times=some.integers(1, 4), after=some.integers(0, 3))
    def vendor_fails(self, what: tuple[str, Mapping[str, Any]], times: int, after: int) -> None:
        name, options = what
        if options.get("how") == "delete" and not self.flow.complete:
            return
        self.simulator.fault(name, self.scene.path, times=times, after=after, **options)

    @rule()
    def vendor_is_well_again(self) -> None:
        self.simulator.clear_faults()

    # What the hub does, and what is done to it.

    @rule(mode=some.sampled_from([None, *Mode.values]))
    def a_whole_run(self, mode: str | None) -> None:
        sync.run(self.rig.fresh(), self.scene.flow, Trigger.COMMAND_LINE, mode=mode, slice_seconds=None)

    @rule(mode=some.sampled_from([None, *Mode.values]), pages=some.integers(1, 3))
    def a_slice(self, mode: str | None, pages: int) -> None:
        """It parks when its time is over, or when its process is asked to stop."""
        asked = iter(range(pages))
        sync.stopping = lambda: next(asked, None) is None
        try:
            sync.run(
                self.rig.fresh(), self.scene.flow, Trigger.SCHEDULE, mode=mode, slice_seconds=0 if pages == 1 else 60
            )
        finally:
            sync.stopping = sync.never

    @rule(
        point=some.sampled_from(points.names()), hit=some.integers(1, 3), mode=some.sampled_from([None, *Mode.values])
    )
    def a_kill(self, point: str, hit: int, mode: str | None) -> None:
        """Somewhere in a run, or in a run that is gone on with."""
        flow = self.scene.flow
        work = partial(sync.run, self.rig.fresh(), flow, Trigger.SCHEDULE, mode=mode, slice_seconds=None)
        died(work, Killer(point, hit))

    @rule()
    def the_sweep_goes_on(self) -> None:
        self.rig.time_passes()
        for pk in self.open_runs():
            sweeping.go_on(pk)

    # What people do.

    @precondition(lambda self: self.waiting())
    @rule(take=some.booleans())
    def a_person_decides(self, take: bool) -> None:
        held = self.waiting()[0]
        (desk.apply_held if take else desk.drop_held)(held, "Anna")

    @precondition(lambda self: self.rejected())
    @rule()
    def a_person_reads_a_reject_again(self) -> None:
        desk.retry_reject(self.rejected()[0])

    @rule()
    def a_person_sets_a_new_token(self) -> None:
        self.tokens += 1
        self.simulator.token = f"{self.simulator.kind}-sandbox-token-{self.tokens}"
        connecting.connect(self.simulator.kind, self.rig.vendor.slug, secrets={"token": self.simulator.token})

    @rule(place=PLACE)
    def a_person_fetches_one_again(self, place: int) -> None:
        keys = sorted(self.simulator.ids_of(self.scene.flow))
        if keys and self.flow.single:
            code = keys[place % len(keys)]
            sync.run(self.rig.fresh(), self.scene.flow, Trigger.OPERATOR, codes=[code], slice_seconds=None)

    # What must hold.

    def teardown(self) -> None:
        if not hasattr(self, "rig"):
            return
        try:
            self.come_to_rest()
            invariants.assert_invariants(
                self.rig.vendor, self.simulator, flows=[*self.scene.before, self.scene.flow], killed=True
            )
            self.assert_history_without_gaps()
        finally:
            type(self).purge()

    def come_to_rest(self) -> None:
        """No fault any more; what a person left out is asked anew; whatever waits is taken."""
        self.simulator.clear_faults()
        self.a_person_sets_a_new_token()
        mode = Mode.VERIFY if self.forget_refusals() else Mode.FULL  # the first would hide what went wrong
        done, since = None, timezone.now()
        for _ in range(UNTIL_DECIDED):
            self.rig.time_passes()
            sweeping.sweep()  # takes away what the dead left behind
            done = self.rig.run(self.scene.flow, mode=mode)
            for held in self.waiting():
                with suppress(desk.Decided):
                    desk.apply_held(held, "Anna")
            new = done.started_at > since and done.mode == mode
            if new and done.state in (SyncRun.State.OK, SyncRun.State.PARTIAL):
                return
        assert done is not None
        raise AssertionError(f"it does not come to rest: {done.state} {done.error} {done.note}")

    def forget_refusals(self) -> int:
        """What a person refused is asked for again as soon as the vendor says something else; here at once. Returns how many."""
        refused = list(Decision.objects.all())
        for decision in refused:
            schedule = Schedule.objects.get(vendor=decision.vendor_id, flow=decision.flow)
            if decision.kind != Held.Kind.GONE:  # by its print a row is known, and missed
                fingerprint.drop(schedule.pk, [decision.external_id])
            decision.delete()
        return len(refused)

    def assert_history_without_gaps(self) -> None:
        """Each change begins where the one before ended, and the last ends at what is stored."""
        for changes in (PriceChange.objects.order_by("pk"), StockChange.objects.order_by("pk")):
            last: dict[tuple[int, str], Any] = {}
            for change in changes:
                key = change.variant_id, getattr(change, "field", "stock")
                assert last.get(key, change.before) == change.before, f"{key}: {change} follows {last[key]}"
                last[key] = change.after
            stored = Variant.objects.in_bulk({variant for variant, _ in last})
            for (variant, name), ended in last.items():
                now = getattr(stored[variant], name)
                assert now == ended, f"{stored[variant]}: its {name} is {now}, and its history ends at {ended}"

    # Small things.

    @property
    def flow(self) -> Flow:
        return service_class(self.simulator.kind).flows[self.scene.flow]

    @property
    def key(self) -> str:
        return str(self.simulator.table(self.scene.flow).key)

    def say(self, place: int, fields: Mapping[str, Any]) -> None:
        keys = self.simulator.table(self.scene.flow).keys()
        if keys:
            self.simulator.change(
                self.scene.flow, keys[place % len(keys)], **fields, **self.scene.stamp(self.simulator)
            )

    def waiting(self) -> list[Held]:
        return list(Held.objects.filter(state=Held.State.WAITING).order_by("pk"))

    def rejected(self) -> list[Reject]:
        return list(Reject.objects.filter(resolved_at=None).order_by("pk"))

    def open_runs(self) -> list[int]:
        return list(SyncRun.objects.filter(state=SyncRun.State.RUNNING).values_list("pk", flat=True))
