"""What belongs together although it came apart: lines and variants; packages, returns, transactions and their orders.

A vendor's lists arrive in any order, and an unchanged row is not looked at again; so whichever side comes later makes the link.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q

from catalog import rows
from catalog.mirror import search_text
from catalog.models import Variant
from orders.models import Order, OrderLine, Package, PackageLine, Return, ReturnLine, Transaction
from orders.records import OrderLineRecord

Match = tuple[int | None, str]  # variant id, how it was found
NONE, AMBIGUOUS = "none", "ambiguous"
# What may come before its order: the model, its lines, the column with the order's name as sent.
WAITING: tuple[tuple[type[Any], type[Any] | None, str], ...] = (
    (Package, PackageLine, "order_external_id"),
    (Return, ReturnLine, "order_external_id"),
    (Transaction, None, "order_number"),
)


def match(vendor_id: int, lines: Iterable[OrderLineRecord | OrderLine]) -> list[Match]:
    """Each line's variant of the same vendor: by SKU, else by GTIN. Ambiguous stays unmatched and visible."""
    lines = list(lines)
    skus = {line.sku for line in lines if line.sku}
    codes = {line.barcode or line.sku for line in lines if line.barcode or line.sku}
    by_sku: dict[str, set[int]] = defaultdict(set)
    by_gtin: dict[str, set[int]] = defaultdict(set)
    for column, wanted, found in (("sku", skus, by_sku), ("gtin", codes, by_gtin)):
        for part in rows.chunks(sorted(wanted)):
            hits = Variant.objects.filter(vendor_id=vendor_id, **{f"{column}__in": part})
            for pk, value in hits.values_list("pk", column):
                found[value].add(pk)
    return [_decide(by_sku.get(line.sku), by_gtin.get(line.barcode or line.sku)) for line in lines]


def _decide(by_sku: set[int] | None, by_gtin: set[int] | None) -> Match:
    for how, hits in (("sku", by_sku), ("gtin", by_gtin)):
        if hits:
            return (next(iter(hits)), how) if len(hits) == 1 else (None, AMBIGUOUS)
    return None, NONE


def match_again(vendor_id: int, since: datetime) -> int:
    """Match lines that matched nothing with variants first seen since then; returns how many found theirs."""
    codes: set[str] = set()
    new = Variant.objects.filter(vendor_id=vendor_id, seen_at__gte=since)
    for pair in new.values_list("sku", "gtin").iterator(chunk_size=5000):
        codes.update(filter(None, pair))
    matched = 0
    for part in rows.chunks(sorted(codes)):
        named = Q(sku__in=part) | Q(barcode__in=part)
        lines = list(OrderLine.objects.filter(named, order__vendor_id=vendor_id, match=NONE))
        for line, (variant_id, how) in zip(lines, match(vendor_id, lines), strict=True):
            line.variant_id, line.match = variant_id, how
            matched += variant_id is not None
        OrderLine.objects.bulk_update([line for line in lines if line.match != NONE], ["variant", "match"])
    return matched


def orders_named(vendor_id: int, names: Iterable[str]) -> dict[str, int]:
    """Ids of orders by the number, id or line id a vendor uses for them."""
    result: dict[str, int] = {}
    for part in rows.chunks(sorted(set(filter(None, names)))):
        lines = OrderLine.objects.filter(order__vendor_id=vendor_id, external_id__in=part)
        result |= dict(lines.values_list("external_id", "order_id"))
        found = Order.objects.filter(Q(number__in=part) | Q(external_id__in=part), vendor_id=vendor_id)
        for pk, number, external_id in found.values_list("pk", "number", "external_id"):
            result |= {name: pk for name in (number, external_id) if name in part}
    return result


def adopt(vendor_id: int, names: Mapping[str, int]) -> set[int]:
    """Give packages, returns and transactions that waited for an order to it: names (number, id, line id) → order id.

    Returns the ids of the orders that were given something.
    """
    given: set[int] = set()
    for part in rows.chunks(sorted(filter(None, names))):
        for model, line, named in WAITING:
            waiting = model._default_manager.filter(vendor_id=vendor_id, order=None, **{f"{named}__in": part})
            found: list[Any] = list(waiting.defer("raw", "search"))
            for row in found:
                row.order_id = names[getattr(row, named)]
                given.add(row.order_id)
            model._default_manager.bulk_update(found, ["order"], batch_size=rows.BATCH)
            if line is not None:
                _adopt_lines(line, found)
    return given


def _adopt_lines(model: type[PackageLine | ReturnLine], found: Iterable[Any]) -> None:
    """Link the lines of packages or returns that were given to their orders."""
    owners = {row.pk: row for row in found}
    ids = line_ids({row.order_id for row in owners.values()})
    parent = "package_id" if model is PackageLine else "parent_id"
    linked: list[Any] = []
    for (owner, _), line in rows.children(model, parent, owners).items():
        line.order_line_id = ids.get((owners[owner].order_id, line.line_external_id or line.sku))
        if line.order_line_id:
            linked.append(line)
    model._default_manager.bulk_update(linked, ["order_line"], batch_size=rows.BATCH)


def line_ids(order_ids: Iterable[int]) -> dict[tuple[int, str], int]:
    """Ids of order lines by (order id, external id), and by (order id, SKU) where no line has that id."""
    found: dict[tuple[int, str], int] = {}
    for part in rows.chunks(sorted(order_ids)):
        lines = OrderLine.objects.filter(order_id__in=part).order_by("pk")
        for pk, order_id, external_id, sku in lines.values_list("pk", "order_id", "external_id", "sku"):
            found.setdefault((order_id, sku), pk)
            found[order_id, external_id] = pk
    return found


def refresh_search(order_ids: Iterable[int]) -> None:
    """Let orders be found by the numbers their packages, returns and transactions have by now."""
    for part in rows.chunks(sorted(set(order_ids))):
        changed = []
        numbers = later_numbers(part)
        for order in Order.objects.filter(pk__in=part).defer("raw").prefetch_related("lines"):
            text = order_text(order, order.lines.all(), numbers.get(order.pk, ()))
            if text != order.search:
                order.search = text
                changed.append(order)
        Order.objects.bulk_update(changed, ["search"], batch_size=rows.BATCH)


def later_numbers(order_ids: Iterable[int]) -> dict[int, list[str]]:
    """What else an operator may hold of an order: numbers of its packages, tracking, invoices, returns, transactions."""
    found: dict[int, list[str]] = {}
    for part in rows.chunks(sorted(order_ids)):
        packages = Package.objects.filter(order_id__in=part).order_by("pk")
        for pk, *numbers in packages.values_list("order_id", "tracking_number", "number", "invoice_number"):
            found.setdefault(pk or 0, []).extend(number for number in numbers if number)
        for model in (Return, Transaction):
            numbered = model._default_manager.filter(order_id__in=part).exclude(number="").order_by("pk")
            for pk, number in numbered.values_list("order_id", "number"):
                found.setdefault(pk or 0, []).append(number)
    return found


def order_text(order: object, lines: Iterable[object], later: Iterable[str]) -> str:
    """The text an order is searched in: every number and name of it, of its lines, packages, returns and transactions.

    order and lines may be rows or records: what a record keeps as stored is the caller's to fill in.
    """
    of_order = ("number", "external_id", "reference", "buyer_name", "buyer_email", "buyer_phone")
    return search_text(
        *(getattr(order, name) for name in of_order),
        *getattr(order, "other_numbers", ()),
        *(getattr(line, name) for line in lines for name in ("external_id", "sku", "barcode")),
        *sorted(later),
    )
