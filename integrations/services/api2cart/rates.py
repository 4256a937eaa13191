"""Live shipping rates: what a shop asks through API2Cart while the buyer waits, and the answer in the shop's form (api2cart.md 7)."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from integrations.numbers import decimal_of
from integrations.service import Account
from integrations.services.api2cart.signing import OF_RATES
from integrations.services.api2cart.webhooks import listed
from integrations.webhooks.hook import Hook, Posted, Reply
from integrations.webhooks.shipping import Offer, Parcel, offers

NAME = "Live rates"
KILOGRAMS = {
    "kg": Decimal(1), "kgs": Decimal(1), "kilogram": Decimal(1), "g": Decimal("0.001"), "gr": Decimal("0.001"),
    "gram": Decimal("0.001"), "lb": Decimal("0.45359237"), "lbs": Decimal("0.45359237"), "pound": Decimal("0.45359237"),
    "oz": Decimal("0.028349523125"), "ounce": Decimal("0.028349523125"),
}  # fmt: skip
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)
Call = Callable[[str, Mapping[str, Any]], dict[str, Any]]
_encoder = msgspec.json.Encoder(decimal_format="number")  # a total as text is refused with code 109


def answer(posted: Posted, account: Account, callback: int) -> Reply:
    """One entry for each package, in their order, whatever is wrong with one of them; a probe is answered like any question."""
    try:
        packages = json.loads(posted.body, parse_float=Decimal)["packages"]
        names = [str(package["id"]) for package in packages]
    except UNREADABLE:
        return Reply(400, note="The question could not be read.")
    found = offers(account.slug, [_parcel(package) for package in packages])
    taxes = _platform(account).lower().startswith("woocommerce")
    now = datetime.now(UTC)
    told = [
        {"package_id": name, "rates": [_rate(offer, now, taxes) for offer in rates]}
        for name, rates in zip(names, found, strict=True)
    ]
    probe = " The probe of a new service." if posted.header("X-Shipping-Service-Test-Request") else ""
    counts = ", ".join(str(len(rates)) for rates in found) or "no packages"
    return Reply(200, _encoder.encode({"packages_rates": told}), note=f"Rates: {counts}.{probe}")


def _parcel(package: Mapping[str, Any]) -> Parcel | None:
    """None when it cannot be read: then the fallback is offered."""
    try:
        to = package.get("destination") or {}
        items = package["items"]
        return Parcel(
            country=str((to.get("country") or {}).get("code2") or ""),
            state=str((to.get("state") or {}).get("code") or ""),
            postcode=str(to.get("postcode") or ""),
            weight_kg=_sum(_weight(item) for item in items),
            value=_sum(_value(item) for item in items),
            currency=str(package.get("currency_code") or ""),
        )
    except UNREADABLE:
        return None


def _weight(item: Mapping[str, Any]) -> Decimal | None:
    each, pieces = decimal_of(item.get("weight")), decimal_of(item.get("quantity"))
    unit = KILOGRAMS.get(str(item.get("weight_unit") or "").strip().lower())
    return None if each is None or pieces is None or unit is None else each * pieces * unit


def _value(item: Mapping[str, Any]) -> Decimal | None:
    whole = decimal_of(item.get("total_price"))
    if whole is not None:
        return whole
    each, pieces = decimal_of(item.get("price")), decimal_of(item.get("quantity"))
    return None if each is None or pieces is None else each * pieces


def _sum(parts: Any) -> Decimal | None:
    """None when one part is unknown: unknown is never zero."""
    known = list(parts)
    return None if not known or any(part is None for part in known) else sum(known, Decimal(0))


def _rate(offer: Offer, now: datetime, taxes: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": offer.name,
        "code": offer.code,
        "total_cost": offer.price,
        "currency": offer.currency,
    }
    if offer.description:
        told["description"] = offer.description
    for name, days in (("min_delivery_timestamp", offer.days_min), ("max_delivery_timestamp", offer.days_max)):
        if days is not None:
            told[name] = int((now + timedelta(days=days)).timestamp())
    # WooCommerce's form; without a tax_value the shop's own tax rates count.
    return told | ({"taxable": offer.taxable} if taxes and offer.taxable is not None else {})


def _platform(account: Account) -> str:
    return str(account.options.get("platform") or getattr(account, "abilities", {}).get("platform", ""))


HOOK = Hook(
    "Live shipping rates",
    help="The shop asks what shipping costs while the buyer waits; the answer comes from the table of shipping rates.",
    answer=answer,
    signature=OF_RATES,
    keep=("x-shipping-service-request", "x-shipping-service-test", "x-shipping-service-id"),
    keep_body=False,
    tended=True,
    hurried=True,
)


def tend(call: Call, address: str, ours: str, store_id: str) -> list[str]:
    """Make the store's rate service, or make it anew with another address; one line on each thing done."""
    shop = {"store_id": store_id} if store_id else {}
    done: list[str] = []
    there = False
    for service in listed(call, "basket.live_shipping_service.list", "live_shipping_services", shop):
        callback, number = str(service.get("callback") or ""), service.get("id")
        if callback == address and not there:
            there = True
            if service.get("enabled_on_store") is False:
                done.append("The shop has switched live rates off: switch them on there.")
            if failed := int(service.get("callback_err_cnt") or 0):
                done.append(f"{failed} questions in a row went unanswered: see the inbox.")
        elif callback == address or (callback.startswith(ours) and service.get("name") == NAME):
            call("basket.live_shipping_service.delete", {"id": int(str(number))})
            done.append("Removed the rate service of an older address.")
    if not there:
        call("basket.live_shipping_service.create", {"name": NAME, "callback": address, **shop})
        done.append("Made the rate service.")
    return done


def drop(call: Call, address: str) -> list[str]:
    done = []
    for service in listed(call, "basket.live_shipping_service.list", "live_shipping_services", {}):
        if service.get("callback") == address:
            call("basket.live_shipping_service.delete", {"id": int(str(service.get("id")))})
            done.append("Removed the rate service.")
    return done
