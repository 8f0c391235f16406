"""The last look at a built file before analysts get it, opened the way they open it: read-only and closed to everything else."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import duckdb

from ingest.errors import WarehouseError
from ingest.loading.database import open_for_reading
from publish.building.content_hash import content_hash, mart_contents

_FACTS = {
    "raw.load_check": ("select count(*) from raw.load_check where not passed", "results of the load gate are failures"),
    "marts.reconciliation": (
        "select count(*) from marts.reconciliation where status is null or status = 'unexplained'",
        "checks of the reconciliation are unexplained",
    ),
}


def audit(staged: Path, documents: Collection[str]) -> None:
    """Raise WarehouseError where the file is not what the build says it is: its documents, checks, and marts' hash."""
    with open_for_reading(staged) as connection:
        problems = _problems(connection, documents)
    if problems:
        listed = "\n".join(f"  {problem}" for problem in problems)
        raise WarehouseError(f"the built file does not pass the audit; the published warehouse is as it was.\n{listed}")


def _problems(connection: duckdb.DuckDBPyConnection, documents: Collection[str]) -> list[str]:
    tables = {name for (name,) in connection.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()}
    held = {name for (name,) in connection.execute("select document_id from raw.document").fetchall()}
    problems = [f"document {name} was to be loaded and is not there" for name in sorted(set(documents) - held)]
    problems += [f"document {name} is there and was not to be loaded" for name in sorted(held - set(documents))]
    for table, (query, words) in _FACTS.items():
        row = connection.execute(query).fetchone() if table in tables else None
        if row and row[0]:
            problems.append(f"{row[0]:,} {words} ({table})")
    if not any(name.startswith("marts.") for name in tables):
        problems.append("there are no marts")
    row = connection.execute("select content_hash from meta.build").fetchone()
    if row is None or row[0] != content_hash(mart_contents(connection)):
        problems.append("the marts do not have the hash that was written with them")
    return problems
