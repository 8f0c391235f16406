"""Periods as layouts and reports write them, as first and last day."""

from __future__ import annotations

import calendar
import re
from datetime import date
from functools import lru_cache

MONTHS = ["jan", "feb", "mar", "apr", "maj", "jun", "jul", "aug", "sep", "okt", "nov", "dec"]
Span = tuple[date | None, date | None]


@lru_cache(maxsize=1_000)
def parse_period(text: str) -> tuple[date, date]:
    """`2024`, `2024-08`, `2024-01..2024-08` or a date to its first and last day; ValueError otherwise."""
    first, _, last = text.partition("..")
    return _span(first)[0], _span(last or first)[1]


def _span(text: str) -> tuple[date, date]:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        return date.fromisoformat(text), date.fromisoformat(text)
    match = re.fullmatch(r"(\d{4})(?:-(\d\d))?", text, re.ASCII)
    if match is None:
        raise ValueError(f"'{text}' is no period")
    year = int(match[1])
    if match[2] is None:
        return date(year, 1, 1), date(year, 12, 31)
    month = int(match[2])
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


_NOTE_MONTHS = re.compile(r"(?i)\b([a-z]{3})(?:\s*-\s*([a-z]{3}))?\s+(\d{4})\b")
_NOTE_DAYS = re.compile(r"\b(\d{2})(\d{2})(\d{2})\s*-\s*(\d{2})(\d{2})(\d{2})\b")
_NOTE_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def note_period(note: str) -> Span:
    """The period a note names: `(jan-okt 2024)`, `(aug 2024)`, `(230901-240831)`, `2025-10-31`; (None, None) otherwise."""
    if match := _NOTE_DATE.search(note):
        return parse_period(match[0])
    if match := _NOTE_DAYS.search(note):
        y1, m1, d1, y2, m2, d2 = (int(part) for part in match.groups())
        return date(2000 + y1, m1, d1), date(2000 + y2, m2, d2)
    if match := _NOTE_MONTHS.search(note):
        first, last, year = match[1].lower(), (match[2] or match[1]).lower(), match[3]
        if first in MONTHS and last in MONTHS:
            return parse_period(f"{year}-{MONTHS.index(first) + 1:02}..{year}-{MONTHS.index(last) + 1:02}")
    return None, None
