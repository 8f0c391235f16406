"""Where a figure comes from: the printed cells, their report and line, and what the reconciliation knows against them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb

METHODS = {
    "arithmetic": "radens räkning avgjorde var talen skiljs åt",
    "ruling": "en person avgjorde hur raden läses",
}


@dataclass(frozen=True)
class Cell:
    """A printed cell. `remarks` are the known errors and restatements it is part of, in Swedish."""

    cell_id: str
    document_id: str
    line_no: int
    page_no: int | None
    table_title: str
    row_label: str
    column_label: str
    printed: str
    unit: str
    method: str
    remarks: Sequence[str]

    @property
    def place(self) -> str:
        """Page, where the report has any, and line."""
        return f"sida {self.page_no}, rad {self.line_no}" if self.page_no else f"rad {self.line_no}"


@dataclass(frozen=True)
class Source:
    """The cells a figure comes from, by report; `basis` says what is printed and what is calculated."""

    summary: str
    basis: str
    cells: Sequence[Cell]
    remark: str = ""


class Sources:
    """The printed cells and reports of a warehouse."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._reports = {
            document_id: (title, municipality)
            for document_id, title, municipality in connection.execute(
                "select document_id, title, municipality from marts.dim_document"
            ).fetchall()
        }
        self._cells = {
            row[0]: Cell(*row)
            for row in connection.execute(
                """with remark as (
                    select cell_id, list(distinct reason order by reason) as reasons from marts.reconciliation
                    where status in ('registered source error', 'restatement', 'reviewed warning') and reason is not null
                    group by cell_id
                )
                select c.cell_id, c.document_id, c.line_no, c.page_no, c.table_title, c.row_label, c.column_label, c.value_text,
                    coalesce(u.name_sv, c.unit), c.method, coalesce(r.reasons, [])
                from raw.table_cell as c
                left join seeds.unit as u on c.unit = u.unit
                left join remark as r on c.cell_id = r.cell_id"""
            ).fetchall()
        }

    def of(self, cell_ids: Iterable[str | None], basis: str, remark: str = "") -> Source | None:
        """The source of a figure made from these cells, each once; None where it has none."""
        cells = [self._cells[cell_id] for cell_id in dict.fromkeys(cell_ids) if cell_id in self._cells]
        if not cells:
            return None
        cells.sort(key=lambda cell: (cell.document_id, cell.line_no))
        parts = []
        for document_id in dict.fromkeys(cell.document_id for cell in cells):
            own = list(dict.fromkeys(cell.place for cell in cells if cell.document_id == document_id))
            places = _and(own) if len(own) <= 3 else f"{own[0]} och {len(own) - 1} rader till"
            parts.append(f"{self.report(document_id)}: {places}")
        return Source("; ".join(parts), basis, cells, remark)

    def report(self, document_id: str) -> str:
        """A report as the page names it."""
        title, municipality = self._reports[document_id]
        return f"{title}, {municipality}"

    def titles(self, document_ids: Iterable[str] | None) -> str:
        """The titles of a municipality's reports."""
        return ", ".join(self._reports[document_id][0] for document_id in document_ids or ())


def _and(places: Sequence[str]) -> str:
    """`rad 3, 5 och 7`: the word once."""
    numbers = [place.removeprefix("rad ") if place.startswith("rad ") and index else place for index, place in enumerate(places)]
    return " och ".join(part for part in (", ".join(numbers[:-1]), numbers[-1]) if part)
