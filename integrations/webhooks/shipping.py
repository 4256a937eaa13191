"""Which rates of the table fit a parcel. A vendor's folder reads the question and writes the answer in the vendor's form."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import Error, connection, transaction

from integrations.models import ShippingRate, ShippingZone
from integrations.webhooks import reach

PATIENCE = 700  # milliseconds the table may take, on PostgreSQL: a shop waits for the answer
log = logging.getLogger(__name__)
_last: dict[str, list["Offer"]] = {}  # each connection's fallback as it was read last, for when the database is away


@dataclass(frozen=True)
class Parcel:
    """What is to be sent where. Country and state are codes; weight in kilograms; None is unknown."""

    country: str = ""
    state: str = ""
    postcode: str = ""
    weight_kg: Decimal | None = None
    value: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True)
class Offer:
    name: str
    code: str
    price: Decimal
    currency: str
    description: str = ""
    days_min: int | None = None
    days_max: int | None = None
    taxable: bool | None = None


def offers(slug: str, parcels: Sequence[Parcel | None]) -> list[list[Offer]]:
    """One list for each parcel, which may be empty; the fallback for one that could not be read (None)."""
    if reach.is_away():
        return [_last.get(slug, []) for _ in parcels]
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute(f"SET LOCAL statement_timeout = {PATIENCE}")
            zones = list(ShippingZone.objects.filter(vendor__slug=slug).order_by("position", "pk"))
            rates = list(ShippingRate.objects.filter(vendor__slug=slug, active=True).order_by("price", "pk"))
    except Error:
        reach.failed()
        log.exception("The table of rates of %s could not be read; its fallback is answered", slug)
        return [_last.get(slug, []) for _ in parcels]
    fallback = _last[slug] = [_offer(rate, None) for rate in rates if rate.zone_id is None]
    return [(_of(parcel, zones, rates) if parcel else []) or fallback for parcel in parcels]


def _of(parcel: Parcel, zones: Iterable[ShippingZone], rates: Iterable[ShippingRate]) -> list[Offer]:
    fitting = [(narrow, zone.pk) for zone in zones if (narrow := narrowness(zone, parcel)) is not None]
    if not fitting:
        return []
    chosen = max(fitting, key=lambda found: found[0])[1]  # of equals the first
    return [_offer(rate, parcel) for rate in rates if rate.zone_id == chosen and fits(rate, parcel)]


def narrowness(zone: ShippingZone, parcel: Parcel) -> int | None:
    """How closely a zone holds a parcel's place: 0 for "everywhere"; None when it does not."""
    found = 0
    for weight, told, holds in (
        (1, zone.countries, _among(zone.countries, parcel.country)),
        (2, zone.states, _among(zone.states, parcel.state)),
        (4, zone.postcodes, any(_postcode(text, parcel.postcode) for text in _words(zone.postcodes))),
    ):
        if told.strip():
            if not holds:
                return None
            found += weight
    return found


def fits(rate: ShippingRate, parcel: Parcel) -> bool:
    """Whether a rate's bands hold the parcel. A value in another currency is not converted, so it fits no band."""
    value = parcel.value if parcel.currency.upper() == rate.currency.upper() else None
    return _within(parcel.weight_kg, rate.weight_from, rate.weight_below) and _within(
        value, rate.value_from, rate.value_below
    )


def _within(number: Decimal | None, low: Decimal | None, high: Decimal | None) -> bool:
    if low is None and high is None:
        return True
    return number is not None and (low is None or number >= low) and (high is None or number < high)


def _offer(rate: ShippingRate, parcel: Parcel | None) -> Offer:
    same = parcel is not None and parcel.value is not None and parcel.currency.upper() == rate.currency.upper()
    free = same and rate.free_over is not None and parcel is not None and (parcel.value or 0) >= rate.free_over
    price = Decimal(0) if free else rate.price
    return Offer(
        rate.name, rate.code, price, rate.currency, rate.description, rate.days_min, rate.days_max, rate.taxable
    )


def _words(text: str) -> list[str]:
    return [word for part in text.replace("\n", ",").replace(";", ",").split(",") if (word := part.strip().upper())]


def _among(text: str, word: str) -> bool:
    return word.strip().upper() in _words(text)


def _plain(postcode: str) -> str:
    return "".join(letter for letter in postcode.upper() if letter.isalnum())


def _postcode(wanted: str, told: str) -> bool:
    """LV-1010 as LV1010 and "LV 1010"; LV-10* by its beginning; 10000-19999 by its figures."""
    code = _plain(told)
    if wanted.endswith("*"):
        return code.startswith(_plain(wanted))
    first, dash, last = wanted.partition("-")
    if dash and first.isdigit() and last.isdigit() and len(first) == len(last):
        return code.isascii() and code.isdigit() and len(code) == len(first) and int(first) <= int(code) <= int(last)
    return bool(code) and code == _plain(wanted)
