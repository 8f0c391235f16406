"""The group of all commands, and what they share: options, how they fail, what they print."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ingest.errors import KommunlagerError
from ingest.source.characters import printable
from publish.paths import PROJECT_DIR, WAREHOUSE

INTERRUPTED = 130
TERMINATED = 143


class Commands(click.Group):
    """A group whose expected failures are a message and exit 1, and whose Ctrl-C is one line and exit 130."""

    def invoke(self, ctx: click.Context) -> Any:
        signal.signal(signal.SIGTERM, _terminate)
        try:
            return super().invoke(ctx)
        except KommunlagerError as error:
            # A report's words and a file's name are a stranger's: a terminal must not obey them.
            click.echo(f"Error: {printable(str(error))}", err=True)
            ctx.exit(1)
        except KeyboardInterrupt:
            click.echo("Interrupted: nothing was changed.", err=True)
            ctx.exit(INTERRUPTED)


def _terminate(_signal: int, _frame: object) -> None:
    # As an exception, so that everything temporary is cleaned up on the way out.
    sys.exit(TERMINATED)


def _set_quiet(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        ctx.find_root().obj = "quiet"


quiet_option = click.option(
    "-q",
    "--quiet",
    is_flag=True,
    expose_value=False,
    callback=_set_quiet,
    help="Print only errors and what was asked for.",
)
json_option = click.option("--json", "json_output", is_flag=True, help="Print JSON for programs.")
extracted_option = click.option(
    "--extracted",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder with one folder per extracted report.  [default: ingest/extracted of the project]",
)
snapshots_option = click.option(
    "--kolada",
    "snapshots",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder with snapshots of Kolada, of which the newest is loaded.  [default: ingest/kolada/snapshots of the project]",
)
warehouse_option = click.option(
    "--database",
    type=click.Path(path_type=Path, dir_okay=False),
    default=WAREHOUSE,
    help="The warehouse file.  [default: warehouse/kommunlager.duckdb of the project]",
)

project_option = click.option(
    "--project",
    type=click.Path(path_type=Path, file_okay=False),
    default=PROJECT_DIR,
    help="Folder of the dbt project.  [default: this project]",
)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@quiet_option
@click.version_option(package_name="kommunlager")
def main() -> None:
    """Swedish municipal social-services reports as a tested DuckDB warehouse.

    \b
    report text --extract--> ingest/extracted/ --build--> warehouse/kommunlager.duckdb
    `build` loads, checks, transforms and tests; `load` is its first step alone.
    """


def folders_of(folders: tuple[Path, ...], extracted: Path | None) -> list[Path]:
    from ingest.loading.store import EXTRACTED_DIR, extracted_folders

    return list(folders) or extracted_folders(extracted or EXTRACTED_DIR)


def is_quiet() -> bool:
    return bool(click.get_current_context().find_root().obj == "quiet")


def print_json(value: object) -> None:
    from publish.output import to_json

    click.echo(to_json(value))


def facts_table(facts: list[dict[str, Any]]) -> str:
    from publish.output import as_table

    return as_table(list(facts[0]), [list(fact.values()) for fact in facts]) if facts else ""


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Tell on standard error what is going on; silent with -q and when nobody watches."""
    if is_quiet() or not sys.stderr.isatty():
        yield lambda _text, _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("starting", total=None)
        yield lambda text, done, total: progress.update(task, description=text, completed=done, total=total or None)
