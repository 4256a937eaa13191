"""What single shop systems take otherwise than the others, told before anything is sent.

From the vendor's manual ("How to work with returns") and its captured requests; a method that stands nowhere here has no rule.
"""

from collections.abc import Callable, Mapping
from typing import Any

from integrations.service import Account
from integrations.services.api2cart.fields import moment
from integrations.verbs import Body

Rule = Callable[[Account, Body], None]
IDENTIFIERS = ("asin", "ean", "gtin", "upc", "isbn", "mpn")
REASONS = ("return_reason_id", "return_reason")


def platform_of(account: Account) -> str:
    """The shop system's name, from the connection's option or as API2Cart told it; empty when nobody knows."""
    return str(account.options.get("platform") or account.abilities.get("platform") or "")


def _lines(body: Body, name: str) -> list[Any]:
    return list(body.get(name) or ())


def order_update(account: Account, body: Body) -> None:
    changes = [name for name in body if name != "order_id"]
    if not changes:
        raise ValueError("Say what is to change: a status, a comment, tags …")
    platform, status = platform_of(account), str(body.get("order_status") or "")
    if platform in ("Bol", "TikTokShop") and status and "cancel" not in status.lower():
        raise ValueError(f"{platform} takes no other status of an order than its cancellation.")


def return_add(account: Account, body: Body) -> None:
    """All: which goods. Bol: one at a time, with what becomes of it, without a reason. Shopify: no status."""
    platform, lines = platform_of(account), _lines(body, "order_products")
    if not lines:
        raise ValueError("A return needs the goods that come back: order_products.")
    if platform == "Bol":
        if len(lines) > 1:
            raise ValueError("Bol takes back one product per return; make one return for each.")
        if not lines[0].get("order_product_handling_status"):
            raise ValueError(
                "Bol needs order_product_handling_status, what becomes of the goods, such as RETURN_RECEIVED. "
                "A second return of the same line is refused."
            )
        if any(body.get(name) for name in REASONS) or lines[0].get("order_product_reason_id"):
            raise ValueError("Bol takes no reason for a return; leave it out.")
    elif any(line.get("order_product_handling_status") for line in lines) and platform:
        raise ValueError("order_product_handling_status is Bol's alone; leave it out.")
    if platform == "Shopify" and body.get("return_status_id"):
        raise ValueError("Shopify gives a new return its status itself; leave return_status_id out.")
    if platform == "TikTokShop":
        _no_exchange(body, lines)
        _rejected(body)


def return_update(account: Account, body: Body) -> None:
    if platform_of(account) == "TikTokShop":
        _no_exchange(body, _lines(body, "order_products"))
        _rejected(body)


def _no_exchange(body: Body, lines: list[Any]) -> None:
    actions = [
        body.get("return_action_id"),
        body.get("return_action"),
        *(one.get("order_product_action_id") for one in lines),
    ]
    if any("exchange" in str(action).lower() for action in actions if action):
        raise ValueError("TikTok Shop knows no exchange over API2Cart; choose a refund or a return.")


def _rejected(body: Body) -> None:
    status = str(body.get("return_status_id") or "").lower()
    if body.get("reject_reason") and "reject" not in status:
        raise ValueError("TikTok Shop takes reject_reason only together with the rejected status.")


def refund(account: Account, body: Body) -> None:
    if not _lines(body, "items") and not any(body.get(name) for name in ("total_price", "shipping_price", "fee_price")):
        raise ValueError("Say what is refunded: items, or an amount.")


def product_add(account: Account, body: Body) -> None:
    """What a shop system needs, where its captured requests show that."""
    platform = platform_of(account)
    needed: Mapping[str, tuple[str, ...]] = {
        "AmazonSP": ("sku", "price", "quantity"),
        "TikTokShop": ("name", "description", "categories_ids"),
    }
    lacking = [name for name in needed.get(platform, ()) if body.get(name) in (None, "")]
    if lacking:
        raise ValueError(f"{platform} needs {', '.join(lacking)}.")
    if platform == "AmazonSP" and not any(body.get(name) for name in IDENTIFIERS):
        raise ValueError(f"AmazonSP needs one of {', '.join(IDENTIFIERS)}.")


def stock(account: Account, body: Body) -> None:
    told = [name for name in ("quantity", "increase_quantity", "reduce_quantity") if body.get(name) not in (None, "")]
    if len(told) > 1:
        raise ValueError(f"{' and '.join(told)} contradict each other; give one.")
    if len(body) < 2:
        raise ValueError("Say what is to change.")


def variant_stock(account: Account, body: Body) -> None:
    stock(account, {name: value for name, value in body.items() if name != "product_id"})


def option_value(account: Account, body: Body) -> None:
    if not [name for name in ("option_value", "price", "quantity", "display_value") if name in body]:
        raise ValueError("Say what is to change: the value, its price …")


def picture(account: Account, body: Body) -> None:
    if not body.get("url") and not body.get("content"):
        raise ValueError("A picture needs its address, or itself as base64.")


def picture_of(account: Account, body: Body) -> None:
    picture(account, body)
    if not any(body.get(name) for name in ("product_id", "product_variant_id", "variant_ids")):
        raise ValueError("Say whose picture it is: product_id, product_variant_id or variant_ids.")


def shipment_update(account: Account, body: Body) -> None:
    if not [name for name in body if name not in ("shipment_id", "order_id", "replace")]:
        raise ValueError("Say what is to change: tracking numbers, delivered_at …")


def shipment_event(account: Account, body: Body) -> None:
    for name in ("created_at", "estimated_delivery_at"):
        if body.get(name) and moment(body[name]) is None:
            raise ValueError(f"{name} is not a time such as 2026-11-21 14:30:00.")
    if ("latitude" in body) != ("longitude" in body):
        raise ValueError("A place needs latitude and longitude together.")


RULES: Mapping[str, Rule] = {
    "order.update": order_update,
    "order.return.add": return_add,
    "order.return.update": return_update,
    "order.refund.add": refund,
    "order.shipment.update": shipment_update,
    "order.shipment.event.add": shipment_event,
    "product.add": product_add,
    "product.update": stock,
    "product.variant.update": variant_stock,
    "product.option.value.update": option_value,
    "product.image.add": picture_of,
    "product.variant.image.add": picture,
}


def rule_of(method: str) -> Rule:
    return RULES.get(method, lambda account, body: None)
