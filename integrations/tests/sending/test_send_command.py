"""manage.py send and unknown: one JSON object, and an exit code that tells."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from integrations.tests.sending.acts import cancel, sent, skus, write

pytestmark = pytest.mark.django_db(transaction=True)


def called(*words: str) -> tuple[int, dict[str, Any]]:
    out, code = StringIO(), 0
    try:
        call_command(*words, stdout=out)
    except SystemExit as end:
        code = int(end.code or 0)
    return code, json.loads(out.getvalue())


def test_send_prints_what_came_of_it(elryan, vendor, tmp_path):
    body = cancel(elryan)
    file = tmp_path / "body.json"
    file.write_text(json.dumps(body))
    code, told = called("send", "elryan-iq", "cancel_line", "--json-body", f"@{file}")
    assert code == 0
    assert {name: told[name] for name in ("vendor", "verb", "state", "error")} == {
        "vendor": "elryan-iq", "verb": "cancel_line", "state": "confirmed", "error": None,
    }  # fmt: skip
    assert told["answer"]["data"]["cancelReason"] == "out_of_stock"
    assert told["key"]
    with pytest.raises(CommandError) as wrong:
        call_command("send", "elryan-iq", "fly")
    assert wrong.value.returncode == 2
    write(vendor, "off")
    code, told = called("send", "elryan-iq", "cancel_line", "--json-body", json.dumps(body))
    assert (code, told["state"]) == (1, "refused")


def test_send_tells_a_part_that_was_not_done(elryan, vendor):
    items = [{"sku": skus(elryan)[0], "stock": 4}, {"sku": "NIX", "stock": 4}]
    code, told = called("send", "elryan-iq", "stock_and_price", "--json-body", json.dumps({"items": items}))
    assert (code, told["state"]) == (3, "confirmed")
    assert told["answer"]["data"]["notFoundVariantsInDb"] == ["NIX"]


def test_unknown_lists_and_looks_up(elryan, vendor):
    elryan.fault("drop", path="*/orders/cancel/*", times=1, accept=True)
    sent(vendor, "cancel_line", cancel(elryan))
    code, told = called("unknown", "--json")
    assert code == 1
    assert [row["state"] for row in told["commands"]] == ["unknown"]
    code, told = called("unknown", "--look-up", "--json")
    assert (code, told["ok"], told["commands"][0]["state"]) == (0, True, "confirmed")
    assert called("unknown", "--json") == (0, {"ok": True, "commands": []})
