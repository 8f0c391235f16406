"""Tables as they were read, turned into the rows of schema raw: numbered, with unit, scenario and period of every cell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from ingest.errors import ExtractionError, LayoutError
from ingest.layout import ColumnLayout, Layout, RowMeaning, RuleLayout, TableLayout, Variables
from ingest.model import Cell, Column, Rule, RuleTerm, Table
from ingest.reading.numbers import PLACEHOLDERS, parse_number
from ingest.reading.periods import Span, note_period, parse_period
from ingest.reading.read_tables import TableRead, full_labels
from ingest.reading.rows import RawCell, RawRow
from ingest.reading.rules import Operation, Term, parse_expression

NOT_ADDABLE = frozenset({"deviation_percent", "change_percent"})
"""Measures of columns that a total over rows leaves out."""


class _ResolvedTerm(NamedTuple):
    role: str
    table_no: int
    row_no: int | None
    column_no: int | None
    column_shift: int
    weight: Decimal | int


@dataclass(frozen=True)
class _ResolvedRule:
    table_no: int
    operation: Operation
    row_no: int | None
    column_no: int | None
    terms: list[_ResolvedTerm]


def _row_scenario(meaning: RowMeaning | None, column: ColumnLayout) -> str | None:
    if meaning is None:
        return None
    return next((other for other, keys in meaning.other_scenario.items() if column.key in keys), meaning.scenario)


class RawRowBuilder:
    """Collects the tables of a document in their order and turns what was read into the rows of schema raw.

    `pages` is the page of each line, where the text says so.
    """

    def __init__(self, document_id: str, layout: Layout, variables: Variables, pages: tuple[int, ...] | None = None) -> None:
        self.document_id = document_id
        self.pages = pages
        self.layout = layout
        self.variables = variables
        self.tables: list[Table] = []
        self.columns: list[Column] = []
        self.cells: list[Cell] = []
        self.rules: list[Rule] = []
        self.terms: list[RuleTerm] = []
        self._read: list[TableRead] = []
        self._labels: list[list[str]] = []
        self._row_units: dict[str, str | None] = {}

    def add(self, number: int, read: TableRead) -> None:
        """Add a table with its number in the document."""
        table = read.layout
        self._read.append(read)
        self.tables.append(
            Table(
                number,
                table.key,
                read.title,
                table.subject,
                table.printed_unit or table.unit,
                table.cost_sign,
                read.first_line,
                read.last_line,
                sum(len(row.cells) for row in read.rows),
            )
        )
        spans = [self._column_period(column) for column in table.columns]
        for column_no, (column, span) in enumerate(zip(table.columns, spans, strict=True), 1):
            self.columns.append(
                Column(
                    number,
                    column_no,
                    column.key,
                    self.variables.fill(column.label),
                    column.measure,
                    column.scenario,
                    *(span or (None, None)),
                )
            )
        labels = full_labels(read.layout, read.rows)
        self._labels.append(labels)
        self._row_units = {}
        columns = [(column, column.is_text, span) for column, span in zip(table.columns, spans, strict=True)]
        for row_no, (row, label) in enumerate(zip(read.rows, labels, strict=True), 1):
            meaning, groups = self._meaning(table.rows, label)
            period = self.variables.fill(meaning.period, *groups) if meaning and meaning.period else None
            for raw in row.cells:
                column, is_text, span = columns[raw.column]
                text = f"{raw.text} {row.note}" if row.note and column.notes else raw.text
                value = None if is_text else parse_number(text, table.decimal_point)
                if span is None or (row.note and column.notes):
                    start, end = self._cell_period(read, column, row, label, raw, span, period)
                else:
                    start, end = span
                self.cells.append(
                    Cell(
                        number,
                        row_no,
                        label,
                        raw.column + 1,
                        text,
                        value,
                        self._unit(read, column, row, text, is_text, value is not None),
                        raw.line_no,
                        self.pages[raw.line_no - 1] if self.pages else None,
                        raw.method,
                        column.measure,
                        column.scenario or _row_scenario(meaning, column),
                        start,
                        end,
                    )
                )

    def _column_period(self, column: ColumnLayout) -> Span | None:
        """The period of all cells of a column; None where their rows tell it."""
        if column.period is None or column.period.startswith("month "):
            return None
        return parse_period(self.variables.fill(column.period))

    def _meaning(self, meanings: list[RowMeaning], label: str) -> tuple[RowMeaning | None, tuple[str, ...]]:
        for meaning in meanings:
            match = self.variables.pattern(meaning.match).search(label)
            if match:
                return meaning, match.groups()
        return None, ()

    def _cell_period(
        self,
        read: TableRead,
        column: ColumnLayout,
        row: RawRow,
        label: str,
        raw: RawCell,
        span: Span | None,
        row_period: str | None,
    ) -> Span:
        """The period of a cell, whose column's is `span`, in a row with or without one; what a note says comes first."""
        try:
            own = span or self._row_period(column, row_period)
            noted = note_period(row.note) if column.notes and row.note else (None, None)
        except ValueError as error:
            raise ExtractionError(
                self.document_id,
                read.title,
                raw.line_no,
                f"the row '{label}' names a period that is none ({error})",
                "compare the row, and the note in it, with the page.",
            ) from None
        return noted if noted[1] is not None else own

    def _row_period(self, column: ColumnLayout, row_period: str | None) -> Span:
        if column.period is None:
            return parse_period(row_period) if row_period else (None, None)
        if row_period is None:
            raise LayoutError(
                f"layout {self.layout.name}: column '{column.key}' is a month, but no row pattern gives the year.\n"
                "  What to do: add a pattern with `period` under the table's `rows`."
            )
        return parse_period(f"{row_period}-{int(column.period.removeprefix('month ')):02}")

    def _unit(self, read: TableRead, column: ColumnLayout, row: RawRow, text: str, is_text: bool, is_number: bool) -> str:
        if is_text:
            return "date" if column.words == "date" else "text"
        if not is_number and text not in PLACEHOLDERS and not re.match(r"[<>+\-\d]", text):
            return "text"
        if column.unit is not None:
            return column.unit
        if "%" in text:
            return "percent"
        unit = self._row_unit(read.layout, row.label)
        if unit is not None:
            return unit
        if read.layout.subject == "indicator" and any("%" in c.text for c in row.cells):
            return "percent"
        return read.layout.unit

    def _row_unit(self, table: TableLayout, label: str) -> str | None:
        """The unit that the label of a row of the table being added tells, looked for once for all its cells."""
        if label not in self._row_units:
            meanings = [meaning for meaning in (*table.rows, *self.layout.row_units) if meaning.unit]
            found = (meaning.unit for meaning in meanings if self.variables.pattern(meaning.match).search(label))
            self._row_units[label] = next(found, None)
        return self._row_units[label]

    # -- rules ---------------------------------------------------------------------------------------------------------

    def add_rules(self) -> None:
        """Resolve the layouts' rules to row and column numbers; LayoutError or ExtractionError where a label is missing."""
        rule_count: dict[int, int] = {}
        for number, read in enumerate(self._read, 1):
            for rule in (*read.layout.rules, *read.layout.checks):
                if rule.document not in (None, self.document_id):
                    continue
                for found in self._resolve(number, read, rule):
                    rule_no = rule_count[found.table_no] = rule_count.get(found.table_no, 0) + 1
                    self._add_rule(rule_no, rule, found)
        self.rules.sort(key=lambda rule: (rule.table_no, rule.rule_no))
        self.terms.sort(key=lambda term: (term.table_no, term.rule_no, term.term_no))

    def _add_rule(self, rule_no: int, rule: RuleLayout, found: _ResolvedRule) -> None:
        self.rules.append(
            Rule(
                found.table_no,
                rule_no,
                rule.name,
                rule.kind,
                found.operation,
                found.row_no,
                found.column_no,
                rule.blank_is_zero,
                rule.exact,
                rule.grade,
                rule.reason,
            )
        )
        for term_no, term in enumerate(found.terms, 1):
            self.terms.append(
                RuleTerm(
                    found.table_no,
                    rule_no,
                    term_no,
                    term.role,
                    term.table_no,
                    term.row_no,
                    term.column_no,
                    term.column_shift,
                    Decimal(term.weight),
                )
            )

    def _resolve(self, number: int, read: TableRead, rule: RuleLayout) -> Iterator[_ResolvedRule]:
        """A layout's rule with numbers for names; one rule of the layout can stand for several rows or columns."""
        if rule.row is not None:
            return self._resolve_row(number, read, rule)
        return self._resolve_column(number, read, rule) if rule.column is not None else self._resolve_cell(number, read, rule)

    def _resolve_row(self, number: int, read: TableRead, rule: RuleLayout) -> Iterator[_ResolvedRule]:
        expression = parse_expression(self.variables.fill(rule.row or ""))
        figures = [c.key for c in read.layout.columns if not c.is_text]
        terms = expression.terms
        if expression.over_all:
            terms = tuple(Term(key) for key in figures if key != expression.result)
        resolved = [_ResolvedTerm("term", number, None, self._column_no(read, t.name), 0, t.weight) for t in terms]
        if expression.divisor is not None:
            divisor = self._column_no(read, expression.divisor.name)
            resolved.append(_ResolvedTerm("divisor", number, None, divisor, 0, 1))
        result = self._column_no(read, expression.result)
        if rule.only is None:
            yield _ResolvedRule(number, expression.operation, None, result, resolved)
            return
        pattern = re.compile(self.variables.fill(rule.only))
        for row_no, label in enumerate(self._labels[number - 1], 1):
            if pattern.search(label):
                yield _ResolvedRule(number, expression.operation, row_no, result, resolved)

    def _resolve_column(self, number: int, read: TableRead, rule: RuleLayout) -> Iterator[_ResolvedRule]:
        expression = parse_expression(rule.column or "")
        result = self._row_no(number, read, self.variables.fill(expression.result))
        if expression.over_all:
            left_out = {result, *(self._row_no(number, read, self.variables.fill(label)) for label in rule.excluding)}
            rows = [n for n in range(1, len(read.rows) + 1) if n not in left_out]
            terms = [_ResolvedTerm("term", number, row_no, None, 0, 1) for row_no in rows]
        else:
            terms = [_ResolvedTerm("term", *self._row_of(number, read, t), None, t.shift, t.weight) for t in expression.terms]
        if expression.divisor is not None:
            divisor = expression.divisor
            terms.append(_ResolvedTerm("divisor", *self._row_of(number, read, divisor), None, divisor.shift, 1))
        figures = [c for c in read.layout.columns if not c.is_text]
        addable = [c.key for c in figures if c.measure not in NOT_ADDABLE]
        if rule.columns is None and len(addable) == len(figures):
            yield _ResolvedRule(number, expression.operation, result, None, terms)
            return
        for key in addable if rule.columns is None else rule.columns:
            yield _ResolvedRule(number, expression.operation, result, self._column_no(read, key), terms)

    def _resolve_cell(self, number: int, read: TableRead, rule: RuleLayout) -> Iterator[_ResolvedRule]:
        expression = parse_expression(self.variables.fill(rule.cell or ""))
        assert expression.place is not None
        named = [expression.place, *expression.terms, *([expression.divisor] if expression.divisor else [])]
        places = [self._place(number, read, term) for term in named]
        if any(place is None for place in places):
            return  # an indicator comes and goes with the board's goals: where it is not printed there is nothing to check
        result, *found = [place for place in places if place is not None]
        roles = ["term"] * len(expression.terms) + ["divisor"] * (expression.divisor is not None)
        terms = [_ResolvedTerm(role, *place, 0, term.weight) for role, place, term in zip(roles, found, named[1:], strict=True)]
        yield _ResolvedRule(result[0], expression.operation, result[1], result[2], terms)

    def _place(self, number: int, read: TableRead, term: Term) -> tuple[int, int, int] | None:
        """Table, row and column of one place; None where no table of the key it names has the row."""
        if term.column is None:
            raise LayoutError(
                f"layout {self.layout.name}: a check of '{read.layout.key}' names no column of '{term.name}'.\n"
                "  What to do: write `'Row'.column`."
            )
        if term.table is None:
            return number, self._row_no(number, read, term.name), self._column_no(read, term.column)
        for table_no, other in enumerate(self._read, 1):
            if other.layout.key == term.table and term.name in self._labels[table_no - 1]:
                return table_no, self._row_no(table_no, other, term.name), self._column_no(other, term.column)
        return None

    def _row_of(self, number: int, read: TableRead, term: Term) -> tuple[int, int]:
        if term.table is None:
            return number, self._row_no(number, read, self.variables.fill(term.name))
        for other, candidate in enumerate(self._read, 1):
            if candidate.layout.key == term.table:
                return other, self._row_no(other, candidate, self.variables.fill(term.name))
        raise LayoutError(
            f"layout {self.layout.name}: a rule of '{read.layout.key}' speaks of the table '{term.table}', which is not there.\n"
            "  What to do: mend the rule."
        )

    def _row_no(self, number: int, read: TableRead, label: str) -> int:
        found = [n for n, known in enumerate(self._labels[number - 1], 1) if known == label]
        if len(found) != 1:
            raise ExtractionError(
                self.document_id,
                read.title,
                read.first_line,
                f"a rule speaks of the row '{label}', which the table has {len(found)} times",
                "if the report renamed the row, adapt the layout's rule; a total must not go unchecked.",
            )
        return found[0]

    def _column_no(self, read: TableRead, key: str) -> int:
        keys = [column.key for column in read.layout.columns]
        if key not in keys:
            raise LayoutError(
                f"layout {self.layout.name}: table '{read.layout.key}' has no column '{key}', which a rule speaks of.\n"
                "  What to do: mend the rule or the column's key."
            )
        return keys.index(key) + 1
