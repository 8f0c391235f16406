"""A fingerprint of what the marts say: the same rows give the same hash, whatever file they stand in and in whatever order.

Rows are hashed by DuckDB's own function: a twentieth of the time of a hash of their texts. Another version of DuckDB may hash
otherwise, so hashes are to be compared only where HASHED_BY is the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from publish.answers.catalog import quoted

HASHED_BY = f"duckdb {duckdb.__version__}"


@dataclass(frozen=True)
class MartContent:
    """Of one mart the rows and a SHA-256 of its columns, their types and its rows."""

    rows: int
    sha256: str


def mart_contents(connection: duckdb.DuckDBPyConnection) -> dict[str, MartContent]:
    """The content of every table of schema marts, by name.

    Of each row the hash of its values' sort key: bytes that are the same for the same values only, so that null, '' and
    neighbouring texts stay apart. The hashes are added up, not chained: no sorting, and a row that stands twice counts twice.
    """
    columns: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in connection.execute(
        "select table_name, column_name, data_type from duckdb_columns() "
        "where schema_name = 'marts' and database_name = current_database() order by table_name, column_index"
    ).fetchall():
        columns.setdefault(table, []).append((column, kind))
    return {mart: _content(connection, mart, described) for mart, described in columns.items()}


def content_hash(contents: Mapping[str, MartContent]) -> str:
    """One SHA-256 for all marts."""
    return hashlib.sha256(json.dumps(sorted((n, c.rows, c.sha256) for n, c in contents.items())).encode()).hexdigest()


def _content(connection: duckdb.DuckDBPyConnection, mart: str, columns: list[tuple[str, str]]) -> MartContent:
    key = ", ".join(f"{quoted(column)}, 'asc nulls last'" for column, _ in columns)
    row = connection.execute(f"select count(*), sum(hash(create_sort_key({key}))) from marts.{quoted(mart)}").fetchone()
    assert row
    return MartContent(row[0], hashlib.sha256(json.dumps([columns, *map(str, row)]).encode()).hexdigest())
