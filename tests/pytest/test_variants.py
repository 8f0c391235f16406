"""The same report in another shape: text differs from machine to machine, and the cells must not.

`EXACT` kinds give the same cells. `LOSSY` kinds take evidence away (blank lines, spaces at line ends): the real reports give
the same cells or are refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from report_writer import Style, write_report

from ingest.errors import ExtractionError
from ingest.extract import extract
from ingest.layout import layout_of, load_layouts
from ingest.model import Extraction
from ingest.text import ReportText, read_report

Lines = list[str]
REPORTS = Path(__file__).parents[3] / "shared" / "reports"
NUMBER_SPACE = re.compile(r"(?<=\d) (?=\d{3}\b)")
MINUS = re.compile(r"(?<![\w)])-(?=\d)")


def _doubled_blank_lines(lines: Lines) -> Lines:
    return [copy for line in lines for copy in ([line, line] if line == "" else [line])]


EXACT: dict[str, Callable[[Lines], Lines]] = {
    "no-break space": lambda lines: [NUMBER_SPACE.sub("\u00a0", line) for line in lines],
    "narrow no-break space": lambda lines: [NUMBER_SPACE.sub("\u202f", line) for line in lines],
    "thin space": lambda lines: [NUMBER_SPACE.sub("\u2009", line) for line in lines],
    "minus sign": lambda lines: [MINUS.sub("\u2212", line) for line in lines],
    "en dash as minus": lambda lines: [MINUS.sub("\u2013", line) for line in lines],
    "doubled blank lines": _doubled_blank_lines,
}
LOSSY: dict[str, Callable[[Lines], Lines]] = {
    "no blank lines": lambda lines: [line for line in lines if line != ""],
    "no lines of spaces": lambda lines: [line for line in lines if line.strip() or len(line) > 2],
    "no spaces at line ends": lambda lines: [line.rstrip() for line in lines],
}


def _cells(extraction: Extraction) -> list[tuple[object, ...]]:
    return [
        (c.table_no, c.row_no, c.row_label, c.column_no, _plain(c.value_text), c.value, c.unit, c.scenario, c.period_end)
        for c in extraction.cells
    ]


def _plain(text: str) -> str:
    """A printed text without the differences that a variant makes on purpose."""
    return re.sub("[\u00a0\u202f\u2009]", " ", text).replace("\u2212", "-")


def _read(report: ReportText) -> Extraction:
    layout, variables = layout_of(report.document_id)
    return extract(report, layout, variables)


def _changed(report: ReportText, change: Callable[[Lines], Lines]) -> ReportText:
    return ReportText(report.document_id, report.path, change(report.lines), report.sha256)


REAL = [read_report(path) for path in sorted(REPORTS.glob("*.txt"))]
WRITTEN = [write_report(layout, seed, Style(pages=0)).report() for layout in load_layouts() for seed in (1, 2)]
needs_reports = pytest.mark.skipif(not REAL, reason=f"the real reports are not here: no folder {REPORTS}")


@pytest.mark.parametrize("report", [*REAL, *WRITTEN], ids=lambda report: report.document_id)
@pytest.mark.parametrize("kind", EXACT)
def test_another_shape_gives_the_same_cells(report: ReportText, kind: str) -> None:
    assert _cells(_read(_changed(report, EXACT[kind]))) == _cells(_read(report))


@needs_reports
@pytest.mark.parametrize("report", REAL, ids=lambda report: report.document_id)
@pytest.mark.parametrize("kind", LOSSY)
def test_lost_evidence_gives_the_same_cells_or_is_refused(report: ReportText, kind: str) -> None:
    changed = _changed(report, LOSSY[kind])
    if (kind, report.document_id) in REFUSED:
        with pytest.raises(ExtractionError, match="What to do"):
            _read(changed)
    else:
        assert _cells(_read(changed)) == _cells(_read(report))


REFUSED = {
    ("no blank lines", "alingsas_socialnamnden_delarsbokslut_2024-08"),
    ("no blank lines", "norrtalje_socialnamnden_delarsrapport_2025-08"),
    ("no blank lines", "sodertalje_socialnamnden_verksamhetsplan_2025"),
    ("no lines of spaces", "alingsas_socialnamnden_delarsbokslut_2024-08"),
    ("no lines of spaces", "norrtalje_socialnamnden_delarsrapport_2025-08"),
    ("no lines of spaces", "sodertalje_socialnamnden_verksamhetsplan_2025"),
    ("no spaces at line ends", "norrtalje_socialnamnden_verksamhetsberattelse_2024"),
    ("no spaces at line ends", "norrtalje_socialnamnden_verksamhetsplan_2026-2028"),
}
"""Without blank lines paragraphs cannot be told apart; without the spaces at line ends an empty last cell leaves no trace."""
