"""What searches with test_fuzz.py found: each text ended in a fault of the program, or did not end. All are refused.

A text of fuzz_findings/ begins with a line of its own: the document's id and the tables of its layout that are looked for.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from report_writer import Style, every_table, tables_with, write_report

from ingest.errors import ExtractionError, LayoutError, ReportError
from ingest.extract import extract
from ingest.layout import layout_of, load_layout
from ingest.reading.figures import Piece, all_readings
from ingest.reading.periods import parse_period
from ingest.source.text import ReportText

FINDINGS = sorted((Path(__file__).parent / "fuzz_findings").glob("*.txt"))
MESSAGES = {
    "date_with_a_month_that_is_none": "line 1: '2031-19-11' is no date",
    "row_divided_without_end": "line 7: the OCR word 'Uppfyllt' cannot be put into Swedish for certain",
    "row_inside_a_remark": "line 8: the row's words and figures cannot be told apart",
}


def refused(document_id: str, keys: list[str], lines: list[str]) -> str:
    layout, variables = layout_of(document_id)
    layout = layout.model_copy(update={"tables": [table for table in layout.tables if table.key in keys]})
    report = ReportText(document_id, Path(f"{document_id}.txt"), lines, "0" * 64)
    with pytest.raises(ExtractionError, match="What to do") as raised:
        extract(report, layout, variables)
    return str(raised.value)


@pytest.mark.parametrize("path", FINDINGS, ids=lambda path: path.stem)
def test_a_text_that_was_found_is_refused(path: Path) -> None:
    first, *lines = path.read_text(encoding="utf-8").splitlines()
    document_id, keys = first.split()
    assert MESSAGES[path.stem] in refused(document_id, keys.split(","), lines)


@pytest.mark.parametrize("ocr", [False, True])
@pytest.mark.parametrize("piece", ["1", "123", ""], ids=["ones", "groups", "blanks"])
def test_a_line_of_thousands_of_figures_is_refused(piece: str, ocr: bool) -> None:
    """It went deeper than Python allows, or took for ever."""
    pieces = [Piece("digits" if piece else "blank", piece, 1)] * 5_000
    assert all_readings(pieces, 4, ocr) == []


def test_a_row_of_thousands_of_words_after_ocr_is_refused() -> None:
    layout, table = next((lo, t) for lo, t in every_table() if lo.text_origin == "ocr" and t.key == "indicators_council")
    written = write_report(layout, 1, Style(sections=1), only=tables_with(layout, table))
    lines = list(written.lines)
    at = next(number for number, line in enumerate(lines) if line.startswith("Indikator"))
    lines.insert(at + 2, "Andel Inget varde angivet " + "1 " * 9_000)
    assert "cannot be told apart" in refused(written.document_id, [t.key for t in written.layout.tables], lines)


def test_a_note_with_a_period_that_is_none_is_refused() -> None:
    layout, table = next(
        (lo, t) for lo, t in every_table() if lo.note and any(c.notes for c in t.columns) and lo.text_origin == "native"
    )
    for seed in range(50):
        written = write_report(layout, seed, Style(sections=1, wrap=0), only=tables_with(layout, table))
        spoiled = [re.sub(r"\((?:[a-z]{3}-)?[a-z]{3} \d{4}\)", "(jan-okt 0000)", line) for line in written.lines]
        if spoiled != written.lines:
            message = refused(written.document_id, [t.key for t in written.layout.tables], spoiled)
            assert "names a period that is none" in message
            return
    pytest.fail("no report with a note was written")


@pytest.mark.parametrize("text", ["２０２４", "٢٠٢٤-٠٨", "0000", "2024-00", "2024-13", "2024-02-30"])
def test_a_period_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_period(text)


LAYOUT = """
document_id: 'prov_(?P<year>{year})'
municipality_code: '9901'
municipality: Provby
board: Nämnden
kind: plan
title: Plan
period: {period}
as_of: '{as_of}'
tables: []
"""


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"period": "2024-02-31"}, "day is out of range"),
        ({"as_of": "Datum: .*"}, "no pattern with a group"),
        ({"period": "[" * 5_000}, "cannot be read"),
    ],
    ids=["date", "as_of", "nested"],
)
def test_a_layout_that_was_found_is_refused(facts: dict[str, str], message: str, tmp_path: Path) -> None:
    path = tmp_path / "prov.yml"
    path.write_text(LAYOUT.format(**{"year": r"\d+", "period": "'{Y}'", "as_of": "{Y}", **facts}), encoding="utf-8")
    with pytest.raises(LayoutError, match=rf"prov\.yml: (.|\n)*{message}(.|\n)*What to do"):
        load_layout(path)


def test_a_year_that_is_no_number_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "prov.yml"
    path.write_text(LAYOUT.format(year="[a-z]+", period="'{Y}'", as_of="{Y}"), encoding="utf-8")
    with pytest.raises(ReportError, match="the name gives year 'igen'"):
        layout_of("prov_igen", (load_layout(path),))
