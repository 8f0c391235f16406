"""The newest snapshot as the rows of raw.kolada_value."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path

import polars as pl

from ingest.kolada.snapshot import latest_snapshot, read_snapshot

SCHEMA: dict[str, pl.DataType] = {
    "kpi_id": pl.String(),
    "kpi_title": pl.String(),
    "municipality_code": pl.String(),
    "year": pl.Int32(),
    "gender": pl.String(),
    "value": pl.String(),
    "fetched_on": pl.Date(),
}
DECIMALS = Decimal("0.0001")
# Wide enough for whatever a snapshot holds: what does not fit the table is for the gate to tell.
WIDE = Context(prec=1000)


def kolada_frame(root: Path | None) -> pl.DataFrame:
    """The values of the newest snapshot below `root`, sorted by key; no rows where there is no snapshot.

    `value` is text until the gate has seen that it fits, rounded to the four decimals of schema raw.
    """
    folder = latest_snapshot(root) if root is not None else None
    if folder is None:
        return pl.DataFrame(schema=SCHEMA)
    snapshot = read_snapshot(folder)
    titles = {figure.kpi_id: figure.title for figure in snapshot.key_figures}
    rows = [
        (v.kpi_id, titles.get(v.kpi_id), v.municipality_code, v.year, v.gender, _rounded(v.value), snapshot.fetched_on)
        for v in snapshot.values
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").sort("kpi_id", "municipality_code", "year", "gender")


def _rounded(value: Decimal | None) -> str | None:
    if value is None:
        return None
    rounded = value.quantize(DECIMALS, ROUND_HALF_EVEN, WIDE)
    return format(WIDE.normalize(rounded) + 0, "f") if rounded else "0"
