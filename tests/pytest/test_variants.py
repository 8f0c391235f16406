"""The same report in another shape: text differs from machine to machine, and the cells must not.

`EXACT` shapes give the same cells. `LOSSY` shapes take evidence away (blank lines, extra spaces, page marks): the cells are the
same or the report is refused with a remedy, and never others. `MISLEADING` shapes print something else than they say: refused.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from random import Random

import pytest
import shapes
from hypothesis import given, settings
from hypothesis import strategies as st
from report_writer import Style, every_table, tables_with, write_report
from shapes import MINUS, NUMBER_SPACE, Shape, by_line, without

from ingest.errors import ExtractionError
from ingest.extract import extract
from ingest.layout import Layout, TableLayout, layout_of, load_layouts
from ingest.model import Extraction
from ingest.source.files import Refused
from ingest.source.text import ReportText, as_printed, check_text, read_report, shows_blanks

REPORTS = Path(__file__).parents[3] / "shared" / "reports"

EXACT: dict[str, Shape] = {
    "no-break space": by_line(lambda line: NUMBER_SPACE.sub("\u00a0", line)),
    "narrow no-break space": by_line(lambda line: NUMBER_SPACE.sub("\u202f", line)),
    "thin space": by_line(lambda line: NUMBER_SPACE.sub("\u2009", line)),
    "minus sign": by_line(lambda line: MINUS.sub("\u2212", line)),
    "en dash as minus": by_line(lambda line: MINUS.sub("\u2013", line)),
    "decomposed letters": by_line(lambda line: unicodedata.normalize("NFD", line)),
    "soft hyphens": shapes.soft_hyphens,
    "ligatures": by_line(lambda line: line.replace("ffi", "\ufb03").replace("fi", "\ufb01").replace("fl", "\ufb02")),
    "doubled blank lines": shapes.doubled_blank_lines,
    "labels on one line": shapes.labels_on_one_line,
    "a line for every word": shapes.a_line_for_every_word,
    "heads on one line": shapes.heads_on_one_line,
    "a line for every word of heads": shapes.a_line_for_every_word_of_heads,
    "page breaks": shapes.page_breaks(),
    "page breaks, heads repeated": shapes.page_breaks(head=True),
    "page breaks, numbers": shapes.page_breaks("{n} "),
    "page breaks, numbers of pages": shapes.page_breaks("{n} (145) "),
    "page breaks, numbers, heads repeated": shapes.page_breaks("{n} ", head=True),
    "page breaks, named numbers": shapes.page_breaks("Sida 12 (45) "),
}
MISLEADING: dict[str, Shape] = {
    "zero-width spaces": by_line(lambda line: re.sub(r"(?<=[^\W\d])(?=[^\W\d])", "\u200b", line)),
    "zero-width spaces in figures": by_line(lambda line: NUMBER_SPACE.sub("\u200b", line)),
    "tabs": by_line(lambda line: line.replace(" ", "\t")),
}
LOSSY: dict[str, Shape] = {
    "no blank lines": without(lambda line: line == ""),
    "no lines of spaces": without(lambda line: line.strip() == "" and len(line) <= 2),
    "no spaces at line ends": by_line(str.rstrip),
    "one space at line ends": by_line(lambda line: re.sub(" +$", " ", line)),
    "runs of spaces collapsed": by_line(lambda line: re.sub(" {2,}", " ", line)),
    "no extra space at all": by_line(lambda line: " ".join(line.split())),
    "page breaks inside labels": shapes.page_breaks(within=True),
    "page breaks inside labels, heads repeated": shapes.page_breaks(within=True, head=True),
    "page breaks, one number": shapes.page_breaks("12 "),
    "page breaks inside labels, one number": shapes.page_breaks("12 ", within=True),
}


def _cells(extraction: Extraction) -> list[tuple[object, ...]]:
    return [
        (c.table_no, c.row_no, c.row_label, c.column_no, _plain(c.value_text), c.value, c.unit, c.scenario, c.period_end)
        for c in extraction.cells
    ]


def _plain(text: str) -> str:
    """A printed text without the differences that a shape makes on purpose."""
    return re.sub("[\u00a0\u202f\u2009]", " ", text).replace("\u2212", "-")


def _read(report: ReportText) -> Extraction:
    return extract(report, *layout_of(report.document_id))


_CELLS: dict[int, list[tuple[object, ...]]] = {}


def _expected(report: ReportText) -> list[tuple[object, ...]]:
    """The cells of one of the module's reports, read once."""
    if id(report) not in _CELLS:
        _CELLS[id(report)] = _cells(_read(report))
    return _CELLS[id(report)]


def _in_shape(report: ReportText, shape: Shape, seed: int = 1) -> ReportText:
    text = "\n".join(shape(report, Random(seed)))
    check_text(text)
    lines = as_printed(text).split("\n")
    return ReportText(report.document_id, report.path, lines, report.sha256)


REAL = [read_report(path) for path in sorted(REPORTS.glob("*.txt"))]
WRITTEN = [write_report(layout, seed, Style(pages=0)).report() for layout in load_layouts() for seed in (1, 2)]
ALL = pytest.mark.parametrize("report", [*REAL, *WRITTEN], ids=lambda report: report.document_id)


REFUSED = {
    ("labels on one line", "norrtalje_socialnamnden_verksamhetsplan_2026-2028"),  # the label ends in a figure, `mer än 5 %`
}
"""What an exact shape makes undecidable in a real report."""


@ALL
@pytest.mark.parametrize("kind", EXACT)
def test_another_shape_gives_the_same_cells(report: ReportText, kind: str) -> None:
    changed = _in_shape(report, EXACT[kind])
    if (kind, report.document_id) in REFUSED and report in REAL:
        with pytest.raises(ExtractionError, match="can be read in"):
            _read(changed)
    else:
        assert _cells(_read(changed)) == _expected(report)


@ALL
@pytest.mark.parametrize("kind", MISLEADING)
def test_a_text_that_misleads_is_refused(report: ReportText, kind: str) -> None:
    with pytest.raises(Refused, match=r"line [0-9]+ holds"):
        check_text("\n".join(MISLEADING[kind](report, Random(1))))


@settings(derandomize=True, deadline=None, database=None, max_examples=20)
@given(
    layout=st.sampled_from(load_layouts()), seed=st.integers(1, 1000), kinds=st.lists(st.sampled_from(sorted(EXACT)), unique=True)
)
def test_shapes_one_after_the_other_give_the_same_cells(layout: Layout, seed: int, kinds: list[str]) -> None:
    report = write_report(layout, seed, Style(pages=0)).report()
    breaks = [kind for kind in kinds if "page" in kind][1:]  # pages are broken and numbered once
    changed = report
    for kind in [kind for kind in kinds if kind not in breaks]:
        changed = _in_shape(changed, EXACT[kind], seed)
    assert _cells(_read(changed)) == _cells(_read(report))


@ALL
@pytest.mark.parametrize("kind", LOSSY)
def test_lost_evidence_gives_the_same_cells_or_is_refused(report: ReportText, kind: str) -> None:
    _same_or_refused(report, LOSSY[kind])


@pytest.mark.parametrize(
    ("layout", "table"),
    [(layout, table) for layout, table in every_table() if layout.text_origin == "native"],
    ids=lambda part: part.key if isinstance(part, TableLayout) else part.name,
)
def test_a_table_without_its_extra_spaces_is_the_same_or_refused(layout: Layout, table: TableLayout) -> None:
    """Table by table, since a whole report is refused at its first empty cell."""
    keys = tables_with(layout, table)
    alone = layout.model_copy(update={"tables": [other for other in layout.tables if other.key in keys]})
    for seed in (1, 2):
        written = write_report(layout, seed, Style(blanks=0.4, wrap=0.1, pages=0), keys)
        for kind in ("no spaces at line ends", "one space at line ends", "runs of spaces collapsed", "no extra space at all"):
            _same_or_refused(written.report(), LOSSY[kind], alone)


def _same_or_refused(report: ReportText, shape: Shape, layout: Layout | None = None) -> None:
    own, variables = layout_of(report.document_id)
    expected = _cells(extract(report, layout, variables)) if layout else _expected(report)
    try:
        found = _cells(extract(_in_shape(report, shape), layout or own, variables))
    except ExtractionError as refusal:
        found = expected if "What to do" in str(refusal) else []
    assert found == expected


@pytest.mark.parametrize(
    "report", [report for report in REAL if "delarsrapport" not in report.document_id], ids=lambda r: r.document_id
)
def test_native_reports_show_their_empty_cells(report: ReportText) -> None:
    assert shows_blanks(report.lines)
    for kind in ("no spaces at line ends", "one space at line ends", "runs of spaces collapsed", "no extra space at all"):
        assert not shows_blanks(LOSSY[kind](report, Random(1)))
