"""A pull: the chosen key figures of some municipalities and years, asked for in the API's path form and checked.

    kpi/<ids>                                              what the key figures are
    data/kpi/<ids>/municipality/<codes>/year/<years>       their values

At most 25 ids fit into one part of a path. An id that means something else than when it was chosen gives numbers that look
right: so its title is compared, and what was not asked for is refused.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from ingest.errors import KoladaError
from ingest.kolada.client import CHANGED, LATER, Client, describe, error_at
from ingest.kolada.model import ChosenFigure, KeyFigure, KeyFigureValue, Pull

KEY_FIGURES = Path(__file__).parent / "key_figures.csv"
MAX_IDS = 25
MAX_DIGITS = 30
FIRST_YEAR, LAST_YEAR = 1968, 2100
"""Kolada's oldest figures (population) begin in 1970; what lies outside is a slip of the keys."""

Id = TypeVar("Id", str, int)
Note = Callable[[str, int, int], None]


class _Metadata(BaseModel):
    model_config = ConfigDict(strict=True)

    id: str
    title: str
    description: str | None = None
    operating_area: str | None = None
    is_divided_by_gender: bool | Literal[0, 1] = False
    publication_date: str | None = None


class _Value(BaseModel):
    model_config = ConfigDict(strict=True)

    gender: Literal["T", "K", "M"]
    value: Decimal | int | None
    status: str | None = None
    isdeleted: bool = False

    @field_validator("value")
    @classmethod
    def _has_a_size(cls, value: Decimal | int | None) -> Decimal | None:
        """Refuse what would fill the disk when it is written out."""
        number = Decimal(value or 0)
        if abs(number.adjusted()) > MAX_DIGITS or len(number.as_tuple().digits) > MAX_DIGITS:
            raise ValueError("is no figure of this size")
        return None if value is None else number


class _Row(BaseModel):
    model_config = ConfigDict(strict=True)

    kpi: str
    municipality: str
    period: int
    values: list[_Value]
    isdeleted: bool = False


def chosen_figures(path: Path = KEY_FIGURES) -> list[ChosenFigure]:
    """The key figures that are fetched, with the titles they had when they were chosen."""
    with path.open(encoding="utf-8", newline="") as file:
        return [ChosenFigure(**{f.name: row[f.name] for f in fields(ChosenFigure)}) for row in csv.DictReader(file)]


def municipality_codes(path: Path) -> list[str]:
    """The municipalities of seeds/municipality.csv."""
    with path.open(encoding="utf-8", newline="") as file:
        return [row["municipality_code"] for row in csv.DictReader(file)]


def parse_years(text: str) -> list[int]:
    """Years as typed: `2019-2024`, `2021,2023`, or both; KoladaError where that is none."""
    years: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{4})(?:\s*-\s*(\d{4}))?\s*", part, re.ASCII)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not FIRST_YEAR <= first <= last <= LAST_YEAR:
            raise KoladaError(f"'{text}' are no years.\n  What to do: give them like 2019-2024 or 2021,2023.")
        years.update(range(first, last + 1))
    return sorted(years)


def pull(
    client: Client,
    chosen: Sequence[ChosenFigure],
    municipalities: Sequence[str],
    years: Sequence[int],
    note: Note = lambda *_: None,
) -> Pull:
    """Everything that was asked for and that Kolada has, without what it says is deleted; KoladaError instead of a part of it."""
    for code in municipalities:
        if not re.fullmatch(r"\d{4}", code, re.ASCII):
            raise KoladaError(f"'{code}' is no municipality's code.\n  What to do: give four digits, e.g. 0188.")
    ids = sorted({figure.kpi_id for figure in chosen})
    paths = [
        f"data/kpi/{kpis}/municipality/{codes}/year/{asked}"
        for kpis, codes, asked in product(_segments(ids), _segments(sorted(set(municipalities))), _segments(sorted(set(years))))
    ]
    note("fetching from Kolada", 0, len(paths))
    key_figures = _key_figures(client, chosen, ids)
    found: dict[tuple[str, str, int, str], KeyFigureValue] = {}
    for number, path in enumerate(paths, 1):
        _, _, kpis, _, codes, _, asked = path.split("/")
        for value in _values(client, path):
            if not (value.kpi_id in kpis.split(",") and value.municipality_code in codes.split(",")) or (
                str(value.year) not in asked.split(",")
            ):
                raise error_at(path, f"the answer holds {_name(value)}, which was not asked for.", CHANGED)
            key = (value.kpi_id, value.municipality_code, value.year, value.gender)
            if key in found:
                raise error_at(path, f"the answer holds {_name(value)} twice.", LATER)
            found[key] = value
        note("fetching from Kolada", number, len(paths))
    if not any(value.value is not None for value in found.values()):
        raise KoladaError(
            "Kolada has no value for any of these municipalities and years; nothing was written.\n"
            "  What to do: check --municipality and --years; a year's figures are published in the course of the next."
        )
    return Pull(key_figures, [found[key] for key in sorted(found)], list(client.answers))


def _key_figures(client: Client, chosen: Sequence[ChosenFigure], ids: Sequence[str]) -> list[KeyFigure]:
    found: dict[str, KeyFigure] = {}
    for segment in _segments(ids):
        path = f"kpi/{segment}"
        for row in client.rows(path):
            said = _checked(_Metadata, row, path)
            found[said.id] = KeyFigure(
                said.id,
                _one_line(said.title) or "",
                _one_line(said.description),
                _one_line(said.operating_area),
                bool(said.is_divided_by_gender),
                said.publication_date,
            )
    for figure in chosen:
        if figure.kpi_id not in found:
            raise error_at(
                f"kpi/{figure.kpi_id}",
                f"Kolada has no key figure {figure.kpi_id} ('{figure.title}').",
                "it was withdrawn: take its row out of ingest/kolada/key_figures.csv, or fetch others with --kpi.",
            )
        title = found[figure.kpi_id].title
        if title != figure.title:
            raise error_at(
                f"kpi/{figure.kpi_id}",
                f"{figure.kpi_id} is called '{title}', and was '{figure.title}' when it was chosen.",
                "read its description at Kolada; if it still means the same, correct ingest/kolada/key_figures.csv.",
            )
    return [found[kpi_id] for kpi_id in ids]


def _values(client: Client, path: str) -> Iterator[KeyFigureValue]:
    for answered in client.rows(path):
        row = _checked(_Row, answered, path)
        for value in row.values:
            if row.isdeleted or value.isdeleted:
                continue
            number = None if value.value is None else Decimal(value.value)
            yield KeyFigureValue(row.kpi, row.municipality, row.period, value.gender, number, _one_line(value.status))


Model = TypeVar("Model", bound=BaseModel)


def _checked(model: type[Model], row: Any, path: str) -> Model:
    try:
        return model.model_validate(row)
    except ValidationError as error:
        raise error_at(path, f"a value of the answer is not as described ({describe(error)}).", CHANGED) from None


def _segments(ids: Sequence[Id]) -> list[str]:
    return [",".join(map(str, ids[start : start + MAX_IDS])) for start in range(0, len(ids), MAX_IDS)]


def _one_line(text: str | None) -> str | None:
    return " ".join(text.split()) or None if text else None


def _name(value: KeyFigureValue) -> str:
    return f"{value.kpi_id} of {value.municipality_code}, {value.year}, {value.gender}"
