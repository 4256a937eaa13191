"""The same article at several vendors: found by its GTIN, by a code, or by what a person types."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from catalog.gtin import gtin_of
from catalog.models import Variant
from config.admin.search import Words

MOST = 12  # offered for one row
BEHIND = ("raw", "search", "description", "translations", "images", "attributes", "size", "note")


@dataclass(frozen=True)
class Match:
    """A variant of another connection that may be the same article. how: GTIN, SKU, or found by words."""

    variant: Variant
    how: str


def keys_of(row: Any) -> tuple[set[str], set[str]]:
    """(GTINs without leading zeros, codes) of an order's line or of a variant; a line brings those of its variant."""
    rows = [row, *([row.variant] if getattr(row, "variant", None) is not None else [])]
    names = ("gtin", "barcode", "sku")
    told = [str(getattr(one, name, "") or "") for one in rows for name in names]
    gtins = {found.lstrip("0") for text in told if (found := gtin_of(text))}
    codes = {str(getattr(one, name, "") or "") for one in rows for name in ("sku", "manufacturer_code")}
    return gtins, {code for code in codes if code}


def found(rows: Sequence[Any], vendors: Collection[int]) -> dict[int, list[Match]]:
    """By row's id: variants of these connections with its GTIN, then those with its code. One query, however many rows."""
    keys = {row.pk: keys_of(row) for row in rows}
    gtins = {form for some, _ in keys.values() for gtin in some for form in _forms(gtin)}
    codes = {code for _, some in keys.values() for code in some}
    if not vendors or not (gtins or codes):
        return {}
    there = Variant.objects.filter(Q(gtin__in=gtins) | Q(sku__in=codes), vendor__in=vendors, gone_at=None)
    by_gtin: dict[str, list[Variant]] = {}
    by_code: dict[str, list[Variant]] = {}
    for variant in there.select_related("vendor", "product").defer(*BEHIND, "product__raw", "product__search"):
        by_gtin.setdefault(variant.gtin.lstrip("0"), []).append(variant)
        by_code.setdefault(variant.sku, []).append(variant)
    return {pk: _ranked(*wanted, by_gtin, by_code) for pk, wanted in keys.items()}


def _ranked(
    gtins: Iterable[str],
    codes: Iterable[str],
    by_gtin: Mapping[str, list[Variant]],
    by_code: Mapping[str, list[Variant]],
) -> list[Match]:
    matches: dict[int, Match] = {}
    for how, keys, index in (("GTIN", gtins, by_gtin), ("SKU", codes, by_code)):
        for key in keys:
            for variant in index.get(key, ()):
                matches.setdefault(variant.pk, Match(variant, how))
    # The cheapest that can be had first; what nobody has, or nobody knows the price of, last.
    order = sorted(
        matches.values(),
        key=lambda m: (m.how != "GTIN", not m.variant.stock, m.variant.cost is None, m.variant.cost or 0),
    )
    return order[:MOST]


def _forms(gtin: str) -> set[str]:
    """The lengths a GTIN may be stored in."""
    return {gtin, *(gtin.zfill(length) for length in (8, 12, 13, 14))}


def by_words(typed: str, vendors: Collection[int]) -> list[Match]:
    """What a person looks for by name or code, among these connections' variants."""
    words = Words(typed)
    if not words or not vendors:
        return []
    rows = Variant.objects.filter(words.condition, vendor__in=vendors, gone_at=None)
    rows = rows.select_related("vendor", "product").defer(*BEHIND, "product__raw", "product__search")
    return [Match(variant, "found by words") for variant in rows.order_by("-changed_at", "-id")[:MOST]]
