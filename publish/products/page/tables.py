"""What a section of the page is made of: panels with a table each, of which one is shown at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from publish.products.page.sources import Source
from publish.products.swedish import number

ChartRow = Mapping[str, Any]
"""A row of a chart's data. `panel` is the key of the panel it belongs to; numbers are floats and only set lengths and places,
what is written beside them is text made from the exact decimal."""


@dataclass(frozen=True)
class Value:
    """A cell of a table. `text` is empty where the warehouse has no figure; a number is set to the right, a note below it."""

    text: str
    is_number: bool = False
    note: str = ""
    is_missing: bool = False


def words(text: str | None) -> Value:
    return Value(text or "")


def figure(value: int | Decimal | None, unit: str = "", *, signed: bool = False) -> Value:
    """A number with its unit behind it, where the head does not have it."""
    return Value("" if value is None else number(value, signed=signed) + unit, is_number=True)


@dataclass(frozen=True)
class Row:
    """A row of a table: what it is about, its values, and where they come from.

    With `missing` there are no values: it says why, behind its `lead`. `level` 1 is part of the row above.
    """

    head: str
    values: Sequence[Value] = ()
    source: Source | None = None
    missing: str | None = None
    lead: str = "Ej publicerat."
    level: int = 0


@dataclass(frozen=True)
class Table:
    """A table with its caption; `heads` begins with that of the rows' own heads."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Row]

    @property
    def numeric(self) -> list[bool]:
        """Of each column whether it holds numbers."""
        columns = [[row.values[place] for row in self.rows if row.missing is None] for place in range(len(self.heads) - 1)]
        return [False, *(any(value.is_number for value in column) for column in columns)]


@dataclass(frozen=True)
class Panel:
    """What is shown for one choice. `choice` is the chosen value of each field, `summary` what a screen reader is told.

    `grade` and `remark` are how far it can be compared and what to know, of everything or of what `about` says; `aside` is what
    else there is to say; `legend` is class and text of each sign in the chart; `more` are further tables, folded.
    """

    key: str
    choice: Mapping[str, str]
    summary: str
    table: Table | None
    grade: str = ""
    remark: str = ""
    about: str = ""
    aside: str = ""
    legend: Sequence[tuple[str, str]] = ()
    more: Sequence[Table] = ()


@dataclass(frozen=True)
class Block:
    """A chart and the panels beside it, of which the one that fits the choice is shown: at first the first.

    `beside`: on a wide screen side by side, for tables of few columns.
    """

    title: str
    panels: Sequence[Panel]
    chart: str = ""
    rows: Sequence[ChartRow] = ()
    beside: bool = False


@dataclass(frozen=True)
class Option:
    value: str
    text: str
    group: str = ""


@dataclass(frozen=True)
class Field:
    """A choice the reader has."""

    name: str
    label: str
    options: Sequence[Option]

    @property
    def groups(self) -> list[tuple[str, list[Option]]]:
        """The options under the heads of their groups, in the order they come."""
        groups = dict.fromkeys(option.group for option in self.options)
        return [(group, [option for option in self.options if option.group == group]) for group in groups]


@dataclass(frozen=True)
class Section:
    """A part of the page: the reader's choices, and what they choose from."""

    name: str
    fields: Sequence[Field]
    blocks: Sequence[Block]
