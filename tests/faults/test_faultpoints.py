"""The places where a process may be killed are found in the code, never listed by hand."""

import ast
from pathlib import Path

import pytest

from integrations import faultpoints
from integrations.faultpoints import faultpoint
from tests.faults.points import ROOT, calls, points

# Every module of the way in. One that writes, sends or waits and has no point would never be killed in a test.
WAY_IN = (
    "ending", "guarding", "http/client", "http/receiving", "http/wire", "intake", "lease", "offsets",
    "paging", "ratelimit", "slices", "sync",
)  # fmt: skip


def test_each_name_stands_once():
    names = [point.name for point in points()]
    assert len(names) >= 12
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)


def test_each_name_is_a_literal():
    for path, call in calls():
        name = call.args[0] if len(call.args) == 1 and not call.keywords else None
        assert isinstance(name, ast.Constant), f"{path}:{call.lineno}"
        assert isinstance(name.value, str), f"{path}:{call.lineno}"


@pytest.mark.parametrize("module", WAY_IN)
def test_each_module_of_the_way_in_has_one(module):
    path = Path("integrations", f"{module}.py")
    assert (ROOT / path).is_file(), f"{path} is gone: where is its part of the way in?"
    assert [point for point in points() if point.path == path], f"{path} has no faultpoint"


def test_without_a_hook_nothing_happens():
    assert faultpoints.hook is None
    faultpoint("nowhere")


def test_production_code_sets_no_hook():
    for path in (ROOT / "integrations").rglob("*.py"):
        if "tests" not in path.parts and path.name != "faultpoints.py":
            assert "faultpoints.hook" not in path.read_text(), path
