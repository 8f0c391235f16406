"""Commands that make the warehouse, and those about its published versions."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ingest.source.characters import printable
from publish.cli.app import (
    extracted_option,
    facts_table,
    folders_of,
    is_quiet,
    json_option,
    main,
    print_json,
    progress,
    project_option,
    quiet_option,
    snapshots_option,
    warehouse_option,
)
from publish.paths import LOAD_DATABASE


@main.command()
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@extracted_option
@click.option(
    "--database",
    type=click.Path(path_type=Path, dir_okay=False),
    default=LOAD_DATABASE,
    help="The database to load into; made when missing.  [default: warehouse/development/kommunlager.duckdb]",
)
@click.option(
    "--docs",
    type=click.Path(path_type=Path, file_okay=False),
    help="New folder for pages about the gate's checks (Great Expectations' Data Docs).",
)
@snapshots_option
@json_option
@quiet_option
def load(
    folders: tuple[Path, ...],
    extracted: Path | None,
    database: Path,
    docs: Path | None,
    snapshots: Path | None,
    json_output: bool,
) -> None:
    """Load extracted reports into schema raw of a database.

    FOLDERS are documents' folders, or forms (see `template`); without any, all of ingest/extracted are loaded. The data
    has to pass the load gate; then each document that differs from the database replaces its rows whole, in one
    transaction. Loading the same data again changes nothing. The published warehouse is not touched: that is what `build`
    is for.
    """
    from ingest.kolada.snapshot import SNAPSHOTS
    from ingest.loading.load import load as load_folders

    chosen = folders_of(folders, extracted)
    with progress() as note:
        result = load_folders(chosen, database, lambda text: note(text, 0, 0), docs, snapshots or SNAPSHOTS)
    facts = [
        {
            "document_id": document.document_id,
            "tables": document.tables,
            "cells": document.cells,
            "numbers": document.numbers,
            "changed": document.changed,
        }
        for document in result.documents
    ]
    if json_output:
        print_json(
            {
                "database": str(database),
                "documents": facts,
                "key_figure_values": result.key_figure_values,
                "checks": result.checks,
                "seconds": result.seconds,
            }
        )
    elif not is_quiet():
        official = f"{result.key_figure_values:,} values of Kolada" if result.key_figure_values else "no snapshot of Kolada"
        click.echo(f"{facts_table(facts)}\n\n{official}; {result.checks:,} checks passed; loaded into {database}")


@main.command()
@extracted_option
@warehouse_option
@project_option
@snapshots_option
@click.option("--timings", is_flag=True, help="Print how long each part took.")
@json_option
@quiet_option
def build(
    extracted: Path | None, database: Path, project: Path, snapshots: Path | None, timings: bool, json_output: bool
) -> None:
    """Build, test and publish the warehouse.

    Loads ingest/extracted into a temporary file beside the warehouse, runs the load gate, dbt's models and every test.
    Only when all have passed does the file replace the warehouse, in one step; else the failing rows are shown and the
    old file stays.
    """
    from publish.answers.status import TRY_QUERY
    from publish.building.build import build as build_warehouse

    chosen = folders_of((), extracted)
    with progress() as note:
        result = build_warehouse(chosen, database, project, note, snapshots)
    if json_output:
        print_json(
            {
                **result.status.as_dict(),
                "nodes_passed": result.nodes_passed,
                "seconds": result.seconds,
                "slowest": result.slowest,
            }
        )
        return
    if not is_quiet():
        click.echo(result.status.describe())
        click.echo(f"Models and tests  {result.nodes_passed:,} passed\n")
        # As it was called, so that the line can be copied where the command is not on the PATH.
        program = sys.argv[0] if Path(sys.argv[0]).name == "kommunlager" else "kommunlager"
        click.echo(f'Try:  {program} sql "{TRY_QUERY}"')
    if timings:
        click.echo("\n" + facts_table([{"part": part, "seconds": value} for part, value in result.seconds.items()]))
        click.echo("\n" + facts_table([{"slowest node": name, "seconds": value} for name, value in result.slowest]))


@main.command()
@click.option(
    "--reports",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="KOMMUNLAGER_REPORTS",
    required=True,
    help="The drop folder: text files, PDFs and forms, in folders or not. Only read.  [environment: KOMMUNLAGER_REPORTS]",
)
@extracted_option
@warehouse_option
@project_option
@snapshots_option
@click.option("--keep", type=click.IntRange(1), default=7, show_default=True, help="How many published versions are kept.")
@click.option("--full", is_flag=True, help="Extract, load and build everything anew, also what failed before.")
@click.option(
    "--on-failure",
    "hook",
    envvar="KOMMUNLAGER_ON_FAILURE",
    help="Shell command for failures, given the run as JSON on standard input.  [environment: KOMMUNLAGER_ON_FAILURE]",
)
@json_option
@quiet_option
def nightly(
    reports: Path,
    extracted: Path | None,
    database: Path,
    project: Path,
    snapshots: Path | None,
    keep: int,
    full: bool,
    hook: str | None,
    json_output: bool,
) -> None:
    """Take in what was delivered, and publish.

    New and changed reports are extracted, loaded, gated, built, reconciled, audited and published; then page, exports and docs
    are written. A report that fails is put aside with its reason, and the rest goes on. A night without news does next to
    nothing.

    \b
    Exit codes:
      0  published, or nothing new
      1  failed: the published warehouse is as it was
      2  wrong command line
      3  all is well but for reports that are missing (see the quarantine)
      4  another run is at work
      5  published, but an export or page could not be written
    """
    from ingest.kolada.snapshot import SNAPSHOTS
    from ingest.loading.store import EXTRACTED_DIR
    from publish.night.nightly import nightly as run_nightly
    from publish.night.nightly_run import Settings, describe

    settings = Settings(reports, database, extracted or EXTRACTED_DIR, project, snapshots or SNAPSHOTS, keep, full, hook)
    with progress() as note:
        run = run_nightly(settings, note)
    if json_output:
        print_json(run.as_dict())
    elif run.exit_code or not is_quiet():
        click.echo(printable(describe(run, settings)), err=bool(run.exit_code))
    click.get_current_context().exit(run.exit_code)


@main.command()
@warehouse_option
@json_option
@quiet_option
def versions(database: Path, json_output: bool) -> None:
    """List the published versions that are kept.

    The newest first; the published one is marked. `diff` compares two, `rollback` publishes one again.
    """
    from publish.building.versions import list_versions

    kept = list_versions(database)
    if json_output:
        print_json([vars(version) for version in kept])
        return
    facts = [
        {
            "": "published" if version.is_current else "",
            "version": version.name,
            "built (UTC)": f"{version.built_at:%Y-%m-%d %H:%M}" if version.built_at else version.content_hash,
            "documents": version.documents,
            "MB": round(version.bytes / 10**6),
        }
        for version in kept
    ]
    click.echo(facts_table(facts) or "no version is kept")


@main.command()
@click.argument("version", default="previous")
@warehouse_option
@json_option
@quiet_option
def rollback(version: str, database: Path, json_output: bool) -> None:
    """Publish a kept version again, in one step.

    VERSION is a name from `versions` or the beginning of it; without it, the one before the published. Its marts have to be
    what they were when it was published. The nightly run holds back what was rolled away from until something has changed.
    """
    from publish.building.build import locked, staging_folder
    from publish.building.versions import rollback as roll_back

    warehouse = database.resolve()
    with locked(warehouse, "rollback"), staging_folder(warehouse.parent) as staging:
        published = roll_back(warehouse, version, staging)
    if json_output:
        print_json(vars(published))
    elif not is_quiet():
        click.echo(f"{published.name} is published again. Exports and docs are of the version before: the next nightly run")
        click.echo("writes them anew, or `kommunlager export` and `kommunlager docs` do.")


@main.command("diff")
@click.argument("old", default="previous")
@click.argument("new", default="current")
@warehouse_option
@click.option("--rows", type=click.IntRange(0), help="Rows shown of each kind and mart.  [default: 20; all with --json]")
@json_option
@quiet_option
def diff_versions(old: str, new: str, database: Path, rows: int | None, json_output: bool) -> None:
    """Compare the marts of two versions: rows added, removed and changed.

    OLD and NEW are names from `versions` or their beginnings, `previous`, `current`, or files; without them the published version
    is compared with the one before. A row is known by its mart's grain. Read-only.
    """
    from publish.building.diff import ROWS_SHOWN
    from publish.building.diff import diff as compare
    from publish.building.versions import find_version

    limit = rows if rows is not None else None if json_output else ROWS_SHOWN
    found = compare(find_version(database, old), find_version(database, new), limit)
    if json_output:
        print_json(found.as_dict())
    else:
        click.echo(printable(found.describe()))
