"""ELKO's rows read into our words: both layouts, both ages of every shape, with the habits found in live answers.

Money that cannot be read rejects the row; a quantity that cannot be read is unknown (None), never zero.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from catalog.records import (
    KEEP,
    AvailabilityRecord,
    BrandRecord,
    CategoryRecord,
    DetailRecord,
    Keep,
    ProductRecord,
    VariantRecord,
)
from integrations.numbers import at_least, decimal_of, jde_date, text_of
from integrations.service import Account, Row
from orders.records import (
    InvoiceRecord,
    OrderLineRecord,
    OrderRecord,
    PackageLineRecord,
    PackageRecord,
    TransactionRecord,
)

T = TypeVar("T")

NO_CODE = 200  # longest code, name of a field and the like that is stored
LANGUAGES = {"ua": "uk", "ru": "ru", "en": "en"}  # ELKO names languages by country
WEIGHTS = ("Unit Gross Weight", "Product Gross Weight", "Unit Net Weight", "Product Net Weight")
KILOGRAMS = {"kg": Decimal(1), "g": Decimal("0.001")}
SIDES = (("width", "Unit Box Width"), ("length", "Unit Box Length"), ("height", "Unit Box Height"))
# Fields without a column of their own that an operator may have to heed; "Y" under RRP control means it is policed.
EXTRAS = (
    ("RRP control", "rrPcontrol"),
    ("Country of origin", "origin"),
    ("Product group", "prP4"),
    ("Second price", "price2"),
    ("Quantity for second price", "quantityForPrice2"),
    ("Promotion quantity", "promQuant"),
    ("Obligatory kit", "obligatoryKit"),
    ("Lot number", "lotNumber"),
)
NOTHING = ("", "0", "0.0", "0.00")
# No document lists the words. These say what they mean in plain English; any other is left to the operator's table.
ORDER_WORDS = {
    "new": "new",
    "open": "confirmed",
    "confirmed": "confirmed",
    "on hold": "on_hold",
    "hold": "on_hold",
    "shipped": "shipped",
    "delivered": "delivered",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}
FINISHED = ("shipped", "delivered", "cancelled")


# -- catalogue


def category(row: Row, account: Account) -> CategoryRecord:
    """A category as `merged_categories` makes them, or as either list sends them."""
    translation = row.get("translation")
    named = translation if isinstance(translation, Mapping) else {}
    parents = row.get("parents")
    return CategoryRecord(
        external_id=_id(row, "code", "id"),
        name=text_of(row.get("name"), limit=500),
        code=text_of(row.get("code"), limit=NO_CODE),
        parents=KEEP if parents is None else tuple(text_of(parent) for parent in parents),
        translations={LANGUAGES.get(key.lower(), key.lower()): text_of(value) for key, value in named.items() if value}
        if named
        else KEEP,
        active=True,
    )


def merged_categories(flat: Iterable[Row], tree: Iterable[Row] | None) -> tuple[list[dict[str, Any]], list[Any]]:
    """One row per category of the list and the tree, and the rows that hold no id.

    Leaves go by their code, which is what products name; groups, which have none, by their number. A node that hangs
    under two groups is one row with both as `parents`. Without a tree rows have no `parents`: not told.
    """
    rows: dict[str, dict[str, Any]] = {}
    unreadable: list[Any] = []
    for row in flat:
        try:
            rows.setdefault(_id(row, "code", "id"), {}).update(row)
        except (ValueError, AttributeError, TypeError):
            unreadable.append(row)
    waiting: list[tuple[Any, str]] = [(node, "") for node in reversed(list(tree or ()))]
    while waiting:
        node, above = waiting.pop()
        try:
            external_id = _id(node, "code", "id")
            below = node.get("childs") or []
            waiting += [(child, external_id) for child in reversed(below)]
        except (ValueError, AttributeError, TypeError):
            unreadable.append(node)
            continue
        told = {name: value for name, value in node.items() if name not in ("childs", "parentId")}
        row = rows.setdefault(external_id, {})
        rows[external_id] = row = {**told, **row}
        parents = row.setdefault("parents", [])
        if above and above != external_id and above not in parents:
            parents.append(above)
    return list(rows.values()), unreadable


def brand(row: Row, account: Account) -> BrandRecord:
    code = _id(row, "code")
    return BrandRecord(code, text_of(row.get("name"), limit=500) or code, code=code, active=True)


def product(row: Row, account: Account) -> ProductRecord:
    """One line of the price list. The ELKO code is product, variant and SKU in one; UA and 2019 rows call it `id`."""
    code = _id(row, "elkoCode", "id")
    ukrainian = text_of(row.get("uAproductName"))
    name = text_of(row.get("name")) or ukrainian or text_of(row.get("manufacturerCode")) or code
    picture = _told(row, text_of, "imagePath", "pictureUrl")
    return ProductRecord(
        external_id=code,
        name=name,
        brand=_told(row, _short, "vendorCode"),
        brand_name=_told(row, lambda value: text_of(value, limit=500), "vendorName"),
        category=_told(row, _short, "catalog"),
        summary=_told(row, text_of, "fullDsc"),
        # Empty here says nothing: the long text comes with the details.
        description=text_of(row.get("detailedDescription")) or KEEP,
        translations=({"uk": ukrainian} if ukrainian else {}) if "uAproductName" in row else KEEP,
        image_url=picture,
        page_url=_told(row, text_of, "httpDescription"),
        guarantee=_told(row, _short, "warranty"),
        active=True,
        variants=(_variant(row, account, code, name, picture),),
    )


def _variant(row: Row, account: Account, code: str, name: str, picture: str | Keep) -> VariantRecord:
    stock: Decimal | None | Keep = KEEP
    more: bool | Keep = KEEP
    if "quantity" in row:
        stock, more = at_least(row["quantity"])
    currency = _told(row, _currency, "currency")
    retail = _told(row, _price_or_none, "rrp")
    return VariantRecord(
        external_id=code,
        sku=code,
        name=name,
        manufacturer_code=_told(row, _short, "manufacturerCode"),
        barcode=_told(row, _short, "eanCode"),
        hs_code=_told(row, lambda value: text_of(value, limit=100), "code_UKTZED"),
        currency=currency,
        price=_told(row, _price, "price"),
        discount_price=_told(row, _price_or_none, "discountPrice"),
        copyright_levy=_told(row, _price, "copyrightTax"),
        retail_price=retail,
        retail_currency=KEEP if isinstance(retail, Keep) else _retail_currency(account, currency),
        stock=stock,
        stock_at_least=more,
        incoming=_told(row, _pieces, "incomingQuantity", "transitQuantity"),
        reserved=_told(row, _pieces, "reservedQuantity"),
        pack_size=_told(row, _pieces, "packagingQuantity"),
        attributes=tuple(_extras(row)),
        image_url=picture,
        active=True,
    )


def _retail_currency(account: Account, currency: str | Keep) -> str | Keep:
    """The Ukrainian list recommends prices in UAH whatever currency it sells in."""
    if chosen := _currency(account.options.get("retail_currency")):
        return chosen
    return "UAH" if account.options.get("layout") == "ua" else currency


def _extras(row: Row) -> Iterable[dict[str, str]]:
    for label, name in EXTRAS:
        value = row.get(name)
        if isinstance(value, (str, int, Decimal)) and (text := text_of(value)) not in NOTHING:
            yield {"name": label, "value": text}
    if until := jde_date(row.get("promDate")):
        yield {"name": "Promotion until", "value": until.isoformat()}


def details(row: Row, account: Account) -> DetailRecord:
    """Description lines and pictures of one product, as the service joins them; a part not answered stays as it is."""
    code = _id(row, "productId")
    files = _list(row, "mediaFiles") if "mediaFiles" in row else None
    pictures = [] if files is None else _pictures(files)
    if "description" not in row:
        return DetailRecord(code, images=KEEP if files is None else tuple(pictures))
    lines = [
        {name: text_of(line.get(name)) for name in ("criteria", "value", "measurement")}
        for line in _list(row, "description")
    ]
    pictures += [line["value"] for line in lines if line["criteria"] == "Image" and line["value"]]
    return DetailRecord(
        external_id=code,
        description=next((told for line in lines if line["criteria"] == "Description" and (told := _said(line))), KEEP),
        specs=tuple(lines),
        images=tuple(dict.fromkeys(pictures)) if files is not None or pictures else KEEP,
        weight_kg=_weight(lines),
        size=_size(lines),
    )


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
    code = _id(row, "productId", "elkoCode", "id")
    if "stockQuantity" not in row and "prices" not in row:
        listed = _variant(row, account, code, "", KEEP)
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
    prices, coming = _part(row, "prices"), _part(row, "incoming")
    stock: Decimal | None | Keep = KEEP
    more: bool | Keep = KEEP
    if "stockQuantity" in row:
        stock, more = at_least(row["stockQuantity"])
    return AvailabilityRecord(
        external_id=code,
        currency=_told(prices, _currency, "currency"),
        price=_told(prices, _price, "price"),
        discount_price=_told(prices, _price_or_none, "discountPrice"),
        copyright_levy=_told(prices, _price, "copyrightTax"),
        stock=stock,
        stock_at_least=more,
        incoming=_told(coming, _pieces, "quantity"),
        incoming_on=_told(coming, _day, "expectedDate"),
    )


# -- orders


def order(row: Row, account: Account) -> OrderRecord:
    """A purchase order. Evidently `GET Orders` answers the model `POST Orders` takes; what else it holds is unproven."""
    number = _id(row, "id")
    user = _part(row, "enduser")
    word = text_of(row.get(account.options.get("order_status_field") or "status"), limit=NO_CODE)
    held = " ".join(filter(None, (text_of(row.get("holdCode")), text_of(row.get("comments")))))
    status = ORDER_WORDS.get(word.lower(), "unknown")
    if text_of(row.get("holdCode")) and status not in FINISHED:
        status = "on_hold"
    placed = jde_date(row.get("created"))
    lines = tuple(_order_line(line, place, number) for place, line in enumerate(_list(row, "lines"), start=1))
    return OrderRecord(
        external_id=number,
        number=number,
        direction="purchase",
        lines=lines,
        lines_complete="lines" in row,
        vendor_status=word,
        status=status,
        placed_at=datetime.combine(placed, time(), ZoneInfo(account.time_zone)) if placed else None,
        placed_day_only=placed is not None,
        buyer_name=text_of(user.get("contactName")) or text_of(user.get("company")) if user else KEEP,
        buyer_email=_told(user, text_of, "contactMail"),
        buyer_phone=_told(user, text_of, "contactPhone"),
        ship_to=_storable({name: value for name, value in user.items() if value not in (None, "", 0)})
        if user
        else KEEP,
        reference=text_of(user.get("customerPo")) or text_of(row.get("customerPo")) or text_of(row.get("customerPO")),
        hold_reason=held if "holdCode" in row else KEEP,
        currency=next(filter(None, (_currency(part.get("currency")) for part in (row, *_list(row, "lines")))), ""),
        total=_told(row, _price, "sum"),
    )


def _order_line(line: Row, place: int, order_number: str) -> OrderLineRecord:
    """Lines are numbered within their order; `quantity` beside `quantityRequested` is what ELKO confirmed."""
    asked = _quantity(line.get("quantityRequested"))
    given = _quantity(line.get("quantity"))
    return OrderLineRecord(
        external_id=f"{order_number}-{text_of(line.get('id')) or place}",
        sku=text_of(line.get("elkoCode"), limit=NO_CODE),
        name=text_of(line.get("productName")),
        position=place,
        quantity=given if asked is None else asked,
        quantity_confirmed=None if asked is None else given,
        unit_price=_price(line.get("price")),
        total=_price(line.get("sum")),
        raw=_storable(line),
    )


def invoice(row: Row, account: Account) -> InvoiceRecord:
    """What ELKO billed: negative, for we owe it; a package for each order on it. Money is text in the 2019 library."""
    number = _id(row, "invoiceId")
    more = _part(row, "additionalInfo")
    billed, unpaid = _price(more.get("amountWithVAT")), _price(more.get("amountOpen"))
    by_order: dict[str, list[Row]] = {}
    for line in _list(row, "details"):
        by_order.setdefault(text_of(line.get("orderNumber"), limit=NO_CODE), []).append(line)
    made = jde_date(row.get("dateCreate"))
    credit = billed is not None and billed < 0
    return InvoiceRecord(
        external_id=number,
        transaction=TransactionRecord(
            external_id=number,
            kind="credit" if credit else "bill",
            number=number,
            date=made,
            due_date=jde_date(more.get("dueDate")),
            amount=None if billed is None else -billed,
            open_amount=None if unpaid is None else -unpaid,
            currency=_currency(more.get("currency")),
            order_number=next(iter(by_order)) if len(by_order) == 1 else "",
        ),
        # A credit note brings nothing.
        packages=() if credit else tuple(_package(row, number, made, *entry) for entry in by_order.items()),
    )


def _package(row: Row, invoice_number: str, made: date | None, order_number: str, lines: list[Row]) -> PackageRecord:
    tracking = text_of(row.get("trackingDPD"), limit=NO_CODE)
    external_id = f"{invoice_number}-{order_number}" if order_number else invoice_number
    return PackageRecord(
        external_id=external_id,
        order=order_number or KEEP,
        number=_told(_part(row, "additionalInfo"), _short, "packageNumber"),
        status="shipped",
        tracking_number=tracking or KEEP,
        tracking_provider="DPD" if tracking else KEEP,
        invoice_number=invoice_number,
        invoice_date=made,
        lines=tuple(
            PackageLineRecord(
                external_id=f"{external_id}-{text_of(line.get('lineId')) or place}",
                sku=text_of(line.get("elkoCode"), limit=NO_CODE),
                name=text_of(line.get("description")),
                quantity=_quantity(line.get("quantityShipped")),
                unit_price=_price(line.get("price")),
                serials=tuple(filter(None, (text_of(serial) for serial in _list(line, "serials")))),
            )
            for place, line in enumerate(lines, start=1)
        ),
    )


# -- fields


def _storable(value: Any) -> Any:
    """The same as JSON columns take it: a Decimal as its exact text."""
    if isinstance(value, Mapping):
        return {name: _storable(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_storable(part) for part in value]
    return str(value) if isinstance(value, Decimal) else value


def _id(row: Row, *names: str) -> str:
    for name in names:
        value = row.get(name)
        if isinstance(value, bool) or not isinstance(value, (str, int, type(None))):
            raise ValueError(f"{name} is neither an integer nor a text")
        if found := text_of(value, limit=NO_CODE):
            return found
    raise ValueError(f"The row has no {' and no '.join(names)}")


def _told(row: Row, read: Callable[[Any], T], *names: str) -> T | Keep:
    """The first of these fields that is in the row, read; KEEP when none is."""
    return next((read(row[name]) for name in names if name in row), KEEP)


def _short(value: Any) -> str:
    return text_of(value, limit=NO_CODE)


def _currency(value: Any) -> str:
    code = text_of(value).upper()
    if code and not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise ValueError(f"{code[:20]!r} is not a currency code")
    return code


def _price(value: Any) -> Decimal | None:
    return decimal_of(value)


def _price_or_none(value: Any) -> Decimal | None:
    """ELKO writes 0 where it has no such price."""
    return decimal_of(value) or None


def _pieces(value: Any) -> Decimal | None:
    return at_least(value)[0]


def _quantity(value: Any) -> Decimal | None:
    return decimal_of(value, places=3)


def _day(value: Any) -> date | None:
    """No source tells the form of `expectedDate`: a JD Edwards number and an ISO day are read, all else is unknown."""
    if found := jde_date(value):
        return found
    try:
        return date.fromisoformat(text_of(value)[:10])
    except ValueError:
        return None


def _part(row: Row, name: str) -> Row:
    part = row.get(name)
    if part is None:
        return {}
    if not isinstance(part, Mapping):
        raise ValueError(f"{name} is not an object")
    return part


def _list(row: Row, name: str) -> list[Any]:
    """The field's objects or texts; absent and null are an empty list."""
    found = row.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        raise ValueError(f"{name} is not a list")
    if name != "serials" and not all(isinstance(entry, Mapping) for entry in found):
        raise ValueError(f"{name} holds something that is not an object")
    return found
