"""Rows as text: a table for people, CSV and JSON for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from ingest.errors import KommunlagerError

Row = Sequence[Any]


def as_table(columns: Sequence[str], rows: Sequence[Row], max_width: int | None = None) -> str:
    """Aligned columns under their names, numbers to the right; `max_width` cuts long texts."""
    texts = [[_cut(_text(value), max_width) for value in row] for row in rows]
    widths = [max([len(name), *(len(row[i]) for row in texts)]) for i, name in enumerate(columns)]
    numeric = [_all_numbers([row[i] for row in rows if row[i] is not None]) for i in range(len(columns))]

    def line(fields: Sequence[str]) -> str:
        return "  ".join(
            field.rjust(width) if right else field.ljust(width)
            for field, width, right in zip(fields, widths, numeric, strict=True)
        ).rstrip()

    return "\n".join([line(columns), line(["-" * width for width in widths]), *map(line, texts)])


def as_csv(columns: Sequence[str], rows: Sequence[Row]) -> str:
    """CSV with a header row; null is an empty field."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([as_text(value) for value in row] for row in rows)
    return out.getvalue().removesuffix("\n")


def as_json(columns: Sequence[str], rows: Sequence[Row]) -> str:
    """A JSON list with one object per row; a decimal is a number where that is exact, else its text."""
    twice = sorted({name for name in columns if list(columns).count(name) > 1})
    if twice:
        raise KommunlagerError(
            f"two columns of the result are named '{twice[0]}'.\n  What to do: give one of them another name with `as`."
        )
    return to_json([dict(zip(columns, row, strict=True)) for row in rows])


def to_json(value: object) -> str:
    """JSON with Swedish letters as they are and dates as ISO text."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=_json_value)


def _json_value(value: object) -> object:
    if isinstance(value, Decimal):
        if value == value.to_integral_value() and value.as_tuple().exponent == 0:
            return int(value)
        return float(value) if Decimal(repr(float(value))) == value else format(value, "f")
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return str(value)


def _all_numbers(values: Sequence[object]) -> bool:
    return bool(values) and all(isinstance(v, int | float | Decimal) and not isinstance(v, bool) for v in values)


def as_text(value: object) -> str:
    """One value exactly, for programs: null is empty, a decimal has all its places and no exponent."""
    return _text(value, grouped=False)


def _text(value: object, grouped: bool = True) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, ",f" if grouped else "f")
    return str(value)


def _cut(text: str, width: int | None) -> str:
    text = " ".join(text.splitlines()) if width else text
    return text if width is None or len(text) <= width else text[: width - 1] + "…"
