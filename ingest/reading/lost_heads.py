"""Heads that resemble those of a repeated table and were not recognised as one: without them its table would be lost unseen.

A layout says how a repeated table's head reads, not how often it stands in a report. A word that changed, a lost column or an
error of OCR would make one occurrence less, and no other table shows it.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Collection

from rapidfuzz import fuzz, process

from ingest.layout import TableLayout
from ingest.reading.locate import HEAD_LINES, Page
from ingest.source.text import fold, fold_lines

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


def lost_head(page: Page, heads: Collection[int], rows: Callable[[], Collection[int]]) -> tuple[TableLayout, int] | None:
    """A repeated table and the index of the first line that looks like its head and belongs to none, or None.

    `heads` are the indices of the lines of recognised heads, `rows` gives those of rows that were read: those can resemble a
    head of two words by chance. Words are compared without their order: heads wrap column by column or line by line.
    """
    filled = [(table, page.variables.fill(table.head)) for table in page.layout.tables if table.repeats]
    sought = [(table, _Head(_words(head))) for table, head in filled if not head.startswith("^")]
    if not sought:
        return None
    lines = _Lines(page, [head for _, head in sought])
    for table, head in sought:
        start = _first_like(page, lines, head, {*heads, *rows()} if head.is_short else heads)
        if start is not None:
            return table, start
    return None


def _words(text: str) -> list[str]:
    return [word for part in text.replace("|", " ").split() if (word := fold(part))]


def _lengths_like(length: int, resemblance: float) -> tuple[float, float]:
    """The lengths of the shortest and the longest text that can resemble one of a length so much, letter by letter."""
    return length * resemblance / (200 - resemblance), length * (200 - resemblance) / resemblance


class _Head:
    """The words of a head."""

    def __init__(self, words: list[str]) -> None:
        self.words = Counter(words)
        self.count = len(words)
        self.sorted = " ".join(sorted(words))
        self.is_short = len(words) <= 2
        self.share = SHARE_OF_TWO if self.is_short else SHARE
        self.reach = LINES_OF_TWO if self.is_short else HEAD_LINES
        self.most_words = 1.5 * len(words) + 1
        """No lines with more words are compared."""
        self.shortest, self.longest = _lengths_like(len(self.sorted), RESEMBLANCE - 1)


class _Lines:
    """The words of a page's lines, and which of them are like words of heads."""

    def __init__(self, page: Page, heads: list[_Head]) -> None:
        most_words = max(head.most_words for head in heads)
        printed = [
            None if line.endswith(".") or index in page.skipped else line.replace("|", " ").split()
            for index, line in enumerate(page.plain)
        ]
        distinct = list(set(itertools.chain.from_iterable(filter(None, printed))))
        folded = dict(zip(distinct, fold_lines(distinct), strict=True)) if distinct else {}
        words_of = (texts and list(filter(None, map(folded.__getitem__, texts))) for texts in printed)
        self.words = [None if words is None or len(words) > most_words else words for words in words_of]
        """None for lines that can be no part of a head: skipped, the end of a sentence, or longer than any head."""
        self._in_order = list(itertools.chain.from_iterable(filter(None, self.words)))
        self._before = list(itertools.accumulate((len(words) if words else 0 for words in self.words), initial=0))
        """How many words stand before each line."""
        letters = list(itertools.accumulate(map(len, self._in_order), initial=0))
        self.letters = [letters[before] + before for before in self._before]
        """How many letters stand before each line, with a space behind each word."""
        self._by_length: dict[int, list[str]] = {}
        self._figures = {word for word in folded.values() if word.isdigit()}
        """A figure is like no other figure."""
        for word in {*folded.values()} - self._figures - {""}:
            self._by_length.setdefault(len(word), []).append(word)
        self._like = {own: self._resembling(own) for own in {own for head in heads for own in head.words}}
        like = {word for found in self._like.values() for word, _ in found}
        self._hits = {
            index: [word for word in words if word in like]
            for index, words in enumerate(self.words)
            if words and not like.isdisjoint(words)
        }

    def like(self, head: _Head) -> dict[int, list[str]]:
        """The lines that hold words like those of a head: by their index, the head's word for each, that it is most like."""
        best: dict[str, tuple[float, str]] = {}
        for own in head.words:
            for word, score in self._like[own]:
                if word not in best or score > best[word][0]:
                    best[word] = score, own
        found = {index: [best[word][1] for word in words if word in best] for index, words in self._hits.items()}
        return {index: own for index, own in found.items() if own}

    def joined(self, start: int, end: int) -> str:
        """The words of lines in the order of the alphabet."""
        return " ".join(sorted(self._in_order[self._before[start] : self._before[end]]))

    def _resembling(self, own: str) -> list[tuple[str, float]]:
        """The page's words that can be a word of a head."""
        shortest, longest = _lengths_like(len(own), SAME_WORD)
        lengths = range(math.floor(shortest), math.ceil(longest) + 1)
        near = [word for length in lengths for word in self._by_length.get(length, ())]
        like = [(w, score) for w, score, _ in process.extract(own, near, scorer=fuzz.ratio, score_cutoff=SAME_WORD, limit=None)]
        return [*like, (own, 100.0)] if own in self._figures else like


def _first_like(page: Page, lines: _Lines, head: _Head, taken: Collection[int]) -> int | None:
    """The first line from which the words up to one of the following lines look like a head."""
    like = lines.like(head)
    own_letters, letters = len(head.sorted), lines.letters
    measured = 0, 0, 0.0
    """Where the letters that were compared last begin and end, and how many make the difference between them and the head's.
    Each letter more or less makes it one smaller at best."""
    for start in _starts(page, lines, head, like, taken):
        left = dict(head.words)
        count = common = 0
        for index in range(start, min(start + head.reach, len(lines.words))):
            words = lines.words[index]
            if words is None or index in taken:
                break
            if not words:
                continue
            count += len(words)
            if count > head.most_words:
                break
            for own in like.get(index, ()):
                if left[own]:
                    left[own] -= 1
                    common += 1
            if not common:
                continue
            if 2 * common >= head.share * (count + head.count):
                return start
            begin, end = letters[start], letters[index + 1]
            length = end - begin - 1
            if head.shortest <= length <= head.longest:
                both = length + own_letters
                least = measured[2] - abs(begin - measured[0]) - abs(end - measured[1])
                if 100 * least <= (101 - RESEMBLANCE) * both:
                    resemblance = fuzz.ratio(lines.joined(start, index + 1), head.sorted)
                    if resemblance >= RESEMBLANCE:
                        return start
                    measured = begin, end, (1 - resemblance / 100) * both
    return None


def _starts(page: Page, lines: _Lines, head: _Head, hits: Collection[int], taken: Collection[int]) -> list[int]:
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
            if words and not (head.is_short and page.plain[start][0].islower()):
                starts.add(start)
    return sorted(starts)
