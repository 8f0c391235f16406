"""Load: one transaction, the same data changes nothing, a corrected one is replaced whole, faults leave no trace."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from conftest import Run
from synthetic import cell, extraction

from ingest.errors import ExtractedDataError, GateError, WarehouseError
from ingest.loading import load as loading
from ingest.loading.database import open_for_reading, open_for_writing
from ingest.loading.load import load
from ingest.loading.store import extracted_folders, write_extraction

TABLES = ("document", "report_table", "report_column", "table_cell", "table_rule", "table_rule_term", "load_check")


def _rows(database: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(database, read_only=True) as connection:
        return connection.execute(query).fetchall()


def _everything(database: Path) -> dict[str, list[tuple[object, ...]]]:
    return {name: _rows(database, f"select * from raw.{name} order by all") for name in TABLES}


def test_load_keeps_every_value_exactly(extracted: Path, tmp_path: Path) -> None:
    database = tmp_path / "k.duckdb"
    result = load(extracted_folders(extracted), database)
    assert [(d.tables, d.cells, d.numbers, d.changed) for d in result.documents] == [(2, 4, 3, True)] * 2
    found = _rows(database, "select cell_id, value_text, value, table_title, column_label from raw.table_cell order by 1")
    assert found[:4] == [
        ("provby_namnden_2024/1/1/1", "-1 234", Decimal("-1234.0000"), "Driftredovisning", "Utfall 2024"),
        ("provby_namnden_2024/1/1/2", "-1 200,5", Decimal("-1200.5000"), "Driftredovisning", "Budget 2024"),
        ("provby_namnden_2024/1/2/1", "-", None, "Driftredovisning", "Utfall 2024"),
        ("provby_namnden_2024/1/2/2", "<166", Decimal("166.0000"), "Driftredovisning", "Budget 2024"),
    ]
    checks = _rows(database, "select count(*), bool_and(passed), count(distinct document_id) from raw.load_check")
    assert checks == [(result.checks, True, 2)]


def test_loading_the_same_data_again_changes_nothing(extracted: Path, tmp_path: Path) -> None:
    database = tmp_path / "k.duckdb"
    load(extracted_folders(extracted), database)
    before = database.read_bytes()
    again = load(extracted_folders(extracted), database)
    assert not any(document.changed for document in again.documents)
    assert database.read_bytes() == before


def test_a_corrected_document_replaces_its_rows_whole(extracted: Path, tmp_path: Path) -> None:
    database = tmp_path / "k.duckdb"
    load(extracted_folders(extracted), database)
    with duckdb.connect(database) as connection:
        connection.execute("update raw.load_check set loaded_at = timestamp '2000-01-01'")
    before = _everything(database)
    corrected = extraction("provby_namnden_2024")
    corrected = replace(
        corrected,
        tables=[corrected.tables[0]._replace(cell_count=2), corrected.tables[1]],
        cells=[cell(1, 1, "-1 235", "-1235"), corrected.cells[1]],
    )
    write_extraction(corrected, extracted)
    result = load(extracted_folders(extracted), database)
    assert [document.changed for document in result.documents] == [True, False]
    after = _everything(database)

    def of(rows: list[tuple[object, ...]], document_id: str) -> list[tuple[object, ...]]:
        return [row for row in rows if document_id in row]

    assert [row[8:10] for row in of(after["table_cell"], "provby_namnden_2024")] == [
        ("-1 235", Decimal("-1235.0000")),
        ("-1 200,5", Decimal("-1200.5000")),
    ]
    for name in TABLES:
        assert of(after[name], "testby_namnden_2024") == of(before[name], "testby_namnden_2024")
    checks = of(after["load_check"], "provby_namnden_2024")
    assert len(checks) == len(of(before["load_check"], "provby_namnden_2024"))
    assert all(str(row[0]) > "2001" for row in checks)


def test_a_failed_gate_leaves_the_database_as_it_was(extracted: Path, tmp_path: Path) -> None:
    database = tmp_path / "k.duckdb"
    load(extracted_folders(extracted), database)
    before = database.read_bytes()
    wrong = extraction("testby_namnden_2024")
    write_extraction(replace(wrong, cells=[wrong.cells[0]._replace(unit="kkr"), *wrong.cells[1:]]), extracted)
    with pytest.raises(GateError, match="testby_namnden_2024, table 1, row 1, column 1, line 11: unit is 'kkr'"):
        load(extracted_folders(extracted), database)
    assert database.read_bytes() == before
    new = tmp_path / "new" / "k.duckdb"
    with pytest.raises(GateError):
        load(extracted_folders(extracted), new)
    assert list(new.parent.iterdir()) == []


def test_two_folders_with_the_same_document_are_refused(extracted: Path, tmp_path: Path) -> None:
    other = write_extraction(extraction("provby_namnden_2024"), tmp_path / "other")
    with pytest.raises(ExtractedDataError, match="both hold document 'provby_namnden_2024'") as raised:
        load([*extracted_folders(extracted), other], tmp_path / "k.duckdb")
    assert str(other) in str(raised.value)
    assert str(extracted) in str(raised.value)


@pytest.mark.parametrize("text", ["99999999999999999999999", "1e30"])
def test_a_value_that_is_far_too_large_fails_the_gate(extracted: Path, tmp_path: Path, text: str) -> None:
    wrong = extraction("provby_namnden_2024")
    write_extraction(replace(wrong, cells=[wrong.cells[0]._replace(value=Decimal(text))]), extracted)
    with pytest.raises(GateError, match="does not fit decimal"):
        load(extracted_folders(extracted), tmp_path / "k.duckdb")


def test_a_number_that_is_no_integer_of_the_database_is_named(extracted: Path, tmp_path: Path) -> None:
    wrong = extraction("provby_namnden_2024")
    write_extraction(replace(wrong, cells=[wrong.cells[0]._replace(line_no=10**12)]), extracted)
    with pytest.raises(ExtractedDataError, match=r"provby_namnden_2024.*cell rows hold a number that is far too large"):
        load(extracted_folders(extracted), tmp_path / "k.duckdb")


def test_a_database_of_another_version_is_told(extracted: Path, tmp_path: Path) -> None:
    database = tmp_path / "k.duckdb"
    with duckdb.connect(database) as connection:
        connection.execute("create schema raw; create table raw.document (document_id varchar)")
    with pytest.raises(WarehouseError, match="other columns than this version"):
        load(extracted_folders(extracted), database)


def test_a_file_that_is_no_database_is_told(extracted: Path, tmp_path: Path) -> None:
    database = tmp_path / "k.duckdb"
    database.write_bytes(b"no database" * 1000)
    with pytest.raises(WarehouseError, match="no DuckDB database") as raised:
        load(extracted_folders(extracted), database)
    assert str(database) in str(raised.value)
    assert database.read_bytes() == b"no database" * 1000


def test_a_locked_database_is_told(extracted: Path, tmp_path: Path, run: Run) -> None:
    database = tmp_path / "k.duckdb"
    load(extracted_folders(extracted), database)
    holder = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        for command in (["load", "--extracted", extracted], ["status"], ["sql", "select 1"]):
            result = run(*command, "--database", database)
            assert result.returncode == 1
            assert f"{database}: another process has it open" in result.stderr
            assert "What to do" in result.stderr
            assert "Traceback" not in result.stderr
        process.kill()


def test_a_read_only_folder_is_told(extracted: Path, tmp_path: Path, run: Run, read_only: Callable[[Path], None]) -> None:
    database = tmp_path / "place" / "k.duckdb"
    load(extracted_folders(extracted)[:1], database)
    before = database.read_bytes()
    read_only(database.parent)
    database.parent.joinpath("k.duckdb")
    for target in (database, database.with_name("new.duckdb")):
        result = run("load", "--extracted", extracted, "--database", target)
        assert result.returncode == 1
        assert f"{target}: it cannot be written or opened" in result.stderr
        assert "Traceback" not in result.stderr
    assert database.read_bytes() == before


def test_a_full_disk_is_told(extracted: Path, tiny_disk: Path, run: Run) -> None:
    database = tiny_disk / "k.duckdb"
    load(extracted_folders(extracted)[:1], database)
    before = database.read_bytes()
    filler = tiny_disk / "filler"
    filler.write_bytes(b"0" * (shutil.disk_usage(tiny_disk).free - 2**20))
    for target in (database, database.with_name("new.duckdb")):
        result = run("load", "--extracted", extracted, "--database", target)
        assert result.returncode == 1
        assert "the disk is full" in result.stderr
        assert "Traceback" not in result.stderr
    assert database.read_bytes() == before
    assert sorted(tiny_disk.iterdir()) == [filler, database]
    filler.unlink()
    assert run("load", "--extracted", extracted, "--database", database).returncode == 0


def test_a_disk_that_is_full_before_the_rows_of_all_batches_are_there_is_told(
    extracted: Path, tiny_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "BATCH", 1)
    monkeypatch.setattr(loading, "FEW", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    database = tiny_disk / "k.duckdb"
    filler = tiny_disk / "filler"
    filler.write_bytes(b"0" * (shutil.disk_usage(tiny_disk).free - 30_000))
    with pytest.raises(WarehouseError, match="the disk is full"):
        load(extracted_folders(extracted), database)
    assert list(tiny_disk.iterdir()) == [filler]
    filler.unlink()
    assert len(load(extracted_folders(extracted), database).documents) == 2
    before = database.read_bytes()
    assert not any(document.changed for document in load(extracted_folders(extracted), database).documents)
    assert database.read_bytes() == before
    assert list(tiny_disk.iterdir()) == [database]


@pytest.mark.parametrize("said", [RuntimeError("Query interrupted"), duckdb.InterruptException("INTERRUPT Error: Interrupted!")])
def test_ctrl_c_while_duckdb_is_at_work_is_an_interruption(said: Exception, tmp_path: Path) -> None:
    """Whatever DuckDB makes of it, reading or writing; a new file is taken away again."""
    database = tmp_path / "k.duckdb"
    with pytest.raises(KeyboardInterrupt), open_for_writing(database):
        raise said
    assert not database.exists()
    duckdb.connect(database).close()
    with pytest.raises(KeyboardInterrupt), open_for_reading(database):
        raise said
    with pytest.raises(RuntimeError, match="something else"), open_for_reading(database):
        raise RuntimeError("something else")


def test_ctrl_c_leaves_the_database_as_it_was(
    extracted: Path, tmp_path: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    database = tmp_path / "k.duckdb"
    process = start("load", "--extracted", extracted, "--database", database)
    while not database.exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert process.stderr
    assert process.stderr.read() == "Interrupted: nothing was changed.\n"
    assert list(tmp_path.glob("k.duckdb*")) == []
