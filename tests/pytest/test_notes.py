"""Extraction notes: what was decided, repaired or left out is told, and every number of a table is accounted for."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from report_writer import Style, Written, write_report

from ingest.extract import extract, extract_report
from ingest.layout import Layout, layout_of, load_layouts
from ingest.model import Extraction
from ingest.reading.locate import Page
from ingest.reading.notes import UNREAD, notes_of
from ingest.reading.read_tables import read_tables
from ingest.source.text import ReportText, read_report

REPORTS = Path(__file__).parents[3] / "shared" / "reports"
REAL = sorted(REPORTS.glob("*.txt"))
each_layout = pytest.mark.parametrize("layout", load_layouts(), ids=lambda layout: layout.name)


def _extract(written: Written) -> Extraction:
    return extract(written.report(), written.layout, written.variables)


def _layout(name: str) -> Layout:
    return next(layout for layout in load_layouts() if layout.name == name)


@each_layout
@pytest.mark.parametrize("seed", range(6))
def test_every_number_of_a_written_table_is_accounted_for(layout: Layout, seed: int) -> None:
    extraction = _extract(write_report(layout, seed))
    assert [note for note in extraction.notes if note.kind == "unread"] == []


@pytest.mark.skipif(not REAL, reason=f"the real reports are not here: no folder {REPORTS}")
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_every_number_of_the_real_tables_is_accounted_for(path: Path) -> None:
    assert [note for note in extract_report(path).notes if note.kind == "unread"] == []


@each_layout
def test_a_number_that_the_reading_loses_is_told(layout: Layout) -> None:
    """Whatever the reason: here each cell is taken out of what was read, one after the other."""
    written = write_report(layout, 3)
    page = Page(written.report(), layout, written.variables)
    reads = sorted(read_tables(page), key=lambda read: read.first_line)
    before = sum(note.number_count for note in notes_of(page, reads))
    lost = 0
    for read in reads:
        for number, row in enumerate(read.rows):
            cell = next((cell for cell in row.cells if re.fullmatch(r"-?\d+", cell.text)), None)
            if cell is None or read.layout.comment or read.layout.running_text:
                continue
            left = tuple(other for other in row.cells if other is not cell)
            read.rows[number] = row._replace(cells=left)
            notes = notes_of(page, reads)
            assert sum(note.number_count for note in notes) == before + 1
            found = [note for note in notes if note.kind == "unread"]
            assert [(note.reason, note.subject) for note in found] == [(UNREAD, cell.text.lstrip("-"))]
            read.rows[number] = row
            lost += 1
    assert lost > 5


@pytest.mark.skipif(not REAL, reason=f"the real reports are not here: no folder {REPORTS}")
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_each_number_of_the_real_tables_is_missed_when_it_is_lost(path: Path) -> None:
    """Each alone, and each row alone: what no arithmetic would miss either is unread."""
    report = read_report(path)
    page = Page(report, *layout_of(report.document_id))
    lost = 0
    for read in read_tables(page):
        numbers = [(no, i) for no, row in enumerate(read.rows) for i, cell in enumerate(row.cells) if re.search(r"\d", cell.text)]
        if read.layout.running_text:
            continue
        for no, i in [*numbers, *((no, None) for no in sorted({no for no, _ in numbers}))]:
            row = read.rows[no]
            cells = () if i is None else (*row.cells[:i], *row.cells[i + 1 :])
            rows = [*read.rows[:no], *([row._replace(cells=cells)] if cells else []), *read.rows[no + 1 :]]
            if not rows:
                continue  # a table without rows is refused
            kinds = {note.kind for note in notes_of(page, [replace(read, rows=rows)])}
            assert "unread" in kinds, f"{read.title}, {row.label}: {row.cells[i].text if i is not None else 'the row'}"
            lost += 1
    assert lost > 150


@each_layout
def test_a_row_that_arithmetic_decided_is_told_with_its_readings(layout: Layout) -> None:
    for seed in range(30):
        extraction = _decided(write_report(layout, seed, Style(mixed=True)))
        if extraction is not None:
            break
    else:
        assert layout.name == "norrtalje_plan", "no written row needs arithmetic"
        return
    rows = {(c.table_no, c.row_no) for c in extraction.cells if c.method == "arithmetic"}
    told = {(n.table_no, n.row_no): n for n in extraction.notes if n.kind == "decided"}
    assert rows <= told.keys()
    assert all(int(told[row].reason.split()[0]) > 1 for row in rows)


def _decided(written: Written) -> Extraction | None:
    try:
        extraction = _extract(written)
    except Exception:
        return None  # a row that stays ambiguous is another test's matter
    return extraction if any(cell.method == "arithmetic" for cell in extraction.cells) else None


def test_what_ocr_spoiled_is_told_as_printed() -> None:
    written = write_report(_layout("norrtalje_interim_report"), 5, Style(spoil=0.9))
    repaired = [note for note in _extract(written).notes if note.kind == "repaired"]
    assert len(repaired) > 20
    letters_of_text = Counter(written.text)
    for note in repaired:
        assert note.subject
        assert not Counter(note.subject.replace(" ", "").replace("-", "")) - letters_of_text
        assert not set("åäöÅÄÖ") & set(note.subject), "as printed, not as put right"


def test_a_footnote_mark_is_told() -> None:
    layout = next(layout for layout in load_layouts() if layout.footnote_marks)
    written = write_report(layout, 2, Style(wrap=0))
    before = _extract(written)
    labels = {
        (cell.table_no, cell.row_no): cell.row_label for cell in before.cells if cell.value and cell.row_label[-1].isalpha()
    }
    place, label = next((p, label) for p, label in labels.items() if any(line.startswith(f"{label} ") for line in written.lines))
    lines = [line.replace(f"{label} ", f"{label}7 ", 1) if line.startswith(f"{label} ") else line for line in written.lines]
    after = extract(ReportText(written.document_id, Path("x"), lines, "0" * 64), layout, written.variables)
    assert after.cells == before.cells
    told = [note for note in after.notes if (note.table_no, note.row_no, note.kind) == (*place, "left_out")]
    assert [note.subject for note in told] == [f"{label}7"]
