"""Schema `meta` of a published warehouse: what it says of itself. Written once, by the build, before the file is published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from ingest.loading.database import open_for_reading
from publish.answers.catalog import read_built_at
from publish.building.content_hash import HASHED_BY, content_hash, mart_contents
from publish.building.inputs import Inputs

SCHEMA = """
create schema meta;
create table meta.build (
    built_at timestamp not null, content_hash varchar not null, hashed_by varchar not null, input_hash varchar not null
);
comment on table meta.build is
    'One row: when this file was built (UTC), a hash of its marts and what made the hash, a hash of what it was made from.';
create table meta.build_input (part varchar primary key, fingerprint varchar not null);
comment on table meta.build_input is 'One row per part of what this file was made from, documents left out.';
create table meta.document_input (document_id varchar primary key, fingerprint varchar not null);
comment on table meta.document_input is 'One row per document: the fingerprint of the extracted files it was loaded from.';
create table meta.model_parent (model varchar not null, parent varchar not null);
comment on table meta.model_parent is 'One row per model and table it is made from, as schema.name.';
create table meta.mart_grain (mart varchar not null, column_no integer not null, column_name varchar not null);
comment on table meta.mart_grain is 'One row per column that, together with the others of its mart, says what one row of it is.';
create table meta.mart_content (mart varchar primary key, row_count bigint not null, content_hash varchar not null);
comment on table meta.mart_content is 'One row per mart: its rows, and a hash of its columns and rows.';
create table meta.run_log (
    run_id varchar not null, step_no integer not null, step varchar not null, started_at timestamp not null,
    seconds decimal(12, 3) not null, outcome varchar not null, detail varchar
);
comment on table meta.run_log is 'One row per step of each nightly run until this file was published; times are UTC.';
"""


@dataclass(frozen=True)
class BuildRecord:
    """What a warehouse says of its own build; `inputs` and `recorded_hash` are null in a file of an earlier program."""

    built_at: datetime | None
    content_hash: str
    recorded_hash: str | None
    inputs: Inputs | None
    documents: int


def write_meta(
    connection: duckdb.DuckDBPyConnection,
    built_at: datetime,
    inputs: Inputs,
    lineage: Sequence[Sequence[str]],
    grains: Mapping[str, Sequence[str]],
    run_log: Sequence[Sequence[Any]],
) -> str:
    """Write the schema into a built file; returns the hash of its marts."""
    contents = mart_contents(connection)
    connection.execute(SCHEMA)
    hashed = content_hash(contents)
    rows: dict[str, Sequence[Sequence[Any]]] = {
        "build": [(built_at, hashed, HASHED_BY, inputs.hash)],
        "build_input": list(inputs.parts.items()),
        "document_input": list(inputs.documents.items()),
        "model_parent": lineage,
        "mart_grain": [(mart, n, column) for mart, columns in sorted(grains.items()) for n, column in enumerate(columns, 1)],
        "mart_content": [(mart, content.rows, content.sha256) for mart, content in contents.items()],
        "run_log": run_log,
    }
    for table, values in rows.items():
        _insert(connection, table, values)
    return hashed


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Sequence[Any]]) -> None:
    """Many rows in one statement: one by one, twenty thousand documents would take a minute."""
    for start in range(0, len(rows), 500):
        some = rows[start : start + 500]
        places = ", ".join("(" + ", ".join("?" * len(row)) + ")" for row in some)
        connection.execute(f"insert into meta.{table} values {places}", [value for row in some for value in row])


def read_record(warehouse: Path, verify: bool = False) -> BuildRecord:
    """Read what a warehouse says of its build; with `verify` its marts are hashed again. WarehouseError where unreadable.

    Marts that another DuckDB has hashed are then only read, whole, which their blocks' checksums have to stand.
    """
    with open_for_reading(warehouse) as connection:
        names = {
            name for (name,) in connection.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
        }
        built_at = recorded = hashed_by = inputs = None
        if "meta.build" in names:
            row = connection.execute("select build.built_at, build.content_hash, build from meta.build").fetchone()
            assert row
            built_at, recorded, hashed_by = row[0], row[1], row[2].get("hashed_by")
            inputs = Inputs(
                dict(connection.execute("select document_id, fingerprint from meta.document_input").fetchall()),
                dict(connection.execute("select part, fingerprint from meta.build_input").fetchall()),
            )
        elif "raw.load_check" in names:
            built_at = read_built_at(connection)
        documents = connection.execute("select count(*) from raw.document").fetchone() if "raw.document" in names else None
        hashed = content_hash(mart_contents(connection)) if verify or recorded is None else recorded
        if recorded is not None and hashed_by != HASHED_BY:
            hashed = recorded
    return BuildRecord(built_at, hashed, recorded, inputs, documents[0] if documents else 0)


def read_grains(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, list[str]]:
    """The grain of each mart of an attached database; empty where it says none."""
    found = connection.execute(
        "select 1 from duckdb_tables() where database_name = ? and schema_name = 'meta' and table_name = 'mart_grain'", [database]
    ).fetchone()
    grains: dict[str, list[str]] = {}
    if found:
        query = f"select mart, column_name from {database}.meta.mart_grain order by mart, column_no"
        for mart, column in connection.execute(query).fetchall():
            grains.setdefault(mart, []).append(column)
    return grains
