"""From a report's text to an Extraction: one engine for every layout."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from ingest import ocr
from ingest.errors import ExtractionError, LayoutError
from ingest.layout import (
    MONTHS,
    ColumnLayout,
    Layout,
    RowMeaning,
    RuleLayout,
    TableLayout,
    Variables,
    layout_of,
    parse_period,
)
from ingest.locate import Head, Line, Page
from ingest.model import Cell, Column, Document, Extraction, Rule, RuleTerm, Table
from ingest.numbers import PLACEHOLDERS, parse_number
from ingest.rows import Ambiguous, RawCell, RawRow, RowReader, Token
from ingest.rules import Term, holds, parse_expression
from ingest.text import ReportText, read_report

Span = tuple[date | None, date | None]

MAX_COMBINATIONS = 2_000
"""Readings of unsettled rows that are weighed against a table's totals; more than that stays ambiguous."""


@dataclass
class TableRead:
    """A table as it was read from the page, still without its number in the document."""

    layout: TableLayout
    title: str
    heading: str | None
    first_line: int
    last_line: int
    rows: list[RawRow] = field(default_factory=list)


def extract_report(path: Path, layouts: tuple[Layout, ...] | None = None) -> Extraction:
    """Read one report's text file with the layout that knows its name (by default those of ingest/layouts/).

    Raises ReportError (file unusable, no layout), LayoutError or ExtractionError (a table is missing, or cannot be read
    for certain; the message names document, table, line and the readings).
    """
    report = read_report(path)
    layout, variables = layout_of(report.document_id, layouts)
    return extract(report, layout, variables)


def extract(report: ReportText, layout: Layout, variables: Variables) -> Extraction:
    """Read a report with a given layout."""
    page = Page(report, layout, variables)
    tables = sorted(_read_tables(page), key=lambda t: t.first_line)
    build = _Builder(report, layout, variables)
    for number, table in enumerate(tables, 1):
        build.add(number, table)
    build.add_rules()
    return Extraction(_document(report, layout, variables), build.tables, build.columns, build.cells, build.rules, build.terms)


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
        found = [_note_period(m[1]) for line in report.lines for m in re.finditer(rule, line)]
        dates = [end for _, end in found if end is not None]
        if not dates:
            raise ExtractionError(
                report.document_id, "document", None, f"no date found for `as_of: {rule}`", "correct the layout's pattern."
            ) from None
        return max(dates)


# -- tables ----------------------------------------------------------------------------------------------------------


def _read_tables(page: Page) -> Iterator[TableRead]:
    heads = {table.key: page.heads(table) for table in page.layout.tables}
    standing: dict[int, Head] = {}
    for found in heads.values():
        for head in found:
            if head.start not in standing or head.rank > standing[head.start].rank:
                standing[head.start] = head
    inside = {line for head in standing.values() for line in range(head.start + 1, head.end)}
    starts = sorted(start for start in standing if start not in inside)
    claimed: set[int] = set()
    for table in page.layout.tables:
        own = [h for h in heads[table.key] if h.start in starts and h.rank == standing[h.start].rank and h.start not in claimed]
        if table.head_from is not None:
            after = _first_line(page, table.head_from)
            own = [h for h in own if after is not None and h.start > after]
        if not own:
            raise ExtractionError(
                page.report.document_id,
                table.key,
                None,
                f"the table is missing: its head '{page.variables.fill(table.head)}' is nowhere in the text",
                "check that the text is complete; if the report changed its table, adapt the layout.",
            )
        if table.repeats:
            yield from _read_repeated(page, table, own, starts)
            claimed |= {h.start for h in own}
        else:
            read, used = _read_one(page, table, own, starts)
            claimed |= {h.start for h in used}
            yield read


def _first_line(page: Page, text: str) -> int | None:
    wanted = page.variables.fill(text)
    return next((i for i, line in enumerate(page.report.lines) if line.strip().startswith(wanted)), None)


def _read_one(page: Page, table: TableLayout, own: list[Head], starts: list[int]) -> tuple[TableRead, list[Head]]:
    """One table; where a page break repeats its head before its last row, it goes on below that head."""
    used = [own[0]]
    while True:
        read = _read_parts(page, table, used, starts)
        if table.until is None or _ends_well(page, read):
            return read, used
        rest = [h for h in own if h.start > used[-1].start]
        if not rest:
            raise ExtractionError(
                page.report.document_id,
                table.key,
                read.last_line,
                f"the table ends without its last row '{page.variables.fill(table.until)}'"
                + (f"; the last row read is '{read.rows[-1].label}'" if read.rows else "; no row was read"),
                "check that the text is complete; if the report changed its table, adapt the layout.",
            )
        used.append(rest[0])


def _ends_well(page: Page, read: TableRead) -> bool:
    assert read.layout.until is not None
    return bool(read.rows) and re.fullmatch(page.variables.fill(read.layout.until), read.rows[-1].label) is not None


def _read_repeated(page: Page, table: TableLayout, own: list[Head], starts: list[int]) -> Iterator[TableRead]:
    """A table under each heading; a head repeated under the same heading continues the table."""
    groups: list[tuple[int | None, list[Head]]] = []
    for head in own:
        heading = page.heading_of(head, starts)
        at = heading[0] if heading else None
        previous = groups[-1] if groups else None
        neighbours = previous is not None and starts.index(head.start) == starts.index(previous[1][-1].start) + 1
        if previous is not None and table.broken_by_pages and neighbours and previous[0] == at:
            previous[1].append(head)
        else:
            groups.append((at, [head]))
    for _, heads in groups:
        yield _read_parts(page, table, heads, starts)


def _read_parts(page: Page, table: TableLayout, heads: list[Head], starts: list[int]) -> TableRead:
    lines: list[Line] = []
    skip = [re.compile(page.variables.fill(pattern)) for pattern in table.skip]
    last = heads[0].end
    for head in heads:
        following = [s for s in starts if s > head.start]
        end = following[0] if following else len(page.report.lines)
        for index in range(head.end, end):
            if page.is_skipped(index):
                continue
            if page.is_stop(table, index):
                break
            text = page.report.lines[index]
            if not any(pattern.match(text.strip()) for pattern in skip):
                lines.append(Line(index + 1, text))
                if text.strip():
                    last = index + 1
    heading = page.heading_of(heads[0], starts)
    heading_text = heading[1] if heading else None
    if heading_text is not None and page.ocr:
        heading_text = _repaired(page, table, heading_text, heads[0].start + 1)
    title = page.variables.fill(table.title).replace("{heading}", heading_text or "")
    read = TableRead(table, title, heading_text, heads[0].start + 1, last)
    if not table.prose:
        read.rows, read.last_line = _read_rows(page, table, lines, heading_text, last)
        if not read.rows and table.until is None:
            raise ExtractionError(
                page.report.document_id, title, heads[0].start + 1, "the table has no row", "adapt the layout to the report."
            )
    return read


def _repaired(page: Page, table: TableLayout, text: str, line_no: int) -> str:
    try:
        return ocr.repair(text)
    except ocr.UnknownWord as unknown:
        raise _unknown_word(page, table, line_no, unknown) from None


def _unknown_word(page: Page, table: TableLayout, line_no: int, unknown: ocr.UnknownWord) -> ExtractionError:
    known = f"it could be {', '.join(unknown.candidates)}" if unknown.candidates else "the lexicon knows nothing like it"
    return ExtractionError(
        page.report.document_id,
        table.key,
        line_no,
        f"the OCR word '{unknown.word}' cannot be put into Swedish for certain: {known}",
        "add the right word to ingest/lexicon.txt.",
    )


def _read_rows(
    page: Page, table: TableLayout, lines: list[Line], heading: str | None, last: int
) -> tuple[list[RawRow], int]:
    def ruling(label: str) -> list[str] | None:
        for decided in page.layout.rulings:
            if decided.document == page.report.document_id and re.fullmatch(decided.row, label):
                return decided.columns
        return None

    reader = RowReader(page.layout, page.variables, table, ruling)
    try:
        if page.ocr:
            rows = ocr.read_rows(reader, lines, heading if table.whole_label else None)
        else:
            rows, last = _read_native_rows(page, reader, lines, heading, last)
        rows = _settle_by_totals(page, table, rows)
    except Ambiguous as problem:
        raise _ambiguous(page, table, problem) from None
    except ocr.UnknownWord as unknown:
        raise _unknown_word(page, table, lines[0].no, unknown) from None
    except ocr.Tangled as tangled:
        raise ExtractionError(
            page.report.document_id,
            table.key,
            tangled.line_no,
            "the row's words and figures cannot be told apart into label and cells",
            "compare the line with the layout's columns and vocabularies.",
        ) from None
    return rows, last


def _settle_by_totals(page: Page, table: TableLayout, rows: list[RawRow]) -> list[RawRow]:
    """Settle rows that their own arithmetic left open by the totals of their columns; Ambiguous where these do not either."""
    unsettled = [i for i, row in enumerate(rows) if row.alternatives]
    if not unsettled:
        return rows
    totals = [(parse_expression(rule.column), rule) for rule in table.rules if rule.column]
    totals = [(e, r) for e, r in totals if e.operation == "sum" and all(t.table is None and not t.shift for t in e.terms)]
    names = full_labels(table, rows)
    labels = [name if names.count(name) == 1 else f"{name} #{number}" for number, name in enumerate(names)]

    def score(chosen: list[RawRow]) -> int:
        points = 0
        for column, layout in enumerate(table.columns):
            if layout.is_text:
                continue
            values = {
                label: value
                for label, row in zip(labels, chosen, strict=True)
                for cell in row.cells
                if cell.column == column and (value := parse_number(cell.text, table.decimal_point)) is not None
            }
            for expression, rule in totals:
                expected = replace(
                    expression,
                    result=page.variables.fill(expression.result),
                    terms=tuple(replace(t, name=page.variables.fill(t.name)) for t in expression.terms),
                )
                zeroes = dict.fromkeys(labels, Decimal(0)) if rule.blank_is_zero else {}
                points += holds(expected, {**zeroes, **values}) is True
        return points

    choices = list(itertools.islice(itertools.product(*(rows[i].alternatives for i in unsettled)), MAX_COMBINATIONS + 1))
    scored = []
    for choice in choices[:MAX_COMBINATIONS]:
        chosen = list(rows)
        for index, cells in zip(unsettled, choice, strict=True):
            chosen[index] = replace(rows[index], cells=cells, alternatives=())
        scored.append((score(chosen), chosen))
    best = max(points for points, _ in scored)
    winners = [chosen for points, chosen in scored if points == best]
    if len(winners) > 1 or best == 0 or len(choices) > MAX_COMBINATIONS:
        row = rows[unsettled[0]]
        shown = [
            [next((c.text for c in cells if c.column == i), "") for i in range(len(table.columns))] for cells in row.alternatives
        ]
        raise Ambiguous(row.cells[0].line_no, row.label, shown)
    return winners[0]


def _ambiguous(page: Page, table: TableLayout, problem: Ambiguous) -> ExtractionError:
    readings = "\n".join("    " + " | ".join(text or "(empty)" for text in reading) for reading in problem.readings[:8])
    more = f"\n    ... and {len(problem.readings) - 8} more" if len(problem.readings) > 8 else ""
    return ExtractionError(
        page.report.document_id,
        table.key,
        problem.line_no,
        f"the row '{problem.label}' can be read in {len(problem.readings)} ways:\n{readings}{more}",
        "add a rule or limit that decides to the table's layout, or a ruling with its reason.",
    )


def _read_native_rows(
    page: Page, reader: RowReader, lines: list[Line], heading: str | None, last: int
) -> tuple[list[RawRow], int]:
    table = reader.table
    until = re.compile(page.variables.fill(table.until)) if table.until else None
    fits = re.compile(page.variables.fill(table.row_labels)) if table.row_labels else None
    comment = re.compile(table.comment) if table.comment else None
    rows: list[RawRow] = []
    for part in _without_remarks(reader, lines, comment):
        tokens = reader.tokens(part)
        if table.whole_label:
            tokens.insert(0, Token("word", heading or "", part[0].no if part else last))
        index = 0
        while index < len(tokens):
            if tokens[index].kind in ("blank", "bar"):
                index += 1
                continue
            read = reader.read_row(tokens, index)
            if read is None:
                if fits is not None and rows:
                    return rows, rows[-1].cells[-1].line_no
                raise _leftover(page, table, tokens[index:])
            row, index = read
            if row is None:
                continue
            label = _without_footnote(page.layout, row.label)
            if fits is not None and not fits.fullmatch(label):
                if rows:
                    return rows, rows[-1].cells[-1].line_no
                raise _leftover(page, table, tokens)
            rows.append(replace(row, label=label))
            if until is not None and until.fullmatch(label):
                return rows, max(c.line_no for c in row.cells)
    return rows, last


def _leftover(page: Page, table: TableLayout, tokens: list[Token]) -> ExtractionError:
    words = [t for t in tokens if t.kind != "blank"]
    text = " ".join(t.text for t in words[:12])
    return ExtractionError(
        page.report.document_id,
        table.key,
        words[0].line_no if words else None,
        f"'{text}' inside the table is no row of {len(table.columns)} columns",
        "if the report has another column or text here, adapt the layout (columns, stops or skip).",
    )


def _without_remarks(reader: RowReader, lines: list[Line], remark: re.Pattern[str] | None) -> list[list[Line]]:
    """The lines in parts, each beginning with a row's label, without the remarks between rows."""
    if remark is None:
        return [lines]
    parts: list[list[Line]] = [[]]
    for line in lines:
        if remark.match(line.text.strip()):
            parts.append([])
        parts[-1].append(line)
    return [parts[0], *(_after_remark(reader, part) for part in parts[1:])]


def _after_remark(reader: RowReader, part: list[Line]) -> list[Line]:
    """What follows a remark's prose: the first paragraph that is, alone, the label of a row, and everything below it."""
    starts = [i for i, line in enumerate(part) if i and line.text.strip() and not part[i - 1].text.strip()]
    for start in starts:
        end = next((i for i in range(start, len(part)) if not part[i].text.strip()), len(part))
        read = reader.read_row(reader.tokens(part[start:]), 0)
        if read is not None and read[0] is not None and read[0].label_end <= part[end - 1].no:
            return part[start:]
    return []


def _without_footnote(layout: Layout, label: str) -> str:
    return re.sub(r"(?<=[^\W\d]|\))\d{1,2}$", "", label) if layout.footnote_marks else label


def full_labels(table: TableLayout, rows: list[RawRow]) -> list[str]:
    """Row labels; a part of the row above (`- 0 0 0`, `Varav ...`) is named after both."""
    labels: list[str] = []
    parent = ""
    for row in rows:
        if table.child_rows and parent and re.fullmatch(table.child_rows, row.label):
            labels.append(f"{parent} / {row.label}")
        else:
            parent = row.label
            labels.append(row.label)
    return labels


# -- rows of schema raw ------------------------------------------------------------------------------------------------


class _Builder:
    """Collects the tables of a document in their order and turns what was read into the rows of schema raw."""

    def __init__(self, report: ReportText, layout: Layout, variables: Variables) -> None:
        self.report = report
        self.layout = layout
        self.variables = variables
        self.tables: list[Table] = []
        self.columns: list[Column] = []
        self.cells: list[Cell] = []
        self.rules: list[Rule] = []
        self.terms: list[RuleTerm] = []
        self._read: list[TableRead] = []
        self._labels: list[list[str]] = []

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
            )
        )
        for column_no, column in enumerate(table.columns, 1):
            start, end = self._column_period(column)
            self.columns.append(
                Column(
                    number, column_no, column.key, self.variables.fill(column.label), column.measure, column.scenario, start, end
                )
            )
        labels = full_labels(read.layout, read.rows)
        self._labels.append(labels)
        for row_no, (row, label) in enumerate(zip(read.rows, labels, strict=True), 1):
            for raw in row.cells:
                self.cells.append(self._cell(number, row_no, label, row, raw, read))

    def _column_period(self, column: ColumnLayout) -> Span:
        if column.period is None or column.period.startswith("month "):
            return None, None
        return parse_period(self.variables.fill(column.period))

    def _cell(self, number: int, row_no: int, label: str, row: RawRow, raw: RawCell, read: TableRead) -> Cell:
        table, column = read.layout, read.layout.columns[raw.column]
        text = f"{raw.text} {row.note}" if column.notes and row.note else raw.text
        value = None if column.is_text else parse_number(text, table.decimal_point)
        meaning, groups = self._meaning(table.rows, row.label)
        scenario = column.scenario or (meaning.scenario if meaning else None)
        start, end = self._cell_period(column, meaning, groups)
        if column.notes and row.note:
            noted = _note_period(row.note)
            start, end = noted if noted[1] is not None else (start, end)
        return Cell(
            table_no=number,
            row_no=row_no,
            row_label=label,
            column_no=raw.column + 1,
            value_text=text,
            value=value,
            unit=self._unit(read, column, row, text, value is not None),
            line_no=raw.line_no,
            page_no=None,
            method=raw.method,
            measure=column.measure,
            scenario=scenario,
            period_start=start,
            period_end=end,
        )

    def _meaning(self, meanings: list[RowMeaning], label: str) -> tuple[RowMeaning | None, tuple[str, ...]]:
        for meaning in meanings:
            match = re.search(self.variables.fill(meaning.match), label)
            if match:
                return meaning, match.groups()
        return None, ()

    def _cell_period(self, column: ColumnLayout, meaning: RowMeaning | None, groups: tuple[str, ...]) -> Span:
        row_period = self.variables.fill(meaning.period, *groups) if meaning and meaning.period else None
        if column.period is not None and column.period.startswith("month "):
            if row_period is None:
                raise LayoutError(
                    f"layout {self.layout.name}: column '{column.key}' is a month, but no row pattern gives the year.\n"
                    "  What to do: add a pattern with `period` under the table's `rows`."
                )
            return parse_period(f"{row_period}-{int(column.period.removeprefix('month ')):02}")
        if column.period is not None:
            return parse_period(self.variables.fill(column.period))
        return parse_period(row_period) if row_period else (None, None)

    def _unit(self, read: TableRead, column: ColumnLayout, row: RawRow, text: str, is_number: bool) -> str:
        if column.is_text:
            return "date" if column.words == "date" else "text"
        if not is_number and text not in PLACEHOLDERS and not re.search(r"\d", text):
            return "text"
        if column.unit is not None:
            return column.unit
        if "%" in text:
            return "percent"
        for meanings in (read.layout.rows, self.layout.row_units):
            meaning = next((m for m in meanings if m.unit and re.search(self.variables.fill(m.match), row.label)), None)
            if meaning is not None and meaning.unit is not None:
                return meaning.unit
        if read.layout.subject == "indicator" and any("%" in c.text for c in row.cells):
            return "percent"
        return read.layout.unit

    # -- rules ---------------------------------------------------------------------------------------------------------

    def add_rules(self) -> None:
        """Resolve the layouts' rules to row and column numbers; LayoutError or ExtractionError where a label is missing."""
        for number, read in enumerate(self._read, 1):
            rule_no = 0
            for rule in read.layout.rules:
                for resolved in self._resolve(number, read, rule):
                    rule_no += 1
                    made, terms = resolved
                    self.rules.append(Rule(number, rule_no, rule.kind, made[0], made[1], made[2], rule.blank_is_zero, rule.reason))
                    for term_no, term in enumerate(terms, 1):
                        self.terms.append(RuleTerm(number, rule_no, term_no, *term))

    def _resolve(
        self, number: int, read: TableRead, rule: RuleLayout
    ) -> Iterator[tuple[tuple[str, int | None, int | None], list[tuple[str, int, int | None, int | None, int, int]]]]:
        expression = parse_expression(rule.row or rule.column or "")
        if rule.row is not None:
            keys = [c.key for c in read.layout.columns]
            names = expression.terms
            if expression.over_all:
                names = tuple(Term(c.key) for c in read.layout.columns if c.key != expression.result and not c.is_text)
            result = self._column_no(read, expression.result, keys)
            terms = [("term", number, None, self._column_no(read, t.name, keys), 0, t.weight) for t in names]
            if expression.divisor is not None:
                terms.append(("divisor", number, None, self._column_no(read, expression.divisor.name, keys), 0, 1))
            if rule.only is None:
                yield (expression.operation, None, result), terms
                return
            pattern = re.compile(self.variables.fill(rule.only))
            for row_no, label in enumerate(self._labels[number - 1], 1):
                if pattern.search(label):
                    yield (expression.operation, row_no, result), terms
            return

        fill = self.variables.fill
        own_labels = self._labels[number - 1]
        result_row = self._row_no(number, read, fill(expression.result))
        left_out = {result_row} | {self._row_no(number, read, fill(label)) for label in rule.excluding}
        if expression.over_all:
            rows = [("term", number, n, None, 0, 1) for n in range(1, len(own_labels) + 1) if n not in left_out]
        else:
            rows = [("term", *self._row_of(number, read, t), None, t.shift, t.weight) for t in expression.terms]
        if expression.divisor is not None:
            rows.append(("divisor", *self._row_of(number, read, expression.divisor), None, expression.divisor.shift, 1))
        addable = [
            i for i, c in enumerate(read.layout.columns, 1) if not c.is_text and c.measure not in ("deviation_percent", "change_percent")
        ]
        wanted = addable if rule.columns is None else [self._column_no(read, k, [c.key for c in read.layout.columns]) for k in rule.columns]
        if rule.columns is None and len(addable) == sum(not c.is_text for c in read.layout.columns):
            yield (expression.operation, result_row, None), rows
        else:
            for column_no in wanted:
                fixed = [(role, t, r, column_no + s, 0, w) if s == 0 else (role, t, r, None, s, w) for role, t, r, _, s, w in rows]
                yield (expression.operation, result_row, column_no), fixed

    def _row_of(self, number: int, read: TableRead, term: Term) -> tuple[int, int]:
        if term.table is None:
            return number, self._row_no(number, read, self.variables.fill(term.name))
        for other, candidate in enumerate(self._read, 1):
            if candidate.layout.key == term.table:
                return other, self._row_no(other, candidate, self.variables.fill(term.name))
        raise LayoutError(f"layout {self.layout.name}: rule of '{read.layout.key}' speaks of no table '{term.table}'.")

    def _row_no(self, number: int, read: TableRead, label: str) -> int:
        found = [n for n, known in enumerate(self._labels[number - 1], 1) if known == label]
        if len(found) != 1:
            raise ExtractionError(
                self.report.document_id,
                read.title,
                read.first_line,
                f"a rule speaks of the row '{label}', which the table has {len(found)} times",
                "if the report renamed the row, adapt the layout's rule; a total must not go unchecked.",
            )
        return found[0]

    def _column_no(self, read: TableRead, key: str, keys: list[str]) -> int:
        if key not in keys:
            raise LayoutError(f"layout {self.layout.name}: table '{read.layout.key}' has no column '{key}' (a rule speaks of it).")
        return keys.index(key) + 1


_NOTE_MONTHS = re.compile(r"(?i)\b([a-z]{3})(?:\s*-\s*([a-z]{3}))?\s+(\d{4})\b")
_NOTE_DAYS = re.compile(r"\b(\d{2})(\d{2})(\d{2})\s*-\s*(\d{2})(\d{2})(\d{2})\b")
_NOTE_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def _note_period(note: str) -> Span:
    """The period a note names: `(jan-okt 2024)`, `(aug 2024)`, `(230901-240831)`, `2025-10-31`; (None, None) otherwise."""
    if match := _NOTE_DATE.search(note):
        return parse_period(match[0])
    if match := _NOTE_DAYS.search(note):
        y1, m1, d1, y2, m2, d2 = (int(part) for part in match.groups())
        return date(2000 + y1, m1, d1), date(2000 + y2, m2, d2)
    if match := _NOTE_MONTHS.search(note):
        first, last, year = match[1].lower(), (match[2] or match[1]).lower(), match[3]
        if first in MONTHS and last in MONTHS:
            return parse_period(f"{year}-{MONTHS.index(first) + 1:02}..{year}-{MONTHS.index(last) + 1:02}")
    return None, None
