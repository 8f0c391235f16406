"""Commands that ask the published warehouse."""

from __future__ import annotations

from pathlib import Path

import click

from ingest.errors import KommunlagerError
from ingest.source.characters import printable
from publish.cli.app import is_quiet, json_option, main, print_json, quiet_option, warehouse_option


@main.command()
@warehouse_option
@json_option
@quiet_option
def status(database: Path, json_output: bool) -> None:
    """Show what the warehouse holds.

    Documents, tables, cells, marts with their rows, checks by status, results of the load gate, and when it was built.
    """
    from publish.answers.status import read_status

    found = read_status(database)
    if json_output:
        print_json(found.as_dict())
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
    from publish.answers.reconcile import read_reconciliation

    found = read_reconciliation(database, document)
    if json_output:
        print_json(found.as_dict())
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
    from publish.answers.trace import trace as trace_back

    found = trace_back(database, what, conditions, reports)
    if json_output:
        print_json(found.as_dict())
    else:
        click.echo(printable(found.describe()))


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
        if not is_quiet():
            click.echo(f"({len(rows):,} {'row' if len(rows) == 1 else 'rows'})")
