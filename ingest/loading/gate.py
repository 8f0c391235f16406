"""The load gate: what must hold of extracted data before it may enter schema `raw`, checked with Great Expectations.

The rules stand in CHECKS: a name, the frame, the expectation and how a failing row is described. Great Expectations
works on pandas frames of the load, where decimals become floats; so values are compared as exact text and no total is
checked here. Its import takes seconds and is paid only inside `check_frames`.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import re
import sys
import threading
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from ingest.loading.gate_docs import add_site, write_site

if TYPE_CHECKING:
    import pandas as pd

UNITS = (*("tkr", "mnkr", "kr", "kr_per_dygn", "dygn_dagar", "percent", "antal", "timmar", "index", "date", "text", "other"),)
STATEMENT_UNITS = (*("tkr", "mnkr", "kr", "percent", "antal", "dygn_dagar", "helarsplats", "timmar", "index"),)
MEASURES = (
    *(
        "amount",
        "volume",
        "unit_price",
        "value",
        "deviation",
        "deviation_percent",
        "change",
        "change_percent",
        "mean",
        "text",
    ),
)
SCENARIOS = ("outcome", "budget", "forecast", "plan", "target", "baseline")
METHODS = ("printed", "arithmetic", "ruling")
NOTE_KINDS = ("decided", "repaired", "left_out", "unread")
KINDS = ("annual_report", "interim_report", "plan")
RULE_KINDS = (
    "deviation", "percentage", "total", "part", "net", "change", "mean", "repeated", "periodised", "index", "extrapolated",
    "limit",
)  # fmt: skip

# A printed number and nothing else but what may stick to it: an inequality, a sign, a unit, footnote stars. Thousands
# are grouped by spaces or not at all; decimals follow a comma or (one table) a point.
PRINTED_NUMBER = re.compile(
    r"(?:[<>≤≥] ?)?"
    r"(?P<sign>[-−–+])? ?"
    r"(?P<whole>\d{1,3}(?: \d{3})+|\d+)"
    r"(?:[.,](?P<decimals>\d+))?"
    r"(?: ?(?:%|tkr|mnkr|kr|st|timmar|dygn|dagar))?"
    r"(?: ?\*+)?",
    re.IGNORECASE,
)
DATE = re.compile(r"\d{4}-\d{2}(?:-\d{2})?")
YEAR = re.compile(r"(?:19|20)\d{2}")

SINGLE_SPACED = r"^\S+(?: \S+)*$"
EXACT = r"^-?[0-9]{1,14}(?:\.[0-9]{1,4})?$"
NOT_EXACT = "does not fit decimal(18, 4): at most 14 digits before and 4 after the point"

# A failed check names this many rows; the rest are counted.
ROWS_NAMED = 20


@dataclass(frozen=True)
class CheckResult:
    """One check on one document, or (None) on the key figures: a row of raw.load_check."""

    document_id: str | None
    check_name: str
    passed: bool
    rows_checked: int
    rows_failed: int
    detail: str | None


@dataclass(frozen=True)
class Check:
    """One rule: Great Expectations' class and arguments, and the words for a failing row (its columns in braces)."""

    name: str
    frame: str
    expectation: str
    problem: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


def _unique(frame: str, *key: str) -> Check:
    problem = f"the key ({', '.join(key)}) stands on more than one row"
    if len(key) == 1:
        return Check(f"{frame}_key_unique", frame, "ExpectColumnValuesToBeUnique", problem, {"column": key[0]})
    return Check(f"{frame}_key_unique", frame, "ExpectCompoundColumnsToBeUnique", problem, {"column_list": list(key)})


def _numbered(name: str, frame: str, column: str) -> Check:
    return Check(
        name,
        frame,
        "ExpectColumnPairValuesToBeEqual",
        f"{column} is {{{column}}} where {{expected_no}} follows: the numbering has a hole or starts late",
        {"column_A": column, "column_B": "expected_no", "ignore_row_if": "neither"},
    )


def _listed(frame: str, column: str, words: Sequence[Any]) -> Check:
    return Check(
        f"{frame}_{column}_listed",
        frame,
        "ExpectColumnValuesToBeInSet",
        f"{column} is '{{{column}}}', not one of {', '.join(map(str, words))}",
        {"column": column, "value_set": list(words)},
    )


def _known(name: str, frame: str, column: str, problem: str) -> Check:
    return Check(name, frame, "ExpectColumnValuesToNotBeNull", problem, {"column": column})


def _ordered(name: str, frame: str, low: str, high: str) -> Check:
    return Check(
        name,
        frame,
        "ExpectColumnPairValuesAToBeGreaterThanB",
        f"{high} is {{{high}}}, before {low} {{{low}}}",
        {"column_A": high, "column_B": low, "or_equal": True, "ignore_row_if": "either_value_is_missing"},
    )


def _at_least_one(name: str, frame: str, column: str, problem: str) -> Check:
    return Check(name, frame, "ExpectColumnValuesToBeBetween", problem, {"column": column, "min_value": 1})


def _none(name: str, frame: str, column: str, problem: str) -> Check:
    """Nothing stands in the column, which `_prepare` has made for what is wrong: of a regular expression or a bound, Great
    Expectations calls Python for every value, and cells are many."""
    return Check(name, frame, "ExpectColumnValuesToBeNull", problem, {"column": column})


def _no_control_characters(frame: str) -> Check:
    return _none(f"{frame}_text_clean", frame, "unclean_column", "{unclean_column} holds a control character (a damaged file)")


CHECKS: tuple[Check, ...] = (
    _unique("document", "document_id"),
    _listed("document", "kind", KINDS),
    _listed("document", "text_origin", ("native", "ocr")),
    _ordered("document_period_ordered", "document", "period_start", "period_end"),
    _at_least_one("document_has_tables", "document", "table_count", "the document has no tables"),
    _no_control_characters("document"),
    _unique("report_table", "document_id", "table_no"),
    _numbered("report_table_numbered", "report_table", "table_no"),
    _listed("report_table", "unit", UNITS),
    _listed("report_table", "cost_sign", (-1, 1)),
    _at_least_one("report_table_first_line_in_report", "report_table", "first_line", "first_line is {first_line}, before line 1"),
    _ordered("report_table_lines_ordered", "report_table", "first_line", "last_line"),
    _ordered("report_table_last_line_in_report", "report_table", "last_line", "line_count"),
    Check(
        "report_table_cell_count",
        "report_table",
        "ExpectColumnPairValuesToBeEqual",
        "{cell_count} cells were read from the page and {cells_found} are here: a cell was lost or added since",
        {"column_A": "cell_count", "column_B": "cells_found", "ignore_row_if": "neither"},
    ),
    _no_control_characters("report_table"),
    _unique("report_column", "document_id", "table_no", "column_no"),
    _known("report_column_table_exists", "report_column", "known_table_no", "the document has no table {table_no}"),
    _numbered("report_column_numbered", "report_column", "column_no"),
    _listed("report_column", "measure", MEASURES),
    _listed("report_column", "scenario", SCENARIOS),
    _ordered("report_column_period_ordered", "report_column", "period_start", "period_end"),
    _no_control_characters("report_column"),
    _unique("table_cell", "document_id", "table_no", "row_no", "column_no"),
    _known("table_cell_table_exists", "table_cell", "known_table_no", "the document has no table {table_no}"),
    _known("table_cell_column_exists", "table_cell", "known_column_no", "table {table_no} has no column {column_no}"),
    _numbered("table_cell_rows_numbered", "table_cell", "row_no"),
    _listed("table_cell", "unit", UNITS),
    _listed("table_cell", "method", METHODS),
    _listed("table_cell", "measure", MEASURES),
    _listed("table_cell", "scenario", SCENARIOS),
    _ordered("table_cell_period_ordered", "table_cell", "period_start", "period_end"),
    _ordered("table_cell_line_not_before_table", "table_cell", "first_line", "line_no"),
    _ordered("table_cell_line_not_after_table", "table_cell", "line_no", "last_line"),
    _none("table_cell_line_from_one", "table_cell", "line_before_first", "line_no is {line_no}, before line 1"),
    _ordered("table_cell_line_in_report", "table_cell", "line_no", "line_count"),
    _none(
        "table_cell_text_single_spaced",
        "table_cell",
        "text_oddly_spaced",
        "value_text '{value_text}' has other spaces than single ones inside",
    ),
    _none("table_cell_value_exact", "table_cell", "value_not_exact", f"value {{value}} {NOT_EXACT}"),
    _known("table_cell_number_has_value", "number_cell", "value", "'{value_text}' looks like a number and has no value"),
    Check(
        "table_cell_value_as_printed",
        "number_cell",
        "ExpectColumnPairValuesToBeEqual",
        "the value is {value} but '{value_text}' is printed, which is {printed}",
        {"column_A": "value", "column_B": "printed", "ignore_row_if": "either_value_is_missing"},
    ),
    Check(
        "table_cell_text_has_no_value",
        "text_cell",
        "ExpectColumnValuesToBeNull",
        "'{value_text}' ({unit}) is no number but has the value {value}",
        {"column": "value"},
    ),
    _no_control_characters("table_cell"),
    _unique("table_rule", "document_id", "table_no", "rule_no"),
    _known("table_rule_table_exists", "table_rule", "known_table_no", "the document has no table {table_no}"),
    _numbered("table_rule_numbered", "table_rule", "rule_no"),
    _listed("table_rule", "kind", RULE_KINDS),
    _listed("table_rule", "operation", ("sum", "percent", "mean", "at_most", "between")),
    _listed("table_rule", "grade", ("error", "warning", "note")),
    _at_least_one("table_rule_has_terms", "table_rule", "term_count", "the rule has no terms"),
    _ordered("table_rule_row_exists", "table_rule", "row_no", "last_row"),
    _ordered("table_rule_column_exists", "table_rule", "column_no", "column_count"),
    _no_control_characters("table_rule"),
    _unique("table_rule_term", "document_id", "table_no", "rule_no", "term_no"),
    _known("table_rule_term_rule_exists", "table_rule_term", "known_rule_no", "table {table_no} has no rule {rule_no}"),
    _known("table_rule_term_table_exists", "table_rule_term", "known_table_no", "the document has no table {term_table_no}"),
    _numbered("table_rule_term_numbered", "table_rule_term", "term_no"),
    _listed("table_rule_term", "role", ("term", "divisor")),
    Check(
        "table_rule_term_has_weight",
        "table_rule_term",
        "ExpectColumnValuesToNotBeInSet",
        "weight is '{weight}': the term would not count",
        {"column": "weight", "value_set": ["0"]},
    ),
    _ordered("table_rule_term_row_exists", "table_rule_term", "row_no", "last_row"),
    _ordered("table_rule_term_column_exists", "table_rule_term", "column_no", "column_count"),
    _unique("extraction_note", "document_id", "note_no"),
    _numbered("extraction_note_numbered", "extraction_note", "note_no"),
    _known("extraction_note_table_exists", "extraction_note", "known_table_no", "the document has no table {table_no}"),
    _listed("extraction_note", "kind", NOTE_KINDS),
    _ordered("extraction_note_row_exists", "extraction_note", "row_no", "last_row"),
    _ordered("extraction_note_line_not_before_table", "extraction_note", "first_line", "line_no"),
    _ordered("extraction_note_line_not_after_table", "extraction_note", "line_no", "last_line"),
    _no_control_characters("extraction_note"),
    _unique("statement", "document_id", "statement_no"),
    Check(
        "statement_name_unique",
        "statement",
        "ExpectCompoundColumnsToBeUnique",
        "the name {name} stands on more than one row",
        {"column_list": ["document_id", "name"]},
    ),
    _numbered("statement_numbered", "statement", "statement_no"),
    _listed("statement", "unit", STATEMENT_UNITS),
    _listed("statement", "operation", ("sum", "percent", "count")),
    _at_least_one("statement_has_terms", "statement", "term_count", "the statement speaks of no cell"),
    _at_least_one("statement_line_from_one", "statement", "line_no", "line_no is {line_no}, before line 1"),
    _ordered("statement_line_in_report", "statement", "line_no", "line_count"),
    Check(
        "statement_value_exact",
        "statement",
        "ExpectColumnValuesToMatchRegex",
        f"value {{value}} {NOT_EXACT}",
        {"column": "value", "regex": EXACT},
    ),
    Check(
        "statement_value_as_printed",
        "statement",
        "ExpectColumnPairValuesToBeEqual",
        "the value is {value} but '{value_text}' is printed, which is {printed}",
        {"column_A": "value", "column_B": "printed", "ignore_row_if": "either_value_is_missing"},
    ),
    Check(
        "statement_precision_exact",
        "statement",
        "ExpectColumnValuesToMatchRegex",
        "precision {precision} is no decimal(18, 4) from 0",
        {"column": "precision", "regex": r"^\d{1,14}(?:\.\d{1,4})?$"},
    ),
    _no_control_characters("statement"),
    _unique("statement_term", "document_id", "statement_no", "term_no", "factor_no"),
    _known("statement_term_statement_exists", "statement_term", "known_statement_no", "there is no statement {statement_no}"),
    _numbered("statement_term_numbered", "statement_term", "term_no"),
    _listed("statement_term", "factor_no", (1, 2)),
    _listed("statement_term", "role", ("term", "divisor")),
    _listed("statement_term", "weight", (-1, 1)),
    _known("statement_term_cell_exists", "statement_term", "known_cell", "table {table_no} has no cell in {row_no}/{column_no}"),
)

KOLADA_CHECKS: tuple[Check, ...] = (
    _unique("kolada_value", "kpi_id", "municipality_code", "year", "gender"),
    Check(
        "kolada_value_kpi_id_formed",
        "kolada_value",
        "ExpectColumnValuesToMatchRegex",
        "'{kpi_id}' is no key figure's id",
        {"column": "kpi_id", "regex": r"^[NU]\d{5}$"},
    ),
    _known("kolada_value_has_title", "kolada_value", "kpi_title", "the snapshot does not say what {kpi_id} is"),
    Check(
        "kolada_value_municipality_code_formed",
        "kolada_value",
        "ExpectColumnValuesToMatchRegex",
        "'{municipality_code}' is no municipality's code",
        {"column": "municipality_code", "regex": r"^\d{4}$"},
    ),
    Check(
        "kolada_value_year_from_1968",
        "kolada_value",
        "ExpectColumnValuesToBeBetween",
        "the year is {year}",
        {"column": "year", "min_value": 1968},
    ),
    _ordered("kolada_value_year_not_to_come", "kolada_value", "year", "fetched_year"),
    _listed("kolada_value", "gender", ("T", "K", "M")),
    Check(
        "kolada_value_exact",
        "kolada_value",
        "ExpectColumnValuesToMatchRegex",
        f"value {{value}} {NOT_EXACT}",
        {"column": "value", "regex": EXACT},
    ),
    # Costs are divided by it.
    Check(
        "kolada_population_whole",
        "kolada_population",
        "ExpectColumnValuesToMatchRegex",
        "{value} is no number of inhabitants",
        {"column": "value", "regex": r"^[1-9]\d*$"},
    ),
    _no_control_characters("kolada_value"),
)
"""What holds of Kolada's key figures, checked where there are any."""

KOLADA_FRAMES = {check.frame for check in KOLADA_CHECKS}
POPULATION = "N01951"


@cache
def import_library() -> Any:
    """Great Expectations, in half the time of a bare import."""
    from tqdm import tqdm

    # Read at import: without it the library reports its use over the network.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    # A lock for its progress bars among threads: its own is one among processes, and takes a process to look after it.
    tqdm.set_lock(threading.RLock())
    _put_off("scipy", "stats")  # loaded for statistical expectations, none of which is used here
    collecting = gc.isenabled()
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import great_expectations
            import great_expectations.expectations
    finally:
        # Some hundred thousand objects that stay: the collector need not look through them again and again.
        gc.freeze()
        if collecting:
            gc.enable()
    return great_expectations


def _put_off(package: str, name: str) -> None:
    """Let a module be loaded when something in it is asked for, and not when it is imported."""
    spec = importlib.util.find_spec(f"{package}.{name}")
    if spec and spec.loader and spec.name not in sys.modules:
        spec.loader = importlib.util.LazyLoader(spec.loader)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        # As an import would: `from package import name` then finds it without touching it.
        setattr(sys.modules[package], name, module)
        spec.loader.exec_module(module)


def check_frames(frames: Mapping[str, pl.DataFrame], docs: Path | None = None) -> pl.DataFrame:
    """Run every check on the frames of a load (see ingest.loading.load.shape): one row (CheckResult) per check and document.

    Key figures, where the frame kolada_value has any, are checked beside the documents.

    With `docs`, Great Expectations' Data Docs about it are written to that folder, also when checks fail.
    """
    prepared = _prepare(frames)
    failed = _validate(prepared, docs)
    documents = frames["document"].select(pl.col("document_id").unique(maintain_order=True))
    checked = {
        name: pl.DataFrame({"document_id": [None], "rows_checked": [frame.height]}, schema_overrides={"document_id": pl.String})
        if name in KOLADA_FRAMES
        else documents.join(
            frame.group_by("document_id").agg(rows_checked=pl.len()), on="document_id", how="left", maintain_order="left"
        )
        for name, frame in prepared.items()
    }
    checks = [check for check in (*CHECKS, *KOLADA_CHECKS) if check.frame in prepared]
    return pl.concat([_results(check, checked[check.frame], prepared[check.frame][failed[check.name]]) for check in checks])


def _results(check: Check, checked: pl.DataFrame, wrong: pl.DataFrame) -> pl.DataFrame:
    """The check's result for each document of `checked`, with the rows that are `wrong`."""
    rows: dict[str | None, list[dict[str, Any]]] = {}
    for row in wrong.iter_rows(named=True):
        rows.setdefault(row.get("document_id"), []).append(row)
    found = pl.DataFrame(
        [(document_id, len(some), _detail(check, some)) for document_id, some in rows.items()],
        schema={"document_id": pl.String, "rows_failed": pl.Int32, "detail": pl.String},
        orient="row",
    )
    return checked.join(found, on="document_id", how="left", nulls_equal=True, maintain_order="left").select(
        "document_id",
        check_name=pl.lit(check.name),
        passed=pl.col("rows_failed").is_null(),
        rows_checked=pl.col("rows_checked").fill_null(0).cast(pl.Int32),
        rows_failed=pl.col("rows_failed").fill_null(0),
        detail="detail",
    )


def as_results(rows: pl.DataFrame) -> list[CheckResult]:
    """Rows of check_frames, each as the result it is."""
    return [CheckResult(**row) for row in rows.iter_rows(named=True)]


def describe_failures(results: Sequence[CheckResult]) -> str:
    """The message of a failed gate: each failed check with its rows, and what to do."""
    failures = [result for result in results if not result.passed]
    count = sum(result.rows_failed for result in failures)
    lines = [f"The load gate does not let {count} {'row' if count == 1 else 'rows'} through; the database is as it was."]
    for result in failures:
        lines.append(f"  {result.check_name} ({result.rows_failed} of {result.rows_checked} rows):")
        lines += [f"    {line}" for line in (result.detail or "").splitlines()]
    if any(result.document_id is not None for result in failures):
        lines.append("  What to do: mend the layout and extract the report again, or restore the files in ingest/extracted/.")
    if any(result.document_id is None for result in failures):
        lines.append("  What to do: move the newest snapshot in ingest/kolada/snapshots/ away, or fetch again.")
    return "\n".join(lines)


def failures_by_document(results: Sequence[CheckResult]) -> dict[str, str]:
    """The failed checks of each document that has any, with their rows."""
    failed: dict[str, list[str]] = {}
    for result in results:
        if not result.passed and result.document_id is not None:
            rows = (result.detail or "").splitlines()
            failed.setdefault(result.document_id, []).extend([f"{result.check_name}:", *(f"  {row}" for row in rows)])
    return {document_id: "\n".join(lines) for document_id, lines in failed.items()}


def number_printed(value_text: str, unit: str) -> Decimal | str | None:
    """How a cell's text reads: the Decimal it prints, None where it is no number, 'either' where that is open.

    Undecided are texts with digits among other words or marks: ranges (80 – 100), tolerances (+/- 0,5), `19 st (Jan-okt
    2024)`.
    """
    if unit == "date" or DATE.fullmatch(value_text) or not any(c.isdigit() for c in value_text):
        return None
    if unit == "text" and YEAR.fullmatch(value_text):
        return None
    match = PRINTED_NUMBER.fullmatch(value_text)
    if match is None:
        return None if unit == "text" else "either"
    number = Decimal(match["whole"].replace(" ", "") + "." + (match["decimals"] or "0"))
    return -number if match["sign"] in ("-", "−", "–") else number


def _detail(check: Check, rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [f"{_where(row)}: {check.problem.format_map(dict(row))}" for row in rows[:ROWS_NAMED]]
    if len(rows) > ROWS_NAMED:
        lines.append(f"... and {len(rows) - ROWS_NAMED} more")
    return "\n".join(lines)


def _where(row: Mapping[str, Any]) -> str:
    """Document, table, row, column of a row, as far as it has them, and the line of a cell; the key of a key figure."""
    if "kpi_id" in row:
        return f"{row['kpi_id']}, {row['municipality_code']}, {row['year']}, {row['gender']}"
    parts = [f"{row['document_id']}"]
    for name in ("statement_no", "table_no", "rule_no", "term_no", "note_no", "row_no", "column_no"):
        if row.get(name) is not None:
            parts.append(f"{name.removesuffix('_no')} {row[name]}")
    if "line_no" in row:
        parts.append(f"line {row['line_no']}")
    return ", ".join(parts)


def _prepare(frames: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The frames with what the checks compare with: expected numbers, what the keys refer to, what is printed."""
    table_key, column_key, rule_key = (
        ["document_id", "table_no"],
        ["document_id", "table_no", "column_no"],
        ["document_id", "table_no", "rule_no"],
    )
    document, table, column = frames["document"], frames["report_table"], frames["report_column"]
    cell, rule, term = frames["table_cell"], frames["table_rule"], frames["table_rule_term"]

    def count(frame: pl.DataFrame, key: list[str], name: str) -> pl.DataFrame:
        return frame.group_by(key).agg(pl.len().alias(name))

    columns = column.group_by(table_key).agg(column_count=pl.col("column_no").max())
    last_rows = cell.group_by(table_key).agg(last_row=pl.col("row_no").max())
    cell_counts = count(cell, table_key, "cells_found")
    tables = (
        table.unique(table_key)
        .select(*table_key, "first_line", "last_line", known_table_no="table_no")
        .join(document.unique("document_id").select("document_id", "line_count"), on="document_id", how="left")
        .join(columns, on=table_key, how="left")
        .join(last_rows, on=table_key, how="left")
        # A rule on a table without cells or columns points nowhere: 0, not null, which every comparison would let pass.
        .with_columns(pl.col("column_count", "last_row").fill_null(0))
    )
    facts = tables.select(*table_key, "known_table_no", "line_count", "column_count", "last_row")
    known_columns = column.unique(column_key).select(*column_key, known_column_no="column_no")
    known_rules = rule.unique(rule_key).select(*rule_key, known_rule_no="rule_no")
    running = pl.int_range(1, pl.len() + 1)

    cell = (
        cell.with_columns(expected_no=pl.col("row_no").rank("dense").over(table_key))
        .join(_printed(cell), on=["value_text", "unit"], how="left", nulls_equal=True, maintain_order="left")
        .join(tables, on=table_key, how="left", maintain_order="left")
        .join(known_columns, on=column_key, how="left", maintain_order="left")
        .with_columns(
            line_before_first=pl.when(pl.col("line_no") < 1).then("line_no"),
            text_oddly_spaced=pl.when(~pl.col("value_text").str.contains(SINGLE_SPACED)).then("value_text"),
            value_not_exact=pl.when(~pl.col("value").str.contains(EXACT)).then("value"),
        )
    )
    prepared = {
        "document": document.join(count(table, ["document_id"], "table_count"), on="document_id", how="left").with_columns(
            pl.col("table_count").fill_null(0)
        ),
        "report_table": table.with_columns(expected_no=running.over("document_id"))
        .join(facts, on=table_key, how="left", maintain_order="left")
        .join(cell_counts, on=table_key, how="left", maintain_order="left")
        .with_columns(pl.col("cells_found").fill_null(0)),
        "report_column": column.with_columns(expected_no=running.over(table_key)).join(
            facts, on=table_key, how="left", maintain_order="left"
        ),
        "table_cell": cell,
        "table_rule": rule.with_columns(expected_no=running.over(table_key))
        .join(facts, on=table_key, how="left", maintain_order="left")
        .join(count(term, rule_key, "term_count"), on=rule_key, how="left", maintain_order="left")
        .with_columns(pl.col("term_count").fill_null(0)),
        "table_rule_term": term.with_columns(expected_no=running.over(rule_key))
        .join(
            facts.rename({"table_no": "term_table_no"}),
            on=["document_id", "term_table_no"],
            how="left",
            maintain_order="left",
        )
        .join(known_rules, on=rule_key, how="left", maintain_order="left"),
    }
    prepared["extraction_note"] = (
        frames["extraction_note"]
        .with_columns(expected_no=running.over("document_id"))
        .join(tables, on=table_key, how="left", maintain_order="left")
    )
    statement, statement_term = frames["statement"], frames["statement_term"]
    statement_key = ["document_id", "statement_no"]
    prepared["statement"] = (
        statement.with_columns(expected_no=running.over("document_id"))
        .join(
            _printed(statement).drop("reads_as"), on=["value_text", "unit"], how="left", nulls_equal=True, maintain_order="left"
        )
        .join(
            document.unique("document_id").select("document_id", "line_count"),
            on="document_id",
            how="left",
            maintain_order="left",
        )
        .join(count(statement_term, statement_key, "term_count"), on=statement_key, how="left", maintain_order="left")
        .with_columns(pl.col("term_count").fill_null(0))
    )
    cell_key = ["document_id", "table_no", "row_no", "column_no"]
    prepared["statement_term"] = (
        # The factors of a term share its number; terms follow one another.
        statement_term.with_columns(expected_no=pl.col("term_no").rank("dense").over(statement_key))
        .join(
            statement.unique(statement_key).select(*statement_key, known_statement_no="statement_no"),
            on=statement_key,
            how="left",
            maintain_order="left",
        )
        .join(
            frames["table_cell"].unique(cell_key).select(*cell_key, known_cell="cell_id"),
            on=cell_key,
            how="left",
            maintain_order="left",
        )
    )
    key_figures = frames.get("kolada_value")
    if key_figures is not None and key_figures.height:
        prepared["kolada_value"] = key_figures.with_columns(fetched_year=pl.col("fetched_on").dt.year())
    prepared = {name: frame.with_columns(unclean_column=_unclean_column(frame)) for name, frame in prepared.items()}
    if "kolada_value" in prepared:
        counted = (pl.col("kpi_id") == POPULATION) & pl.col("value").is_not_null()
        prepared["kolada_population"] = prepared["kolada_value"].filter(counted)
    prepared["number_cell"] = prepared["table_cell"].filter(pl.col("reads_as") == "number")
    prepared["text_cell"] = prepared["table_cell"].filter(pl.col("reads_as") == "text")
    return prepared


def _printed(frame: pl.DataFrame) -> pl.DataFrame:
    """How each text of the frame reads, with its unit: what it prints, and whether it is a number, a text or either."""
    texts = frame.select("value_text", "unit").unique()
    printed = [number_printed(text, unit) for text, unit in texts.iter_rows()]
    return texts.with_columns(
        printed=pl.Series([_plain(p) if isinstance(p, Decimal) else None for p in printed], dtype=pl.String),
        reads_as=pl.Series(
            ["number" if isinstance(p, Decimal) else "text" if p is None else "either" for p in printed], dtype=pl.String
        ),
    )


def _plain(number: Decimal) -> str:
    return format(number.normalize() + 0, "f")


def _unclean_column(frame: pl.DataFrame) -> pl.Expr:
    """The name of the first text column with a control character in it, null where there is none."""
    # A cell's table title and column label come from the other frames and are checked there.
    borrowed = {"table_title", "column_label"} if "value_text" in frame.columns else set()
    texts = [name for name, kind in frame.schema.items() if kind == pl.String and name not in borrowed]
    return pl.coalesce(pl.when(pl.col(name).str.contains(r"[\x00-\x1f\x7f]")).then(pl.lit(name)) for name in texts)


def _validate(prepared: Mapping[str, pl.DataFrame], docs: Path | None) -> dict[str, list[int]]:
    """Let Great Expectations run the checks; returns per check the failing rows' positions in its frame."""
    gx = import_library()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        if docs is not None:
            add_site(context, docs)
        source = context.data_sources.add_pandas("load")
        failed: dict[str, list[int]] = {}
        for name, frame in prepared.items():
            checks = [check for check in (*CHECKS, *KOLADA_CHECKS) if check.frame == name]
            expectations = [
                getattr(gx.expectations, check.expectation)(**check.arguments, meta={"check": check.name}) for check in checks
            ]
            data = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("all")
            suite = context.suites.add(gx.ExpectationSuite(name, expectations=expectations))
            # A stored definition, not a bare batch: its results are what the Data Docs are made of.
            definition = context.validation_definitions.add(gx.ValidationDefinition(name=name, data=data, suite=suite))
            batch = {"dataframe": _looked_at(frame, checks)}
            validation = definition.run(batch_parameters=batch, result_format="BASIC")
            if not validation.success:
                # Only now which rows they are: to ask for that costs a third more.
                validation = data.get_batch(batch).validate(suite, result_format="COMPLETE")
            for result in validation.results:
                assert result.expectation_config
                assert result.expectation_config.meta
                check_name = result.expectation_config.meta["check"]
                rows = result.result.get("unexpected_index_list")
                if not result.success and not rows:
                    # Not a finding but a check that could not run: never let it pass as an empty list of rows.
                    raise RuntimeError(f"the gate's check {check_name} could not run: {result.exception_info}")
                failed[check_name] = list(rows or [])
        if docs is not None:
            write_site(context, docs, {name: _outcome(name, failed) for name in prepared})
    return failed


def _looked_at(frame: pl.DataFrame, checks: Sequence[Check]) -> pd.DataFrame:
    """The columns that the checks look at. Texts that are only told apart are numbered categories: cheap to copy and compare."""
    columns: dict[str, bool] = {}
    for check in checks:
        for argument, column in check.arguments.items():
            if argument in ("column", "column_A", "column_B"):
                compared = argument != "column" or "regex" in check.arguments
                columns[column] = columns.get(column, False) or compared
            elif argument == "column_list":
                columns = dict.fromkeys(column, False) | columns
    told_apart = [name for name, compared in columns.items() if not compared and frame.schema[name] == pl.String]
    return frame.select(list(columns)).with_columns(pl.col(told_apart).cast(pl.Categorical)).to_pandas()


def _outcome(frame: str, failed: Mapping[str, list[int]]) -> tuple[int, int]:
    """How many checks a frame has had, and how many of them failed."""
    rows = [failed[check.name] for check in (*CHECKS, *KOLADA_CHECKS) if check.frame == frame and check.name in failed]
    return len(rows), sum(bool(found) for found in rows)
