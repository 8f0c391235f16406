"""A repeated table whose head reads otherwise than its layout says is refused, and never silently left out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
from aligned_writer import AlignedStyle, print_aligned
from grids import grids_of
from report_writer import Style, write_report

from ingest.errors import ExtractionError
from ingest.extract import extract
from ingest.layout import Layout, TableLayout, layout_of, load_layouts
from ingest.reading.locate import Head, Page
from ingest.source.text import ReportText, fold

Span = tuple[int, int, int]
"""A word of a head: its line, and where it begins and ends there."""
Damage = Callable[[list[str], list[Span]], list[str]]

REPEATED = [(layout, t) for layout in load_layouts() for t in layout.tables if t.repeats and not t.head.startswith("^")]
each_repeated = pytest.mark.parametrize(
    ("layout", "table"), REPEATED, ids=lambda part: part.key if isinstance(part, TableLayout) else part.name
)


def _put(lines: list[str], changes: dict[Span, str]) -> list[str]:
    """The lines with other words in the places of some."""
    changed = list(lines)
    for (index, start, end), text in sorted(changes.items(), reverse=True):
        line = changed[index]
        changed[index] = f"{line[:start]}{text.ljust(end - start)}{line[end:]}"
    return changed


def _text(lines: list[str], span: Span) -> str:
    index, start, end = span
    return lines[index][start:end]


def _changed(lines: list[str], words: list[Span]) -> list[str]:
    last = max((w for w in words if not _text(lines, w)[:1].isdigit()), key=lambda w: (w[2] - w[1], w))
    return _put(lines, {last: "Ettord"[: last[2] - last[1]]})


def _lost(lines: list[str], words: list[Span]) -> list[str]:
    return _put(lines, {words[-1]: ""})


def _without_first(lines: list[str], words: list[Span]) -> list[str]:
    return _put(lines, {words[0]: ""})


def _swapped(lines: list[str], words: list[Span]) -> list[str]:
    other = next(word for word in reversed(words) if fold(_text(lines, word)) != fold(_text(lines, words[0])))
    return _put(lines, {words[0]: _text(lines, other), other: _text(lines, words[0])})


DAMAGES: dict[str, Damage] = {
    "another word": _changed,
    "last word lost": _lost,
    "first word lost": _without_first,
    "columns swapped": _swapped,
}


@cache
def _reports(name: str) -> tuple[ReportText, ...]:
    """Running text, aligned text, and aligned text of a scan."""
    layout = next(layout for layout in load_layouts() if layout.name == name)
    _, aligned = print_aligned(grids_of(layout, 3), AlignedStyle())
    return write_report(layout, 3, Style(pages=0)).report(), aligned, replace(aligned, text_origin="ocr")


def _heads(report: ReportText, layout: Layout, table: TableLayout) -> list[Head]:
    _, variables = layout_of(report.document_id)
    own = layout.model_copy(update={"text_origin": report.text_origin or layout.text_origin})
    return Page(report, own, variables).heads(table)


def _facts(report: ReportText) -> list[tuple[object, ...]]:
    layout, variables = layout_of(report.document_id)
    return [(c.table_no, c.row_label, c.column_no, c.value_text) for c in extract(report, layout, variables).cells]


@each_repeated
@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_head_never_loses_its_table(layout: Layout, table: TableLayout, kind: str) -> None:
    refused = 0
    for report in _reports(layout.name):
        ocr = (report.text_origin or layout.text_origin) == "ocr"
        heads = _heads(report, layout, table)
        assert len(heads) > 1
        head = heads[-1]
        words = [
            (index, match.start(), match.end())
            for index in range(head.start, head.end)
            for match in re.finditer(r"[^\s|]+", report.lines[index])
            if fold(match[0])
        ]
        if kind == "columns swapped" and ocr and report.form == "running":
            continue  # a sender's OCR puts the words of a head into any order: that is no damage
        damaged = replace(report, lines=DAMAGES[kind](report.lines, words))
        try:
            found = _facts(damaged)
        except ExtractionError as error:
            refused += "What to do" in str(error)
        else:
            assert ocr, "only what OCR misread can be a head that reads otherwise"
            assert found == _facts(report)
    assert refused >= (0 if layout.text_origin == "ocr" else 2)


def test_the_line_and_the_table_are_named() -> None:
    layout = next(layout for layout in load_layouts() if layout.name == "norrtalje_plan")
    report = write_report(layout, 1, Style(pages=0)).report()
    table = next(t for t in layout.tables if t.key == "council_assignments")
    head = _heads(report, layout, table)[-1]
    lines = [line for index, line in enumerate(report.lines) if not head.start <= index < head.end]
    lines.insert(head.start, "Uppdrag Ansvarig enhet Kvarvarande/nytt uppdrag Slutdatum ")
    with pytest.raises(ExtractionError, match="resembles the table's head") as caught:
        _facts(replace(report, lines=lines))
    assert (caught.value.table, caught.value.line) == ("council_assignments", head.start + 1)


def test_a_line_that_the_layout_skips_is_no_lost_head() -> None:
    layout, table = next((layout, table) for layout, table in REPEATED if layout.name == "norrtalje_plan")
    report = write_report(layout, 1, Style(pages=0)).report()
    _, variables = layout_of(report.document_id)
    sentence = " ".join(variables.fill(table.head).split()[:-1])
    changed = replace(report, lines=[sentence, "", *report.lines])
    with pytest.raises(ExtractionError, match="resembles the table's head"):
        extract(changed, layout, variables)
    skipping = layout.model_copy(update={"skip": [*layout.skip, f"^{re.escape(sentence)}"]})
    assert len(extract(changed, skipping, variables).cells) == len(extract(report, layout, variables).cells)
