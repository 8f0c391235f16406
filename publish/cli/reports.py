"""Commands about reports that come in: reading them, layouts for them, forms, official key figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ingest.errors import ExtractedDataError, KommunlagerError
from publish.cli.app import facts_table, is_quiet, json_option, main, print_json, progress, quiet_option
from publish.paths import PROJECT_DIR


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
    with progress() as note:
        done = (compare_all if check else extract_all)(reports, root, jobs, limits, note)
    facts = [{"document_id": d.document_id, "tables": d.tables, "cells": d.cells, "numbers": d.numbers} for d in done]
    differing = [name for document in done for name in document.differing]
    if json_output:
        print_json({"documents": facts, "out": str(root), "differing": differing})
    elif not is_quiet():
        click.echo(facts_table(facts))
    if differing:
        raise ExtractedDataError(
            "the reports give other files than those that are there:\n"
            + "\n".join(f"  {name}" for name in differing)
            + "\n  What to do: run `kommunlager extract` without --check and review the difference."
        )


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
        print_json({"document_id": read.document_id, "lines": lines, "notes": list(read.notes)})
        return
    for number, (page, line) in enumerate(zip(pages, read.lines, strict=True), 1):
        click.echo(f"{page or '':>4} {number:>6}  {line}".rstrip())
    if not is_quiet():
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
        print_json({"document_id": read.document_id, "tables": [as_facts(table) for table in tables]})
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
    if not is_quiet():
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
            print_json({"layouts": facts, "tables": beside, "statements": statements})
            return
        for table in beside:
            click.echo(f"{table['title']}  ({table['key']})")
            click.echo(facts_table([{**line, "cells": " | ".join(line["cells"])} for line in table["lines"]]) + "\n")
        if statements:
            said = [{**row, "line": row["line"] or "not said", "cells": " | ".join(row["cells"])} for row in statements]
            click.echo(facts_table(said) + "\n")
    elif json_output:
        print_json({"layouts": facts})
        return
    if not is_quiet():
        click.echo(facts_table(facts))


@layout.command("schema")
@quiet_option
def layout_schema() -> None:
    """Print the JSON schema of layout files, for editors."""
    from ingest.layout import json_schema

    click.echo(json_schema(), nl=False)


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
        print_json({"template": str(out)})
    elif not is_quiet():
        click.echo(f"{out}: fill it in, then run `kommunlager extract {out}`")


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
    with progress() as note:
        pulled = pull(client, figures, codes, asked, note)
    folder = write_snapshot(pulled, today, client.base_url, out or SNAPSHOTS)
    places = len(set(codes)) * len(asked)
    facts = []
    for figure in pulled.key_figures:
        totals = [v for v in pulled.values if (v.kpi_id, v.gender) == (figure.kpi_id, "T") and v.value is not None]
        facts.append({"kpi": figure.kpi_id, "title": figure.title, "values": len(totals), "without_value": places - len(totals)})
    if json_output:
        print_json({"snapshot": str(folder), "key_figures": facts})
    elif not is_quiet():
        click.echo(f"{facts_table(facts)}\n\nvalues: municipalities and years with a total; written to {folder}")
