"""What a pull from Kolada consists of; the fields are the columns of a snapshot's files."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class ChosenFigure:
    """A key figure that is fetched (key_figures.csv): what it is called at Kolada, what it means and why it is wanted."""

    kpi_id: str
    title: str
    meaning: str
    reason: str


@dataclass(frozen=True)
class KeyFigure:
    """What Kolada says of a key figure."""

    kpi_id: str
    title: str
    description: str | None
    operating_area: str | None
    is_divided_by_gender: bool
    publication_date: str | None


@dataclass(frozen=True)
class KeyFigureValue:
    """One value as Kolada delivers it; `gender` is T (all), K (women) or M (men), `value` None where there is none."""

    kpi_id: str
    municipality_code: str
    year: int
    gender: str
    value: Decimal | None
    status: str | None


@dataclass(frozen=True)
class Answer:
    """One answer of the API: the path that was asked, and the size and fingerprint of what came."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Pull:
    """All of one fetch, sorted by keys; the answers in the order in which they came."""

    key_figures: list[KeyFigure]
    values: list[KeyFigureValue]
    answers: list[Answer]
