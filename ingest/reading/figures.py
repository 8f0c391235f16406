"""Reading a run of figures into the columns of its row, where spaces separate both thousands and columns.

`3 315 2 999 -316 2 734` is four numbers. The number of columns, signs, leading zeroes and group lengths leave few readings,
and the row's own arithmetic chooses among them. In text from a native PDF an empty cell leaves one extra space, which is
evidence for where a blank stands; after OCR a blank can be anywhere. What stays ambiguous is never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from decimal import Decimal
from functools import lru_cache, partial
from itertools import accumulate, compress, count
from typing import NamedTuple, TypeVar

from ingest.reading.numbers import can_be_continued, can_continue, can_stand_alone, parse_number
from ingest.reading.rules import Identity, column_names, limit_names, within_limit

Judgement = TypeVar("Judgement")

MAX_GROUPS = 3
"""Groups of three digits in one number: no municipal board's table reaches 1 000 000 000 in the unit it prints."""
MAX_READINGS = 20_000
MAX_WAYS_KEPT = 64
"""Ways to read a run that are kept for the next run of its shape."""
MAX_PIECES = 400
"""Pieces of a run, extra spaces included; a longer one is no row of a table."""


class Piece(NamedTuple):
    """A piece of a line. kind: `digits`, `whole` (a value by itself), `blank` (an extra space) or `bar`; in a whole row (see
    rows.py) also `word`, `phrase` or `note`, and the names of the vocabularies that a phrase is of."""

    kind: str
    text: str
    line_no: int
    vocabularies: frozenset[str] = frozenset()


class Figure(NamedTuple):
    """One printed value: its text (inner spaces single) and the line on which it begins."""

    text: str
    line_no: int


class Reading(NamedTuple):
    """One way to read a run: a figure or None (empty) per column, and how many extra spaces it explains."""

    figures: tuple[Figure | None, ...]
    blanks_explained: int

    def values(self, keys: list[str], decimal_point: bool) -> dict[str, Decimal]:
        return _values(keys, self.figures, decimal_point)


def _values(keys: Sequence[str], figures: Sequence[Figure | None], decimal_point: bool) -> dict[str, Decimal]:
    found = {}
    for key, figure in zip(keys, figures, strict=True):
        value = parse_number(figure.text, decimal_point) if figure else None
        if value is not None:
            found[key] = value
    return found


class Outcome(NamedTuple):
    """What is left after weighing: the readings that remain (one: decided) and whether arithmetic was needed."""

    readings: tuple[Reading, ...]
    by_arithmetic: bool
    weighed: int = 1
    """How many readings there were to choose from."""


class _Ways(NamedTuple):
    """The ways to read a run: the places of the figures there can be (first piece, and the one behind), and for each way the
    number of the place in every column, -1 for an empty cell, and how many extra spaces it explains."""

    places: tuple[tuple[int, int], ...]
    ways: tuple[tuple[tuple[int, ...], int], ...]


def all_readings(pieces: list[Piece], columns: int, blanks_anywhere: bool) -> list[Reading]:
    """Every reading of the run into exactly `columns` cells, but no more than one above MAX_READINGS.

    They depend on the shape of the run alone, and the rows of tables have few: the ways to read one are found once.
    """
    return _readings(pieces, _shape(pieces), columns, blanks_anywhere) if len(pieces) <= MAX_PIECES else []


def _readings(pieces: list[Piece], shape: str, columns: int, blanks_anywhere: bool) -> list[Reading]:
    places, ways = _few_ways(shape, columns, blanks_anywhere) or _ways(shape, columns, blanks_anywhere, MAX_READINGS)
    texts = [piece.text for piece in pieces]
    figures = [Figure(texts[a] if b == a + 1 else " ".join(texts[a:b]), pieces[a].line_no) for a, b in places]
    cells = (*figures, None)
    return [Reading(tuple([cells[place] for place in way]), explained) for way, explained in ways]


# A shape has a letter for each piece. That of a figure is made of what can be done with it:
_BLANK, _BAR = " ", "/"
_NO_FIGURES = frozenset({_BLANK, _BAR})
_FIGURE = 64
_BEGINS, _GOES_ON, _CONTINUES, _ENDS = 1, 2, 4, 8
"""It can begin a figure; it can be the first of several thousands; it can continue those before it; it ends them."""


def _shape(pieces: list[Piece]) -> str:
    shape = []
    line_no = 0
    for piece in pieces:
        if piece.kind == "digits":
            shape.append(_shape_of_digits(piece.text, piece.line_no == line_no))
        else:
            shape.append(
                _BLANK if piece.kind == "blank" else _BAR if piece.kind == "bar" else chr(_FIGURE + (piece.kind == "whole"))
            )
        line_no = piece.line_no
    return "".join(shape)


@lru_cache(maxsize=10_000)
def _shape_of_digits(text: str, same_line: bool) -> str:
    continues = same_line and can_continue(text)
    return chr(
        _FIGURE
        + _BEGINS * can_stand_alone(text)
        + _GOES_ON * can_be_continued(text)
        + _CONTINUES * continues
        + _ENDS * (continues and not text.isdigit())
    )


@lru_cache(maxsize=1_000)
def _few_ways(shape: str, columns: int, blanks_anywhere: bool) -> _Ways | None:
    """The ways to read a shape; None where they are too many to be kept."""
    found = _ways(shape, columns, blanks_anywhere, MAX_WAYS_KEPT)
    return found if len(found.ways) <= MAX_WAYS_KEPT else None


def _ways(shape: str, columns: int, blanks_anywhere: bool, most: int) -> _Ways:
    """The ways to read a shape, but no more than one above `most`.

    Each step takes the empty cells before a figure and the figure. Only steps from which the rest fits into the columns left
    are taken, so that every walk ends in a way of its own: the work grows with the ways, however long the run is.
    """
    figures = _figures(shape)
    gaps = _gaps(shape)
    fits = _cells_that_fit(gaps, figures, columns, blanks_anywhere)
    found: list[tuple[tuple[int, ...], int]] = []
    waiting: list[tuple[tuple[int, ...], int, int]] = [((), 0, 0)] if fits[0] >> columns & 1 else []
    while waiting and len(found) <= most:
        cells, explained, index = waiting.pop()
        free = columns - len(cells)
        blanks, start = gaps[index]
        if start == len(shape):
            found.append((cells + (-1,) * free, explained + min(free, blanks)))
            continue
        for empty in range(free if blanks_anywhere else min(blanks + 1, free)):  # the last that waits is the next one taken
            before, to_fill = cells + (-1,) * empty, free - empty - 1
            for place, end in reversed(figures[start]):
                if fits[end] >> to_fill & 1:
                    waiting.append(((*before, place), explained + min(empty, blanks), end))
    places = [(start, end) for start, ends in enumerate(figures) for _, end in ends]
    used = sorted({place for cells, _ in found for place in cells if place >= 0})
    number_of = {place: number for number, place in enumerate(used)} | {-1: -1}
    ways = tuple((tuple([number_of[place] for place in cells]), explained) for cells, explained in found)
    return _Ways(tuple([places[place] for place in used]), ways)


def _gaps(shape: str) -> list[tuple[int, int]]:
    """At every index, and at the end: how many extra spaces stand before the next figure, and the index of that figure."""
    gaps = [(0, len(shape))]
    for index in reversed(range(len(shape))):
        blanks, start = gaps[-1]
        gaps.append((blanks + (shape[index] == _BLANK), start) if shape[index] in _NO_FIGURES else (0, index))
    return gaps[::-1]


@lru_cache(maxsize=1_000)
def _figures(shape: str) -> list[list[tuple[int, int]]]:
    """At every index the figures that can begin there, the shortest first: each with its number and the index behind it."""
    can = [0 if piece in _NO_FIGURES else ord(piece) for piece in shape]
    numbers = count()
    figures: list[list[tuple[int, int]]] = []
    for start, first in enumerate(can):
        here = [(next(numbers), start + 1)] if first & _BEGINS else []
        for index in range(start + 1, min(start + MAX_GROUPS, len(can)) if here and first & _GOES_ON else 0):
            if not can[index] & _CONTINUES:
                break
            here.append((next(numbers), index + 1))
            if can[index] & _ENDS:
                break
        figures.append(here)
    return figures


def _cells_that_fit(
    gaps: list[tuple[int, int]], figures: list[list[tuple[int, int]]], columns: int, blanks_anywhere: bool
) -> list[int]:
    """At every index, and at the end: which numbers of cells the pieces from there on can fill, bit n for n cells."""
    up_to_columns = (2 << columns) - 1
    fits = [0] * len(gaps)
    for index in reversed(range(len(gaps))):
        blanks, start = gaps[index]
        if start == len(figures):  # nothing but empty cells: as many as one likes, or as there are extra spaces
            fits[index] = up_to_columns if blanks_anywhere else (2 << min(blanks, columns)) - 1
            continue
        for _, end in figures[start]:
            fits[index] |= fits[end] << 1
        for _ in range(min(blanks, columns)):
            fits[index] |= fits[index] << 1
        fits[index] &= up_to_columns
    return fits


def _tidiness(reading: Reading, blanks_anywhere: bool) -> int:
    """How well the extra spaces fit a reading; where they leave no trace, how few empty cells it has."""
    return -reading.figures.count(None) if blanks_anywhere else reading.blanks_explained


def weigh(
    readings: list[Reading],
    keys: list[str],
    identities: list[Identity],
    limits: list[str],
    decimal_point: bool,
    blanks_anywhere: bool,
    tidy: bool = True,
) -> Outcome:
    """Keep the readings under which most of the row's identities hold, nothing implausible stands and the spaces make sense.

    Not `tidy`: the text has lost its extra spaces, and neither they nor the number of empty cells say anything.
    """
    if len(readings) <= 1 or len(readings) > MAX_READINGS:
        return Outcome(tuple(readings), False)  # too many to list: the right one may be missing, so none is chosen

    tidiness_of = [_tidiness(reading, blanks_anywhere) if tidy else 0 for reading in readings]
    tidiest = max(tidiness_of)
    by_spaces = [reading for reading, tidiness in zip(readings, tidiness_of, strict=True) if tidiness == tidiest]
    left = _fulfilling(by_spaces, keys, identities, limits, decimal_point)
    if not left:
        scores = [0] * len(readings)
        for identity in identities:
            judged = _judged(readings, keys, _names(identity, keys), identity.holds, decimal_point)
            for number, truth in enumerate(judged):
                scores[number] += 0 if truth is None else 1 if truth else -1
        plausible = [True] * len(readings)
        for limit in limits:
            within = _judged(readings, keys, limit_names(limit), partial(within_limit, limit), decimal_point)
            plausible = [before and now for before, now in zip(plausible, within, strict=True)]
        scored = list(compress(zip(scores, tidiness_of, readings, strict=True), plausible))
        if not scored:
            return Outcome((), True, len(readings))
        best_score = max(score for score, _, _ in scored)
        best_tidiness = max(spaces for score, spaces, _ in scored if score == best_score)
        left = [r for score, spaces, r in scored if score == best_score and spaces == best_tidiness]
    return _outcome(left, by_spaces, len(readings))


def weigh_without_blanks(
    pieces: list[Piece], keys: list[str], identities: list[Identity], limits: list[str], decimal_point: bool
) -> Outcome | None:
    """What `weigh` comes to where empty cells leave no trace and a reading without any fulfils everything: no other reading can
    be better, so that they are only counted. None where there is no such reading."""
    shape = _shape(pieces)
    if _BLANK in shape or len(shape) > MAX_PIECES:
        return None
    full = _readings(pieces, shape, len(keys), blanks_anywhere=False)
    left = _fulfilling(full, keys, identities, limits, decimal_point)
    weighed = _count(shape, len(keys)) if left else 0
    if weighed == 1:
        return Outcome(tuple(full), False)
    return _outcome(left, full, weighed) if 0 < weighed <= MAX_READINGS else None


def _outcome(left: list[Reading], tidiest: list[Reading], weighed: int) -> Outcome:
    """Spaces alone decide when the tidiest of all readings is the one; otherwise the row's arithmetic had a say."""
    return Outcome(tuple(left), len(tidiest) > 1 or tidiest != left, weighed)


def _fulfilling(
    readings: list[Reading], keys: list[str], identities: list[Identity], limits: list[str], decimal_point: bool
) -> list[Reading]:
    """The readings under which every identity holds and nothing implausible stands."""
    left = readings
    for identity in identities:
        names = _names(identity, keys)
        left = list(compress(left, _judged(left, keys, names, identity.holds, decimal_point)))
    for limit in limits:
        left = list(compress(left, _judged(left, keys, limit_names(limit), partial(within_limit, limit), decimal_point)))
    return left


def _names(identity: Identity, keys: list[str]) -> Container[str]:
    """The columns that an identity speaks of."""
    return keys if identity.expression.over_all else column_names(identity.expression)


@lru_cache(maxsize=5_000)
def _count(shape: str, columns: int) -> int:
    """How many ways there are to read a shape where empty cells leave no trace."""
    figures = _figures(shape)
    ways = [[1] * (columns + 1)]
    """For each index, from the last on: for each number of columns left the ways to fill them."""
    for index in reversed(range(len(shape))):
        if shape[index] == _BAR:
            ways.append(ways[-1])
            continue
        after_figure = [sum(counts) for counts in zip(*(ways[len(shape) - end] for _, end in figures[index]), strict=True)]
        ways.append(list(accumulate(after_figure[:columns], initial=0)) if after_figure else [0] * (columns + 1))
    return ways[-1][columns]


def _judged(
    readings: list[Reading],
    keys: list[str],
    names: Container[str],
    judge: Callable[[dict[str, Decimal]], Judgement],
    decimal_point: bool,
) -> list[Judgement]:
    """What the values of some columns come to under each reading; readings that share their figures are judged once."""
    columns = [column for column, key in enumerate(keys) if key in names]
    own_keys = [keys[column] for column in columns]
    figures = [tuple([reading.figures[column] for column in columns]) for reading in readings]
    judged = {own: judge(_values(own_keys, own, decimal_point)) for own in dict.fromkeys(figures)}
    return [judged[own] for own in figures]
