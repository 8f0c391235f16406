"""Tables of running text: cells that are paragraphs, told apart by where they stand and how they begin.

One column is the anchor: each paragraph that is one of its phrases, or begins as it says, is a row. The paragraphs above it
are the cells before the anchor and the row's label, those below it the cells after it; the rest of a cell of prose is left
out, and of prose only the first words are kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ingest.layout import ColumnLayout
from ingest.reading.locate import Line
from ingest.reading.rows import RawCell, RawRow, Token, join_words
from ingest.source.text import letters

PROSE_WORDS = 5
"""Words that are kept of a cell of prose, enough to find it in the report."""

Phrases = Callable[[str], list[str]]


class Incomplete(Exception):
    """A row lacks a cell that the layout expects after its anchor."""

    def __init__(self, line_no: int, column_label: str) -> None:
        super().__init__(column_label)
        self.line_no = line_no
        self.column_label = column_label


class Paragraph:
    """Lines without a blank between them, as one text."""

    def __init__(self, lines: list[Line]) -> None:
        self.line_no = lines[0].no
        self.text = join_words([Token("word", word, line.no) for line in lines for word in line.text.split()])

    @property
    def ends_a_sentence(self) -> bool:
        return self.text.endswith((".", ":", "?"))


def read_blocks(columns: list[ColumnLayout], lines: list[Line], heading: str | None, phrases: Phrases) -> list[RawRow]:
    """The rows of a table of running text.

    `phrases` gives the words of a vocabulary. With a `heading` the rows take it for their label, and the paragraph that
    repeats it is no cell. Raises Incomplete where a row lacks a cell after its anchor.
    """
    paragraphs = [p for p in _paragraphs(lines) if heading is None or letters(p.text) != letters(heading)]
    anchor = next(index for index, column in enumerate(columns) if column.anchor)
    starts = [n for n, paragraph in enumerate(paragraphs) if _begins(columns[anchor], paragraph, phrases)]
    if heading is not None:
        starts = starts[:1]  # everything below is the same text
    rows: list[RawRow] = []
    free = 0
    for start in starts:
        cells = {anchor: start}
        above = start - 1
        for index in range(anchor - 1, -1, -1):
            if above >= free and _begins(columns[index], paragraphs[above], phrases):
                cells[index] = above
                above -= 1
        label, label_line = heading or (rows[-1].label if rows else ""), paragraphs[start].line_no
        if heading is None and above >= free and not paragraphs[above].ends_a_sentence:
            label, label_line = paragraphs[above].text, paragraphs[above].line_no
        below = start + 1
        for index in range(anchor + 1, len(columns)):
            if columns[index].words is None and columns[index].starts is None:
                continue  # a column without text, such as a coloured dot
            if below == len(paragraphs) or not _begins(columns[index], paragraphs[below], phrases):
                raise Incomplete(paragraphs[start].line_no, columns[index].label)
            cells[index] = below
            below += 1
        free = below
        raw = tuple(_cell(columns[i], i, paragraphs[n], phrases) for i, n in sorted(cells.items()))
        rows.append(RawRow(label, label_line, label_line, raw))
    return rows


def _paragraphs(lines: list[Line]) -> list[Paragraph]:
    groups: list[list[Line]] = [[]]
    for line in lines:
        if line.text.strip():
            groups[-1].append(line)
        elif groups[-1]:
            groups.append([])
    return [Paragraph(group) for group in groups if group]


def _begins(column: ColumnLayout, paragraph: Paragraph, phrases: Phrases) -> bool:
    if column.words is not None:
        return letters(paragraph.text) in {letters(phrase) for phrase in phrases(column.words)}
    return column.starts is not None and re.match(column.starts, paragraph.text) is not None


def _cell(column: ColumnLayout, index: int, paragraph: Paragraph, phrases: Phrases) -> RawCell:
    text = paragraph.text
    if column.words is not None:
        text = next(phrase for phrase in phrases(column.words) if letters(phrase) == letters(text))
    return RawCell(index, shortened(column, text), paragraph.line_no, "printed")


def shortened(column: ColumnLayout, text: str) -> str:
    """The text of a cell as it is kept: of prose only the first words."""
    words = text.split()
    return f"{' '.join(words[:PROSE_WORDS])} ..." if column.prose and len(words) > PROSE_WORDS else text
