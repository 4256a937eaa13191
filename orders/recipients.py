"""To whom an order goes, in one set of words, whatever its vendor calls them."""

import re
from collections.abc import Mapping
from typing import Any

from orders.models import Order

# Our word, and what vendors call it: compared by letters and figures alone.
WORDS: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "fullname", "contactname", "recipient", "contactperson"),
    "first": ("firstname", "givenname", "forename"),
    "last": ("lastname", "surname", "familyname"),
    "company": ("company", "companyname"),
    "vat_number": ("vatnumber", "vat", "taxid", "pvnnumber", "vatid"),
    "phone": ("phone", "telephone", "contactphone", "phonenumber", "mobile"),
    "email": ("email", "contactmail", "mail", "emailaddress"),
    "address": ("address", "address1", "addressline1", "addressline", "line1"),
    "street": ("street", "streetname"),
    "house": ("house", "housenumber", "building"),
    "apartment": ("apartment", "flat", "unit", "address2", "addressline2", "line2"),
    "city": ("city", "town", "locality"),
    "postal_code": ("postalcode", "postcode", "zip", "zipcode"),
    "country": ("countrycode", "countryiso", "country"),
}


def recipient(order: Order) -> dict[str, str]:
    """Name, company, phone, email, address, city … as far as they are known; nothing is made up."""
    told = {re.sub(r"[^a-z0-9]", "", str(name).lower()): value for name, value in (order.ship_to or {}).items()}
    found = {ours: text for ours, names in WORDS.items() if (text := _first(told, names))}
    parts = [found.pop(part, "") for part in ("first", "last")]
    found.setdefault("name", " ".join(filter(None, parts)) or order.buyer_name)
    found.setdefault("phone", order.buyer_phone)
    found.setdefault("email", order.buyer_email)
    street = " ".join(filter(None, (found.get("street"), found.get("house"))))
    found.setdefault("address", "-".join(filter(None, (street, found.get("apartment")))))
    return {name: text for name, text in found.items() if text}


def _first(told: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        value = told.get(name)
        if isinstance(value, Mapping):  # a country or a state told as an object
            value = next((value[part] for part in ("code2", "code", "code3", "name") if value.get(part)), "")
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()
    return ""
