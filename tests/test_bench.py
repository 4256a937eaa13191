"""The bench tells what it measured, and every part can be started."""

import importlib
from dataclasses import replace

import pytest

from tests.bench import __main__ as bench
from tests.bench import report
from tests.bench.limiter_vendor import Vendor
from tests.bench.result import Scale, at_least

SLOW = at_least("P1", "re-sync | unchanged", 0.45, 0.5, ours="0.66 s", other="0.30 s")


def test_every_part_can_be_asked_and_every_goal_is_known():
    for name in bench.parts_of(bench.asked([])):
        assert callable(importlib.import_module(f"tests.bench.{name}").measure)
        assert all(goal in report.TITLES for goal in bench.PARTS[name])
    assert bench.parts_of(bench.asked(["--only", "p8"])) == ["limiter"]
    with pytest.raises(SystemExit, match="P99"):
        bench.parts_of(bench.asked(["--only", "P99"]))


def test_sizes_follow_what_is_asked():
    assert bench.scale_of(bench.asked([])) == Scale()
    small = bench.scale_of(bench.asked(["--quick", "--orders", "1000", "--rows", "500"]))
    assert (small.many, small.rows, small.small) == (1000, 500, 500)


def test_a_missed_goal_is_told_with_its_distance():
    assert report.missed_by(SLOW) == ", got 0.45 × (10% short)"
    assert report.missed_by(replace(SLOW, met=True)) == ""
    over = replace(SLOW, ratio=3.0, wanted="≤ 2 ×")
    assert report.missed_by(over) == ", got 3.00 × (50% over)"
    assert "re-sync \\| unchanged" in report.section("P1", [SLOW], ["2 cores"])


def test_results_replace_results_and_nothing_else(tmp_path):
    path = tmp_path / "benchmarks.md"
    path.write_text(f"# Ours\n\n{report.BEGIN}\n\n### P1: x\n\nold\n\n### P9: y\n\nkept\n\n{report.END}\n\n## Why\n")
    report.write(path, [SLOW], ["2 cores"], Scale())
    text = path.read_text()
    assert text.startswith("# Ours\n\n")
    assert text.endswith("\n\n## Why\n")
    assert "old" not in text
    assert "**missed**, got 0.45 × (10% short)" in text
    assert text.index("**missed**") < text.index("### P9: y\n\nkept")


def test_the_counting_vendor_shuts_everybody_out_after_one_too_many():
    vendor = Vendor(calls=3, window=1.0)
    assert [vendor.accepts(at) for at in (0.0, 0.1, 0.2, 1.05, 1.06)] == [True, True, True, True, False]
    assert not vendor.accepts(7.05)
    assert vendor.accepts(7.07)
    assert (vendor.counted.accepted, vendor.counted.rejected, vendor.counted.most) == (5, 2, 4)
