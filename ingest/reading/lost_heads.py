"""Heads that resemble those of a repeated table and were not recognised as one: without them its table would be lost unseen.

A layout says how a repeated table's head reads, not how often it stands in a report. A word that changed, a lost column or an
error of OCR would make one occurrence less, and no other table shows it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from rapidfuzz import fuzz, process

from ingest.layout import TableLayout
from ingest.reading.locate import HEAD_LINES, Page
from ingest.source.text import fold

SAME_WORD = 85.0
"""Of 100: words that resemble each other so much can be one word, misread or inflected."""
SHARE = 0.65
"""Of the words of a head and of the lines that are compared, in common. One word lost or changed of three leaves more."""
SHARE_OF_TWO = 0.5
"""The same for heads of two words, of which one may be lost or changed."""
RESEMBLANCE = 75.0
"""Of 100: lines resemble a head so much letter by letter, where its words are joined or divided."""
LINES_OF_TWO = 2
"""A head of two words is looked for on so many lines: in prose its words stand together by chance."""


def lost_head(page: Page, table: TableLayout, heads: Collection[int], rows: Collection[int]) -> int | None:
    """The index of the first line that looks like the head of a table and belongs to none, or None.

    `heads` are the indices of the lines of recognised heads, `rows` of rows that were read: those can resemble a head of two
    words by chance. Words are compared without their order: heads wrap column by column or line by line.
    """
    expected = page.variables.fill(table.head)
    if expected.startswith("^"):
        return None
    head = _words(expected)
    like = _Likeness(head)
    taken = {*heads, *rows} if len(head) <= 2 else heads
    for start, windows in _windows(page, head, taken):
        if any(like(words) for words in windows):
            return start
    return None


def _words(text: str) -> list[str]:
    return [word for part in text.replace("|", " ").split() if (word := fold(part))]


def _windows(page: Page, head: list[str], taken: Collection[int]) -> Iterator[tuple[int, list[list[str]]]]:
    """From each line that can begin a head, the words up to each of the following lines."""
    count = len(page.report.lines)
    free = [i not in taken and not page.is_skipped(i) for i in range(count)]
    words = [_words(page.plain(i)) if free[i] else [] for i in range(count)]
    reach = LINES_OF_TWO if len(head) <= 2 else HEAD_LINES
    for start in range(count):
        if not words[start] or (len(head) <= 2 and page.plain(start)[0].islower()):
            continue
        windows: list[list[str]] = []
        seen: list[str] = []
        for index in range(start, min(start + reach, count)):
            if not free[index] or page.plain(index).endswith("."):
                break  # a head is no sentence
            seen = [*seen, *words[index]]
            if len(seen) > 1.5 * len(head) + 1:
                break
            if words[index]:
                windows.append(seen)
        if windows:
            yield start, windows


class _Likeness:
    """Whether words look like those of a head."""

    def __init__(self, head: list[str]) -> None:
        self.head = Counter(head)
        self.sorted = " ".join(sorted(head))
        self.share = SHARE_OF_TWO if len(head) <= 2 else SHARE
        self._known: dict[str, str | None] = {}

    def __call__(self, words: list[str]) -> bool:
        common = Counter(known for word in words if (known := self._as_head(word)) is not None) & self.head
        if not common:
            return False
        if 2 * common.total() >= self.share * (len(words) + self.head.total()):
            return True
        return fuzz.ratio(" ".join(sorted(words)), self.sorted, score_cutoff=RESEMBLANCE) > 0

    def _as_head(self, word: str) -> str | None:
        """The word of the head that a word can be."""
        if word not in self._known:
            found = process.extractOne(word, self.head.keys(), scorer=fuzz.ratio, score_cutoff=SAME_WORD)
            same = found is not None and (found[0] == word or not word.isdigit())
            self._known[word] = found[0] if found is not None and same else None
        return self._known[word]
