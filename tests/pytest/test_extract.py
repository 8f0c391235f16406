"""Extraction without the real reports: what the writer puts in comes out, or is refused by name; never other figures."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from report_writer import (
    ReportWriter,
    Style,
    Written,
    every_table,
    tables_with,
    write_report,
)

from ingest.errors import ExtractionError
from ingest.extract import extract, extract_report
from ingest.layout import Layout, TableLayout, Variables, load_layouts
from ingest.model import Extraction
from ingest.source.text import ReportText
from publish.cli import main

LAYOUTS = load_layouts()
TABLES = list(every_table())
NATIVE = [found for found in TABLES if found[0].text_origin == "native"]
OCR = [found for found in TABLES if found[0].text_origin == "ocr"]
each_layout = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
each_table = pytest.mark.parametrize(("layout", "table"), TABLES, ids=[f"{a.name}-{b.key}" for a, b in TABLES])
# Derandomised, so that a build is the same everywhere; without a deadline, because no test asserts times.
chance = settings(
    derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def _extract(written: Written) -> Extraction:
    return extract(written.report(), written.layout, written.variables)


def _expected(written: Written) -> dict[tuple[int, int, int], tuple[object, ...]]:
    return {
        (c.table_no, c.row_no, c.column_no): (c.row_label, c.value_text, c.value, c.unit, c.line_no, c.scenario, *c.period)
        for c in written.cells
    }


def _found(extraction: Extraction) -> dict[tuple[int, int, int], tuple[object, ...]]:
    return {
        (c.table_no, c.row_no, c.column_no): (
            *(c.row_label, c.value_text, c.value, c.unit, c.line_no, c.scenario),
            *(c.period_start, c.period_end),
        )
        for c in extraction.cells
    }


def _assert_the_same(written: Written, extraction: Extraction) -> None:
    assert _found(extraction) == _expected(written)
    assert [(t.table_no, t.table_key, t.table_title, t.first_line) for t in extraction.tables] == [
        (t.table_no, t.key, t.title, t.first_line) for t in written.tables
    ]
    last_lines = {table.table_no: table.last_line for table in extraction.tables}
    assert all(cell.line_no <= last_lines[cell.table_no] for cell in extraction.cells)
    assert all(cell.method in ("printed", "arithmetic") for cell in extraction.cells)
    keys = {table.table_no: table.table_key for table in extraction.tables}
    measures = {(t.key, number): c.measure for t in written.layout.tables for number, c in enumerate(t.columns, 1)}
    assert all(cell.measure == measures[keys[cell.table_no], cell.column_no] for cell in extraction.cells)


def _extracted_or_refused(written: Written) -> Extraction | None:
    """The extraction, or None where it is refused: with document, table, line and what to do."""
    refusal = None
    try:
        return _extract(written)
    except ExtractionError as error:
        refusal = error
    assert refusal.document_id == written.document_id
    assert refusal.table
    assert refusal.line is None or 1 <= refusal.line <= len(written.lines)
    assert "What to do" in str(refusal)
    return None


def _assert_the_same_or_refused(written: Written) -> bool:
    """Whether everything was read."""
    extraction = _extracted_or_refused(written)
    if extraction is not None:
        _assert_the_same(written, extraction)
    return extraction is not None


# -- what goes in comes out ---------------------------------------------------------------------------------------------


@each_layout
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_goes_into_a_report_comes_out(layout: Layout, seed: int, tmp_path: Path) -> None:
    written = write_report(layout, seed)
    assert {table.key for table in layout.tables} == {table.key for table in written.tables}
    extraction = extract_report(written.save(tmp_path), (layout,))
    _assert_the_same(written, extraction)
    document = extraction.document
    assert (document.document_id, document.line_count, document.as_of) == (
        written.document_id, len(written.lines), written.as_of,
    )  # fmt: skip
    assert (document.fiscal_year, document.layout, document.text_origin) == (2031, layout.name, layout.text_origin)
    assert re.fullmatch("[0-9a-f]{64}", document.source_sha256)


@each_table
def test_each_table_alone_comes_out(layout: Layout, table: TableLayout) -> None:
    for seed in range(2):
        written = write_report(layout, seed, only=tables_with(layout, table))
        _assert_the_same(written, _extract(written))


@each_layout
def test_rules_lead_to_their_rows_and_columns(layout: Layout) -> None:
    """The figures satisfy the rules as the layout means them, so they must satisfy them as numbers of rows and columns."""
    extraction = _extract(write_report(layout, 4, Style(blanks=0)))
    values = {(c.table_no, c.row_no, c.column_no): c.value for c in extraction.cells}
    terms: dict[tuple[int, int], list[Any]] = {}
    for term in extraction.rule_terms:
        terms.setdefault((term.table_no, term.rule_no), []).append(term)
    checked = 0
    for rule in extraction.rules:
        if rule.operation != "sum" or rule.kind in ("periodised", "index", "repeated"):
            continue  # kinds of `checks`, which the invented figures do not obey
        places = [(r, c) for t, r, c in values if t == rule.table_no and rule.row_no in (None, r) and rule.column_no in (None, c)]
        for row, column in places:
            parts = [
                (t.weight, values.get((t.term_table_no, t.row_no or row, t.column_no or column + t.column_shift)))
                for t in terms[rule.table_no, rule.rule_no]
            ]
            result = values[rule.table_no, row, column]
            if result is not None and (rule.blank_is_zero or all(value is not None for _, value in parts)):
                assert result == sum(weight * (value or Decimal(0)) for weight, value in parts), (rule, row, column)
                checked += 1
    assert checked or not extraction.rules


@given(
    place=st.sampled_from(NATIVE),
    random=st.randoms(use_true_random=False),
    style=st.builds(
        Style,
        sections=st.just(1),
        wrap=st.sampled_from([0, 0.3, 0.8]),
        blanks=st.sampled_from([0, 0.2, 0.5]),
        pages=st.sampled_from([0, 0.5]),
        mixed=st.booleans(),
        broken=st.booleans(),
    ),
)
@settings(chance, max_examples=800)
def test_native_text_is_read_as_it_is_or_refused(place: tuple[Layout, TableLayout], random: Random, style: Style) -> None:
    layout, table = place
    read = _assert_the_same_or_refused(write_report(layout, random, style, tables_with(layout, table)))
    event("read" if read else "refused")


@given(
    place=st.sampled_from(OCR),
    random=st.randoms(use_true_random=False),
    style=st.builds(
        Style,
        sections=st.just(1),
        wrap=st.sampled_from([0, 0.3, 0.8]),
        pages=st.sampled_from([0, 0.5]),
        spoil=st.sampled_from([0, 0.5, 1]),
        mixed=st.booleans(),
    ),
)
@settings(chance, max_examples=200)
def test_ocr_text_is_read_as_it_is_or_refused(place: tuple[Layout, TableLayout], random: Random, style: Style) -> None:
    layout, table = place
    read = _assert_the_same_or_refused(write_report(layout, random, style, tables_with(layout, table)))
    event("read" if read else "refused")


@each_layout
@given(seed=st.integers(0, 10_000))
@settings(chance, max_examples=6)
def test_whole_reports_are_read_as_they_are_or_refused(layout: Layout, seed: int) -> None:
    _assert_the_same_or_refused(write_report(layout, seed, Style(sections=1)))


@each_layout
def test_arithmetic_decides_nearly_every_mixed_row(layout: Layout) -> None:
    """Refusing is safe, but must stay rare: of tables whose rows obey arithmetic nearly all can be read."""
    read = refused = 0
    for table in layout.tables:
        if not any(rule.row for rule in table.rules):
            continue
        for seed in range(6):
            written = write_report(layout, seed, Style(sections=1, mixed=True, blanks=0), tables_with(layout, table))
            if _assert_the_same_or_refused(written):
                read += 1
            else:
                refused += 1
    assert refused <= (read + refused) * 0.3


# -- reports that are not as their layout says --------------------------------------------------------------------------


def _droppable(layout: Layout) -> list[str]:
    return [table.key for table in layout.tables if table.head != table.heading]


@pytest.mark.parametrize(
    ("layout", "key"), [(a, key) for a in LAYOUTS for key in _droppable(a)], ids=lambda v: getattr(v, "name", v)
)
def test_a_missing_table_is_named(layout: Layout, key: str) -> None:
    written = write_report(layout, 1, Style(sections=1), without=frozenset({key}))
    with pytest.raises(ExtractionError, match="What to do") as raised:
        _extract(written)
    # Where two tables have the same head, the one that is left stands for the first and ends without its last row.
    heads = {table.key: table.head.replace("-", "") for table in layout.tables}
    assert raised.value.table in [other for other in heads if heads[other] == heads[key]]
    assert written.document_id in str(raised.value)


FIGURES = [(a, b) for a, b in TABLES if any(not column.is_text for column in b.columns)]
each_figures_table = pytest.mark.parametrize(("layout", "table"), FIGURES, ids=[f"{a.name}-{b.key}" for a, b in FIGURES])


@each_figures_table
@pytest.mark.parametrize("head_too", [True, False])
def test_a_column_too_many_is_refused(layout: Layout, table: TableLayout, head_too: bool) -> None:
    style = Style(sections=1, wrap=0, blanks=0, extra_cells=1, without_head_of_column=not head_too, placeholders=False)
    with pytest.raises(ExtractionError, match="What to do") as raised:
        _extract(write_report(layout, 5, style, tables_with(layout, table)))
    assert raised.value.table


@each_figures_table
def test_a_column_too_few_is_refused(layout: Layout, table: TableLayout) -> None:
    last = max(index for index, column in enumerate(table.columns) if not column.is_text)
    style = Style(sections=1, wrap=0, blanks=0, dropped_column=last, placeholders=False)
    written = write_report(layout, 5, style, tables_with(layout, table))
    if layout.text_origin == "ocr":
        # A head may be spoiled and any cell empty: where arithmetic tells which column is missing, the others are right.
        extraction = _extracted_or_refused(written)
        assert extraction is None or _found(extraction).items() <= _expected(written).items()
        return
    with pytest.raises(ExtractionError, match="What to do"):
        _extract(written)


ENDED = [(a, b) for a, b in TABLES if b.until]


@pytest.mark.parametrize(("layout", "table"), ENDED, ids=[f"{a.name}-{b.key}" for a, b in ENDED])
def test_a_table_without_its_last_row_is_refused(layout: Layout, table: TableLayout) -> None:
    written = write_report(layout, 5, Style(sections=1, pages=0, without_last_row=True), tables_with(layout, table))
    with pytest.raises(ExtractionError, match=r"the table ends without its last row '.+'; the last row read is '.+'") as raised:
        _extract(written)
    assert raised.value.table in tables_with(layout, table)
    assert raised.value.line


def test_two_reports_of_the_same_document_are_refused(tmp_path: Path) -> None:
    written = write_report(LAYOUTS[0], 1)
    paths = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        paths.append(written.save(tmp_path / name))
    out = tmp_path / "out"
    result = CliRunner().invoke(main, ["extract", *map(str, paths), "--out", str(out)])
    assert result.exit_code == 1
    assert all(str(path) in result.stderr for path in paths)
    assert written.document_id in result.stderr
    assert "What to do" in result.stderr
    assert not out.exists()


def test_one_report_that_fails_leaves_the_others_unwritten(tmp_path: Path) -> None:
    good = write_report(LAYOUTS[0], 1).save(tmp_path)
    bad = write_report(LAYOUTS[1], 1, without=frozenset({"running_costs"})).save(tmp_path)
    out = tmp_path / "out"
    result = CliRunner().invoke(main, ["extract", str(good), str(bad), "--out", str(out)])
    assert result.exit_code == 1
    assert "table 'running_costs'" in result.stderr
    assert not out.exists()


# -- single rows: how each encoding reads -------------------------------------------------------------------------------


def _columns(*keys: str) -> list[dict[str, Any]]:
    return [{"key": key, "label": key.title()} for key in keys]


def _layout(table: dict[str, Any], **facts: Any) -> Layout:
    whole = {"key": "prov", "title": "Prov", "subject": "indicator", "unit": "antal", "head": "Provtabell Alfa Beta"} | table
    return Layout.model_validate(
        {
            **{"name": "prov", "document_id": r"prov_(?P<year>\d{4})", "municipality_code": "9901", "municipality": "Provby"},
            **{"board": "Socialnämnden", "kind": "plan", "title": "Prov", "period": "{Y}", "as_of": "{Y}-12-31"},
            **{"stops": ["Efter tabellen"], "tables": [whole]},
            **facts,
        }
    )


def _rows(layout: Layout, *body: str) -> list[tuple[object, ...]]:
    """The cells below the head of a report's only table: label, column, text, line below the head, method."""
    lines = ["Provtabell Alfa Beta ", *body, "Efter tabellen ", "Text som  visar sina mellanslag  "]
    report = ReportText("prov_2031", Path("prov_2031.txt"), lines, "0" * 64)
    cells = extract(report, layout, Variables(2031, None)).cells
    return [(c.row_label, c.column_no, c.value_text, c.line_no - 1, c.method) for c in cells]


DEVIATION = {"name": "deviation", "kind": "deviation", "row": "c = a - b", "reason": "Prov."}
THREE = _layout({"columns": _columns("a", "b", "c"), "rules": [DEVIATION]})
PLAIN = _layout({"columns": _columns("a", "b", "c")})
WORDS = {"department": ["Vuxna", "Barn och unga"]}
DEPARTMENT = {"key": "d", "label": "Avdelning", "measure": "text", "words": "department"}


def test_spaces_alone_decide_where_there_is_one_reading() -> None:
    assert _rows(PLAIN, "Kanoter 3 315 2 999 16 ") == [
        ("Kanoter", 1, "3 315", 1, "printed"), ("Kanoter", 2, "2 999", 1, "printed"), ("Kanoter", 3, "16", 1, "printed"),
    ]  # fmt: skip


def test_arithmetic_decides_and_says_so() -> None:
    assert _rows(THREE, "Kanoter 1 316 316 1 000 ") == [
        ("Kanoter", number, text, 1, "arithmetic") for number, text in ((1, "1 316"), (2, "316"), (3, "1 000"))
    ]


def test_what_stays_ambiguous_names_its_readings() -> None:
    with pytest.raises(ExtractionError, match="can be read in 3 ways") as raised:
        _rows(PLAIN, "Bryggor 1 2 3 ", "", "Kanoter 12 345 678 1 234 ")
    assert raised.value.line == 4
    assert str(raised.value) == (
        "prov_2031, table 'prov', line 4: the row 'Kanoter' can be read in 3 ways:\n"
        "    12 | 345 678 | 1 234\n    12 345 | 678 | 1 234\n    12 345 678 | 1 | 234\n"
        "  What to do: add a rule or limit that decides to the table's layout, or a ruling with its reason."
    )


def test_a_ruling_decides_and_says_so() -> None:
    ruled = [{"document": "prov_2031", "row": "Kanoter", "columns": ["a", "c"], "reason": "Prov."}]
    layout = _layout({"columns": _columns("a", "b", "c")}, rulings=ruled)
    assert _rows(layout, "Kanoter 12  34 ") == [("Kanoter", 1, "12", 1, "ruling"), ("Kanoter", 3, "34", 1, "ruling")]
    with pytest.raises(ExtractionError, match="can be read in"):
        _rows(layout, "Kanoter 12 34 56 ")  # the ruling speaks of two figures, three are printed


def test_totals_decide_what_a_row_leaves_open() -> None:
    total = {"name": "total", "kind": "total", "column": "'Summa' = all", "reason": "Prov."}
    layout = _layout({"columns": _columns("a", "b"), "rules": [total], "until": "Summa"})
    found = _rows(layout, "Kanoter 12 345 678 ", "", "Bryggor 1 2 ", "", "Summa 13 345 680 ")
    assert [cell[2] for cell in found] == ["12", "345 678", "1", "2", "13", "345 680"]
    assert [cell[4] for cell in found] == ["arithmetic", "arithmetic", "printed", "printed", "arithmetic", "arithmetic"]


def test_an_empty_cell_is_an_extra_space() -> None:
    assert [cell[1:3] for cell in _rows(PLAIN, "Kanoter  27  ")] == [(2, "27")]
    assert [cell[1:3] for cell in _rows(PLAIN, "Kanoter ", "", "  27 ")] == [(3, "27")]
    assert [cell[1:3] for cell in _rows(PLAIN, "Kanoter 2 000   ")] == [(1, "2 000")]


def test_a_row_without_a_value_is_left_out() -> None:
    assert [cell[:3] for cell in _rows(PLAIN, "Kanoter ", "", "   ", "", "Bryggor 1 2 3 ")] == [
        ("Bryggor", 1, "1"), ("Bryggor", 2, "2"), ("Bryggor", 3, "3"),
    ]  # fmt: skip


@pytest.mark.parametrize("printed", ["1 375 st", "1 116,4 %", "1 116%", "12 345**", "1 096 **"])
def test_marks_and_units_stay_with_the_whole_figure(printed: str) -> None:
    layout = _layout({"columns": _columns("a", "b", "c")}, unit_words=["st"])
    assert [cell[2] for cell in _rows(layout, f"Kanoter {printed} 5 6 ")] == [printed, "5", "6"]


def test_a_dash_behind_a_word_of_a_vocabulary_is_a_cell() -> None:
    layout = _layout({"columns": [DEPARTMENT, *_columns("a", "b")]}, vocabularies=WORDS)
    assert [cell[1:3] for cell in _rows(layout, "Kanoter Vuxna - 5 ")] == [(1, "Vuxna"), (2, "-"), (3, "5")]


def test_a_word_can_have_a_mark_of_its_own() -> None:
    columns = [{"key": "a", "label": "A", "accepts": "words"}, *_columns("b")]
    layout = _layout({"columns": columns}, vocabularies={"words": ["Bokslut {Y-1} **"]})
    assert [cell[1:3] for cell in _rows(layout, "Kanoter Bokslut ", "2030 ", "", "** 5 ")] == [(1, "Bokslut 2030 **"), (2, "5")]


def test_a_label_can_end_with_the_words_of_a_vocabulary() -> None:
    """`för barn och unga.` is no department: that begins with a capital."""
    layout = _layout({"columns": [DEPARTMENT]}, vocabularies=WORDS)
    assert _rows(layout, "Plan för ", "barn och unga. ", "", "Barn och unga ", "", "Svar i tid. ", "", "Vuxna ") == [
        ("Plan för barn och unga.", 1, "Barn och unga", 4, "printed"),
        ("Svar i tid.", 1, "Vuxna", 8, "printed"),
    ]


def test_a_cell_that_may_be_missing_does_not_end_the_label() -> None:
    """Where the figures could be read without the department, it would be a word of the label, and they would move a column."""
    columns = [{**DEPARTMENT, "optional": True}, *_columns("a", "b", "c", "d", "e"), {**DEPARTMENT, "key": "f", "words": "grade"}]
    layout = _layout({"columns": columns}, vocabularies={**WORDS, "grade": ["Bra"]})
    with pytest.raises(ExtractionError, match="'Kanoter Vuxna 10 100% - - Bra' inside the table is no row of 7 columns"):
        _rows(layout, "Kanoter Vuxna   10 100% ", "", "- ", "", "- Bra ")


def test_no_extra_space_before_the_figures_is_passed_over() -> None:
    """Two empty cells, and `308 322,5` in the third column: with one space less it would be figures of the second and third."""
    columns = [{**DEPARTMENT, "optional": True}, *_columns("a", "b", "c", "d", "e"), {**DEPARTMENT, "key": "f", "words": "grade"}]
    layout = _layout({"columns": columns}, vocabularies={**WORDS, "grade": ["Bra"]})
    with pytest.raises(ExtractionError, match="'Kanoter 308 322,5 7,6 65,3 Bra' inside the table is no row of 7 columns"):
        _rows(layout, "Kanoter   308 322,5  7,6 ", "", "65,3 Bra ")


def test_a_word_and_a_dash_are_cells_and_no_label() -> None:
    """`3 797 68 730` may be two or four figures: with `öka -` in the label there would be columns enough for four."""
    columns = [{"key": key, "label": key, "accepts": "words"} for key in ("a", "b", "c", "d")]
    layout = _layout({"columns": [*columns, DEPARTMENT]}, vocabularies={**WORDS, "words": ["öka"]})
    with pytest.raises(ExtractionError, match="'Kanoter öka - 3 797,1 68 730,1 Vuxna' inside the table is no row"):
        _rows(layout, "Kanoter öka ", "- 3 797,1 ", "68 730,1 Vuxna ")


def test_a_cell_that_is_left_over_begins_no_label() -> None:
    layout = _layout({"columns": [DEPARTMENT]}, vocabularies=WORDS)
    with pytest.raises(ExtractionError, match="Barn och unga"):
        _rows(layout, "Plan för Barn och unga ", "", "Barn och unga ", "", "Svar i tid. ", "", "Vuxna ")
    # A label that begins with the word goes on in lower case.
    assert [cell[0] for cell in _rows(layout, "Kanoter Vuxna ", "", "Vuxna ", "i kanot. ", "", "Vuxna ")] == [
        "Kanoter",
        "Vuxna i kanot.",
    ]


def test_figures_go_on_below_a_row_that_seems_full() -> None:
    """`2 031 1 536` fills three columns, but the figure on the next line belongs to the row too."""
    layout = _layout({"columns": _columns("a", "b", "c"), "limits": ["a <= b"]})
    assert [cell[1:3] for cell in _rows(layout, "Kanoter 2 031 21 536 ", "", "576 ")] == [(1, "2 031"), (2, "21 536"), (3, "576")]
    with pytest.raises(ExtractionError, match=r"'Kanoter .*' inside the table is no row of 3 columns"):
        _rows(PLAIN, "Kanoter 12 13 14 ", "", "15 ", "", "Bryggor 1 2 3 ")


def test_words_go_on_below_a_row_that_seems_full() -> None:
    targets = [{"key": key, "label": key, "accepts": "words"} for key in ("a", "b", "c")]
    layout = _layout({"columns": targets}, vocabularies={"words": ["öka"]})
    assert [cell[1:3] for cell in _rows(layout, "Kanoter 70 982 öka ", "öka ")] == [(1, "70 982"), (2, "öka"), (3, "öka")]


def test_empty_cells_behind_a_word_of_a_vocabulary_count() -> None:
    targets = [{"key": key, "label": key, "accepts": "words", "notes": key == "a"} for key in ("a", "b", "c", "d")]
    layout = _layout({"columns": targets}, vocabularies={"words": ["öka"]}, note=r"\([^()]*\d{4}\)")
    assert [cell[1:3] for cell in _rows(layout, "Kanoter 51 988 (okt ", "2030)  öka  ")] == [(1, "51 988 (okt 2030)"), (3, "öka")]


def test_a_row_that_cannot_be_read_does_not_become_the_label_of_the_next() -> None:
    with pytest.raises(ExtractionError, match="is no row of 3 columns"):
        _rows(PLAIN, "Kanoter 12,5 13,5 ", "", "Bryggor 1 2 3 ")
    targets = [{"key": key, "label": key, "accepts": "words", "notes": key == "a"} for key in ("a", "b")]
    layout = _layout({"columns": [*targets, DEPARTMENT]}, vocabularies={**WORDS, "words": ["öka"]}, note=r"\([^()]*\d{4}\)")
    with pytest.raises(ExtractionError, match="is no row of 3 columns"):
        _rows(layout, "Kanoter öka Vuxna ", "", "Bryggor 1 2 Vuxna ")  # an empty cell left no space
    with pytest.raises(ExtractionError, match="is no row of 3 columns"):
        _rows(layout, "Kanoter 5 (okt 2030) Vuxna ", "", "Bryggor 1 2 Vuxna ")


def _spaceless_rows(layout: Layout, *body: str) -> list[tuple[object, ...]]:
    """As `_rows`, of a text that shows no extra spaces."""
    lines = ["Provtabell Alfa Beta", *body, "Efter tabellen"]
    cells = extract(ReportText("prov_2031", Path("prov_2031.txt"), lines, "0" * 64), layout, Variables(2031, None)).cells
    return [(c.row_label, c.column_no, c.value_text) for c in cells]


@pytest.mark.parametrize("label", ["Bryggor", "Bryggor (vid sjön)", "1.1. Bryggor", "Bryggor\nvid sjön"])
def test_a_row_without_a_value_does_not_lend_its_label_where_no_spaces_show_it(label: str) -> None:
    with pytest.raises(ExtractionError, match=re.escape(f"the row '{label} Kanoter'".replace("\n", " "))) as raised:
        _spaceless_rows(PLAIN, "Roddbåtar 4 5 6", *label.split("\n"), "Kanoter 1 2 3")
    assert raised.value.line == 3
    assert "extract the text again with all its spaces" in str(raised.value)


def test_a_row_without_a_value_does_not_lend_its_label_to_its_part() -> None:
    layout = _layout({"columns": _columns("a", "b", "c"), "child_rows": "varav .*"})
    assert _spaceless_rows(layout, "Bryggor 4 5 6", "varav nya 1 2 3")[-1] == ("Bryggor / varav nya", 3, "3")
    with pytest.raises(ExtractionError, match=r"Bryggor \| varav nya"):
        _spaceless_rows(layout, "Kanoter 4 5 6", "Bryggor", "varav nya 1 2 3")


@pytest.mark.parametrize(
    "lines", [("Bryggor", "vid sjön"), ("Bryggor för", "Kanoter"), ("Bryggor (utom", "Sjöbo)"), ("1.1.", "Bryggor")]
)
def test_a_label_that_plainly_goes_on_is_one_label_without_spaces_too(lines: tuple[str, str]) -> None:
    assert _spaceless_rows(PLAIN, lines[0], f"{lines[1]} 1 2 3") == [(" ".join(lines), n, str(n)) for n in (1, 2, 3)]


def test_a_wrong_row_in_the_middle_is_no_end_of_the_table() -> None:
    layout = _layout({"columns": _columns("a", "b"), "row_labels": r"Rad \d{4}", "label_years": True})
    assert len(_rows(layout, "Rad 2031 5 6 ", "", "Rad 2030 7 8 ", "", "Text efter tabellen ")) == 4
    for wrong in ("Rad 2030 7 ", "Rad 2030 7 8 9 ", "Rad 2030 sju åtta "):
        with pytest.raises(ExtractionError, match="is no row of 2 columns"):
            _rows(layout, "Rad 2031 5 6 ", "", wrong, "", "Rad 2029 1 2 ")


def test_a_page_ends_before_a_row_or_inside_a_remark() -> None:
    layout = _layout({"columns": [DEPARTMENT, *_columns("a", "b")], "comment": "^Kommentar"}, vocabularies=WORDS)
    remark = ["", "Kommentar: ", "båtarna är målade. "]
    rows = ["Kanoter Vuxna 1 2 ", *remark, " Bryggor ", "", "Vuxna 3 4 ", *remark, " bryggan är ny. ", "", "Ekor Vuxna 5 6 "]
    assert [cell[0] for cell in _rows(layout, *rows)] == ["Kanoter"] * 3 + ["Bryggor"] * 3 + ["Ekor"] * 3


def test_a_row_below_a_remark_is_not_lost_where_it_cannot_be_read() -> None:
    layout = _layout({"columns": [DEPARTMENT, *_columns("a", "b")], "comment": "^Kommentar"}, vocabularies=WORDS)
    remark = ["", "Kommentar: ", "båtarna är målade. ", ""]
    for wrong in (
        ["Bryggor Vuxna ", "", "3 4 5 "],
        ["Bryggor ", "", "Barn och ", "unga 3 ", "", "4 5 "],
        ["Bryggor ", "", "Vuxna "],
    ):
        with pytest.raises(ExtractionError, match="is no row of 3 columns"):
            _rows(layout, "Kanoter Vuxna 1 2 ", *remark, *wrong, "", "Ekor Vuxna 5 6 ")


def test_a_space_too_many_behind_a_label_is_no_empty_cell() -> None:
    layout = _layout({"columns": _columns("a", "b"), "label_years": True})
    for label in ("Kanoter  ", "Kanoter 2031  "):
        assert [cell[1:3] for cell in _rows(layout, label, "(prov) 5  ")] == [(1, "5")]


def test_a_hyphen_at_the_end_of_a_line_goes_where_the_word_goes_on() -> None:
    found = _rows(PLAIN, "Kanot- ", "uthyrning, båt- ", "och kajakhyra 1 2 3 ")
    assert found[0][0] == "Kanotuthyrning, båt- och kajakhyra"


def test_more_readings_than_can_be_listed_are_refused() -> None:
    """The right reading may be among those that were not listed: none is chosen, even where a rule holds for one."""
    keys = [f"c{n}" for n in range(13)]
    mean = {"name": "mean", "kind": "mean", "row": "c12 = mean(all)", "reason": "Prov."}
    layout = _layout({"columns": _columns(*keys), "rules": [mean]})
    with pytest.raises(ExtractionError, match="can be read in"):
        _rows(layout, "Kanoter " + " ".join("123 456" for _ in keys) + " ")


# -- after OCR ----------------------------------------------------------------------------------------------------------


def _ocr(table: dict[str, Any], *body: str) -> list[tuple[object, ...]]:
    vocabularies = {"assessment": ["Uppfyllt", "Ej uppfyllt"], "department": ["Avdelningen för stöd"]}
    return _rows(_layout(table, vocabularies=vocabularies, text_origin="ocr"), *body)


ASSESSMENT = {"key": "assessment", "label": "Bedömning", "measure": "text", "words": "assessment"}
OCR_DEPARTMENT = {"key": "department", "label": "Avdelning", "measure": "text", "words": "department"}


def test_ocr_labels_go_on_below_their_figures_and_pipes_are_nothing() -> None:
    table = {"columns": _columns("a", "b", "c"), "rules": [DEVIATION]}
    assert _ocr(table, "Kostnader 1316 | 316 | 1 000", "", "intakter", "Budget 5 4 1") == [
        ("Kostnader intäkter", 1, "1316", 1, "printed"), ("Kostnader intäkter", 2, "316", 1, "printed"),
        ("Kostnader intäkter", 3, "1 000", 1, "printed"),
        *[("Budget", number, text, 4, "printed") for number, text in ((1, "5"), (2, "4"), (3, "1"))],
    ]  # fmt: skip


def test_ocr_label_and_text_cells_share_lines() -> None:
    table = {"columns": [OCR_DEPARTMENT, *_columns("a", "b"), ASSESSMENT]}
    found = _ocr(table, "Placeringar for | Avdelningen 5,5% 6,5% | Ej", "barn och unga for uppfylit", "stod")
    assert [cell[:4] for cell in found] == [
        ("Placeringar för barn och unga", 1, "Avdelningen för stöd", 1), ("Placeringar för barn och unga", 2, "5,5%", 1),
        ("Placeringar för barn och unga", 3, "6,5%", 1), ("Placeringar för barn och unga", 4, "Ej uppfyllt", 1),
    ]  # fmt: skip


def test_ocr_never_guesses_which_cell_is_empty() -> None:
    with pytest.raises(ExtractionError, match="can be read in 3 ways"):
        _ocr({"columns": _columns("a", "b", "c")}, "Kostnader 5,5% 6,5%")


def test_ocr_never_takes_a_figure_for_the_year_of_a_label() -> None:
    table = {"columns": _columns("a", "b", "c"), "label_years": True, "rules": [DEVIATION]}
    assert [cell[:3] for cell in _ocr(table, "Budget 2031 5 4 1")] == [
        ("Budget 2031", 1, "5"),
        ("Budget 2031", 2, "4"),
        ("Budget 2031", 3, "1"),
    ]
    with pytest.raises(ExtractionError, match="cannot be told apart"):
        _ocr(table, "Budget 1955 955 1000")


def test_ocr_words_that_nobody_knows_are_named() -> None:
    with pytest.raises(ExtractionError, match=r"line \d+: the OCR word 'Xyzzy' .*lexicon") as raised:
        _ocr({"columns": _columns("a", "b", "c")}, "Xyzzy 1 2 3")
    assert "add the right word to ingest/reading/lexicon.txt" in str(raised.value)


def test_ocr_rows_are_not_lost_where_their_text_cell_is_not_recognised() -> None:
    table = {"columns": [ASSESSMENT], "comment": "^Kommentar"}
    assert [cell[0] for cell in _ocr(table, "Kostnader Uppfylit", "Kommentar", "text", "", "Intakter Ej", "uppfyllt")] == [
        "Kostnader", "Intäkter",
    ]  # fmt: skip
    for body in (
        ["Kostnader Wqxzzt", "", "Intakter Uppfyllt"],  # the first row
        ["Kostnader Uppfyllt", "Kommentar", "text", "", "Intakter Ej", "", "uppfyllt"],  # a row below a remark
    ):
        with pytest.raises(ExtractionError, match="cannot be told apart"):
            _ocr(table, *body)


# -- the writer itself --------------------------------------------------------------------------------------------------


@each_layout
def test_the_writer_keeps_to_invention(layout: Layout) -> None:
    """The writer's words are its own (or after OCR the lexicon's), so that no report's sentence is in the tests."""
    writer = ReportWriter(layout, Random(1))
    assert len(writer.words) >= 20
    assert write_report(layout, 1).text == write_report(layout, 1).text
    assert write_report(layout, 1).text != write_report(layout, 2).text


@pytest.mark.parametrize("seed", [149, 517])
def test_a_first_cell_of_words_is_no_end_of_a_label(seed: int) -> None:
    """Where the figures behind it cannot be read, its words must not make room in the columns by going to the label."""
    layout = next(layout for layout in load_layouts() if layout.name == "sodertalje_plan")
    table = next(table for table in layout.tables if table.key == "staff_indicators")
    style = Style(sections=1, wrap=0.3, blanks=0, pages=0, mixed=True, broken=True)
    assert not _assert_the_same_or_refused(write_report(layout, seed, style, tables_with(layout, table)))
