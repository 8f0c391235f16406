"""A mart as CSV that keeps what it says in every program, spreadsheets included.

RFC 4180 in UTF-8: commas, decimal points, ISO dates. A byte order mark tells Excel that it is UTF-8 (without it `å` turns into
two signs); pandas, R, DuckDB and Power Query skip it. Texts are quoted and nothing else is, so that an empty text and null
(nothing between two commas) stay apart. A list is its elements with a space between.

A spreadsheet takes a text that begins with = + - or @ for a formula and runs it. Such a text gets an apostrophe in front, also
behind a comma, semicolon, tab or line break inside a text, where a spreadsheet of another country's settings begins a new
field. What cannot be a formula stays as it is: printed numbers (`-158 695`, `-15%`), and dashes alone (`-`, which stands for "no
value"). Columns of numbers are never touched. Parquet has every text as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from publish.answers.catalog import Column
from publish.output import as_text

BYTE_ORDER_MARK = "\ufeff"
APOSTROPHE = "'"

_SIGNS = "=+@\uff0b\uff0d\uff1d\uff20-"
"""What begins a formula; a spreadsheet set to Chinese or Japanese takes the wide forms too."""
_BEGINNING = re.compile(rf'(?:\A|[,;|\t\r\n])[\s"\x00-\x1f\x7f-\x9f]*(?=[{_SIGNS}])')
"""Where a field may begin, whatever separates fields, with what a spreadsheet may skip."""
_NO_FORMULA = re.compile(r"[-+]? ?\d[\d \u00a0\u202f.,]*%?|[-+ ]+")
"""A number as reports print it, or signs without anything to reckon with."""


def guarded(text: str) -> str:
    """The text with an apostrophe wherever a spreadsheet would begin a formula."""

    def guard(found: re.Match[str]) -> str:
        return found[0] if _NO_FORMULA.fullmatch(text, found.end()) else found[0] + APOSTROPHE

    safe = _BEGINNING.sub(guard, text)
    return APOSTROPHE + safe if safe.startswith(("\t", "\r", "\n")) else safe


def list_separator(column: Column, values: Iterable[Any]) -> str | None:
    """What stands between the elements of a list: a space, or where an element holds one, a semicolon; None for no list."""
    if not column.is_list:
        return None
    return "; " if any(re.search(r"\s", str(element)) for value in values for element in value or ()) else " "


def flat(value: Any, separator: str | None) -> Any:
    """The value, a list as one text."""
    return value if value is None or separator is None else separator.join(map(str, value))


def csv_bytes(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> bytes:
    """The whole file, with a header row."""
    separators = [list_separator(column, (row[i] for row in rows)) for i, column in enumerate(columns)]
    lines = [",".join(_field(column.name) for column in columns)]
    lines += [",".join(_field(flat(value, part)) for value, part in zip(row, separators, strict=True)) for row in rows]
    return (BYTE_ORDER_MARK + "".join(f"{line}\r\n" for line in lines)).encode()


def _field(value: Any) -> str:
    if value is None or isinstance(value, int | float | Decimal | date):
        return as_text(value)
    return '"' + guarded(str(value)).replace('"', '""') + '"'
