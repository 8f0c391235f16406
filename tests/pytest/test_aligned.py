"""Aligned text: a report that keeps the page's layout gives the cells of the running one, or is refused by name."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from aligned_writer import AlignedStyle, print_aligned, print_tables_aligned
from grids import grids_of
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from report_writer import Style, Written, write_report

from ingest.errors import ExtractionError
from ingest.extract import extract, extract_report
from ingest.layout import Layout, TableLayout, Variables, layout_of, load_layouts
from ingest.model import Extraction
from ingest.reading.locate import Page
from ingest.source.text import ReportText, form_of, read_report, without_form_feeds

LAYOUTS = load_layouts()
REPORTS = sorted((Path(__file__).parents[3] / "shared" / "reports").glob("*.txt"))
needs_reports = pytest.mark.skipif(not REPORTS, reason="the real reports are not here: no folder ../shared/reports")
each_layout = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
each_report = pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.stem)
chance = settings(
    derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

STYLES = {
    "plain": AlignedStyle(),
    "narrow": AlignedStyle(gap=2, label_width=20, text_width=14, head_width=8),
    "wide": AlignedStyle(gap=8, label_width=200, text_width=90, head_width=40, indent=3),
    "centred": AlignedStyle(heads="centre", figures="centre"),
    "heads right of figures": AlignedStyle(heads="right", figures="left"),
    "cells at the bottom": AlignedStyle(setting="bottom", label_width=18),
    "cells in the middle": AlignedStyle(setting="middle", label_width=18),
    "heads on every page": AlignedStyle(page_rows=2),
    "head on the first page": AlignedStyle(page_rows=2, repeated_heads=False),
    "recognised": AlignedStyle(spoil=0.3, label_width=24),
}
"""With blank lines between rows: every report can be read."""


def _expected(written: Written) -> dict[tuple[int, int, int], tuple[object, ...]]:
    return {
        (c.table_no, c.row_no, c.column_no): (c.row_label, c.value_text, c.value, c.unit, c.scenario, *c.period)
        for c in written.cells
    }


def _found(extraction: Extraction) -> dict[tuple[int, int, int], tuple[object, ...]]:
    return {
        (c.table_no, c.row_no, c.column_no): (
            *(c.row_label, c.value_text, c.value, c.unit, c.scenario),
            *(c.period_start, c.period_end),
        )
        for c in extraction.cells
    }


def _assert_the_same(written: Written, report: ReportText, extraction: Extraction) -> None:
    assert _found(extraction) == _expected(written)
    assert [(t.table_no, t.table_key, t.table_title) for t in extraction.tables] == [
        (t.table_no, t.key, t.title) for t in written.tables
    ]
    begins = {(c.table_no, c.row_no, c.column_no): c.line_no for c in written.cells if c.line_no}
    cells = [c for c in extraction.cells if (c.table_no, c.row_no, c.column_no) in begins]
    assert len(cells) == len(begins) > 0
    assert all(c.line_no == begins[c.table_no, c.row_no, c.column_no] for c in cells)
    assert all(c.page_no == (report.pages[c.line_no - 1] if report.pages else None) for c in cells)
    assert {c.method for c in cells} == {"printed"}
    last_lines = {table.table_no: table.last_line for table in extraction.tables}
    assert all(cell.line_no <= last_lines[cell.table_no] for cell in extraction.cells)


# -- what goes in comes out ---------------------------------------------------------------------------------------------


@each_layout
@pytest.mark.parametrize("name", STYLES)
def test_what_goes_into_aligned_text_comes_out(layout: Layout, name: str) -> None:
    written, report = print_aligned(grids_of(layout, 1), STYLES[name])
    assert report.form == "aligned"
    _assert_the_same(written, report, extract(report, written.layout, written.variables))


def test_an_aligned_file_is_known_by_its_text(tmp_path: Path) -> None:
    layout = next(layout for layout in LAYOUTS if layout.name == "norrtalje_annual_report")
    written, report = print_aligned(grids_of(layout, 3), STYLES["heads on every page"])
    path = written.save(tmp_path)
    assert read_report(path).pages == report.pages
    _assert_the_same(written, report, extract_report(path, (layout,)))


styles = st.builds(
    AlignedStyle,
    gap=st.integers(2, 8),
    indent=st.integers(0, 5),
    label_width=st.sampled_from([16, 20, 28, 40, 70, 200]),
    text_width=st.sampled_from([12, 16, 24, 40, 90]),
    head_width=st.sampled_from([6, 8, 12, 20, 40]),
    heads=st.sampled_from(["left", "right", "centre"]),
    figures=st.sampled_from(["left", "right", "centre"]),
    setting=st.sampled_from(["top", "bottom", "middle"]),
    blank_lines=st.booleans(),
    page_rows=st.sampled_from([None, 1, 2, 3, 5]),
    repeated_heads=st.booleans(),
    page_numbers=st.booleans(),
    spoil=st.sampled_from([None, 0, 0.5]),
)
contents = st.builds(
    Style, sections=st.just(1), rows=st.integers(1, 4), blanks=st.sampled_from([0, 0.15, 0.5]), mixed=st.booleans()
)


@settings(chance, max_examples=60)
@given(layout=st.sampled_from(LAYOUTS), seed=st.integers(0, 10_000), content=contents, style=styles)
def test_in_every_style_the_same_comes_out_or_is_refused(layout: Layout, seed: int, content: Style, style: AlignedStyle) -> None:
    written, report = print_aligned(grids_of(layout, seed, content), style)
    refusal = None
    try:
        extraction = extract(report, written.layout, written.variables)
    except ExtractionError as error:
        refusal = error
    if refusal is None:
        _assert_the_same(written, report, extraction)
    else:
        assert not style.blank_lines, refusal  # between blank lines nothing is left open
        assert refusal.table
        assert "What to do" in str(refusal)
    event("read" if refusal is None else "refused")


# -- the real reports ---------------------------------------------------------------------------------------------------

LOST = {
    ("rows close", "norrtalje_socialnamnden_delarsrapport_2025-08"),
    ("rows close", "sodertalje_socialnamnden_verksamhetsplan_2025"),
}
"""Without blank lines a year or a sentence on a line of its own can belong to the row above or below."""
SETTINGS_OF_REAL = {
    "plain": STYLES["plain"],
    "narrow": STYLES["narrow"],
    "in the middle": STYLES["cells in the middle"],
    "rows close": AlignedStyle(blank_lines=False),
    "pages": STYLES["heads on every page"],
}


@cache
def _read_running(path: Path) -> tuple[ReportText, Extraction]:
    return read_report(path), extract_report(path)


@needs_reports
@each_report
@pytest.mark.parametrize("name", SETTINGS_OF_REAL)
def test_a_real_report_set_as_aligned_text_gives_the_same_cells(path: Path, name: str) -> None:
    running, before = _read_running(path)
    layout, variables = layout_of(running.document_id)
    aligned = print_tables_aligned(running, before, layout, variables, SETTINGS_OF_REAL[name])
    assert (running.form, aligned.form) == ("running", "aligned")
    if (name, path.stem) in LOST:
        with pytest.raises(ExtractionError, match="which lines are one row is not certain"):
            extract(aligned, layout, variables)
        return
    after = extract(aligned, layout, variables)
    assert _found(after) == _found(before)
    assert [t.table_title for t in after.tables] == [t.table_title for t in before.tables]


# -- one table ----------------------------------------------------------------------------------------------------------

TABLE: dict[str, Any] = {
    "key": "costs",
    "title": "Kostnader",
    "subject": "running_costs",
    "unit": "tkr",
    "head": "Verksamhet Budget {Y} Utfall {Y}",
    "columns": [{"key": "budget", "label": "Budget {Y}"}, {"key": "outcome", "label": "Utfall {Y}"}],
    "stops": ["Ekonomi"],
}
HEAD = "Verksamhet          Budget 2031  Utfall 2031"


def _read(*lines: str, **changes: Any) -> dict[tuple[str, int], str]:
    """The cells of a table of two columns: (label, column) -> text."""
    layout = Layout.model_validate(
        {
            **{"document_id": r"prov_(?P<year>\d{4})", "municipality_code": "9901", "municipality": "Provby"},
            **{"board": "Provnämnden", "kind": "plan", "title": "Prov", "period": "{Y}", "as_of": "{Y}-12-31"},
            "vocabularies": {"status": ["Ej påbörjad", "Slutförd"], "done": ["Slutförd", "Ej slutförd"]},
            "tables": [TableLayout.model_validate({**TABLE, **changes})],
        }
    )
    text, pages = without_form_feeds(list(lines))
    report = ReportText("prov_2031", Path("prov_2031.txt"), text, "0" * 64, "aligned", pages)
    return {(c.row_label, c.column_no): c.value_text for c in extract(report, layout, Variables(2031, None)).cells}


def test_a_segment_is_one_cell_where_running_text_has_two_readings() -> None:
    assert _read(HEAD, "Brygga                  1 200 300          ") == {("Brygga", 1): "1 200 300"}
    assert _read(HEAD, "Brygga                  1 200          300") == {("Brygga", 1): "1 200", ("Brygga", 2): "300"}


def test_an_empty_cell_is_known_by_its_place() -> None:
    rows = _read(HEAD, "Brygga                                 10", "Båt                     20")
    assert rows == {("Brygga", 2): "10", ("Båt", 1): "20"}


def test_figures_that_stand_below_no_head_are_told_by_a_full_row() -> None:
    head = ["Verksamhet  Budget                Utfall", "            2031                  2031"]
    full = "Brygga                   10 000              2 000"
    assert _read(*head, "Båt                          5", full) == {
        ("Båt", 1): "5", ("Brygga", 1): "10 000", ("Brygga", 2): "2 000",
    }  # fmt: skip
    with pytest.raises(ExtractionError, match="'5' stands in no column for certain"):
        _read(*head, "Båt                          5")


@pytest.mark.parametrize(
    ("problem", "lines"),
    {
        "a figure below two heads": ("in two", ["Brygga                 1 200 300 400 500"]),
        "two figures in one column": ("stand in one column", ["Brygga              1  200          300"]),
        "a number over two lines": (
            "no row of 2 columns",
            ["Brygga                  1             300", "                      200"],
        ),
        "a word in a column of figures": ("no row of 2 columns", ["Brygga                  många          300"]),
        "a label without cells": ("no row of 2 columns", ["Brygga                  1             300", "", "Båt"]),
        "cells without a label": ("no row of 2 columns", ["                        1             300"]),
        "a label in the middle": (
            "the row can be 'Brygga Båt' or 'Brygga'",
            ["Brygga                  1             300", "Båt", "Sjöbod                  2             400"],
        ),
    }.values(),
)
def test_what_is_not_certain_is_refused(problem: str, lines: list[str]) -> None:
    with pytest.raises(ExtractionError, match=problem):
        _read(HEAD, *lines)


def test_a_label_that_goes_on_in_lower_case_is_told_by_that() -> None:
    lines = ["Brygga                  1             300", "och båt", "Sjöbod                  2             400"]
    assert {label for label, _ in _read(HEAD, *lines)} == {"Brygga och båt", "Sjöbod"}


def test_a_number_is_never_put_together_from_two_lines_of_a_table_with_marks() -> None:
    rows = ["Brygga                  8             300", "Båt                     453,3 %       823,8 %"]
    assert _read(HEAD, *rows) == {
        ("Brygga", 1): "8", ("Brygga", 2): "300", ("Båt", 1): "453,3 %", ("Båt", 2): "823,8 %",
    }  # fmt: skip


def test_a_table_that_goes_on_overleaf_without_a_head_has_to_stand_where_it_stood() -> None:
    rows = ["Brygga                   10            300", "Båt                     100             30"]
    assert len(_read(HEAD, *rows, "\fSjöbod                  200            100")) == 6
    with pytest.raises(ExtractionError, match="goes on after a page break without its head"):
        _read(HEAD, *rows, "\fSjöbod               200            100")


def test_a_row_whose_label_begins_like_a_heading_does_not_end_the_table() -> None:
    rows = ["Brygga                  1             300", "", "Ekonomi, stöd och", "råd                     2             400"]
    assert {label for label, _ in _read(HEAD, *rows)} == {"Brygga", "Ekonomi, stöd och råd"}
    assert {label for label, _ in _read(HEAD, *rows[:2], "Ekonomi", "En mening om bryggan och alla båtarna där.")} == {"Brygga"}


def test_rows_below_the_last_one_that_could_be_read_are_not_lost() -> None:
    table = {"row_labels": r"Budget \d{4}", "label_years": True}
    rows = ["Budget 2030             1             300", "", "Budget                  2             400", "", "2031"]
    with pytest.raises(ExtractionError, match="inside the table is no row"):
        _read(HEAD, *rows, **table)
    after = ["", "En mening om bryggan och alla båtarna där."]
    assert {label for label, _ in _read(HEAD, *rows[:1], *after, **table)} == {"Budget 2030"}


STATUS: dict[str, Any] = {
    "head": "Uppdrag Status",
    "unit": "text",
    "columns": [{"key": "status", "label": "Status", "measure": "text", "words": "status"}],
}


def test_the_first_line_of_a_cell_is_not_skipped_with_the_heading_above_it() -> None:
    """Without its first line the cell would read as its contrary."""
    table = {
        **STATUS,
        "columns": [{"key": "status", "label": "Status", "measure": "text", "words": "done"}],
        "skip": [r"^Målområde \d"],
        "row_starts": r"\d\.\d\. ",
    }
    lines = [
        "Uppdrag                Status",
        "",
        "Målområde 1",
        "",
        "                       Ej",
        "1.1. Brygga            slutförd",
    ]
    assert _read(*lines, **table) == {("1.1. Brygga", 1): "Ej slutförd"}


def test_a_remark_without_an_end_is_refused() -> None:
    lines = [
        "Uppdrag             Status",
        "Brygga              Slutförd",
        "Kommentar:",
        "en mening",
        "Båt                 Slutförd",
    ]
    with pytest.raises(ExtractionError, match="where the remark above ends"):
        _read(*lines, **STATUS, comment="^Kommentar")
    lines[3:4] = ["en mening", ""]
    assert _read(*lines, **STATUS, comment="^Kommentar") == {("Brygga", 1): "Slutförd", ("Båt", 1): "Slutförd"}


# -- the text -----------------------------------------------------------------------------------------------------------


@each_layout
@pytest.mark.parametrize("style", [Style(), Style(blanks=0.5, rows=6, wrap=0)])
def test_running_text_is_not_taken_for_aligned(layout: Layout, style: Style) -> None:
    for seed in range(4):
        assert form_of(write_report(layout, seed, style).lines) == "running"


def test_form_feeds_end_pages(tmp_path: Path) -> None:
    path = tmp_path / "prov_2031.txt"
    path.write_text("Ett\n 3\n\f\nTvå\n Tre\n 4\n\fFyra\n7\n\f", encoding="utf-8")
    report = read_report(path)
    assert report.lines == ["Ett", " 3", "", "Två", " Tre", " 4", "Fyra", "7"]
    assert report.pages == (1, 1, 2, 2, 2, 2, 3, 3)
    assert report.page_beginnings == {0, 3, 6}
    page = Page(report, LAYOUTS[0], Variables(2031, 1))
    assert [index for index in range(8) if index in page.skipped] == [1, 5]  # the last page ends in a figure of another kind


def test_without_form_feeds_a_space_begins_a_page_of_running_text_only(tmp_path: Path) -> None:
    report = ReportText("prov_2031", tmp_path, ["Ett", " Två"], "0" * 64)
    assert (report.pages, 1 in report.page_beginnings) == (None, True)
    assert not ReportText("prov_2031", tmp_path, ["Ett", " Två"], "0" * 64, form="aligned").page_beginnings


def test_what_the_text_was_found_to_be_goes_before_what_its_layout_says() -> None:
    layout = next(layout for layout in LAYOUTS if layout.text_origin == "native")
    written, report = print_aligned(grids_of(layout, 1), STYLES["plain"])
    assert extract(report, layout, written.variables).document.text_origin == "native"
    scanned = extract(replace(report, text_origin="ocr"), layout, written.variables)
    assert scanned.document.text_origin == "ocr"
    labels = {cell.row_label for cell in scanned.cells}  # as read: OCR of ours knows Swedish letters, no lexicon is asked
    assert labels == {cell.row_label for cell in written.cells}
