"""A vendor's own list of its status words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StatusRecord:
    """`word` is what stands in the vendor's rows (their vendor_status); `label` is what the vendor calls it for people.

    subject: order, package or return. status: what the parser takes the word for, "unknown" where it cannot tell.
    """

    external_id: str
    word: str
    label: str = ""
    subject: str = "order"
    status: str = "unknown"


@dataclass(frozen=True, slots=True)
class ChoiceRecord:
    """One of the things a vendor lets one choose from, such as a reason to cancel."""

    external_id: str
    name: str
