"""The load gate: every check broken once, in a document of its own; the gate runs once over all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from synthetic import cell, extraction

from ingest.kolada.raw import SCHEMA
from ingest.loading.gate import CHECKS, KOLADA_CHECKS, CheckResult, as_results, check_frames, describe_failures, number_printed
from ingest.loading.load import shape
from ingest.model import Column, Extraction, Rule, RuleTerm

# One worker for all: what they share takes long to make.
pytestmark = pytest.mark.xdist_group("gate")

Break = Callable[[Extraction], Extraction]


def _change(part: str, index: int, **changes: Any) -> Break:
    """Change fields of one row of a part (document, tables, columns, cells, rules, rule_terms)."""

    def apply(e: Extraction) -> Extraction:
        if part == "document":
            return replace(e, document=replace(e.document, **changes))
        rows = list(getattr(e, part))
        rows[index] = rows[index]._replace(**changes)
        return replace(e, **{part: rows})

    return apply


def _add(part: str, *new: Any) -> Break:
    return lambda e: replace(e, **{part: [*getattr(e, part), *new]})


def _repeat(part: str) -> Break:
    return lambda e: replace(e, **{part: [*getattr(e, part), getattr(e, part)[0]]})


EARLY = date(2023, 12, 31)
TERM = RuleTerm(1, 1, 1, "term", 1, None, 2, 0, Decimal(1))
TERMS = extraction().statement_terms
RULE = Rule(1, 1, "deviation", "deviation", "sum", None, 1, False, False, "error", "avvikelse")

# check -> (what breaks it, words the message must have, other checks that must fail with it)
BROKEN: dict[str, tuple[Break, str, set[str]]] = {
    "document_kind_listed": (_change("document", 0, kind="broschyr"), "kind is 'broschyr'", set()),
    "document_text_origin_listed": (_change("document", 0, text_origin="fax"), "text_origin is 'fax'", set()),
    "document_period_ordered": (_change("document", 0, period_end=EARLY), "period_end is 2023-12-31", set()),
    "document_has_tables": (
        lambda e: Extraction(e.document, [], [], [], [], [], []),
        "the document has no tables",
        set(),
    ),
    "document_text_clean": (_change("document", 0, title="Berättelse\x00"), "title holds a control character", set()),
    "report_table_cell_count": (
        lambda e: replace(e, cells=e.cells[:-1]),
        "table 1: 4 cells were read from the page and 3 are here",
        set(),
    ),
    "report_table_key_unique": (_repeat("tables"), "table 1: the key", {"report_table_numbered"}),
    "report_table_numbered": (
        _change("tables", 1, table_no=3),
        "table_no is 3 where 2 follows",
        {"report_column_table_exists"},
    ),
    "report_table_unit_listed": (_change("tables", 0, unit="tkrr"), "unit is 'tkrr'", set()),
    "report_table_cost_sign_listed": (_change("tables", 0, cost_sign=2), "cost_sign is '2'", set()),
    "report_table_first_line_in_report": (_change("tables", 1, first_line=0), "first_line is 0", set()),
    "report_table_lines_ordered": (_change("tables", 1, last_line=19), "last_line is 19, before first_line 20", set()),
    "report_table_last_line_in_report": (_change("tables", 1, last_line=101), "line_count is 100, before", set()),
    "report_table_text_clean": (_change("tables", 0, table_title="Drift\x1f"), "table_title holds a control", set()),
    "report_column_key_unique": (_repeat("columns"), "table 1, column 1: the key", {"report_column_numbered"}),
    "report_column_table_exists": (
        _add("columns", Column(7, 1, "x", "X", None, None, None, None)),
        "table 7, column 1: the document has no table 7",
        set(),
    ),
    "report_column_numbered": (
        _change("columns", 1, column_no=3),
        "column_no is 3 where 2 follows",
        {"table_cell_column_exists"},
    ),
    "report_column_measure_listed": (_change("columns", 0, measure="längd"), "measure is 'längd'", set()),
    "report_column_scenario_listed": (_change("columns", 0, scenario="dröm"), "scenario is 'dröm'", set()),
    "report_column_period_ordered": (_change("columns", 0, period_end=EARLY), "period_end is 2023-12-31", set()),
    "report_column_text_clean": (_change("columns", 0, column_label="Utfall\n"), "column_label holds a control", set()),
    "table_cell_key_unique": (_repeat("cells"), "table 1, row 1, column 1, line 11: the key", {"report_table_cell_count"}),
    "table_cell_table_exists": (
        _add("cells", cell(1, 1, "5", "5", table_no=9)),
        "the document has no table 9",
        {"table_cell_column_exists"},
    ),
    "table_cell_column_exists": (_add("cells", cell(2, 3, "5", "5")), "table 1 has no column 3", {"report_table_cell_count"}),
    "table_cell_rows_numbered": (
        lambda e: Extraction(e.document, e.tables, e.columns, [e.cells[0], e.cells[2]._replace(row_no=3)], [], [], e.notes),
        "row 3, column 1, line 12: row_no is 3 where 2 follows",
        {"report_table_cell_count"},
    ),
    "table_cell_unit_listed": (_change("cells", 0, unit="kkr"), "unit is 'kkr'", set()),
    "table_cell_method_listed": (_change("cells", 0, method="gissat"), "method is 'gissat'", set()),
    "table_cell_measure_listed": (_change("cells", 0, measure="längd"), "measure is 'längd'", set()),
    "table_cell_scenario_listed": (_change("cells", 0, scenario="dröm"), "scenario is 'dröm'", set()),
    "table_cell_period_ordered": (_change("cells", 0, period_end=EARLY), "period_end is 2023-12-31", set()),
    "table_cell_line_not_before_table": (_change("cells", 0, line_no=9), "line_no is 9, before first_line 10", set()),
    "table_cell_line_not_after_table": (_change("cells", 0, line_no=15), "last_line is 14, before line_no 15", set()),
    "table_cell_line_from_one": (_change("cells", 0, line_no=0), "line_no is 0", {"table_cell_line_not_before_table"}),
    "table_cell_line_in_report": (
        _change("cells", 0, line_no=101),
        "line_count is 100, before line_no 101",
        {"table_cell_line_not_after_table"},
    ),
    "table_cell_text_single_spaced": (_change("cells", 2, value_text="- "), "has other spaces than single ones", set()),
    "table_cell_value_exact": (
        _change("cells", 0, value_text="1,23456", value=Decimal("1.23456")),
        "value 1.23456 does not fit",
        set(),
    ),
    "table_cell_number_has_value": (_change("cells", 0, value=None), "'-1 234' looks like a number", set()),
    "table_cell_value_as_printed": (_change("cells", 0, value=Decimal("-1243")), "'-1 234' is printed", set()),
    "table_cell_text_has_no_value": (_change("cells", 2, value=Decimal(0)), "'-' (tkr) is no number", set()),
    "table_cell_text_clean": (_change("cells", 0, row_label="Rad\x00"), "row_label holds a control character", set()),
    "table_rule_key_unique": (_repeat("rules"), "table 1, rule 1, column 1: the key", {"table_rule_numbered"}),
    "table_rule_table_exists": (
        _change("rules", 0, table_no=9),
        "the document has no table 9",
        {"table_rule_has_terms", "table_rule_term_rule_exists"},
    ),
    "table_rule_numbered": (
        lambda e: replace(e, rules=[RULE._replace(rule_no=2)], rule_terms=[TERM._replace(rule_no=2)]),
        "rule_no is 2 where 1 follows",
        set(),
    ),
    "table_rule_kind_listed": (_change("rules", 0, kind="gissning"), "kind is 'gissning'", set()),
    "table_rule_operation_listed": (_change("rules", 0, operation="rot"), "operation is 'rot'", set()),
    "table_rule_has_terms": (lambda e: replace(e, rule_terms=[]), "the rule has no terms", set()),
    "table_rule_row_exists": (_change("rules", 0, row_no=3), "last_row is 2, before row_no 3", set()),
    "table_rule_column_exists": (_change("rules", 0, column_no=3), "column_count is 2, before column_no 3", set()),
    "table_rule_text_clean": (_change("rules", 0, reason="därför\t"), "reason holds a control character", set()),
    "table_rule_term_key_unique": (_repeat("rule_terms"), "term 1, column 2: the key", {"table_rule_term_numbered"}),
    "table_rule_term_rule_exists": (_add("rule_terms", TERM._replace(rule_no=5)), "table 1 has no rule 5", set()),
    "table_rule_term_table_exists": (_change("rule_terms", 0, term_table_no=9), "the document has no table 9", set()),
    "table_rule_term_numbered": (_change("rule_terms", 0, term_no=2), "term_no is 2 where 1 follows", set()),
    "table_rule_term_role_listed": (_change("rule_terms", 0, role="faktor"), "role is 'faktor'", set()),
    "table_rule_grade_listed": (_change("rules", 0, grade="fel"), "grade is 'fel'", set()),
    "table_rule_term_has_weight": (_change("rule_terms", 0, weight=Decimal(0)), "weight is '0'", set()),
    "table_rule_term_row_exists": (_change("rule_terms", 0, row_no=3), "last_row is 2, before row_no 3", set()),
    "table_rule_term_column_exists": (_change("rule_terms", 0, column_no=3), "column_count is 2, before", set()),
    "extraction_note_key_unique": (_repeat("notes"), "note 1, row 1, line 11: the key", {"extraction_note_numbered"}),
    "extraction_note_numbered": (_change("notes", 0, note_no=2), "note_no is 2 where 1 follows", set()),
    "extraction_note_table_exists": (_change("notes", 0, table_no=9), "the document has no table 9", set()),
    "extraction_note_kind_listed": (_change("notes", 0, kind="gissat"), "kind is 'gissat'", set()),
    "extraction_note_row_exists": (_change("notes", 0, row_no=3), "last_row is 2, before row_no 3", set()),
    "extraction_note_line_not_before_table": (_change("notes", 0, line_no=9), "line_no is 9, before first_line 10", set()),
    "extraction_note_line_not_after_table": (_change("notes", 0, line_no=15), "last_line is 14, before line_no 15", set()),
    "extraction_note_text_clean": (_change("notes", 0, subject="Rad\x00"), "subject holds a control character", set()),
    "statement_key_unique": (
        lambda e: replace(e, statements=[e.statements[0], e.statements[1]._replace(statement_no=1)], statement_terms=[TERMS[0]]),
        "statement 1, line 30: the key",
        {"statement_numbered"},
    ),
    "statement_name_unique": (_change("statements", 1, name="result"), "the name result stands on more than one row", set()),
    "statement_numbered": (
        lambda e: replace(
            e,
            statements=[s._replace(statement_no=s.statement_no + 1) for s in e.statements],
            statement_terms=[t._replace(statement_no=t.statement_no + 1) for t in e.statement_terms],
        ),
        "statement_no is 2 where 1 follows",
        set(),
    ),
    "statement_unit_listed": (_change("statements", 0, unit="kr_per_dygn"), "unit is 'kr_per_dygn'", set()),
    "statement_operation_listed": (_change("statements", 0, operation="rot"), "operation is 'rot'", set()),
    "statement_has_terms": (lambda e: replace(e, statement_terms=[TERMS[0]]), "the statement speaks of no cell", set()),
    "statement_line_from_one": (_change("statements", 0, line_no=0), "line_no is 0, before line 1", set()),
    "statement_line_in_report": (_change("statements", 0, line_no=101), "line_count is 100, before line_no 101", set()),
    "statement_value_exact": (
        _change("statements", 1, value=Decimal("1.23456")),
        "value 1.23456 does not fit decimal(18, 4)",
        set(),
    ),
    "statement_value_as_printed": (
        _change("statements", 0, value=Decimal(1300)),
        "the value is 1300 but '1 200' is printed, which is 1200",
        set(),
    ),
    "statement_precision_exact": (_change("statements", 0, precision=Decimal(-1)), "precision -1 is no decimal", set()),
    "statement_text_clean": (_change("statements", 0, reason="Årets\t"), "reason holds a control character", set()),
    "statement_term_key_unique": (_repeat("statement_terms"), "statement 1, table 1, term 1, row 1, column 1: the key", set()),
    "statement_term_statement_exists": (
        _add("statement_terms", TERMS[0]._replace(statement_no=3)),
        "there is no statement 3",
        set(),
    ),
    "statement_term_numbered": (_change("statement_terms", 0, term_no=2), "term_no is 2 where 1 follows", set()),
    "statement_term_factor_no_listed": (_change("statement_terms", 0, factor_no=3), "factor_no is '3'", set()),
    "statement_term_role_listed": (_change("statement_terms", 0, role="faktor"), "role is 'faktor'", set()),
    "statement_term_weight_listed": (_change("statement_terms", 0, weight=2), "weight is '2'", set()),
    "statement_term_cell_exists": (_change("statement_terms", 0, row_no=3), "table 1 has no cell in 3/1", set()),
}  # fmt: skip


@pytest.fixture(scope="module")
def results() -> list[CheckResult]:
    broken = [change(extraction(name)) for name, (change, _, _) in BROKEN.items()]
    return as_results(check_frames(shape([extraction("whole"), *broken, extraction("twice"), extraction("twice")])))


def test_every_check_is_broken_here() -> None:
    assert {check.name for check in CHECKS} == {*BROKEN, "document_key_unique"}


def test_whole_data_passes_every_check(results: list[CheckResult]) -> None:
    whole = [result for result in results if result.document_id == "whole"]
    assert [result.check_name for result in whole] == [check.name for check in CHECKS]
    assert all(result.passed and result.rows_failed == 0 and result.detail is None for result in whole)
    assert {result.check_name: result.rows_checked for result in whole}["table_cell_unit_listed"] == 4


@pytest.mark.parametrize("check", BROKEN)
def test_a_broken_rule_fails_by_name_and_names_the_row(results: list[CheckResult], check: str) -> None:
    _, words, others = BROKEN[check]
    failed = {result.check_name: result for result in results if result.document_id == check and not result.passed}
    assert set(failed) == {check, *others}
    assert failed[check].rows_failed >= 1
    assert words in str(failed[check].detail)
    assert str(failed[check].detail).startswith(check)


def test_a_document_given_twice_fails(results: list[CheckResult]) -> None:
    failed = {result.check_name for result in results if result.document_id == "twice" and not result.passed}
    assert "document_key_unique" in failed


def test_the_message_names_check_row_and_remedy(results: list[CheckResult]) -> None:
    message = describe_failures([r for r in results if r.document_id == "table_cell_unit_listed"])
    assert "1 row through" in message
    assert "table_cell_unit_listed (1 of 4 rows)" in message
    assert "table_cell_unit_listed, table 1, row 1, column 1, line 11: unit is 'kkr'" in message
    assert "What to do" in message


KEY_FIGURE = ("N01951", "Invånare totalt, antal", "0188", 2024, "T", "65000", date(2026, 3, 1))

# check -> (the rows that break it, each case in a municipality of its own; words the message must have)
KOLADA_BROKEN: dict[str, tuple[list[dict[str, Any]], str]] = {
    "kolada_value_key_unique": ([{}, {}], "2024, T: the key"),
    "kolada_value_kpi_id_formed": ([{"kpi_id": "1951"}], "'1951' is no key figure's id"),
    "kolada_value_has_title": ([{"kpi_title": None}], "the snapshot does not say what N01951 is"),
    "kolada_value_municipality_code_formed": ([{"municipality_code": "188"}], "'188' is no municipality's code"),
    "kolada_value_year_from_1968": ([{"year": 1967}], "the year is 1967"),
    "kolada_value_year_not_to_come": ([{"year": 2027}], "fetched_year is 2026, before year 2027"),
    "kolada_value_gender_listed": ([{"gender": "X"}], "gender is 'X', not one of T, K, M"),
    "kolada_value_exact": ([{"kpi_id": "N30005", "value": "1" * 15}], "does not fit decimal(18, 4)"),
    "kolada_population_whole": ([{"value": "0"}, {"gender": "K", "value": "1.5"}], "1.5 is no number of inhabitants"),
    "kolada_value_text_clean": ([{"kpi_title": "Inv\x00"}], "kpi_title holds a control character"),
}


def _check_key_figures(*changes: dict[str, Any]) -> list[CheckResult]:
    rows = [dict(zip(SCHEMA, KEY_FIGURE, strict=True)) | change for change in changes]
    return as_results(check_frames({**shape([extraction("whole")]), "kolada_value": pl.DataFrame(rows, schema=SCHEMA)}))


@pytest.fixture(scope="module")
def key_figure_details() -> dict[str, str]:
    """What each failed check says of key figures that break all of them."""
    rows = [
        {"municipality_code": str(number)} | change
        for number, (changes, _) in enumerate(KOLADA_BROKEN.values(), 1001)
        for change in changes
    ]
    results = _check_key_figures({}, *rows)
    assert {result.document_id for result in results if not result.passed} == {None}
    return {result.check_name: str(result.detail) for result in results if not result.passed}


def test_every_check_of_key_figures_is_broken_here() -> None:
    assert {check.name for check in KOLADA_CHECKS} == set(KOLADA_BROKEN)


def test_whole_key_figures_pass_and_are_checked_beside_the_documents() -> None:
    results = _check_key_figures({}, {"gender": "K", "value": None}, {"kpi_id": "U00001", "value": "-0.5"})
    assert all(result.passed for result in results)
    checked = {result.check_name: result.rows_checked for result in results if result.document_id is None}
    assert checked == {check.name: 3 for check in KOLADA_CHECKS} | {"kolada_population_whole": 1}


def test_without_key_figures_nothing_is_said_of_them() -> None:
    assert all(result.document_id == "whole" for result in _check_key_figures())


@pytest.mark.parametrize("check", KOLADA_BROKEN)
def test_a_broken_key_figure_fails_by_name_and_is_named(key_figure_details: dict[str, str], check: str) -> None:
    changes, words = KOLADA_BROKEN[check]
    code = changes[0].get("municipality_code", str(1001 + list(KOLADA_BROKEN).index(check)))
    assert words in key_figure_details[check]
    assert [name for name, detail in key_figure_details.items() if f", {code}, " in detail] == [check]
    assert key_figure_details[check].count(f", {code}, ") == len(key_figure_details[check].splitlines()) == len(changes)


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("3 315", "tkr", Decimal(3315)),
        ("-26 458", "tkr", Decimal(-26458)),
        ("\u2212316", "tkr", Decimal(-316)),
        ("31324", "tkr", Decimal(31324)),
        ("4,0", "percent", Decimal(4)),
        ("-4,1%", "percent", Decimal("-4.1")),
        ("8.41%", "percent", Decimal("8.41")),
        ("8,4 %", "percent", Decimal("8.4")),
        ("12,5**", "percent", Decimal("12.5")),
        ("96,7 **", "percent", Decimal("96.7")),
        ("20**", "percent", Decimal(20)),
        ("<166", "antal", Decimal(166)),
        (">20", "antal", Decimal(20)),
        ("19 st", "antal", Decimal(19)),
        ("0", "tkr", Decimal(0)),
        # No numbers: placeholders, words, dates and years in texts.
        ("-", "tkr", None),
        ("*", "percent", None),
        ("öka", "antal", None),
        ("2024-04-25", "text", None),
        ("2024-04-25", "date", None),
        ("240831", "date", None),
        ("2025", "text", None),
        ("5 av 7 uppdrag", "text", None),
        # A reader has to decide.
        ("80 – 100**", "index", "either"),
        ("+/- 0,5", "percent", "either"),
        ("19 st (Jan-okt 2024)", "antal", "either"),
        ("Inom 24 timmar", "timmar", "either"),
        ("1 23", "tkr", "either"),
    ],
)  # fmt: skip
def test_how_a_printed_text_reads(text: str, unit: str, expected: object) -> None:
    assert number_printed(text, unit) == expected
