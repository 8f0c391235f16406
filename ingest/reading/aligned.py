"""Reading the rows of a table from text that keeps the page's layout (ingest/reading/columns.py says where its columns stand).

A cell needs no arithmetic here: it is what stands in its column. What is left to find out is which lines make a row. A blank
line parts rows; between blank lines a row is every run of lines whose cells are whole (one figure, one phrase of the vocabulary
per column) and stand to each other as cells do that are set at the top, at the bottom or in the middle of their rows, in the
whole table alike. Where that leaves more than one reading, a label that goes on in lower case tells; otherwise nothing is read.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from ingest.layout import DATES, ColumnLayout
from ingest.reading.blocks import shortened
from ingest.reading.columns import Range, Segment, elsewhere, heads_above, segments, settle
from ingest.reading.locate import Line
from ingest.reading.numbers import PLACEHOLDERS, parse_number
from ingest.reading.ocr import PHRASE_RESEMBLANCE, UnknownWord
from ingest.reading.rows import DATE_PATTERN, RawCell, RawRow, RowReader, Token, join_words
from ingest.source.text import fold, letters

MAX_ROW_LINES = 40
MAX_DIVISIONS = 500
"""Ways to divide lines into rows that are told apart; with more nothing is read."""
RANGE_PATTERN = r"\+/- \d+(?:,\d+)?\**|\d+(?:,\d+)? – \d+(?:,\d+)?\s?\**"
GOES_ON = r"[a-zåäöé(]"
"""How a text begins that goes on from the line above: no label of several lines begins so."""
SETTINGS = ("top", "bottom", "middle, rounded up", "middle, rounded down")
"""Where the cells of a row can stand that are lower than its highest one."""


@dataclass(frozen=True)
class Part:
    """Lines below one head, with the ranges of the columns there (see columns.HeadFinder.ranges)."""

    head: tuple[Range | None, ...]
    lines: list[Line]


class Unreadable(Exception):
    """What stands on a line is certain to be no row, or not certain to be one."""

    def __init__(self, line_no: int, problem: str, text: str = "") -> None:
        super().__init__(problem)
        self.line_no = line_no
        self.problem = problem
        self.text = text


class _TooMany(Exception):
    """There are more ways to divide lines into rows than are told apart."""

    def __init__(self, line_no: int) -> None:
        super().__init__(str(line_no))
        self.line_no = line_no


@dataclass(frozen=True)
class _Row:
    row: RawRow
    plain: bool
    """Whether its label begins as labels do: with a capital, a figure or a mark."""


@dataclass(frozen=True)
class _Grid:
    """A line as its columns: the text in each, joined where one cell has a wide gap."""

    no: int
    cells: dict[int, str]


class AlignedReader:
    """Reads the rows of one table.

    `fill` puts the year into the layout's texts, `label` puts a printed label right (OCR, footnotes), `page_of` gives the page
    of a line; `heading` is the label where the layout says so.
    """

    def __init__(
        self,
        reader: RowReader,
        fill: Callable[[str], str],
        label: Callable[[str], str],
        page_of: Callable[[int], int],
        heading: str | None,
    ) -> None:
        self.reader = reader
        self.table = reader.table
        self.columns = reader.table.columns
        self.label = label
        self.page_of = page_of
        self.heading = heading if reader.table.label_is_heading else None
        self.fill = fill
        self.until = re.compile(self.fill(self.table.until)) if self.table.until else None
        self.fits = re.compile(self.fill(self.table.row_labels)) if self.table.row_labels else None
        self.child = re.compile(self.table.child_rows) if self.table.child_rows else None

    def read(self, parts: Sequence[Part]) -> tuple[list[RawRow], int]:
        """All rows and the last line of them (0: none); Unreadable where a line is none.

        A table with `until` may end without its last row: the caller looks.
        """
        blocks = [(number, block) for number, part in enumerate(parts) for block in self._blocks(part)]
        if self.until is None and self.fits is None:
            return self._rows(parts, blocks), blocks[-1][1][-1].no if blocks else 0
        read: list[RawRow] = []
        last = 0
        problem: Unreadable | None = None
        for count in range(1, len(blocks) + 1):
            try:
                rows = self._rows(parts, blocks[:count])
            except Unreadable as unreadable:
                problem = unreadable  # what follows may tell: more rows, or that the table has ended
                continue
            if self.fits is not None and not all(self.fits.fullmatch(row.label) for row in rows):
                odd = next(row for row in rows if not self.fits.fullmatch(row.label))
                problem = Unreadable(odd.line_no, f"'{odd.label}' inside the table is no row's label")
                break
            read, last, problem = rows, blocks[count - 1][1][-1].no, None
            if self.until is not None and rows and self.until.fullmatch(rows[-1].label):
                return read, last
        if problem is not None and (self.until is not None or not read or self._rows_follow(parts, last)):
            raise problem
        return read, last

    def _rows_follow(self, parts: Sequence[Part], last: int) -> bool:
        """Whether a figure stands in a column below the last row that could be read: then that is a row too, and a wrong one."""
        for part in parts:
            for line in part.lines:
                found = segments(line.text, line.no, self.reader.ocr) if line.no > last else []
                for number, (segment, columns) in enumerate(zip(found, heads_above(part.head, found), strict=True)):
                    in_column = len(columns) <= 1 and (columns > [0] or (number > 0 and not columns))
                    if in_column and parse_number(segment.text, self.table.decimal_point) is not None:
                        return True
        return False

    # -- lines ----------------------------------------------------------------------------------------------------------

    def _blocks(self, part: Part) -> list[list[Line]]:
        """The lines between blank lines, page breaks and what is skipped, without the remarks between rows."""
        blocks: list[list[Line]] = []
        previous: Line | None = None
        for line in self._without_remarks(part):
            if line.text.strip():
                if previous is None or line.no != previous.no + 1 or line.begins_page or not previous.text.strip():
                    blocks.append([])
                blocks[-1].append(line)
            previous = line
        return blocks

    def _without_remarks(self, part: Part) -> list[Line]:
        """The lines without remarks: one ends before the next line with cells, or before the label that begins above it.

        Such a label is what stands between the cells and a blank line, without a full stop. Without a blank line the row begins
        behind a sentence, with its cells; otherwise nobody can tell.
        """
        if self.table.comment is None:
            return part.lines
        remark = re.compile(self.table.comment)
        kept: list[Line] = []
        inside, apart = False, False
        waiting: list[Line] = []
        for line in part.lines:
            if remark.match(line.text.strip()):
                inside, apart, waiting = True, False, []
            elif not inside:
                kept.append(line)
            elif not line.text.strip():
                apart, waiting = True, []
            elif self._has_cells(part, line):
                sentences = [other.text.rstrip().endswith((".", ":")) for other in waiting]
                if any(sentences) if apart else waiting and not sentences[-1]:
                    raise Unreadable(line.no, "where the remark above ends and the row begins is not certain", line.text.strip())
                kept += [*(waiting if apart else []), line]
                inside = False
            elif line.begins_page:
                apart, waiting = True, [line]
            else:
                waiting.append(line)
        return kept

    def _has_cells(self, part: Part, line: Line) -> bool:
        first = min(place[0] for place in part.head[1:] if place is not None)
        found = segments(line.text, line.no, self.reader.ocr)
        return len(found) > 1 or found[0].start >= first

    # -- rows -----------------------------------------------------------------------------------------------------------

    def _rows(self, parts: Sequence[Part], blocks: list[tuple[int, list[Line]]]) -> list[RawRow]:
        grids = self._grids(parts, blocks)
        many: _TooMany | None = None
        readings: list[list[_Row]] = []
        try:
            readings, broken = self._readings(grids, any_label=True)
            if not readings:
                text = "  ".join(self._shown(broken))
                raise Unreadable(broken[0].no, f"'{text}' inside the table is no row of {len(self.columns)} columns", text)
            if len(readings) == 1:
                return self._labelled([row.row for row in readings[0]])
        except _TooMany as ways:
            many = ways
        telling = self._telling(grids)
        if len(telling) == 1 and all(row.plain for row in telling[0]):
            return self._labelled([row.row for row in telling[0]])
        if many is not None:
            raise Unreadable(many.line_no, "which lines are one row is not certain: there are many ways")
        raise self._uncertain(readings)

    def _telling(self, grids: list[list[_Grid]]) -> list[list[_Row]]:
        """The readings in which no row begins with the rest of a label and the last row is the table's."""
        try:
            return self._ending_well(self._readings(grids, any_label=False)[0])
        except _TooMany:
            return []

    def _readings(self, grids: list[list[_Grid]], any_label: bool) -> tuple[list[list[_Row]], list[_Grid]]:
        """Every reading of the blocks under a setting of all of them, and the last block that one could not be read under.

        Without `any_label` those are left out in which a row begins with the rest of a label.
        """
        readings: list[list[_Row]] = []
        broken: list[_Grid] = grids[0] if grids else []
        for setting in SETTINGS:
            divisions = []
            for grid in grids:
                found = self._divisions(grid, setting, any_label)
                if not found:
                    broken = max(broken, grid, key=lambda g: g[0].no)
                    break
                divisions.append(found)
            else:
                if math.prod(map(len, divisions)) > MAX_DIVISIONS:
                    raise _TooMany(next(g[0].no for g, d in zip(grids, divisions, strict=True) if len(d) > 1))
                for choice in itertools.product(*divisions):
                    reading = [row for division in choice for row in division]
                    if reading not in readings:
                        readings.append(reading)
        return readings, broken

    def _uncertain(self, readings: list[list[_Row]]) -> Unreadable:
        a, b = readings[0], next(reading for reading in readings if reading != readings[0])
        differing = next((x for x, y in itertools.zip_longest(a, b) if x != y and x is not None), a[0])
        labels = " or ".join(dict.fromkeys(f"'{row.row.label}'" for row in [differing, *self._at(b, differing)]))
        problem = f"which lines are one row is not certain: the row can be {labels}"
        return Unreadable(differing.row.line_no, problem, differing.row.label)

    @staticmethod
    def _at(reading: list[_Row], other: _Row) -> list[_Row]:
        lines = {cell.line_no for cell in other.row.cells}
        return [row for row in reading if lines & {cell.line_no for cell in row.row.cells}]

    def _ending_well(self, readings: list[list[_Row]]) -> list[list[_Row]]:
        """The readings with a last row where the table has to end with one and some reading does."""
        if self.until is None:
            return readings
        return [reading for reading in readings if self._is_last(reading[-1].row.label)] or readings

    def _is_last(self, printed: str) -> bool:
        try:
            return self.until is not None and self.until.fullmatch(self.label(printed)) is not None
        except UnknownWord:
            return False

    def _labelled(self, rows: list[RawRow]) -> list[RawRow]:
        """In running text a label that is not repeated is that of the row above."""
        labelled: list[RawRow] = []
        for row in rows:
            if not row.label and not labelled:
                raise Unreadable(row.line_no, "the row has no label")
            label = self.label(row.label) if row.label else labelled[-1].label
            labelled.append(row._replace(label=label))
        return labelled

    def _grids(self, parts: Sequence[Part], blocks: list[tuple[int, list[Line]]]) -> list[list[_Grid]]:
        """Every block as lines of columns; pages whose heads stand alike settle their columns together."""
        found = {line.no: segments(line.text, line.no, self.reader.ocr) for _, block in blocks for line in block}
        columns: dict[Segment, int] = {}
        for head in dict.fromkeys(parts[number].head for number, _ in blocks):
            body = [s for number, block in blocks if parts[number].head == head for line in block for s in found[line.no]]
            settled = settle(head, body, self.heading is None)
            if isinstance(settled, Segment):
                raise Unreadable(settled.line_no, f"'{settled.text}' stands in no column for certain, or in two", settled.text)
            self._assert_alike(settled)
            columns |= settled
        grids = []
        for _, block in blocks:
            grid = []
            for line in block:
                cells: dict[int, str] = {}
                for segment in found[line.no]:
                    column = columns[segment]
                    if column in cells and column > 0 and not self.columns[column - 1].is_text:
                        raise Unreadable(line.no, f"'{cells[column]}' and '{segment.text}' stand in one column", segment.text)
                    cells[column] = f"{cells[column]} {segment.text}" if column in cells else segment.text
                grid.append(_Grid(line.no, cells))
            grids.append(grid)
        return grids

    def _assert_alike(self, columns: dict[Segment, int]) -> None:
        """Unreadable where a table goes on overleaf without a head, and its columns stand elsewhere there."""
        pages: dict[int, dict[Segment, int]] = {}
        for segment, column in columns.items():
            pages.setdefault(self.page_of(segment.line_no), {})[segment] = column
        for before, after in itertools.pairwise(sorted(pages)):
            odd = elsewhere(pages[after], pages[before])
            if odd is not None:
                problem = (
                    f"the table goes on after a page break without its head, and '{odd.text}' stands in no column for certain"
                )
                raise Unreadable(odd.line_no, problem, odd.text)

    def _shown(self, grid: list[_Grid]) -> list[str]:
        return [text for line in grid[:3] for _, text in sorted(line.cells.items())][:12]

    def _divisions(self, grid: list[_Grid], setting: str, any_label: bool) -> list[list[_Row]]:
        """Ways to divide the lines of a block into rows under a setting: all, or those in which no row begins in mid-label."""
        known: dict[int, list[list[_Row]]] = {len(grid): [[]]}
        for start in range(len(grid) - 1, -1, -1):
            here: list[list[_Row]] = []
            for end in range(start + 1, min(start + MAX_ROW_LINES, len(grid)) + 1):
                if not known[end]:
                    continue
                row = self._row(grid[start:end], setting)
                if row is None:
                    continue
                if not any_label and start and self._goes_on(grid[start - 1], grid[start]):
                    continue
                here += [[row, *rest] for rest in known[end]]
            if len(here) > MAX_DIVISIONS:
                raise _TooMany(grid[start].no)
            known[start] = here
        return known[0]

    def _goes_on(self, above: _Grid, line: _Grid) -> bool:
        """Whether a line can only be the rest of the label above it."""
        before = above.cells.get(0, "")
        words = all(column == 0 or self.columns[column - 1].is_text for column in line.cells)
        alone = words and all(re.match(GOES_ON, text) for text in line.cells.values())
        return alone or (before.endswith("-") and len(before) > 1 and 0 in line.cells)

    def _row(self, lines: list[_Grid], setting: str) -> _Row | None:
        """The lines as one row, or None where a cell is not whole or the cells do not stand to each other as the setting says."""
        if not self._stands(lines, setting):
            return None
        label = self._label(lines)
        if label is None:
            return None
        cells: list[RawCell] = []
        note: str | None = None
        for index, column in enumerate(self.columns):
            pieces = [(line.no, line.cells[index + 1]) for line in lines if index + 1 in line.cells]
            if not pieces:
                if column.is_text and not column.optional and not self._may_lack_text(index):
                    return None
                continue
            as_commas = [(no, self._with_comma(column, text)) for no, text in pieces]
            read = self._cell(column, as_commas)
            if read is None:
                return None
            text, found = read
            note = found or note
            if text:
                printed = " ".join(piece for _, piece in pieces) if as_commas != pieces else None
                cells.append(RawCell(index, text, pieces[0][0], "printed", printed=printed))
        if not cells:
            return None
        named = [line.no for line in lines if 0 in line.cells] or [lines[0].no]
        prose = [cell.text for cell in cells if self.columns[cell.column].prose]
        begins = [text for text in (label, *prose) if re.match(GOES_ON, text)]
        plain = self.heading is not None or not begins or bool(self.child and self.child.fullmatch(label))
        return _Row(RawRow(label, named[0], named[-1], tuple(cells), note), plain)

    def _may_lack_text(self, index: int) -> bool:
        """In running text: a cell before the anchor, which goes on from the row above, or a column without text."""
        column = self.columns[index]
        anchor = next((n for n, c in enumerate(self.columns) if c.anchor), 0)
        return self.table.running_text and (index < anchor or (column.words is None and column.starts is None))

    def _label(self, lines: list[_Grid]) -> str | None:
        if self.heading is not None:
            return self.heading if not any(0 in line.cells for line in lines) else None
        words = [Token("word", word, line.no) for line in lines for word in line.cells.get(0, "").split()]
        if not words:
            return "" if self.table.running_text else None
        return join_words(words)

    def _stands(self, lines: list[_Grid], setting: str) -> bool:
        """Whether every cell is set as the setting says; the highest fill the row."""
        height = len(lines)
        for column in {column for line in lines for column in line.cells}:
            at = [index for index, line in enumerate(lines) if column in line.cells]
            free = height - (at[-1] - at[0] + 1)
            above = {"top": 0, "bottom": free}.get(setting, (free + setting.endswith("up")) // 2)
            if at[0] != above:
                return False
            if len(at) <= at[-1] - at[0] and not (setting.startswith("middle") and self._is_parted(lines, column)):
                return False
        return True

    def _is_parted(self, lines: list[_Grid], column: int) -> bool:
        """Whether a cell of an even number of lines has a gap in its middle, where the cells of one line stand."""
        at = [index for index, line in enumerate(lines) if column in line.cells]
        missing = [index for index in range(at[0], at[-1]) if index not in at]
        return len(at) % 2 == 0 and len(missing) == 1 and missing[0] - at[0] == len(at) // 2

    # -- cells ----------------------------------------------------------------------------------------------------------

    def _cell(self, column: ColumnLayout, pieces: list[tuple[int, str]]) -> tuple[str, str | None] | None:
        """The text of a cell and the note in it; None where the pieces are no whole cell of the column."""
        joined = " ".join(text for _, text in pieces)
        if self.table.running_text:
            text = self._paragraph(column, pieces)
            return None if text is None else (text, None)
        if column.is_text:
            text = self._phrase(column.words or "", joined)
            return None if text is None else (text, None)
        joined, note = self._without_note(joined) if column.notes else (joined, None)
        if column.accepts and (phrase := self._phrase(column.accepts, joined)):
            return phrase, note
        first, *rest = [text for _, text in pieces]
        over_lines = re.fullmatch(RANGE_PATTERN, joined) or (len(rest) == 1 and self._is_mark(rest[0]) and note is None)
        if not joined or not (first.startswith(joined) or over_lines):
            return None  # a number is never put together from two lines
        value = parse_number(joined, self.table.decimal_point)
        if value is None and joined not in PLACEHOLDERS and not re.fullmatch(RANGE_PATTERN, joined):
            return None
        return joined, note

    def _with_comma(self, column: ColumnLayout, text: str) -> str:
        """After OCR, a percentage with a comma where the table has no decimal points: small print makes a point of it.

        `5.8%` can be nothing else there: thousands have three digits behind their point.
        """
        if not self.reader.ocr or column.is_text or self.table.decimal_point:
            return text
        return re.sub(r"^([-–]?\d{1,3})\.(\d{1,2} ?%)", r"\1,\2", text)

    def _without_note(self, text: str) -> tuple[str, str | None]:
        """The text before a note, and the note."""
        pattern = self.reader.layout.note
        words = text.split(" ")
        for begin in range(len(words)) if pattern is not None else ():
            if re.fullmatch(pattern or "", " ".join(words[begin:])):
                return " ".join(words[:begin]), " ".join(words[begin:])
        return text, None

    def _is_mark(self, text: str) -> bool:
        """Whether a text is a mark or unit that can stand on the line below its figure: `96,7` and `**`, `19` and `st`."""
        return text in ("%", "**") or text in self.reader.layout.unit_words

    def _phrase(self, vocabulary: str, text: str) -> str | None:
        if vocabulary == DATES:
            return text if re.fullmatch(DATE_PATTERN, text) else None
        phrases = self.reader.vocabularies[vocabulary]
        if not self.reader.ocr:
            found = [phrase for phrase in phrases if letters(phrase) == letters(text)]
            marks = [word for word in text.split() if not letters(word)]
            return next((phrase for phrase in found if all(mark in phrase.split() for mark in marks)), None)
        scores = {phrase: fuzz.ratio(fold(phrase), fold(text)) for phrase in phrases}
        best = max(scores.values(), default=0.0)
        winners = [phrase for phrase, score in scores.items() if score == best]
        if best < PHRASE_RESEMBLANCE or len(winners) > 1:
            return None
        lost = abs(len(fold(winners[0])) - len(fold(text)))  # OCR loses letters, not words
        return winners[0] if lost <= max(2, len(fold(text)) // 8) else None

    def _paragraph(self, column: ColumnLayout, pieces: list[tuple[int, str]]) -> str | None:
        text = join_words([Token("word", word, line_no) for line_no, piece in pieces for word in piece.split()])
        if column.words is not None:
            return next((p for p in self.reader.vocabularies[column.words] if letters(p) == letters(text)), None)
        if column.starts is None:
            return None
        starts = re.compile(self.fill(column.starts))
        telling = starts.match("ord") is None
        if not starts.match(text) or (telling and any(starts.match(piece) for _, piece in pieces[1:])):
            return None
        return shortened(column, text)
