"""What Elryan's side shows of a write whose answer was lost."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from integrations.errors import Refused
from integrations.http import Client
from integrations.services.elryan.answers import row_of, rows_of
from integrations.services.elryan.verbs import data_of
from integrations.verbs import Doing, Found, Outcome

NAMES = ("stock", "price", "retail_price")


def line_is(http: Client, path: str, doing: Doing, *words: str, gone: bool) -> Found:
    """Whether the line has one of these states by now. gone=False: another state proves nothing."""
    line = str(doing.body["line"])
    try:
        answer = http.get(f"{path}/{quote(line, safe='')}")
        data_of(answer.json())
    except Refused as error:
        if error.cause == "url":
            raise  # a wrong path says nothing of the line
        return Found(False if gone else None, f"Elryan knows no line {line}.")
    row, raw = data_of(answer.json()), row_of(answer.body)
    state = str(row.get("Status") or "") if isinstance(row, dict) else ""
    told = f"Elryan shows line {line} as “{state or 'without a state'}”."
    if any(word in state.lower() for word in words):
        return Found(True, told, {"data": row}, Outcome(rows=(("orders", raw),)))
    return Found(False if gone and state else None, told)


def values_stand(http: Client, doing: Doing) -> Found:
    """Whether every article has the values that were sent; one that Elryan does not know is told apart."""
    refused: dict[str, str] = {}
    other: list[str] = []
    for item in doing.body["items"]:
        try:
            row = data_of(http.get(f"variants/get/{quote(item['sku'], safe='')}").json())
        except Refused as error:
            if error.cause == "url":
                raise  # a wrong path says nothing of the article
            refused[item["sku"]] = error.message
            continue
        row = row if isinstance(row, dict) else {}
        other += [
            f"{item['sku']} {name} {row.get(name)}" for name in NAMES if name in item and not _same(row, item, name)
        ]
    if other:
        return Found(False, f"Elryan shows other values: {', '.join(other[:5])}{' …' if len(other) > 5 else ''}.")
    told = f"Elryan shows these values on {len(doing.body['items']) - len(refused)} articles."
    return Found(True, told, {"looked_up": True}, Outcome(refused=refused))


def package_made(http: Client, path: str, doing: Doing) -> Found:
    """Whether a package with our number is in the list."""
    body = {"start": 0, "length": 10, "search": {"remote_id": doing.reference}}
    raw = http.post_read(path, body)
    for row, text in zip(_list(raw.json()), rows_of(raw.body), strict=False):
        if isinstance(row, dict) and str(row.get("remote_id")) == doing.reference:
            number = str(row.get("id") or "")
            return Found(
                True,
                f"Elryan lists package {number} with our number.",
                row,
                Outcome(number, rows=(("packages", bytes(text)),)),
            )
    return Found(None, f"Elryan's list shows no package with our number {doing.reference}.")


def one_of(http: Client, path: str, key: str, end: str = "") -> Any:
    """The row as Elryan has it now; None when it has no such row."""
    try:
        return data_of(http.get(f"{path}/{quote(key, safe='')}{end}").json())
    except Refused as error:
        if error.cause == "url":
            raise  # a wrong path says nothing of the row
        return None


def listed(http: Client, path: str, key: Any) -> Any:
    """The row with this key of ours in a search; None when it is not there. The filter may be ignored: rows are compared."""
    rows = _list(http.post_read(path, {"start": 0, "length": 10, "search": {"remote_id": str(key)}}).json())
    return next((row for row in rows if isinstance(row, dict) and str(row.get("remote_id")) == str(key)), None)


def searched(http: Client, path: str, wanted: Mapping[str, Any]) -> list[Any]:
    return _list(http.post_read(path, dict(wanted)).json())


def is_switched(row: Any, doing: Doing, *, active: bool) -> Found:
    """Whether it is on sale, or off."""
    key = doing.body.get("sku") or doing.body.get("spu")
    state = row.get("is_active") if isinstance(row, dict) else None
    if not isinstance(state, bool):
        return Found(None, f"Elryan does not say whether {key} is on sale.")
    return Found(state is active, f"Elryan shows {key} {'on' if state else 'off'} sale.", row)


def stands(row: Any, given: Mapping[str, Any]) -> Found:
    """Whether Elryan's row has all that was sent; what it does not show proves nothing."""
    name = given.get("sku") or given.get("spu") or given.get("remote_id")
    if not isinstance(row, dict):
        return Found(False, f"Elryan does not show {name}.")
    seen = {key: _holds(row[key], value) if key in row else None for key, value in given.items()}
    other = [key for key, same in seen.items() if same is False]
    if other:
        return Found(False, f"Elryan shows {name} with another {', '.join(other[:5])}.", row)
    hidden = [key for key, same in seen.items() if same is None]
    if hidden:
        return Found(None, f"Elryan shows {name}, and does not show its {', '.join(hidden[:5])}.", row)
    return Found(True, f"Elryan shows {name} as it was sent.", row)


def _holds(row: Any, given: Any) -> bool | None:
    """Whether all of what was given is in the row; None where it does not show a part of it."""
    if isinstance(given, dict) and isinstance(row, dict):
        found = [_holds(row[key], value) if key in row else None for key, value in given.items()]
    elif isinstance(given, list) and isinstance(row, list):
        if len(given) != len(row):
            return False
        found = [_holds(theirs, ours) for theirs, ours in zip(row, given, strict=True)]
    elif isinstance(given, bool) or isinstance(row, bool):
        return row is given
    else:
        return _same({"": row}, {"": given}, "") or str(row) == str(given)
    return False if False in found else None if None in found else True


def _list(answer: Any) -> list[Any]:
    data = data_of(answer)
    data = data.get("data") if isinstance(data, dict) else data
    return data if isinstance(data, list) else []


def _same(row: Any, item: dict[str, Any], name: str) -> bool:
    try:
        return Decimal(str(row[name])) == Decimal(str(item[name]))
    except (KeyError, TypeError, InvalidOperation):
        return False
