"""The macros that work in DuckDB's own way, against the same arithmetic in Python."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import Environment, FileSystemLoader

Duck = duckdb.DuckDBPyConnection

MACROS = Path(__file__).parent.parent.parent / "macros"
chance = settings(derandomize=True, deadline=None, database=None, max_examples=600)

# Where the division of 64 bits ends that of 128 begins; both sides of it, and all sizes of figures.
edges = st.sampled_from([Decimal(edge) + Decimal(off) / 10_000 for edge in (0, 1, 999_999_999, 10**9) for off in (-1, 0, 1)])
figures = st.one_of(
    edges,
    edges.map(lambda figure: -figure),
    *(st.decimals(-(10**digits), 10**digits, places=places) for digits, places in ((2, 4), (6, 0), (9, 2), (10, 4), (13, 4))),
)


@pytest.fixture(scope="module")
def duck() -> Iterator[Duck]:
    with duckdb.connect() as connection:
        yield connection


@cache
def _sql(macro: str, *arguments: object) -> str:
    macros = Environment(loader=FileSystemLoader(MACROS)).get_template("engine.sql").module
    return str(getattr(macros, f"duckdb__{macro}")(*arguments))


def _quotient(duck: Duck, numerator: Decimal | None, denominator: Decimal | None, scale: int) -> Decimal | None:
    row = duck.execute(
        f"select {_sql('decimal_divide', 'numerator', 'denominator', scale)} "
        "from (select cast(? as decimal(28, 4)) as numerator, cast(? as decimal(28, 4)) as denominator)",
        [numerator, denominator],
    ).fetchone()
    assert row
    return row[0]


@chance
@given(numerator=figures, denominator=figures, scale=st.sampled_from([1, 2, 4, 5]))
@example(numerator=Decimal("0.5"), denominator=Decimal(1), scale=1).via("half away from zero: the next decimal is none")
@example(numerator=Decimal("-1"), denominator=Decimal(8), scale=2).via("-0.125 is -0.13")
@example(numerator=Decimal("999999999.9999"), denominator=Decimal("0.0001"), scale=5).via("the largest of 64 bits")
@example(numerator=Decimal(10) ** 9, denominator=Decimal("0.0001"), scale=5).via("the smallest of 128 bits")
def test_a_quotient_is_rounded_half_away_from_zero(duck: Duck, numerator: Decimal, denominator: Decimal, scale: int) -> None:
    expected = (numerator / denominator).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP) if denominator else None
    assert _quotient(duck, numerator, denominator, scale) == expected


@pytest.mark.parametrize("large", [Decimal(7), Decimal(7 * 10**9)])
def test_a_quotient_with_something_missing_is_missing(duck: Duck, large: Decimal) -> None:
    assert _quotient(duck, None, large, 2) is None
    assert _quotient(duck, large, None, 2) is None
    assert _quotient(duck, large, Decimal(0), 2) is None
    assert _quotient(duck, None, None, 2) is None


# Where 64 bits end: 14 digits before the comma.
rounded = [Decimal(10) ** digits - Decimal(off) / 10_000 for digits in (0, 14) for off in (0, 1, 50, 5001)]


@chance
@given(figure=st.one_of(figures, st.sampled_from(rounded), st.decimals(-(10**15), 10**15, places=4)))
@example(figure=Decimal("-0.005")).via("half away from zero: -0.01")
@example(figure=Decimal("99999999999999.9950")).via("the largest of 64 bits that is rounded up")
@example(figure=Decimal(10) ** 14).via("the smallest of 128 bits")
def test_a_figure_is_rounded_to_two_decimals_whatever_its_size(duck: Duck, figure: Decimal) -> None:
    row = duck.execute(f"select {_sql('two_decimals', 'figure')} from (select cast(? as decimal(28, 4)) as figure)", [figure])
    assert row.fetchall() == [(figure.quantize(Decimal("0.01"), ROUND_HALF_UP),)]


def test_a_figure_that_is_missing_stays_missing(duck: Duck) -> None:
    row = duck.execute(f"select {_sql('two_decimals', 'figure')} from (select cast(null as decimal(28, 4)) as figure)")
    assert row.fetchall() == [(None,)]
