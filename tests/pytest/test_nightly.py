"""The nightly run: what is new is taken in, what fails is put aside and told, what is known costs nothing."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import Run as Command
from nights import arguments, deliver, settings
from small_warehouse import small_warehouse

import publish.night.nightly as module
from ingest.errors import KommunlagerError
from ingest.loading.store import read_extraction
from publish.answers.status import read_status
from publish.building.build import BuildError, BuildResult, Plan, locked, rules_are_proved, staging_folder
from publish.building.inputs import Inputs
from publish.building.lock import exclusive
from publish.building.meta import read_record, write_meta
from publish.building.parsed_project import keep_parsed, parsed_file_of, read_parsed
from publish.building.versions import publish_file, rollback
from publish.night.after_publish import AFTER_PUBLISH
from publish.night.nightly import Settings, describe, nightly
from publish.paths import PROJECT_DIR


class StandIn:
    """Builds in the place of dbt: a small warehouse of the plan's inputs, or a failure that tests ask for."""

    def __init__(self) -> None:
        self.plans: list[Plan] = []
        self.failures: list[BuildError | Exception] = []
        self.guilty_value = "-666"

    def __call__(self, plan: Plan, _note: object, keep: int, incremental: bool, run_log: Any) -> BuildResult:
        self.plans.append(plan)
        if self.failures:
            raise self.failures.pop(0)
        values = {folder.name: str(read_extraction(folder).cells[0].value) for folder in plan.folders}
        guilty = {name: "printed 666" for name, value in values.items() if value == self.guilty_value}
        if guilty:
            raise BuildError("1 of 2 tests failed", "build", guilty, is_of_the_data=True)
        with staging_folder(plan.warehouse.parent) as staging:
            staged = small_warehouse(staging / plan.warehouse.name)
            with duckdb.connect(staged) as connection:
                connection.execute("drop schema meta cascade; create or replace table marts.coverage as select 1 as n")
                for report in plan.missing:
                    connection.execute(
                        "insert into raw.missing_report values (?, ?, ?, ?, ?, ?, ?, ?)", list(vars(report).values())
                    )
                connection.execute("create table marts.printed (document_id varchar, value varchar)")
                connection.executemany("insert into marts.printed values (?, ?)", sorted(values.items()))
                rows = run_log({"load: read": 0.5, "load: gate": 1.0, "dbt build": 2.0})
                built_at = datetime.now(UTC).replace(tzinfo=None)
                hashed = write_meta(connection, built_at, plan.inputs(), [], {"printed": ["document_id"]}, rows)
            status = read_status(staged)
            publish_file(staged, plan.warehouse, keep)
        return BuildResult(status, hashed, len(values), 2, {"audit": 0.1, "publish": 0.1}, [])


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """No dbt, no gate, no exports: the run's own decisions are what these tests are about."""
    builder = StandIn()
    monkeypatch.setattr(module, "build_locked", builder)
    monkeypatch.setattr(module, "AFTER_PUBLISH", ())
    return builder


def _printed(warehouse: Path) -> dict[str, str]:
    with closing(duckdb.connect(warehouse, read_only=True)) as connection:
        return dict(connection.execute("from marts.printed").fetchall())


def _files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def test_new_reports_are_taken_in_and_known_ones_left_alone(tmp_path: Path, stand_in: StandIn) -> None:
    chosen = settings(tmp_path)
    first = nightly(chosen)
    assert (first.outcome, first.exit_code, first.published) == ("published", 0, True)
    assert first.counts == {"delivered": 2, "unchanged": 0, "new": 2, "changed": 0, "missing": 0}
    assert _printed(chosen.warehouse) == {"provby_namnden_2024": "-1234", "testby_namnden_2024": "-1234"}
    assert _files(chosen.extracted) == {"provby_namnden_2024", "testby_namnden_2024"}
    second = nightly(chosen)
    assert (second.outcome, second.exit_code, second.published) == ("no news", 0, False)
    assert [step for step, *_ in second.steps] == ["deliver", "compare"]
    deliver(chosen.reports, "testby_namnden_2024", "-5")
    deliver(chosen.reports, "nyby_namnden_2024", "-7")
    third = nightly(chosen)
    assert third.counts == {"delivered": 3, "unchanged": 1, "new": 1, "changed": 1, "missing": 0}
    assert third.news == ["2 new or changed: nyby_namnden_2024, testby_namnden_2024"]
    assert third.changes == "printed +1 -0 ~1"
    assert len(stand_in.plans) == 2


def test_a_report_that_cannot_be_read_is_put_aside_and_the_rest_goes_on(tmp_path: Path, stand_in: StandIn) -> None:
    chosen = settings(tmp_path)
    deliver(chosen.reports, "trasigby_namnden_2024", broken=True)
    (chosen.reports / "alingsas_socialnamnden_delarsbokslut_2025-08.txt").write_text("bara ord\n", encoding="utf-8")
    (chosen.reports / "länk.txt").symlink_to("/etc/hostname")
    os.mkfifo(chosen.reports / "rör.txt")
    first = nightly(chosen)
    assert (first.outcome, first.exit_code, first.published) == ("reports missing", 3, True)
    missing = {report.file_name: report for report in first.missing}
    assert set(missing) == {
        "trasigby_namnden_2024", "alingsas_socialnamnden_delarsbokslut_2025-08.txt", "länk.txt", "rör.txt",
    }  # fmt: skip
    assert missing["alingsas_socialnamnden_delarsbokslut_2025-08.txt"].municipality_code == "1489"
    assert "symbolic link" in missing["länk.txt"].reason
    assert "unit" in missing["trasigby_namnden_2024"].reason
    quarantine = chosen.state / "quarantine"
    assert "kkr" in (quarantine / "trasigby_namnden_2024" / "celler.csv").read_text(encoding="utf-8-sig")
    assert "Failed at:    extract" in (quarantine / "länk.txt" / "reason.txt").read_text(encoding="utf-8")
    # The warehouse says it too, and `status` shows it.
    assert {row["file_name"] for row in read_status(chosen.warehouse).missing_reports} == set(missing)
    assert "4 missing" in read_status(chosen.warehouse).describe()
    # On the next night nobody is told again, and nothing is tried again that can only fail again.
    second = nightly(chosen)
    assert (second.outcome, second.exit_code, second.published, second.newly_missing) == ("reports missing", 3, False, [])
    # A mended one is taken in, and leaves the quarantine; one that is taken away is missing no more.
    deliver(chosen.reports, "trasigby_namnden_2024")
    for name in ("länk.txt", "rör.txt"):
        (chosen.reports / name).unlink()
    third = nightly(chosen)
    assert [report.file_name for report in third.missing] == ["alingsas_socialnamnden_delarsbokslut_2025-08.txt"]
    assert _files(quarantine) == {"alingsas_socialnamnden_delarsbokslut_2025-08.txt"}
    assert "trasigby_namnden_2024" in _printed(chosen.warehouse)


def test_a_report_that_fails_the_build_is_put_aside_and_its_earlier_version_stays(tmp_path: Path, stand_in: StandIn) -> None:
    chosen = settings(tmp_path)
    nightly(chosen)
    deliver(chosen.reports, "testby_namnden_2024", "-666")
    deliver(chosen.reports, "nyby_namnden_2024", "-7")
    run = nightly(chosen)
    assert run.exit_code == 3
    assert _printed(chosen.warehouse) == {
        "nyby_namnden_2024": "-7", "provby_namnden_2024": "-1234", "testby_namnden_2024": "-1234",
    }  # fmt: skip
    (report,) = run.missing
    assert (report.step, report.reason, report.is_earlier_version_held) == ("build", "printed 666", True)
    built = len(stand_in.plans)
    assert nightly(chosen).published is False
    assert len(stand_in.plans) == built
    # Taken out of the quarantine it is tried again, here in vain.
    shutil.rmtree(chosen.state / "quarantine" / "testby_namnden_2024")
    assert nightly(chosen).exit_code == 3
    assert len(stand_in.plans) == built + 1
    assert (chosen.state / "quarantine" / "testby_namnden_2024").is_dir()
    # What the failure depends on has changed: it is tried again.
    stand_in.guilty_value = ""
    model = chosen.project / "models" / "dim_document.sql"
    model.write_text(model.read_text() + "-- mended\n")
    assert nightly(chosen).exit_code == 0
    assert _printed(chosen.warehouse)["testby_namnden_2024"] == "-666"


def test_a_failure_that_names_no_report_is_the_new_ones_or_nobodys(tmp_path: Path, stand_in: StandIn) -> None:
    chosen = settings(tmp_path)
    stand_in.failures = [BuildError("the models are wrong", is_of_the_data=True)]
    first = nightly(chosen)
    assert (first.outcome, first.exit_code, first.problem) == ("failed", 1, "the models are wrong")
    assert not chosen.warehouse.exists()
    assert _files(chosen.extracted) == set()
    assert nightly(chosen).exit_code == 0
    deliver(chosen.reports, "nyby_namnden_2024", "-7")
    stand_in.failures = [BuildError("the disk is full")]
    assert nightly(chosen).exit_code == 1
    assert not (chosen.state / "quarantine" / "nyby_namnden_2024").exists()
    stand_in.failures = [BuildError("a number is too large", is_of_the_data=True)]
    second = nightly(chosen)
    assert [report.file_name for report in second.missing] == ["nyby_namnden_2024"]
    assert "a number is too large" in second.missing[0].reason
    assert second.published
    # The models changed as well: then it may be they.
    deliver(chosen.reports, "nyby_namnden_2024", "-8")
    (chosen.project / "models" / "dim_document.sql").write_text("select 1 as document_id\n")
    stand_in.failures = [BuildError("no such column", is_of_the_data=True)]
    before = chosen.warehouse.read_bytes()
    assert nightly(chosen).exit_code == 1
    assert chosen.warehouse.read_bytes() == before


def test_the_same_document_twice_is_taken_from_neither(tmp_path: Path, stand_in: StandIn) -> None:
    chosen = settings(tmp_path)
    nightly(chosen)
    shutil.copytree(chosen.reports / "provby_namnden_2024", chosen.reports / "a" / "copy")
    deliver(chosen.reports, "nyby_namnden_2024")
    shutil.copytree(chosen.reports / "nyby_namnden_2024", chosen.reports / "a" / "other")
    run = nightly(chosen)
    assert [report.file_name for report in run.missing] == ["a/copy", "a/other", "nyby_namnden_2024"]
    assert all("are the same document" in report.reason for report in run.missing)
    assert set(_printed(chosen.warehouse)) == {"provby_namnden_2024", "testby_namnden_2024"}


def test_what_was_rolled_back_is_held_back_until_something_changes(tmp_path: Path, stand_in: StandIn) -> None:
    chosen = settings(tmp_path)
    nightly(chosen)
    deliver(chosen.reports, "testby_namnden_2024", "-5")
    nightly(chosen)
    with locked(chosen.warehouse, "test"), staging_folder(chosen.warehouse.parent) as staging:
        rollback(chosen.warehouse, "previous", staging)
    assert _printed(chosen.warehouse)["testby_namnden_2024"] == "-1234"
    held = nightly(chosen)
    assert (held.outcome, held.exit_code, held.published) == ("held back", 0, False)
    deliver(chosen.reports, "testby_namnden_2024", "-6")
    assert nightly(chosen).published
    assert _printed(chosen.warehouse)["testby_namnden_2024"] == "-6"


@pytest.mark.parametrize("fault", [KommunlagerError("no space\n  What to do: make some."), ValueError("a bug")])
def test_a_step_after_publishing_that_fails_is_told_and_made_up_for(
    tmp_path: Path, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    made: list[str] = []
    faults = [fault]

    def pages(_warehouse: Path, _project: Path) -> None:
        if faults:
            raise faults.pop()
        made.append("pages")

    monkeypatch.setattr(module, "AFTER_PUBLISH", (("pages", pages), ("lists", lambda *_: made.append("lists"))))
    chosen = settings(tmp_path)
    first = nightly(chosen)
    assert (first.outcome, first.exit_code, first.published) == ("step failed", 5, True)
    assert str(fault).splitlines()[0] in first.failed_steps["pages"]
    assert made == ["lists"]
    assert nightly(chosen).exit_code == 0
    assert nightly(chosen).exit_code == 0
    assert made == ["lists", "pages"]


def test_the_log_is_in_the_warehouse_on_disk_and_in_words(tmp_path: Path, stand_in: StandIn) -> None:
    chosen = settings(tmp_path)
    log = chosen.state / "runs.jsonl"
    first = nightly(chosen)
    # A killed run leaves half a line, and no end.
    with log.open("ab") as file:
        file.write(b'{"run_id": "killed", "event": "started"}\n{"run_id": "killed", "event": "st')
    deliver(chosen.reports, "testby_namnden_2024", "-5")
    second = nightly(chosen)
    assert "(killed) ended without a word" in describe(second, chosen)
    events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    mine = [event for event in events if event["run_id"] == second.run_id]
    assert [mine[0]["event"], mine[-1]["event"], mine[-1]["outcome"]] == ["started", "ended", "published"]
    steps = [event["step"] for event in mine if event["event"] == "step"]
    assert steps == ["deliver", "extract", "compare", "load", "gate", "build", "reconcile", "audit", "publish"]
    with closing(duckdb.connect(chosen.warehouse, read_only=True)) as connection:
        rows = connection.execute("select run_id, step_no, step, seconds, outcome from meta.run_log").fetchall()
    assert {row[0] for row in rows} == {first.run_id, second.run_id}
    assert [row[2] for row in rows if row[0] == second.run_id] == ["deliver", "extract", "compare", "load", "gate", "build"]
    assert (chosen.state / "latest.txt").read_text(encoding="utf-8") == describe(second, chosen) + "\n"


def test_a_log_that_cannot_be_written_is_told_and_stops_nothing(tmp_path: Path, stand_in: StandIn) -> None:
    chosen = settings(tmp_path)
    (chosen.state / "runs.jsonl").mkdir(parents=True)
    run = nightly(chosen)
    assert run.published
    assert "the run log cannot be written" in describe(run, chosen)


SECRET = "https://hooks.example/T0K3N"


def test_the_hook_is_told_of_failures_and_nothing_is_told_of_the_hook(tmp_path: Path, stand_in: StandIn) -> None:
    facts, words = tmp_path / "facts.json", tmp_path / "words.txt"
    command = f'cat > {facts}; echo "$KOMMUNLAGER_OUTCOME $KOMMUNLAGER_EXIT_CODE" > {words}; echo {SECRET}; echo {SECRET} >&2'
    chosen = settings(tmp_path, hook=command)
    assert nightly(chosen).exit_code == 0
    assert not facts.exists()
    deliver(chosen.reports, "trasigby_namnden_2024", broken=True)
    run = nightly(chosen)
    assert words.read_text() == "reports missing 3\n"
    assert json.loads(facts.read_text(encoding="utf-8"))["newly_missing"] == ["trasigby_namnden_2024"]
    assert "the hook was called" in describe(run, chosen)
    facts.unlink()
    # It is missing still, and that is no news.
    assert nightly(chosen).exit_code == 3
    assert not facts.exists()
    for path in chosen.warehouse.parent.rglob("*"):
        assert path.is_dir() or b"T0K3N" not in path.read_bytes(), path


@pytest.mark.parametrize(("hook", "words"), [("exit 7", "the hook FAILED (exit code 7)"), ("sleep 30", "took longer than 1 s")])
def test_a_failing_hook_does_not_hide_how_the_run_ended(
    tmp_path: Path, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, hook: str, words: str
) -> None:
    monkeypatch.setattr("publish.night.hook.HOOK_SECONDS", 1)
    chosen = settings(tmp_path, hook=hook)
    stand_in.failures = [BuildError("the models are wrong")]
    run = nightly(chosen)
    assert (run.outcome, run.exit_code) == ("failed", 1)
    shown = describe(run, chosen)
    assert words in shown
    assert "the models are wrong" in shown
    assert (chosen.state / "latest.txt").read_text(encoding="utf-8") == shown + "\n"


def test_a_fault_of_the_program_and_a_signal_are_logged(tmp_path: Path, stand_in: StandIn) -> None:
    chosen = settings(tmp_path)
    stand_in.failures = [ZeroDivisionError("a bug")]
    run = nightly(chosen)
    assert run.exit_code == 1
    assert "ZeroDivisionError: a bug" in run.problem
    stand_in.failures = [SystemExit(143)]  # type: ignore[list-item]
    with pytest.raises(SystemExit):
        nightly(chosen)
    last = json.loads((chosen.state / "runs.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert (last["event"], last["problem"]) == ("ended", "stopped by a signal (SystemExit)")


def test_a_second_run_is_refused_and_names_the_first(tmp_path: Path, stand_in: StandIn) -> None:
    chosen = settings(tmp_path)
    chosen.warehouse.parent.mkdir()
    with exclusive(chosen.warehouse.parent, "nightly"):
        run = nightly(chosen)
    assert (run.outcome, run.exit_code) == ("locked", 4)
    assert f"nightly, process {os.getpid()} on " in run.problem


def test_a_drop_folder_that_is_read_only_or_not_there(tmp_path: Path, stand_in: StandIn) -> None:
    chosen = settings(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in chosen.reports.rglob("*")}
    for path in (*chosen.reports.rglob("*"), chosen.reports):
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    assert nightly(chosen).exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in chosen.reports.rglob("*")} == before
    for path in (chosen.reports, *chosen.reports.rglob("*")):
        path.chmod(path.stat().st_mode | stat.S_IWUSR)
    run = nightly(replace(chosen, reports=tmp_path / "nowhere"))
    assert (run.exit_code, "there is no such folder" in run.problem) == (1, True)


# -- with dbt and the gate ---------------------------------------------------------------------------------------------------


def _hash(chosen: Settings) -> str:
    return read_record(chosen.warehouse, verify=True).content_hash


@pytest.mark.xdist_group("nightly")
def test_increments_and_a_full_rebuild_give_the_same_marts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AFTER_PUBLISH", ())
    chosen = settings(tmp_path)
    first = nightly(chosen)
    assert first.exit_code == 0, first.problem
    assert first.build is not None
    assert first.build.loaded == 2
    deliver(chosen.reports, "testby_namnden_2024", "-5")
    second = nightly(chosen)
    assert second.exit_code == 0, second.problem
    assert second.build is not None
    assert second.build.loaded == 1  # the changed one; the others are carried over
    # The rules are the same: the unit test is not run again.
    assert first.build.nodes_passed - second.build.nodes_passed == 1
    loaded = _checks(chosen.warehouse)
    assert set(loaded) == {"provby_namnden_2024", "testby_namnden_2024"}
    incremental = _hash(chosen)
    anew = nightly(replace(chosen, warehouse=tmp_path / "anew" / "k.duckdb"))
    assert anew.build is not None
    assert (anew.build.loaded, anew.build.content_hash) == (2, incremental)
    assert anew.build.nodes_passed == first.build.nodes_passed
    assert _checks(tmp_path / "anew" / "k.duckdb") == loaded


def _checks(warehouse: Path) -> Mapping[str, int]:
    with closing(duckdb.connect(warehouse, read_only=True)) as connection:
        query = "select document_id, count(*) from raw.load_check where passed and document_id is not null group by all"
        return dict(connection.execute(query).fetchall())


@pytest.mark.parametrize("part", ["ingest", "publish", "packages", "models", "seeds"])
def test_a_changed_rule_or_program_has_to_prove_itself(part: str) -> None:
    before = Inputs({"a": "1"}, dict.fromkeys(["ingest", "publish", "packages", "models", "seeds", "kolada", "missing"], "same"))
    other_data = replace(before, documents={"b": "2"}, parts={**before.parts, "kolada": "new", "missing": "new"})
    assert rules_are_proved(other_data, before)
    assert not rules_are_proved(replace(other_data, parts={**other_data.parts, part: "new"}), before)
    assert not rules_are_proved(before, None)


def test_the_parsed_project_is_kept_for_the_next_build(tmp_path: Path, real_warehouse: Path) -> None:
    (kept,) = real_warehouse.parent.glob(".parsed-*")
    manifest = read_parsed(kept)
    assert manifest is not None
    assert "model.kommunlager.reconciliation" in manifest.nodes
    damaged = tmp_path / ".parsed-of_another_project.msgpack"
    damaged.write_bytes(kept.read_bytes()[:-100])
    assert read_parsed(damaged) is None
    assert read_parsed(tmp_path / ".parsed-none.msgpack") is None
    target = tmp_path / "target"
    target.mkdir()
    shutil.copyfile(kept, target / "partial_parse.msgpack")
    keep_parsed(tmp_path / kept.name, target)
    assert [path.name for path in tmp_path.glob(".parsed-*")] == [kept.name]
    parts = dict.fromkeys(["models", "seeds", "packages", "publish"], "same")
    places = {parsed_file_of(tmp_path / "k.duckdb", PROJECT_DIR, {**parts, changed: "new"}) for changed in parts}
    places |= {parsed_file_of(tmp_path / "k.duckdb", PROJECT_DIR, parts), parsed_file_of(tmp_path / "k.duckdb", tmp_path, parts)}
    assert len(places) == 6


@pytest.mark.xdist_group("nightly")
def test_a_night_without_news_needs_neither_dbt_nor_the_gate(tmp_path: Path, stand_in: StandIn) -> None:
    chosen = settings(tmp_path)
    nightly(chosen)
    record = read_record(chosen.warehouse)
    done = dict.fromkeys([name for name, _ in AFTER_PUBLISH], f"{record.built_at} {record.content_hash}")
    (chosen.state / "after_publish.json").write_text(json.dumps(done))
    script = (
        "import sys; from publish.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as ended: print(ended.code)\n"
        "print({'great_expectations', 'dbt', 'pandas'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments(chosen))], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-2:] == ["0", "set()"], result.stderr
    assert "nothing new, nothing done (exit code 0)" in result.stdout


def test_the_command_ends_with_the_outcomes_code(tmp_path: Path, run: Command) -> None:
    chosen = settings(tmp_path)
    shutil.rmtree(chosen.reports)
    result = run(*arguments(chosen))
    assert result.returncode == 1
    assert "there is no such folder" in result.stderr
    told = json.loads(run(*arguments(chosen), "--json").stdout)
    assert (told["outcome"], told["exit_code"]) == ("failed", 1)
    assert run("nightly").returncode == 2
