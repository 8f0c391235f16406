"""Build: only a warehouse whose every test passed is published; faults leave the old file and a working next build."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from conftest import Run
from synthetic import dbt_project, extraction

from ingest.loading.store import write_extraction
from publish.building.build import docs_of
from publish.building.parsed_project import PREFIX
from publish.building.versions import versions_of

Start = Callable[..., subprocess.Popen[str]]
OLD = b"the old file"
FAILING = "select document_id, 12.50::decimal(18, 2) as difference from {{ ref('dim_document') }}"


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """A place with a published file; what is in it does not matter to a build."""
    path = tmp_path / "warehouse" / "kommunlager.duckdb"
    path.parent.mkdir()
    path.write_bytes(OLD)
    return path


def _beside(warehouse: Path) -> list[Path]:
    """What stands in the warehouse's folder, but for the parsed project, which any build may leave."""
    return sorted(path for path in warehouse.parent.iterdir() if not path.name.startswith(PREFIX))


def _arguments(extracted: Path, project: Path, warehouse: Path) -> list[object]:
    return ["build", "--extracted", extracted, "--project", project, "--database", warehouse]


def _assert_old_file_and_nothing_else(warehouse: Path) -> None:
    assert warehouse.read_bytes() == OLD
    assert _beside(warehouse) == [warehouse]


@contextmanager
def _opened(database: Path, read_only: bool) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the database open."""
    holder = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == 'True'); "
        "print('open', flush=True); sys.stdin.readline(); "
        "print(c.sql('select count(*) from raw.document').fetchone()[0], flush=True)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(database), str(read_only)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        yield process
        process.kill()


def _wait_for_dbt(process: subprocess.Popen[str], warehouse: Path) -> None:
    """Until dbt works on the staged file: its log is there and the load's connection is closed."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        if list(warehouse.parent.glob(".build-*/target/run")):
            return
        time.sleep(0.05)
    raise AssertionError("dbt never began")


def test_a_build_is_published_whole(extracted: Path, project: Path, warehouse: Path, run: Run) -> None:
    result = run(*_arguments(extracted, project, warehouse))
    assert result.returncode == 0, result.stderr
    assert _beside(warehouse) == [warehouse, docs_of(warehouse), versions_of(warehouse)]
    page = (docs_of(warehouse) / "index.html").read_text(encoding="utf-8")
    assert re.search(r"table_cell</a></td><td>\d+</td><td>0<", page)
    assert not re.search(r'(src|href)="https?://(?!greatexpectations.io)', page)
    with duckdb.connect(warehouse, read_only=True) as connection:
        assert connection.execute("select count(*) from marts.dim_document").fetchone() == (2,)
    for words in ("Documents       2", "marts.dim_document", "agrees", "4 passed", str(warehouse), "kommunlager sql"):
        assert words in result.stdout
    assert result.stderr == ""
    # dbt leaves nothing in the project, nor in the folder the command was started in.
    assert sorted(path.name for path in project.iterdir()) == [
        "dbt_project.yml", "macros", "models", "profiles.yml", "tests",
    ]  # fmt: skip


def test_the_folder_is_made_and_a_second_build_replaces_the_first(
    extracted: Path, project: Path, tmp_path: Path, run: Run
) -> None:
    warehouse = tmp_path / "new" / "k.duckdb"
    assert run(*_arguments(extracted, project, warehouse)).returncode == 0
    write_extraction(extraction("tredjeby_namnden_2024"), extracted)
    assert run(*_arguments(extracted, project, warehouse)).returncode == 0
    with duckdb.connect(warehouse, read_only=True) as connection:
        assert connection.execute("select count(*) from raw.document").fetchone() == (3,)


@pytest.mark.parametrize("severity", ["error", "warn"])
def test_a_failed_test_shows_its_rows_and_publishes_nothing(
    extracted: Path, tmp_path: Path, warehouse: Path, run: Run, severity: str
) -> None:
    project = dbt_project(tmp_path / "project", "{{ config(severity='" + severity + "') }}" + FAILING)
    result = run(*_arguments(extracted, project, warehouse))
    assert result.returncode == 1
    assert "documents_are_named (tests/documents_are_named.sql): " in result.stderr
    assert "testby_namnden_2024       12.50" in result.stderr
    assert result.stdout == ""
    _assert_old_file_and_nothing_else(warehouse)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("select nope from {{ ref('dim_document') }}", 'Referenced column "nope" not found'),
        ("select 1 from {{ ref('nope') }}", "depends on a node named 'nope'"),
        ("select {{ nope( }}", "documents_are_named"),
    ],
)
def test_a_broken_model_is_named(extracted: Path, tmp_path: Path, warehouse: Path, run: Run, query: str, words: str) -> None:
    result = run(*_arguments(extracted, dbt_project(tmp_path / "project", query), warehouse))
    assert result.returncode == 1
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    _assert_old_file_and_nothing_else(warehouse)


def test_a_failed_gate_names_its_rows(extracted: Path, project: Path, warehouse: Path, run: Run) -> None:
    cells = extracted / "testby_namnden_2024" / "cells.csv"
    cells.write_text(cells.read_text(encoding="utf-8").replace(",tkr,", ",kkr,", 1), encoding="utf-8")
    result = run(*_arguments(extracted, project, warehouse))
    assert result.returncode == 1
    assert "testby_namnden_2024, table 1, row 1, column 1, line 11: unit is 'kkr'" in result.stderr
    _assert_old_file_and_nothing_else(warehouse)


def test_a_damaged_file_is_named_with_its_line(extracted: Path, project: Path, warehouse: Path, run: Run) -> None:
    cells = extracted / "testby_namnden_2024" / "cells.csv"
    cells.write_bytes(cells.read_bytes()[:-20])
    result = run(*_arguments(extracted, project, warehouse))
    assert result.returncode == 1
    assert f"{cells}, line 5: " in result.stderr
    _assert_old_file_and_nothing_else(warehouse)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_the_old_file_and_no_temporaries(
    extracted: Path, tmp_path: Path, warehouse: Path, start: Start, number: signal.Signals, code: int
) -> None:
    process = start(*_arguments(extracted, dbt_project(tmp_path / "project", slow=True), warehouse))
    _wait_for_dbt(process, warehouse)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == code
    assert stderr == ("Interrupted: nothing was changed.\n" if number == signal.SIGINT else "")
    _assert_old_file_and_nothing_else(warehouse)


def _runs(pid: str) -> bool:
    """Whether a process is there and no zombie that nobody has asked for."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="the build's children are looked up in Linux's /proc")
def test_a_killed_build_leaves_the_old_file_and_the_next_one_cleans_up(
    extracted: Path, tmp_path: Path, project: Path, warehouse: Path, start: Start, run: Run
) -> None:
    process = start(*_arguments(extracted, dbt_project(tmp_path / "slow", slow=True), warehouse))
    _wait_for_dbt(process, warehouse)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 30
    while any(_runs(child) for child in children):
        assert time.monotonic() < deadline, "dbt outlives the build that started it"
        time.sleep(0.05)
    assert warehouse.read_bytes() == OLD
    assert list(warehouse.parent.glob(".build-*"))
    result = run(*_arguments(extracted, project, warehouse))
    assert result.returncode == 0, result.stderr
    assert _beside(warehouse) == [warehouse, docs_of(warehouse), versions_of(warehouse)]
    assert warehouse.read_bytes() != OLD


def test_a_second_build_beside_a_running_one_is_refused(
    extracted: Path, tmp_path: Path, project: Path, warehouse: Path, start: Start, run: Run
) -> None:
    process = start(*_arguments(extracted, dbt_project(tmp_path / "slow", slow=True), warehouse))
    _wait_for_dbt(process, warehouse)
    result = run(*_arguments(extracted, project, warehouse))
    assert result.returncode == 1
    assert f"another run is at work here (build, process {process.pid} on " in result.stderr
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    _assert_old_file_and_nothing_else(warehouse)


def test_a_reader_keeps_the_old_file_and_does_not_stop_a_build(extracted: Path, project: Path, warehouse: Path, run: Run) -> None:
    assert run(*_arguments(extracted, project, warehouse)).returncode == 0
    write_extraction(extraction("tredjeby_namnden_2024"), extracted)
    with _opened(warehouse, read_only=True) as reader:
        assert run(*_arguments(extracted, project, warehouse)).returncode == 0
        assert reader.stdin
        assert reader.stdout
        reader.stdin.write("count\n")
        reader.stdin.flush()
        assert reader.stdout.readline() == "2\n"
    with duckdb.connect(warehouse, read_only=True) as connection:
        assert connection.execute("select count(*) from raw.document").fetchone() == (3,)


def test_a_warehouse_open_for_writing_is_not_replaced(extracted: Path, project: Path, warehouse: Path, run: Run) -> None:
    warehouse.unlink()
    with _opened(warehouse, read_only=False):
        before = warehouse.read_bytes()
        result = run(*_arguments(extracted, project, warehouse))
        assert result.returncode == 1
        assert f"{warehouse}: another process has it open for writing" in result.stderr
        assert warehouse.read_bytes() == before


def test_the_log_of_the_old_file_is_not_replayed_into_the_new_one(
    extracted: Path, project: Path, warehouse: Path, run: Run
) -> None:
    warehouse.unlink()
    writer = "import duckdb, sys, os; c = duckdb.connect(sys.argv[1]); c.sql('create table old (i int)'); os._exit(1)"
    subprocess.run([sys.executable, "-c", writer, str(warehouse)], check=False)
    assert Path(f"{warehouse}.wal").exists()
    assert run(*_arguments(extracted, project, warehouse)).returncode == 0
    assert _beside(warehouse) == [warehouse, docs_of(warehouse), versions_of(warehouse)]
    with duckdb.connect(warehouse, read_only=True) as connection:
        assert connection.execute("select count(*) from duckdb_tables() where table_name = 'old'").fetchone() == (0,)


def test_a_read_only_folder_is_told(
    extracted: Path, project: Path, warehouse: Path, run: Run, read_only: Callable[[Path], None]
) -> None:
    read_only(warehouse.parent)
    result = run(*_arguments(extracted, project, warehouse))
    assert result.returncode == 1
    assert f"{warehouse}: it cannot be written or opened" in result.stderr
    assert "Traceback" not in result.stderr
    _assert_old_file_and_nothing_else(warehouse)


def test_a_full_disk_is_told(extracted: Path, project: Path, tiny_disk: Path, run: Run) -> None:
    warehouse = tiny_disk / "kommunlager.duckdb"
    warehouse.write_bytes(OLD)
    (project / "models" / "large.sql").write_text("select md5(range::varchar) as text from range(2000000)\n")
    result = run(*_arguments(extracted, project, warehouse))
    assert result.returncode == 1
    assert "model large (models/large.sql): error" in result.stderr
    assert "What to do: free some space on the disk" in result.stderr
    assert "Traceback" not in result.stderr
    _assert_old_file_and_nothing_else(warehouse)


def test_a_folder_without_dbt_project_is_told(extracted: Path, tmp_path: Path, warehouse: Path, run: Run) -> None:
    result = run(*_arguments(extracted, tmp_path, warehouse))
    assert result.returncode == 1
    assert "there is no dbt_project.yml" in result.stderr
    _assert_old_file_and_nothing_else(warehouse)


def test_ids_are_packed(real_warehouse: Path) -> None:
    """Of cells and checks, in marts and raw (macros/packed_ids.sql): the macro's name is all that binds it to dbt."""
    with duckdb.connect(real_warehouse, read_only=True) as connection:
        ids = connection.execute(
            """select schema_name, table_name, column_name
            from duckdb_columns() join duckdb_tables() using (schema_name, table_name)
            where schema_name in ('raw', 'marts') and data_type = 'VARCHAR' and estimated_size > 0
            and (column_name like '%cell_id' or column_name in ('check_id', 'statement_id'))"""
        ).fetchall()
        packed = {
            (schema, table, column): {
                name
                for (name,) in connection.execute(
                    "select compression from pragma_storage_info(?) where column_name = ? and segment_type = 'VARCHAR'",
                    [f"{schema}.{table}", column],
                ).fetchall()
            }
            for schema, table, column in ids
        }
    assert len(packed) > 15
    assert [place for place, how in packed.items() if how != {"ZSTD"}] == []
