"""What was decided, repaired or left out on the way from the page to the cells: the rows of raw.extraction_note.

The accounts are kept apart from the reading: every number that stands in a table's lines has to be found again in a cell, a
label or a head. What is left over is either in a line that the reading left out, for a reason, or unread.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ingest.model import Note
from ingest.reading.locate import Page
from ingest.reading.numbers import normalise
from ingest.reading.read_tables import TableRead

DIGITS = re.compile(r"\d+")
NUMBER = re.compile(r"\d{1,3}(?: \d{3})+(?!\d)|\d+")
FIGURE = re.compile(r"[<>]?[-+]?\d+(?:[.,]\d+)?%?")
ONE_NUMBER = re.compile(r"[-+]?\d{1,3}(?: \d{3}){0,2}%?")
ENDS_IN_A_WORD = re.compile(r"\d{4}-\d\d-\d\d|[-+]?\d+(?:[.,]\d+)?%")

BY_SPACES = "readings of the figures; the spaces that empty cells leave decide"
BY_FEWEST_BLANKS = "readings of the figures; the one with the fewest empty cells is taken"
BY_RULES = "readings of the figures; the rules and limits of the table decide"
BY_TOTALS = "readings of the figures; the totals of the columns decide"
BY_RULING = "readings of the figures; a person decided, see the layout's ruling"
LABEL = "the label was put right, as printed here"
PHRASE = "the text of a cell was put right, as printed here"
FOOTNOTE = "the mark of a footnote behind the label, as printed here"
REMARK = "a remark between rows"
PROSE = "prose of a cell, of which the first words are kept"
UNREAD = "numbers between the lines of the table that are in no cell, label or head"
ROW_IN_REMARK = "figures in a remark that stand side by side or alone on their line: a row that was not seen"


class _Finding(NamedTuple):
    line_no: int
    kind: str
    reason: str
    subject: str | None = None
    number_count: int = 0
    row_no: int | None = None


def notes_of(page: Page, reads: Sequence[TableRead]) -> list[Note]:
    """The notes of a document whose tables are `reads`, in the order of their numbers."""
    accounts = _Accounts(page, reads)
    notes: list[Note] = []
    for table_no, read in enumerate(reads, 1):
        findings = [*_decisions(page, read), *accounts.left_over(read)]
        for finding in sorted(findings, key=lambda f: (f.line_no, f.row_no or 0)):
            notes.append(
                Note(
                    len(notes) + 1,
                    table_no,
                    finding.row_no,
                    finding.line_no,
                    finding.kind,
                    finding.subject,
                    finding.number_count,
                    finding.reason,
                )
            )
    return notes


def _decisions(page: Page, read: TableRead) -> Iterator[_Finding]:
    """Rows that could be read in several ways, and words that OCR had spoiled."""
    for row_no, row in enumerate(read.rows, 1):
        weighed = max([cell.weighed for cell in row.cells], default=1)
        methods = {cell.method for cell in row.cells}
        if weighed > 1 or "ruling" in methods:
            if "ruling" in methods:
                how = BY_RULING
            elif row.by_totals:
                how = BY_TOTALS
            elif "arithmetic" in methods:
                how = BY_RULES
            else:
                how = BY_FEWEST_BLANKS if page.ocr else BY_SPACES
            line_no = min(cell.line_no for cell in row.cells if cell.weighed == weighed)
            yield _Finding(line_no, "decided", f"{weighed} {how}", row.label, 0, row_no)
        if row.printed is not None and row.printed != row.label:
            kind, reason = ("repaired", LABEL) if page.ocr else ("left_out", FOOTNOTE)
            yield _Finding(row.line_no, kind, reason, row.printed, 0, row_no)
        for cell in row.cells:
            if cell.printed is not None and cell.printed != cell.text.replace(" ", ""):
                yield _Finding(cell.line_no, "repaired", PHRASE, cell.printed, 0, row_no)


class _Accounts:
    """The digits of each line that no cell, label or head has claimed yet."""

    def __init__(self, page: Page, reads: Sequence[TableRead]) -> None:
        lines = page.report.lines
        self.lines = lines
        self.open = {
            no: digits
            for read in reads
            for no in range(read.first_line, read.last_line + 1)
            if (digits := DIGITS.findall(lines[no - 1]))
        }
        for read in reads:
            for no in read.head_lines:
                self.open.pop(no, None)
        for read in reads:
            firsts = [min([row.line_no, *[cell.line_no for cell in row.cells]]) for row in read.rows]
            for row, first, after in zip(read.rows, firsts, [*firsts[1:], read.last_line + 1], strict=True):
                lines_of_row = range(first, max(after, first + 1))
                for cell in row.cells:
                    self._claim(cell.printed or cell.text, cell.line_no, lines_of_row)
                self._claim(row.printed or row.label, row.line_no, lines_of_row)
                self._claim(row.note or "", row.line_no, lines_of_row)

    def _claim(self, text: str, line_no: int, row: range) -> None:
        """Take the digits of a text off the lines of its row, from the line it begins on; tangled columns go on above."""
        for digits in DIGITS.findall(text):
            if line_no in row and self._take(digits, line_no):
                continue
            below, above = range(max(line_no, row.start), row.stop), range(row.start, min(line_no, row.stop))[::-1]
            for no in itertools.chain(below, above):
                if self._take(digits, no):
                    break

    def _take(self, digits: str, no: int) -> bool:
        """Take digits off a line; False where it has them no more."""
        left = self.open.get(no)
        if not left or digits not in left:
            return False
        left.remove(digits)
        return True

    def left_over(self, read: TableRead) -> Iterator[_Finding]:
        """What of a table's lines is in no cell: a finding for each run of lines left out for one reason."""
        remarks = _remarks(read, self.lines)
        reasons = dict(read.left_out) | remarks
        inside = range(read.first_line, read.last_line + 1)
        for reason, group in itertools.groupby(sorted(no for no in reasons if no in inside), key=lambda no: reasons[no]):
            for lines in _runs(list(group)):
                count = sum(len(NUMBER.findall(normalise(self.lines[no - 1]))) for no in lines)
                yield _Finding(lines[0], "left_out", reason, None, count)
        for no in remarks:
            if no in self.open and _stands_like_a_row(self.lines[no - 1]):
                digits = DIGITS.findall(normalise(self.lines[no - 1]))
                yield _Finding(no, "unread", ROW_IN_REMARK, " ".join(digits), len(digits))
        for no in inside:
            if not self.open.get(no) or no in reasons:
                continue
            digits = sorted(self.open[no])
            if read.layout.running_text:
                yield _Finding(no, "left_out", PROSE, None, len(digits))
            else:
                yield _Finding(no, "unread", UNREAD, " ".join(digits), len(digits))


def _remarks(read: TableRead, lines: Sequence[str]) -> dict[int, str]:
    """Lines of the remarks between rows: from the line that begins one to the line before the next row."""
    if read.layout.comment is None:
        return {}
    begins = re.compile(read.layout.comment)
    starts = sorted(row.line_no for row in read.rows)
    found: dict[int, str] = {}
    for no in range(read.first_line, read.last_line + 1):
        if begins.match(lines[no - 1].strip()):
            end = next((start for start in starts if start > no), read.last_line + 1)
            found |= {line: REMARK for line in range(no, end) if lines[line - 1].strip()}
    return found


def _stands_like_a_row(line: str) -> bool:
    """Whether a line's figures stand side by side, alone, or right before a word such as `Slutförd`: prose has words between."""
    words = normalise(line).replace("|", " ").split()
    if words and all(FIGURE.fullmatch(word) for word in words):
        return True
    runs = (list(run) for is_figure, run in itertools.groupby(words, key=lambda word: bool(FIGURE.fullmatch(word))) if is_figure)
    if any(len(run) > 1 and not ONE_NUMBER.fullmatch(" ".join(run)) for run in runs):
        return True
    return any(ENDS_IN_A_WORD.fullmatch(word) and after[0].isupper() for word, after in itertools.pairwise(words))


def _runs(numbers: list[int]) -> Iterator[list[int]]:
    """Numbers in runs without a gap of more than one blank line."""
    run: list[int] = []
    for no in numbers:
        if run and no > run[-1] + 2:
            yield run
            run = []
        run.append(no)
    if run:
        yield run
