"""The command line. What a command needs is imported when it runs, so that the others stay quick."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ingest.errors import ExtractedDataError, KommunlagerError
from ingest.source.characters import printable
from publish.paths import LOAD_DATABASE, PROJECT_DIR, WAREHOUSE

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


@main.command()
@click.argument("reports", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the documents' folders go.  [default: ingest/extracted of the project]",
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if the files would differ from those that are there.")
@click.option("--jobs", type=click.IntRange(1), help="How many reports are read at the same time.  [default: one per processor]")
@click.option(
    "--seconds",
    type=click.FloatRange(0, min_open=True),
    help="Time that one report may take.  [default: 60; a PDF 3600, because a scanned page takes some ten]",
)
@json_option
@quiet_option
def extract(
    reports: tuple[Path, ...], out: Path | None, check: bool, jobs: int | None, seconds: float | None, json_output: bool
) -> None:
    """Read reports into small files to review.

    REPORTS are PDFs or UTF-8 text files, each named after its document, or forms that somebody filled in (see `template`).
    Either all are extracted or none is written. Scanned PDFs need the program tesseract with its Swedish data.
    """
    from ingest.batch import compare_all, extract_all
    from ingest.loading.store import EXTRACTED_DIR
    from ingest.workers import LIMITS, Limits

    limits = LIMITS if seconds is None else Limits(seconds, pdf_seconds=seconds)
    root = out or EXTRACTED_DIR
    with _progress() as note:
        done = (compare_all if check else extract_all)(reports, root, jobs, limits, note)
    facts = [{"document_id": d.document_id, "tables": d.tables, "cells": d.cells, "numbers": d.numbers} for d in done]
    differing = [name for document in done for name in document.differing]
    if json_output:
        _print_json({"documents": facts, "out": str(root), "differing": differing})
    elif not _quiet():
        click.echo(_table(facts))
    if differing:
        raise ExtractedDataError(
            "the reports give other files than those that are there:\n"
            + "\n".join(f"  {name}" for name in differing)
            + "\n  What to do: run `kommunlager extract` without --check and review the difference."
        )


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

    chosen = _folders(folders, extracted)
    with _progress() as note:
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
        _print_json(
            {
                "database": str(database),
                "documents": facts,
                "key_figure_values": result.key_figure_values,
                "checks": result.checks,
                "seconds": result.seconds,
            }
        )
    elif not _quiet():
        official = f"{result.key_figure_values:,} values of Kolada" if result.key_figure_values else "no snapshot of Kolada"
        click.echo(f"{_table(facts)}\n\n{official}; {result.checks:,} checks passed; loaded into {database}")


@main.group()
def fetch() -> None:
    """Fetch official figures from public sources: the only commands that use the network."""


@fetch.command("kolada")
@click.option("--base-url", help="Address of the API.  [default: Kolada's own, version 3]")
@click.option(
    "--municipality",
    "municipalities",
    multiple=True,
    metavar="CODE",
    help="A code of four digits, repeatable.  [default: those in seeds]",
)
@click.option("--years", metavar="YEARS", help="Like 2019-2024 or 2021,2023.  [default: the last ten years that have ended]")
@click.option(
    "--kpi",
    "kpis",
    multiple=True,
    metavar="ID",
    help="The snapshot holds only this row of ingest/kolada/key_figures.csv, repeatable.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the snapshot's folder goes.  [default: ingest/kolada/snapshots of the project]",
)
@json_option
@quiet_option
def fetch_kolada(
    base_url: str | None,
    municipalities: tuple[str, ...],
    years: str | None,
    kpis: tuple[str, ...],
    out: Path | None,
    json_output: bool,
) -> None:
    """Fetch population and official key figures from Kolada.

    What is fetched stands in ingest/kolada/key_figures.csv. The answers become a snapshot with today's date, whole or not at
    all; `load` and `build` take the newest. Terms of Kolada: name it as the source (Källa: Kolada) of these values, never of
    anything that was calculated from them.
    """
    from datetime import UTC, datetime

    from ingest.errors import KoladaError
    from ingest.kolada.client import BASE_URL, Client
    from ingest.kolada.pull import chosen_figures, municipality_codes, parse_years, pull
    from ingest.kolada.snapshot import SNAPSHOTS, write_snapshot

    today = datetime.now(UTC).date()
    asked = parse_years(years or f"{today.year - 10}-{today.year - 1}")
    codes = municipalities or tuple(municipality_codes(PROJECT_DIR / "seeds" / "municipality.csv"))
    figures = chosen_figures()
    if unknown := sorted(set(kpis) - {figure.kpi_id for figure in figures}):
        raise KoladaError(f"{', '.join(unknown)}: not in ingest/kolada/key_figures.csv.\n  What to do: add a row there.")
    figures = [figure for figure in figures if not kpis or figure.kpi_id in kpis]
    client = Client(base_url or BASE_URL)
    with _progress() as note:
        pulled = pull(client, figures, codes, asked, note)
    folder = write_snapshot(pulled, today, client.base_url, out or SNAPSHOTS)
    places = len(set(codes)) * len(asked)
    facts = []
    for figure in pulled.key_figures:
        totals = [v for v in pulled.values if (v.kpi_id, v.gender) == (figure.kpi_id, "T") and v.value is not None]
        facts.append({"kpi": figure.kpi_id, "title": figure.title, "values": len(totals), "without_value": places - len(totals)})
    if json_output:
        _print_json({"snapshot": str(folder), "key_figures": facts})
    elif not _quiet():
        click.echo(f"{_table(facts)}\n\nvalues: municipalities and years with a total; written to {folder}")


@main.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--csv", "as_csv", is_flag=True, help="Write a folder with one CSV file per sheet.")
@json_option
@quiet_option
def template(out: Path, as_csv: bool, json_output: bool) -> None:
    """Write an empty form for data that somebody else extracted.

    OUT is a new .xlsx workbook, or with --csv a new folder. The sheet 'läs mig' explains each column in Swedish; `extract`
    and `load` take the filled-in form.
    """
    from ingest.forms.form_files import write_csv_template, write_template

    (write_csv_template if as_csv else write_template)(out)
    if json_output:
        _print_json({"template": str(out)})
    elif not _quiet():
        click.echo(f"{out}: fill it in, then run `kommunlager extract {out}`")


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
    from publish.build import build as build_warehouse
    from publish.status import TRY_QUERY

    chosen = _folders((), extracted)
    with _progress() as note:
        result = build_warehouse(chosen, database, project, note, snapshots)
    if json_output:
        _print_json(
            {
                **result.status.as_dict(),
                "nodes_passed": result.nodes_passed,
                "seconds": result.seconds,
                "slowest": result.slowest,
            }
        )
        return
    if not _quiet():
        click.echo(result.status.describe())
        click.echo(f"Models and tests  {result.nodes_passed:,} passed\n")
        # As it was called, so that the line can be copied where the command is not on the PATH.
        program = sys.argv[0] if Path(sys.argv[0]).name == "kommunlager" else "kommunlager"
        click.echo(f'Try:  {program} sql "{TRY_QUERY}"')
    if timings:
        click.echo("\n" + _table([{"part": part, "seconds": value} for part, value in result.seconds.items()]))
        click.echo("\n" + _table([{"slowest node": name, "seconds": value} for name, value in result.slowest]))


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
    from publish.nightly import nightly as run_nightly
    from publish.nightly_run import Settings, describe

    settings = Settings(reports, database, extracted or EXTRACTED_DIR, project, snapshots or SNAPSHOTS, keep, full, hook)
    with _progress() as note:
        run = run_nightly(settings, note)
    if json_output:
        _print_json(run.as_dict())
    elif run.exit_code or not _quiet():
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
    from publish.versions import list_versions

    kept = list_versions(database)
    if json_output:
        _print_json([vars(version) for version in kept])
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
    click.echo(_table(facts) or "no version is kept")


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
    from publish.build import locked, staging_folder
    from publish.versions import rollback as roll_back

    warehouse = database.resolve()
    with locked(warehouse, "rollback"), staging_folder(warehouse.parent) as staging:
        published = roll_back(warehouse, version, staging)
    if json_output:
        _print_json(vars(published))
    elif not _quiet():
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
    from publish.diff import ROWS_SHOWN
    from publish.diff import diff as compare
    from publish.versions import find_version

    limit = rows if rows is not None else None if json_output else ROWS_SHOWN
    found = compare(find_version(database, old), find_version(database, new), limit)
    if json_output:
        _print_json(found.as_dict())
    else:
        click.echo(printable(found.describe()))


@main.command()
@warehouse_option
@json_option
@quiet_option
def status(database: Path, json_output: bool) -> None:
    """Show what the warehouse holds.

    Documents, tables, cells, marts with their rows, checks by status, results of the load gate, and when it was built.
    """
    from publish.status import read_status

    found = read_status(database)
    if json_output:
        _print_json(found.as_dict())
    else:
        click.echo(printable(found.describe()))


@main.command()
@warehouse_option
@click.option("--document", metavar="DOCUMENT_ID", help="Only this document, and each difference found in it.")
@json_option
@quiet_option
def reconcile(database: Path, document: str | None, json_output: bool) -> None:
    """Show what was checked in each report, and what was found.

    Per document and kind of check: how many checks were made, and how many agreed, agreed within rounding, are registered
    errors of the report, restatements by a later report, reviewed warnings, notes, or unexplained. Read-only. With
    --document per rule, and each difference with its line and reason; --json has both for every document.
    """
    from publish.reconcile import read_reconciliation

    found = read_reconciliation(database, document)
    if json_output:
        _print_json(found.as_dict())
    else:
        click.echo(found.describe(in_full=document is not None))


@main.command()
@click.argument("what")
@click.argument("conditions", nargs=-1)
@warehouse_option
@click.option(
    "--reports",
    type=click.Path(path_type=Path),
    envvar="KOMMUNLAGER_REPORTS",
    help="Folder of the reports, to show the lines themselves.  [default: environment variable KOMMUNLAGER_REPORTS]",
)
@json_option
@quiet_option
def trace(what: str, conditions: tuple[str, ...], database: Path, reports: Path | None, json_output: bool) -> None:
    """Show the way back from a figure to its line.

    WHAT is a cell_id (document/table/row/column), a statement_id (document/statement/name), or a mart with CONDITIONS such as
    municipality=Norrtälje year=2024 that at most five rows meet (`column=` means null). Shown are the row, the models it is made
    from, the printed cells with their line, and the notes and checks about them. Read-only.
    """
    from publish.trace import trace as trace_back

    found = trace_back(database, what, conditions, reports)
    if json_output:
        _print_json(found.as_dict())
    else:
        click.echo(printable(found.describe()))


@main.command()
@warehouse_option
@click.option(
    "--out", type=click.Path(path_type=Path), help="The export's folder, replaced whole.  [default: kommunlager_export beside it]"
)
@click.option(
    "--format",
    "formats",
    type=click.Choice(["parquet", "csv", "xlsx"]),
    multiple=True,
    help="Only this format; may be given several times.  [default: all three]",
)
@json_option
@quiet_option
def export(database: Path, out: Path | None, formats: tuple[str, ...], json_output: bool) -> None:
    """Write every mart as Parquet, CSV and an Excel workbook.

    With manifest.json: checksum, rows, columns, types and units of each file. The folder is replaced whole or left as it was; the
    same warehouse gives the same bytes. Read-only.
    """
    from publish.export import FORMATS, export_of
    from publish.export import export as write_export

    folder = out or export_of(database)
    with _progress() as note:
        manifest = write_export(database, folder, formats or FORMATS, note)
    if json_output:
        _print_json({"out": str(folder), **manifest})
    elif not _quiet():
        click.echo(f"{len(manifest['files']):,} files written to {folder}, {sum(f['bytes'] for f in manifest['files']):,} bytes")


@main.command()
@warehouse_option
@click.option(
    "--out", type=click.Path(path_type=Path), help="The pages' folder, replaced whole.  [default: kommunlager_docs beside it]"
)
@click.option(
    "--dbt/--no-dbt", default=True, help="With dbt's own documentation, or without: it takes some ten seconds.  [default: with]"
)
@json_option
@quiet_option
def docs(database: Path, out: Path | None, dbt: bool, json_output: bool) -> None:
    """Write a data dictionary, how to read a comparison, and dbt's documentation.

    Pages of HTML, each one file that needs no network. Every mart and column with type, unit and meaning; what grades, signs,
    vintages and periods mean, with examples from the warehouse; both in Swedish and in English. And dbt's documentation: models,
    tests, lineage, compiled SQL. Read-only.
    """
    from publish.docs import docs_folder_of, write_docs

    folder = out or docs_folder_of(database)
    with _progress() as note:
        note("asking dbt to describe the project" if dbt else "writing", 0, 0)
        manifest = write_docs(database, folder, PROJECT_DIR if dbt else None)
    if json_output:
        _print_json({"out": str(folder), **manifest})
    elif not _quiet():
        for file in manifest["files"]:
            click.echo(folder / file["path"])


@main.command()
@warehouse_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The page's file; only an earlier page is replaced.  [default: kommunlager_jamforelse.html beside it]",
)
@json_option
@quiet_option
def page(database: Path, out: Path | None, json_output: bool) -> None:
    """Write the comparison page for analysts and boards, in Swedish.

    One file of HTML that needs no network and no server: what a day costs, budget and outcome, price and volume effects,
    indicators, checks and what is published, each figure with its report and line. Read-only.
    """
    from publish.page import page_path_of, write_page

    facts = write_page(database, out or page_path_of(database))
    if json_output:
        _print_json(facts)
    elif not _quiet():
        click.echo(f"{facts['out']}, {facts['bytes']:,} bytes")


@main.command()
@click.argument("query")
@warehouse_option
@click.option("--csv", "csv_output", is_flag=True, help="Print CSV with a header row.")
@json_option
@quiet_option
def sql(query: str, database: Path, csv_output: bool, json_output: bool) -> None:
    """Ask the warehouse a question in SQL, read-only.

    QUERY is DuckDB SQL, or - to read it from standard input. The query can neither change the warehouse nor reach other
    files.
    """
    import duckdb

    from ingest.loading.database import open_for_reading
    from publish.output import as_csv, as_json, as_table

    if csv_output and json_output:
        raise click.UsageError("--csv and --json exclude each other.")
    if query == "-":
        query = click.get_text_stream("stdin").read()
    with open_for_reading(database) as connection:
        try:
            result = connection.execute(query)
            # An empty query has no result at all.
            columns = [column[0] for column in (result.description if result else None) or []]
            rows = result.fetchall() if columns else []
        except duckdb.InterruptException:
            raise KeyboardInterrupt from None
        except duckdb.Error as error:
            raise KommunlagerError(f"the query failed.\n{error}") from None
    if not columns:
        raise KommunlagerError("there is no query.\n  What to do: give one SQL statement that returns rows.")
    if csv_output:
        click.echo(as_csv(columns, rows))
    elif json_output:
        click.echo(as_json(columns, rows))
    else:
        click.echo(as_table(columns, rows))
        if not _quiet():
            click.echo(f"({len(rows):,} {'row' if len(rows) == 1 else 'rows'})")


@main.command()
@click.argument("report", type=click.Path(path_type=Path))
@json_option
@quiet_option
def text(report: Path, json_output: bool) -> None:
    """Print a report's lines as `extract` reads them, with page and line number.

    REPORT is a PDF or a UTF-8 text file; `line_no` of a cell is the number of its line here. What was left out is told last.
    """
    from ingest.source.text import read_report

    read = read_report(report)
    pages = read.pages or (None,) * len(read.lines)
    if json_output:
        lines = [{"page": page, "line": n, "text": line} for n, (page, line) in enumerate(zip(pages, read.lines, strict=True), 1)]
        _print_json({"document_id": read.document_id, "lines": lines, "notes": list(read.notes)})
        return
    for number, (page, line) in enumerate(zip(pages, read.lines, strict=True), 1):
        click.echo(f"{page or '':>4} {number:>6}  {line}".rstrip())
    if not _quiet():
        for left_out in read.notes:
            click.echo(left_out, err=True)


@main.command()
@click.argument("report", type=click.Path(path_type=Path))
@click.option("--draft", type=click.Path(path_type=Path, dir_okay=False), help="Write a layout to complete into this new file.")
@json_option
@quiet_option
def inspect(report: Path, draft: Path | None, json_output: bool) -> None:
    """List the tables of figures in a report no layout knows.

    REPORT is a PDF or a UTF-8 text file. Of each table: title, lines, rows, columns, units seen, and the arithmetic that
    holds between its columns (c1, c2 ...) and rows. Tables of words alone are not seen.
    """
    from ingest.inspection.draft import draft_layout
    from ingest.inspection.inspect import inspect_report
    from ingest.inspection.seen import as_facts
    from ingest.source.text import read_report

    read = read_report(report)
    tables = inspect_report(read)
    if draft is not None:
        try:
            with draft.open("x", encoding="utf-8") as file:
                file.write(draft_layout(read.document_id, tables))
        except FileExistsError:
            raise KommunlagerError(f"{draft}: is there already.\n  What to do: name a new file.") from None
        except OSError as error:
            raise KommunlagerError(f"{draft}: cannot be written ({error.strerror}).\n  What to do: name another file.") from None
    if json_output:
        _print_json({"document_id": read.document_id, "tables": [as_facts(table) for table in tables]})
        return
    for number, table in enumerate(tables, 1):
        click.echo(f"Table {number}: {table.title or '(no title found)'}")
        click.echo(f"  lines {table.first_line}-{table.last_line}, {table.row_count} rows, {table.column_count} columns")
        click.echo(f"  head:  {table.head or '(none found)'}")
        click.echo(f"  first: {read.lines[table.first_row_line - 1].strip()}\n  last:  {read.lines[table.last_line - 1].strip()}")
        click.echo(f"  units: {', '.join(table.units) or '(none seen)'}")
        for rule in table.rules:
            where = f" in {', '.join(rule.columns)}" if rule.columns else ""
            click.echo(f"  holds: {rule.row or rule.column}{where}")
        for label in table.doubtful:
            click.echo(f"  not read for certain: {label}")
    if not _quiet():
        click.echo(f"{len(tables)} tables of figures seen" + (f"; draft written to {draft}" if draft else ""))


@main.group()
def layout() -> None:
    """Check layout files and show their schema."""


@layout.command("check")
@click.argument("layouts", nargs=-1, type=click.Path(path_type=Path))
@click.option("--report", type=click.Path(path_type=Path), help="Read this report with the layout: cells beside their lines.")
@json_option
@quiet_option
def layout_check(layouts: tuple[Path, ...], report: Path | None, json_output: bool) -> None:
    """Validate layout files.

    LAYOUTS are layout files; without any, all of ingest/layouts are checked. Every wrong file is named before the exit.
    """
    from ingest.errors import LayoutError
    from ingest.layout import LAYOUT_DIR, load_layout

    checked, problems = [], []
    for path in layouts or sorted(LAYOUT_DIR.glob("*.yml")):
        try:
            checked.append(load_layout(path))
        except LayoutError as error:
            problems.append(str(error))
    if problems:
        raise LayoutError("\n".join(problems))
    facts: list[dict[str, Any]] = [
        {"layout": found.name, "municipality": found.municipality, "kind": found.kind, "tables": len(found.tables)}
        for found in checked
    ]
    if report is not None:
        from ingest.extract import extract_report
        from ingest.inspection.beside import cells_beside_lines, statements_found
        from ingest.source.text import read_report

        extraction = extract_report(report, tuple(checked))
        beside = cells_beside_lines(extraction, read_report(report))
        used = next(found for found in checked if found.name == extraction.document.layout)
        statements = statements_found(extraction, used)
        if json_output:
            _print_json({"layouts": facts, "tables": beside, "statements": statements})
            return
        for table in beside:
            click.echo(f"{table['title']}  ({table['key']})")
            click.echo(_table([{**line, "cells": " | ".join(line["cells"])} for line in table["lines"]]) + "\n")
        if statements:
            said = [{**row, "line": row["line"] or "not said", "cells": " | ".join(row["cells"])} for row in statements]
            click.echo(_table(said) + "\n")
    elif json_output:
        _print_json({"layouts": facts})
        return
    if not _quiet():
        click.echo(_table(facts))


@layout.command("schema")
@quiet_option
def layout_schema() -> None:
    """Print the JSON schema of layout files, for editors."""
    from ingest.layout import json_schema

    click.echo(json_schema(), nl=False)


def _folders(folders: tuple[Path, ...], extracted: Path | None) -> list[Path]:
    from ingest.loading.store import EXTRACTED_DIR, extracted_folders

    return list(folders) or extracted_folders(extracted or EXTRACTED_DIR)


def _quiet() -> bool:
    return bool(click.get_current_context().find_root().obj == "quiet")


def _print_json(value: object) -> None:
    from publish.output import to_json

    click.echo(to_json(value))


def _table(facts: list[dict[str, Any]]) -> str:
    from publish.output import as_table

    return as_table(list(facts[0]), [list(fact.values()) for fact in facts]) if facts else ""


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Tell on standard error what is going on; silent with -q and when nobody watches."""
    if _quiet() or not sys.stderr.isatty():
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


if __name__ == "__main__":
    main()
