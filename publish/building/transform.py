"""dbt in processes of its own: `python -m publish.building.transform PROJECT_DIR WORK_DIR PARSED [--rules-proved]`.

    parse ── (the word `build`) ── seeds and models ──┬── tests of data ──┬── finished
                                                      └── unit tests ─────┘

PARSED is the file that keeps the parsed project (publish.building.parsed_project). With --rules-proved there are no unit tests:
they hold the rules against rows of their own, and have passed for the very same rules.

Processes of their own, because dbt keeps the database file open and takes signals its own way, because it can parse the
project while the load still runs, and because its work per test is Python's: two processes share the tests, forked with the
parsed project in hand. The one that made the models tests what it still has in memory. Unit tests need no data, only the
types of columns: theirs is a database with the same tables, all empty. Without unit tests, two that only read the finished
tables take half of the tests each.

It says how it goes in one JSON object per line on standard output, each with an `event` (parsed | total | node | finished).
Everything dbt itself prints goes to standard error. The profile reads the database's path from KOMMUNLAGER_DATABASE.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from publish.building.dbt_command import ParseError, arguments, copy_without_rows, invoke, make_quick, parsed_project

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

PASSED = frozenset({"success", "pass", "no-op"})

MODELS = ("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
# The target `tests` opens the database for reading only (profiles.yml): any number of processes can.
UNIT_TESTS = ("test", "--target", "tests", "--select", "test_type:unit")
TESTS = ("test", "--select", "test_type:data")
HALF_OF_TESTS = ("test", "--target", "tests", "--indirect-selection", "empty", "--select")

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
    # Before this process has threads, which do not survive a fork.
    builder, *testers = [_Worker(manifest, asked_with, say) for _ in range(3)]
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    tests = [node for node in manifest.nodes.values() if node.resource_type == "test"]
    unit_tests = [] if rules_proved else list(manifest.unit_tests.values())
    say("total", nodes=len(manifest.nodes) + len(manifest.exposures) + len(unit_tests))
    # The same name as the database's: DuckDB names the catalog after it, and the parsed project has that name.
    empty = work / "empty" / Path(os.environ["KOMMUNLAGER_DATABASE"]).name
    built = builder.start(MODELS, leave=empty if unit_tests else None).outcome()
    # What a failed model would have made cannot be tested. Where dbt failed without naming a model (it has no id), nothing is.
    missing = {result["id"]: result["name"] for result in built[1] if result["status"] not in PASSED}

    def testable(some: Sequence[Any]) -> list[Any]:
        return [test for test in some if "" not in missing and not set(test.depends_on.nodes) & set(missing)]

    outcomes = [built, *_test(builder, testers, testable(tests), testable(unit_tests), empty, missing.values())]
    for worker in (builder, *testers):
        worker.end()
    success = all(succeeded for succeeded, _ in outcomes)
    results = [result for _, some in outcomes for result in some]
    skipped = len(tests) + len(unit_tests) - len(testable(tests)) - len(testable(unit_tests))
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


def _test(
    builder: _Worker,
    testers: Sequence[_Worker],
    tests: Sequence[Any],
    unit_tests: Sequence[Any],
    empty: Path,
    missing: Collection[str],
) -> list[Outcome]:
    """Run the tests that do not need what is `missing`; `empty` is the database of the unit tests, if there are any."""
    left_out = ["--exclude", *(f"{name}+" for name in missing)] if missing else []
    running = []
    if unit_tests:
        running.append(testers[0].start([*UNIT_TESTS, *left_out], empty))
        if tests:
            running.append(builder.start([*TESTS, *left_out]))
    elif tests:
        # It has the database open for writing, which lets nobody else read.
        builder.end()
        shares = zip(testers, _halves(tests), strict=False)
        running += [tester.start([*HALF_OF_TESTS, *half, *left_out]) for tester, half in shares]
    return [worker.outcome() for worker in running]


def _halves(tests: Sequence[Any]) -> list[list[str]]:
    """How dbt selects the tests in two parts of about the same number, by the folders they stand in; one where there is one."""
    folders = Counter(str(Path(test.original_file_path).parent) for test in tests)
    halves: tuple[list[str], list[str]] = ([], [])
    for folder, _ in folders.most_common():
        min(halves, key=lambda half: sum(folders[other] for other in half)).append(folder)
    return [[f"test_type:data,path:{folder}" for folder in half] for half in halves if half]


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
    """A process that lets dbt run one command after the other, each when it is given the word. The database that it opens, it has
    open to its end."""

    def __init__(self, manifest: Manifest, asked_with: Sequence[str], say: Callable[..., None]) -> None:
        self._connection, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("fork").Process(
            target=self._work, args=(manifest, asked_with, say, theirs), daemon=True
        )
        self._process.start()
        theirs.close()

    def _work(self, manifest: Manifest, asked_with: Sequence[str], say: Callable[..., None], theirs: Connection) -> None:
        self._connection.close()
        threading.Thread(target=_end_with_the_forking_process, daemon=True).start()
        while word := theirs.recv():
            command, database, left = word
            os.environ["KOMMUNLAGER_DATABASE"] = database
            success, results = _invoke([*command, *asked_with], manifest, say)
            if left is not None:
                try:
                    copy_without_rows(left)
                except Exception as error:
                    success, results = False, [*results, _problem(f"{left}", "error", str(error))]
            theirs.send((success, results))

    def start(self, command: Sequence[str], database: Path | None = None, leave: Path | None = None) -> _Worker:
        """Give the word for a command, with the build's database or another one. It leaves a copy without rows at `leave`."""
        self._connection.send((command, str(database or os.environ["KOMMUNLAGER_DATABASE"]), leave))
        return self

    def outcome(self) -> Outcome:
        """What dbt said of the command, or that the process died."""
        try:
            return cast("Outcome", self._connection.recv())
        except EOFError:
            return False, [_problem("dbt", "error", "its process ended without a word (killed, or out of memory?)")]

    def end(self) -> None:
        """Let it leave its database, and be gone."""
        with suppress(BrokenPipeError):
            self._connection.send(None)
        self._process.join()


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
