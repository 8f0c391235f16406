"""A table that a text seems to hold, as plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SeenRule:
    """Arithmetic that holds: `row` between columns c1, c2 ... or `column` between rows; `rows` rows (columns) show it."""

    kind: str
    row: str | None
    column: str | None
    columns: tuple[str, ...]
    holds_in: int


@dataclass(frozen=True)
class SeenTable:
    """A table that the text seems to hold. Lines are 1-based and inclusive; `rows` are (label, line, cells)."""

    title: str | None
    title_line: int | None
    head: str
    first_line: int
    last_line: int
    first_row_line: int
    column_count: int
    label_years: bool
    units: tuple[str, ...]
    rules: tuple[SeenRule, ...]
    rows: tuple[tuple[str, int, tuple[str | None, ...]], ...]
    doubtful: tuple[str, ...]
    """Labels of rows that can be read in several ways, or could not be read."""

    @property
    def row_count(self) -> int:
        return len(self.rows)


def as_facts(table: SeenTable) -> dict[str, object]:
    """A table for programs: what the command prints with --json."""
    return {
        "title": table.title,
        "title_line": table.title_line,
        "head": table.head,
        "first_line": table.first_line,
        "last_line": table.last_line,
        "rows": table.row_count,
        "columns": table.column_count,
        "units": list(table.units),
        "rules": [
            {"kind": r.kind, "rule": r.row or r.column, "columns": list(r.columns), "holds_in": r.holds_in} for r in table.rules
        ],
        "doubtful_rows": list(table.doubtful),
    }
