"""Grids printed as aligned text: every cell below its column's head, as `pdftotext -layout` and the PDF reader write."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from grids import Grid, GriddedReport, GridRow, Span, head_texts
from report_writer import ExpectedCell, ExpectedTable, Written, spoiled

from ingest.layout import Layout, TableLayout, Variables
from ingest.model import Cell, Extraction, Table
from ingest.reading.locate import Page
from ingest.source.text import ReportText, form_of, without_form_feeds

Side = Literal["left", "right", "centre"]
Setting = Literal["top", "bottom", "middle"]


@dataclass(frozen=True)
class AlignedStyle:
    """How a page is set. Widths are in characters; words are never broken."""

    gap: int = 3
    """Spaces between two columns, at least."""
    indent: int = 0
    label_width: int = 40
    text_width: int = 24
    head_width: int = 12
    heads: Side = "left"
    figures: Side = "right"
    setting: Setting = "top"
    """Where the lower cells of a row stand."""
    blank_lines: bool = True
    """Whether a blank line stands between rows."""
    page_rows: int | None = None
    """Rows after which a page ends inside a table."""
    repeated_heads: bool = True
    page_numbers: bool = True
    spoil: float | None = None
    """After OCR: letters lose their dots, and so readily more than that."""


class AlignedWriter:
    """Prints blocks as lines; `ocr`: as they come out of text recognition, where the style says so."""

    def __init__(self, style: AlignedStyle, ocr: bool = False) -> None:
        self.style = style
        self.rng = Random(1)
        self.ocr = ocr and style.spoil is not None
        self.lines: list[str] = []
        self.page = 1
        self.at: dict[tuple[int, int, int], int] = {}
        """(table_no, row_no, column_no) -> line"""
        self.head_at: dict[int, int] = {}

    def span(self, text: str) -> None:
        self.lines.append(text)

    def gap(self) -> None:
        if self.lines and self.lines[-1].strip("\f"):
            self.lines.append("")

    def page_number(self) -> None:
        """Number a page at its foot, counted from the cover."""
        if self.style.page_numbers:
            self.lines += ["", f"{'':30}{self.page + 2}"]

    def end_page(self) -> None:
        self.page_number()
        self.page += 1
        self.lines.append("\f")

    def grid(self, grid: Grid) -> None:
        """Print a table."""
        style = self.style
        rows = [row for row in grid.rows if isinstance(row, GridRow)]
        wrapped = {row.row_no: self._wrapped(grid.table, row) for row in rows}
        head = [
            [self._recognised(line, 0) for line in _lines(text, style.label_width if n == 0 else style.head_width)]
            for n, text in enumerate(grid.head)
        ]
        widths = [
            max((len(line) for cells in [head, *wrapped.values()] for line in cells[n]), default=0) for n in range(len(head))
        ]
        self.gap()
        self.head_at[grid.table_no] = self._row(head, widths, [style.heads] * len(head), "top", None)
        since_break = 0
        for number, row in enumerate(grid.rows):
            if style.blank_lines:
                self.gap()
            if isinstance(row, Span):
                self.span(row.text)
                if style.blank_lines and number + 1 < len(grid.rows) and isinstance(grid.rows[number + 1], Span):
                    continue
                continue
            if style.page_rows is not None and since_break == style.page_rows:
                since_break = 0
                self.end_page()
                if grid.goes_on_over_pages and style.repeated_heads:
                    self._row(head, widths, [style.heads] * len(head), "top", None)
                    if style.blank_lines:
                        self.gap()
            sides: list[Side] = [
                "left" if n == 0 or grid.table.columns[n - 1].is_text else style.figures for n in range(len(head))
            ]
            self._row(wrapped[row.row_no], widths, sides, style.setting, (grid.table_no, row.row_no))
            since_break += 1
        self.gap()

    def _wrapped(self, table: TableLayout, row: GridRow) -> list[list[str]]:
        cells = [_lines(_protected(row.texts[0]), self.style.label_width)]
        for column, text in zip(table.columns, row.texts[1:], strict=True):
            whole = not column.is_text and any(c.isdigit() for c in text) and "(" not in text
            cells.append([text] if whole and text else _lines(_protected(text), self.style.text_width))
        plain = [[line.replace("\u00a0", " ") for line in cell] for cell in cells]
        words = [n == 0 or table.columns[n - 1].is_text for n in range(len(plain))]
        more = [self.style.spoil or 0 if n == 0 else 0 for n in range(len(plain))]
        return [
            [self._recognised(line, much) for line in cell] if is_words else cell
            for cell, is_words, much in zip(plain, words, more, strict=True)
        ]

    def _recognised(self, text: str, more: float) -> str:
        return spoiled(text, self.rng, more) if self.ocr else text

    def _row(
        self, cells: list[list[str]], widths: list[int], sides: Sequence[Side], setting: Setting, key: tuple[int, int] | None
    ) -> int:
        height = max(len(cell) for cell in cells)
        above = [{"top": 0, "bottom": height - len(c), "middle": (height - len(c)) // 2}[setting] for c in cells]
        first = len(self.lines) + 1
        for number in range(height):
            line = " " * self.style.indent
            for index, (cell, width, side) in enumerate(zip(cells, widths, sides, strict=True)):
                at = number - above[index]
                text = cell[at] if 0 <= at < len(cell) else ""
                if text and at == 0 and index and key is not None:
                    self.at[(*key, index)] = first + number
                padded = {"left": text.ljust(width), "right": text.rjust(width), "centre": text.center(width)}[side]
                line += padded + " " * (self.style.gap if width else 0)
            if self.lines and self.lines[-1] == "\f":
                self.lines[-1] = f"\f{line.rstrip()}"
                first -= number == 0
                if number == 0 and key is not None:
                    self.at.update({k: v - 1 for k, v in self.at.items() if k[:2] == key})
            else:
                self.lines.append(line.rstrip())
        return first


def _lines(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _protected(text: str) -> str:
    """A text that wraps as pages do: the thousands of a figure before a note, and a hanging hyphen, keep what follows them."""
    text = re.sub(r"(?<=\w)- (?=\w)", "-\u00a0", text)
    before, bracket, note = text.partition(" (")
    return before.replace(" ", "\u00a0") + bracket + note if bracket and before[:1].isdigit() else text


def print_aligned(report: GriddedReport, style: AlignedStyle) -> tuple[Written, ReportText]:
    """A gridded report as aligned text: what is expected of it, with lines, and the text as `read_report` would give it."""
    writer = AlignedWriter(style, report.expected.layout.text_origin == "ocr")
    for block in report.blocks:
        if isinstance(block, Grid):
            writer.grid(block)
        elif block.text:
            writer.span(block.text)
        else:
            writer.gap()
    if writer.page > 1:
        writer.page_number()
    expected = report.expected
    cells = [_placed(cell, writer) for cell in expected.cells]
    tables = [ExpectedTable(t.table_no, t.key, t.title, writer.head_at.get(t.table_no, 0)) for t in expected.tables]
    written = replace(expected, lines=writer.lines, cells=cells, tables=tables)
    lines, pages = without_form_feeds(writer.lines)
    text = ReportText(written.document_id, written.report().path, lines, "0" * 64, form_of(lines), pages)
    return written, text


def print_tables_aligned(
    report: ReportText, extraction: Extraction, layout: Layout, variables: Variables, style: AlignedStyle
) -> ReportText:
    """A running report with its tables set as aligned text, from the cells that were read in it; everything else as it is."""
    boxed = Page(report, layout, variables).boxed
    tables = {table.first_line: (table, grid) for table, grid in _grids(extraction, layout, variables)}
    writer = AlignedWriter(style)
    index, page_ends = 0, False
    while index < len(report.lines):
        if index in report.page_beginnings or page_ends:
            writer.lines.append("\f")
            writer.page += 1
        if index + 1 in tables:
            table, grid = tables[index + 1]
            writer.grid(grid)
            writer.lines += [report.lines[i] for i in range(index, table.last_line) if i in boxed]
            page_ends = any(i in report.page_beginnings for i in range(index + 1, table.last_line))
            index = table.last_line
            continue
        line = report.lines[index]
        if writer.lines and writer.lines[-1] == "\f":
            writer.lines[-1] += line
        else:
            writer.lines.append(line)
        page_ends = False
        index += 1
    lines, pages = without_form_feeds(writer.lines)
    return ReportText(report.document_id, report.path, lines, report.sha256, form_of(lines), pages)


def _grids(extraction: Extraction, layout: Layout, variables: Variables) -> Iterator[tuple[Table, Grid]]:
    """The tables of an extraction as grids; those of paragraphs below a heading are none."""
    layouts = {table.key: table for table in layout.tables}
    for table in extraction.tables:
        own = layouts[table.table_key]
        if own.head.startswith("^"):
            continue
        grid = Grid(own, table.table_no, head_texts(own, variables))
        rows: dict[int, list[Cell]] = {}
        for cell in extraction.cells:
            if cell.table_no == table.table_no:
                rows.setdefault(cell.row_no, []).append(cell)
        for row_no, cells in rows.items():
            texts = {cell.column_no: re.sub(r" \.\.\.$", " och mer text.", cell.value_text) for cell in cells}
            label = "" if own.label_is_heading else cells[0].row_label.split(" / ")[-1]
            grid.rows.append(GridRow(row_no, (label, *(texts.get(n + 1, "") for n in range(len(own.columns))))))
        yield table, grid


def _placed(cell: ExpectedCell, writer: AlignedWriter) -> ExpectedCell:
    return replace(cell, line_no=writer.at.get((cell.table_no, cell.row_no, cell.column_no), 0))
