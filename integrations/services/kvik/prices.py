"""The price of a product for a given user: the documents state that it can be asked for, and nothing of how."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from integrations.errors import BadPayload, Refused
from integrations.http import Client
from integrations.mapping import Reader
from integrations.service import Fact
from integrations.services.kvik.options import PRICE_FIELDS


def price(http: Client, option: Callable[[str], Any], given: Mapping[str, Any]) -> list[Fact]:
    """Facts of one product's price for one user, by the connection's path, parameter and mapping."""
    product, user = str(given.get("product", "")).strip(), str(given.get("user", "")).strip()
    path, name = str(option("product_price_path")), str(option("price_user_parameter"))
    if product in ("", ".", ".."):
        raise Refused("No product was named.", "Enter the shop's id or code of the product.")
    whole = path.replace("{product_id}", quote(product, safe="")).replace("{user}", quote(user, safe=""))
    params = {name: user} if user and "{user}" not in path else {}
    if "{product_id}" not in path:
        raise Refused(
            "The path of a price does not say where the product goes.",
            "Write {product_id} into it, such as products/{product_id}/price.",
            cause="url",
        )
    answer = http.get(whole, params)
    read = Reader(answer.json(), option("price_map"), ZoneInfo("UTC"))
    found = read.money("price", wanted=True)
    if found is None:
        raise BadPayload(
            f"The answer holds no price that can be read: {read.warning}",
            "Correct the path of “price” among the connection's options.",
            method=answer.method,
            path=answer.path,
            status=answer.status,
        )
    labels = dict(PRICE_FIELDS)
    shown = [(labels[key], read.text(key)) for key in labels if read.paths.get(key)]
    asked = [("Product", product), ("User", user or "nobody in particular")]
    return [*asked, *((label, text or "not told") for label, text in shown)]
