"""Commands that make something from the published warehouse."""

from __future__ import annotations

from pathlib import Path

import click

from publish.cli.app import is_quiet, json_option, main, print_json, progress, quiet_option, warehouse_option
from publish.paths import PROJECT_DIR


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
    from publish.products.export import FORMATS, export_of
    from publish.products.export import export as write_export

    folder = out or export_of(database)
    with progress() as note:
        manifest = write_export(database, folder, formats or FORMATS, note)
    if json_output:
        print_json({"out": str(folder), **manifest})
    elif not is_quiet():
        click.echo(f"{len(manifest['files']):,} files written to {folder}, {sum(f['bytes'] for f in manifest['files']):,} bytes")


@main.command()
@warehouse_option
@click.option(
    "--out", type=click.Path(path_type=Path), help="The pages' folder, replaced whole.  [default: kommunlager_docs beside it]"
)
@click.option(
    "--dbt/--no-dbt", default=True, help="With dbt's own documentation, or without: it takes dbt some seconds.  [default: with]"
)
@json_option
@quiet_option
def docs(database: Path, out: Path | None, dbt: bool, json_output: bool) -> None:
    """Write a data dictionary, how to read a comparison, and dbt's documentation.

    Pages of HTML, each one file that needs no network. Every mart and column with type, unit and meaning; what grades, signs,
    vintages and periods mean, with examples from the warehouse; both in Swedish and in English. And dbt's documentation: models,
    tests, lineage, compiled SQL. Read-only.
    """
    from publish.products.docs import docs_folder_of, write_docs

    folder = out or docs_folder_of(database)
    with progress() as note:
        note("asking dbt to describe the project" if dbt else "writing", 0, 0)
        manifest = write_docs(database, folder, PROJECT_DIR if dbt else None)
    if json_output:
        print_json({"out": str(folder), **manifest})
    elif not is_quiet():
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
    from publish.products.page import page_path_of, write_page

    facts = write_page(database, out or page_path_of(database))
    if json_output:
        print_json(facts)
    elif not is_quiet():
        click.echo(f"{facts['out']}, {facts['bytes']:,} bytes")
