"""Layouts: data files that say where each table of a kind of report stands and what its columns mean.

One YAML file in ingest/layouts/ describes one kind of report of one municipality, for any year: `{Y}` stands for the fiscal
year, `{Y-1}` for the year before, `{M}` for the month of the report (two digits) and `{Mon}` for its short Swedish name.
ingest/README.md explains every field by example.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ingest.errors import LayoutError, ReportError
from ingest.reading.periods import MONTHS, parse_period
from ingest.reading.rules import column_names, limit_names, parse_expression
from ingest.reading.statement_notation import parse_statement

LAYOUT_DIR = Path(__file__).parent / "layouts"

Unit = Literal[
    "tkr", "mnkr", "kr", "kr_per_dygn", "dygn_dagar", "percent", "antal", "timmar", "index", "date", "text", "other"
]  # fmt: skip
Measure = Literal[
    "amount", "volume", "unit_price", "value", "deviation", "deviation_percent", "change", "change_percent", "mean", "text"
]  # fmt: skip
Scenario = Literal["outcome", "budget", "forecast", "plan", "target", "baseline"]
RuleKind = Literal[
    "deviation", "percentage", "total", "part", "net", "change", "mean", "repeated", "periodised", "index", "extrapolated",
    "limit",
]  # fmt: skip
StatementUnit = Literal["tkr", "mnkr", "kr", "percent", "antal", "dygn_dagar", "helarsplats", "timmar", "index"]
FIGURE = "{figure}"
"""Where a statement's pattern has its figure: a printed number, or a number word up to twenty."""
OTHER_WORDS = " ... "
"""In a statement's pattern: other words of the same sentence."""
DATES = "date"
"""The vocabulary that needs no list: `2024-10-24` and `2026-06`."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ColumnLayout(_Strict):
    """One column after the row label, in the order of the page."""

    key: str
    label: str
    measure: Measure = "value"
    scenario: Scenario | None = None
    period: str | None = None
    """`{Y}`, `{Y}-08`, `{Y}-01..{Y}-08`, or `month 3` where the row gives the year."""
    unit: Unit | None = None
    """The column's own unit where it differs from the table's."""
    words: str | None = None
    """Name of the vocabulary of a text column; text columns can hold nothing else."""
    accepts: str | None = None
    """Name of a vocabulary of words that may stand in a number column (targets such as `öka`)."""
    notes: bool = False
    """A note such as `(jan-okt 2024)` anywhere in the row belongs to this column and may give the cell's period."""
    optional: bool = False
    """A text column that may be left out by the page."""
    starts: str | None = None
    """In a table of running text: pattern of the beginning of this column's paragraphs."""
    anchor: bool = False
    """In a table of running text: each paragraph of this column is a row."""
    prose: bool = False
    """In a table of running text: only the first words of the cell are kept."""

    @property
    def is_text(self) -> bool:
        return self.measure == "text"


class RowMeaning(_Strict):
    """What a row's label says where the columns leave it open: `match` is a pattern of the label, groups fill `{1}`, `{2}`."""

    match: str
    scenario: Scenario | None = None
    period: str | None = None
    unit: Unit | None = None
    other_scenario: dict[Scenario, list[str]] = {}
    """Columns, by key, whose scenario in this row is another: the last months of an outcome can be a forecast."""


class RuleLayout(_Strict):
    """An arithmetic rule. `row`: columns by key; `column`: rows by quoted label; see ingest/README.md for the notation."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """What the rule is called in every year's report, the only one of that name in its table."""
    kind: RuleKind
    row: str | None = None
    column: str | None = None
    cell: str | None = None
    """One place, in `checks` only: `'Row'.column = ...`; of another table's row, no check where the report has it not."""
    document: str | None = None
    """The only document the rule holds in: what the report's text says of this year's figures."""
    grade: Literal["error", "warning", "note"] = "error"
    """What a failure means: an error makes the build red, a warning wants a review, a note is only listed."""
    only: str | None = None
    """Pattern of the labels of the rows in which a row rule holds (default: every row)."""
    columns: list[str] | None = None
    """Keys of the columns in which a column rule holds (default: every column that can be added)."""
    excluding: list[str] = []
    """Row labels that `all` leaves out."""
    blank_is_zero: bool = False
    exact: bool = False
    """The terms are no rounded figures (counted days, a decided price): only the result's own rounding counts."""
    reason: str

    @model_validator(mode="after")
    def _one_axis(self) -> RuleLayout:
        if [self.row, self.column, self.cell].count(None) != 2:
            raise ValueError("a rule has one of `row`, `column` and `cell`")
        return self


class Ruling(_Strict):
    """A person's decision about a row that the text leaves ambiguous: which columns its values stand in, and why."""

    document: str
    row: str
    columns: list[str]
    reason: str


class TableLayout(_Strict):
    """One table, or every table under the same head where `repeats`."""

    key: str
    title: str
    subject: str
    unit: Unit = "text"
    printed_unit: Unit | None = None
    """The unit the table states, where it states another than its figures are in."""
    cost_sign: Literal[-1, 1] | None = None
    head: str
    """The head's words in the order of the text, or, beginning with ^, a pattern of its only line."""
    head_from: str | None = None
    """Heading after which the head is looked for, where the head alone is too common."""
    heading: str | None = None
    """Pattern of the headings that name a repeated table (`{heading}` in its title)."""
    heading_is_below: bool = False
    """The heading is the first paragraph below the line that `heading` matches."""
    heading_follows: bool = False
    """The heading stands after the table, as in a box at the foot of its page, not before it."""
    repeats: bool = False
    broken_by_pages: bool = False
    """A head repeated under the same heading continues the table, rather than beginning another."""
    columns: list[ColumnLayout] = []
    rows: list[RowMeaning] = []
    label_years: bool = False
    """A year directly before the figures belongs to the label."""
    child_rows: str | None = None
    """Pattern of labels that are a part of the row above: they are named `parent / label`."""
    label_is_heading: bool = False
    """The row has no label of its own: the table's heading is its label."""
    until: str | None = None
    """Pattern of the label of the last row."""
    row_labels: str | None = None
    """Pattern of every row label; the table ends at the first text that cannot be one."""
    stops: list[str] | None = None
    """Texts that end this table, in place of the layout's."""
    skip: list[str] = []
    """Patterns of lines inside the table that are no part of it."""
    row_starts: str | None = None
    """Pattern of the beginning of every row label: what `skip` leaves out goes on until a line begins like this."""
    comment: str | None = None
    """Pattern of the first line of a remark between rows; it ends with the paragraph before the next row's."""
    decimal_point: bool = False
    rules: list[RuleLayout] = []
    checks: list[RuleLayout] = []
    """Rules that reconciliation checks and that do not choose between readings."""
    limits: list[str] = []
    """Plausible relations between columns of a row, used only to choose between readings: `0.1 <= a / b <= 20`, `a <= b`."""
    running_text: bool = False
    """The cells are paragraphs (ingest/reading/blocks.py): each column says how they begin, one of them is the anchor."""


class StatementLayout(_Strict):
    """A figure of the running text that restates or sums up cells (ingest/reading/statements.py). Never quote the sentence."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    pattern: str
    """The fewest words that find it, a pattern with `{figure}` in the figure's place; ` ... `: other words of the sentence."""
    unit: StatementUnit
    """The figure's unit; `helarsplats` is a place for a year, 365 days."""
    rounded_to: Annotated[Decimal, Field(gt=0)] | None = None
    """What the text rounds such figures to, in `unit`: with 100, `14 200` can be 14 150 to 14 250, and `14 153` is exact."""
    is_: Annotated[str | list[str], Field(alias="is")]
    """The cells it speaks of, in the notation of ingest/reading/statement_notation.py; a list where it holds of each."""
    reason: str

    @property
    def expressions(self) -> list[str]:
        return [self.is_] if isinstance(self.is_, str) else self.is_


class Layout(_Strict):
    """One kind of report of one municipality."""

    name: str = ""
    document_id: str
    """Pattern of the file name; the groups `year` and (where there is one) `month` fill the variables."""
    municipality_code: Annotated[str, Field(pattern=r"^\d{4}$")]
    municipality: str
    board: str
    kind: Literal["annual_report", "interim_report", "plan"]
    title: str
    period: str
    as_of: str
    """A date, or a pattern whose first group, at its newest match in the text, is one."""
    text_origin: Literal["native", "ocr"] = "native"
    footnote_marks: bool = False
    """Digits stuck to the last word of a label are footnote marks."""
    vocabularies: dict[str, list[str]] = {}
    unit_words: list[str] = []
    note: str | None = None
    """Pattern of a note inside a cell, e.g. the months a figure covers."""
    stops: list[str] = []
    """Texts that end any table: headings and the beginnings of sections."""
    skip: list[str] = []
    """Patterns of lines that are no part of any table (page footers)."""
    page_boxes: list[str] = []
    """Patterns of the first lines of boxes that stand at the foot of a page, in the middle of whatever goes on overleaf."""
    row_units: list[RowMeaning] = []
    """Units that row labels tell, first match wins."""
    tables: list[TableLayout]
    rulings: list[Ruling] = []
    statements: list[StatementLayout] = []
    """What the running text says of the tables' figures. A report that does not say it leaves no row."""


class Variables:
    """The year and month of a document, as they fill a layout's texts."""

    def __init__(self, year: int, month: int | None) -> None:
        self.year = year
        self.month = month

    def fill(self, text: str, *groups: str) -> str:
        """Replace `{Y}`, `{Y+1}`, `{M}`, `{Mon}` and `{1}` (pattern groups) in a text; other braces stay."""
        return _filled(text, self.year, self.month, groups)

    def fill_all(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        """The same for the phrases of a vocabulary."""
        return _filled_all(texts, self.year, self.month)

    def pattern(self, text: str) -> re.Pattern[str]:
        """The pattern that a layout's text is once it is filled."""
        return _pattern(text, self.year, self.month)


# Layouts are few and their texts are needed for every line: what they become in a year is kept.
@lru_cache(maxsize=20_000)
def _filled(text: str, year: int, month: int | None, groups: tuple[str, ...] = ()) -> str:
    text = re.sub(r"\{Y([+-]\d)?\}", lambda match: str(year + int(match[1] or 0)), text)
    if month is not None:
        text = text.replace("{M}", f"{month:02}").replace("{Mon}", MONTHS[month - 1].capitalize())
    for number, group in enumerate(groups, 1):
        text = text.replace(f"{{{number}}}", group)
    return text


@lru_cache(maxsize=1_000)
def _filled_all(texts: tuple[str, ...], year: int, month: int | None) -> tuple[str, ...]:
    return tuple(_filled(text, year, month) for text in texts)


@lru_cache(maxsize=20_000)
def _pattern(text: str, year: int, month: int | None) -> re.Pattern[str]:
    return re.compile(_filled(text, year, month))


@cache
def load_layouts(folder: Path = LAYOUT_DIR) -> tuple[Layout, ...]:
    """Every layout of the folder; LayoutError names the file and field that is wrong."""
    return tuple(load_layout(path) for path in sorted(folder.glob("*.yml")))


def load_layout(path: Path) -> Layout:
    """One layout file."""
    try:
        data: Any = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        if isinstance(data, dict):
            data.pop("shared", None)  # a place for YAML anchors
        layout = Layout.model_validate(data)
    except ValidationError as error:
        problems = "\n".join(f"    {'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors())
        raise LayoutError(f"{path}: not a valid layout:\n{problems}\n  What to do: mend the fields named.") from None
    except (OSError, yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: no UTF-8, or a date such as 2024-02-31
        raise LayoutError(f"{path}: cannot be read: {error}\n  What to do: mend the file.") from None
    problems = "\n".join(f"    {problem}" for problem in _problems(layout))
    if problems:
        raise LayoutError(f"{path}: not a valid layout:\n{problems}\n  What to do: mend the fields named.")
    return layout.model_copy(update={"name": path.stem})


def json_schema() -> str:
    """The JSON schema of layout files, as ingest/layouts/layout.schema.json holds it for editors."""
    schema = Layout.model_json_schema()
    del schema["properties"]["name"]  # the file's own name
    schema["properties"]["shared"] = {"title": "Shared", "description": "A place for YAML anchors."}
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def _names_a_date(rule: str, variables: Variables) -> bool:
    try:
        parse_period(variables.fill(rule))
    except ValueError:
        return re.compile(variables.fill(rule)).groups > 0
    return True


def _problems(layout: Layout) -> Iterator[str]:
    """What the fields alone do not show: vocabularies, columns and notations that are not there, patterns that are none."""
    any_report = Variables(2000, 1)

    def pattern(place: str, *texts: str | None) -> Iterator[str]:
        for text in filter(None, texts):
            try:
                re.compile(any_report.fill(text))
            except re.error as error:
                yield f"{place}: '{text}' is no pattern ({error})"

    def period(place: str, text: str | None) -> Iterator[str]:
        if text is not None and not text.startswith("month "):
            try:
                parse_period(any_report.fill(text, "2000", "2000"))
            except ValueError as error:
                yield f"{place}: {error}"

    def headings(stops: list[str] | None) -> list[str]:
        return [stop for stop in stops or [] if stop.startswith("^")]

    yield from pattern("document_id", layout.document_id)
    if "(?P<year>" not in layout.document_id:
        yield "document_id: has no group `year`"
    yield from pattern("stops", *headings(layout.stops))
    yield from pattern("skip", *layout.skip)
    yield from pattern("page_boxes", *layout.page_boxes)
    yield from pattern("note", layout.note)
    yield from pattern("as_of", layout.as_of)
    if not any(pattern("as_of", layout.as_of)) and not _names_a_date(layout.as_of, any_report):
        yield f"as_of: '{layout.as_of}' is no period, and no pattern with a group for the date"
    yield from pattern("row_units", *(meaning.match for meaning in layout.row_units))
    yield from pattern("rulings", *(ruling.row for ruling in layout.rulings))
    yield from period("period", layout.period)
    for table in layout.tables:
        place = f"table '{table.key}'"
        for name in ("heading", "child_rows", "until", "row_labels", "row_starts", "comment"):
            yield from pattern(f"{place}, {name}", getattr(table, name))
        yield from pattern(f"{place}, head", *headings([table.head]))
        yield from pattern(f"{place}, stops", *headings(table.stops))
        yield from pattern(f"{place}, skip", *table.skip)
        for meaning in table.rows:
            yield from pattern(f"{place}, rows", meaning.match)
            yield from period(f"{place}, rows", meaning.period)
        for column in table.columns:
            yield from period(f"{place}, column '{column.key}', period", column.period)
            yield from pattern(f"{place}, column '{column.key}', starts", column.starts)
            if column.is_text and column.words is None and not table.running_text:
                yield f"{place}, column '{column.key}': a text column needs `words`, the name of its vocabulary"
            for vocabulary in filter(None, (column.words, column.accepts)):
                if vocabulary != DATES and vocabulary not in layout.vocabularies:
                    yield f"{place}, column '{column.key}': no vocabulary '{vocabulary}'"
        if table.running_text and sum(column.anchor for column in table.columns) != 1:
            yield f"{place}: a table of running text needs one column with `anchor`"
        keys = {column.key for column in table.columns}
        every_rule = [*table.rules, *table.checks]
        for text in [rule.row or rule.column or rule.cell or "" for rule in every_rule] + table.limits:
            try:
                named = limit_names(text) if text in table.limits else column_names(parse_expression(any_report.fill(text)))
            except LayoutError as error:
                yield f"{place}, {str(error).splitlines()[0]}"
                continue
            kinds = [rule.kind for rule in every_rule if text in (rule.row, rule.column, rule.cell)]
            if kinds and ("limit" in kinds) != (parse_expression(any_report.fill(text)).operation in ("at_most", "between")):
                yield f"{place}: '{text}' is of kind limit exactly when it says `<=` or `between`"
            if text not in [rule.column or rule.cell for rule in every_rule]:
                yield from (f"{place}: '{text}' speaks of a column '{name}'" for name in sorted(named - keys))
        for rule in table.rules:
            if rule.cell is not None or rule.document is not None or rule.kind == "limit" or rule.grade != "error":
                yield f"{place}: a rule with `cell`, `document`, `grade` or kind limit belongs in `checks`"
        for rule in every_rule:
            if rule.exact and rule.kind in ("limit", "percentage"):
                yield f"{place}: rule '{rule.name}' is of kind {rule.kind}, which is never exact"
            yield from pattern(f"{place}, only", rule.only)
            yield from (f"{place}: a rule holds in a column '{key}'" for key in rule.columns or [] if key not in keys)
        called = [rule.name for rule in every_rule]
        yield from (f"{place}: rule '{name}' stands {called.count(name)} times" for name in _repeated(called))
    for statement in layout.statements:
        place = f"statement '{statement.name}'"
        if statement.pattern.count(FIGURE) != 1:
            yield f"{place}, pattern: has {{figure}} {statement.pattern.count(FIGURE)} times, not once"
        yield from pattern(f"{place}, pattern", statement.pattern.replace(FIGURE, "x"))
        yield from _wrong_names(layout, place, statement)
    names = [statement.name for statement in layout.statements]
    yield from (f"statement '{name}': stands {names.count(name)} times" for name in _repeated(names))


def _repeated(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _wrong_names(layout: Layout, place: str, statement: StatementLayout) -> Iterator[str]:
    """What of a statement's expressions no table of the layout has."""
    columns: dict[str, set[str]] = {}
    for table in layout.tables:
        columns.setdefault(table.key, set()).update(column.key for column in table.columns)
    for expression in statement.expressions:
        try:
            references = parse_statement(expression).references
        except LayoutError as error:
            yield f"{place}, {str(error).splitlines()[0]}"
            continue
        for reference in references:
            if reference.table not in columns:
                yield f"{place}: '{reference}' speaks of a table '{reference.table}'"
                continue
            named = {reference.column, *([reference.where[0]] if reference.where else [])}
            unknown = sorted(named - columns[reference.table])
            yield from (f"{place}: '{reference}' speaks of a column '{name}'" for name in unknown)


def _variables(layout: Layout, document_id: str, groups: dict[str, str | None]) -> Variables:
    year, month = groups["year"] or "", groups.get("month")
    if not re.fullmatch(r"(?:19|20|21)\d\d", year, re.ASCII) or not re.fullmatch(r"0[1-9]|1[0-2]", month or "01"):
        raise ReportError(
            f"{document_id}: the name gives year '{year}'{f' and month {month!r}' if month else ''} by the layout {layout.name}, "
            "which is none.\n  What to do: rename the file, or mend the layout's `document_id`."
        )
    return Variables(int(year), int(month) if month else None)


def layout_of(document_id: str, layouts: tuple[Layout, ...] | None = None) -> tuple[Layout, Variables]:
    """The layout whose pattern fits a document id, with the variables its name gives; ReportError where none fits."""
    candidates = load_layouts() if layouts is None else layouts
    for layout in candidates:
        match = re.fullmatch(layout.document_id, document_id)
        if match:
            return layout, _variables(layout, document_id, match.groupdict())
    known = "\n".join(f"    {layout.name}: {layout.document_id}" for layout in candidates)
    raise ReportError(
        f"{document_id}: no layout knows a report of this name. Layouts and the names they know:\n{known}\n"
        "  What to do: name the file like its kind, or write a layout (ingest/README.md)."
    )
