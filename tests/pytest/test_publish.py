"""Publishing: one step, versions that can be gone back to and compared, readers who notice nothing, faults at any moment."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import duckdb
import publish_process
import pytest
from conftest import Run
from publish_process import VARIANTS, publish, staged_warehouse, variant_of
from small_warehouse import DOCUMENT

from ingest.errors import WarehouseError
from ingest.loading.database import open_for_reading
from publish.building.audit import audit
from publish.building.build import BuildError, _build_failure, _child_failure, staging_folder
from publish.building.content_hash import content_hash, mart_contents, row_hash
from publish.building.diff import diff
from publish.building.lock import HOLDER, exclusive
from publish.building.meta import read_record
from publish.building.versions import find_version, list_versions, publish_file, rollback, rolled_back_inputs, versions_of

KILLS = int(os.environ.get("KOMMUNLAGER_KILLS", "8"))
"""How often the publishing process is killed; `make faults` asks for more."""


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """A published warehouse of variant 0."""
    path = tmp_path / "w" / "k.duckdb"
    publish(path, 0)
    return path


def _hash(path: Path) -> str:
    with open_for_reading(path) as connection:
        return content_hash(mart_contents(connection))


def test_the_last_versions_are_kept_and_the_published_one_is_marked(warehouse: Path) -> None:
    for variant in (1, 2, 3):
        publish(warehouse, variant, keep=3)
    kept = list_versions(warehouse)
    assert [variant_of(version.path) for version in kept] == [3, 2, 1]
    assert [version.is_current for version in kept] == [True, False, False]
    assert kept[0].path.samefile(warehouse)
    assert sorted(path.name for path in warehouse.parent.iterdir()) == ["k.duckdb", "k_versions"]


def test_a_rollback_publishes_an_older_version_and_is_remembered(warehouse: Path, run: Run) -> None:
    publish(warehouse, 1)
    rejected = read_record(warehouse).inputs
    assert rejected is not None
    result = run("rollback", "--database", warehouse)
    assert result.returncode == 0, result.stderr
    assert variant_of(warehouse) == 0
    assert rolled_back_inputs(warehouse) == {rejected.hash}
    listed = json.loads(run("versions", "--json", "--database", warehouse).stdout)
    assert [version["is_current"] for version in listed] == [False, True]
    # Forth again, by the beginning of its content's hash.
    assert run("rollback", listed[0]["content_hash"][:8], "--database", warehouse).returncode == 0
    assert variant_of(warehouse) == 1
    shown = run("versions", "--database", warehouse).stdout.splitlines()
    assert shown[2].startswith("published")
    again = run("rollback", "current", "--database", warehouse)
    assert again.returncode == 1
    assert "is the published version" in again.stderr


def test_a_version_that_was_changed_is_not_published_again(warehouse: Path) -> None:
    publish(warehouse, 1)
    old = list_versions(warehouse)[1]
    with duckdb.connect(old.path) as connection:
        connection.execute("update marts.fct_cost set cost_sek = 99")
    with staging_folder(warehouse.parent) as staging, pytest.raises(WarehouseError, match="the file was changed"):
        rollback(warehouse, old.name, staging)
    assert variant_of(warehouse) == 1


def test_a_version_that_another_duckdb_hashed_is_published_again(warehouse: Path) -> None:
    """Its hash cannot be made again; of a version from before the column was there, who made it is not known."""
    for change in ("update meta.build set hashed_by = 'duckdb 0.1'", "alter table meta.build drop column hashed_by"):
        publish(warehouse, 1)
        old = list_versions(warehouse)[1]
        with duckdb.connect(old.path) as connection:
            connection.execute("update meta.build set content_hash = 'of another kind'")
            connection.execute(change)
        assert read_record(old.path).content_hash == "of another kind"
        with staging_folder(warehouse.parent) as staging:
            rollback(warehouse, old.name, staging)
        assert variant_of(warehouse) == 0


def test_every_two_rows_that_differ_have_hashes_that_differ() -> None:
    """Null, '', control characters, lists and neighbours: the sum for one row alone is its hash."""
    domains = {
        "n integer": "null, 0, 1, -1",
        "a varchar": "null, '', 'a', 'ab', 'b', chr(0), chr(1), chr(255)",
        "b varchar": "null, '', 'a', 'ab', 'b', chr(0), chr(1), chr(255)",
        "l varchar[]": "null, [], [null], [''], ['a'], ['a', 'b'], ['b', 'a'], ['ab'], ['a', null], [null, 'a']",
        "d decimal(18, 4)": "null, 0, 0.0001, -1",
    }
    with duckdb.connect() as connection:
        rows = ", ".join(
            f"(select unnest([{values}]::{column.partition(' ')[2]}[]) as {column[0]})" for column, values in domains.items()
        )
        hashed = row_hash([(column[0], column.partition(" ")[2].upper()) for column in domains])
        query = f"select count(*), count(distinct {hashed}) from {rows}"
        rows_in_all, hashes = connection.execute(query).fetchone() or (0, 0)
        assert rows_in_all == hashes == 4 * 8 * 8 * 10 * 4
        # Twice the same row is not once; and no order matters.
        connection.execute("create schema marts")
        sums = []
        for values in ("(1, 'a')", "(1, 'a'), (1, 'a')", "(1, 'a'), (2, null)", "(2, null), (1, 'a')"):
            connection.execute(f"create or replace table marts.m as select * from (values {values}) as v(n, t)")
            sums.append(content_hash(mart_contents(connection)))
        assert len(set(sums)) == 3
        assert sums[2] == sums[3]


def test_a_damaged_version_is_listed_and_not_published(warehouse: Path) -> None:
    publish(warehouse, 1)
    old = list_versions(warehouse)[1]
    old.path.write_bytes(b"rubbish")
    assert list_versions(warehouse)[1].content_hash == "damaged"
    with staging_folder(warehouse.parent) as staging, pytest.raises(WarehouseError, match="damaged"):
        rollback(warehouse, old.name, staging)


def test_versions_are_copied_where_there_are_no_hard_links(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no links here")

    shutil.rmtree(versions_of(warehouse))
    monkeypatch.setattr(os, "link", refuse)
    publish(warehouse, 1)
    kept = list_versions(warehouse)
    assert [(variant_of(version.path), version.is_current) for version in kept] == [(1, True), (0, False)]
    with staging_folder(warehouse.parent) as staging:
        rollback(warehouse, "previous", staging)
    assert variant_of(warehouse) == 0


def test_an_unknown_or_ambiguous_version_is_told(warehouse: Path) -> None:
    publish(warehouse, 1)
    with pytest.raises(WarehouseError, match="there is no such version"):
        find_version(warehouse, "nope")
    with pytest.raises(WarehouseError, match="several versions begin so"):
        find_version(warehouse, "2026")


def test_diff_tells_what_was_added_removed_and_changed_by_the_grain(warehouse: Path, tmp_path: Path, run: Run) -> None:
    other = staged_warehouse(tmp_path, 0, "other.duckdb")
    with duckdb.connect(other) as connection:
        connection.execute("delete from marts.fct_cost where year = 2023")
        connection.execute("insert into marts.fct_cost (year, municipality, cost_sek) values (2026, 'Provby', 5)")
        connection.execute("update marts.fct_cost set days = null, big = 7 where year = 2024")
        connection.execute("update marts.reconciliation set status = 'rounding' where check_id = 'b'")
        connection.execute("alter table marts.empty add column m integer")
        connection.execute("create table marts.fresh as select 1 as n")
    found = json.loads(run("diff", "current", other, "--json", "--database", warehouse).stdout)
    marts = {mart["mart"]: mart for mart in found["marts"]}
    assert set(marts) == {"fct_cost", "reconciliation", "empty", "fresh"}
    cost = marts["fct_cost"]
    assert (cost["old_rows"], cost["new_rows"], cost["added"], cost["removed"], cost["changed"]) == (3, 3, 1, 1, 1)
    assert cost["added_rows"] == [{"year": 2026, "municipality": "Provby"}]
    assert cost["removed_rows"] == [{"year": 2023, "municipality": "Provby"}]
    assert cost["changed_rows"] == [
        {
            "key": {"year": 2024, "municipality": "Provby"},
            "values": {"big": [170141183460469231731, 7], "days": [1234, None]},
        }
    ]
    # A mart without a known grain: whole rows come and go.
    assert (marts["reconciliation"]["added"], marts["reconciliation"]["removed"]) == (1, 1)
    assert marts["empty"]["columns_added"] == ["m"]
    assert marts["fresh"]["old_rows"] is None
    shown = run("diff", "current", other, "--database", warehouse).stdout
    assert "~ year=2024, municipality=Provby\n      big: 170141183460469231731 -> 7\n      days: 1234 -> null" in shown
    assert "+ year=2026, municipality=Provby" in shown
    limited = run("diff", "current", other, "--rows", "0", "--database", warehouse).stdout
    assert "+ ... and 1 more" in limited


def test_the_same_file_has_no_differences(warehouse: Path, tmp_path: Path) -> None:
    assert diff(warehouse, warehouse).marts == []
    same = staged_warehouse(tmp_path, 0, "same.duckdb")
    assert diff(warehouse, same).marts == []
    assert "the same" in diff(warehouse, same).describe()


def test_the_content_hash_is_of_values_not_of_files(warehouse: Path, tmp_path: Path) -> None:
    same = staged_warehouse(tmp_path, 0, "same.duckdb")
    assert _hash(same) == _hash(warehouse) == read_record(same).recorded_hash
    changes = {
        "other order": ("create or replace table marts.fct_cost as from marts.fct_cost order by year desc", True),
        "null for empty": ("update marts.fct_cost set value_text = '' where year = 2023", False),
        "one öre": ("update marts.fct_cost set cost_sek = cost_sek + 0.01 where year = 2023", False),
        "a row twice": ("insert into marts.fct_cost from marts.fct_cost where year = 2023", False),
        "two rows' values exchanged": (
            "update marts.fct_cost set year = 4048 - year where year in (2023, 2025)",
            False,
        ),
        "other type": ("alter table marts.fct_cost alter days type bigint", False),
        "a column's name": ("alter table marts.empty rename n to m", False),
        "an empty mart gone": ("drop table marts.empty", False),
    }
    for number, (words, (statement, is_same)) in enumerate(changes.items()):
        other = staged_warehouse(tmp_path, 0, f"{number}.duckdb")
        with duckdb.connect(other) as connection:
            connection.execute(statement)
        assert (_hash(other) == _hash(warehouse)) is is_same, words


def test_the_audit_finds_what_is_not_as_it_was_built(tmp_path: Path) -> None:
    faults = {
        "was to be loaded and is not there": "delete from raw.document",
        "failures": "update raw.load_check set passed = false",
        "unexplained": "update marts.reconciliation set status = null where check_id = 'a'",
        "do not have the hash": "update marts.fct_cost set cost_sek = 1",
        "there are no marts": "drop schema marts cascade",
    }
    good = staged_warehouse(tmp_path, 0, "good.duckdb")
    audit(good, ["provby_namnden_2024"])
    with pytest.raises(WarehouseError, match="is there and was not to be loaded"):
        audit(good, [])
    for number, (words, statement) in enumerate(faults.items()):
        bad = staged_warehouse(tmp_path, 0, f"{number}.duckdb")
        with duckdb.connect(bad) as connection:
            connection.execute(statement)
        with pytest.raises(WarehouseError, match=words):
            audit(bad, ["provby_namnden_2024"])


def test_failing_rows_name_their_documents(tmp_path: Path) -> None:
    staged = staged_warehouse(tmp_path, 0)
    other = {"name": "x", "kind": "test", "file": "x.sql", "status": "fail", "description": "", "message": "Got 1 result"}
    cell = f"{DOCUMENT}/1/1/1"

    def failure(*queries: str, **facts: object) -> BuildError:
        failures = [{**other, "compiled": query, **facts} for query in queries]
        return _build_failure({"passed": 5, "skipped": 1, "failures": failures}, staged)

    for named in (
        f"select '{DOCUMENT}' as document_id, 12.5 as wrong",
        f"select '{cell}' as cell_id, 12.5 as wrong",
        f"select ['{cell}', 'other/1/1/1'] as cell_ids, 12.5 as wrong",
    ):
        error = failure(named)
        assert error.is_of_the_data
        assert list(error.documents) == [DOCUMENT]
        assert "12.5" in error.documents[DOCUMENT]
    assert failure("select 1 as wrong").documents == {}
    for words in ("IO Error: No space left on device", "Out of Memory Error: failed to allocate"):
        assert not failure("select 1 as wrong", message=words).is_of_the_data
    assert failure(f"select '{DOCUMENT}' as document_id", status="error").documents == {}
    assert "cannot be shown" in str(failure("select nope"))


def test_a_step_that_found_no_room_for_its_last_words_has_them_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "load.log"
    log.touch()
    assert "without a word" in _child_failure("the load", log)
    assert "free some space" not in _child_failure("the load", log)
    monkeypatch.setattr("publish.building.build.shutil.disk_usage", lambda _: SimpleNamespace(free=0))
    assert "free some space" in _child_failure("the load", log)


def test_reading_is_closed_and_stays_closed(warehouse: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("secret\n1\n", encoding="utf-8")
    with open_for_reading(warehouse) as connection:
        for query in (
            f"select * from read_csv('{tmp_path}/secret.csv')",
            f"copy (select 1) to '{tmp_path}/out.csv'",
            f"attach '{tmp_path}/other.duckdb'",
            "set enable_external_access = true",
            "set lock_configuration = false",
            "install httpfs",
            "delete from marts.fct_cost",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(query)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret.csv", "w"]


def test_whoever_is_refused_is_told_who_holds_the_lock(warehouse: Path, run: Run) -> None:
    with exclusive(warehouse.parent, "a test's run"):
        publish(warehouse.parent / "elsewhere" / "k.duckdb", 1)
        result = run("rollback", "--database", warehouse)
    assert result.returncode == 1
    assert f"(a test's run, process {os.getpid()} on " in result.stderr
    assert " since 20" in result.stderr
    assert not (warehouse.parent / HOLDER).exists()
    assert variant_of(warehouse) == 0


def test_the_lock_of_a_killed_run_is_free_though_its_worker_lives(tmp_path: Path) -> None:
    holder = (
        "import os, sys, time; from pathlib import Path; from publish.building.lock import exclusive\n"
        "with exclusive(Path(sys.argv[1]), 'x'):\n"
        # The child says it itself: by then it has let go, which the parent cannot know.
        "    if not os.fork(): print(os.getpid(), flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", holder, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        child = int(process.stdout.readline())
        process.kill()
        process.wait()
        try:
            os.kill(child, 0)
            with exclusive(tmp_path, "the next"):
                pass
        finally:
            os.kill(child, 9)


def test_eight_readers_notice_nothing_of_twenty_publishes(warehouse: Path, tmp_path: Path) -> None:
    staged = [staged_warehouse(tmp_path, variant, f"{variant}.duckdb") for variant in range(1, 21)]
    context = multiprocessing.get_context("spawn")
    stop, results = context.Event(), context.Queue()
    readers = [context.Process(target=publish_process.read, args=(str(warehouse), stop, results), daemon=True) for _ in range(8)]
    for reader in readers:
        reader.start()
    for _ in readers:
        assert results.get(timeout=60) == "reading"
    # And one that has it open all the time.
    with duckdb.connect(warehouse, read_only=True) as patient:
        for file in staged:
            publish_file(file, warehouse, keep=3)
        assert patient.execute("select distinct cost_sek::int from marts.fct_cost").fetchall() == [(0,)]
    stop.set()
    told = [results.get(timeout=60) for _ in readers]
    for reader in readers:
        reader.join(30)
    assert [error for error, _, _ in told if error] == []
    # They read while it happened, and what was published last is what is opened last.
    assert len(set.union(*(seen for _, seen, _ in told))) > 2
    assert all(last == 20 for _, _, last in told)


def test_killed_at_any_moment_publishing_leaves_a_whole_version(warehouse: Path) -> None:
    """The published file opens, and is what was published before or after; so is every version; and the next publish succeeds."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(publish_process.__file__).parent), *sys.path])}
    chance = random.Random(KILLS)
    before = 0
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, publish_process.__file__, str(warehouse), str(before + 1)],
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        ) as process:
            assert process.stdout
            process.stdout.readline()
            # Some publishes long: each takes a tenth of a second or less.
            time.sleep(chance.uniform(0.0, 0.4))
            process.kill()
            told = [int(line) for line in process.stdout.read().split()]
        last = told[-1] if told else before
        found = variant_of(warehouse)
        assert found in (last, (last + 1) % VARIANTS)
        audit(warehouse, ["provby_namnden_2024"])
        for version in list_versions(warehouse):
            assert version.content_hash == _hash(version.path)
        before = found
    publish(warehouse, 50)
    assert variant_of(warehouse) == 50
    assert sorted(path.name for path in warehouse.parent.iterdir()) == ["k.duckdb", "k_versions"]


def test_on_a_full_disk_publishing_leaves_a_whole_version(tiny_disk: Path) -> None:
    warehouse = tiny_disk / "k.duckdb"
    publish(warehouse, 0)
    ballast = tiny_disk / "ballast"
    refused = 0
    for number, free in enumerate(range(0, 6_000_000, 500_000), 1):
        ballast.write_bytes(b"x" * max(0, shutil.disk_usage(tiny_disk).free - free))
        before = variant_of(warehouse)
        try:
            publish(warehouse, number, keep=1)
            assert variant_of(warehouse) == number
        except (WarehouseError, duckdb.Error, OSError):
            refused += 1
            assert variant_of(warehouse) == before
        audit(warehouse, ["provby_namnden_2024"])
        ballast.unlink()
    assert refused > 0
    publish(warehouse, 50)
    assert variant_of(warehouse) == 50
