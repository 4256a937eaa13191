"""The table of methods: against the vendor's own description where that is at hand, and what it refuses by itself."""

import re
from pathlib import Path

import pytest

from integrations.services.api2cart.flows import FIELDS, METHOD, RESULT, fields_of
from integrations.services.api2cart.methods import METHODS, checked
from integrations.services.api2cart.tests.spec import WORDS, Spec


@pytest.fixture(scope="module")
def spec(shared: Path) -> Spec:
    return Spec(shared)


@pytest.mark.needs_shared
@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_what_the_vendor_says_it_is(spec: Spec, name: str) -> None:
    method = METHODS[name]
    operation = spec.operation(method.verb, f"/{method.path}")
    known = spec.query(method.verb, f"/{method.path}")
    if method.carries == "json":
        properties = spec.body(method.verb, f"/{method.path}")["properties"]
        assert set(method.params) <= set(properties), "parameters that do not exist"
        for param, word in method.params.items():
            told = WORDS[str(spec.resolved(properties[param])["type"])]
            assert {"texts": "list"}.get(word, word) == told, param
    else:
        assert "requestBody" not in operation
        assert set(method.params) <= set(known), "parameters that do not exist"
        for param, word in method.params.items():
            assert word == WORDS[str(spec.resolved(known[param]["schema"])["type"])], param
    signed = {key for one in operation["security"] for key in one}
    assert ("StoreKeyAuth" in signed) is not method.account
    assert bool(method.paging) == ("page_cursor" in known or "start" in known)
    assert method.once == (
        "idempotency_key" in known or (method.carries == "json" and "idempotency_key" in method.params)
    )


@pytest.mark.needs_shared
@pytest.mark.parametrize("flow", FIELDS)
def test_the_fields_asked_for_exist(spec: Spec, flow: str) -> None:
    result = spec.result(METHOD[flow])
    *beside, rows = RESULT[flow].split()
    assert {*beside, rows} <= spec.names_below(result)
    row = spec.member(result, rows)
    flat = re.sub(r"\{[^{}]*\}", "", FIELDS[flow])
    assert set(flat.split(",")) <= spec.names_below(row), "fields that do not exist"
    for name, inside in re.findall(r"(\w+)\{([^{}]*)\}", FIELDS[flow]):
        assert set(inside.split(",")) <= spec.names_below(spec.member(row, name)), name


@pytest.mark.parametrize("flow", FIELDS)
def test_the_times_a_sync_needs_are_named(flow: str) -> None:
    """They are not among the defaults: without a word they never come."""
    assert "modified" in FIELDS[flow] or flow == "transactions"
    assert fields_of(flow).count("{") == fields_of(flow).count("}")
    assert METHODS[METHOD[flow]].rows in RESULT[flow].split()


def test_names_and_types_are_checked_before_anything_is_sent() -> None:
    with pytest.raises(LookupError, match=r"order\.list takes no parameter “colour”"):
        checked("order.list", {"colour": "red"})
    with pytest.raises(TypeError, match="count is int"):
        checked("order.list", {"count": "50"})
    with pytest.raises(TypeError, match="count is int"):
        checked("order.list", {"count": True})
    with pytest.raises(KeyError):
        checked("order.invent", {})
    assert checked("customer.list", {"include_guests": False, "ids": None})[1] == {"include_guests": "false"}
