"""Finding tables in a report: where each head stands, which heading names it, and which lines are its body.

Heads are compared letter by letter, so that wrapping and spacing do not matter; after OCR, by resemblance.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rapidfuzz import fuzz

from ingest.layout import Layout, TableLayout, Variables
from ingest.text import ReportText, begins_page, fold, letters, shows_blanks

HEAD_LINES = 40
"""A head is never spread over more lines than this, blank ones included."""
OCR_HEAD_RESEMBLANCE = 86
OCR_FIRST_WORD_RESEMBLANCE = 70
OCR_STOP_RESEMBLANCE = 82


PAGE_NUMBER = re.compile(r"(?i)(sida |sid\. ?)?(\d{1,3})(?: ?\((?:av )?\d{1,3}\)| ?/ ?\d{1,3}| av \d{1,3})?")
NUMBERED_PAGES = 3
"""So many pages with numbers that count up with them are numbered: one number alone can be a figure."""


@dataclass(frozen=True)
class Line:
    """A line of the report, with its 1-based number."""

    no: int
    text: str


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
        self.blanks_shown = not self.ocr and shows_blanks(report.lines)
        self._letters = [fold(line) if self.ocr else letters(line) for line in report.lines]
        self.boxed = self._page_boxes()
        self._skip = [re.compile(variables.fill(pattern)) for pattern in layout.skip]
        self._page_numbers, self.perhaps_page_numbers = self._find_page_numbers()
        for index in self._page_numbers:
            self._letters[index] = ""  # a page break can divide a head

    def heads(self, table: TableLayout) -> list[Head]:
        """Every occurrence of a table's head, in order."""
        expected = self.variables.fill(table.head)
        if expected.startswith("^"):
            pattern = re.compile(expected)
            return [Head(table, i, i + 1) for i, line in enumerate(self.report.lines) if pattern.match(line.strip())]
        find = self._match_ocr if self.ocr else self._match_native
        found: list[Head] = []
        start = 0
        while start < len(self._letters):
            match = find(expected, start)
            if match is None:
                start += 1
            else:
                found.append(Head(table, start, *match))
                start = match[0]
        return found

    def _match_native(self, expected: str, start: int) -> tuple[int, float] | None:
        wanted = letters(expected)
        seen = ""
        for index in range(start, min(start + HEAD_LINES, len(self._letters))):
            line = self._letters[index]
            if self.layout.footnote_marks and not wanted.startswith(seen + line) and re.search(r"\d\d$", line):
                line = line[:-1]  # `20236` is 2023 with footnote 6
            seen += line
            if (index == start and not seen) or not wanted.startswith(seen):
                return None
            if seen == wanted:
                return index + 1, 100.0
        return None

    def _match_ocr(self, expected: str, start: int) -> tuple[int, float] | None:
        if not self._letters[start]:
            return None
        words = expected.split()
        first = self.report.lines[start].split()[0]
        if fuzz.ratio(fold(first), fold(words[0])) < OCR_FIRST_WORD_RESEMBLANCE:
            return None
        wanted = " ".join(sorted(fold(word) for word in words if fold(word)))
        seen: list[str] = []
        best: tuple[float, int] | None = None
        for index in range(start, min(start + HEAD_LINES, len(self._letters))):
            seen += [fold(word) for word in self.report.lines[index].replace("|", " ").split() if fold(word)]
            if len(seen) > len(words) + 3:
                break
            if self._letters[index]:
                ratio = fuzz.ratio(" ".join(sorted(seen)), wanted)
                if ratio >= OCR_HEAD_RESEMBLANCE and (best is None or ratio > best[0]):
                    best = (ratio, index + 1)
        return (best[1], best[0]) if best else None

    def is_stop(self, table: TableLayout, index: int) -> bool:
        """Whether a line ends a table: a heading or the beginning of a section, as the layout lists them."""
        line = self.report.lines[index].strip()
        if not line:
            return False
        for stop in map(self.variables.fill, self.layout.stops if table.stops is None else table.stops):
            if stop.startswith("^"):
                if re.match(stop, line):
                    return True
            elif self.ocr:
                if fuzz.ratio(self._letters[index][: len(fold(stop)) + 1], fold(stop)) >= OCR_STOP_RESEMBLANCE:
                    return True
            elif line.startswith(stop):
                return True
        return False

    def is_skipped(self, index: int) -> bool:
        """Whether a line is no part of any table (a page footer, a box at the foot of a page)."""
        line = self.report.lines[index].strip()
        return index in self.boxed or index in self._page_numbers or any(pattern.match(line) for pattern in self._skip)

    def goes_on(self, head: Head, following: Head, starts: list[int]) -> bool:
        """Whether a head repeats the one before it at the top of a page: then the same table goes on below it."""
        if starts.index(following.start) != starts.index(head.start) + 1:
            return False
        top = following.start
        while top > head.end and not begins_page(self.report.lines[top]):
            top -= 1
            if self.report.lines[top].strip() and not self.is_skipped(top) and top not in self.perhaps_page_numbers:
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
        pattern = re.compile(self.variables.fill(table.heading))
        candidates = range(head.end, len(lines)) if table.heading_follows else range(head.end - 1, -1, -1)
        start = next((i for i in candidates if pattern.match(lines[i].strip())), None)
        if start is None:
            return None
        if table.heading_is_below:
            start = next((i for i in range(start + 1, len(lines)) if lines[i].strip()), start)
        end = start + 1
        while end < len(lines) and lines[end].strip() and end not in starts and not begins_page(lines[end]):
            if lines[end - 1].rstrip().endswith("."):
                break  # a heading is one sentence, where blank lines do not set it apart
            end += 1
        return start, re.sub(r"\s+", " ", " ".join(line.strip() for line in lines[start:end]))

    def _find_page_numbers(self) -> tuple[frozenset[int], frozenset[int]]:
        """Lines at the foot or head of a page that number it, and those that could as well be a figure of a table."""
        lines = self.report.lines
        certain: set[int] = set()
        alone: dict[int, list[int]] = {}
        printed: int | None = None
        page = 1
        for index, line in enumerate(lines):
            if not line.strip():
                continue
            if begins_page(line):
                for at, number in ((printed, page), (index, page + 1)):
                    match = PAGE_NUMBER.fullmatch(lines[at].strip()) if at is not None else None
                    if match and match[1]:
                        certain.add(at or 0)
                    elif match:
                        alone.setdefault(int(match[2]) - number, []).append(at or 0)
                page += 1
            printed = index
        numbered = {index for found in alone.values() if len(found) >= NUMBERED_PAGES for index in found}
        doubtful = {index for found in alone.values() for index in found} - numbered
        return frozenset(certain | numbered), frozenset(doubtful)

    def _page_boxes(self) -> frozenset[int]:
        """Lines of the boxes that the text shows at the foot of a page, up to the next page (a line that begins with a space)."""
        inside = False
        found = set()
        patterns = [re.compile(p) for p in self.layout.page_boxes]
        for index, line in enumerate(self.report.lines):
            if begins_page(line):
                inside = False
            inside = inside or any(p.match(line) for p in patterns)
            if inside:
                found.add(index)
        return frozenset(found)
