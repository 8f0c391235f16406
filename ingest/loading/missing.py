"""The reports a nightly run could not take in: what the warehouse says of what it does not hold (raw.missing_report)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

import duckdb

MAX_REASON = 2000


@dataclass(frozen=True)
class MissingReport:
    """A row of raw.missing_report (see raw_schema.sql); the fields are its columns."""

    file_name: str
    document_id: str
    municipality_code: str | None
    source_sha256: str | None
    step: str
    reason: str
    since: datetime
    is_earlier_version_held: bool


def write_missing(connection: duckdb.DuckDBPyConnection, missing: Sequence[MissingReport]) -> None:
    """Put these in the place of those that are there."""
    connection.execute("delete from raw.missing_report")
    for report in missing:
        connection.execute("insert into raw.missing_report values (?, ?, ?, ?, ?, ?, ?, ?)", astuple(report))
