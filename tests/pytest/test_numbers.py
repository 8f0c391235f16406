"""Printed Swedish numbers: what is one, what it is worth, and what is refused rather than guessed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.reading.numbers import (
    PLACEHOLDERS,
    can_be_continued,
    can_continue,
    can_stand_alone,
    is_marked_number,
    is_number_token,
    normalise,
    parse_number,
)

chance = settings(derandomize=True, deadline=None, database=None, max_examples=300)
numbers = st.decimals(min_value=-(10**11), max_value=10**11, allow_nan=False, allow_infinity=False, places=2) | st.integers(
    -(10**11), 10**11
).map(Decimal)
spaces = st.sampled_from([" ", "\u00a0", "\u2007", "\u2009", "\u202f"])
minus = st.sampled_from(["-", "\u2212", "\u2013"])


def _printed(value: Decimal, space: str = " ", sign: str = "-", comma: str = ",") -> str:
    text = f"{abs(value):,f}".replace(",", "_").replace(".", comma).replace("_", space)
    return sign + text if value < 0 else text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", "0"),
        ("316", "316"),
        ("3 315", "3315"),
        ("-26 458", "-26458"),
        ("1 234 567", "1234567"),
        ("31324", "31324"),
        ("+8", "8"),
        ("6,6", "6.6"),
        ("-1 234,50", "-1234.50"),
        # Spaces and signs of typography.
        ("3\u00a0315", "3315"),
        ("3\u2009315", "3315"),
        ("3\u202f315", "3315"),
        ("\u2212316", "-316"),
        ("\u2013316", "-316"),
        # Marks, units and notes around the number.
        ("8,4%", "8.4"),
        ("8,4 %", "8.4"),
        ("-4,1\u00a0%", "-4.1"),
        ("<166", "166"),
        ("< 166", "166"),
        (">20", "20"),
        ("20**", "20"),
        ("12,5**", "12.5"),
        ("96,7 **", "96.7"),
        ("58 st", "58"),
        ("1 375 st", "1375"),
        ("Inom 24 timmar", "24"),
        ("90 dygn", "90"),
        ("19 st (Jan-okt 2030)", "19"),
        ("12,5** (230901-240831)", "12.5"),
        ("23 Genomsnitt jan-okt 2030", "23"),
    ],
)  # fmt: skip
def test_a_number_is_exact(text: str, value: str) -> None:
    parsed = parse_number(text)
    assert parsed == Decimal(value)
    assert parsed is not None
    assert parsed.as_tuple().exponent == Decimal(value).as_tuple().exponent  # its precision is as printed


@pytest.mark.parametrize(
    "text",
    [
        *sorted(PLACEHOLDERS), "", " ", "öka", "minska", "bibehålla", "Bokslut 2030 **",
        "Uppfyllt", "80 – 100", "80 – 100**", "+/- 0,5",
        "1 23", "12 34", "1234 567", "1  234", "1,2,3", "1,", ",5", "--5", "5-", "2030-12-31", "12 345 6", "5 6", "1.234",
        "1.234,5", "8.41%", "1e5", "٣", "Infinity", "NaN", "0x10", "1_000", "(5)", "²",
    ],
)  # fmt: skip
def test_what_is_no_number_has_no_value(text: str) -> None:
    assert parse_number(text) is None


def test_a_point_is_a_decimal_sign_only_where_the_table_says_so() -> None:
    assert parse_number("8.41%", decimal_point=True) == Decimal("8.41")
    assert parse_number("1.234", decimal_point=True) == Decimal("1.234")
    assert parse_number("1.234") is None
    assert parse_number("8,41", decimal_point=True) is None
    assert parse_number("1 234", decimal_point=True) == 1234
    assert parse_number("12", decimal_point=True) == 12


@given(numbers, spaces, minus)
@chance
def test_every_number_survives_printing(value: Decimal, space: str, sign: str) -> None:
    assert parse_number(_printed(value, space, sign)) == value
    assert parse_number(_printed(value, "", sign)) == value
    assert parse_number(_printed(value, space, sign) + " %") == value
    assert parse_number(_printed(value, space, sign) + "**") == value
    assert parse_number(_printed(value, space, sign, "."), decimal_point=True) == value


@given(st.text(max_size=12))
@chance
def test_any_text_is_a_number_or_not(text: str) -> None:
    value = parse_number(text)
    assert value is None or value.is_finite()
    normalise(text)


@given(numbers)
@chance
def test_the_pieces_of_a_number_can_be_put_together_again(value: Decimal) -> None:
    first, *others = _printed(value).split(" ")
    assert is_number_token(first)
    assert can_stand_alone(first)
    assert all(can_continue(other) for other in others)
    assert not others or can_be_continued(first)


def test_what_pieces_can_be() -> None:
    assert not can_stand_alone("045")
    assert not can_stand_alone("-045")
    assert not can_stand_alone("045 %")
    assert not can_stand_alone("000,1%")
    assert can_stand_alone("0")
    assert can_stand_alone("0,5")
    assert all(can_continue(text) for text in ("000", "999", "123,5", "123%", "123 %", "123**", "123 **", "123 st"))
    assert not any(can_continue(text) for text in ("12", "1234", "-123", "+123", "<123", "12,5", "%", "123 – 130"))
    assert all(can_be_continued(text) for text in ("1", "12", "123", "-1", "+12", "<166"))
    assert not any(can_be_continued(text) for text in ("0", "012", "1234", "1,5", "5%", "12 st", "-"))
    assert not any(is_number_token(text) for text in ("-", "*", "**", "%", "år", "30-49", "1.", "(5)", "2030-12-31", ""))
    assert all(is_marked_number(text) for text in ("5 %", "5 st", "12,5 **", "5%"))
    assert not any(is_marked_number(text) for text in ("80 – 100", "5 6", "+/- 0,5", "5 %%"))


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("\u22125", "-5"),
        ("\u20135 \u2013 7", "-5 \u2013 7"),
        ("80 \u2013 100", "80 \u2013 100"),
        ("18\u201324 a\u030ar", "18\u201324 år"),  # a range of ages is no minus; letters are put together
        ("1\u00a0234\u202f567", "1 234 567"),
    ],
)
def test_normalising_keeps_ranges(text: str, normal: str) -> None:
    assert normalise(text) == normal
