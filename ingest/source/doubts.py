"""Cells of a scanned report that OCR may have misread are refused: arithmetic finds a wrong digit only in totals."""

from __future__ import annotations

import re

from ingest.errors import ExtractionError
from ingest.model import Extraction
from ingest.source.text import ReportText


def refuse_doubtful(report: ReportText, extraction: Extraction) -> None:
    """ExtractionError for the first figure or label word of a table that OCR was not sure of.

    A figure is one on a line where cells begin, or one that a cell or label of the table holds; text cells need no more than
    this, because they can only hold the phrases of their vocabularies.
    """
    for doubt in report.doubts:
        for table in extraction.tables:
            if not table.first_line <= doubt.line_no <= table.last_line:
                continue
            cells = [cell for cell in extraction.cells if cell.table_no == table.table_no]
            labels = {word for cell in cells for word in cell.row_label.split()}
            figures = {word for cell in cells for word in cell.value_text.split()}
            on_row = any(cell.line_no == doubt.line_no for cell in cells)
            if doubt.text in labels or (re.search(r"\d", doubt.text) and (on_row or doubt.text in figures)):
                page = f", page {report.pages[doubt.line_no - 1]}" if report.pages else ""
                raise ExtractionError(
                    report.document_id,
                    table.table_title,
                    doubt.line_no,
                    f"OCR is not sure that '{doubt.text}'{page} is read right (confidence {doubt.confidence:.0f} of 100)",
                    "scan the page sharper (300 to 400 dpi), ask for the PDF with its text, or enter the report in a form "
                    "(`kommunlager template`).",
                )
