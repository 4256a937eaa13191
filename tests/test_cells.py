"""How values are told on the admin's pages: short JSON in words, nothing blank, what holds nothing left out."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import RequestFactory
from django.utils import timezone

from config.admin import table
from config.admin.cells import spread, worded
from integrations.models import Command, Vendor


@pytest.mark.parametrize(
    ("name", "told"),
    [("addressLine1", "address line1"), ("postal_code", "postal code"), ("isNaturalPerson", "is natural person")],
)
def test_names_of_programs_are_told_in_words(name: str, told: str) -> None:
    assert worded(name) == told


def test_short_json_is_told_in_lines_and_the_rest_behind_a_fold() -> None:
    shown = spread({"postalCode": "LV-1010", "city": "R<b>īga", "phone": "", "house": 0})
    assert shown == (
        '<div><span class="hub-quiet">postal code</span> LV-1010</div>'
        '<div><span class="hub-quiet">city</span> R&lt;b&gt;īga</div><div><span class="hub-quiet">house</span> 0</div>'
    )
    assert spread(["S-1", "S-2"]) == "S-1, S-2"
    assert spread({}) == spread([]) == spread({"city": ""}) == "–"
    for deep in ({"a": {"b": 1}}, [{"a": 1}], {str(n): n for n in range(13)}):
        assert str(spread(deep)).startswith("<details")


def test_no_cell_of_a_table_is_blank() -> None:
    assert "<td>–</td>" in table(("Call", "Error"), [("GET", "")])
    assert '<td class="hub-number">0</td>' in table(("Rows",), [(0,)])


@pytest.mark.django_db
def test_a_commands_page_leaves_out_what_it_does_not_have() -> None:
    vendor = Vendor.objects.create(kind="elko", name="North", slug="north", base_url="https://north.example")
    more: dict[str, Any] = {"vendor": vendor, "verb": "place_order", "about": "order:W-1", "asked_at": timezone.now()}
    fresh = Command.objects.create(
        key="a", state=Command.State.AWAITING, words=["Order 1"], request={"path": "/"}, **more
    )
    done = Command.objects.create(
        key="b",
        state=Command.State.REFUSED,
        words=["Order 1"],
        request={"path": "/"},
        error="No",
        answer={"a": 1},
        **more,
    )
    assert str(fresh) == "Place order: order W-1"
    page: Any = admin.site._registry[Command]
    request = RequestFactory().get("/")

    def shown(row: Command) -> set[str]:
        return {
            getattr(part, "__name__", part) for _, told in page.get_fieldsets(request, row) for part in told["fields"]
        }

    assert not {"number", "error", "says", "request_shown", "answer_shown", "finished_at_shown"} & shown(fresh)
    assert {"error", "says", "request_shown", "answer_shown"} <= shown(done)
    assert "number" not in shown(done)
