"""How the hub's templates show times, and what is sent."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.utils.safestring import SafeString

from config import admin

register = template.Library()


@register.filter
def age(moment: datetime | None) -> SafeString | str:
    """`4 min ago`; "never" when there is no such time."""
    return admin.age(moment) if moment else "never"


@register.filter
def span(length: timedelta | None) -> str:
    return admin.span(length.total_seconds()) if length else admin.UNKNOWN


@register.filter
def page_link(row: Any) -> SafeString | str:
    """A link to the row's own page."""
    return admin.link(row)


@register.filter
def money(amount: Decimal | None, currency: str = "") -> SafeString | str:
    return admin.money(amount, currency)


@register.filter
def figure(number: Decimal | None) -> str:
    """A number without needless zeros; a dash when unknown."""
    return admin.figure(number)


@register.filter
def as_json(value: Any) -> str:
    """JSON a person can read."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


@register.filter
def thing(named: str) -> str:
    """What a command is about, as people read it: `variant 1400001`."""
    return named.replace(":", " ", 1)
