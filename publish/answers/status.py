"""What a warehouse holds: counts of raw rows and marts, reconciliation by status, results of the load gate."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from ingest.loading.database import open_for_reading
from publish.answers.catalog import read_built_at

TRY_QUERY = (
    "select municipality, scenario, status, volume_days, unit_cost_sek "
    "from marts.placement_unit_cost_comparison where placement_type_code = 'child_placement' and year = 2023"
)
"""A first question: the cost of a care day in child placements, across municipalities."""

REASON_LINES = 4
"""Lines of a missing report's reason that are shown; the whole stands in raw.missing_report."""


@dataclass(frozen=True)
class Status:
    """A warehouse in figures. `built_at` is UTC, null in an empty file; `marts` maps each mart to its rows.

    `extraction_notes` counts raw.extraction_note by kind; of the numbers in tables' lines that no cell
    holds, `numbers_left_out` stand in lines left out for a reason (remarks, footers, prose), `numbers_unread` for none.
    `missing_reports` are the reports that the nightly run could not take in (raw.missing_report).
    `guarded` maps what guards a printed number (identity, restatement, bounds, none) to how many it guards so.
    """

    warehouse: str
    built_at: datetime | None
    documents: int
    tables: int
    cells: int
    numbers: int
    extraction_notes: dict[str, int]
    numbers_left_out: int
    numbers_unread: int
    marts: dict[str, int]
    reconciliation: dict[str, int]
    guarded: dict[str, int]
    gate_checks_passed: int
    gate_checks_failed: int
    missing_reports: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def describe(self) -> str:
        """The status for people."""
        built = f"{self.built_at:%Y-%m-%d %H:%M} UTC" if self.built_at else "never"
        gate = f"{self.gate_checks_passed:,} checks passed, {self.gate_checks_failed:,} failed"
        lines = [
            f"Warehouse       {self.warehouse}",
            f"Built           {built}",
            f"Documents       {self.documents:,}"
            + (f", and {len(self.missing_reports):,} missing" if self.missing_reports else ""),
            f"Tables          {self.tables:,}",
            f"Cells           {self.cells:,}, of them {self.numbers:,} numbers",
            f"Load gate       {gate}",
        ]
        for missing in self.missing_reports:
            held = "; an earlier version of it is held" if missing["is_earlier_version_held"] else ""
            lines.append(
                f"  missing       {missing['file_name']} since {missing['since']:%Y-%m-%d}: {missing['step']} failed{held}"
            )
            lines += [f"                  {line}" for line in missing["reason"].splitlines()[:REASON_LINES]]
        lines += _block("Read with care", self.extraction_notes, "notes (raw.extraction_note)")
        outside = f"{self.numbers_left_out:,} numbers in lines left out for a reason, {self.numbers_unread:,} for none"
        lines.append(f"In no cell      {outside}")
        lines += _block("Marts", {f"marts.{name}": rows for name, rows in self.marts.items()}, "rows")
        lines += _block("Reconciliation", self.reconciliation, "checks")
        lines += _block("Guarded by", self.guarded, "numbers")
        return "\n".join(lines)


def read_status(warehouse: Path) -> Status:
    """Read the status of a warehouse file. Raises WarehouseError when it is missing, locked or damaged."""
    with open_for_reading(warehouse) as connection:
        tables = set(connection.execute("select table_schema || '.' || table_name from information_schema.tables").fetchall())
        names = sorted(name for (name,) in tables)

        def count(table: str, where: str = "true") -> int:
            return int(_one(connection, f"select count(*) from {table} where {where}")) if table in names else 0

        built_at = read_built_at(connection) if "raw.load_check" in names else None
        missing = (
            _rows(connection, "select * from raw.missing_report order by file_name") if "raw.missing_report" in names else []
        )
        notes, in_no_cell = _notes(connection) if "raw.extraction_note" in names else ({}, {})
        statuses = (
            connection.execute("select status, count(*) from marts.reconciliation group by status order by status").fetchall()
            if "marts.reconciliation" in names
            else []
        )
        guarded = (
            connection.execute(
                "select guarded_by, count(*) from marts.reconciliation_coverage group by guarded_by "
                "order by list_position(['identity', 'restatement', 'bounds', 'none'], guarded_by)"
            ).fetchall()
            if "marts.reconciliation_coverage" in names
            else []
        )
        return Status(
            warehouse=str(warehouse),
            built_at=built_at,
            documents=count("raw.document"),
            tables=count("raw.report_table"),
            cells=count("raw.table_cell"),
            numbers=count("raw.table_cell", "value is not null"),
            extraction_notes=notes,
            numbers_left_out=in_no_cell.get("left_out", 0),
            numbers_unread=in_no_cell.get("unread", 0),
            marts={name.removeprefix("marts."): count(name) for name in names if name.startswith("marts.")},
            reconciliation=dict(statuses),
            guarded=dict(guarded),
            gate_checks_passed=count("raw.load_check", "passed"),
            gate_checks_failed=count("raw.load_check", "not passed"),
            missing_reports=missing,
        )


def _notes(connection: duckdb.DuckDBPyConnection) -> tuple[dict[str, int], dict[str, int]]:
    """Extraction notes by kind, and by kind how many numbers they say ended in no cell."""
    rows = connection.execute(
        "select kind, count(*), sum(number_count) from raw.extraction_note group by kind order by kind"
    ).fetchall()
    return {kind: count for kind, count, _ in rows}, {kind: int(numbers) for kind, _, numbers in rows}


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    result = connection.execute(query)
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row else None


def _block(title: str, counts: dict[str, int], noun: str) -> list[str]:
    if not counts:
        return [f"{title:<15} none"]
    width = max(map(len, counts))
    return [title, *(f"  {name:<{width}}  {number:>7,} {noun}" for name, number in counts.items())]
