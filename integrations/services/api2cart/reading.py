"""Asking a store for single rows around a write: one page, decoded."""

from collections.abc import Iterable, Mapping
from typing import Any

from integrations import raw
from integrations.errors import Refused
from integrations.service import VendorService
from integrations.services.api2cart import answers
from integrations.services.api2cart.fields import identity, short
from integrations.services.api2cart.flows import FIELDS, METHOD, RESULT, fields_of
from integrations.services.api2cart.methods import METHODS, checked
from integrations.verbs import Doing

PATIENCE = 180.0  # seconds: shops answer at very different speed, and a call given up goes on unseen
AT_ONCE = 50  # rows by their ids in one call


class Reading(VendorService):
    """What look-ups and checks read with."""

    def _call(self, name: str, params: Mapping[str, Any]) -> bytes:
        method, given = checked(name, params)
        return self.http.get(method.path, given, total=PATIENCE, read=PATIENCE - 10).body

    def can(self, method: str) -> bool:
        methods = self.account.abilities.get("methods")
        return not methods or method in methods

    def listed_rows(self, flow: str, more: str = "", **params: Any) -> list[dict[str, Any]]:
        """One page of a flow's list, decoded."""
        method, fields = METHOD[flow], fields_of(flow)
        if more:
            *beside, rows = RESULT[flow].split()
            inside = ",".join([*beside, f"{rows}{{{FIELDS[flow]},{more}}}"])
            fields = f"{{return_code,return_message,pagination,result{{{inside}}}}}"
        shop = str(self.option("store_id"))
        asked = {**({"store_id": shop} if shop else {}), **params, "response_fields": fields, "count": AT_ONCE}
        found = [raw.row(row) for row in answers.rows_of(self._call(method, asked), METHODS[method].rows)]
        return [row for row in found if isinstance(row, dict)]

    def order_of(self, number: str) -> dict[str, Any]:
        """The order with what was paid back. Raises errors.Refused when the shop does not show it."""
        for row in self.listed_rows("orders", "refunds", order_ids=number):
            if number in (short(row.get("order_id")), short(row.get("id"))):
                return row
        raise Refused(
            f"The shop does not show order {number}.", "Correct its number: the order's id, not the one people see."
        )

    def shipments_of(self, order: str) -> list[dict[str, Any]]:
        rows = self.listed_rows("shipments", order_id=order)
        return [row for row in rows if short(row.get("order_id")) in ("", order)]

    def shipment_of(self, doing: Doing) -> dict[str, Any] | None:
        rows = self.shipments_of(doing.body["order_id"])
        return next((row for row in rows if short(row.get("id")) == doing.body["shipment_id"]), None)

    def returns_of(self, order: str) -> list[dict[str, Any]]:
        return [
            row for row in self.listed_rows("returns", order_ids=order) if short(row.get("order_id")) in ("", order)
        ]

    def by_ids(self, flow: str, named: str, ids: list[str]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(ids), AT_ONCE):
            for row in self.listed_rows(flow, **{named: ",".join(ids[start : start + AT_ONCE])}):
                found[identity(row, "id")] = row
        return {key: found[key] for key in ids if key in found}

    def variants_of(self, wanted: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for parent in dict.fromkeys(row["product_id"] for row in wanted):
            found |= {identity(row, "id"): row for row in self.listed_rows("variants", product_id=parent)}
        return {row["id"]: found[row["id"]] for row in wanted if row["id"] in found}

    def part_of(self, doing: Doing, fields: str) -> dict[str, Any] | None:
        """These members of the variant the body names, else of its product; None when the shop does not show it."""
        body = doing.body
        variant = body.get("product_variant_id") or (body.get("id") if doing.verb.endswith("_variant_prices") else "")
        flow, member = ("variants", "children") if variant else ("products", "product")
        named = {"product_id": body["product_id"]} if variant else {"product_ids": body["product_id"]}
        asked = f"{{return_code,return_message,pagination,result{{{member}{{id,{fields}}}}}}}"
        told = self._call(METHOD[flow], {**named, "response_fields": asked, "count": 50})
        rows = [raw.row(one) for one in answers.rows_of(told, METHODS[METHOD[flow]].rows)]
        wanted = str(variant or body["product_id"])
        return next((row for row in rows if isinstance(row, dict) and short(row.get("id")) == wanted), None)
