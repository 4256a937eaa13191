"""P1–P5: the catalogue's first load, its unchanged and its slightly changed re-sync, beside what a user would pick instead.

Every phase is a process of its own; what is compared runs by turns, so that a busy machine is busy for both.
"""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from tests.bench import catalogue_memory
from tests.bench.catalogue_hub import hub
from tests.bench.catalogue_pages import generate
from tests.bench.result import Result, Scale, at_least, at_most

WAL = 64 * 1024  # bytes a re-sync of 100,000 unchanged records may cost
SHORT = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}


def measure(scale: Scale) -> Iterable[Result]:
    with tempfile.TemporaryDirectory(prefix="crossdock-pages-") as name:
        folder = Path(name)
        generate(folder / "rows", scale.rows)
        generate(folder / "small", scale.small)
        for kind in scale.databases:
            yield from _hub_and_floor(kind, scale, folder / "rows")
            yield from _slow_ones(kind, folder / "small")
        yield from catalogue_memory.measure(scale, folder / "rows" / "base")


def _hub_and_floor(kind: str, scale: Scale, folder: Path) -> Iterator[Result]:
    base, changed = folder / "base", folder / "changed"
    with hub(kind) as ask:
        load = ask("hub", base)
        turns = [(ask("parse", base), ask("hub", base)) for _ in range(max(1, scale.repeats))]
        counted = ask("hub", base, BENCH_COUNT="1")
        few = ask("hub", changed)
        differing = ask("hub", base, BENCH_COUNT="1")
    with hub(kind) as ask:
        floor = ask("floor", base)
        again = ask("floor", base)
    name, size = SHORT[kind], f"{scale.rows:,} records"
    same = median(turn["seconds"] for _, turn in turns)
    yield at_least(
        "P1",
        f"Unchanged re-sync of {size}, {name}, against orjson parsing the same bytes",
        median(parse["seconds"] / turn["seconds"] for parse, turn in turns),
        0.5,
        ours=f"{same:.2f} s",
        other=f"{median(parse['seconds'] for parse, _ in turns):.2f} s",
    )
    if kind == "postgresql":
        yield at_least(
            "P1", f"… against COPY and ON CONFLICT … WHERE, {name}", again["seconds"] / same, 5,
            ours=f"{same:.2f} s", other=f"{again['seconds']:.2f} s",
        )  # fmt: skip
        wal = median(turn["wal"] for _, turn in turns)
        most = WAL * max(1.0, scale.rows / 100_000)
        yield Result(
            "P2", f"Write-ahead log of an unchanged re-sync, {name}", f"{wal / 1024:.0f} KB", f"{again['wal'] / 1024:,.0f} KB",
            None, "≤ 64 KB", wal <= most, "the other: COPY and ON CONFLICT … WHERE",
        )  # fmt: skip
    versions = sum(counted["rows"].values())
    yield Result(
        "P2", f"Row versions written by an unchanged re-sync, {name}", f"{versions}", "", None, "0", versions == 0,
        _by_table(counted["rows"]),
    )  # fmt: skip
    share = 0.8 if kind == "postgresql" else 0.5
    way = "COPY and ON CONFLICT" if kind == "postgresql" else "executemany with ON CONFLICT"
    yield at_least(
        "P3", f"First load of {size}, {name}, against {way}", floor["seconds"] / load["seconds"], share,
        ours=f"{load['seconds']:.1f} s", other=f"{floor['seconds']:.1f} s",
    )  # fmt: skip
    yield at_most(
        "P4", f"1 % changed, {name}, against unchanged", few["seconds"] / same, 2,
        ours=f"{few['seconds']:.2f} s", other=f"{same:.2f} s",
    )  # fmt: skip
    wanted = expected_versions(base, changed)
    yield Result(
        "P4", f"Row versions written when 1 % changed, {name}", f"{sum(differing['rows'].values()):,}", f"{wanted:,} differ",
        None, "equal", sum(differing["rows"].values()) == wanted, _by_table(differing["rows"]),
    )  # fmt: skip
    yield Result(
        "P5", f"Worker memory over idle, paged, {size}, {name}", f"{max(load['memory'], same_memory(turns)):.0f} MB", "",
        None, "≤ 64 MB", max(load["memory"], same_memory(turns)) <= 64, "first load and re-sync",
    )  # fmt: skip


def same_memory(turns: Any) -> float:
    return max(float(turn["memory"]) for _, turn in turns)


def _slow_ones(kind: str, folder: Path) -> Iterator[Result]:
    """What takes minutes at full size is measured at the small one, the hub beside it."""
    base, found = folder / "base", {}
    for way in ("hub", "bulk_create", "import_export"):
        with hub(kind) as ask:
            found[way] = (ask(way, base), ask(way, base))
    load, same = (phase["seconds"] for phase in found["hub"])
    size = f"{found['hub'][0]['count']:,} records"
    for way, first, unchanged in (("bulk_create", 2.5, 30.0), ("import_export", 25.0, 500.0)):
        slow = found[way]
        called = {"bulk_create": "bulk_create(update_conflicts)", "import_export": "import-export with use_bulk"}[way]
        firsts, seconds = slow[0]["seconds"] / load, slow[1]["seconds"] / same
        title = f"First load of {size}, {SHORT[kind]}, against {called}"
        told = {"ours": f"{load:.2f} s", "other": f"{slow[0]['seconds']:.1f} s"}
        # The goals name PostgreSQL; on SQLite the lines inform.
        yield (
            at_least("P3", title, firsts, first, **told)
            if kind == "postgresql"
            else Result("P3", title, told["ours"], told["other"], firsts)
        )
        title = f"Unchanged re-sync of {size}, {SHORT[kind]}, against {called}"
        told = {"ours": f"{same:.3f} s", "other": f"{slow[1]['seconds']:.1f} s"}
        yield (
            at_least("P1", title, seconds, unchanged, **told)
            if kind == "postgresql"
            else Result("P1", title, told["ours"], told["other"], seconds)
        )


def expected_versions(base: Path, changed: Path) -> int:
    """For each record that differs: its product (what the vendor sent), variant, price change, stock change and digest."""
    before, after = ({r["sku"]: r for r in _records(folder)} for folder in (base, changed))
    return 5 * sum(record != after[sku] for sku, record in before.items())


def _records(folder: Path) -> Iterator[Any]:
    for file in sorted(folder.glob("*.json")):
        yield from msgspec.json.decode(file.read_bytes())["items"]


def _by_table(rows: dict[str, int]) -> str:
    return ", ".join(f"{table.partition('_')[2]} {number:,}" for table, number in sorted(rows.items()) if number)
