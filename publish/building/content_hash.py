"""A fingerprint of what the marts say: the same rows give the same hash, whatever file they stand in and in whatever order.

Rows are hashed by DuckDB's own function: a twentieth of the time of a hash of their texts. Another version of DuckDB may hash
otherwise, so hashes are to be compared only where HASHED_BY is the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from publish.answers.catalog import quoted

HASHED_BY = f"duckdb {duckdb.__version__}, by columns"


@dataclass(frozen=True)
class MartContent:
    """Of one mart the rows and a SHA-256 of its columns, their types and its rows."""

    rows: int
    sha256: str


def mart_contents(connection: duckdb.DuckDBPyConnection) -> dict[str, MartContent]:
    """The content of every table of schema marts, by name.

    The hashes of the rows are added up, not chained: no sorting, and a row that stands twice counts twice.
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


def row_hash(columns: Sequence[tuple[str, str]]) -> str:
    """The SQL of a row's hash, from its columns with their types: the same for rows with the same values only.

    Null, '' and neighbouring texts stay apart, for each column has a hash of its own. DuckDB's hash takes an empty list for null,
    and a list of null too; what holds values in it is therefore hashed by its sort key, which does not, and costs twice as much.
    """
    return f"hash({', '.join(_sort_key(column) if _is_nested(kind) else quoted(column) for column, kind in columns)})"


def _sort_key(column: str) -> str:
    return f"create_sort_key({quoted(column)}, 'asc nulls last')"


def _is_nested(kind: str) -> bool:
    return kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION"))


def _content(connection: duckdb.DuckDBPyConnection, mart: str, columns: list[tuple[str, str]]) -> MartContent:
    row = connection.execute(f"select count(*), sum({row_hash(columns)}) from marts.{quoted(mart)}").fetchone()
    assert row
    return MartContent(row[0], hashlib.sha256(json.dumps([columns, *map(str, row)]).encode()).hexdigest())
