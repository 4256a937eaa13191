"""API2Cart's webhooks: what a delivery is about, and how they are set up for a store and kept up (api2cart.md 6).

A delivery holds the entity as `<entity>.info` would; here it is asked to hold ids alone, and all else is read from the API.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from integrations.service import Account
from integrations.services.api2cart.signing import OF_HOOKS
from integrations.webhooks.hook import Hook, News, Posted

# entity: the flow that brings it, and the members that name what the flow asks by (none: the flow reads what changed).
ENTITIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "order": ("orders", ("order_id", "id")),
    "order.shipment": ("shipments", ("order_id",)),
    "shipment": ("shipments", ("order_id",)),
    "order.transaction": ("transactions", ("order_id",)),
    "transaction": ("transactions", ("order_id",)),
    "return": ("returns", ("order_id",)),
    "order.return": ("returns", ("order_id",)),
    "product": ("products", ()),
    "product.child_item": ("variants", ("product_id", "parent_id")),
    "child_item": ("variants", ("product_id", "parent_id")),
    "variant": ("variants", ("product_id", "parent_id")),
    "category": ("categories", ()),
    "customer": ("customers", ()),
    "basket": ("abandoned_carts", ()),
}
FIELDS = "id,order_id,product_id,parent_id"  # all a delivery has to hold
PAGE = 250
LONGEST = 300  # letters of the vendor's words for trouble
Call = Callable[[str, Mapping[str, Any]], dict[str, Any]]  # a method's name, its parameters → the `result`


def news(posted: Posted, account: Account) -> News:
    """What a delivery is about. One without a body that names an error tells of a store that API2Cart cannot reach."""
    entity, action = posted.header("X-Webhook-Entity").lower(), posted.header("X-Webhook-Action").lower()
    event = ".".join(filter(None, (entity, action))) or "?"
    once = posted.header("X-Webhook-Delivery-Id")
    if (code := posted.header("X-Webhook-Error-Code").strip()) not in ("", "0"):
        return News(event, once=once, trouble=_trouble(posted, code), cure=CURE)
    flow, members = ENTITIES.get(entity, ("", ()))
    body = json.loads(posted.body) if posted.body else {}
    told: dict[str, Any] = body["result"] if isinstance(body.get("result"), dict) else body
    found = next((told[name] for name in members if told.get(name) not in (None, "")), None)
    return News(event, flow, [] if found is None else [_id(found)], once)


CURE = "Look whether the shop is up and lets API2Cart in. After five failures API2Cart switches the webhook off; the hub switches it on."


def _trouble(posted: Posted, code: str) -> str:
    words = [posted.header("X-Webhook-Error-Reason"), posted.header("X-Webhook-Error-Message")]
    left = posted.header("X-Webhook-Error-Try-Count")
    said = ": ".join(filter(None, words))[:LONGEST]
    return f"API2Cart lost the store (code {code[:10]}). {said}{f' Tries left: {left[:10]}.' if left else ''}".strip()


def _id(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"An id is no {type(value).__name__}.")
    return str(value)


HOOK = Hook(
    "Webhooks",
    help="What changes in the store comes in at once. The hub makes the webhooks in API2Cart, one for each event, and keeps them up.",
    news=news,
    signature=OF_HOOKS,
    keep=("x-webhook-", "user-agent"),
    tended=True,
)


def tend(call: Call, address: str, ours: str, account: Account, flows: Collection[str], store_id: str) -> list[str]:
    """Make, mend and switch on this store's webhooks; one line on each thing done.

    ours: where every address of this hub begins, by which an older one of this connection is known. call: also changes things.
    """
    label = f"crossdock {account.slug}"
    wanted = _wanted(call, flows)
    mine: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for hook in listed(call, "webhook.list", "webhook", {}):
        if hook.get("callback") == address or (
            hook.get("label") == label and str(hook.get("callback")).startswith(ours)
        ):
            mine.setdefault((str(hook.get("entity")), str(hook.get("action"))), []).append(hook)
    done: list[str] = []
    for entity, action in sorted(wanted):
        have = sorted(mine.pop((entity, action), []), key=lambda hook: hook.get("callback") != address)
        done += _mended(call, f"{entity}.{action}", have, address)
        if not have:
            told = {
                "entity": entity,
                "action": action,
                "callback": address,
                "label": label,
                "fields": FIELDS,
                "active": True,
            }
            call("webhook.create", told | ({"store_id": store_id} if store_id else {}))
            done.append(f"Made the webhook for {entity}.{action}.")
    for (entity, action), spare in sorted(mine.items()):
        for hook in spare:
            call("webhook.delete", {"id": str(hook["id"])})
            done.append(f"Removed the webhook for {entity}.{action}: no flow that is on wants it.")
    return done


def _mended(call: Call, event: str, have: list[dict[str, Any]], address: str) -> Iterator[str]:
    for hook in have[:1]:
        if hook.get("callback") != address:
            call("webhook.update", {"id": str(hook["id"]), "callback": address, "active": True})
            yield f"Gave the webhook for {event} the new address."
        elif hook.get("active") in (False, 0, "0", None):
            call("webhook.update", {"id": str(hook["id"]), "active": True})
            yield f"Switched the webhook for {event} on again: API2Cart had switched it off."
    for hook in have[1:]:
        call("webhook.delete", {"id": str(hook["id"])})
        yield f"Removed a second webhook for {event}."


def drop(call: Call, address: str) -> list[str]:
    """Take the webhooks of an address away."""
    done = []
    for hook in listed(call, "webhook.list", "webhook", {}):
        if hook.get("callback") == address:
            call("webhook.delete", {"id": str(hook["id"])})
            done.append(f"Removed the webhook for {hook.get('entity')}.{hook.get('action')}.")
    return done


def missed(call: Call, address: str) -> Iterable[News]:
    """What API2Cart could not deliver in the last 24 hours. Its list is the account's: only this store's webhooks count."""
    events = {
        str(hook.get("id")): (str(hook.get("entity")), str(hook.get("action")))
        for hook in listed(call, "webhook.list", "webhook", {})
        if hook.get("callback") == address
    }
    found: dict[str, News] = {}
    for row in listed(call, "account.failed_webhooks", "webhook", {}):
        hook, key = str(row.get("webhook_id")), str(row.get("entity_id") or "")
        if hook not in events or not key:
            continue
        entity, action = events[hook]
        flow, members = ENTITIES.get(entity, ("", ()))
        # An entity's own id names a row only where the flow asks by it; of any other the flow reads what changed.
        ids = [key] if "id" in members else []
        once = f"missed:{hook}:{key}:{_time(row.get('time'))}"
        found[once] = News(f"{entity}.{action}", flow, ids, once)
    return found.values()


def _wanted(call: Call, flows: Collection[str]) -> set[tuple[str, str]]:
    """The events this store offers for flows that are on."""
    events = call("webhook.events", {}).get("events") or []
    found = {(str(event.get("entity")), str(event.get("action"))) for event in events if isinstance(event, dict)}
    return {(entity, action) for entity, action in found if ENTITIES.get(entity, ("", ()))[0] in flows}


def listed(call: Call, method: str, member: str, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All rows of a list that is paged by offset; a page that brings nothing new ends it."""
    seen: set[str] = set()
    for start in range(0, PAGE * 100, PAGE):
        rows = [
            row
            for row in call(method, {**params, "start": start, "count": PAGE}).get(member) or []
            if isinstance(row, dict)
        ]
        new = [row for row in rows if json.dumps(row, sort_keys=True, default=str) not in seen]
        seen |= {json.dumps(row, sort_keys=True, default=str) for row in new}
        yield from new
        if len(rows) < PAGE or not new:
            return


def _time(told: Any) -> str:
    """A time as text, whether it came as text or as {value, format}."""
    value = told.get("value") if isinstance(told, Mapping) else told
    return value.isoformat() if isinstance(value, datetime) else str(value or "")
