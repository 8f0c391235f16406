"""Export: every mart of a published warehouse as Parquet, CSV and one Excel workbook, with a manifest of checksums.

    <folder>/manifest.json              what it was made from; of each file checksum, rows, columns with type and unit
    <folder>/parquet/<mart>.parquet     exact: decimals, lists; descriptions and units in the columns' metadata
    <folder>/csv/<mart>.csv             for programs without Parquet, safe in spreadsheets (see csv_file.py)
    <folder>/kommunlager.xlsx           for reading in Excel (see workbook.py)

The warehouse is only read. The folder is replaced whole, or left as it was (see folder.py). The same warehouse gives the same
bytes: rows are sorted, and no file says when it was written.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from ingest.errors import WarehouseError
from ingest.loading.database import open_for_reading
from publish.answers.catalog import Column, Mart, quoted, read_built_at, read_marts, read_reports
from publish.products.csv_file import csv_bytes, list_separator
from publish.products.folder import refuse_foreign, write_folder

if TYPE_CHECKING:
    import pyarrow

KIND = "kommunlager export"
FORMATS = ("parquet", "csv", "xlsx")
WORKBOOK = "kommunlager.xlsx"

# What the caller is told while it waits: what is going on, marts done, marts in all.
Note = Callable[[str, int, int], None]


def export_of(warehouse: Path) -> Path:
    """The folder of the export beside a warehouse."""
    return warehouse.with_name(f"{warehouse.stem}_export")


def export(
    warehouse: Path, out: Path, formats: Sequence[str] = FORMATS, note: Note = lambda _text, _done, _total: None
) -> dict[str, Any]:
    """Write every mart into the folder `out`; returns the manifest.

    Raises KommunlagerError where the warehouse cannot be read or `out` cannot be replaced; `out` is then as it was.
    """
    refuse_foreign(out.resolve(), KIND)  # before the work, and again when it is replaced
    digest = _digest(warehouse) if warehouse.is_file() else ""
    files: dict[str, bytes] = {}
    about: dict[str, dict[str, Any]] = {}
    with open_for_reading(warehouse) as connection:
        marts, reports, built_at = read_marts(connection, warehouse), read_reports(connection), read_built_at(connection)
        rows: dict[str, list[tuple[Any, ...]]] = {}
        for number, mart in enumerate(marts):
            note(f"writing marts.{mart.name}", number, len(marts))
            rows[mart.name] = connection.execute(mart.query()).fetchall()
            facts = {"mart": mart.name, "rows": len(rows[mart.name])}
            if "parquet" in formats:
                path, table = f"parquet/{mart.name}.parquet", _arrow_table(connection, mart)
                files[path] = _parquet_bytes(table)
                types = [str(field.type) for field in table.schema]
                about[path] = {**facts, "format": "parquet", "columns": _columns(mart, types)}
            if "csv" in formats:
                path = f"csv/{mart.name}.csv"
                files[path] = csv_bytes(mart.columns, rows[mart.name])
                about[path] = {**facts, "format": "csv", "columns": _columns(mart, None, rows[mart.name])}
    if "xlsx" in formats:
        from publish.products.workbook import sheet_titles, workbook_bytes

        note(f"writing {WORKBOOK}", len(marts), len(marts))
        files[WORKBOOK] = workbook_bytes(marts, rows, reports, built_at)
        titles = sheet_titles([mart.name for mart in marts])
        sheets = [
            {"mart": mart.name, "sheet": titles[mart.name], "rows": mart.rows, "columns": _columns(mart, None, rows[mart.name])}
            for mart in marts
        ]
        about[WORKBOOK] = {"format": "xlsx", "sheets": sheets}
    facts = {
        "built_at": built_at,
        "warehouse_sha256": digest,
        "documents": [
            {"document_id": report.document_id, "title": report.title, "source_sha256": report.source_sha256}
            for report in reports
        ],
    }
    if _digest(warehouse) != digest:
        raise WarehouseError(f"{warehouse}: was replaced while it was read.\n  What to do: run the export again.")
    return write_folder(out, KIND, {**facts, "files": about}, files)


def _columns(mart: Mart, types: Sequence[str] | None, rows: Sequence[Sequence[Any]] = ()) -> list[dict[str, Any]]:
    """Of each column its name, type in the warehouse, unit, and how the format has it: its Parquet type or what joins a list."""
    columns = []
    for index, column in enumerate(mart.columns):
        facts: dict[str, Any] = {"name": column.name, "type": column.type, "unit": column.unit}
        if types:
            facts["parquet_type"] = types[index]
        elif column.is_list:
            facts["list_separator"] = list_separator(column, (row[index] for row in rows))
        columns.append(facts)
    return columns


def _arrow_table(connection: duckdb.DuckDBPyConnection, mart: Mart) -> pyarrow.Table:
    import pyarrow

    selected = ", ".join(_exact(column) for column in mart.columns)
    table = connection.execute(f"select {selected} from ({mart.query()})").to_arrow_table()
    fields = [
        field.with_metadata({"description": column.description, "unit": column.unit or ""})
        for field, column in zip(table.schema, mart.columns, strict=True)
    ]
    return table.cast(pyarrow.schema(fields, metadata={"description": mart.description}))


def _exact(column: Column) -> str:
    """Whole numbers of 128 bits would become floats on the way: as decimals they stay exact."""
    name = quoted(column.name)
    return f"{name}::decimal(38, 0) as {name}" if column.type in ("HUGEINT", "UHUGEINT") else name


def _parquet_bytes(table: pyarrow.Table) -> bytes:
    from pyarrow import parquet

    buffer = io.BytesIO()
    parquet.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
