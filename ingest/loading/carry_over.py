"""What an earlier warehouse has already loaded and checked, carried over into a new one."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import duckdb

from ingest.loading.database import open_for_writing
from ingest.loading.load import RAW_SCHEMA


def carry_over(previous: Path, database: Path, documents: Collection[str]) -> None:
    """Copy the raw rows of `documents`, with the results of their checks, and the key figures into a new database.

    `previous` must be of the same version of the program, which its caller knows. Raises WarehouseError.
    """
    with open_for_writing(database) as connection:
        connection.execute(f"attach '{str(previous).replace(chr(39), chr(39) * 2)}' as previous (read_only)")
        connection.begin()
        connection.execute(RAW_SCHEMA.read_text(encoding="utf-8"))
        connection.execute("create temp table kept (document_id varchar)")
        connection.execute("insert into kept select unnest(?::varchar[])", [sorted(documents)])
        for table, columns in _raw_tables(connection).items():
            if table == "missing_report":
                continue  # said anew by every build
            # Rows of no document are those of the key figures.
            where = "where document_id is null or document_id in (from kept)" if "document_id" in columns else ""
            named = ", ".join(columns)
            connection.execute(f"insert into raw.{table} ({named}) select {named} from previous.raw.{table} {where}")
        connection.commit()
        connection.execute("detach previous")
        connection.execute("checkpoint")


def _raw_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    tables: dict[str, list[str]] = {}
    for table, column in connection.execute(
        "select table_name, column_name from duckdb_columns() "
        "where database_name = current_database() and schema_name = 'raw' order by table_oid, column_index"
    ).fetchall():
        tables.setdefault(table, []).append(column)
    return tables
