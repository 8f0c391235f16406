"""dbt within a process: what everything that uses it shares (publish.building.transform, publish.products.describe_project)."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from publish.building.parsed_project import keep_parsed, read_parsed

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest


class ParseError(Exception):
    """dbt could not parse the project; it has said why to standard error."""


def make_quick() -> None:
    """To be called once, before anything of dbt is used."""
    # What dbt makes it keeps to the process's end, which is near, and to look through it for garbage takes a tenth of its time.
    gc.disable()
    # Half of dbt's time for a test goes into copying some 600 names for each of its arguments (dbt-core 1.12). Its other
    # templates look names up instead; here the templates of arguments are made to do the same.
    from dbt_common.clients import jinja

    setattr(jinja.NativeSandboxTemplate, "new_context", jinja.MacroFuzzTemplate.new_context)  # noqa: B010


def arguments(project: Path, work: Path) -> list[str]:
    """What every command is asked with. dbt leaves its own files in `work`."""
    flags: list[object] = ["--project-dir", project, "--profiles-dir", project]
    # A fresh target folder per run: nothing of an earlier or a killed run can leak in, and the checkout stays clean.
    flags += ["--target-path", work / "target", "--log-path", work / "logs"]
    flags += ["--no-partial-parse", "--no-send-anonymous-usage-stats", "--no-version-check", "--no-use-colors"]
    # Without a log of its own, which words every event before it leaves most of them out: a tenth of dbt's time (see _tell).
    flags += ["--log-level", "none", "--log-level-file", "none", "--warn-error-options", '{"error": "all"}']
    return [str(flag) for flag in flags]


def invoke(command: Sequence[str], manifest: Manifest | None = None, callbacks: Sequence[Any] = ()) -> Any:
    """Let dbt run a command; returns its dbtRunnerResult. What it warns of or finds wrong goes to standard error."""
    from dbt.cli.main import dbtRunner

    return dbtRunner(manifest=manifest, callbacks=[_tell, *callbacks]).invoke(list(command))


def parsed_project(kept: Path, asked_with: Sequence[str], work: Path) -> Manifest:
    """The parsed project: the one kept in the file `kept`, or parsed now and kept there. Raises ParseError."""
    manifest = read_parsed(kept)
    if manifest is None:
        parsed = invoke(["parse", "--no-write-json", *asked_with])
        if not parsed.success:
            raise ParseError(str(parsed.exception or "see above"))
        manifest = cast("Manifest", parsed.result)
        keep_parsed(kept, work / "target")
    return manifest


def copy_without_rows(path: Path) -> None:
    """Make a database file at `path` with the tables and views of the one that dbt has open in this process, all empty."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    path.parent.mkdir()
    cursor = DuckDBConnectionManager.env().handle().cursor()
    [name] = cursor.execute("select current_database()").fetchone()
    cursor.execute("attach '{}' as without_rows".format(str(path).replace("'", "''")))
    cursor.execute(f'copy from database "{name}" to without_rows (schema)')
    cursor.execute("detach without_rows")


def _tell(message: Any) -> None:
    if message.info.level in ("warn", "error"):
        print(message.info.msg, file=sys.stderr, flush=True)
