"""The checked-in data against the reports it came from (where they are at hand), and without prose (always)."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from ingest.extract import extract_report
from ingest.inspection.inspect import inspect_report
from ingest.layout import DATES, Layout, Variables, layout_of
from ingest.loading.load import load
from ingest.loading.store import EXTRACTED_DIR, FILES, extracted_folders, read_extraction, write_extraction
from ingest.model import Cell, Extraction
from ingest.reading.blocks import PROSE_WORDS
from ingest.reading.numbers import PLACEHOLDERS, parse_number
from ingest.reading.rows import DATE_PATTERN
from ingest.source.text import read_report

SHARED = Path(__file__).parents[3] / "shared"
REPORTS = SHARED / "reports"
GOLD = SHARED / "gold" / "score_cells.py"
needs_reports = pytest.mark.skipif(not REPORTS.is_dir(), reason=f"the real reports are not here: no folder {REPORTS}")
needs_gold = pytest.mark.skipif(not GOLD.is_file(), reason=f"the hand-keyed cells are not here: no file {GOLD}")

DOCUMENTS = [folder.name for folder in extracted_folders()]
each_document = pytest.mark.parametrize("document_id", DOCUMENTS)


@cache
def _checked_in(document_id: str) -> Extraction:
    return read_extraction(EXTRACTED_DIR / document_id)


# -- against the reports ------------------------------------------------------------------------------------------------


@needs_reports
@each_document
def test_extracting_again_gives_the_same_bytes(document_id: str, tmp_path: Path) -> None:
    folder = write_extraction(extract_report(REPORTS / f"{document_id}.txt"), tmp_path)
    assert sorted(path.name for path in (EXTRACTED_DIR / document_id).iterdir()) == sorted(FILES)
    for name in FILES:
        assert (folder / name).read_bytes() == (EXTRACTED_DIR / document_id / name).read_bytes(), name


@needs_reports
def test_every_report_is_checked_in() -> None:
    assert sorted(path.stem for path in REPORTS.glob("*.txt")) == DOCUMENTS


@needs_reports
def test_most_tables_of_the_real_reports_are_seen_and_none_that_is_not_there() -> None:
    """That a table is seen, not how it is read: that is what a layout is for."""
    with_figures, seen, strangers = 0, 0, []
    for folder in extracted_folders():
        extraction = read_extraction(folder)
        figures = {cell.table_no for cell in extraction.cells if cell.value is not None}
        spans = [range(t.first_line, t.last_line + 1) for t in extraction.tables]
        found = inspect_report(read_report(REPORTS / f"{folder.name}.txt"))
        lines = {line for table in found for line in range(table.first_row_line, table.last_line + 1)}
        with_figures += len(figures)
        seen += sum(
            not lines.isdisjoint(range(t.first_line, t.last_line + 1)) for t in extraction.tables if t.table_no in figures
        )
        strangers += [(folder.name, t.first_line) for t in found if not any(t.first_row_line in span for span in spans)]
    assert (strangers, with_figures) == ([], 74)
    assert seen >= 68


@needs_reports
@each_document
def test_every_cell_is_printed_on_its_line(document_id: str) -> None:
    """The first digits or letters of each value stand on the line it points to (OCR letters aside)."""
    lines = (REPORTS / f"{document_id}.txt").read_text(encoding="utf-8").split("\n")
    for cell in _checked_in(document_id).cells:
        first = cell.value_text.split(" ")[0]
        if cell.value is not None:
            assert first in lines[cell.line_no - 1], cell


@needs_reports
@each_document
def test_every_statement_of_the_layout_is_made_and_printed_on_its_line(document_id: str) -> None:
    """A pattern that finds nothing checks nothing: in the reports the layouts were written for, each finds its figure."""
    lines = (REPORTS / f"{document_id}.txt").read_text(encoding="utf-8").split("\n")
    layout, _ = layout_of(document_id)
    statements = _checked_in(document_id).statements
    assert {statement.name.partition("-")[0] for statement in statements} == {found.name for found in layout.statements}
    for statement in statements:
        assert statement.value_text.split(" ")[0] in lines[statement.line_no - 1], statement


@needs_gold
def test_the_hand_keyed_cells_are_all_found_and_nothing_else(tmp_path: Path) -> None:
    database = tmp_path / "k.duckdb"
    load(extracted_folders(), database)
    minima = [f"--min-{name}=1.0" for name in ("recall", "precision", "labels")]
    score = subprocess.run(
        [sys.executable, str(GOLD), str(database), "--numeric", "--show", "20", *minima],
        capture_output=True,
        text=True,
        check=False,
    )
    assert score.returncode == 0, score.stdout + score.stderr


# -- what is checked in -------------------------------------------------------------------------------------------------


def test_the_five_reports_hold_what_was_counted_in_them() -> None:
    extractions = [_checked_in(document_id) for document_id in DOCUMENTS]
    cells = [(e.document.document_id, cell) for e in extractions for cell in e.cells]
    assert sum(len(e.tables) for e in extractions) == 128
    assert len({(document_id, cell.table_no) for document_id, cell in cells if cell.value is not None}) == 74
    assert sum(cell.value is not None for _, cell in cells) == 1400
    assert sum(len(e.statements) for e in extractions) == 193


def _known_texts(layout: Layout, variables: Variables, cell: Cell, key: str) -> Iterator[str]:
    table = next(table for table in layout.tables if table.key == key)
    column = table.columns[cell.column_no - 1]
    for vocabulary in filter(None, (column.words, column.accepts)):
        if vocabulary != DATES:
            yield from map(variables.fill, layout.vocabularies[vocabulary])


def _is_short_text(layout: Layout, cell: Cell, key: str) -> bool:
    """A cell of a table of running text: a few words that name something, or the first five of a sentence."""
    table = next(table for table in layout.tables if table.key == key)
    words = cell.value_text.split()
    if not table.running_text:
        return False
    if table.columns[cell.column_no - 1].prose:
        return words[-1] == "..." and len(words) == PROSE_WORDS + 1
    return len(words) <= 15 and not cell.value_text.endswith(".")


@each_document
def test_every_cell_is_a_number_a_date_a_word_of_a_vocabulary_or_short(document_id: str) -> None:
    extraction = _checked_in(document_id)
    layout, variables = layout_of(document_id)
    keys = {table.table_no: table.table_key for table in extraction.tables}
    points = {table.key: table.decimal_point for table in layout.tables}
    for cell in extraction.cells:
        key = keys[cell.table_no]
        text = re.sub(layout.note or "(?!)", "", cell.value_text).strip()
        assert (
            parse_number(text, points[key]) is not None
            or text in PLACEHOLDERS
            or re.fullmatch(DATE_PATTERN, text)
            or re.fullmatch(r"(\+/- |\d+ – )\d+(,\d+)?\**", text)
            or text in _known_texts(layout, variables, cell, key)
            or _is_short_text(layout, cell, key)
        ), cell


LONGEST = {"row_label": 225, "subject": 225, "table_title": 180, "reason": 160, "value_text": 95, "column_label": 60}
"""Characters. The longest labels and headings are whole clauses: assignments to the board are printed so."""


@each_document
def test_no_extracted_file_holds_prose(document_id: str) -> None:
    for name in FILES:
        with (EXTRACTED_DIR / document_id / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                for field, text in row.items():
                    assert len(text) <= LONGEST.get(field, 70), (name, field, text)
                    assert "\n" not in text
                    if field not in ("reason", "table_title"):
                        # A second sentence: words, a full stop, and words with a capital again.
                        assert not re.search(r"\w{3,} \w{3,}[.!?] [A-ZÅÄÖ]\w+ \w+", text), (name, field, text)


@each_document
def test_lines_lie_inside_the_report_and_their_table(document_id: str) -> None:
    extraction = _checked_in(document_id)
    tables = {table.table_no: table for table in extraction.tables}
    for table in extraction.tables:
        assert 1 <= table.first_line <= table.last_line <= extraction.document.line_count
    for cell in extraction.cells:
        assert tables[cell.table_no].first_line < cell.line_no <= tables[cell.table_no].last_line
