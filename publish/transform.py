"""dbt in a process of its own: `python -m publish.transform PROJECT_DIR WORK_DIR`.

A process of its own, because dbt keeps the database file open and takes signals its own way, and because it can parse
the project while the load still runs. It parses, says so, waits for the word `build` on its standard input, builds, and
says how it went: one JSON object per line on standard output, each with an `event` (parsed | total | node | finished).
Everything dbt itself prints goes to standard error. The profile reads the database's path from KOMMUNLAGER_DATABASE.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

PASSED = frozenset({"success", "pass", "no-op"})


def main() -> int:
    """Run the protocol above; exit 0 only when every model and test passed."""
    project, work = (Path(argument) for argument in sys.argv[1:3])
    # What dbt prints must not mix with the protocol.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return _run(project, work, channel)


def _run(project: Path, work: Path, channel: TextIO) -> int:
    def say(event: str, **facts: Any) -> None:
        print(json.dumps({"event": event, **facts}), file=channel, flush=True)

    def listen(message: Any) -> None:
        if message.info.name == "ConcurrencyLine":
            say("total", nodes=message.data.node_count)
        elif message.info.name == "NodeFinished":
            say("node", name=message.data.node_info.node_name)

    started = time.perf_counter()
    from dbt.cli.main import dbtRunner

    # A fresh target folder per run: nothing of an earlier or a killed run can leak in, and the checkout stays clean.
    flags = [
        "--project-dir",
        project,
        "--profiles-dir",
        project,
        "--target-path",
        work / "target",
        "--log-path",
        work / "logs",
    ]
    flags += ["--no-partial-parse", "--no-send-anonymous-usage-stats", "--no-version-check", "--no-use-colors"]
    flags += ["--log-level", "warn", "--log-level-file", "none", "--warn-error-options", '{"error": "all"}']
    arguments = [str(flag) for flag in flags]

    parsed = dbtRunner().invoke(["parse", *arguments, "--no-write-json"])
    if not parsed.success:
        say(
            "finished",
            failures=[_problem("dbt project", "error", str(parsed.exception or "see above"))],
            passed=0,
            skipped=0,
        )
        return 1
    say("parsed", seconds=round(time.perf_counter() - started, 3))

    if sys.stdin.readline().strip() != "build":
        return 1
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    runner = dbtRunner(manifest=cast("Manifest", parsed.result), callbacks=[listen])
    outcome = runner.invoke(["build", *arguments, "--no-write-json"])
    results = list(getattr(outcome.result, "results", None) or [])
    failures = [_failure(r) for r in results if r.status not in PASSED and r.status != "skipped"]
    if not outcome.success and not failures:
        failures = [_problem("dbt build", "error", str(outcome.exception or "it failed without naming a node"))]
    say(
        "finished",
        failures=failures,
        passed=sum(r.status in PASSED for r in results),
        skipped=sum(r.status == "skipped" for r in results),
        slowest=[[r.node.name, round(r.execution_time, 3)] for r in sorted(results, key=lambda r: -r.execution_time)[:5]],
        lineage=_lineage(cast("Manifest", parsed.result)),
        grains=_grains(cast("Manifest", parsed.result)),
    )
    return 0 if outcome.success else 1


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


def _failure(result: Any) -> dict[str, Any]:
    node = result.node
    return {
        **_problem(node.name, str(result.status), str(result.message or "")),
        "kind": str(node.resource_type),
        "file": getattr(node, "original_file_path", None),
        "description": getattr(node, "description", "") or "",
        "compiled": getattr(node, "compiled_code", None),
    }


def _problem(name: str, status: str, message: str) -> dict[str, Any]:
    return {
        "name": name,
        "status": status,
        "message": message,
        "kind": "",
        "file": None,
        "description": "",
        "compiled": None,
    }


if __name__ == "__main__":
    sys.exit(main())
