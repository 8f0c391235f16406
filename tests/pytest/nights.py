"""Forms in a drop folder, and the settings of a nightly run over them with a small dbt project: what tests of the run share."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

from synthetic import dbt_project, extraction

from ingest.forms.form import SHEETS
from publish.night.nightly_run import Settings

REPORTS = ("provby_namnden_2024", "testby_namnden_2024")


def deliver(drop: Path, document_id: str, first_value: str = "-1234", broken: bool = False) -> Path:
    """Put a form's folder into the drop folder; its first cell prints `first_value`."""
    source = extraction(document_id)
    changed = source.cells[0]._replace(value_text=first_value, value=Decimal(first_value))
    rows = {
        "dokument": [source.document],
        "tabeller": source.tables[:1],
        "kolumner": source.columns[:2],
        "celler": [changed, *source.cells[1:]],
    }
    folder = drop / document_id
    folder.mkdir(parents=True, exist_ok=True)
    for name, spec in SHEETS.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8-sig", newline="") as file:
            heads = [field.name for field in spec.fields]
            writer = csv.DictWriter(file, heads, delimiter=";")
            writer.writeheader()
            for row in rows[name]:
                facts = {head: getattr(row, head) for head in heads}
                writer.writerow({**facts, "unit": "kkr"} if broken and "unit" in facts else facts)
    return folder


def settings(folder: Path, hook: str | None = None, full: bool = False) -> Settings:
    """Everything of a run below one folder; the drop folder with two reports is made where it is not there yet."""
    drop = folder / "drop"
    if not drop.exists():
        for document_id in REPORTS:
            deliver(drop, document_id)
        project = dbt_project(folder / "project")
        query = "select cell_id, value from {{ source('raw', 'table_cell') }}\n"
        (project / "models" / "fct_value.sql").write_text(query, encoding="utf-8")
    warehouse = folder / "w" / "k.duckdb"
    return Settings(drop, warehouse, folder / "extracted", folder / "project", folder / "snapshots", 3, full, hook)


def arguments(chosen: Settings) -> list[object]:
    """The command line that does the same."""
    paths = {
        "--reports": chosen.reports,
        "--database": chosen.warehouse,
        "--extracted": chosen.extracted,
        "--project": chosen.project,
        "--kolada": chosen.snapshots,
    }
    return ["nightly", *(part for pair in paths.items() for part in pair), *(["--full"] if chosen.full else [])]
