"""The reconciliation of a published warehouse: what was checked in each report, what was found, and how much is guarded."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from ingest.errors import KommunlagerError, WarehouseError
from ingest.loading.database import open_for_reading
from publish.output import as_table

COLUMNS = {
    "agreed": ("agrees",),
    "rounding": ("rounding",),
    "registered": ("registered source error",),
    "restated": ("restatement",),
    "reviewed": ("reviewed warning",),
    "notes": ("note",),
    "unexplained": ("unexplained", "missing total", "missing part", "warning"),
}
"""The columns of the report, and the statuses of marts.reconciliation that each counts."""


@dataclass(frozen=True)
class RuleCount:
    """The checks of one rule in one document: how many there are, and how many of them came out how.

    `table_key` is the table of a layout's rule; null for what is no rule of one table (restatements, statements, bounds).
    """

    document_id: str
    check_class: str
    kind: str
    table_key: str | None
    rule_name: str
    checks: int
    agreed: int
    rounding: int
    registered: int
    restated: int
    reviewed: int
    notes: int
    unexplained: int


@dataclass(frozen=True)
class Finding:
    """A check whose figures differ by more than rounding. `printed` and `expected` are in `unit`, null for a quotient."""

    document_id: str
    line_no: int | None
    cell_id: str
    table_title: str
    row_label: str | None
    column_label: str
    kind: str
    table_key: str | None
    rule_name: str
    status: str
    printed: Decimal | None
    expected: Decimal | None
    difference: Decimal | None
    unit: str | None
    reason: str


@dataclass(frozen=True)
class Guarded:
    """The printed numbers of one document, and what guards them."""

    document_id: str
    numbers: int
    by_identity: int
    by_restatement: int
    by_bounds: int
    not_guarded: int


@dataclass(frozen=True)
class Reconciliation:
    """What `kommunlager reconcile` reports; each list sorted by document."""

    warehouse: str
    counts: list[RuleCount]
    findings: list[Finding]
    guarded: list[Guarded]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def describe(self, in_full: bool) -> str:
        """The reconciliation for people: the checks of each document by kind, and what is guarded.

        With `in_full` the checks by rule, and each finding.
        """
        blocks = []
        for guarded in self.guarded:
            counts = [count for count in self.counts if count.document_id == guarded.document_id]
            blocks.append(f"{guarded.document_id}\n{_indent(_counted(counts, in_full))}\n\n{_indent(_guard_line(guarded))}")
            findings = [finding for finding in self.findings if finding.document_id == guarded.document_id]
            if in_full and findings:
                blocks.append("\n\n".join(_indent(_describe(finding)) for finding in findings))
        return "\n\n".join(blocks)


def read_reconciliation(warehouse: Path, document_id: str | None = None) -> Reconciliation:
    """Read the reconciliation of every document, or of one. Raises KommunlagerError for a document that is not there."""
    with open_for_reading(warehouse) as connection:
        names = connection.execute("select table_schema || '.' || table_name from information_schema.tables").fetchall()
        if ("marts.reconciliation_coverage",) not in names:
            raise WarehouseError(
                f"{warehouse}: holds no reconciliation.\n  What to do: run `kommunlager build` to make the warehouse."
            )
        known = [name for (name,) in connection.execute("select document_id from marts.dim_document order by 1").fetchall()]
        if document_id is not None and document_id not in known:
            raise KommunlagerError(
                f"{document_id}: the warehouse holds no such document.\n  What to do: name one of {', '.join(known) or 'none'}."
            )
        documents = known if document_id is None else [document_id]
        return Reconciliation(
            warehouse=str(warehouse),
            counts=_counts(connection, documents),
            findings=_findings(connection, documents),
            guarded=_guarded(connection, documents),
        )


def _counted(counts: list[RuleCount], by_rule: bool) -> str:
    """A table of the checks of one document, by kind or by rule, with their sum."""
    columns = ["checks", *COLUMNS]
    sums: dict[tuple[str, ...], list[int]] = {}
    for count in counts:
        key = (count.kind, _rule(count)) if by_rule else (count.kind,)
        before = sums.get(key, [0] * len(columns))
        sums[key] = [so_far + getattr(count, column) for so_far, column in zip(before, columns, strict=True)]
    total = [sum(values) for values in zip(*sums.values(), strict=True)] or [0] * len(columns)
    rows: list[list[Any]] = [[*key, *values] for key, values in sums.items()]
    return as_table(["kind", *(["rule"] if by_rule else []), *columns], [*rows, ["all", *([""] if by_rule else []), *total]])


def _rule(check: RuleCount | Finding) -> str:
    """A rule as a layout speaks of a table's things: `placement_volume.deviation`; a rule of no table by its name."""
    return f"{check.table_key}.{check.rule_name}" if check.table_key else check.rule_name


# A rule that no layout gives one table is known by its name alone.
TABLE_KEY = "case when r.kind in (select kind from raw.table_rule) then t.table_key end"
OF_TABLE = "raw.report_table as t on r.document_id = t.document_id and r.table_no = t.table_no"


def _counts(connection: duckdb.DuckDBPyConnection, documents: list[str]) -> list[RuleCount]:
    counted = ", ".join(
        f"count(*) filter (status in ({', '.join(repr(status) for status in statuses)}))" for statuses in COLUMNS.values()
    )
    rows = connection.execute(
        f"""select r.document_id, check_class, kind, {TABLE_KEY} as table_key, rule_name, count(*), {counted}
        from marts.reconciliation as r inner join {OF_TABLE}
        where list_contains($documents, r.document_id) group by r.document_id, check_class, kind, table_key, rule_name
        order by
            r.document_id, list_position(['identity', 'restatement', 'bounds', 'suspicion'], check_class), kind,
            min(r.table_no), rule_name""",
        {"documents": documents},
    ).fetchall()
    return [RuleCount(*row) for row in rows]


def _findings(connection: duckdb.DuckDBPyConnection, documents: list[str]) -> list[Finding]:
    rows = connection.execute(
        f"""select r.document_id, r.line_no, r.cell_id, t.table_title, r.row_label, r.column_label, r.kind,
            {TABLE_KEY}, r.rule_name, r.status, r.printed, r.expected, r.difference, r.unit, r.reason
        from marts.reconciliation as r
        inner join {OF_TABLE}
        where list_contains($documents, r.document_id) and r.status not in ('agrees', 'rounding')
        order by r.document_id, r.table_no, r.line_no, r.check_id""",
        {"documents": documents},
    ).fetchall()
    return [Finding(*row) for row in rows]


def _guarded(connection: duckdb.DuckDBPyConnection, documents: list[str]) -> list[Guarded]:
    rows = connection.execute(
        """select d.document_id, count(c.cell_id), count(*) filter (c.guarded_by = 'identity'),
            count(*) filter (c.guarded_by = 'restatement'), count(*) filter (c.guarded_by = 'bounds'),
            count(*) filter (c.guarded_by = 'none')
        from marts.dim_document as d left join marts.reconciliation_coverage as c on d.document_id = c.document_id
        where list_contains($documents, d.document_id) group by d.document_id order by d.document_id""",
        {"documents": documents},
    ).fetchall()
    return [Guarded(*row) for row in rows]


def _guard_line(guarded: Guarded) -> str:
    return (
        f"{guarded.numbers:,} printed numbers: {guarded.by_identity:,} guarded by arithmetic, "
        f"{guarded.by_restatement:,} by another print, {guarded.by_bounds:,} only by bounds, {guarded.not_guarded:,} by nothing"
    )


def _describe(finding: Finding) -> str:
    where = " / ".join(text for text in (finding.table_title, finding.row_label, finding.column_label) if text)
    line = f"line {finding.line_no}" if finding.line_no is not None else "not printed"
    figures = f"printed {_figure(finding.printed)}"
    if finding.expected is not None:
        figures += f", expected {_figure(finding.expected)}"
    if finding.difference is not None:
        figures += f", difference {_figure(finding.difference)}"
    return (
        f"{finding.status} ({_rule(finding)}), {line}: {where}\n  {figures} {finding.unit or ''}".rstrip()
        + f"\n  {finding.reason}"
    )


def _figure(number: Decimal | None) -> str:
    if number is None:
        return "nothing"
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _indent(text: str) -> str:
    return "\n".join(f"  {line}" if line else "" for line in text.splitlines())
