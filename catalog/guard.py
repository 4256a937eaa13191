"""What of a row is not applied: a price that jumped, stock gone to zero, and of a row that waited what is older than the stored.

Only that part is left as stored.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from typing import Any

from catalog import rows
from catalog.models import PriceChange, StockChange, Variant
from catalog.outcome import Batch, Guard, Item, Risk
from catalog.records import KEEP, AvailabilityRecord, VariantRecord

# What goes together: a price means nothing without its currency, a stock nothing without its "more than".
HOLDS = {
    "price": ("price", "discount_price", "copyright_levy", "retail_price", "currency", "retail_currency"),
    "zero": ("stock", "stock_at_least"),
}
Offer = VariantRecord | AvailabilityRecord


@dataclass
class Sifted:
    """`offers`: each record as it may be applied, by its own external id. The others: by the item's external id."""

    offers: dict[str, Any] = field(default_factory=dict)
    risky: dict[str, Risk] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)


def sift(batch: Batch, known: Mapping[str, Variant], offers_of: Callable[[Item], Iterable[Offer]]) -> Sifted:
    """Hold back the risky part of every offer. What a person decided not to take is held back and not asked again."""
    result, newer = Sifted(), _newer(batch, known, offers_of)
    for item in batch.items:
        found: list[tuple[str, str, str]] = []
        for offer in offers_of(item):
            older = newer.get(offer.external_id, ())
            if older:
                result.left.add(item.external_id)
                offer = _without(offer, older)
            risks = _risks(offer, known.get(offer.external_id), batch.guard)
            result.offers[offer.external_id] = _without(offer, [kind for kind, _, _ in risks])
            found += risks
        if not found:
            continue
        said = "; ".join(said for _, said, _ in found)
        if batch.guard and batch.guard.refused.get(item.external_id) == said:
            result.kept.add(item.external_id)
        else:
            kinds = [kind for kind, _, _ in found]
            kind = "price" if "price" in kinds else kinds[0]
            result.risky[item.external_id] = Risk(kind, said, "; ".join(detail for _, _, detail in found))
    return result


def _risks(offer: Offer, row: Variant | None, guard: Guard | None) -> list[tuple[str, str, str]]:
    """Kind, what the vendor says (the same text as long as it says the same), and that for people."""
    if guard is None or row is None:
        return []
    found = []
    if offer.currency is KEEP or offer.currency == row.currency:
        for name in ("price", "discount_price"):
            before, after = getattr(row, name), getattr(offer, name)
            if before and isinstance(after, Decimal) and _jumped(name, before, after, guard.price_factor):
                shown = f"{name.replace('_', ' ')} {_plain(before)} → {_plain(after)} {row.currency}".strip()
                found.append(("price", f"{offer.external_id} {name} {_plain(after)}", f"{row.sku}: {shown}"))
    if guard.zero and row.stock and row.gone_at is None and isinstance(offer.stock, Decimal) and offer.stock == 0:
        found.append(("zero", f"{offer.external_id} stock 0", f"{row.sku}: stock {row.stock_text} → 0"))
    return found


def _jumped(name: str, before: Decimal, after: Decimal, factor: Decimal) -> bool:
    if after <= 0:
        return name == "price"  # a discount price of zero says that there is no discount any more
    return max(after / before, before / after) > factor


def _newer(
    batch: Batch, known: Mapping[str, Variant], offers_of: Callable[[Item], Iterable[Offer]]
) -> dict[str, list[str]]:
    """Which parts of the stored variants another run has changed since the vendor said what waited."""
    if not batch.said_at:
        return {}
    waited = {
        known[offer.external_id].pk: (offer.external_id, *batch.said_at[item.external_id])
        for item in batch.items
        if item.external_id in batch.said_at
        for offer in offers_of(item)
        if offer.external_id in known
    }
    found: dict[str, list[str]] = {}
    kinds: tuple[tuple[str, Any], ...] = (("price", PriceChange), ("zero", StockChange))
    for kind, model in kinds:
        for part in rows.chunks(sorted(waited)):
            since = min(waited[pk][1] for pk in part)
            changes = model.objects.filter(variant_id__in=part, at__gt=since).values_list("variant_id", "run_id", "at")
            later = {waited[pk][0] for pk, run_id, at in changes if at > waited[pk][1] and run_id != waited[pk][2]}
            for external_id in later:
                found.setdefault(external_id, []).append(kind)
    return found


def _without(offer: Offer, kinds: Iterable[str]) -> Offer:
    names = {name for kind in kinds for name in HOLDS[kind]}
    held: dict[str, Any] = {f.name: KEEP for f in fields(offer) if f.name in names}
    return replace(offer, **held) if held else offer


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
