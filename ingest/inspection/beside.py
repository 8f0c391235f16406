"""What a layout reads, beside the lines of its report: for the person who completes the layout."""

from __future__ import annotations

from typing import Any

from ingest.layout import Layout
from ingest.model import Cell, Extraction
from ingest.source.text import ReportText


def cells_beside_lines(extraction: Extraction, report: ReportText) -> list[dict[str, Any]]:
    """Each table with its report's lines, and beside each line the cells that begin on it: `days = 1 234`."""
    tables: list[dict[str, Any]] = []
    for table in extraction.tables:
        cells: dict[int, list[Cell]] = {}
        for cell in extraction.cells:
            if cell.table_no == table.table_no:
                cells.setdefault(cell.line_no, []).append(cell)
        keys = {c.column_no: c.column_key for c in extraction.columns if c.table_no == table.table_no}
        lines = [
            {
                "line": number,
                "report": report.lines[number - 1].strip(),
                "row": ", ".join(dict.fromkeys(cell.row_label for cell in cells.get(number, []))),
                "cells": [f"{keys[cell.column_no]} = {cell.value_text}" for cell in cells.get(number, [])],
            }
            for number in range(table.first_line, table.last_line + 1)
            if report.lines[number - 1].strip()
        ]
        tables.append({"table_no": table.table_no, "key": table.table_key, "title": table.table_title, "lines": lines})
    return tables


def statements_found(extraction: Extraction, layout: Layout) -> list[dict[str, Any]]:
    """Each statement of the layout as the report makes it, with the cells it speaks of; without a line where it does not."""
    labels = {(cell.table_no, cell.row_no): cell.row_label for cell in extraction.cells}
    keys = {(column.table_no, column.column_no): column.column_key for column in extraction.columns}
    tables = {table.table_no: table.table_key for table in extraction.tables}
    rows: list[dict[str, Any]] = []
    for statement in extraction.statements:
        cells = [
            f"{tables[term.table_no]}.'{labels[term.table_no, term.row_no]}'.{keys[term.table_no, term.column_no]}"
            for term in extraction.statement_terms
            if term.statement_no == statement.statement_no
        ]
        figure = f"{statement.value_text} ({statement.unit})"
        rows.append({"statement": statement.name, "line": statement.line_no, "figure": figure, "cells": cells})
    made = {row["statement"] for row in rows}
    rows += [
        {"statement": statement.name, "line": None, "figure": None, "cells": []}
        for statement in layout.statements
        if statement.name not in made
    ]
    return rows
