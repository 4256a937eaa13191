"""Eleven products with, between them, every documented oddity of ELKO's list, as the EU and the UA service say it."""

from integrations.services.elko.simulator_products import HOMEPAGE, eu_row, ua_row
from integrations.simulator.seed import ean13
from integrations.simulator.wire import Row

MARKUP = "Sound <b>& more</b><br/>20 Hz – 20 kHz ±3 dB | −42\u2011dB"
UPC = ean13(3_870_155_294, "06")[1:]  # twelve digits: a barcode of the American kind

# (place in the assortment, what is odd about the EU row, what is odd about the UA row); None takes a field away
ODDITIES: tuple[tuple[int, Row, Row], ...] = (
    # 1. Better stocked than the list says; a levy and a better price make the real cost.
    (8, {"quantity": "> 50", "price": 54.9, "discountPrice": 51.2, "copyrightTax": 0.35, "incomingQuantity": 40},
     {"quantity": "> 50", "rrp": 2499.0, "rrPcontrol": "Y", "currency": "USD", "transitQuantity": "20"}),
    # 2. A licence: the other cap, no weight, no warranty.
    (29, {"quantity": "> 100", "warranty": "", "eanCode": ""},
     {"quantity": "> 100", "eanCode": "", "code_UKTZED": None}),
    # 3. Sold out, more on the way.
    (13, {"quantity": "0", "incomingQuantity": 25}, {"quantity": "0", "transitQuantity": "25"}),
    # 4. The sign without the blank after it; a second price step; a promotion with a JD Edwards date.
    (16, {"quantity": ">10", "price2": 21.5, "quantityForPrice2": "10", "promDate": 126365, "promQuant": 5},
     {"quantity": ">10", "discount": {"status": True, "price": [19.9], "link": "https://ecom.elko.example/action/77"}}),
    # 5. Two part numbers in one field, with blanks and slashes; a name in the older form with bars.
    (3, {"manufacturerCode": "CX-D5/16 700421", "name": "MEM|DIMM DDR5|16GB|CX-D5/16 700421|CORVIX", "quantity": "7"},
     {"manufacturerCode": "CX-D5/16 700421", "searchText": "CX-D5/16 700421", "uAproductName": "", "quantity": "7"}),
    # 6. The same part number from another brand; a barcode of five digits.
    (11, {"manufacturerCode": "CX-D5/16 700421", "eanCode": "40123", "quantity": "3"},
     {"manufacturerCode": "CX-D5/16 700421", "eanCode": "40123", "quantity": "3"}),
    # 7. A barcode with a wrong check digit; no pictures.
    (17, {"eanCode": "4751234567890", "imagePath": "", "thumbnailImagePath": "", "quantity": "12"},
     {"eanCode": "4751234567890", "pictureUrl": "", "quantity": "12"}),
    # 8. Markup, entities, a non-breaking hyphen and a plus-minus sign in text.
    (20, {"name": "HEADPHONES WRL &quot;PURE&#39;S&quot;/SV-HPH1 SILVAN AUDIO", "fullDsc": MARKUP, "quantity": "24"},
     {"fullDsc": MARKUP, "quantity": "24"}),
    # 9. A pack of ten; a warranty in local words; a barcode of twelve digits.
    (27, {"packagingQuantity": 10, "warranty": "36 mėnesių (oficiali garantija)", "eanCode": UPC, "quantity": "50"},
     {"packagingQuantity": 10, "warranty": "36 місяців", "eanCode": UPC, "quantity": "50"}),
    # 10. The 2019 form: no elkoCode, no catalogName; part of an obligatory kit; no better price given.
    (14, {"elkoCode": None, "catalogName": None, "obligatoryKit": 1400030, "discountPrice": 0.0, "quantity": "1",
          "reservedQuantity": 2},
     {"quantity": "1", "reservedQuantity": 2, "reservedQuantityFromBasket": 1, "rrp": 0.0, "origin": None}),
    # 11. A stock that is not a number, a field nobody documented, another currency.
    (28, {"quantity": "call", "currency": "USD", "energyClass": "D"},
     {"quantity": "call", "currency": "UAH", "energyClass": "D"}),
)  # fmt: skip


def _odd(row: Row, changes: Row, nulls: tuple[str, ...] = ()) -> Row:
    merged = {**row, **changes}
    return {name: value for name, value in merged.items() if value is not None or name not in changes or name in nulls}


def eu_rows(url: str) -> list[Row]:
    return [_odd(eu_row(number, url), changes) for number, changes, _ in ODDITIES]


def ua_rows(url: str) -> list[Row]:
    rows = [_odd(ua_row(number, url), changes, nulls=("code_UKTZED",)) for number, _, changes in ODDITIES]
    return [{**row, "httpDescription": f"{HOMEPAGE}/{row['id']}"} for row in rows]
