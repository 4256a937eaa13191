"""How values are shown: ages, times, money, pictures, links, words with a tone, small tables."""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import models
from django.urls import NoReverseMatch, reverse
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

UNKNOWN = "–"
FLAT, FLATS = 12, (str, int, float, bool, type(None))  # parts of JSON shown outright, and what they may be


def span(seconds: float) -> str:
    """A length of time in its largest unit: `45 s`, `4 min`, `3 h`, `12 d`."""
    seconds = abs(seconds)
    for limit, size, unit in ((90, 1, "s"), (5400, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{round(seconds / size)} {unit}"
    return f"{round(seconds / 86_400)} d"


def age(moment: datetime | None) -> SafeString | str:
    """`4 min ago`, with the full time in the operator's zone as its title."""
    if moment is None:
        return UNKNOWN
    seconds = (timezone.now() - moment).total_seconds()
    text = f"{span(seconds)} ago" if seconds >= 0 else f"in {span(seconds)}"
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact(moment), text)


def exact(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{formats.date_format(local, 'DATETIME_FORMAT')} {local.tzname()}"


def when(moment: datetime | None) -> SafeString | str:
    """The time in the operator's zone, and its age."""
    if moment is None:
        return UNKNOWN
    return format_html('{} <span class="hub-quiet">({})</span>', exact(moment), age(moment))


class Figure(str):
    """Text that is a number, so that a table can align it."""


def figure(number: Decimal | None, least: int = 0) -> str:
    """A number without needless zeros but with at least so many decimals; a dash when unknown."""
    if number is None:
        return UNKNOWN
    places = max(least, -int(number.normalize().as_tuple().exponent))
    return Figure(f"{number:,.{places}f}")


def money(amount: Decimal | None, currency: str = "") -> SafeString | str:
    """An amount with its currency, two decimals or as many as it has; a dash when the vendor did not say."""
    if amount is None:
        return UNKNOWN
    return format_html('<bdi class="hub-money">{} {}</bdi>', figure(amount, 2), currency)


def thumbnail(url: str, large: bool = False) -> SafeString | str:
    if not url.startswith(("https://", "http://")):
        return ""
    return format_html(
        '<img class="{}" src="{}" alt="" loading="lazy" referrerpolicy="no-referrer">',
        "hub-picture" if large else "hub-thumb",
        url,
    )


def outside(url: str) -> SafeString | str:
    """A link to a vendor's page; anything but http(s) is shown as text, since vendors send it."""
    if not url.startswith(("https://", "http://")):
        return url or UNKNOWN
    return format_html('<a href="{}" rel="noreferrer noopener" target="_blank">{}</a>', url, url)


def badge(text: str, tone: str = "") -> SafeString:
    """A word with a tone: good, bad, warn or none; the word alone says it, the colour only repeats it."""
    return format_html('<span class="hub-badge {}">{}</span>', f"hub-{tone}" if tone else "", text)


def fold(value: Any, title: str = "Show") -> SafeString | str:
    """JSON behind a fold."""
    if value in (None, "", [], {}):
        return UNKNOWN
    if not isinstance(value, str):
        value = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return format_html('<details class="hub-fold"><summary>{}</summary><pre dir="ltr">{}</pre></details>', title, value)


def worded(name: str) -> str:
    """A name as programs write it, in words: `addressLine1` and `address_line1` are `address line1`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ").lower()


def spread(value: Any) -> SafeString | str:
    """JSON that is short and flat, in lines of words; behind a fold otherwise."""
    if isinstance(value, dict) and len(value) <= FLAT and all(isinstance(part, FLATS) for part in value.values()):
        told = [(worded(name), part) for name, part in value.items() if part not in (None, "")]
        lines = format_html_join("", '<div><span class="hub-quiet">{}</span> {}</div>', told)
        return lines or UNKNOWN
    if isinstance(value, list) and len(value) <= FLAT and all(isinstance(part, str | int | float) for part in value):
        return ", ".join(map(str, value)) or UNKNOWN
    return fold(value)


def address(row: models.Model) -> str:
    """The admin's page of a row; empty when its model has none. A row may name its own page model (`page_model`)."""
    model = getattr(row, "page_model", None) or type(row)
    try:
        return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk])
    except NoReverseMatch:
        return ""


def link(row: models.Model | None, text: str = "") -> SafeString | str:
    if row is None:
        return UNKNOWN
    url = address(row)
    return format_html('<a href="{}">{}</a>', url, text or row) if url else str(text or row)


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]], empty: str = "None.") -> SafeString:
    """A small table within a page; a column of figures is aligned at its end."""
    kept = [[UNKNOWN if cell == "" else cell for cell in row] for row in rows]
    if not kept:
        return format_html('<span class="hub-quiet">{}</span>', empty)
    ends = [mark(cells) for cells in zip(*kept, strict=True)]
    head = format_html_join("", '<th scope="col"{}>{}</th>', zip(ends, heads, strict=True))
    body = (format_html_join("", "<td{}>{}</td>", zip(ends, row, strict=True)) for row in kept)
    return format_html(
        '<div class="hub-scroll"><table class="hub-table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>',
        head,
        format_html_join("", "<tr>{}</tr>", ((row,) for row in body)),
    )


def mark(cells: Sequence[Any]) -> SafeString:
    """The attribute of a column's cells: all of them figures or unknown, and at least one a figure."""
    known = [cell for cell in cells if cell not in ("", UNKNOWN)]
    right = known and all(isinstance(cell, int | Figure) or "hub-money" in str(cell) for cell in known)
    return mark_safe(' class="hub-number"' if right else "")  # one of two constants  # nosec B308 B703
