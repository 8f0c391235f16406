"""From a report's text to an Extraction: one engine for every layout.

The steps have a module each: locate (where a table stands), rows, figures and ocr (what its rows say), read_tables (whole
tables, and what cannot be read for certain), raw_rows (cells and rules as schema raw has them), statements (what the
running text says of the cells).
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from ingest.errors import ExtractionError
from ingest.layout import Layout, Variables, layout_of
from ingest.model import Document, Extraction
from ingest.reading.locate import Page
from ingest.reading.notes import notes_of
from ingest.reading.periods import note_period, parse_period
from ingest.reading.raw_rows import RawRowBuilder
from ingest.reading.read_tables import read_tables
from ingest.reading.statements import read_statements
from ingest.source.doubts import refuse_doubtful
from ingest.source.text import ReportText, read_report


def extract_report(path: Path, layouts: tuple[Layout, ...] | None = None) -> Extraction:
    """Read one report, text or PDF, with the layout that knows its name (by default those of ingest/layouts/).

    Raises ReportError (file unusable, no layout), LayoutError or ExtractionError (a table is missing, or cannot be read
    for certain; the message names document, table, line and the readings).
    """
    report = read_report(path)
    layout, variables = layout_of(report.document_id, layouts)
    return extract(report, layout, variables)


def extract(report: ReportText, layout: Layout, variables: Variables) -> Extraction:
    """Read a report with a given layout."""
    if report.text_origin is not None:
        layout = layout.model_copy(update={"text_origin": report.text_origin})
    page = Page(report, layout, variables)
    builder = RawRowBuilder(report.document_id, layout, variables, report.pages)
    tables = sorted(read_tables(page), key=lambda t: t.first_line)
    for number, table in enumerate(tables, 1):
        builder.add(number, table)
    builder.add_rules()
    statements, statement_terms = read_statements(page, builder.tables, builder.columns, builder.cells)
    extraction = Extraction(
        _document(report, layout, variables),
        builder.tables,
        builder.columns,
        builder.cells,
        builder.rules,
        builder.terms,
        notes_of(page, tables),
        statements,
        statement_terms,
    )
    refuse_doubtful(report, extraction)
    return extraction


def _document(report: ReportText, layout: Layout, variables: Variables) -> Document:
    start, end = parse_period(variables.fill(layout.period))
    return Document(
        document_id=report.document_id,
        municipality_code=layout.municipality_code,
        municipality=layout.municipality,
        board=layout.board,
        kind=layout.kind,
        title=variables.fill(layout.title),
        fiscal_year=variables.year,
        period_start=start,
        period_end=end,
        as_of=_as_of(report, variables.fill(layout.as_of)),
        text_origin=layout.text_origin,
        line_count=len(report.lines),
        source_sha256=report.sha256,
        layout=layout.name,
    )


def _as_of(report: ReportText, rule: str) -> date:
    """The date a report speaks of: printed in its layout's rule, or the newest that the rule's pattern finds in the text."""
    try:
        return parse_period(rule)[1]
    except ValueError:
        pattern = re.compile(rule)
        dates = []
        for number, line in enumerate(report.lines, 1):
            for match in pattern.finditer(line):
                try:
                    dates.append(note_period(match[1] or "")[1])
                except ValueError as error:
                    problem = f"'{match[1]}' is no date ({error})"
                    raise ExtractionError(
                        report.document_id, "document", number, problem, "compare the line with the page."
                    ) from None
        found = [end for end in dates if end is not None]
        if not found:
            raise ExtractionError(
                report.document_id,
                "document",
                None,
                f"no date found for `as_of: {rule}`",
                "correct the layout's pattern.",
            ) from None
        return max(found)
