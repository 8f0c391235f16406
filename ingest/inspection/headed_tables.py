"""Tables known by their heads: where few rows, or words between the figures, tell too little (indicators, mostly).

A head is a few short lines made mostly of the words that heads of municipal reports are made of (`Utfall`, `Riktvärde`, years,
months), with at least two measures or six months. Its rows are the lines with figures below it, up to the next head, heading or
paragraph. Where the columns stand in a row that does not fill them all is left to the person who completes the draft.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.inspection.figure_tables import CAPTION, YEAR, can_be_label, column_counts, plain_reader, units_in
from ingest.inspection.seen import SeenTable
from ingest.layout import ColumnLayout
from ingest.reading.figures import Piece, all_readings
from ingest.reading.locate import Line
from ingest.reading.numbers import normalise
from ingest.reading.rows import RowReader
from ingest.source.text import fold

# Folded (no accents, lower case), so that text after OCR is known too.
_MEASURE = re.compile(
    r"utfall|prognos|mal(?:varde)?|riktvarde|budget|(?:delars)?bokslut|plan|helar|avv(?:ikelse)?|diff(?:erens)?|effekt"
)
_OTHER_HEAD_WORD = re.compile(
    r"indikator(?:er)?|nyckeltal|ansvarig|avdelning|bedom(?:ning)?|ning|trend|kalla|status|varde|resultat|ingaende"
    r"|forandring|realiserad|period|enhet|andel|antal|procent|tkr|mnkr|kr|dygn"
)
_MONTH = re.compile(r"(?:jan|feb|mar|apr|maj|jun|jul|aug|sep|okt|nov|dec)[a-z]{0,6}")
_YEAR = re.compile(r"(?:19|20)\d{2,3}")  # a footnote can stick to it, too
_DAY_OR_YEAR = re.compile(rf"{_YEAR.pattern}|\d{{1,2}}")
_MEASURES_OF_A_HEAD = 2
_MONTHS_OF_A_HEAD = 6
_HEAD_SHARE = 0.5
"""More than this share of a line's words are a head's."""
_HEAD_REACH = 20
"""Lines, blank ones included, over which a head can be wrapped."""
_OTHER_LINE_LENGTH = 40
"""A line of other words inside a head (`Kommunens mått`) is at most this long, and there is one between two head lines."""
_ROW_REACH = 20
"""Lines without figures after which a table is over: labels wrap word by word in narrow columns."""
_PARAGRAPH_LENGTH = 90


@dataclass(frozen=True)
class _Head:
    """Indices of its first and last line, and the columns of figures that it speaks of."""

    first: int
    last: int
    columns: int


def headed_tables(lines: list[str], known: list[SeenTable]) -> list[SeenTable]:
    """The tables below heads that no table of `known` overlaps, in their order. `lines` as inspect.inspect_report has them."""
    heads = list(_heads(lines))
    reader = plain_reader([ColumnLayout(key="c1", label="c1")], [], False)
    starts = sorted([*(head.first for head in heads), *(table.first_row_line - 1 for table in known), len(lines)])
    tables = (_table(reader, lines, head, next(start for start in starts if start > head.last)) for head in heads)
    taken = {line for table in known for line in range(table.first_line, table.last_line + 1)}
    return [table for table in tables if table is not None and taken.isdisjoint(range(table.first_row_line, table.last_line + 1))]


# -- heads ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _HeadWords:
    measures: int
    months: int


def _heads(lines: list[str]) -> Iterator[_Head]:
    index = 0
    while index < len(lines):
        words = _head_words(lines[index])
        if words is None:
            index += 1
            continue
        last, measures, months, others = index, words.measures, words.months, 0
        for below in range(index + 1, min(index + _HEAD_REACH, len(lines))):
            if not lines[below].strip():
                continue
            more = _head_words(lines[below])
            if more is not None:
                last, measures, months, others = below, measures + more.measures, months + more.months, 0
            elif others or len(lines[below].strip()) > _OTHER_LINE_LENGTH:
                break
            else:
                others += 1
        if measures >= _MEASURES_OF_A_HEAD or months >= _MONTHS_OF_A_HEAD:
            yield _Head(index, last, max(measures, months if months >= _MONTHS_OF_A_HEAD else 0))
        index = last + 1


def _head_words(line: str) -> _HeadWords | None:
    """The measures and months of a line most of whose words are a head's; None for other lines."""
    words = re.findall(r"[^\s()/,.:;]+", line)
    plain = [fold(word.rstrip("0123456789") or word) for word in words]  # a footnote can stick to a word
    measures, months, others = (sum(map(bool, map(kind.fullmatch, plain))) for kind in (_MEASURE, _MONTH, _OTHER_HEAD_WORD))
    periods = sum(map(bool, map((_DAY_OR_YEAR if months else _YEAR).fullmatch, words)))
    named = measures + months + others
    if not named or named + periods <= _HEAD_SHARE * len(words):
        return None
    return _HeadWords(measures, months)


# -- rows -----------------------------------------------------------------------------------------------------------------


def _table(reader: RowReader, lines: list[str], head: _Head, end: int) -> SeenTable | None:
    rows: list[tuple[str, int, tuple[str | None, ...]]] = []
    doubtful: list[str] = []
    label: list[str] = []
    without, paragraph = 0, False
    for index in range(head.last + 1, end):
        line = lines[index].strip()
        if not line:
            continue
        row = _row(reader, Line(index + 1, lines[index]), head.columns, 2 if paragraph else 1)
        if row is not None:
            before, cells = row
            name = normalise(" ".join([*label, before])) or "?"
            rows.append((name, index + 1, cells))
            if len([cell for cell in cells if cell is not None]) != head.columns:
                doubtful.append(name)
            label, without = [], 0
            continue
        without += 1
        if CAPTION.match(line) or without > _ROW_REACH:
            break
        if len(line) > _PARAGRAPH_LENGTH:  # a remark on the row, or the text behind the table: rows have to be plainer now
            label, paragraph = [], True
        else:
            label.append(line)
    if not rows:
        return None
    title = next((i for i in range(head.first - 1, max(head.first - 5, -1), -1) if lines[i].strip()), None)
    if title is not None and not can_be_label(lines[title]):
        title = None
    return SeenTable(
        title=lines[title].strip() if title is not None else None,
        title_line=title + 1 if title is not None else None,
        head=normalise(" ".join(line.strip() for line in lines[head.first : head.last + 1])),
        first_line=head.first + 1,
        last_line=rows[-1][1],
        first_row_line=rows[0][1],
        column_count=head.columns,
        label_years=False,
        units=units_in(lines[head.first : rows[-1][1]]),
        rules=(),
        rows=tuple(rows),
        doubtful=tuple(doubtful),
    )


def _row(reader: RowReader, line: Line, columns: int, least: int) -> tuple[str, tuple[str | None, ...]] | None:
    """The words before the longest run of figures of a line, and the figures; None where the line is no row of `least` figures.

    One figure alone makes a row only at the end of a line that does not read like a sentence. Figures that can be read in several
    ways, or are more than the columns, give a row without cells.
    """
    tokens = reader.plain_tokens(line)
    runs = [(match.start(), match.end()) for match in re.finditer(r"f[fb]*", "".join(map(_kind, (t.kind for t in tokens))))]
    best = max(runs, key=lambda run: sum(_kind(t.kind) == "f" for t in tokens[run[0] : run[1]]), default=None)
    if best is None:
        return None
    run = tokens[best[0] : best[1]]
    figures = [token for token in run if _kind(token.kind) == "f"]
    if len(figures) < least or all(YEAR.fullmatch(token.text) for token in figures):
        return None
    if len(figures) < 2 and (best[1] < len(tokens) or not can_be_label(line.text)):
        return None
    if len(line.text) > _PARAGRAPH_LENGTH and len(figures) < columns:
        return None
    before = " ".join(token.text for token in tokens[: best[0]] if token.kind == "word")
    pieces = [Piece(token.kind, token.text, token.line_no) for token in figures]
    counts = [count for count in column_counts(tuple(pieces)) if 0 < count <= columns]
    readings = all_readings(pieces, counts[0], False) if len(counts) == 1 else []
    cells = tuple(figure.text if figure else None for figure in readings[0].figures) if len(readings) == 1 else ()
    return before, cells + (None,) * (columns - len(cells))


def _kind(kind: str) -> str:
    return "f" if kind in ("digits", "whole") else "b" if kind in ("blank", "bar") else "w"
