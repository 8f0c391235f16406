"""The way back from a figure: the row of a mart, the models it went through, the printed cells, their line, notes and checks."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from ingest.errors import KommunlagerError, ReportError
from ingest.loading.database import open_for_reading
from ingest.source.files import Refused, read_bytes
from publish.answers.catalog import Column, Mart, Report, quoted, read_marts, read_reports
from publish.answers.working import number, working
from publish.output import as_table

MAX_TRACED = 5
"""Rows of a mart that are traced at once; more are shown and not traced."""

SEE_UNIT = "see column unit"
"""What the description of a column says whose unit stands in another."""

ROOMS = ("raw", "seeds", "staging", "intermediate", "marts")
"""The schemas in the order of the data's way."""


@dataclass(frozen=True)
class Check:
    """A check in which a figure takes part: as the one checked (`role` result) or as one that others are checked with."""

    check_id: str
    rule_name: str
    kind: str
    role: str
    status: str
    printed: Decimal | None
    expected: Decimal | None
    difference: Decimal | None
    unit: str | None
    reason: str


@dataclass(frozen=True)
class Note:
    """What was decided, repaired or left out on the cell's line or in its row (raw.extraction_note)."""

    line_no: int
    kind: str
    subject: str | None
    reason: str


@dataclass(frozen=True)
class Figure:
    """A printed figure: a cell of a table, or a statement of the running text.

    `report_line` is its line in the report, null where no report is at hand; `report_problem` says why it cannot be shown.
    `guarded_by` is the strongest kind of check (identity, restatement, bounds, none), null for what is no number.
    `used_in` are the marts that hold the figure's id, as mart.column, with the rows that do.
    `cells` are the cells a statement speaks of.
    """

    id: str
    kind: str
    document_id: str
    table_no: int | None
    table_title: str | None
    row_label: str | None
    column_label: str | None
    printed: str
    value: Decimal | None
    unit: str
    method: str | None
    line_no: int
    page_no: int | None
    reason: str | None
    cells: list[str]
    guarded_by: str | None
    checks: list[Check]
    notes: list[Note]
    used_in: dict[str, int]
    report_line: str | None = None
    report_problem: str | None = None


@dataclass(frozen=True)
class TracedRow:
    """A row of a mart: its columns that hold a value, and the ids of the figures it is made from, by column.

    `units` are those of its values; `working` says how they were worked out (see working.py).
    """

    mart: str
    values: dict[str, Any]
    figures: dict[str, list[str]]
    missing: list[str]
    units: dict[str, str]
    working: list[str]


@dataclass(frozen=True)
class Trace:
    """What `kommunlager trace` tells. `lineage` is by room (raw, seeds, staging ...), empty where the warehouse has none."""

    asked: str
    rows: list[TracedRow] = field(default_factory=list)
    lineage: dict[str, list[str]] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    documents: list[Report] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def describe(self) -> str:
        """The way back for people, from the row to the line."""
        blocks = [_describe_row(row) for row in self.rows]
        if self.lineage:
            rooms = [f"  {room:<12}  {', '.join(models)}" for room, models in self.lineage.items()]
            blocks.append("\n".join(["Made from", *rooms]))
        blocks += [_describe_figure(figure, {report.document_id: report for report in self.documents}) for figure in self.figures]
        return "\n\n".join(blocks)


def trace(warehouse: Path, what: str, conditions: Sequence[str] = (), reports: Path | None = None) -> Trace:
    """Trace a cell id, a statement id, or the rows of a mart that meet the conditions (`column=value`).

    `reports` is a folder with the reports' files, whose lines are then shown. Raises KommunlagerError where what was asked for is
    not there, or is more than MAX_TRACED rows.
    """
    if reports is not None and not reports.is_dir():
        raise KommunlagerError(
            f"{reports}: there is no such folder.\n  What to do: name the folder of the reports with --reports."
        )
    with open_for_reading(warehouse) as connection:
        reader = _Reader(connection, read_marts(connection, warehouse))
        if "/" in what:
            if conditions:
                raise KommunlagerError(
                    f"{what}: a cell or statement takes no conditions.\n  What to do: leave '{conditions[0]}' out."
                )
            rows: list[TracedRow] = []
            lineage: dict[str, list[str]] = {}
            figures = [reader.figure(what)]
        else:
            mart = reader.mart(what)
            rows = reader.rows(mart, conditions)
            lineage = reader.lineage(mart)
            ids = dict.fromkeys(id_ for row in rows for column in row.figures.values() for id_ in column)
            figures = [reader.figure(id_) for id_ in ids if not any(id_ in row.missing for row in rows)]
        named = {figure.document_id for figure in figures}
        documents = [report for report in read_reports(connection) if report.document_id in named]
    if reports is not None:
        figures = _with_lines(figures, documents, reports)
    return Trace(" ".join([what, *conditions]), rows, lineage, figures, documents)


class _Reader:
    """Questions to one warehouse."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, marts: list[Mart]) -> None:
        self.connection = connection
        self.marts = {mart.name: mart for mart in marts}
        self.tables = {name for (name,) in self._ask("select table_schema || '.' || table_name from information_schema.tables")}

    def _ask(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(query, list(parameters)).fetchall()

    # -- rows of a mart ------------------------------------------------------------------------------------------------

    def mart(self, name: str) -> Mart:
        found = self.marts.get(name.removeprefix("marts."))
        if found is None:
            raise KommunlagerError(
                f"{name}: is no mart, no cell and no statement.\n  What to do: name a cell (document/table/row/column), a "
                f"statement (document/statement/name) or one of the marts {', '.join(self.marts)}."
            )
        return found

    def rows(self, mart: Mart, conditions: Sequence[str]) -> list[TracedRow]:
        """The rows that meet every condition; KommunlagerError for none or too many."""
        tests = [self._condition(mart, condition) for condition in conditions]
        where = " and ".join(test for test, _ in tests) or "true"
        parameters = [value for _, values in tests for value in values]
        table = f"marts.{quoted(mart.name)}"
        found = self._ask(f"select * from {table} where {where} order by all limit {MAX_TRACED + 1}", *parameters)
        names = [column.name for column in mart.columns]
        if not found:
            raise KommunlagerError(f"{mart.name}: no row meets {' '.join(conditions)}.\n" + self._hint(mart, conditions, tests))
        if len(found) > MAX_TRACED:
            ((count,),) = self._ask(f"select count(*) from {table} where {where}", *parameters)
            varying = [
                column.name
                for column in mart.columns
                if not _holds_ids(column)
                and self._ask(f"select count(distinct {quoted(column.name)}) from {table} where {where}", *parameters)[0][0] > 1
            ]
            shown = [names.index(name) for name in varying[:8]]
            raise KommunlagerError(
                f"{mart.name}: {count:,} rows meet {' '.join(conditions) or 'no condition'}; the first {MAX_TRACED}:\n"
                + as_table([names[i] for i in shown], [[row[i] for i in shown] for row in found[:MAX_TRACED]], max_width=40)
                + f"\n  What to do: give more conditions, at most {MAX_TRACED} rows are traced. "
                + f"The rows differ in {', '.join(varying)}."
            )
        return [self._row(mart, row) for row in found]

    def _condition(self, mart: Mart, text: str) -> tuple[str, list[Any]]:
        """SQL and parameters of `column=value`; nothing behind the sign means that the column is null."""
        name, sign, value = text.partition("=")
        column = next((column for column in mart.columns if column.name == name), None)
        if not sign or column is None:
            problem = f"has no column '{name}'" if sign else f"'{text}' is no condition"
            raise KommunlagerError(
                f"{mart.name}: {problem}.\n  What to do: write column=value, with one of the columns "
                f"{', '.join(column.name for column in mart.columns)}."
            )
        if value == "":
            return f"{quoted(name)} is null", []
        if column.is_list:
            return f"list_contains({quoted(name)}::varchar[], ?)", [value]
        if column.type.startswith("DECIMAL") or column.type.endswith(("INT", "INTEGER")):
            # Exactly: a cast would round 2024.4 to a year.
            if re.fullmatch(r"-?\d{1,18}(\.\d{1,10})?", value):
                return f"{quoted(name)} = ?", [Decimal(value)]
        elif self._ask(f"select try_cast(? as {column.type}) is not null", value)[0][0]:
            return f"{quoted(name)} = cast(? as {column.type})", [value]
        raise KommunlagerError(
            f"{mart.name}: {name} is {column.type}, which '{value}' is not.\n  What to do: write numbers as 1234.5, dates as "
            "2024-12-31, true or false."
        )

    def _hint(self, mart: Mart, conditions: Sequence[str], tests: Sequence[tuple[str, list[Any]]]) -> str:
        """Which conditions no row meets on their own, and what those columns hold."""
        table = f"marts.{quoted(mart.name)}"
        for condition, (test, values) in zip(conditions, tests, strict=True):
            if self._ask(f"select 1 from {table} where {test} limit 1", *values):
                continue
            name = condition.partition("=")[0]
            column = quoted(name)
            held = self._ask(f"select distinct {column}::varchar from {table} where {column} is not null order by 1 limit 21")
            more = ", ..." if len(held) > 20 else ""
            return f"  What to do: {name} holds {', '.join(text for (text,) in held[:20]) or 'nothing'}{more}."
        return "  What to do: each condition is met by rows, but not all by one: leave one out."

    def _row(self, mart: Mart, row: Sequence[Any]) -> TracedRow:
        values = {column.name: value for column, value in zip(mart.columns, row, strict=True) if not _holds_ids(column)}
        figures = {
            column.name: list(value) if column.is_list else [value]
            for column, value in zip(mart.columns, row, strict=True)
            if _holds_ids(column) and value
        }
        missing = [id_ for ids in figures.values() for id_ in ids if not self._is_figure(id_)]
        held = {name: value for name, value in values.items() if value is not None}
        units = {column.name: self._unit(column, held) for column in mart.columns if column.name in held and column.unit}
        return TracedRow(mart.name, held, figures, missing, units, working(self._ask, self.tables, mart.name, held))

    def _unit(self, column: Column, values: dict[str, Any]) -> str:
        """The unit of a column, or what the row's own column unit says; nothing for a count."""
        unit = column.unit or ""
        return str(values.get("unit", "")) if unit == SEE_UNIT else unit.removesuffix("count")

    def lineage(self, mart: Mart) -> dict[str, list[str]]:
        """Every table the mart is made from, by room; empty for a warehouse built before they were kept."""
        if "meta.model_parent" not in self.tables:
            return {}
        ancestors = self._ask(
            """with recursive ancestor(name) as (
                select parent from meta.model_parent where model = ?
                union select p.parent from meta.model_parent as p join ancestor as a on p.model = a.name
            ) select name from ancestor order by name""",
            f"marts.{mart.name}",
        )
        names = [name.split(".", 1) for (name,) in ancestors]
        rooms = [*ROOMS, *sorted({room for room, _ in names} - set(ROOMS))]
        return {room: own for room in rooms if (own := [name for other, name in names if other == room])}

    # -- figures -------------------------------------------------------------------------------------------------------

    def _is_figure(self, id_: str) -> bool:
        known = "select cell_id as id from raw.table_cell union all select statement_id from raw.statement"
        return bool(self._ask(f"select 1 from ({known}) where id = ?", id_))

    def figure(self, id_: str) -> Figure:
        """A cell or statement; KommunlagerError where there is none."""
        cells = self._ask(
            """select document_id, table_no, table_title, row_no, row_label, column_label, value_text, value, unit, method,
                line_no, page_no from raw.table_cell where cell_id = ?""",
            id_,
        )
        if cells:
            document_id, table_no, title, row_no, row, column, text, value, unit, method, line_no, page_no = cells[0]
            notes = [
                Note(*found)
                for found in self._ask(
                    """select line_no, kind, subject, reason from raw.extraction_note where document_id = ? and table_no = ?
                        and (row_no = ? or line_no = ?) order by note_no""",
                    document_id,
                    table_no,
                    row_no,
                    line_no,
                )
            ]
            return Figure(
                id_, "cell", document_id, table_no, title, row, column, text, value, unit, method, line_no, page_no, None, [],
                self._guarded_by(id_), self._checks(id_), notes, self._used_in(id_),
            )  # fmt: skip
        statements = self._ask(
            """select document_id, statement_no, name, value_text, value, unit, line_no, page_no, reason from raw.statement
                where statement_id = ?""",
            id_,
        )
        if statements:
            document_id, statement_no, name, text, value, unit, line_no, page_no, reason = statements[0]
            spoken_of = self._ask(
                """select document_id || '/' || table_no || '/' || row_no || '/' || column_no from raw.statement_term
                    where document_id = ? and statement_no = ? order by term_no, factor_no""",
                document_id,
                statement_no,
            )
            cells_ = list(dict.fromkeys(cell for (cell,) in spoken_of))
            return Figure(
                id_, "statement", document_id, None, None, name, None, text, value, unit, None, line_no, page_no, reason, cells_,
                None, self._checks(id_), [], self._used_in(id_),
            )  # fmt: skip
        raise KommunlagerError(f"{id_}: the warehouse holds no such cell or statement.\n" + self._near(id_))

    def _near(self, id_: str) -> str:
        """What there is where the id stops being true."""
        document_id, _, rest = id_.partition("/")
        documents = [name for (name,) in self._ask("select document_id from raw.document order by 1")]
        if document_id not in documents:
            return f"  What to do: the documents are {', '.join(documents)}."
        if rest.startswith("statement"):
            names = self._ask("select name from raw.statement where document_id = ? order by statement_no", document_id)
            return f"  What to do: its statements are {', '.join(name for (name,) in names) or 'none'}."
        found = re.fullmatch(r"(\d{1,9})/(\d{1,9})/(\d{1,9})", rest)
        if found is None:
            return "  What to do: write document/table/row/column, or document/statement/name."
        ((rows,),) = self._ask(
            "select max(row_no) from raw.table_cell where document_id = ? and table_no = ?", document_id, int(found[1])
        )
        if rows is None:
            ((tables,),) = self._ask("select max(table_no) from raw.report_table where document_id = ?", document_id)
            return f"  What to do: the document has tables 1 to {tables}, and this one has no cells if it is among them."
        return f"  What to do: table {found[1]} has rows 1 to {rows}; an empty cell has no id."

    def _guarded_by(self, id_: str) -> str | None:
        if "marts.reconciliation_coverage" not in self.tables:
            return None
        found = self._ask("select guarded_by from marts.reconciliation_coverage where cell_id = ?", id_)
        return found[0][0] if found else None

    def _checks(self, id_: str) -> list[Check]:
        """Checks of the figure, and checks of others that it is a part of."""
        if "marts.reconciliation" not in self.tables:
            return []
        facts = "r.status, r.printed, r.expected, r.difference, r.unit, r.reason from marts.reconciliation as r"
        own = self._ask(f"select r.check_id, r.rule_name, r.kind, 'result', {facts} where r.cell_id = ? order by 1", id_)
        parts = []
        if "intermediate.int_check_part" in self.tables:
            parts = self._ask(
                f"""select distinct r.check_id, r.rule_name, r.kind, p.role, {facts}
                    join intermediate.int_check as c on c.check_id = r.check_id
                    join intermediate.int_check_part as p on p.check_key = c.check_key
                    where p.cell_id = ? and r.cell_id <> ? order by 1""",
                id_,
                id_,
            )
        return [Check(*row) for row in (*own, *parts)]

    def _used_in(self, id_: str) -> dict[str, int]:
        used = {}
        for mart in self.marts.values():
            for column in filter(_holds_ids, mart.columns):
                test = f"list_contains({quoted(column.name)}, ?)" if column.is_list else f"{quoted(column.name)} = ?"
                ((count,),) = self._ask(f"select count(*) from marts.{quoted(mart.name)} where {test}", id_)
                if count:
                    used[f"{mart.name}.{column.name}"] = count
        return used


def _holds_ids(column: Column) -> bool:
    """Whether a column names printed cells (or statements): cell_id, cell_ids, budget_cell_id ..."""
    return re.fullmatch(r"(\w+_)?cell_ids?", column.name) is not None


# -- lines of reports ------------------------------------------------------------------------------------------------------


def _with_lines(figures: Sequence[Figure], documents: Iterable[Report], folder: Path) -> list[Figure]:
    """The figures with their line of the report, or why it cannot be shown."""
    read = {report.document_id: _lines(report, folder) for report in documents}
    shown = []
    for figure in figures:
        lines = read[figure.document_id]
        facts = dict(vars(figure))
        if isinstance(lines, str):
            facts["report_problem"] = lines
        else:
            facts["report_line"] = lines[figure.line_no - 1].strip()
        shown.append(Figure(**facts))
    return shown


def _lines(report: Report, folder: Path) -> list[str] | str:
    """The lines of a report's text as `extract` reads them; or why not: no file, another file, unreadable."""
    from ingest.source.text import MAX_PDF_BYTES, read_report

    candidates = [path for ending in (".txt", ".pdf") if (path := folder / f"{report.document_id}{ending}").is_file()]
    if not candidates:
        return f"no report in {folder}: neither {report.document_id}.txt nor .pdf"
    for path in candidates:
        try:
            if hashlib.sha256(read_bytes(path, MAX_PDF_BYTES)).hexdigest() != report.source_sha256:
                continue
            lines = read_report(path).lines
        except (Refused, ReportError) as error:
            return f"{path} cannot be read: {error}"
        if len(lines) != report.line_count:
            return f"{path} reads as {len(lines)} lines here, and as {report.line_count} when it was extracted"
        return lines
    return f"{candidates[0]} is another file than the one that was extracted (its SHA-256 differs)"


# -- for people ------------------------------------------------------------------------------------------------------------


def _describe_row(row: TracedRow) -> str:
    width = max(map(len, [*row.values, *row.figures]), default=0)
    lines = [f"marts.{row.mart}"]
    lines += [f"  {name:<{width}}  {_text(value)} {row.units.get(name, '')}".rstrip() for name, value in row.values.items()]
    for name, ids in row.figures.items():
        lines += [f"  {name if n == 0 else '':<{width}}  {id_}{_missing(id_, row)}" for n, id_ in enumerate(ids)]
    if not row.figures:
        lines.append("  No printed figure: the row names no cell.")
    if row.working:
        lines += ["  Worked out", *(f"    {line}" for line in row.working)]
    return "\n".join(lines)


def _missing(id_: str, row: TracedRow) -> str:
    return "  (not printed)" if id_ in row.missing else ""


def _describe_figure(figure: Figure, documents: dict[str, Report]) -> str:
    report = documents[figure.document_id]
    page = f", page {figure.page_no}" if figure.page_no is not None else ""
    where = f"{report.title}, {report.board}, {report.municipality}{page}, line {figure.line_no}"
    lines = [f"{figure.kind.capitalize()} {figure.id}", f"  report   {where}"]
    if figure.kind == "cell":
        lines.append(f"  table    {figure.table_no}: {figure.table_title}")
        lines.append(f"  place    {figure.row_label} / {figure.column_label}")
    else:
        lines.append(f"  says     {figure.reason}")
        lines.append(f"  of       {', '.join(figure.cells)}")
    value = "no number" if figure.value is None else f"{_text(figure.value)} {figure.unit}"
    method = f", read by: {figure.method}" if figure.method else ""
    lines.append(f"  printed  '{figure.printed}' = {value}{method}")
    if figure.report_line is not None:
        lines.append(f"  line     {figure.report_line}")
    if figure.report_problem is not None:
        lines.append(f"  line     not shown: {figure.report_problem}")
    for note in figure.notes:
        about = f" '{note.subject}'" if note.subject else ""
        lines.append(f"  note     {note.kind}, line {note.line_no}{about}: {note.reason}")
    if figure.guarded_by:
        lines.append(f"  guarded  by {figure.guarded_by}" if figure.guarded_by != "none" else "  guarded  by nothing")
    lines += dict.fromkeys(_describe_check(check) for check in figure.checks)
    if figure.used_in:
        used = ", ".join(f"{place} ({rows} {'row' if rows == 1 else 'rows'})" for place, rows in figure.used_in.items())
        lines.append(f"  used in  {used}")
    return "\n".join(lines)


def _describe_check(check: Check) -> str:
    part = "" if check.role == "result" else ", as a part"
    line = f"  check    {check.status} ({check.kind}{part}): {check.reason}"
    if check.status in ("agrees", "rounding") or check.expected is None:
        return line
    figures = f"printed {_text(check.printed)}, expected {_text(check.expected)}, difference {_text(check.difference)}"
    return f"{line}\n           {figures} {check.unit or ''}".rstrip()


def _text(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Decimal):
        return number(value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value.isoformat() if isinstance(value, date) else str(value)
