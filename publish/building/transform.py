"""dbt in processes of its own: `python -m publish.building.transform PROJECT_DIR WORK_DIR PARSED [--rules-proved]`.

    parse ── (the word `build`) ── seeds and models ──┬── tests ──┬── finished
                                                      └── tests ──┘

PARSED is the file that keeps the parsed project (publish.building.parsed_project). With --rules-proved there are no unit tests:
they hold the rules against rows of their own, and have passed for the very same rules.

Processes of their own, because dbt keeps the database file open and takes signals its own way, because it can parse the
project while the load still runs, and because its work per test is Python's: two processes that only read the finished tables
share the tests. They are forked with the parsed project in hand. It says how it goes in one JSON object per line on standard
output, each with an `event` (parsed | total | node | finished). Everything dbt itself prints goes to standard error. The
profile reads the database's path from KOMMUNLAGER_DATABASE.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from publish.building.dbt_command import ParseError, arguments, invoke, make_quick, parsed_project

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

PASSED = frozenset({"success", "pass", "no-op"})

WORK_OF_UNIT_TEST = 8
"""As much as so many tests of data, where there is little data: dbt writes each of its rows into a query."""

MODELS = ("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")


@dataclass(frozen=True)
class Share:
    """Tests that one process runs: what dbt is asked for, and the same as nodes of the parsed project."""

    selection: Sequence[str]
    tests: Sequence[Any]

    @property
    def command(self) -> list[str]:
        # The target `tests` opens the database for reading only (profiles.yml): any number of processes can.
        return ["test", "--target", "tests", "--indirect-selection", "empty", "--select", *self.selection]


# What dbt is asked to do, and its exit: whether all went well, and the nodes' results as plain data.
Outcome = tuple[bool, list[dict[str, Any]]]


def main() -> int:
    """Run the protocol above; exit 0 only when every model and test passed."""
    project, work, parsed = (Path(argument) for argument in sys.argv[1:4])
    rules_proved = "--rules-proved" in sys.argv[4:]
    # What dbt prints must not mix with the protocol.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return _run(project, work, parsed, rules_proved, channel)


def _run(project: Path, work: Path, kept: Path, rules_proved: bool, channel: TextIO) -> int:
    def say(event: str, **facts: Any) -> None:
        print(json.dumps({"event": event, **facts}), file=channel, flush=True)

    beginning = time.perf_counter()
    make_quick()
    asked_with = [*arguments(project, work), "--no-write-json"]
    try:
        manifest = parsed_project(kept, asked_with, work)
    except ParseError as error:
        say("finished", failures=[_problem("dbt project", "error", str(error))], passed=0, skipped=0)
        return 1
    # What each process would begin with is done once, and while the load still runs: it opens no database.
    invoke(["list", "--target", "lint", "--select", "path:seeds", *asked_with], manifest)
    say("parsed", seconds=round(time.perf_counter() - beginning, 3))

    if sys.stdin.readline().strip() != "build":
        return 1
    shares = _shares(manifest, rules_proved)
    # Before this process has threads, which do not survive a fork.
    modeller, *testers = [
        _Worker([*command, *asked_with], manifest, say) for command in (MODELS, *(share.command for share in shares))
    ]
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    tests = [[set(test.depends_on.nodes) for test in share.tests] for share in shares]
    untested = sum(node.resource_type != "test" for node in manifest.nodes.values()) + len(manifest.exposures)
    say("total", nodes=untested + sum(map(len, tests)))
    modeller.start()
    success, results = modeller.outcome()
    # What a failed model would have made cannot be tested.
    missing = {result["id"]: result["name"] for result in results if result["status"] not in PASSED}
    skipped = sum(bool(needs & set(missing)) for share in tests for needs in share)
    # Where dbt failed without naming a model (it has no id), nothing is.
    started = [
        tester
        for tester, share in zip(testers, tests, strict=True)
        if "" not in missing and any(not needs & set(missing) for needs in share)
    ]
    for tester in started:
        tester.start(*(["--exclude", *(f"{name}+" for name in missing.values())] if missing else []))
    for tester in started:
        tested, more = tester.outcome()
        success &= tested
        results += more
    failures = [result for result in results if result["status"] not in PASSED and result["status"] != "skipped"]
    if not success and not failures:
        failures = [_problem("dbt build", "error", "it failed without naming a node")]
    say(
        "finished",
        failures=failures,
        passed=sum(result["status"] in PASSED for result in results),
        skipped=skipped + sum(result["status"] == "skipped" for result in results),
        slowest=[[result["name"], result["seconds"]] for result in sorted(results, key=lambda r: -r["seconds"])[:5]],
        lineage=_lineage(manifest),
        grains=_grains(manifest),
    )
    return 0 if success else 1


def _shares(manifest: Manifest, rules_proved: bool) -> list[Share]:
    """The tests in two shares of about the same work, by the folders they stand in."""
    tests = [node for node in manifest.nodes.values() if node.resource_type == "test"]
    folders: dict[str, list[Any]] = {}
    for test in [*tests, *([] if rules_proved else manifest.unit_tests.values())]:
        folders.setdefault(str(Path(test.original_file_path).parent), []).append(test)
    work = {
        folder: sum(WORK_OF_UNIT_TEST if test.resource_type == "unit_test" else 1 for test in folders[folder])
        for folder in folders
    }
    shares: tuple[list[str], ...] = ([], [])
    for folder in sorted(folders, key=lambda folder: (-work[folder], folder)):
        min(shares, key=lambda share: sum(work[folder] for folder in share)).append(folder)
    kind = "test_type:data," if rules_proved else ""
    return [
        Share([f"{kind}path:{folder}" for folder in share], [test for folder in share for test in folders[folder]])
        for share in shares
        if share
    ]


def _invoke(command: Sequence[str], manifest: Manifest, say: Callable[..., None]) -> Outcome:
    """Let dbt run a command on the parsed project; each finished node is said."""

    def count(message: Any) -> None:
        if message.info.name == "NodeFinished":
            say("node", name=message.data.node_info.node_name)

    outcome = invoke(command, manifest, [count])
    results = [_result(result) for result in getattr(outcome.result, "results", None) or []]
    if outcome.exception is not None and not results:
        results = [_problem(f"dbt {command[0]}", "error", str(outcome.exception))]
    return outcome.success, results


class _Worker:
    """A process that waits for its word and then lets dbt run one command; at its end it has left the database."""

    def __init__(self, command: Sequence[str], manifest: Manifest, say: Callable[..., None]):
        self._connection, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("fork").Process(
            target=self._run, args=(command, manifest, say, theirs), daemon=True
        )
        self._process.start()
        theirs.close()

    def _run(self, command: Sequence[str], manifest: Manifest, say: Callable[..., None], theirs: Connection) -> None:
        self._connection.close()
        threading.Thread(target=_end_with_the_forking_process, daemon=True).start()
        theirs.send(_invoke([*command, *theirs.recv()], manifest, say))

    def start(self, *selection: str) -> None:
        """Give the word, and what it runs of its command's nodes."""
        self._connection.send(selection)

    def outcome(self) -> Outcome:
        """What dbt said, or that the process died."""
        try:
            outcome = cast("Outcome", self._connection.recv())
        except EOFError:
            outcome = False, [_problem("dbt", "error", "its process ended without a word (killed, or out of memory?)")]
        self._process.join()
        return outcome


def _end_with_the_forking_process() -> None:
    parent = multiprocessing.parent_process()
    assert parent
    wait([parent.sentinel])
    os._exit(1)


def _lineage(manifest: Manifest) -> list[list[str]]:
    """Each model and each table it is made from, as schema.name."""
    made_from = {**manifest.sources, **manifest.nodes}
    return sorted(
        [f"{node.schema}.{node.name}", f"{made_from[parent].schema}.{made_from[parent].name}"]
        for node in manifest.nodes.values()
        if node.resource_type == "model"
        for parent in node.depends_on.nodes
        if parent in made_from
    )


def _grains(manifest: Manifest) -> dict[str, list[str]]:
    """Of each mart the columns that say what one row is: those of its test unique_grain that is about all rows."""
    grains: dict[str, list[str]] = {}
    for node in manifest.nodes.values():
        about = getattr(node, "test_metadata", None)
        tested = manifest.nodes.get(getattr(node, "attached_node", None) or "")
        is_grain = about is not None and about.name == "unique_grain" and not node.config.get("where")
        if about is not None and is_grain and tested is not None and tested.schema == "marts":
            grains[tested.name] = list(about.kwargs["columns"])
    return grains


def _end_with_the_parent() -> None:
    """The parent holds the other end of standard input: its end means that the parent was killed and nobody waits."""
    sys.stdin.read()
    os._exit(1)


def _result(result: Any) -> dict[str, Any]:
    node = result.node
    return {
        **_problem(node.name, str(result.status), str(result.message or "")),
        "id": node.unique_id,
        "kind": str(node.resource_type),
        "file": getattr(node, "original_file_path", None),
        "description": getattr(node, "description", "") or "",
        "compiled": getattr(node, "compiled_code", None),
        "seconds": round(result.execution_time, 3),
    }


def _problem(name: str, status: str, message: str) -> dict[str, Any]:
    return {
        "id": "",
        "name": name,
        "status": status,
        "message": message,
        "kind": "",
        "file": None,
        "description": "",
        "compiled": None,
        "seconds": 0.0,
    }


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # At once: nothing is open any more, and to free all that dbt has made takes half a second.
    os._exit(code)
