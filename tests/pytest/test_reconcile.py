"""Reconciliation of the five reports: what it shows, what it guards, and that a wrong figure makes the build red."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import Run

from ingest.errors import KommunlagerError
from ingest.loading.store import EXTRACTED_DIR, extracted_folders
from publish.answers.reconcile import COLUMNS, read_reconciliation
from publish.building.build import build
from publish.paths import PROJECT_DIR

INTERIM = "norrtalje_socialnamnden_delarsrapport_2025-08"
ANNUAL = "norrtalje_socialnamnden_verksamhetsberattelse_2024"
SODERTALJE = "sodertalje_socialnamnden_verksamhetsplan_2025"


@pytest.fixture
def warehouse(real_warehouse: Path) -> Path:
    return real_warehouse


def _query(warehouse: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(warehouse, read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_every_check_is_counted_once(warehouse: Path) -> None:
    found = read_reconciliation(warehouse)
    statuses = Counter(dict(_query(warehouse, "select status, count(*) from marts.reconciliation group by status")))
    for column, names in COLUMNS.items():
        assert sum(getattr(count, column) for count in found.counts) == sum(statuses[name] for name in names), column
    assert sum(count.checks for count in found.counts) == statuses.total()
    assert len(found.findings) == statuses.total() - statuses["agrees"] - statuses["rounding"]
    assert sum(guarded.numbers for guarded in found.guarded) == 1400


def test_one_document_shows_its_differences(warehouse: Path, run: Run) -> None:
    before = warehouse.read_bytes()
    result = run("reconcile", "--document", INTERIM, "--database", warehouse)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"{INTERIM}\n  kind ")
    assert "alingsas" not in result.stdout
    assert re.search(
        r"registered source error \(placement_unit_price\.deviation\), line 1303: .* / Institutionsplaceringar, vuxna / ",
        result.stdout,
    )
    assert "printed -1,358, expected -1,145, difference -213 kr_per_dygn" in result.stdout
    assert "reviewed warning (indicators_council.budget_adherence_forecast), line 341" in result.stdout
    assert warehouse.read_bytes() == before


def test_all_documents_show_their_counts(warehouse: Path, run: Run) -> None:
    shown = run("reconcile", "--database", warehouse).stdout
    assert [line for line in shown.splitlines() if line and not line.startswith(" ")] == [
        name for (name,) in _query(warehouse, "select document_id from marts.dim_document order by 1")
    ]
    assert "line 1303" not in shown
    found = json.loads(run("reconcile", "--json", "--database", warehouse).stdout)
    assert {finding["line_no"] for finding in found["findings"] if finding["document_id"] == ANNUAL} >= {1271, 1273, 1275}
    assert {finding["status"] for finding in found["findings"]} == {"registered source error", "restatement", "reviewed warning"}


def test_an_unknown_document_is_told(warehouse: Path, run: Run) -> None:
    result = run("reconcile", "--document", "ingen_namnden_2024", "--database", warehouse)
    assert result.returncode == 1
    assert "the warehouse holds no such document" in result.stderr
    assert INTERIM in result.stderr


def test_a_database_that_was_never_built_is_told(tmp_path: Path, run: Run) -> None:
    duckdb.connect(tmp_path / "empty.duckdb").close()
    result = run("reconcile", "--database", tmp_path / "empty.duckdb")
    assert result.returncode == 1
    assert "holds no reconciliation" in result.stderr
    assert "kommunlager build" in result.stderr


def test_nine_money_volumes_and_prices_in_ten_are_guarded_and_the_rest_say_why(warehouse: Path) -> None:
    figures = _query(
        warehouse,
        "select cell_id, is_guarded, reason_not_guarded from marts.reconciliation_coverage where subject != 'indicator' "
        "and unit in ('tkr', 'mnkr', 'kr', 'kr_per_dygn', 'dygn_dagar')",
    )
    assert len(figures) > 800
    assert sum(guarded for _, guarded, _ in figures) >= 0.9 * len(figures)
    assert [cell for cell, guarded, reason in figures if not guarded and not reason] == []
    reasons = {reason for _, guarded, reason in figures if not guarded}
    assert len(reasons) == _query(warehouse, "select count(*) from seeds.unguarded_figure")[0][0]  # none has outlived its gap


def test_a_cell_that_is_lost_on_the_way_is_missed(warehouse: Path, tmp_path: Path) -> None:
    copy = tmp_path / "kommunlager.duckdb"
    shutil.copy(warehouse, copy)
    test = (PROJECT_DIR / "tests" / "dbt" / "assert_every_cell_arrives.sql").read_text(encoding="utf-8")
    for room, model in (("intermediate", "int_report_cell"), ("staging", "stg_raw__report_table")):
        test = test.replace(f"{{{{ ref('{model}') }}}}", f"{room}.{model}")
    with duckdb.connect(copy) as connection:
        assert connection.execute(test).fetchall() == []
        connection.execute(
            "create temp table lost as select cell_key from intermediate.int_printed_cell where cell_id = ?",
            [f"{INTERIM}/39/9/6"],
        )
        lost = test.replace("intermediate.int_report_cell", "(from intermediate.int_report_cell anti join lost using (cell_key))")
        assert [row[:2] + row[4:] for row in connection.execute(lost).fetchall()] == [(INTERIM, 39, 60, 59)]


def test_status_says_what_is_guarded(warehouse: Path, run: Run) -> None:
    found = json.loads(run("status", "--json", "--database", warehouse).stdout)
    assert sum(found["guarded"].values()) == found["numbers"]
    assert set(found["guarded"]) == {"identity", "restatement", "bounds", "none"}
    assert re.search(r"Guarded by\n  identity +[\d,]+ numbers", run("status", "--database", warehouse).stdout)


@pytest.mark.parametrize("document", [SODERTALJE, INTERIM])
def test_a_warehouse_of_one_report_is_no_error(tmp_path: Path, document: str) -> None:
    result = build([EXTRACTED_DIR / document], tmp_path / "kommunlager.duckdb", PROJECT_DIR)
    assert result.status.documents == 1


def _reprint(folder: Path, table: str, row: str, column: str, text: str, value: str) -> None:
    """Have an extracted document print another figure in one cell."""
    path = folder / "cells.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    cell = re.compile(rf'{table},{row},("[^"]*"|[^,]*),{column},')
    (number,) = [n for n, line in enumerate(lines) if cell.match(line)]
    start = cell.match(lines[number])
    assert start
    _, _, rest = lines[number][start.end() :].split(",", 2)
    lines[number] = f"{start[0]}{text},{value},{rest}"
    path.write_text("".join(lines), encoding="utf-8")


def _first_line(folder: Path, table_no: str) -> str:
    with (folder / "tables.csv").open(encoding="utf-8") as file:
        return next(row["first_line"] for row in csv.DictReader(file) if row["table_no"] == table_no)


def test_a_new_a_vanished_and_an_unreviewed_difference_make_the_build_red(tmp_path: Path) -> None:
    extracted = tmp_path / "extracted"
    shutil.copytree(EXTRACTED_DIR, extracted)
    _reprint(extracted / ANNUAL, "33", "1", "2", "8 264", "8264")
    _reprint(extracted / INTERIM, "39", "9", "3", "-1 145", "-1145")
    _reprint(extracted / SODERTALJE, "12", "2", "1", "90 351", "90351")
    _reprint(extracted / SODERTALJE, "15", "1", "3", "78 380", "78380")
    notes = extracted / SODERTALJE / "notes.csv"
    written = notes.read_text(encoding="utf-8")
    line_no = _first_line(extracted / SODERTALJE, "16")
    notes.write_text(f"{written}{len(written.splitlines())},16,,{line_no},unread,4711,1,nothing accounts for it\n", "utf-8")
    with pytest.raises(KommunlagerError) as failed:
        build(extracted_folders(extracted), tmp_path / "kommunlager.duckdb", PROJECT_DIR)
    told = str(failed.value)
    assert re.search(rf"\n +{ANNUAL}/33/1/3,difference,-1851,-1833,-18,VARFÖR,1466,,open,\d{{4}}-\d\d-\d\d\n", told)
    assert re.search(rf"{INTERIM}/39/9/3 +misprint +cellen trycker ett annat tal", told)
    assert re.search(r"granskning utan varning +equal figures", told)
    assert re.search(rf"{SODERTALJE} +16 +\d+ +4711", told)
    assert re.search(rf"\n +unit cost,{SODERTALJE}/15/1/1,25539\.2636,VARFÖR,\d{{4}}-\d\d-\d\d", told)
    assert not (tmp_path / "kommunlager.duckdb").exists()
