"""Whether ELKO's price list still has the fields that are known: a change is told on the run, before somebody misses something."""

from collections.abc import Sequence
from typing import Any

import msgspec

# Every field that a client's model, a stored answer or a manual shows (EU, then what Ukraine has beside or instead).
KNOWN = frozenset(
    {
        "id", "elkoCode", "name", "manufacturerCode", "vendorName", "vendorCode", "catalog", "catalogName",
        "quantity", "price", "discountPrice", "currency", "copyrightTax", "price2", "quantityForPrice2",
        "promDate", "promQuant", "lotNumber", "imagePath", "thumbnailImagePath", "fullDsc", "httpDescription",
        "packagingQuantity", "warranty", "eanCode", "obligatoryKit", "reservedQuantity", "incomingQuantity",
        "altDsc", "detailedDescription", "reservedQuantityFromBasket", "transitQuantity", "rrp", "rrPcontrol",
        "searchText", "prP4", "code_UKTZED", "uAproductName", "pictureUrl", "discount", "origin",
    }
)  # fmt: skip
NEEDED = ("name", "price", "quantity", "currency")
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


def drift(rows: Sequence[Any]) -> str:
    """What is new or missing on a page, by its first and last row; empty when nothing is."""
    seen: set[str] = set()
    for row in (rows[0], rows[-1]) if rows else ():
        try:
            seen |= _fields.decode(row).keys()
        except msgspec.MsgspecError:
            return ""  # a row that cannot be read is told as such
    told = []
    if new := sorted(seen - KNOWN):
        told.append(f"ELKO's list has fields unknown so far, kept with each row: {', '.join(new)[:200]}.")
    if seen and (gone := [name for name in NEEDED if name not in seen]):
        told.append(f"ELKO's list lacks fields it always had: {', '.join(gone)}. What is stored stays.")
    return " ".join(told)
