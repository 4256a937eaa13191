"""What a store shows of an order: just before money or goods move, after an answer was lost, and while a batch is worked on."""

from decimal import Decimal

from integrations import raw
from integrations.errors import Refused
from integrations.services.api2cart import answers
from integrations.services.api2cart.batches import BatchVerb, still_works
from integrations.services.api2cart.comparing import (
    AGAIN,
    bought_of,
    each,
    made_since,
    refunds_of,
    same,
    same_lines,
    since,
    summed,
    tracking_of,
    within,
    words_of,
)
from integrations.services.api2cart.fields import identity, listed, moment, money, named, part, short
from integrations.services.api2cart.reading import AT_ONCE, Reading
from integrations.verbs import Doing, Found, Outcome

# What is told to others, or added once more, when the same goes twice.
TELLING = {
    "comment",
    "admin_comment",
    "admin_private_comment",
    "message",
    "staff_note",
    "send_notifications",
    "create_invoice",
}


class OrdersLookedUp(Reading):
    """The methods verbs of orders name as `check` and `look_up`; and the one for jobs."""

    def job_ended(self, doing: Doing) -> Found:
        """What came of a batch, row by row."""
        try:
            result = answers.result_of(self._call("batch.job.result", {"id": doing.number}))
        except answers.Unfinished:
            return still_works()
        except Refused as error:
            return Found(False, f"API2Cart does not tell what came of job {doing.number}: {error}")
        verb = self.verbs[doing.verb]
        assert isinstance(verb, BatchVerb)
        told = f"Job {doing.number}: {result.get('items_succeed')} of {result.get('items_processed')} done."
        return Found(True, told, {"result": result}, verb.ended(doing, result))

    # -- orders

    def refund_fits(self, doing: Doing) -> None:
        """Raises errors.Refused with the figures when more would be paid back than was bought."""
        order = self.order_of(doing.body["order_id"])
        bought, back = bought_of(order), summed(refunds_of(order), "qty")
        within(doing.body.get("items") or (), "quantity", bought, back, "paid back")
        paid = money(part(order, "total").get("total")) or money(part(order, "totals").get("total"))
        given = [money(refund.get("total")) for refund in refunds_of(order)]
        wanted = doing.body.get("total_price")
        if wanted and paid is not None and None not in given and sum(filter(None, given)) + Decimal(str(wanted)) > paid:
            so_far = sum(filter(None, given), Decimal(0))
            raise Refused(
                f"Nothing was paid back: of {paid:f}, {so_far:f} are back already, and {wanted} more were wanted.",
                AGAIN,
            )

    def shipment_fits(self, doing: Doing) -> None:
        """Raises errors.Refused with the figures when more would be shipped than was ordered."""
        if not self.can("order.shipment.list"):
            return
        order = self.order_of(doing.body["order_id"])
        sent = summed(self.shipments_of(doing.body["order_id"]), "quantity")
        bought = bought_of(order)
        within(doing.body.get("items") or (), "quantity", bought, sent, "shipped")
        if (
            not doing.body.get("items")
            and bought
            and all(sent.get(line, Decimal(0)) >= most for line, most in bought.items())
        ):
            raise Refused("Nothing was shipped: every line of this order is shipped already.", AGAIN)

    def order_stands(self, doing: Doing) -> Found:
        wanted = {
            "order_status": "status",
            "financial_status": "financial_status",
            "fulfillment_status": "fulfillment_status",
        }
        if not set(doing.body) & set(wanted):
            return Found(None, "An order's comments are not told; look at it in the shop.")
        order = self.order_of(doing.body["order_id"])
        shown = {ours: words_of(order.get(theirs)) for ours, theirs in wanted.items() if ours in doing.body}
        stands = all(str(doing.body[name]).casefold() in words for name, words in shown.items())
        told = f"The shop shows the order as “{short(part(order, 'status').get('name')) or 'nothing'}”."
        return Found(True if stands else None if TELLING & set(doing.body) else False, told, {"order": order})

    def refund_made(self, doing: Doing) -> Found:
        order = self.order_of(doing.body["order_id"])
        for refund in refunds_of(order):
            if since(refund, doing, "modified_time") and same_lines(
                doing.body.get("items"), listed(refund, "items"), "quantity", "qty"
            ):
                number = short(refund.get("id"))
                return Found(True, f"The shop shows refund {number} of these lines.", refund, Outcome(number))
        return Found(
            None, f"The shop shows {len(refunds_of(order))} refunds of this order, none of them surely this one."
        )

    def order_made(self, doing: Doing) -> Found:
        email = doing.body["customer_email"].casefold()
        since = doing.asked_at.strftime("%Y-%m-%dT%H:%M:%S+0000") if doing.asked_at else ""
        rows = self.listed_rows("orders", **({"created_from": since} if since else {}))
        mine = [
            short(row.get("order_id")) for row in rows if short(part(row, "customer").get("email")).casefold() == email
        ]
        return Found(
            None, f"The shop shows {len(mine)} orders of this customer since then: {', '.join(mine[:5]) or 'none'}."
        )

    # -- shipments

    def shipments_made(self, doing: Doing) -> Found:
        """By the tracking number of each, as many orders as are looked at at once."""
        rows = doing.body["shipments"]
        asked = [row["order_id"] for row in rows]
        proved = {
            row["order_id"] for row in rows[:AT_ONCE] if self._is_shipped(row["order_id"], row["tracking_number"])
        }
        return each(
            asked, proved, f"The shop shows the tracking numbers of {len(proved)} of these {len(asked)} orders."
        )

    def _is_shipped(self, order: str, tracking: str) -> bool:
        return any(tracking in tracking_of(row) for row in self.shipments_of(order))

    def shipment_made(self, doing: Doing) -> Found:
        wanted = {one["tracking_number"] for one in doing.body.get("tracking_numbers") or ()}
        for row in (rows := self.shipments_of(doing.body["order_id"])):
            ours = bool(wanted & tracking_of(row)) if wanted else (
                since(row, doing, "created_at") and same_lines(doing.body.get("items"), listed(row, "items"), "quantity", "quantity")
            )  # fmt: skip
            if ours:
                number = identity(row, "id")
                return Found(True, f"The shop shows shipment {number} of these lines.", row, Outcome(number))
        return Found(None, f"The shop shows {len(rows)} shipments of this order, none of them surely this one.")

    def tracking_made(self, doing: Doing) -> Found:
        row = self.shipment_of(doing)
        if row is not None and doing.body["tracking_number"] in tracking_of(row):
            return Found(True, "The shop shows this tracking number.", row)
        return Found(
            None, "The shop does not show this tracking number." if row else "The shop does not show this shipment."
        )

    def shipment_stands(self, doing: Doing) -> Found:
        """Tracking numbers, provider, sent and delivered are told; the customer's mail and a comment are not."""
        row = self.shipment_of(doing)
        if row is None:
            return Found(None, "The shop does not show this shipment.")
        wanted, shown = doing.body, tracking_of(row)
        numbers = {one["tracking_number"] for one in wanted.get("tracking_numbers") or ()}
        stands = [numbers <= shown if wanted.get("replace") is False else numbers == shown] if numbers else []
        stands += [same(row.get(name), wanted[name]) for name in ("shipment_provider", "is_shipped") if name in wanted]
        if at := moment(wanted.get("delivered_at")):
            stands.append(moment(row.get("delivered_at")) == at)
        told = f"The shop shows the shipment with {', '.join(sorted(shown)) or 'no tracking number'}."
        return Found(True if stands and all(stands) else None, told, row)

    def event_made(self, doing: Doing) -> Found:
        """By its status, and by its time: the one that was given, or after it was decided."""
        asked = {"shipment_id": doing.body["shipment_id"], "order_id": doing.body["order_id"], "count": AT_ONCE}
        body = self._call("order.shipment.event.list", asked)
        rows = [row for one in answers.rows_of(body, "events") if isinstance(row := raw.row(one), dict)]
        mine = [row for row in rows if short(row.get("status")).casefold() == doing.body["status"].casefold()]
        if at := moment(doing.body.get("created_at")):
            mine = [row for row in mine if moment(row.get("created_at")) == at]
            if len(mine) == 1:
                number = identity(mine[0], "id")
                return Found(True, f"The shop shows event {number} of that time.", mine[0], Outcome(number))
        return made_since(doing, mine, "created_at", "event")

    def shipment_gone(self, doing: Doing) -> Found:
        there = self.shipment_of(doing) is not None
        return Found(not there, f"The shop shows {'this' if there else 'no such'} shipment.")

    # -- goods that come back

    def return_made(self, doing: Doing) -> Found:
        wanted = doing.body["order_products"]
        for row in (rows := self.returns_of(doing.body["order_id"])):
            goods = listed(row, "order_products")
            if since(row, doing, "created_at") and same_lines(wanted, goods, "order_product_quantity", "quantity"):
                number = identity(row, "id")
                return Found(True, f"The shop shows return {number} of these goods.", row, Outcome(number))
        return Found(None, f"The shop shows {len(rows)} returns of this order, none of them surely this one.")

    def return_stands(self, doing: Doing) -> Found:
        wanted = str(doing.body.get("return_status_id") or "").casefold()
        row = next(
            (row for row in self.returns_of(doing.body["order_id"]) if identity(row, "id") == doing.body["return_id"]),
            None,
        )
        if row is None or not wanted:
            return Found(None, "The shop does not show this return." if row is None else "Only a status can be seen.")
        stands = wanted in words_of(row.get("status"))
        told = f"The shop shows the return as “{named(row.get('status'))[1]}”."
        return Found(True if stands else None if TELLING & set(doing.body) else False, told, row)

    def return_gone(self, doing: Doing) -> Found:
        there = any(identity(row, "id") == doing.body["return_id"] for row in self.returns_of(doing.body["order_id"]))
        return Found(not there, f"The shop shows {'this' if there else 'no such'} return.")
