"""Where the columns of a table stand in text that keeps the page's layout.

Every cell stands below its column's head: two or more spaces part the cells of a line, and what stands on neighbouring lines in
the same horizontal range is in the same column.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from ingest.layout import TableLayout
from ingest.reading.numbers import normalise
from ingest.source.text import fold, letters

HEAD_LINES = 12
"""A head is never spread over more lines than this."""
OCR_COLUMN_RESEMBLANCE = 70
OCR_HEAD_RESEMBLANCE = 86

Range = tuple[int, int]


@dataclass(frozen=True)
class Segment:
    """A piece of a line with its first and last column of characters (the last exclusive), and the line's number."""

    start: int
    end: int
    text: str
    line_no: int

    def overlaps(self, other: Range) -> bool:
        return self.start < other[1] and other[0] < self.end


def segments(text: str, line_no: int, ocr: bool = False) -> list[Segment]:
    """The pieces of a line between gaps of two or more spaces; after OCR a pipe is a gap."""
    pieces = r"[^\s|]+(?: [^\s|]+)*" if ocr else r"\S+(?: \S+)*"
    return [Segment(m.start(), m.end(), m[0], line_no) for m in re.finditer(pieces, normalise(text.expandtabs()))]


def bands(found: Iterable[Segment]) -> list[list[Segment]]:
    """Segments that stand below each other, directly or by way of others, from left to right."""
    groups: list[list[Segment]] = []
    end = -1
    for segment in sorted(found, key=lambda s: (s.start, s.end)):
        if segment.start >= end:
            groups.append([])
        groups[-1].append(segment)
        end = max(end, segment.end)
    return groups


def label_head(table: TableLayout, fill: Callable[[str], str]) -> str:
    """The head of the label column, often empty: the head's words before the first column's label."""
    words, first = fill(table.head).split(), fill(table.columns[0].label).split()[0]
    return " ".join(words[: words.index(first)]) if first in words else ""


class HeadFinder:
    """Finds one table's head in aligned text, column by column."""

    def __init__(self, table: TableLayout, fill: Callable[[str], str], ocr: bool, footnote_marks: bool) -> None:
        self.head = fill(table.head)
        self.ocr = ocr
        self.footnote_marks = footnote_marks
        self.labels = [fill(column.label) for column in table.columns]
        self.label_head = label_head(table, fill)
        self._expected = [Counter(letters(self.head)), Counter(letters(self.label_head + "".join(self.labels)))]
        self._lengths = [len(fold(self.head)), len(fold(self.label_head + "".join(self.labels)))]

    def match(self, lines: Sequence[str], start: int) -> tuple[int, float] | None:
        """The index after the head that begins at `start`, and how well it resembles the layout's; None where none does."""
        best = self._best(lines, start)
        if best is None or best[1] == 100.0:
            return best
        later = [found for other in range(start + 1, best[0]) if (found := self._best(lines, other))]
        return None if any(ratio > best[1] for _, ratio in later) else best  # a line above the head is no part of it

    def _best(self, lines: Sequence[str], start: int) -> tuple[int, float] | None:
        if not lines[start].strip():
            return None
        best: tuple[int, float] | None = None
        seen: Counter[str] = Counter()
        length = 0
        for index in range(start, min(start + HEAD_LINES, len(lines))):
            if not lines[index].strip():
                continue
            text = self._without_footnotes(lines[index])
            length += len(fold(text))
            seen.update(letters(text))
            if self.ocr:
                if length > 1.1 * max(self._lengths):
                    break
                likely = length >= 0.9 * min(self._lengths)
            else:
                if not any(seen <= expected for expected in self._expected):
                    break
                likely = seen in self._expected
            ratio = self._resemblance(lines, start, index + 1) if likely else 0.0
            if ratio and (best is None or ratio > best[1]):
                best = index + 1, ratio
        return best

    def ranges(self, lines: Sequence[str], start: int, end: int) -> list[Range | None]:
        """The horizontal range of the label column's head (None where it has none) and of each column's."""
        found: list[Range | None] = [
            (min(s.start for s in band), max(s.end for s in band)) for band in self._bands(lines, start, end)
        ]
        return found if len(found) > len(self.labels) else [None, *found]

    def _bands(self, lines: Sequence[str], start: int, end: int) -> list[list[Segment]]:
        return bands(s for index in range(start, end) for s in segments(self._without_footnotes(lines[index]), index, self.ocr))

    def _without_footnotes(self, text: str) -> str:
        return re.sub(r"\b((?:19|20)\d\d)\d\b", r"\1 ", text) if self.footnote_marks else text

    def _resemblance(self, lines: Sequence[str], start: int, end: int) -> float:
        """100 where the columns read as the layout has them; after OCR perhaps less; 0 where they do not."""
        texts = ["".join(s.text for s in sorted(band, key=lambda s: s.line_no)) for band in self._bands(lines, start, end)]
        expected = [self.label_head, *self.labels] if self.label_head else self.labels
        if len(texts) != len(expected):
            return 0.0
        if not self.ocr:
            as_labels = [letters(text) for text in texts] == [letters(text) for text in expected]
            return 100.0 if as_labels or letters("".join(texts)) == letters(self.head) else 0.0
        ratios = [fuzz.ratio(fold(text), fold(wanted)) for text, wanted in zip(texts, expected, strict=True)]
        mean = sum(ratios) / len(ratios)
        return mean if min(ratios) >= OCR_COLUMN_RESEMBLANCE and mean >= OCR_HEAD_RESEMBLANCE else 0.0


def heads_above(head: Sequence[Range | None], found: Iterable[Segment]) -> list[list[int]]:
    """The columns (0: the label's) below whose heads each of the segments stands."""
    return [[n for n, place in enumerate(head) if place is not None and s.overlaps(place)] for s in found]


def begins_row(head: Sequence[Range | None], lines: Sequence[str]) -> bool:
    """Whether the first line, which could be a heading, is a row's label: cells stand beside it or, without a blank line, below.

    A line that reaches over the heads of several columns is neither.
    """
    for text in itertools.takewhile(str.strip, lines):
        under = heads_above(head, segments(text, 0))
        if any(len(columns) > 1 for columns in under):
            return False
        if any(columns > [0] for columns in under[1:]):
            return True
    return False


def settle(head: Sequence[Range | None], body: Sequence[Segment], has_labels: bool) -> dict[Segment, int] | Segment:
    """The column of every segment (0: the label), or the first segment whose column is not certain.

    A segment stands in the column whose head it is below, directly or by way of others. One that is below none belongs to a
    neighbouring column, unless a line has a cell there already; what then stays open is not settled.
    """
    heads = [Segment(*place, "", -column) for column, place in enumerate(head) if place is not None]
    columns_of_band: list[tuple[list[Segment], set[int]]] = []
    for band in bands([*heads, *body]):
        own = [s for s in band if s.line_no > 0]
        under = {column for column, place in enumerate(head) if place is not None for s in band if s.line_no == -column}
        if len(under) > 1:
            wide = [s for s in own if sum(place is not None and s.overlaps(place) for place in head) > 1]
            return (wide or own)[0]
        columns_of_band.append((own, under))
    last = len(head) - 1
    choices: list[list[int]] = []
    passed = -1 if head[0] is not None else 0
    for number, (_, under) in enumerate(columns_of_band):
        if under:
            passed = max(under)
            choices.append([passed])
        elif number == 0 and has_labels and head[0] is None:
            choices.append([0])
        else:
            possible = {max(passed, 0 if has_labels else 1), min(passed + 1, last)}
            choices.append(sorted(possible))
    lines = [{s.line_no for s in own} for own, _ in columns_of_band]
    found: list[list[int]] = []

    def walk(chosen: list[int]) -> None:
        number = len(chosen)
        if number == len(choices):
            found.append(list(chosen))
            return
        for column in choices[number]:
            taken = [n for n, other in enumerate(chosen) if other == column and lines[n] & lines[number]]
            if len(found) < 2 and not taken and (not chosen or column >= chosen[-1]):
                walk([*chosen, column])

    walk([])
    if len(found) != 1:
        unsure = [own[0] for number, (own, _) in enumerate(columns_of_band) if own and len(choices[number]) > 1]
        differing = (
            [own[0] for own, a, b in zip([o for o, _ in columns_of_band], *found, strict=True) if own and a != b] if found else []
        )
        return (differing or unsure or list(body))[0]
    return {s: column for (own, _), column in zip(columns_of_band, found[0], strict=True) for s in own}


def elsewhere(columns: Mapping[Segment, int], before: Mapping[Segment, int]) -> Segment | None:
    """A segment that shows that a column stands elsewhere than on the page before, or None.

    The segments of a column have their left edge, their right edge or their middle in common, give or take a character.
    """
    edges: list[Callable[[Segment], int]] = [lambda s: s.start, lambda s: s.end, lambda s: (s.start + s.end) // 2]
    for column in sorted(set(columns.values()) & set(before.values())):
        here = [s for s, other in columns.items() if other == column]
        there = [s for s, other in before.items() if other == column]
        common = [edge for edge in edges if _near(map(edge, there))]
        if common and not any(_near(map(edge, [*here, *there])) for edge in common):
            return here[0]
    return None


def _near(places: Iterable[int]) -> bool:
    found = list(places)
    return max(found) - min(found) <= 1
