"""GTINs: which barcodes carry a right check digit (GS1 General Specifications, section 7.9)."""

LENGTHS = (8, 12, 13, 14)


def gtin_of(text: str) -> str:
    """The barcode's digits when they are a GTIN-8, -12, -13 or -14 with a right check digit, else an empty string."""
    digits = text.strip()
    if len(digits) not in LENGTHS or not digits.isascii() or not digits.isdigit() or not int(digits):
        return ""
    body = digits[-2::-1]
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(body))
    return digits if (10 - total % 10) % 10 == int(digits[-1]) else ""
