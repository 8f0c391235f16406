"""The arithmetic of tables: its notation, and what holds within the rounding of what is printed."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ingest.errors import LayoutError
from ingest.reading.rules import Expression, Term, column_names, holds, limit_names, parse_expression, precision, within_limit

chance = settings(derandomize=True, deadline=None, database=None, max_examples=300)
cents = st.decimals(min_value=-99_999, max_value=99_999, places=2, allow_nan=False, allow_infinity=False)


def _holds(rule: str, **values: str) -> bool | None:
    return holds(parse_expression(rule), {name: Decimal(value) for name, value in values.items()})


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("avvikelse = utfall - budget", Expression("avvikelse", "sum", (Term("utfall"), Term("budget", -1)))),
        ("'Netto' = 'Intäkter' + 'Kostnader'", Expression("Netto", "sum", (Term("Intäkter"), Term("Kostnader")))),
        ("'Totalt' = all", Expression("Totalt", "sum", (Term("all"),))),
        ("'Rad / -' = 'Rad'", Expression("Rad / -", "sum", (Term("Rad"),))),
        ("'Förändring' = 'Netto' - 'Netto'[-1]", Expression("Förändring", "sum", (Term("Netto"), Term("Netto", -1, None, -1)))),
        ("'Summa' = per_unit:'Nämnd' + 'Kontor'", Expression("Summa", "sum", (Term("Nämnd", 1, "per_unit"), Term("Kontor")))),
        ("'Summa' = other:'Netto'[2]", Expression("Summa", "sum", (Term("Netto", 1, "other", 2),))),
        ("snitt = mean(all)", Expression("snitt", "mean", (Term("all"),))),
        ("snitt = mean(jan, feb)", Expression("snitt", "mean", (Term("jan"), Term("feb")))),
        ("andel = 100 * del / helt", Expression("andel", "percent", (Term("del"),), Term("helt"))),
        ("andel = 100 * (a - b) / a", Expression("andel", "percent", (Term("a"), Term("b", -1)), Term("a"))),
        (
            "'I %' = 100 * 'I tkr' / 'Netto'[-1]",
            Expression("I %", "percent", (Term("I tkr"),), Term("Netto", 1, None, -1)),
        ),
        ("b = 1.032 * a", Expression("b", "sum", (Term("a", Decimal("1.032")),))),
        ("b = c - 8/12 * a", Expression("b", "sum", (Term("c"), Term("a", Decimal("-0.666667"))))),
        ("del <= helt", Expression("del", "at_most", (Term("helt"),))),
        ("'a = b' <= 'c between d'", Expression("a = b", "at_most", (Term("c between d"),))),
        ("'Alla' between '<29 år' + 'Män'", Expression("Alla", "between", (Term("<29 år"), Term("Män")))),
        (
            "mål:'Netto'.utfall = 100 * (-'Netto'.avvikelse) / 'Netto'.budget",
            Expression(
                "Netto",
                "percent",
                (Term("Netto", -1, column="avvikelse"),),
                Term("Netto", column="budget"),
            ),
        ),
    ],
)
def test_notation(text: str, expression: Expression) -> None:
    assert parse_expression(text) == expression


@pytest.mark.parametrize("text", ["", "a", "a - b", "a + b = c", "a = ", "a = 1 + b", "a = 'b", "a = b * c", "= a", "a = b !"])
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(LayoutError, match="What to do"):
        parse_expression(text)


def test_a_result_may_name_its_place() -> None:
    assert parse_expression("mål:'Netto'.utfall = 'Netto'.budget").place == Term("Netto", table="mål", column="utfall")
    assert parse_expression("'Netto' = 'A'").place == Term("Netto")


def test_the_columns_a_rule_speaks_of() -> None:
    assert column_names(parse_expression("c = 100 * (a - b) / d")) == {"a", "b", "c", "d"}
    assert column_names(parse_expression("snitt = mean(all)")) == {"snitt"}


@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        # A constant multiplies the rounding of its term too: 0.5 x 3.2 + 0.5.
        ("b = 3.2 * a", {"a": "10", "b": "34"}, True),
        ("b = 3.2 * a", {"a": "10", "b": "35"}, False),
        # A sum: half a unit for each term and half for the result.
        ("c = a + b", {"a": "3", "b": "4", "c": "7"}, True),
        ("c = a + b", {"a": "3", "b": "4", "c": "8"}, True),
        ("c = a + b", {"a": "3", "b": "4", "c": "9"}, False),
        ("c = a + b", {"a": "3", "b": "4", "c": "5"}, False),
        ("c = a - b", {"a": "2,0".replace(",", "."), "b": "1.0", "c": "1.1"}, True),
        ("c = a - b", {"a": "2.0", "b": "1.0", "c": "1.2"}, False),
        ("c = a + b", {"a": "1.25", "b": "1", "c": "3"}, True),  # 0.005 + 0.5 + 0.5
        ("c = a + b", {"a": "1.25", "b": "1", "c": "3.26"}, False),
        # A percentage: the rounding of the divisor counts too.
        ("c = 100 * a / b", {"a": "50", "b": "200", "c": "25"}, True),
        ("c = 100 * a / b", {"a": "50", "b": "200", "c": "26"}, False),
        ("c = 100 * (a - b) / a", {"a": "-200", "b": "-379", "c": "-90"}, True),
        ("c = 100 * a / b", {"a": "50", "b": "-200", "c": "-25"}, True),
        ("c = 100 * a / b", {"a": "1", "b": "3", "c": "40"}, True),  # 0.5 of 3 is a sixth
        # A mean: as many roundings as terms, divided by their number.
        ("c = mean(a, b)", {"a": "1", "b": "4", "c": "3"}, True),
        ("c = mean(a, b)", {"a": "1", "b": "4", "c": "3.6"}, False),
        ("c = mean(all)", {"a": "1", "b": "2", "c": "2", "d": "3"}, True),
        ("c = mean(all)", {"a": "1", "b": "2", "c": "9", "d": "3"}, False),
        # What is not printed decides nothing.
        ("c = a + b", {"a": "3", "b": "4"}, None),
        ("c = a + b", {"a": "3", "c": "4"}, None),
        ("c = mean(all)", {"c": "4"}, None),
        ("c = 100 * a / b", {"a": "3", "b": "0", "c": "4"}, None),
        ("c = 100 * a / b", {"a": "3", "c": "4"}, None),
    ],
)
def test_what_holds(rule: str, values: dict[str, str], expected: bool | None) -> None:
    assert _holds(rule, **values) is expected


@given(st.lists(cents, min_size=1, max_size=6), st.integers(0, 2))
@chance
def test_rounded_addends_of_a_true_sum_always_hold(values: list[Decimal], places: int) -> None:
    """Every addend rounded by itself, and the total rounded by itself, as reports do."""
    unit = Decimal(1).scaleb(-places)
    names = [f"a{n}" for n in range(len(values))]
    printed = {name: value.quantize(unit, ROUND_HALF_UP) for name, value in zip(names, values, strict=True)}
    printed["total"] = sum(values, Decimal(0)).quantize(unit, ROUND_HALF_UP)
    rule = parse_expression(f"total = {' + '.join(names)}")
    assert holds(rule, printed) is True
    just_outside = (len(values) + 1) * unit / 2 + unit
    wrong = sum((printed[name] for name in names), Decimal(0)) + just_outside
    assert holds(rule, {**printed, "total": wrong.quantize(unit)}) is False


@given(cents, cents, st.integers(0, 2))
@chance
def test_a_rounded_percentage_holds(part: Decimal, whole: Decimal, places: int) -> None:
    assume(abs(whole) >= 1)
    share = (100 * part / whole).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    rule = parse_expression("c = 100 * a / b")
    assert holds(rule, {"a": part, "b": whole, "c": share}) is True


@pytest.mark.parametrize(("value", "unit"), [("7", "1"), ("6.6", "0.1"), ("6.60", "0.01"), ("1200", "1"), ("-0.5", "0.1")])
def test_precision_is_that_of_the_last_printed_digit(value: str, unit: str) -> None:
    assert precision(Decimal(value)) == Decimal(unit)


@pytest.mark.parametrize(
    ("limit", "values", "expected"),
    [
        ("a <= b", {"a": 3, "b": 3}, True),
        ("a <= b", {"a": 4, "b": 3}, False),
        ("a <= 5", {"a": 5}, True),
        ("a <= 5", {"a": 6}, False),
        ("0.1 <= a / b <= 20", {"a": 2, "b": 20}, True),
        ("0.1 <= a / b <= 20", {"a": 1, "b": 20}, False),
        ("0.1 <= a / b <= 20", {"a": 400, "b": 20}, True),
        ("0.1 <= a / b <= 20", {"a": 401, "b": 20}, False),
        ("0.1 <= a / b <= 20", {"a": -2, "b": 20}, True),  # only sizes count
        ("0.1 <= a / b <= 20", {"a": 2, "b": 0}, True),
        ("a <= b", {"a": 4}, True),
        ("a <= b", {"b": 4}, True),
        ("0.1 <= a / b <= 20", {"b": 4}, True),
    ],
)
def test_limits(limit: str, values: dict[str, int], expected: bool) -> None:
    assert within_limit(limit, {name: Decimal(value) for name, value in values.items()}) is expected


def test_the_columns_a_limit_speaks_of() -> None:
    assert limit_names("0.1 <= a / b <= 20") == {"a", "b"}
    assert limit_names("a <= b") == {"a", "b"}
    assert limit_names("a <= 5") == {"a"}


@pytest.mark.parametrize("limit", ["a < b", "a", "a <= ", "a / b", "a <= b <= c <= d"])
def test_what_is_no_limit_is_refused(limit: str) -> None:
    with pytest.raises(LayoutError, match="What to do"):
        within_limit(limit, {})
