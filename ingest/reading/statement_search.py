"""Looking for the statements of a layout in the words of a report, without trying each pattern at every letter.

A layout has a hundred patterns, and `re` tries one that ignores case at each of a text's hundred thousand letters. Nearly all
begin with words, or with the figure and then words: those words are found as text, a hundred times as fast, and the pattern is
tried only where they stand. The matches are those of `re.finditer`; a pattern that begins otherwise is left to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ingest.layout import FIGURE, OTHER_WORDS

_OTHER_WORDS = r"[^.]{0,160}? "
_SPOILED = r"\S{1,2}"
"""What a Swedish letter can be after OCR."""
_LITERAL = r"(?:[\w %:,/-]|\\[^\w\\])(?![?*+]|\{[\d,])"
_WORDS = re.compile(rf"(?:{_LITERAL}|{re.escape(_SPOILED)})*")
_ALTERNATIVES = re.compile(
    rf"(?P<before>(?:{re.escape(FIGURE)})? ?)\(\?:(?P<ways>[^()]*)(?<!\\)\)(?P<perhaps>\??)(?![?*+]|\{{[\d,])"
)
_SAFE_LETTERS = re.compile(r"[ -~åäöé]*")
"""Letters whose cases `Text` knows as `re` does."""
_SHORTEST_WORDS = 3


class Text:
    """A text, and its lower case letter for letter (None where that has another length)."""

    def __init__(self, text: str) -> None:
        lower = text.lower()
        self.text = text
        # These two `re` takes for other letters when it ignores case, and `str.lower` does not.
        self.lower = lower.replace("ı", "i").replace("ſ", "s") if len(lower) == len(text) else None
        self.words = frozenset((self.lower or "").split(" "))


@dataclass(frozen=True)
class _Anchor:
    """Words of a pattern, with what stands in front of them in a match: the figure or not, and `least` to `most` letters."""

    words: str
    after_figure: bool
    least: int
    most: int

    @cached_property
    def _whole_words(self) -> frozenset[str]:
        """Those of its words that have a space before and behind them."""
        return frozenset(self.words.split(" ")[1:-1])

    def starts(self, searched: Text, longest_word: int) -> Iterator[int]:
        """Where in a text a match can begin: no match begins elsewhere."""
        text = searched.lower
        if text is None or not self._whole_words <= searched.words:
            return
        at = text.find(self.words)
        while at >= 0:
            first, last = max(at - self.most, 0), at - self.least
            if self.after_figure:
                word = first - longest_word
                while first > 0 and (text[first - 1].isdigit() or text[first - 1] in "+-, "):
                    first -= 1
                first = max(min(first, word), 0)
            yield from range(first, last + 1)
            at = text.find(self.words, at + 1)


class StatementSearch:
    """Finds a pattern of a layout, once it is filled. `figure` is the pattern of a figure, which is a printed number or a word
    of `longest_word` letters at most; `ocr`: Swedish letters stand for any one or two."""

    def __init__(self, pattern: str, figure: str, longest_word: int, ocr: bool) -> None:
        if ocr:
            pattern = re.sub("[åäö]", lambda _: _SPOILED, pattern, flags=re.IGNORECASE)
        pattern = pattern.replace(OTHER_WORDS, _OTHER_WORDS)
        self._pattern = re.compile(pattern.replace(FIGURE, figure), re.IGNORECASE)
        self._longest_word = longest_word
        self._anchors = _anchors(pattern)

    def find(self, text: Text) -> Iterator[re.Match[str]]:
        """The matches in a text, as `re.finditer` has them."""
        if text.lower is None or not self._anchors:
            yield from self._pattern.finditer(text.text)
            return
        end = 0
        for start in sorted({start for anchor in self._anchors for start in anchor.starts(text, self._longest_word)}):
            match = self._pattern.match(text.text, start) if start >= end else None
            if match is not None:
                yield match
                end = match.end()


def _anchors(pattern: str) -> list[_Anchor]:
    """Words of which one stands in every match, of each alternative that a pattern begins with; none where that is unclear."""
    if "|" in re.sub(r"\([^()]*\)", "", re.sub(r"\\.", "", pattern)):
        return []
    first = _ALTERNATIVES.match(pattern)
    ways = [pattern]
    if first:
        between = first["ways"].split("|") + ([""] if first["perhaps"] else [])
        ways = [first["before"] + way + pattern[first.end() :] for way in between]
    found = [_anchor(way) for way in ways]
    return [anchor for anchor in found if anchor is not None] if None not in found else []


def _anchor(pattern: str) -> _Anchor | None:
    """The longest run of letters among the words that a pattern begins with."""
    words = _WORDS.match(pattern.removeprefix(FIGURE))
    runs = [re.sub(r"\\(.)", r"\1", run).lower() for run in words[0].split(_SPOILED)] if words else []
    longest = max(range(len(runs)), key=lambda number: len(runs[number]), default=0)
    if not runs or len(runs[longest]) < _SHORTEST_WORDS or not _SAFE_LETTERS.fullmatch(runs[longest]):
        return None
    before = sum(map(len, runs[:longest]))
    return _Anchor(runs[longest], pattern.startswith(FIGURE), before + longest, before + 2 * longest)
