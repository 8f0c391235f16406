"""An invented report as grids: what a page shows before anybody decides how text and columns are set.

`grids_of` draws a report as `report_writer` does, but keeps every table as rows of texts in columns, with head and label column,
and everything else as lines across the page. Printers set it: as aligned text, as a PDF.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from random import Random

from report_writer import ExpectedCell, Printed, ReportWriter, Style, Written, examples

from ingest.layout import Layout, TableLayout, Variables
from ingest.reading.blocks import PROSE_WORDS
from ingest.source.text import letters


@dataclass(frozen=True)
class Span:
    """A line across the page: a heading, a sentence, a remark between rows; without text an empty line."""

    text: str


@dataclass(frozen=True)
class GridRow:
    """A row of texts: its label, then one text per column (empty: an empty cell). `row_no` is that of its expected cells."""

    row_no: int
    texts: tuple[str, ...]


@dataclass
class Grid:
    """A table: the texts of its head (label column first, often empty), its rows, and lines across the page between them."""

    table: TableLayout
    table_no: int
    head: tuple[str, ...]
    rows: list[GridRow | Span] = field(default_factory=list)

    @property
    def goes_on_over_pages(self) -> bool:
        """Whether a layout knows that the table's head is repeated after a page break."""
        return self.table.broken_by_pages or (self.table.until is not None and not self.table.repeats)


@dataclass(frozen=True)
class GriddedReport:
    """A report in the order of its pages; `expected` has every cell and table, whose lines only a printer knows."""

    blocks: list[Span | Grid]
    expected: Written


def head_texts(table: TableLayout, variables: Variables) -> tuple[str, ...]:
    """The head of each column, the label column's first: as the layout's head has it, or else the columns' labels."""
    words = variables.fill(table.head).split()
    labels = [variables.fill(column.label) for column in table.columns]
    first = labels[0].split()[0]
    texts = [" ".join(words[: words.index(first)])]
    rest = words[words.index(first) :]
    for number, label in enumerate(labels):
        last = number == len(labels) - 1
        count = next((n for n in range(1, len(rest) + 1) if letters("".join(rest[:n])) == letters(label)), len(label.split()))
        taken, rest = (rest, []) if last else (rest[:count], rest[count:])
        texts.append(" ".join(taken))
    in_order = all(text and letters(text)[:3] == letters(label)[:3] for text, label in zip(texts[1:], labels, strict=True))
    return tuple(texts) if in_order else (texts[0], *labels)


class _GridWriter(ReportWriter):
    """Writes into grids what the report writer prints."""

    def __init__(self, layout: Layout, rng: Random, style: Style) -> None:
        super().__init__(layout, rng, style)
        self.blocks: list[Span | Grid] = []
        self.grid: Grid | None = None

    def _line(self, parts: list[str]) -> int:
        span = Span(" ".join(part for part in parts if part))
        if self.grid is None:
            self.blocks.append(span)
        else:
            self.grid.rows.append(span)
        return 0

    def _gap(self) -> None:
        if self.grid is None and self.blocks and self.blocks[-1] != Span(""):
            self.blocks.append(Span(""))

    def _head(self, table: TableLayout) -> int:
        self.grid = Grid(table, len(self.tables) + 1, head_texts(table, self.variables))
        self.blocks.append(self.grid)
        return 0

    def _rows(self, table: TableLayout, number: int, heading: str | None) -> None:
        super()._rows(table, number, heading)
        self.grid = None

    def _is_empty(self, table: TableLayout) -> bool:
        return False

    def _native_row(self, table: TableLayout, label: str, cells: list[Printed]) -> dict[int, int]:
        assert self.grid is not None
        row_no = 1 + sum(isinstance(row, GridRow) for row in self.grid.rows)
        printed = "" if table.label_is_heading else label.split(" / ")[-1]
        texts = [" ".join(filter(None, (cell.text, cell.note))) for cell in cells]
        self.grid.rows.append(GridRow(row_no, (printed, *texts)))
        return dict.fromkeys(range(len(cells)), 0)

    _ocr_row = _native_row

    def _paragraphs(self, table: TableLayout, number: int, heading: str | None) -> None:
        if self.grid is None:  # paragraphs below a heading
            super()._paragraphs(table, number, heading)
            return
        label = ""
        for row_no in range(1, self.style.rows + 1):
            begins = not label or self._chance(0.6)
            label = " ".join(self._words(2)) if begins else label
            texts = [label if begins else ""]
            for column_no, column in enumerate(table.columns, 1):
                text = ""
                if column.words:
                    text = self.rng.choice([self.fill(phrase) for phrase in self.layout.vocabularies[column.words]])
                elif column.starts:
                    text = f"{examples(self.fill(column.starts))[0]} {' '.join(self._words(self.rng.randint(1, 8)))}"
                    text = re.sub(" +", " ", f"{text} slutar meningen." if column.prose else text)
                texts.append(text)
                words = text.split()
                if text:
                    kept = f"{' '.join(words[:PROSE_WORDS])} ..." if column.prose and len(words) > PROSE_WORDS else text
                    cell = ExpectedCell(number, row_no, label, column_no, kept, None, "text", 0, None, (None, None))
                    self.cells.append(cell)
            self.grid.rows.append(GridRow(row_no, tuple(texts)))
        self.grid = None


def grids_of(layout: Layout, seed: int | Random, style: Style | None = None) -> GriddedReport:
    """A report of a layout from a seed (or a source of chance); how lines wrap and pages end is left to the printer."""
    rng = seed if isinstance(seed, Random) else Random(seed)
    writer = _GridWriter(layout, rng, replace(style or Style(), wrap=0, pages=0, spoil=0))
    written = writer.write()
    return GriddedReport(writer.blocks, written)
