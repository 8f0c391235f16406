"""Heads that resemble those of a repeated table and were not recognised as one: without them its table would be lost unseen.

A layout says how a repeated table's head reads, not how often it stands in a report. A word that changed, a lost column or an
error of OCR would make one occurrence less, and no other table shows it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

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


def lost_head(page: Page, heads: Collection[int], rows: Collection[int]) -> tuple[TableLayout, int] | None:
    """A repeated table and the index of the first line that looks like its head and belongs to none, or None.

    `heads` are the indices of the lines of recognised heads, `rows` of rows that were read: those can resemble a head of two
    words by chance. Words are compared without their order: heads wrap column by column or line by line.
    """
    filled = [(table, page.variables.fill(table.head)) for table in page.layout.tables if table.repeats]
    sought = [(table, _Head(_words(head))) for table, head in filled if not head.startswith("^")]
    if not sought:
        return None
    lines = _Lines(page, max(head.most_words for _, head in sought))
    for table, head in sought:
        start = _first_like(page, lines, head, {*heads, *rows} if head.is_short else heads)
        if start is not None:
            return table, start
    return None


def _words(text: str) -> list[str]:
    return [word for part in text.replace("|", " ").split() if (word := fold(part))]


class _Head:
    """The words of a head, and which words look like them."""

    def __init__(self, words: list[str]) -> None:
        self.words = Counter(words)
        self.count = len(words)
        self.sorted = " ".join(sorted(words))
        self.is_short = len(words) <= 2
        self.share = SHARE_OF_TWO if self.is_short else SHARE
        self.reach = LINES_OF_TWO if self.is_short else HEAD_LINES
        self.most_words = 1.5 * len(words) + 1
        """No lines with more words are compared."""

    def resembles(self, words: list[str]) -> bool:
        """Whether words, of which one at least is like one of the head, resemble it letter by letter."""
        length, own = sum(map(len, words)) + len(words) - 1, len(self.sorted)
        if 200 * min(length, own) < (RESEMBLANCE - 1) * (length + own):
            return False  # so different in length that they cannot
        return fuzz.ratio(" ".join(sorted(words)), self.sorted, score_cutoff=RESEMBLANCE) > 0


class _Lines:
    """The words of a page's lines, and the lines of each word."""

    def __init__(self, page: Page, most_words: float) -> None:
        self.words: list[list[str] | None] = []
        """None for lines that can be no part of a head: skipped, the end of a sentence, or longer than any head."""
        self._lines_of: dict[str, list[int]] = {}
        self._like: dict[str, list[tuple[str, float]]] = {}
        for index in range(len(page.report.lines)):
            line = page.plain(index)
            if not line:
                self.words.append(None if page.is_skipped(index) else [])
                continue
            if line.endswith(".") or page.is_skipped(index):
                self.words.append(None)
                continue
            words = _words(line)
            if len(words) > most_words:
                self.words.append(None)
                continue
            self.words.append(words)
            for word in words:
                self._lines_of.setdefault(word, []).append(index)
        self._distinct = list(self._lines_of)

    def as_words_of(self, head: _Head) -> dict[str, str]:
        """The page's words that can be words of a head, each with the word that it is most like."""
        best: dict[str, tuple[float, str]] = {}
        for own in head.words:
            for word, score in self._resembling(own):
                if word not in best or score > best[word][0]:
                    best[word] = score, own
        return {word: own for word, (_, own) in best.items() if own == word or not word.isdigit()}

    def _resembling(self, word: str) -> list[tuple[str, float]]:
        if word not in self._like:
            found = process.extract(word, self._distinct, scorer=fuzz.ratio, score_cutoff=SAME_WORD, limit=None)
            self._like[word] = [(other, score) for other, score, _ in found]
        return self._like[word]

    def with_any(self, words: Collection[str]) -> set[int]:
        """The lines that hold one of the words."""
        return {index for word in words for index in self._lines_of[word]}


def _first_like(page: Page, lines: _Lines, head: _Head, taken: Collection[int]) -> int | None:
    """The first line from which the words up to one of the following lines look like a head."""
    as_head = lines.as_words_of(head)
    for start in _starts(page, lines, head, lines.with_any(as_head), taken):
        seen: list[str] = []
        left = dict(head.words)
        common = 0
        for index in range(start, min(start + head.reach, len(lines.words))):
            words = lines.words[index]
            if words is None or index in taken:
                break
            if not words:
                continue
            seen += words
            if len(seen) > head.most_words:
                break
            for word in words:
                own = as_head.get(word)
                if own is not None and left[own]:
                    left[own] -= 1
                    common += 1
            if common and (2 * common >= head.share * (len(seen) + head.count) or head.resembles(seen)):
                return start
    return None


def _starts(page: Page, lines: _Lines, head: _Head, hits: set[int], taken: Collection[int]) -> list[int]:
    """The lines, in order, from which lines without a break lead to one that holds a word of the head."""
    starts: set[int] = set()
    for hit in hits:
        count = 0
        for start in range(hit, max(hit - head.reach, -1), -1):
            words = lines.words[start]
            if words is None or start in taken:
                break
            count += len(words)
            if count > head.most_words:
                break
            if words and not (head.is_short and page.plain(start)[0].islower()):
                starts.add(start)
    return sorted(starts)
