"""The marts of a warehouse as the comments in its database describe them: tables, columns, types, units."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from ingest.errors import WarehouseError

_UNIT = re.compile(r"\b(?:Unit|Enhet): ([^.;]+)")


ANY = "*"
"""In seed description_sv: whatever mart a column is in, and the mart itself instead of a column."""


@dataclass(frozen=True)
class Column:
    """A column of a mart. `type` is DuckDB's; the descriptions are English and Swedish, empty where the database has none."""

    name: str
    type: str
    description: str
    description_sv: str = ""

    @property
    def unit(self) -> str | None:
        """The unit its description states, e.g. SEK per day; None where it has none."""
        return _unit(self.description)

    @property
    def unit_sv(self) -> str | None:
        """The same in Swedish, e.g. kronor per dygn."""
        return _unit(self.description_sv)

    @property
    def is_list(self) -> bool:
        return self.type.endswith("[]")


@dataclass(frozen=True)
class Mart:
    """A table of schema marts; `description_sv` is empty where the database has none."""

    name: str
    description: str
    columns: tuple[Column, ...]
    rows: int
    description_sv: str = ""

    def query(self) -> str:
        """SQL for every row, in an order that only the rows decide."""
        return f"select * from marts.{quoted(self.name)} order by all"


@dataclass(frozen=True)
class Report:
    """A report in the warehouse."""

    document_id: str
    municipality: str
    board: str
    kind: str
    title: str
    fiscal_year: int
    period_start: str
    period_end: str
    as_of: str
    text_origin: str
    line_count: int
    source_sha256: str


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def read_marts(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> list[Mart]:
    """Every mart, by name. Raises WarehouseError where there is none."""
    tables = connection.execute(
        "select table_name, comment from duckdb_tables() where schema_name = 'marts' order by table_name"
    ).fetchall()
    if not tables:
        raise WarehouseError(f"{warehouse}: holds no marts.\n  What to do: run `kommunlager build` to make the warehouse.")
    columns = connection.execute(
        "select table_name, column_name, data_type, comment from duckdb_columns() where schema_name = 'marts' "
        "order by table_name, column_index"
    ).fetchall()
    swedish = _swedish(connection)
    marts = []
    for name, comment in tables:
        row = connection.execute(f"select count(*) from marts.{quoted(name)}").fetchone()
        assert row
        own = tuple(
            Column(column, kind, _one_line(said), swedish.get((name, column)) or swedish.get((ANY, column), ""))
            for table, column, kind, said in columns
            if table == name
        )
        marts.append(Mart(name, _one_line(comment), own, row[0], swedish.get((name, ANY), "")))
    return marts


def _swedish(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], str]:
    """The Swedish descriptions by mart and column, as seed description_sv has them."""
    if not connection.execute("from duckdb_tables() where schema_name = 'seeds' and table_name = 'description_sv'").fetchall():
        return {}
    rows = connection.execute("select mart, column_name, description from seeds.description_sv").fetchall()
    return {(mart, column): text for mart, column, text in rows}


def read_reports(connection: duckdb.DuckDBPyConnection) -> list[Report]:
    """The reports the warehouse was built from, by document."""
    rows = connection.execute(
        """select document_id, municipality, board, kind, title, fiscal_year, period_start::varchar, period_end::varchar,
            as_of::varchar, text_origin, line_count, source_sha256 from raw.document order by document_id"""
    ).fetchall()
    return [Report(*row) for row in rows]


def read_built_at(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    """When the warehouse was built, in UTC; None for one that was not loaded by this program."""
    built = connection.execute("select 1 from duckdb_tables() where schema_name = 'meta' and table_name = 'build'").fetchone()
    query = "select built_at from meta.build" if built else "select max(loaded_at) from raw.load_check"
    row = connection.execute(query).fetchone()
    return row[0] if row else None


def _unit(description: str) -> str | None:
    found = _UNIT.search(description)
    return found[1].strip() if found else None


def _one_line(comment: str | None) -> str:
    return " ".join((comment or "").split())
