"""Wrong readings: each is what an extraction error, or a misprint, would leave in the cells of one report.

Every guarded number (one that takes part in a check) is changed at every digit; every row and column with a guarded number is
shifted, dropped or exchanged. A mutant is data: which cells print what instead.
"""

from __future__ import annotations

import itertools
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from mutation.checks import Change, Print, Row

SINGLE = (
    "digit up or down",
    "digit replaced",
    "digits swapped",
    "digit lost",
    "digit doubled",
    "sign",
    "factor 1,000",
    "number lost",
)
"""Kinds that change one cell."""
UNSEEN = "row unseen"
STRUCTURAL = ("columns shifted", "row dropped", UNSEEN, "rows swapped", "columns swapped")
"""Kinds that change a row or a column of a table; the rules do not know of an unseen row either."""
PAIRS = ("two cells", "two cells that cancel")
"""Kinds that change two cells of one check."""


@dataclass(frozen=True)
class Cell:
    """A printed number: where it stands, what it prints, and whether a check holds it against anything."""

    cell_id: str
    document_id: str
    table_no: int
    row_no: int
    column_no: int
    subject: str
    label: str
    text: str
    value: Decimal
    guarded: bool

    @property
    def row(self) -> Row:
        return (self.document_id, self.table_no, self.row_no)


@dataclass(frozen=True)
class Mutant:
    """A change of one kind; `subject` is that of the changed cells' table."""

    kind: str
    subject: str
    change: Change


def decimals(text: str) -> int:
    """How many decimals a printed number shows, as macros/printed_precision.sql counts them."""
    match = re.search(r"[0-9][,.]([0-9]+)", text)
    return len(match[1]) if match else 0


def printed(value: Decimal, places: int) -> Print:
    """A number as a report prints it, without groups of thousands."""
    return Print(f"{value:.{places}f}".replace(".", ","), value)


def of_one_cell(cell: Cell, chance: random.Random) -> Iterator[Mutant]:
    """All mutants of one number."""
    places = decimals(cell.text)
    seen = {cell.value}
    for kind, value in _values(cell.value, places, chance):
        if value not in seen:
            seen.add(value)
            yield Mutant(kind, cell.subject, Change({cell.cell_id: printed(value, max(places, -_exponent(value)))}))
    yield Mutant("number lost", cell.subject, Change({cell.cell_id: None}))


def _values(value: Decimal, places: int, chance: random.Random) -> Iterator[tuple[str, Decimal]]:
    digits = f"{abs(value):.{places}f}".replace(".", "")
    sign = -1 if value < 0 else 1

    def number(changed: str) -> Decimal:
        return sign * Decimal(changed).scaleb(-places)

    for i, digit in enumerate(digits):
        before, after = digits[:i], digits[i + 1 :]
        near = [d for d in (int(digit) - 1, int(digit) + 1) if 0 <= d <= 9]
        for other in near:
            yield "digit up or down", number(f"{before}{other}{after}")
        yield "digit replaced", number(f"{before}{chance.choice([d for d in range(10) if d not in [int(digit), *near]])}{after}")
        if after:
            yield "digits swapped", number(f"{before}{after[0]}{digit}{after[1:]}")
        if len(digits) > 1:
            yield "digit lost", number(before + after)
        yield "digit doubled", number(f"{before}{digit}{digit}{after}")
    yield "sign", -value
    yield "factor 1,000", value * 1000
    if _exponent(value) - 3 >= -4:
        yield "factor 1,000", value / 1000


def _exponent(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return min(exponent, 0)


def of_tables(cells: Sequence[Cell]) -> Iterator[Mutant]:
    """Mutants that move or lose what stands in a row or a column; only where a guarded number is among it."""
    tables: dict[tuple[str, int], list[Cell]] = defaultdict(list)
    for cell in cells:
        tables[cell.document_id, cell.table_no].append(cell)
    for table in tables.values():
        rows, columns = _lines(table, "row_no"), _lines(table, "column_no")
        for row in rows:
            yield from _guarded("row dropped", row, Change({cell.cell_id: None for cell in row}))
            yield from _guarded(UNSEEN, row, Change({cell.cell_id: None for cell in row}, frozenset({row[0].row})))
            for one_way in (row, row[::-1]):
                moved: dict[str, Print | None] = {b.cell_id: Print(a.text, a.value) for a, b in itertools.pairwise(one_way)}
                yield from _guarded("columns shifted", row, Change({one_way[0].cell_id: None, **moved}) if moved else None)
        for kind, lines, place in (("rows swapped", rows, "column_no"), ("columns swapped", columns, "row_no")):
            for one, other in itertools.pairwise(lines):
                yield from _guarded(kind, [*one, *other], _exchange(one, other, place))


def _lines(table: Sequence[Cell], by: str) -> list[list[Cell]]:
    """The table's cells by row or by column, in order."""
    lines: dict[int, list[Cell]] = defaultdict(list)
    for cell in sorted(table, key=lambda cell: (cell.row_no, cell.column_no)):
        lines[getattr(cell, by)].append(cell)
    return [lines[no] for no in sorted(lines)]


def _exchange(one: Sequence[Cell], other: Sequence[Cell], place: str) -> Change | None:
    """Two lines that print in the same places print each other's numbers; None where they do not, or print the same."""
    ours = {getattr(cell, place): cell for cell in one}
    theirs = {getattr(cell, place): cell for cell in other}
    if ours.keys() != theirs.keys():
        return None
    pairs = [(ours[no], theirs[no]) for no in ours if ours[no].value != theirs[no].value]
    return Change({to.cell_id: Print(by.text, by.value) for a, b in pairs for to, by in ((a, b), (b, a))}) if pairs else None


def _guarded(kind: str, cells: Sequence[Cell], change: Change | None) -> Iterator[Mutant]:
    if change is None:
        return
    before = {cell.cell_id: cell.value for cell in cells}
    changed = {cell for cell, to in change.cells.items() if (to.value if to else None) != before[cell]}
    if any(cell.guarded and cell.cell_id in changed for cell in cells):
        yield Mutant(kind, cells[0].subject, change)


def of_pairs(checks: Mapping[str, Mapping[str, Decimal]], cells: Mapping[str, Cell], chance: random.Random) -> Iterator[Mutant]:
    """Two wrong cells in one check: any two digits, and two that cancel; `checks`: each check's sum as its cells' weights."""
    for check in sorted(checks):
        weights = {cell: weight for cell, weight in checks[check].items() if cell in cells}
        if len(weights) < 2:
            continue
        one, other = (cells[cell] for cell in chance.sample(sorted(weights), 2))
        changes = [chance.choice([m.change for m in of_one_cell(cell, chance) if m.kind in SINGLE[:5]]) for cell in (one, other)]
        yield Mutant("two cells", one.subject, Change({**changes[0].cells, **changes[1].cells}))
        step = Decimal(10) ** chance.randint(0, max(0, one.value.adjusted()))
        shift = {one: step, other: -step * weights[one.cell_id] / weights[other.cell_id]}
        cancelling = {c.cell_id: printed(c.value + by, decimals(c.text)) for c, by in shift.items()}
        yield Mutant("two cells that cancel", one.subject, Change(cancelling))
