"""A municipality that nobody has seen yet is added with a layout file and seed rows: no model and no Python changes.

Björkåker is invented. Its report is in a style that none of the real ones has: days, cost, budget and the price of a day in one
table, each in its own unit; a group's total above its parts; income negative and costs positive; sick leave by quarter.
"""

from __future__ import annotations

import csv
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingest.extract import extract_report
from ingest.layout import load_layout
from ingest.loading.store import EXTRACTED_DIR, extracted_folders, write_extraction
from publish.building.build import build
from publish.paths import PROJECT_DIR

# One worker for all: what they share takes long to make.
pytestmark = pytest.mark.xdist_group("fourth municipality")

HERE = Path(__file__).parent / "fourth_municipality"
REPORT = HERE / "bjorkaker_socialnamnden_arsredovisning_2024.txt"
LAYOUT = HERE / "bjorkaker_annual_report.yml"
COPIED = ("models", "macros", "seeds", "tests/dbt", "dbt_project.yml", "profiles.yml")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The warehouse of a copy of the project with the layout, the report and the seed rows of the fourth municipality."""
    root = tmp_path_factory.mktemp("fourth")
    project, extracted = root / "project", root / "extracted"
    for name in COPIED:
        source, target = PROJECT_DIR / name, project / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
    for rows in (HERE / "seeds").glob("*.csv"):
        _append(rows, project / "seeds" / rows.name)
    shutil.copytree(EXTRACTED_DIR, extracted)
    write_extraction(extract_report(REPORT, (load_layout(LAYOUT),)), extracted)
    path = root / "warehouse" / "kommunlager.duckdb"
    build(extracted_folders(extracted), path, project)  # raises where a single test fails
    return path


def _append(rows: Path, seed: Path) -> None:
    """Add rows to a seed that has the same columns."""
    added, old = rows.read_text(encoding="utf-8"), seed.read_text(encoding="utf-8")
    header, _, body = added.partition("\n")
    assert header == old.partition("\n")[0], f"{rows.name}: other columns than the seed"
    seed.write_text(f"{old.rstrip()}\n{body}", encoding="utf-8")


def _query(warehouse: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(warehouse, read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_every_printed_number_is_read() -> None:
    extraction = extract_report(REPORT, (load_layout(LAYOUT),))
    assert [(t.table_key, sum(c.table_no == t.table_no for c in extraction.cells)) for t in extraction.tables] == [
        ("running_costs", 20),
        ("placements", 54),
        ("sick_leave", 15),
    ]
    assert all(cell.value is not None for cell in extraction.cells)


def test_it_stands_in_the_comparison_with_the_others(warehouse: Path) -> None:
    rows = _query(
        warehouse,
        "select placement_type_code, status, volume_days, cost_sek, unit_cost_sek from marts.placement_unit_cost_comparison "
        "where municipality = 'Björkåker' and year = 2024 and comparison_basis = 'outcome' and status != 'not published' "
        "and period_start = '2024-01-01' order by all",
    )
    assert rows == [
        ("adult_addiction", "reported", 5310, 16_200_000, 3051),
        ("adult_institution", "reported", 3010, 11_800_000, 3920),
        ("adult_supported_housing", "reported", 2300, 4_400_000, 1913),
        ("child_foster_own", "reported", 33100, 38_100_000, 1151),
        ("child_institution", "reported", 6030, 49_300_000, 8176),
        ("child_placement", "reported", 41230, 92_400_000, 2241),
        ("child_supported_housing", "reported", 2100, 5_000_000, 2381),
        ("protected_housing", "reported", 1420, 3_100_000, 2183),
    ]
    others = _query(
        warehouse,
        "select distinct municipality from marts.placement_unit_cost_comparison where placement_type_code = 'child_placement'"
        " and year = 2024 and comparison_basis = 'outcome' order by all",
    )
    assert others == [("Alingsås",), ("Björkåker",), ("Norrtälje",), ("Södertälje",)]


def test_notes_speak_of_those_who_are_compared(warehouse: Path) -> None:
    def said_of(code: str) -> list[tuple[Any, ...]]:
        return _query(
            warehouse,
            "select distinct comparability, comparability_note from marts.placement_unit_cost_comparison "
            f"where placement_type_code = '{code}' and year = 2024 and comparison_basis = 'outcome'",
        )

    assert said_of("child_foster_own") == [
        ("near", "Björkåker: alla familjehem, även konsulentstödda. Norrtälje: familjehem och jourhem i egen regi.")
    ]
    assert said_of("child_institution") == [("same", None)]
    ((grade, alone),) = said_of("child_contact")
    assert grade == "one municipality"
    assert alone.startswith("Redovisas för perioden bara av Norrtälje")


def test_its_other_tables_are_in_the_marts(warehouse: Path) -> None:
    lines = _query(
        warehouse,
        "select line, scenario, year(period_end), amount_sek from marts.fct_budget_line where municipality = 'Björkåker' "
        "and (line_role = 'net_cost' or amount_sek > 0) order by all",
    )
    assert [line[1:] for line in lines if line[3] < 0] == [
        ("budget", 2024, Decimal("-345900000.00")),
        ("outcome", 2023, Decimal("-326600000.00")),
        ("outcome", 2024, Decimal("-343300000.00")),
    ]
    assert [line[3] for line in lines if line[3] > 0] == [20_000_000, 19_800_000, 21_400_000]
    sick_leave = _query(
        warehouse,
        "select period_start, sick_leave_percent from marts.fct_sick_leave where municipality_code = '9999' "
        "and sick_leave_group_code = 'board_total' and period_end < '2024-12-31' order by all",
    )
    assert [value for _, value in sick_leave] == [Decimal("6.1"), Decimal("5.2"), Decimal("4.6")]


def test_its_arithmetic_is_reconciled(warehouse: Path) -> None:
    rows = _query(
        warehouse,
        "select check_class, status, count(*) from marts.reconciliation where document_id like 'bjorkaker%' group by all",
    )
    assert {status for _, status, _ in rows} == {"agrees"}
    assert sum(count for check_class, _, count in rows if check_class == "identity") == 5 + 4 + 9 + 5 + 5 + 5
    assert {check_class for check_class, _, _ in rows} == {"identity", "bounds", "suspicion"}  # the seeds' bounds hold for it too


def test_its_files_are_only_data() -> None:
    assert sorted(path.suffix for path in HERE.rglob("*") if path.is_file() and path.parent.name != "seeds") == [".txt", ".yml"]
    for path in (HERE / "seeds").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            assert len({len(row) for row in csv.reader(file)}) == 1, path.name
