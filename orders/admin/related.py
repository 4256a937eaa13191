"""What came of an order: its packages, returns and transactions in one query, whichever of them there are."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC
from decimal import Decimal
from typing import Any

from django.db.models import DateField, DateTimeField, DecimalField, Model, QuerySet, TextField, Value
from django.db.models.functions import Cast, JSONObject
from django.utils.dateparse import parse_date, parse_datetime

from orders.models import Order, Package, Return, Transaction

SHOWN: dict[type[Model], Sequence[str]] = {
    Package: ("external_id", "number", "tracking_number", "status", "vendor_status", "shipped_at"),
    Return: (
        "external_id", "number", "status", "vendor_status", "reason", "vendor_created_at", "amount", "currency",
    ),
    Transaction: ("external_id", "number", "kind", "date", "amount", "currency"),
}  # fmt: skip


def related(order: Order) -> dict[type[Model], list[Any]]:
    """Rows by model, with the columns of SHOWN alone. Kept on the order: each of the page's tables asks."""
    kept: dict[type[Model], list[Any]] | None = getattr(order, "hub_related", None)
    if kept is None:
        first, *others = (_facts(model, names, order) for model, names in SHOWN.items())
        kept = defaultdict(list)
        models = {model._meta.model_name: model for model in SHOWN}
        for kind, facts in first.union(*others, all=True):
            kept[models[kind]].append(_row(models[kind], facts))
        order.hub_related = kept  # type: ignore[attr-defined]
    return kept


def _facts(model: type[Model], names: Sequence[str], order: Order) -> QuerySet[Any, Any]:
    # Figures as text: a JSON number would come back as a float.
    figures = {name for name in names if isinstance(model._meta.get_field(name), DecimalField)}
    facts = {name: Cast(name, TextField()) if name in figures else name for name in names}
    rows = model._default_manager.filter(order=order).order_by()
    return rows.values_list(Value(model._meta.model_name, TextField()), JSONObject(pk="pk", **facts))


def _row(model: type[Model], facts: dict[str, Any]) -> Model:
    return model(pk=facts.pop("pk"), **{name: _value(model, name, said) for name, said in facts.items()})


def _value(model: type[Model], name: str, said: Any) -> Any:
    field = model._meta.get_field(name)
    if said is None:
        return None
    if isinstance(field, DateTimeField):
        moment = parse_datetime(str(said))
        return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
    if isinstance(field, DateField):
        return parse_date(str(said))
    return Decimal(said) if isinstance(field, DecimalField) else said
