"""A fingerprint of what the marts say: the same rows give the same hash, whatever file they stand in and in whatever order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from publish.answers.catalog import quoted


@dataclass(frozen=True)
class MartContent:
    """Of one mart the rows and a SHA-256 of its columns, their types and its rows."""

    rows: int
    sha256: str


def mart_contents(connection: duckdb.DuckDBPyConnection) -> dict[str, MartContent]:
    """The content of every table of schema marts, by name.

    Of each row the MD5 of its values, exactly as text with their lengths, so that null, '' and neighbouring texts stay apart.
    The hashes are added up, not chained: no sorting, and a row that stands twice counts twice.
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
    texts = [f"coalesce(length({name}::varchar) || ':' || {name}::varchar, '-')" for name in (quoted(c) for c, _ in columns)]
    row = connection.execute(
        f"""
        select count(*), sum(md5_number_lower(said)::hugeint), sum(md5_number_upper(said)::hugeint)
        from (select concat({", ".join(texts)}) as said from marts.{quoted(mart)})
        """
    ).fetchone()
    assert row
    return MartContent(row[0], hashlib.sha256(json.dumps([columns, *map(str, row)]).encode()).hexdigest())
