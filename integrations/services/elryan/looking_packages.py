"""What Elryan's side shows of a package, its tracking or its delivery after an answer was lost."""

from collections.abc import Mapping
from typing import Any

from integrations.services.elryan.fields import part, status_of, text
from integrations.services.elryan.looking import stands
from integrations.services.elryan.parse_packages import WORDS
from integrations.verbs import Doing, Found

MOVING = ("shipped", "delivered")
NOT_SHOWN = "base64_file"  # a label's file is taken and never told


def package_is(row: Any, doing: Doing, *wanted: str) -> Found:
    """Whether it is in one of these states of ours, with the tracking that was given. Another state proves nothing: no document
    lists the words."""
    if not isinstance(row, Mapping):
        return Found(None, "Elryan does not show this package.")
    word, held = text(row.get("status")), row.get("tracking")
    tracking = (held[-1] if held else {}) if isinstance(held, list) else part(row, "tracking")
    told = f"Elryan shows the package as “{word or 'without a status'}”."
    given = {name: value for name, value in doing.body.items() if name in tracking and name != NOT_SHOWN}
    same = all(str(tracking[name]) == str(value) for name, value in given.items())
    is_so = status_of(word, WORDS) in wanted and same
    return Found(True if is_so else None, told if same else f"{told} Its tracking is another.", row)


def tracking_stands(rows: list[Any], doing: Doing) -> Found:
    """Of the trackings the one of this package, by its own id where that was given."""
    body = {name: value for name, value in doing.body.items() if name != NOT_SHOWN}
    name = "id" if body.get("id") else "package_id"
    row = next((row for row in rows if isinstance(row, Mapping) and str(row.get(name)) == str(body[name])), None)
    if row is None:  # among trackings of other packages it may be one that this page does not show
        told = f"Elryan lists no tracking of package {body['package_id']}."
        return Found(
            None if rows else False, f"{told} It lists others, so the search is not narrowed." if rows else told
        )
    number = row.get("tracking_barcode") or row.get("tracking_number")  # the sibling API's name for it
    return stands({**row, **({"tracking_barcode": number} if number else {})}, body)


def delivery_is(row: Any, doing: Doing) -> Found:
    state = text(row.get("status")) if isinstance(row, Mapping) else ""
    wanted = str(doing.body["status"])
    return Found(
        state.casefold() == wanted.casefold() if state else None,
        f"Elryan shows the delivery as “{state or 'without a status'}”.",
        row,
    )


def event_made(row: Any, doing: Doing) -> Found:
    """Known by its time: an event without one may be an older that says the same."""
    held = row.get("delivery_info") if isinstance(row, Mapping) else None
    events = [held] if isinstance(held, Mapping) else [one for one in held or () if isinstance(one, Mapping)]
    given = doing.body["delivery_info"]
    same = [one for one in events if all(str(one.get(name)) == str(value) for name, value in given.items())]
    told = f"Elryan shows {len(events)} events of this delivery, {len(same)} of them as this one."
    return Found(True if same and given.get("datetime") else None, told, row)
