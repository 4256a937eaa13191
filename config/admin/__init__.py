"""What every list and page of the admin shares: read-only mirrors, pages without COUNT(*), and how values are shown."""

from config.admin.cells import (
    UNKNOWN,
    Figure,
    address,
    age,
    badge,
    exact,
    figure,
    fold,
    link,
    money,
    outside,
    span,
    table,
    thumbnail,
    when,
)
from config.admin.filters import GONE, DateRange, Values, told_by
from config.admin.lists import HubAdmin
from config.admin.mirror import MirrorAdmin, described
from config.admin.paging import CAP, HubChangeList

__all__ = [
    "CAP",
    "GONE",
    "UNKNOWN",
    "DateRange",
    "Figure",
    "HubAdmin",
    "HubChangeList",
    "MirrorAdmin",
    "Values",
    "address",
    "age",
    "badge",
    "described",
    "exact",
    "figure",
    "fold",
    "link",
    "money",
    "outside",
    "span",
    "table",
    "thumbnail",
    "told_by",
    "when",
]
