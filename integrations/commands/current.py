"""What the things a command changes look like now, as far as the hub has them mirrored."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils import timezone

from catalog.models import Variant
from config.admin import span
from integrations.models import Command
from integrations.service import services
from orders.models import Order, OrderLine

MOST = 500


def plain(number: Decimal | None) -> str:
    return "?" if number is None else f"{number.normalize():f}"


def states(commands: Iterable[Command]) -> dict[int, list[dict[str, str]]]:
    """By command: each thing with what it is now and what it would be. Two queries, however many there are."""
    wanted: dict[str, set[tuple[int, str]]] = defaultdict(set)
    rows: list[tuple[Command, str, str, str]] = []
    for command in commands:
        for kind, key, becomes in _things(command):
            wanted[kind].add((command.vendor_id, key))
            rows.append((command, kind, key, becomes))
    goods = {kind: _variants(kind, wanted[kind]) for kind in ("variant", "product")}
    now = {**goods["variant"], **goods["product"], **_lines(wanted["line"]), **_orders(wanted["order"])}
    found: dict[int, list[dict[str, str]]] = defaultdict(list)
    for command, kind, key, becomes in rows:
        found[command.pk].append({"thing": key, "now": now.get((kind, command.vendor_id, key), ""), "then": becomes})
    return found


def _things(command: Command) -> Iterable[tuple[str, str, str]]:
    kind = services().get(command.vendor.kind)
    verb = kind.verbs.get(command.verb) if kind else None
    if verb is None:
        return
    if verb.rows and verb.row_id:
        for row in command.body.get(verb.rows, [])[:MOST]:
            fixed = (verb.row_id, *verb.row_keeps)
            told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in row.items() if name not in fixed)
            yield verb.about, str(row[verb.row_id]), told
    elif isinstance(command.body.get("lines"), list):  # what an order is about are its articles
        for line in command.body["lines"][:MOST]:
            yield "variant", str(line.get("sku", "")), f"buy {line.get('quantity', '')}"
    else:
        for thing in verb.objects(command.body):
            yield verb.about, str(thing), ""


def _variants(kind: str, wanted: set[tuple[int, str]]) -> dict[tuple[str, int, str], str]:
    """Variants; and products that are their own variant, and so have its number."""
    if not wanted:
        return {}
    keys = [key for _, key in wanted]
    rows = Variant.objects.filter(Q(sku__in=keys) | Q(external_id__in=keys), vendor_id__in={v for v, _ in wanted})
    found: dict[tuple[str, int, str], str] = {}
    names = (
        "vendor_id",
        "sku",
        "external_id",
        "stock",
        "stock_at_least",
        "price",
        "discount_price",
        "currency",
        "checked_at",
    )
    for row in rows.only(*names)[: 2 * MOST]:
        told = [
            f"stock {'over ' if row.stock_at_least else ''}{plain(row.stock)}"
            if row.stock is not None
            else "stock unknown"
        ]
        better = row.discount_price if row.discount_price != row.price else None
        told += [f"discount price {plain(better)} {row.currency}"] if better else []
        told += [f"price {plain(row.price)} {row.currency}"] if row.price is not None else []
        told += [f"the same for {span((timezone.now() - row.checked_at).total_seconds())}"] if row.checked_at else []
        for key in (row.sku, row.external_id):
            found[kind, row.vendor_id, key] = ", ".join(told)
    return found


def _orders(wanted: set[tuple[int, str]]) -> dict[tuple[str, int, str], str]:
    if not wanted:
        return {}
    rows = Order.objects.filter(
        external_id__in=[key for _, key in wanted], vendor_id__in={vendor for vendor, _ in wanted}
    ).only("vendor_id", "external_id", "number", "status", "vendor_status", "total", "currency")
    return {
        ("order", row.vendor_id, row.external_id): f"order {row.number}, {row.vendor_status or row.status}, "
        f"{plain(row.total)} {row.currency}".strip()
        for row in rows[:MOST]
    }


def _lines(wanted: set[tuple[int, str]]) -> dict[tuple[str, int, str], str]:
    if not wanted:
        return {}
    rows: Any = OrderLine.objects.filter(
        external_id__in=[key for _, key in wanted], order__vendor_id__in={vendor for vendor, _ in wanted}
    ).select_related("order")
    return {
        (
            "line",
            row.order.vendor_id,
            row.external_id,
        ): f"{plain(row.quantity)} × {row.sku}, {row.vendor_status or row.status}, order {row.order.number}"
        for row in rows[:MOST]
    }
