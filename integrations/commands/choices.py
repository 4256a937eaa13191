"""Choices a vendor keeps a list of: what it was last seen to offer, instead of what was written into the code."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from catalog.models import Attribute, Brand, Category
from integrations.models import Vendor
from integrations.verbs import Field
from orders.models import CancelReason, ReturnAction, ReturnReason, StatusWord

ROWS: Mapping[str, Any] = {
    "attributes": Attribute,
    "brands": Brand,
    "cancel_reasons": CancelReason,
    "categories": Category,
    "return_actions": ReturnAction,
    "return_reasons": ReturnReason,
}
WORDS: Mapping[str, str] = {"order_statuses": StatusWord.Subject.ORDER}
MOST = 2000


def resolved(vendor: Vendor, fields: Iterable[Field]) -> tuple[Field, ...]:
    """The fields with the choices this connection has now; those without a list of the vendor's stay as they are."""
    return tuple(_with_choices(vendor, field) for field in fields)


def _with_choices(vendor: Vendor, field: Field) -> Field:
    if field.fields:
        inner = resolved(vendor, field.fields)
        return field if inner == field.fields else replace(field, fields=inner)
    if not field.choices_from:
        return field
    found = _listed(vendor, field.choices_from)
    if not found:
        return field
    return replace(field, choices=tuple(key for key, _ in found), labels=tuple(name or key for key, name in found))


def _listed(vendor: Vendor, flow: str) -> list[tuple[str, str]]:
    """(what is sent, what people read) of each."""
    if flow in WORDS:
        words = StatusWord.objects.filter(vendor=vendor, subject=WORDS[flow]).order_by("word")
        return list(words.values_list("word", "label")[:MOST])
    rows = ROWS[flow]._default_manager.filter(vendor=vendor, gone_at=None).order_by("name", "external_id")
    return list(rows.values_list("external_id", "name")[:MOST])
