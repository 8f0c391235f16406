"""Build: extracted report data -> a new warehouse file, which takes the old one's place when every test has passed.

    load + gate  (process 1) ──┐
    dbt parse    (process 2) ──┴─> dbt build (process 2) ──> checkpoint, fsync, os.replace

All of it happens in a temporary folder beside the warehouse (the same file system, so that the replacement is one
step). The work is done by two child processes, so that GX's import and dbt's parsing share the time and a signal ends
them at once. The parent holds a lock on the warehouse's folder: a second build refuses, and what a killed build left
behind is known to be rubbish.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from ingest.errors import KommunlagerError, WarehouseError
from ingest.loading.database import explain, open_for_writing, wal_of
from publish.output import as_table
from publish.status import Status, read_status

STAGING_PREFIX = ".build-"
DOCS = "load_docs"
ROWS_SHOWN = 10

# What the caller is told while it waits: what is going on, nodes done, nodes in all (0: not known).
Note = Callable[[str, int, int], None]


class BuildError(KommunlagerError):
    """The build failed; the published warehouse is as it was."""


@dataclass(frozen=True)
class BuildResult:
    """A published build: what the warehouse holds, what dbt ran, and the seconds of each part."""

    status: Status
    nodes_passed: int
    seconds: dict[str, float]
    slowest: list[tuple[str, float]]


def build(
    folders: Sequence[Path],
    warehouse: Path,
    project: Path,
    note: Note = lambda _text, _done, _total: None,
    snapshots: Path | None = None,
) -> BuildResult:
    """Build the warehouse from the extracted documents in `folders` with the dbt project `project`.

    Key figures come from the newest snapshot of Kolada below `snapshots` (default: the project's).
    Raises KommunlagerError with the failing rows when anything fails; `warehouse` is then the file it was.
    """
    started = time.perf_counter()
    warehouse = warehouse.resolve()
    if not (project / "dbt_project.yml").is_file():
        raise BuildError(
            f"{project}: there is no dbt_project.yml.\n  What to do: run from a checkout, or name it with --project."
        )
    if warehouse.is_dir():
        raise WarehouseError(f"{warehouse}: is a folder.\n  What to do: name a file.")
    _refuse_open_writer(warehouse)
    with _staging_folder(warehouse) as staging:
        # The same name as the published file: DuckDB names the catalog after it, and views refer to it.
        staged = staging / warehouse.name
        seconds, finished = _load_and_transform(folders, snapshots, staged, project, staging, note)
        note("publishing", 0, 0)
        publishing = time.perf_counter()
        _keep_lineage(finished["lineage"], staged)
        status = read_status(staged)
        _publish(staged, warehouse)
        _publish_docs(staging / DOCS, docs_of(warehouse))
        seconds["publish"] = time.perf_counter() - publishing
    seconds["total"] = time.perf_counter() - started
    return BuildResult(
        status=Status(**{**status.as_dict(), "warehouse": str(warehouse)}),
        nodes_passed=finished["passed"],
        seconds={name: round(value, 2) for name, value in seconds.items()},
        slowest=[(name, value) for name, value in finished["slowest"]],
    )


def _load_and_transform(
    folders: Sequence[Path], snapshots: Path | None, staged: Path, project: Path, staging: Path, note: Note
) -> tuple[dict[str, float], dict[str, Any]]:
    """Run both children; returns the seconds of the parts and dbt's last word."""
    load_log, dbt_log = staging / "load.log", staging / "dbt.log"
    environment = {**os.environ, "KOMMUNLAGER_DATABASE": str(staged)}
    started = time.perf_counter()
    arguments = ["--quiet", "load", "--json", "--database", staged, "--docs", staging / DOCS]
    arguments += [] if snapshots is None else ["--kolada", snapshots.resolve()]
    loading = _python("publish.cli", *arguments, *[f.resolve() for f in folders])
    transforming = _python("publish.transform", project.resolve(), staging)
    with (
        _child(loading, staging, environment, load_log) as loader,
        _child(transforming, staging, environment, dbt_log) as transformer,
    ):
        note("loading and checking the extracted reports", 0, 0)
        answer = loader.communicate()[0]
        if loader.returncode != 0:
            raise BuildError(_child_failure("the load", load_log))
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
        raise BuildError(_describe_failures(event, staged))
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
    said = said.removeprefix("Error: ") + _disk_hint(said)
    return f"{name} failed; the published warehouse is as it was.\n{_indent(said)}"


def _describe_failures(finished: dict[str, Any], staged: Path) -> str:
    failures = finished["failures"]
    count = finished["passed"] + finished["skipped"] + len(failures)
    head = f"dbt: {len(failures)} of {count} models and tests failed" if count > len(failures) else "dbt failed"
    skipped = f", {finished['skipped']} skipped because of them" if finished["skipped"] else ""
    blocks = [f"{head}{skipped}; the published warehouse is as it was."]
    for failure in failures:
        file = f" ({failure['file']})" if failure["file"] else ""
        lines = [f"{failure['kind']} {failure['name']}{file}: {failure['status']}".strip()]
        if failure["description"]:
            lines.append(" ".join(failure["description"].split()))
        if failure["message"]:
            lines.append(failure["message"].strip())
        if failure["kind"] == "test" and failure["compiled"] and failure["status"] != "error":
            lines.append(_failing_rows(failure["compiled"], staged))
        blocks.append(_indent("\n".join(lines)) + _disk_hint(failure["message"]))
    return "\n\n".join(blocks)


def _failing_rows(compiled: str, staged: Path) -> str:
    """dbt prints only a count: run the failed test's query again and show its rows."""
    query = f"select * from (\n{compiled.strip().rstrip(';')}\n) as failing limit {ROWS_SHOWN + 1}"
    try:
        with duckdb.connect(staged, read_only=True) as connection:
            result = connection.execute(query)
            columns = [column[0] for column in result.description or []]
            rows = result.fetchall()
    except duckdb.Error as error:
        return f"(the failing rows cannot be shown: {error})"
    more = f"\n... and more: the first {ROWS_SHOWN} are shown" if len(rows) > ROWS_SHOWN else ""
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
def _staging_folder(warehouse: Path) -> Iterator[Path]:
    """A temporary folder beside the warehouse, removed at the end; one build at a time."""
    folder = warehouse.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise explain(error, warehouse) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for stale in folder.glob(f"{STAGING_PREFIX}*"):
            shutil.rmtree(stale, ignore_errors=True)
        staging = Path(tempfile.mkdtemp(prefix=STAGING_PREFIX, dir=folder))
        try:
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except BlockingIOError:
        raise WarehouseError(
            f"{folder}: another build is running here.\n  What to do: wait until it has ended, or stop it."
        ) from None
    except OSError as error:
        raise explain(error, warehouse) from error
    finally:
        os.close(lock)


def _refuse_open_writer(warehouse: Path) -> None:
    """A process that writes the old file would leave its log beside the new one; readers just keep the old file.

    DuckDB's writers hold an exclusive lock on the file and its readers a shared one, so a shared one can be had beside
    readers.
    """
    if not warehouse.exists():
        return
    try:
        with warehouse.open("rb") as file:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        raise WarehouseError(
            f"{warehouse}: another process has it open for writing.\n"
            "  What to do: close that program (or its connection) and run again."
        ) from None
    except OSError as error:
        raise explain(error, warehouse) from error


def _keep_lineage(lineage: list[list[str]], staged: Path) -> None:
    """Have the warehouse say what each model is made from: `kommunlager trace` shows it where no dbt is at hand."""
    with open_for_writing(staged) as connection:
        connection.execute("create schema meta")
        connection.execute("create table meta.model_parent (model varchar not null, parent varchar not null)")
        connection.execute("comment on table meta.model_parent is 'One row per model and table it is made from, as schema.name.'")
        if lineage:
            connection.executemany("insert into meta.model_parent values (?, ?)", lineage)


def _publish(staged: Path, warehouse: Path) -> None:
    """Put the finished file into the warehouse's place, in one step and for good."""
    with open_for_writing(staged) as connection:
        connection.execute("checkpoint")
    if wal_of(staged).exists():
        raise BuildError(f"{staged}: DuckDB left a log behind; nothing was published.\n  What to do: run the build again.")
    _refuse_open_writer(warehouse)
    _sync(staged)
    # A log of the old file (a program that was killed while writing) must not be replayed into the new one.
    wal_of(warehouse).unlink(missing_ok=True)
    os.replace(staged, warehouse)
    _sync(warehouse.parent)


def docs_of(warehouse: Path) -> Path:
    """The folder of the load gate's pages beside a warehouse."""
    return warehouse.with_name(f"{warehouse.stem}_{DOCS}")


def _publish_docs(staged: Path, docs: Path) -> None:
    """Put the gate's pages beside the warehouse; two renames, between which the old ones are kept in the staging folder."""
    if docs.exists():
        docs.rename(staged.with_name("old_docs"))
    staged.rename(docs)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
