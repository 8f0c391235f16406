"""Reading a run of figures into the columns of its row, where spaces separate both thousands and columns.

`3 315 2 999 -316 2 734` is four numbers. The number of columns, signs, leading zeroes and group lengths leave few readings,
and the row's own arithmetic chooses among them. In text from a native PDF an empty cell leaves one extra space, which is
evidence for where a blank stands; after OCR a blank can be anywhere. What stays ambiguous is never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ingest.numbers import can_be_continued, can_continue, can_stand_alone, parse_number
from ingest.rules import Identity, within_limit

MAX_GROUPS = 3
"""Groups of three digits in one number: no municipal board's table reaches 1 000 000 000 in the unit it prints."""
MAX_READINGS = 20_000


@dataclass(frozen=True)
class Piece:
    """A space-separated piece of the run. kind: `digits`, `whole` (a cell by itself), `blank` (an extra space) or `bar`."""

    kind: str
    text: str
    line_no: int


@dataclass(frozen=True)
class Figure:
    """One printed value: its text (inner spaces single) and the line on which it begins."""

    text: str
    line_no: int


@dataclass(frozen=True)
class Reading:
    """One way to read a run: a figure or None (empty) per column, and how many extra spaces it explains."""

    figures: tuple[Figure | None, ...]
    blanks_explained: int

    def values(self, keys: list[str], decimal_point: bool) -> dict[str, Decimal]:
        found = {}
        for key, figure in zip(keys, self.figures, strict=True):
            value = parse_number(figure.text, decimal_point) if figure else None
            if value is not None:
                found[key] = value
        return found


@dataclass(frozen=True)
class Outcome:
    """What is left after weighing: the readings that remain (one: decided) and whether arithmetic was needed."""

    readings: tuple[Reading, ...]
    by_arithmetic: bool


def all_readings(pieces: list[Piece], columns: int, blanks_anywhere: bool) -> list[Reading]:
    """Every reading of the run into exactly `columns` cells."""
    found: dict[tuple[Figure | None, ...], int] = {}

    def walk(index: int, cells: list[Figure | None], explained: int) -> None:
        if len(found) > MAX_READINGS or len(cells) > columns:
            return
        if index == len(pieces):
            missing = columns - len(cells)
            if missing and not blanks_anywhere:
                return
            reading = tuple(cells) + (None,) * missing
            found[reading] = max(found.get(reading, 0), explained)
            return
        piece = pieces[index]
        if piece.kind == "bar":
            walk(index + 1, cells, explained)
            return
        if piece.kind == "blank":
            walk(index + 1, [*cells, None], explained + 1)
            walk(index + 1, cells, explained)
            return
        if blanks_anywhere and len(cells) < columns:
            walk(index, [*cells, None], explained)
        if piece.kind == "whole":
            walk(index + 1, [*cells, Figure(piece.text, piece.line_no)], explained)
            return
        if not can_stand_alone(piece.text):
            return
        text = piece.text
        walk(index + 1, [*cells, Figure(text, piece.line_no)], explained)
        if not can_be_continued(piece.text):
            return
        for end in range(index + 1, min(index + MAX_GROUPS, len(pieces))):
            following = pieces[end]
            if following.kind != "digits" or following.line_no != piece.line_no or not can_continue(following.text):
                return
            text = f"{text} {following.text}"
            walk(end + 1, [*cells, Figure(text, piece.line_no)], explained)
            if not following.text.isdigit():
                return

    walk(0, [], 0)
    return [Reading(figures, explained) for figures, explained in found.items()]


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

    def tidiness(reading: Reading) -> int:
        if not tidy:
            return 0
        return -sum(figure is None for figure in reading.figures) if blanks_anywhere else reading.blanks_explained

    scored = []
    for reading in readings:
        values = reading.values(keys, decimal_point)
        if not all(within_limit(limit, values) for limit in limits):
            continue
        truths = [identity.holds(values) for identity in identities]
        score = sum(1 for truth in truths if truth) - sum(1 for truth in truths if truth is False)
        scored.append((score, tidiness(reading), reading))
    if not scored:
        return Outcome((), True)

    best_score = max(score for score, _, _ in scored)
    best_tidiness = max(spaces for score, spaces, _ in scored if score == best_score)
    left = [r for score, spaces, r in scored if score == best_score and spaces == best_tidiness]
    # Spaces alone decide when the tidiest of all readings is the one; otherwise the row's arithmetic had a say.
    tidiest = max(map(tidiness, readings))
    by_spaces = [reading for reading in readings if tidiness(reading) == tidiest]
    return Outcome(tuple(left), len(by_spaces) > 1 or by_spaces != left)
