"""How the pages for analysts say numbers, periods and the warehouse's own words in Swedish."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

NO_BREAK_SPACE = "\u00a0"
MINUS = "\u2212"


class Words(dict[str, str]):
    """The warehouse's words and their Swedish; one that has none is said as it is, in plain sight."""

    def __missing__(self, word: str) -> str:
        return word


SCENARIOS = Words(outcome="utfall", forecast="prognos", budget="budget", plan="plan", target="mål", baseline="ingående värde")
STATUSES = Words({"reported": "redovisat", "derived": "beräknat", "not published": "inte publicerat"})
GRADES = {
    "same": ("samma definition", "talen kan ställas bredvid varandra"),
    "near": ("nästan samma", "skillnaderna står i noten"),
    "indicative": ("en fingervisning", "jämför med försiktighet"),
    "one municipality": ("bara en kommun", "jämför över åren, inte mellan kommuner"),
}
"""Grades of comparability: what each is called, and what it means."""

_MONTHS = ("jan", "feb", "mars", "april", "maj", "juni", "juli", "aug", "sep", "okt", "nov", "dec")


def number(value: int | Decimal, *, signed: bool = False) -> str:
    """Every digit, with spaces between thousands, a decimal comma and a minus sign: −357 046 or 2 467,84.

    A figure of two decimals (money, percent) keeps both or, where both are zero, has none; elsewhere zeros at the end are left
    out. With `signed`, a figure above zero has a plus.
    """
    text = f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}"
    whole, _, decimals = text.partition(".")
    decimals = decimals if len(decimals) == 2 and decimals != "00" else decimals.rstrip("0")
    text = f"{whole}.{decimals}" if decimals else whole
    text = text.replace(",", NO_BREAK_SPACE).replace(".", ",").replace("-", MINUS)
    return f"+{text}" if signed and value > 0 else text


def period(start: date, end: date) -> str:
    """A whole year by its number, whole months by their names, another period by its days, a day by its date."""
    if start == end:
        return start.isoformat()
    if start.day != 1 or end.day != calendar.monthrange(end.year, end.month)[1]:
        return f"{start.isoformat()} till {end.isoformat()}"
    first, last = _MONTHS[start.month - 1], _MONTHS[end.month - 1]
    if start.year != end.year:
        return f"{first} {start.year}–{last} {end.year}"
    if (start.month, end.month) == (1, 12):
        return str(end.year)
    return f"{first} {end.year}" if first == last else f"{first}–{last} {end.year}"


def listed(names: Sequence[str]) -> str:
    """Names as a sentence has them: `a, b och c`."""
    return " och ".join(part for part in (", ".join(names[:-1]), names[-1] if names else "") if part)


def years(values: Sequence[int]) -> str:
    """Years in order, those that follow each other as one: `2021, 2023–2025`."""
    runs: list[list[int]] = []
    for year in sorted(set(values)):
        if runs and year == runs[-1][-1] + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)
