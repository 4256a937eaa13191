"""What single shop systems take otherwise, told before anything is sent."""

import json
from pathlib import Path
from typing import Any

import pytest

from integrations.commands import bodies
from integrations.service import Account
from integrations.services.api2cart.verbs import VERBS

LINE = {"order_product_id": "1", "order_product_quantity": 1}
BOL = {**LINE, "order_product_handling_status": "RETURN_RECEIVED"}


def told(platform: str, verb: str, body: Any) -> str:
    """The rule that a body breaks; empty when it may go."""
    declared = VERBS[verb]
    checked = bodies.checked(declared, body)
    assert declared.valid is not None
    try:
        declared.valid(Account("shop", "https://x.example", {}, abilities={"platform": platform}), checked)
    except ValueError as wrong:
        return str(wrong)
    return ""


def returned(lines: list[Any], **more: Any) -> dict[str, Any]:
    return {"order_id": "7", "order_products": lines, **more}


@pytest.mark.parametrize(
    ("platform", "verb", "body", "said"),
    [
        ("Bol", "add_return", returned([BOL]), ""),
        ("Bol", "add_return", returned([BOL, BOL]), "one product per return"),
        ("Bol", "add_return", returned([LINE]), "order_product_handling_status"),
        ("Bol", "add_return", returned([BOL], return_reason_id="3"), "no reason"),
        ("Bol", "add_return", returned([{**BOL, "order_product_reason_id": "3"}]), "no reason"),
        ("Shopify", "add_return", returned([LINE]), ""),
        ("Shopify", "add_return", returned([BOL]), "Bol's alone"),
        ("Shopify", "add_return", returned([LINE], return_status_id="open"), "gives a new return its status"),
        ("", "add_return", returned([BOL]), ""),
        ("TikTokShop", "add_return", returned([LINE], return_action_id="EXCHANGE"), "no exchange"),
        ("TikTokShop", "update_return", {"order_id": "7", "return_id": "1", "reject_reason": "x"}, "only together"),
        ("TikTokShop", "update_return", {"order_id": "7", "return_id": "1", "reject_reason": "x", "return_status_id": "REJECTED"}, ""),
        ("Bol", "update_order", {"order_id": "7", "order_status": "shipped"}, "than its cancellation"),
        ("Bol", "update_order", {"order_id": "7", "order_status": "Cancelled"}, ""),
        ("Shopify", "update_order", {"order_id": "7"}, "Say what is to change"),
        ("Shopify", "refund_order", {"order_id": "7", "message": "sorry"}, "items, or an amount"),
        ("AmazonSP", "add_product", {"name": "a", "description": "b", "price": 1}, "AmazonSP needs sku, quantity"),
        ("AmazonSP", "add_product", {"name": "a", "description": "b", "price": 1, "sku": "c", "quantity": 1}, "one of asin, ean"),
        ("TikTokShop", "add_product", {"name": "a", "description": "b", "price": 1}, "needs categories_ids"),
        ("Shopify", "add_product", {"name": "a", "description": "b", "price": 1}, ""),
        ("Shopify", "update_product", {"id": "1", "quantity": 1, "reduce_quantity": 1}, "contradict each other"),
        ("Shopify", "update_product", {"id": "1"}, "Say what is to change"),
        ("Shopify", "update_variant", {"id": "1", "product_id": "2"}, "Say what is to change"),
        ("Shopify", "add_image", {"product_id": "1", "image_name": "a", "type": "base"}, "its address"),
        ("Shopify", "update_shipment", {"order_id": "1", "shipment_id": "2", "replace": False}, "Say what is to change"),
    ],
)  # fmt: skip
def test_a_rule_is_told_before_anything_is_sent(platform: str, verb: str, body: Any, said: str) -> None:
    found = told(platform, verb, body)
    assert said in found if said else found == ""


@pytest.mark.needs_shared
def test_the_captured_requests_break_no_rule(shared: Path) -> None:
    mock = shared / "vendors" / "api2cart-mock"
    bol = json.loads((mock / "Bol/order/return.add/basic.request.json").read_text())["body"]
    assert told("Bol", "add_return", bol) == ""
    ebay = json.loads((mock / "EBay/order/shipment.add/basic.request.json").read_text())["body"]
    assert told("EBay", "add_shipment", ebay) == ""
    amazon = json.loads((mock / "AmazonSP/product/update.batch/basic.request.json").read_text())["body"]
    assert told("AmazonSP", "update_products", amazon) == "", "under the vendor's own name for the rows"
