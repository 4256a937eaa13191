"""Which rates of the table fit a parcel: the narrowest zone, bands, free from a value, and a fallback when something fails."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection

from integrations.models import ShippingRate, ShippingZone, Vendor
from integrations.webhooks.shipping import Parcel, narrowness, offers

pytestmark = pytest.mark.django_db


@pytest.fixture
def vendor() -> Vendor:
    return Vendor.objects.create(kind="elko", name="Shop", slug="shop")


def zone(vendor: Vendor, name: str, position: int = 0, **where: str) -> ShippingZone:
    return ShippingZone.objects.create(vendor=vendor, name=name, position=position, **where)


def rate(vendor: Vendor, at: ShippingZone | None, code: str, price: Any = 5, **more: Any) -> ShippingRate:
    return ShippingRate.objects.create(
        vendor=vendor, zone=at, name=code.title(), code=code, price=price, currency=more.pop("currency", "EUR"), **more
    )


def parcel(**more: Any) -> Parcel:
    return Parcel(
        **{
            "country": "LV",
            "postcode": "LV-1010",
            "weight_kg": Decimal(2),
            "value": Decimal(40),
            "currency": "EUR",
            **more,
        }
    )


def codes(*parcels: Parcel | None) -> list[list[str]]:
    return [[offer.code for offer in found] for found in offers("shop", parcels)]


@pytest.mark.parametrize(
    ("where", "fits"),
    [
        ({}, 0),
        ({"countries": "lt, LV;EE"}, 1),
        ({"countries": "LT"}, None),
        ({"states": "RIX"}, 2),
        ({"states": "CA"}, None),
        ({"postcodes": "LV1010"}, 4),
        ({"postcodes": "LT-1, lv-10*"}, 4),
        ({"postcodes": "LV-2*"}, None),
        ({"countries": "LV", "postcodes": "LV 10 10"}, 5),
        ({"countries": "LV", "states": "RIX", "postcodes": "1000-1999"}, None),
    ],
)
def test_a_zone_says_how_closely_it_holds_a_place(where: dict[str, str], fits: int | None) -> None:
    assert narrowness(ShippingZone(**where), parcel(state="RIX")) == fits


@pytest.mark.parametrize(
    ("code", "fits"), [("10000", 4), ("15 000", 4), ("19999", 4), ("20000", None), ("1500", None), ("", None)]
)
def test_a_range_of_figures(code: str, fits: int | None) -> None:
    assert narrowness(ShippingZone(postcodes="10000-19999"), parcel(postcode=code)) == fits


def test_the_narrowest_zone_counts_and_of_equals_the_first(vendor: Vendor) -> None:
    for at, code in (
        (zone(vendor, "World", 0), "world"),
        (zone(vendor, "Latvia", 2, countries="LV"), "latvia"),
        (zone(vendor, "Latvia too", 3, countries="LV"), "second"),
        (zone(vendor, "Riga", 9, postcodes="LV-10*"), "riga"),
    ):
        rate(vendor, at, code)
    assert codes(parcel(), parcel(postcode="LV-3000"), parcel(country="LT", postcode="")) == [
        ["riga"],
        ["latvia"],
        ["world"],
    ]


def test_bands_hold_their_lower_end_and_not_their_upper(vendor: Vendor) -> None:
    at = zone(vendor, "World")
    rate(vendor, at, "light", 3, weight_below=2)
    rate(vendor, at, "heavy", 9, weight_from=2, weight_below=30)
    rate(vendor, at, "dear", 1, value_from=100)
    rate(vendor, at, "off", 1, active=False)
    assert codes(parcel(), parcel(weight_kg=Decimal("1.999")), parcel(weight_kg=Decimal(30))) == [
        ["heavy"],
        ["light"],
        [],
    ]
    assert codes(parcel(value=Decimal(100))) == [["dear", "heavy"]]
    assert codes(parcel(weight_kg=None, value=None)) == [[]], "unknown fits no band"
    assert codes(parcel(value=Decimal(500), currency="USD")) == [["heavy"]], "nothing is converted"


def test_free_from_a_value(vendor: Vendor) -> None:
    rate(vendor, zone(vendor, "World"), "post", 5, free_over=40)
    found = [
        [offer.price for offer in one]
        for one in offers("shop", [parcel(), parcel(value=Decimal("39.99")), parcel(currency="USD")])
    ]
    assert found == [[0], [5], [5]]


def test_the_fallback_is_for_what_fits_nothing_or_cannot_be_read(vendor: Vendor) -> None:
    rate(vendor, zone(vendor, "Latvia", countries="LV"), "post")
    rate(vendor, None, "fallback", 12, free_over=1)
    assert codes(parcel(), parcel(country="US"), None) == [["post"], ["fallback"], ["fallback"]]
    assert offers("shop", [None])[0][0].price == 12
    assert offers("another", [parcel()]) == [[]]

    def away(*_: Any) -> Any:
        raise OperationalError("the database is away")

    with connection.execute_wrapper(away):
        assert codes(parcel(), None) == [["fallback"], ["fallback"]]


def test_a_table_that_makes_no_sense_is_not_stored(vendor: Vendor) -> None:
    other = Vendor.objects.create(kind="elko", name="Other", slug="other")
    wrong: list[dict[str, Any]] = [
        {"weight_from": 5, "weight_below": 1},
        {"days_min": 5, "days_max": 1},
        {"zone": zone(other, "x")},
    ]
    for values in wrong:
        with pytest.raises(ValidationError):
            ShippingRate(vendor=vendor, name="A", code="a", price=1, currency="EUR", **values).full_clean()
