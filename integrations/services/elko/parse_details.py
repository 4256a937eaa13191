"""What ELKO tells about single products when asked by code: long texts, pictures, and price and stock as of now."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from catalog.records import KEEP, AvailabilityRecord, DetailRecord, Keep
from integrations.numbers import at_least, decimal_of, text_of
from integrations.service import Account, Row
from integrations.services.elko.fields import (
    currency_of,
    day_of,
    identity,
    objects,
    part,
    pieces,
    price_of,
    price_or_none,
    told,
)
from integrations.services.elko.parse_catalogue import variant

WEIGHTS = ("Unit Gross Weight", "Product Gross Weight", "Unit Net Weight", "Product Net Weight")
KILOGRAMS = {"kg": Decimal(1), "g": Decimal("0.001")}
SIDES = (("width", "Unit Box Width"), ("length", "Unit Box Length"), ("height", "Unit Box Height"))
UNASKABLE = "unaskable"  # marks a row the service makes for a code it could not ask for


def details(row: Row, account: Account) -> DetailRecord:
    """Description lines and pictures of one product, as the service joins them; a part not answered stays as it is."""
    code = _asked(row, "productId")
    files = objects(row, "mediaFiles") if "mediaFiles" in row else None
    pictures = [] if files is None else _pictures(files)
    if "description" not in row:
        return DetailRecord(code, images=KEEP if files is None else tuple(pictures))
    lines = [_line(line) for line in objects(row, "description")]
    pictures += [line["value"] for line in lines if line["criteria"] == "Image" and line["value"]]
    return DetailRecord(
        external_id=code,
        description=next((said for line in lines if line["criteria"] == "Description" and (said := _said(line))), KEEP),
        specs=tuple(lines),
        images=tuple(dict.fromkeys(pictures)) if files is not None or pictures else KEEP,
        weight_kg=_weight(lines),
        size=_size(lines),
    )


def _asked(row: Row, *names: str) -> str:
    if why := row.get(UNASKABLE):
        raise ValueError(str(why))
    return identity(row, *names)


def _line(line: Row) -> dict[str, str]:
    """Criterion, value and unit; the fourth field, misspelled by ELKO, only where it says something."""
    found = {name: text_of(line.get(name)) for name in ("criteria", "value", "measurement")}
    more = text_of(line.get("comlexName"))
    return found | ({"comlexName": more} if more else {})


def _pictures(files: list[Any]) -> list[str]:
    placed = [(at_least(file.get("sequence"))[0], text_of(file.get("link"))) for file in files]
    placed.sort(key=lambda file: Decimal("Infinity") if file[0] is None else file[0])
    return list(dict.fromkeys(link for _, link in placed if link))


def _said(line: Mapping[str, str]) -> str:
    """The line's value; ELKO writes `none` and `0` where it has none."""
    return "" if line["value"].lower() in ("none", "0") else line["value"]


def _measured(lines: list[dict[str, str]], criterion: str) -> tuple[Decimal, str] | None:
    for line in lines:
        if line["criteria"] == criterion:
            try:
                number = decimal_of(line["value"])
            except ValueError:
                continue
            if number is not None and 0 < number < 10**8:
                return number, line["measurement"].lower()
    return None


def _weight(lines: list[dict[str, str]]) -> Decimal | Keep:
    for criterion in WEIGHTS:
        found = _measured(lines, criterion)
        if found and found[1] in KILOGRAMS:
            try:
                return decimal_of(found[0] * KILOGRAMS[found[1]]) or KEEP
            except ValueError:
                continue
    return KEEP


def _size(lines: list[dict[str, str]]) -> dict[str, str] | Keep:
    """Sides of the box as text. They come without a unit; values such as 0.16 for a boxed headset say metres."""
    found = {side: measured for side, criterion in SIDES if (measured := _measured(lines, criterion))}
    if not found:
        return KEEP
    units = {unit for _, unit in found.values()}
    return {side: f"{number:f}" for side, (number, _) in found.items()} | {"unit": (units - {""} or {"m"}).pop()}


def availability(row: Row, account: Account) -> AvailabilityRecord:
    """AvailabilityAndPrice, or a line of the price list where the service has no such call (UA)."""
    code = _asked(row, "productId", "elkoCode", "id")
    if "stockQuantity" not in row and "prices" not in row:
        listed = variant(row, account, code, "", KEEP)
        return AvailabilityRecord(
            code,
            currency=listed.currency,
            price=listed.price,
            discount_price=listed.discount_price,
            copyright_levy=listed.copyright_levy,
            stock=listed.stock,
            stock_at_least=listed.stock_at_least,
            incoming=listed.incoming,
        )
    prices, coming = part(row, "prices"), part(row, "incoming")
    stock: Decimal | None | Keep = KEEP
    more: bool | Keep = KEEP
    if "stockQuantity" in row:
        stock, more = at_least(row["stockQuantity"])
    return AvailabilityRecord(
        external_id=code,
        currency=told(prices, currency_of, "currency"),
        price=told(prices, price_of, "price"),
        discount_price=told(prices, price_or_none, "discountPrice"),
        copyright_levy=told(prices, price_of, "copyrightTax"),
        stock=stock,
        stock_at_least=more,
        incoming=told(coming, pieces, "quantity"),
        incoming_on=told(coming, day_of, "expectedDate"),
    )
