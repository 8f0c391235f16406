"""The command line: what each command prints, where, and with which exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner
from conftest import Run
from synthetic import extraction

from ingest.errors import ReportError
from ingest.loading.load import load
from ingest.loading.store import extracted_folders, read_extraction
from ingest.model import Extraction
from publish.cli import main
from publish.output import as_csv, as_json, as_table

COMMANDS = ("extract", "inspect", "load", "template", "build", "status", "reconcile", "trace", "export", "docs", "sql")
COMMANDS += ("nightly", "versions", "rollback", "diff")


@pytest.fixture
def database(extracted: Path, tmp_path: Path) -> Path:
    """A database with two documents and no marts."""
    path = tmp_path / "k.duckdb"
    load(extracted_folders(extracted), path)
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_help_tells_what_a_command_does(command: str) -> None:
    overall = CliRunner().invoke(main, ["--help"])
    result = CliRunner().invoke(main, [command, "--help"])
    assert result.exit_code == overall.exit_code == 0
    assert command in overall.output
    assert "--json" in result.output
    assert "--quiet" in result.output


def test_the_command_line_imports_nothing_heavy() -> None:
    script = (
        "import sys, publish.cli; "
        "print(*sorted({'duckdb', 'polars', 'pandas', 'dbt', 'great_expectations', 'rich'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout == "\n"


@pytest.mark.parametrize("command", ["status", "sql"])
def test_reading_imports_neither_the_gate_nor_dbt(database: Path, command: str) -> None:
    arguments = [command, *(["select 1"] if command == "sql" else []), "--database", str(database)]
    script = (
        "import sys; from publish.cli import main; main(sys.argv[1:], standalone_mode=False); "
        "print({'great_expectations', 'dbt', 'pandas'} & set(sys.modules), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
    assert result.stderr == "set()\n"


def test_status_shows_what_is_there(database: Path, run: Run) -> None:
    shown = run("status", "--database", database)
    assert shown.returncode == 0
    assert "Documents       2" in shown.stdout
    assert "Cells           8, of them 6 numbers" in shown.stdout
    found = json.loads(run("status", "--json", "--database", database).stdout)
    assert (found["documents"], found["tables"], found["cells"], found["numbers"]) == (2, 4, 8, 6)
    assert found["marts"] == {}
    assert found["gate_checks_failed"] == 0


@pytest.mark.parametrize("command", [["status"], ["reconcile"], ["trace", "coverage"], ["export"], ["docs"], ["sql", "select 1"]])
def test_a_missing_warehouse_is_told_and_not_made(tmp_path: Path, run: Run, command: list[str]) -> None:
    result = run(*command, "--database", tmp_path / "k.duckdb")
    assert result.returncode == 1
    assert "there is no such warehouse" in result.stderr
    assert "kommunlager build" in result.stderr
    assert list(tmp_path.iterdir()) == []


QUERY = "select document_id as dokument, value from raw.table_cell where table_no = 1 and row_no = 1 order by all limit 2"


def test_sql_prints_a_table_csv_or_json(database: Path, run: Run) -> None:
    table = run("sql", QUERY, "--database", database)
    assert table.stdout.splitlines() == [
        "dokument                   value",
        "-------------------  -----------",
        "provby_namnden_2024  -1,234.0000",
        "provby_namnden_2024  -1,200.5000",
        "(2 rows)",
    ]
    as_csv_text = run("sql", "--csv", QUERY, "--database", database)
    assert as_csv_text.stdout == "dokument,value\nprovby_namnden_2024,-1234.0000\nprovby_namnden_2024,-1200.5000\n"
    as_json_text = run("sql", "--json", "-", "--database", database, stdin=QUERY)
    assert json.loads(as_json_text.stdout) == [
        {"dokument": "provby_namnden_2024", "value": -1234},
        {"dokument": "provby_namnden_2024", "value": -1200.5},
    ]


@pytest.mark.parametrize(
    "query",
    [
        "delete from raw.document",
        "create table t (i int)",
        "select * from read_csv('{here}/secret.csv')",
        "copy (select 1) to '{here}/out.csv'",
        "attach '{here}/other.duckdb'",
        "set enable_external_access = true",
        "selec 1",
        "",
    ],
)
def test_sql_reads_the_warehouse_and_nothing_else(database: Path, tmp_path: Path, run: Run, query: str) -> None:
    (tmp_path / "secret.csv").write_text("secret\n1\n", encoding="utf-8")
    before = sorted(tmp_path.iterdir()), database.read_bytes()
    result = run("sql", query.format(here=tmp_path), "--database", database)
    assert result.returncode == 1
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert (sorted(tmp_path.iterdir()), database.read_bytes()) == before


def test_quiet_prints_nothing_when_all_is_well(extracted: Path, tmp_path: Path, run: Run) -> None:
    for arguments in (["-q", "load"], ["load", "-q"]):
        result = run(*arguments, "--extracted", extracted, "--database", tmp_path / "k.duckdb")
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_load_prints_json_for_programs(extracted: Path, tmp_path: Path, run: Run) -> None:
    result = run("load", "--json", "--extracted", extracted, "--database", tmp_path / "k.duckdb")
    found = json.loads(result.stdout)
    assert [d["document_id"] for d in found["documents"]] == ["provby_namnden_2024", "testby_namnden_2024"]
    assert result.stderr == ""


def test_load_of_a_folder_that_is_not_there(tmp_path: Path, run: Run) -> None:
    result = run("load", tmp_path / "saknas", "--database", tmp_path / "k.duckdb")
    assert result.returncode == 1
    assert "saknas: there is no such folder" in result.stderr


@pytest.fixture
def fake_extract(monkeypatch: pytest.MonkeyPatch) -> None:
    """An extraction that knows a report by its name: what is tested here is the command around it."""

    def extract_report(path: Path) -> Extraction:
        if path.stem.startswith("okänd"):
            raise ReportError(f"{path}: no layout knows this report.")
        return extraction(path.stem)

    module = ModuleType("ingest.extract")
    module.extract_report = extract_report  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ingest.extract", module)


@pytest.mark.usefixtures("fake_extract")
def test_extract_writes_every_report_or_none(tmp_path: Path) -> None:
    out = tmp_path / "out"
    failed = CliRunner().invoke(main, ["extract", "a.txt", "okänd.txt", "--out", str(out)])
    assert failed.exit_code == 1
    assert "no layout knows this report" in failed.stderr
    assert not out.exists()
    done = CliRunner().invoke(main, ["extract", "a.txt", "b.txt", "--json", "--out", str(out)])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["documents"][1] == {"document_id": "b", "tables": 2, "cells": 4, "numbers": 3}
    assert [read_extraction(folder).document.document_id for folder in extracted_folders(out)] == ["a", "b"]


@pytest.mark.usefixtures("fake_extract")
def test_two_reports_with_the_same_id_are_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["extract", "x/a.txt", "y/a.txt", "--out", str(tmp_path)])
    assert result.exit_code == 1
    assert "x/a.txt and y/a.txt: both are document 'a'" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("fake_extract")
def test_check_tells_what_would_differ_and_writes_nothing(tmp_path: Path) -> None:
    arguments = ["extract", "a.txt", "--out", str(tmp_path)]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert CliRunner().invoke(main, [*arguments, "--check"]).exit_code == 0
    cells = tmp_path / "a" / "cells.csv"
    cells.write_bytes(cells.read_bytes().replace(b"-1 234", b"-1 243"))
    before = cells.read_bytes()
    result = CliRunner().invoke(main, [*arguments, "--check"])
    assert result.exit_code == 1
    assert str(cells) in result.stderr
    assert "tables.csv" not in result.stderr
    assert cells.read_bytes() == before


def test_tables_align_numbers_to_the_right() -> None:
    rows = [("å", Decimal("1234.50"), None), ("bb", Decimal("-1.00"), True)]
    assert as_table(["n", "belopp", "ja"], rows).splitlines() == [
        "n     belopp  ja",
        "--  --------  ----",
        "å   1,234.50",
        "bb     -1.00  true",
    ]
    assert as_csv(["n", "belopp", "ja"], rows) == "n,belopp,ja\nå,1234.50,\nbb,-1.00,true"


def test_json_never_changes_a_decimal() -> None:
    values = [Decimal("2467.84"), Decimal("3"), Decimal("1234567890.1234")]
    assert [row["v"] for row in json.loads(as_json(["v"], [[v] for v in values]))] == [2467.84, 3, 1234567890.1234]
    exact = Decimal("12345678901234567.01")
    assert json.loads(as_json(["v"], [[exact]])) == [{"v": "12345678901234567.01"}]
