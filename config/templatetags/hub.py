"""How the hub's templates show times, and what is sent."""

import json
from datetime import datetime, timedelta
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
def as_json(value: Any) -> str:
    """JSON a person can read."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
