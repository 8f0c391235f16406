"""Build: extracted report data -> a new warehouse file, which takes the old one's place when every test has passed.

    load + gate  (process 1) ──┐
    dbt parse    (process 2) ──┴─> dbt build (process 2) ──> audit, checkpoint, fsync, os.replace

All of it happens in a temporary folder beside the warehouse (the same file system, so that the replacement is one
step). The work is done by two child processes, so that GX's import and dbt's parsing share the time and a signal ends
them at once. The parent holds a lock on the warehouse's folder: a second build refuses, and what a killed build left
behind is known to be rubbish.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from ingest.errors import KommunlagerError, WarehouseError
from ingest.kolada.snapshot import SNAPSHOTS, latest_snapshot
from ingest.loading.database import explain, open_for_reading, open_for_writing
from ingest.loading.exchange import exchange
from ingest.loading.missing import MissingReport
from publish.answers.status import Status, read_status
from publish.building.audit import audit
from publish.building.inputs import Fingerprints, Inputs, read_inputs
from publish.building.load_step import LoadJob
from publish.building.lock import exclusive
from publish.building.meta import read_record, write_meta
from publish.building.parsed_project import parsed_file_of
from publish.building.versions import KEEP, publish_file, refuse_open_writer
from publish.output import as_table

STAGING_PREFIX = ".build-"
PROGRAM, RULES = ("ingest", "publish", "packages"), ("models", "seeds")
"""The parts of a build's inputs that are the program, and those that are its rules."""
DOCS = "load_docs"
ROWS_SHOWN = 10
SPARE_BYTES = 8 * 2**20
"""With less room than this on the disk, a step that failed may have failed for want of it, and could not say so."""

_OF_THE_MACHINE = re.compile(r"no space left|out of memory|could not allocate|IO Error", re.IGNORECASE)

# What the caller is told while it waits: what is going on, nodes done, nodes in all (0: not known).
Note = Callable[[str, int, int], None]

# The rows of meta.run_log, asked for when the build is about to be published.
RunLog = Callable[[Mapping[str, float]], Sequence[Sequence[Any]]]


class BuildError(KommunlagerError):
    """The build failed; the published warehouse is as it was.

    `step` is where: gate or build. `documents` says what is wrong with each document that the failing rows name.
    `is_of_the_data`: what it was built from is at fault, not the machine (a full disk, too little memory, a process that was
    killed).
    """

    def __init__(
        self, message: str, step: str = "build", documents: Mapping[str, str] | None = None, is_of_the_data: bool = False
    ) -> None:
        super().__init__(message)
        self.step = step
        self.documents = dict(documents or {})
        self.is_of_the_data = is_of_the_data


@dataclass(frozen=True)
class Plan:
    """What a build is made of: documents' `folders`, the dbt `project`, Kolada's `snapshots`, the reports that are `missing`."""

    folders: Sequence[Path]
    warehouse: Path
    project: Path
    snapshots: Path = SNAPSHOTS
    missing: Sequence[MissingReport] = ()
    fingerprints: Fingerprints = field(default_factory=Fingerprints)

    def inputs(self) -> Inputs:
        """The fingerprints of all of it."""
        # Not when they were found missing: the same fault on another night is no news.
        missing = [[f"{value}" for name, value in vars(report).items() if name != "since"] for report in self.missing]
        return read_inputs(self.folders, self.project, latest_snapshot(self.snapshots), missing, self.fingerprints)


@dataclass(frozen=True)
class BuildResult:
    """A published build: what the warehouse holds, its marts' hash, what dbt ran, and the seconds of each part.

    `loaded` counts the documents that were read and checked; the others were carried over from the warehouse before.
    """

    status: Status
    content_hash: str
    loaded: int
    nodes_passed: int
    seconds: dict[str, float]
    slowest: list[tuple[str, float]]


def build(
    folders: Sequence[Path],
    warehouse: Path,
    project: Path,
    note: Note = lambda _text, _done, _total: None,
    snapshots: Path | None = None,
    keep: int = KEEP,
) -> BuildResult:
    """Build the warehouse from the extracted documents in `folders` with the dbt project `project`, everything anew.

    Key figures come from the newest snapshot of Kolada below `snapshots` (default: the project's). Of the published files the
    last `keep` are kept. Raises KommunlagerError with the failing rows when anything fails; `warehouse` is then the file it was.
    """
    warehouse = usable(warehouse, project)
    with locked(warehouse, "build"):
        return build_locked(Plan(folders, warehouse, project, snapshots or SNAPSHOTS), note, keep=keep)


def usable(warehouse: Path, project: Path) -> Path:
    """The warehouse's whole path; KommunlagerError where a build there, or of that project, could not even begin."""
    warehouse = warehouse.resolve()
    if not (project / "dbt_project.yml").is_file():
        raise BuildError(
            f"{project}: there is no dbt_project.yml.\n  What to do: run from a checkout, or name it with --project."
        )
    if warehouse.is_dir():
        raise WarehouseError(f"{warehouse}: is a folder.\n  What to do: name a file.")
    return warehouse


@contextmanager
def locked(warehouse: Path, what: str) -> Iterator[None]:
    """Work on a warehouse alone. What killed runs left is removed; system errors become WarehouseErrors."""
    folder = warehouse.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with exclusive(folder, what):
            for stale in folder.glob(f"{STAGING_PREFIX}*"):
                shutil.rmtree(stale, ignore_errors=True)
            yield
    except OSError as error:
        raise explain(error, warehouse) from error


def build_locked(
    plan: Plan, note: Note, keep: int = KEEP, incremental: bool = False, run_log: RunLog = lambda _: ()
) -> BuildResult:
    """Build and publish under the lock (see `build`).

    Where rules and program are those of the published warehouse, its unit tests hold. `incremental`: documents that it has
    loaded from the same files with the same program are taken from it, with the results of their checks.
    """
    started = time.perf_counter()
    warehouse = plan.warehouse
    refuse_open_writer(warehouse)
    inputs = plan.inputs()
    with staging_folder(warehouse.parent) as staging:
        # The same name as the published file: DuckDB names the catalog after it, and views refer to it.
        staged = staging / warehouse.name
        before = _inputs_before(plan)
        job = _load_job(plan, inputs, staged, staging / DOCS, before if incremental else None)
        parsed = parsed_file_of(warehouse, plan.project, inputs.parts)
        seconds, finished = _load_and_transform(job, plan.project, staging, parsed, rules_are_proved(inputs, before), note)
        note("auditing", 0, 0)
        auditing = time.perf_counter()
        built_at = datetime.now(UTC).replace(tzinfo=None)
        hashed = ""
        with open_for_writing(staged) as connection:
            rows = run_log(seconds)
            hashed = write_meta(connection, built_at, inputs, finished["lineage"], finished["grains"], rows)
        audit(staged, inputs.documents)
        status = read_status(staged)
        seconds["audit"] = time.perf_counter() - auditing
        note("publishing", 0, 0)
        publishing = time.perf_counter()
        publish_file(staged, warehouse, keep)
        _publish_docs(staging / DOCS, docs_of(warehouse))
        seconds["publish"] = time.perf_counter() - publishing
    seconds["total"] = time.perf_counter() - started
    return BuildResult(
        status=Status(**{**status.as_dict(), "warehouse": str(warehouse)}),
        content_hash=hashed,
        loaded=len(job.folders),
        nodes_passed=finished["passed"],
        seconds={name: round(value, 2) for name, value in seconds.items()},
        slowest=[(name, value) for name, value in finished["slowest"]],
    )


def _inputs_before(plan: Plan) -> Inputs | None:
    """What the published warehouse is made from; None where there is none that says it."""
    if not plan.warehouse.is_file():
        return None
    try:
        return read_record(plan.warehouse).inputs
    except WarehouseError:
        return None


def rules_are_proved(inputs: Inputs, before: Inputs | None) -> bool:
    """Whether rules and program are those of a published warehouse: the unit tests, which have rows of their own, then hold."""
    return before is not None and not {*PROGRAM, *RULES} & set(inputs.changed_parts(before))


def _load_job(plan: Plan, inputs: Inputs, staged: Path, docs: Path, before: Inputs | None) -> LoadJob:
    folders = [folder.resolve() for folder in plan.folders]
    # Other code may read or check otherwise, and key figures are loaded whole: then everything is loaded again.
    if before is None or {"ingest", "packages", "kolada"} & set(inputs.changed_parts(before)):
        return LoadJob(staged, folders, docs, plan.snapshots.resolve(), plan.missing)
    changed = set(inputs.changed_documents(before))
    kept = sorted(set(inputs.documents) - changed)
    return LoadJob(
        staged,
        [folder for folder in folders if folder.name in changed],
        docs,
        plan.snapshots.resolve(),
        plan.missing,
        plan.warehouse,
        kept,
    )


def _load_and_transform(
    job: LoadJob, project: Path, staging: Path, parsed: Path, rules_proved: bool, note: Note
) -> tuple[dict[str, float], dict[str, Any]]:
    """Run both children; returns the seconds of the parts and dbt's last word."""
    load_log, dbt_log = staging / "load.log", staging / "dbt.log"
    environment = {**os.environ, "KOMMUNLAGER_DATABASE": str(job.database)}
    started = time.perf_counter()
    loading = _python("publish.building.load_step")
    arguments = [project.resolve(), staging, parsed, *(["--rules-proved"] if rules_proved else [])]
    transforming = _python("publish.building.transform", *arguments)
    with (
        _child(loading, staging, environment, load_log) as loader,
        _child(transforming, staging, environment, dbt_log) as transformer,
    ):
        note("loading and checking the extracted reports", 0, 0)
        answer = loader.communicate(job.as_json() + "\n")[0]
        if loader.returncode != 0:
            wrong = json.loads(answer)["documents"] if answer.strip() else {}
            raise BuildError(_child_failure("the load", load_log), "gate", wrong, is_of_the_data=bool(wrong))
        seconds = {f"load: {part}": value for part, value in json.loads(answer)["seconds"].items()}
        loaded = time.perf_counter()
        seconds["load and gate"] = loaded - started

        note("reading the dbt project", 0, 0)
        assert transformer.stdin
        assert transformer.stdout
        events: Iterator[dict[str, Any]] = map(json.loads, transformer.stdout)
        event = next(events, {})
        if event.get("event") == "parsed":
            seconds["dbt parse (beside the load)"] = event["seconds"]
            seconds["waiting for dbt parse"] = time.perf_counter() - loaded
            building = time.perf_counter()
            # If it has died meanwhile, there are no more events and its log tells why.
            with suppress(BrokenPipeError):
                transformer.stdin.write("build\n")
                transformer.stdin.flush()
            done = total = 0
            for event in events:
                if event["event"] == "finished":
                    break
                total = event.get("nodes", total)
                done += event["event"] == "node"
                note("building and testing the models", done, total)
            transformer.wait()
            seconds["dbt build"] = time.perf_counter() - building
    if event.get("event") != "finished":
        raise BuildError(_child_failure("dbt", dbt_log))
    if event["failures"]:
        raise _build_failure(event, job.database)
    return seconds, event


def _python(module: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", module, *map(str, arguments)]


@contextmanager
def _child(command: list[str], cwd: Path, environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[str]]:
    """A child process that is gone when the block is left, however it is left.

    In a session of its own, so that the terminal's Ctrl-C reaches only the parent, which then ends it. It works only in
    the staging folder, so nothing is lost by killing it.
    """
    with log.open("w", encoding="utf-8") as errors:
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            if stream:
                stream.close()


def _child_failure(name: str, log: Path) -> str:
    said = log.read_text(encoding="utf-8", errors="replace").strip()
    said = "\n".join(said.splitlines()[-40:]) or "it ended without a word (killed, or out of memory?)"
    if shutil.disk_usage(log.parent).free < SPARE_BYTES and "free some space" not in said:
        said += "\nno space left on the disk"  # its last words may have found no room either
    said = said.removeprefix("Error: ") + _disk_hint(said)
    return f"{name} failed; the published warehouse is as it was.\n{_indent(said)}"


def _build_failure(finished: dict[str, Any], staged: Path) -> BuildError:
    """The failed models and tests with their rows, and the documents those rows name."""
    failures = finished["failures"]
    count = finished["passed"] + finished["skipped"] + len(failures)
    head = f"dbt: {len(failures)} of {count} models and tests failed" if count > len(failures) else "dbt failed"
    skipped = f", {finished['skipped']} skipped because of them" if finished["skipped"] else ""
    blocks = [f"{head}{skipped}; the published warehouse is as it was."]
    documents: dict[str, list[str]] = {}
    for failure in failures:
        file = f" ({failure['file']})" if failure["file"] else ""
        lines = [f"{failure['kind']} {failure['name']}{file}: {failure['status']}".strip()]
        if failure["description"]:
            lines.append(" ".join(failure["description"].split()))
        if failure["message"]:
            lines.append(failure["message"].strip())
        named: dict[str, str] = {}
        if failure["kind"] == "test" and failure["compiled"] and failure["status"] != "error":
            shown, named = _failing_rows(failure["compiled"], staged)
            lines.append(shown)
        for document_id, rows in named.items():
            documents.setdefault(document_id, []).append("\n".join([*lines[:-1], rows]))
        blocks.append(_indent("\n".join(lines)) + _disk_hint(failure["message"]))
    reasons = {document_id: "\n".join(said) for document_id, said in documents.items()}
    said = " ".join(failure["message"] for failure in failures)
    return BuildError("\n\n".join(blocks), "build", reasons, is_of_the_data=not _OF_THE_MACHINE.search(said))


def _failing_rows(compiled: str, staged: Path) -> tuple[str, dict[str, str]]:
    """dbt prints only a count: run the failed test's query again. Returns its rows, and those of each document they name."""
    query = f"select * from (\n{compiled.strip().rstrip(';')}\n) as failing"
    try:
        with open_for_reading(staged) as connection:
            result = connection.execute(query)
            columns = [column[0] for column in result.description or []]
            rows = result.fetchall()
            known = {name for (name,) in connection.execute("select document_id from raw.document").fetchall()}
    except (duckdb.Error, WarehouseError) as error:
        return f"(the failing rows cannot be shown: {error})", {}
    named: dict[str, list[tuple[Any, ...]]] = {}
    for row in rows:
        for document_id in _documents_of(columns, row) & known:
            named.setdefault(document_id, []).append(row)
    return _shown(columns, rows), {document_id: _shown(columns, some) for document_id, some in named.items()}


def _documents_of(columns: Sequence[str], row: Sequence[Any]) -> set[str]:
    """The documents a failing row names: in document_id, or at the beginning of the ids of cells, statements and checks."""
    found: set[str] = set()
    for column, value in zip(columns, row, strict=True):
        if column in ("document_id", "cell_id", "cell_ids", "statement_id", "check_id"):
            values = value if isinstance(value, list) else [value]
            found |= {str(part).split("/", 1)[0] for part in values if part is not None}
    return found


def _shown(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    more = f"\n... and {len(rows) - ROWS_SHOWN:,} more: the first {ROWS_SHOWN} are shown" if len(rows) > ROWS_SHOWN else ""
    shown = [dict(zip(columns, row, strict=True)) for row in rows[:ROWS_SHOWN]]
    # The rows for a seed are to be copied: whole, and below the table.
    to_copy = [text for row in shown if (text := row.pop("ledger_row", None))]
    columns = [column for column in columns if column != "ledger_row"]
    copies = "\nRows to copy, once the reason is known:\n" + "\n".join(to_copy) if to_copy else ""
    return as_table(columns, [list(row.values()) for row in shown], max_width=60) + more + copies


def _disk_hint(said: str) -> str:
    return "\n  What to do: free some space on the disk and run again." if "no space left" in said.lower() else ""


def _indent(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


@contextmanager
def staging_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder beside the warehouse, removed at the end; what is left by a killed run, `locked` removes."""
    staging = Path(tempfile.mkdtemp(prefix=STAGING_PREFIX, dir=folder))
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def docs_of(warehouse: Path) -> Path:
    """The folder of the load gate's pages beside a warehouse."""
    return warehouse.with_name(f"{warehouse.stem}_{DOCS}")


def _publish_docs(staged: Path, docs: Path) -> None:
    """Put the gate's pages beside the warehouse in one step; where nothing had to be checked, the old ones stay."""
    if not staged.is_dir():
        return
    if docs.exists():
        exchange(staged, docs)
    else:
        staged.rename(docs)
