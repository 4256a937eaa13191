"""Numbers, texts, days and ids of vendors: what is read, and what is refused by name."""

from datetime import date
from decimal import Decimal

import pytest

from integrations.numbers import at_least, decimal_of, gtin_of, jde_date, jde_number, key_from, text_of


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("1234.50", "1234.50"),
        (" 1,234.50 ", "1234.50"),
        ("1,234,567", "1234567"),
        ("-3", "-3"),
        (7, "7"),
        (Decimal("52.40"), "52.40"),
        (Decimal("1.2000000"), "1.2"),
        (Decimal("1E+2"), "100"),
        ("-0", "0"),
    ],
)
def test_numbers_read(value, number):
    assert decimal_of(value) == Decimal(number)


@pytest.mark.parametrize("value", [None, "", "  ", "null"])
def test_nothing_is_unknown(value):
    assert decimal_of(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "1.234,50", "12,34", "١٢٣", "1_000", "1e5", "NaN", "Infinity", "twelve", "0x10", "1.", ".5", "1 000", "--1",
        Decimal("NaN"), Decimal("Infinity"), Decimal("1e999"), "1" * 40, 10**14, True, False, 1.5, [], {},
        "0.1234567", Decimal("0.1234567"), Decimal("1e-999"),
    ],
)  # fmt: skip
def test_everything_else_is_refused(value):
    with pytest.raises(ValueError, match=r"number|stored|places"):
        decimal_of(value)


def test_a_refusal_names_the_value():
    with pytest.raises(ValueError, match=r"'1\.234,50'"):
        decimal_of("1.234,50")
    with pytest.raises(ValueError, match="places"):
        decimal_of("1.2345", places=3)
    with pytest.raises(ValueError, match="larger"):
        decimal_of(10**5000)


@pytest.mark.parametrize(
    ("value", "pieces"),
    [
        ("> 50", (50, True)),
        (">10", (10, True)),
        ("50+", (50, True)),
        ("+5", (5, True)),
        ("12", (12, False)),
        (12, (12, False)),
        ("0", (0, False)),
        ("", (None, False)),
        (None, (None, False)),
        ("call", (None, False)),
        ("> many", (None, False)),
        ("-1", (None, False)),
        ("+", (None, False)),
        ({}, (None, False)),
        ("999999999999", (None, False)),
    ],
)
def test_pieces(value, pieces):
    assert at_least(value) == pieces


def test_texts():
    assert text_of(None) == ""
    assert text_of("  a\0b\ud800c ") == "ab\ufffdc"
    assert text_of(12) == "12"
    assert text_of("\U0001f600") == "\U0001f600"
    with pytest.raises(ValueError, match="dict"):
        text_of({})
    with pytest.raises(ValueError, match="more than the 3"):
        text_of("four", limit=3)


@pytest.mark.parametrize(
    ("number", "day"),
    [
        (118269, date(2018, 9, 26)),
        ("126325", date(2026, 11, 21)),
        (99365, date(1999, 12, 31)),
        (124366, date(2024, 12, 31)),
        (123366, None),
        (126000, None),
        (0, None),
        ("", None),
        (None, None),
        ("soon", None),
        (20261121, None),
        (True, None),
    ],
)
def test_jd_edwards_days(number, day):
    assert jde_date(number) == day
    if day is not None:
        assert jde_number(day) == int(number)


def test_gtin():
    assert gtin_of(" 4006381333931 ") == "4006381333931"
    assert gtin_of("672042024551") == "672042024551"
    assert [gtin_of(bad) for bad in ("4006381333930", "40123", "", "0000000000000", "٤٠٠٦٣٨١٣٣٣٩٣١")] == [""] * 5


def test_keys_are_exact_and_the_first_name_wins():
    key = key_from("elkoCode", "id")
    assert key(b'{"id": 1, "elkoCode": 123456789012345678901234567890, "x": [1]}') == "123456789012345678901234567890"
    assert key(memoryview(b'{"elkoCode": null, "id": " a\\u00e9 "}')) == "aé"
    assert key(b'{"elkoCode": "", "id": 7}') == "7"


@pytest.mark.parametrize(
    "row",
    [b"{}", b'{"id": null}', b'{"id": 1.5}', b'{"id": true}', b'{"id": {}}', b"[]", b"5", b'{"id": "\xff"}', b"{"],
)
def test_rows_without_id_are_refused(row):
    with pytest.raises(ValueError, match=r"row"):
        key_from("id")(row)
