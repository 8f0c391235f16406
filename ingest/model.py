"""What an extraction consists of: the rows of schema `raw` (see raw_schema.sql) as plain data, still without a database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple


@dataclass(frozen=True)
class Document:
    """A report, its facts and the fingerprint of the bytes it was read from (raw.document)."""

    document_id: str
    municipality_code: str
    municipality: str
    board: str
    kind: str
    title: str
    fiscal_year: int
    period_start: date
    period_end: date
    as_of: date
    text_origin: str
    line_count: int
    source_sha256: str
    layout: str


class Table(NamedTuple):
    """One table of the report (raw.report_table); lines are 1-based and inclusive."""

    table_no: int
    table_key: str
    table_title: str
    subject: str
    unit: str
    cost_sign: int | None
    first_line: int
    last_line: int
    cell_count: int


class Column(NamedTuple):
    """One column of a table (raw.report_column); column 1 follows the row label."""

    table_no: int
    column_no: int
    column_key: str
    column_label: str
    measure: str | None
    scenario: str | None
    period_start: date | None
    period_end: date | None


class Cell(NamedTuple):
    """One printed cell (raw.table_cell). `value` is exact and as printed, in `unit`; None where the cell is no number."""

    table_no: int
    row_no: int
    row_label: str
    column_no: int
    value_text: str
    value: Decimal | None
    unit: str
    line_no: int
    page_no: int | None
    method: str
    measure: str | None
    scenario: str | None
    period_start: date | None
    period_end: date | None


class Rule(NamedTuple):
    """An arithmetic rule of a table (raw.table_rule)."""

    table_no: int
    rule_no: int
    name: str
    kind: str
    operation: str
    row_no: int | None
    column_no: int | None
    blank_is_zero: bool
    terms_are_exact: bool
    grade: str
    reason: str


class RuleTerm(NamedTuple):
    """A term of a rule (raw.table_rule_term)."""

    table_no: int
    rule_no: int
    term_no: int
    role: str
    term_table_no: int
    row_no: int | None
    column_no: int | None
    column_shift: int
    weight: Decimal


class Note(NamedTuple):
    """What was decided, repaired or left out on the way from the page to the cells (raw.extraction_note).

    `subject` is a label or a figure, never a sentence; `number_count` counts the numbers on the line that ended in no cell.
    """

    note_no: int
    table_no: int
    row_no: int | None
    line_no: int
    kind: str
    subject: str | None
    number_count: int
    reason: str


class Statement(NamedTuple):
    """A figure of the running text that restates or sums up cells (raw.statement). `value` is as said, in `unit`."""

    statement_no: int
    name: str
    value_text: str
    value: Decimal
    unit: str
    precision: Decimal
    operation: str
    line_no: int
    page_no: int | None
    reason: str


class StatementTerm(NamedTuple):
    """A cell that a statement speaks of (raw.statement_term); the factors of one term are multiplied."""

    statement_no: int
    term_no: int
    factor_no: int
    role: str
    table_no: int
    row_no: int
    column_no: int
    weight: int


@dataclass(frozen=True)
class Extraction:
    """Everything extracted from one report, each list sorted by its numbers."""

    document: Document
    tables: list[Table]
    columns: list[Column]
    cells: list[Cell]
    rules: list[Rule]
    rule_terms: list[RuleTerm]
    notes: list[Note]
    statements: list[Statement] = field(default_factory=list)
    statement_terms: list[StatementTerm] = field(default_factory=list)
