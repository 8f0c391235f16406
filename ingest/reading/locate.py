"""Finding tables in a report: where each head stands, which heading names it, and which lines are its body.

Heads are compared letter by letter, so that wrapping and spacing do not matter; after OCR, by resemblance.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz import fuzz, process

from ingest.layout import Layout, TableLayout, Variables
from ingest.reading.columns import HeadFinder
from ingest.source.text import ReportText, fold, fold_lines, letters, letters_of_lines, shows_blanks

_FOOTNOTE = re.compile(r"\d\d$")
FIRST_LETTERS = 3
"""So many letters tell nearly all lines that cannot begin a head from those that can."""
HEAD_LINES = 40
"""A head is never spread over more lines than this, blank ones included."""
OCR_HEAD_RESEMBLANCE = 86
OCR_FIRST_WORD_RESEMBLANCE = 70
OCR_STOP_RESEMBLANCE = 82


PAGE_NUMBER = re.compile(r"(?i)(sida |sid\. ?)?(\d{1,3})(?: ?\((?:av )?\d{1,3}\)| ?/ ?\d{1,3}| av \d{1,3})?")
NUMBERED_PAGES = 3
"""So many pages with numbers that count up with them are numbered: one number alone can be a figure."""
NUMBERED_CERTAIN_PAGES = 2
"""The same where the text says itself where pages end."""


_letters = lru_cache(maxsize=1_000)(letters)
"""Of heads, which are few."""


class Line(NamedTuple):
    """A line of the report, with its 1-based number."""

    no: int
    text: str
    begins_page: bool = False


class _Stops:
    """The headings and beginnings of sections that end a table."""

    def __init__(self, texts: tuple[str, ...], year: int, month: int | None) -> None:
        variables = Variables(year, month)
        filled = [variables.fill(text) for text in texts if not text.startswith("^")]
        self.beginnings = tuple(filled)
        self.folded = sorted({fold(text) for text in filled})
        self.patterns = [variables.pattern(text) for text in texts if text.startswith("^")]


_stops = lru_cache(maxsize=1_000)(_Stops)


@dataclass(frozen=True)
class Head:
    """An occurrence of a table's head: indices of its first line and of the first line after it.

    `resemblance` is 100 for a head that reads as the layout has it; OCR gives less, and the best match at a line counts.
    """

    table: TableLayout
    start: int
    end: int
    resemblance: float = 100.0

    @property
    def rank(self) -> tuple[float, int]:
        """Of two heads that begin on the same line the one of higher rank stands there."""
        return self.resemblance, self.end


class Page:
    """A report with everything about its layout that is needed to find tables in it."""

    def __init__(self, report: ReportText, layout: Layout, variables: Variables) -> None:
        self.report = report
        self.layout = layout
        self.variables = variables
        self.ocr = layout.text_origin == "ocr"
        self.letters_lost = self.ocr and report.text_origin is None
        """Whether labels need the lexicon: OCR of ours reads Swedish letters (source/scan.py), that of a sender has lost them."""
        self.blanks_shown = not self.ocr and shows_blanks(report.lines)
        self._page_numbers, self.perhaps_page_numbers = self._find_page_numbers()
        self.plain = [line.strip() if report.form == "running" else " ".join(line.split()) for line in report.lines]
        """The lines as headings and patterns know them: in aligned text a gap, as behind a number, is a space."""
        for index in self._page_numbers:
            self.plain[index] = ""  # a page break can divide a head
        self._letters = [] if self.ocr else letters_of_lines(self.plain)
        self._folded = fold_lines(self.plain) if self.ocr else []
        self._known_by = {} if self.ocr else self._readings()
        self._known_by_word = self._first_words() if self.ocr else {}
        self._folded_words: dict[int, list[str]] = {}
        self._stops: dict[str, _Stops] = {}
        self._like_stops: dict[_Stops, set[int]] = {}
        self._headings: dict[str, list[int]] = {}
        self.boxed = self._page_boxes()
        skip = [variables.pattern(pattern) for pattern in layout.skip]
        matched = {i for pattern in skip for i, line in enumerate(self.plain) if pattern.match(line)}
        self.skipped = self.boxed | self._page_numbers | matched
        """Lines that are no part of any table: a page's footer, a box at its foot."""

    def heads(self, table: TableLayout) -> list[Head]:
        """Every occurrence of a table's head, in order."""
        expected = self.variables.fill(table.head)
        if expected.startswith("^"):
            pattern = self.variables.pattern(table.head)
            return [Head(table, i, i + 1) for i, line in enumerate(self.plain) if pattern.match(line)]
        find = self._match_ocr if self.ocr else self._match_native
        begins = self._begins_ocr if self.ocr else self._begins_native
        finder = self.head_finder(table)
        found: list[Head] = []
        for start in range(len(self.plain)) if finder else begins(expected):
            if found and start < found[-1].end:
                continue
            match = finder.match(self.report.lines, start) if finder else find(expected, start)
            if match is not None:
                found.append(Head(table, start, *match))
        return found

    # A head is looked for only where a line can be its first: of some thousand lines a handful can.

    def _readings(self) -> dict[str, list[tuple[str, int]]]:
        """The letters of the lines of native text by the first of them, those with a footnote's mark without it as well."""
        found: dict[str, list[tuple[str, int]]] = {}
        for index, line in enumerate(self._letters):
            if line:
                found.setdefault(line[:FIRST_LETTERS], []).append((line, index))
                if self.layout.footnote_marks and _FOOTNOTE.search(line):
                    found.setdefault(line[: min(FIRST_LETTERS, len(line) - 1)], []).append((line[:-1], index))
        return found

    def _begins_native(self, expected: str) -> list[int]:
        wanted = _letters(expected)
        like = (self._known_by.get(wanted[:length], ()) for length in range(1, min(FIRST_LETTERS, len(wanted)) + 1))
        return sorted({index for line, index in itertools.chain.from_iterable(like) if wanted.startswith(line)})

    def _first_words(self) -> dict[str, list[int]]:
        """The lines of OCR text by their first word."""
        found: dict[str, list[int]] = {}
        for index, line in enumerate(self.plain):
            if line:
                found.setdefault(fold(line.split(None, 1)[0]), []).append(index)
        return found

    def _begins_ocr(self, expected: str) -> list[int]:
        word = fold(expected.split()[0])
        cutoff = OCR_FIRST_WORD_RESEMBLANCE
        like = process.extract(word, self._known_by_word.keys(), scorer=fuzz.ratio, score_cutoff=cutoff, limit=None)
        return sorted(index for known, _, _ in like for index in self._known_by_word[known])

    def head_finder(self, table: TableLayout) -> HeadFinder | None:
        """What finds the table's head column by column, where the text keeps the page's layout."""
        if self.report.form == "running" or table.head.startswith("^"):
            return None
        return HeadFinder(table, self.variables.fill, self.ocr, self.layout.footnote_marks)

    def _match_native(self, expected: str, start: int) -> tuple[int, float] | None:
        wanted = _letters(expected)
        seen = ""
        for index in range(start, min(start + HEAD_LINES, len(self._letters))):
            line = self._letters[index]
            if self.layout.footnote_marks and not wanted.startswith(seen + line) and _FOOTNOTE.search(line):
                line = line[:-1]  # `20236` is 2023 with footnote 6
            seen += line
            if (index == start and not seen) or not wanted.startswith(seen):
                return None
            if seen == wanted:
                return index + 1, 100.0
        return None

    def _match_ocr(self, expected: str, start: int) -> tuple[int, float] | None:
        if not self._folded[start]:
            return None
        words = expected.split()
        wanted = " ".join(sorted(fold(word) for word in words if fold(word)))
        seen: list[str] = []
        best: tuple[float, int] | None = None
        for index in range(start, min(start + HEAD_LINES, len(self.plain))):
            seen += self._words(index)
            if len(seen) > len(words) + 3:
                break
            if self._folded[index]:
                ratio = fuzz.ratio(" ".join(sorted(seen)), wanted)
                if ratio >= OCR_HEAD_RESEMBLANCE and (best is None or ratio > best[0]):
                    best = (ratio, index + 1)
        return (best[1], best[0]) if best else None

    def _words(self, index: int) -> list[str]:
        """The folded words of a line of OCR text; many heads ask for those of the same lines."""
        if index not in self._folded_words:
            words = map(fold, self.report.lines[index].replace("|", " ").split())
            self._folded_words[index] = [word for word in words if word]
        return self._folded_words[index]

    def is_stop(self, table: TableLayout, index: int) -> bool:
        """Whether a line ends a table: a heading or the beginning of a section, as the layout lists them."""
        line = self.plain[index]
        if not line:
            return False
        stops = self._stops_of(table)
        for pattern in stops.patterns:
            if pattern.match(line):
                return True
        if not self.ocr:
            return line.startswith(stops.beginnings)
        return index in self._beginning_like(stops)

    def _beginning_like(self, stops: _Stops) -> set[int]:
        """The lines of OCR text that begin like one of the stops, looked for in all of them at once."""
        if stops not in self._like_stops:
            lines: dict[str, list[int]] = {}
            for index, line in enumerate(self._folded):
                if line:
                    lines.setdefault(line, []).append(index)
            found = self._like_stops[stops] = set()
            numbers = list(lines.values())
            for stop in stops.folded:
                beginnings = [line[: len(stop) + 1] for line in lines]
                like = process.extract(stop, beginnings, scorer=fuzz.ratio, score_cutoff=OCR_STOP_RESEMBLANCE, limit=None)
                found.update(*(numbers[at] for _, _, at in like))
        return self._like_stops[stops]

    def _stops_of(self, table: TableLayout) -> _Stops:
        if table.key not in self._stops:
            texts = self.layout.stops if table.stops is None else table.stops
            self._stops[table.key] = _stops(tuple(texts), self.variables.year, self.variables.month)
        return self._stops[table.key]

    def goes_on(self, head: Head, following: Head, starts: list[int]) -> bool:
        """Whether a head repeats the one before it at the top of a page: then the same table goes on below it."""
        if starts.index(following.start) != starts.index(head.start) + 1:
            return False
        top = following.start
        while top > head.end and top not in self.report.page_beginnings:
            top -= 1
            if self.report.lines[top].strip() and top not in self.skipped and top not in self.perhaps_page_numbers:
                return False
        return top > head.end and not any(self.is_stop(head.table, index) for index in range(head.end, top))

    def heading_of(self, head: Head, starts: list[int]) -> tuple[int, str] | None:
        """The heading that names a table, whole even where it is wrapped, with the index of its line.

        It is the nearest above the head, or below the table where the layout says so. `starts` are the lines on which
        the heads of tables begin: a heading ends before them, at a blank line, with its sentence and at the end of its page.
        """
        table, lines = head.table, self.report.lines
        if table.heading is None:
            return None
        if table.heading not in self._headings:
            pattern = self.variables.pattern(table.heading)
            self._headings[table.heading] = [index for index, line in enumerate(self.plain) if pattern.match(line)]
        headings = self._headings[table.heading]
        nearest = bisect_left(headings, head.end) - (not table.heading_follows)
        if not 0 <= nearest < len(headings):
            return None
        start = headings[nearest]
        if table.heading_is_below:
            start = next((i for i in range(start + 1, len(lines)) if self.plain[i]), start)
        end = start + 1
        while end < len(lines) and self.plain[end] and end not in starts and end not in self.report.page_beginnings:
            if lines[end - 1].rstrip().endswith("."):
                break  # a heading is one sentence, where blank lines do not set it apart
            end += 1
        return start, re.sub(r"\s+", " ", " ".join(self.plain[start:end]))

    def _find_page_numbers(self) -> tuple[frozenset[int], frozenset[int]]:
        """Lines at the foot or head of a page that number it, and those that could as well be a figure of a table."""
        lines, pages = self.report.lines, self.report.pages
        certain: set[int] = set()
        alone: dict[int, list[int]] = {}

        def look_at(index: int, page: int) -> None:
            match = PAGE_NUMBER.fullmatch(lines[index].strip())
            if match and match[1]:
                certain.add(index)
            elif match:
                alone.setdefault(int(match[2]) - page, []).append(index)

        page = 1  # where the text has no pages of its own, they are counted by how they begin
        printed = [index for index, line in enumerate(lines) if line.strip()]
        for above, index in itertools.pairwise(printed):
            if index in self.report.page_beginnings:
                look_at(above, pages[above] if pages else page)
                page += 1
                look_at(index, pages[index] if pages else page)
        if printed and pages:
            look_at(printed[-1], pages[printed[-1]])
        enough = NUMBERED_PAGES if pages is None else NUMBERED_CERTAIN_PAGES
        numbered = {index for found in alone.values() if len(found) >= enough for index in found}
        doubtful = {index for found in alone.values() for index in found} - numbered
        return frozenset(certain | numbered), frozenset(doubtful)

    def _page_boxes(self) -> frozenset[int]:
        """Lines of the boxes that the text shows at the foot of a page, up to the next page (a line that begins with a space)."""
        patterns = [re.compile(p) for p in self.layout.page_boxes]
        begins = {index for pattern in patterns for index, line in enumerate(self.report.lines) if pattern.match(line)}
        inside = False
        found = set()
        for index in range(min(begins), len(self.report.lines)) if begins else ():
            inside = index in begins or (inside and index not in self.report.page_beginnings)
            if inside:
                found.add(index)
        return frozenset(found)
