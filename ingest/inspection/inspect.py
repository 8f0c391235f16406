"""What tables a text seems to hold that no layout knows. Tables of words alone are not seen."""

from __future__ import annotations

import re

from ingest.inspection.figure_tables import figure_tables
from ingest.inspection.headed_tables import headed_tables
from ingest.inspection.seen import SeenTable
from ingest.source.text import ReportText


def inspect_report(report: ReportText) -> list[SeenTable]:
    """Every table with figures that the text seems to hold, in its order: known by their rows, or else by their heads."""
    lines = [re.sub(r" *\| *", " ", line) for line in report.lines]  # after OCR a column rule can be a stray pipe
    if report.form == "aligned":
        lines = [" ".join(line.split()) for line in lines]
    by_rows = figure_tables(lines)
    return sorted([*by_rows, *headed_tables(lines, by_rows)], key=lambda table: table.first_row_line)
