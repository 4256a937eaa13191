"""What of a row is too risky to apply by itself: a price that jumped, stock gone to zero. Only that part is left as stored."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from typing import Any

from catalog.models import Variant
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
    """`offers`: each record as it may be applied, by its own external id. `risky`, `kept`: by the item's external id."""

    offers: dict[str, Any] = field(default_factory=dict)
    risky: dict[str, Risk] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)


def sift(batch: Batch, known: Mapping[str, Variant], offers_of: Callable[[Item], Iterable[Offer]]) -> Sifted:
    """Hold back the risky part of every offer. What a person decided not to take is held back and not asked again."""
    result = Sifted()
    for item in batch.items:
        found: list[tuple[str, str, str]] = []
        for offer in offers_of(item):
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


def _without(offer: Offer, kinds: list[str]) -> Offer:
    names = {name for kind in kinds for name in HOLDS[kind]}
    held: dict[str, Any] = {f.name: KEEP for f in fields(offer) if f.name in names}
    return replace(offer, **held) if held else offer


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
