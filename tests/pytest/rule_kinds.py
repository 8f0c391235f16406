"""An invented report with one table for each kind of check, whose figures agree, and the ways in which they can go wrong.

A case is data: what the table prints, which part is the result, and the result that is just inside and just outside of what
rounding explains. What must happen in each situation is the same for all kinds (SITUATIONS), with the exceptions that a kind
names itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from synthetic import cell, document

from ingest.model import Cell, Column, Extraction, Rule, RuleTerm, Table
from mutation.checks import Change, Print

LATER, EARLIER = "provby_namnden_2019", "provby_namnden_2018"
"""The report with the tables, and the one before it, which prints one of its facts too."""


@dataclass(frozen=True)
class Case:
    """One check: the result and its parts as printed, and how the result could be printed."""

    kind: str
    operation: str
    result: str
    parts: tuple[str, ...]
    inside: str
    outside: str
    roles: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    unit: str = "tkr"
    blank_is_zero: bool = False
    exact: bool = False
    exceptions: Mapping[str, str | None] = field(default_factory=dict)
    """Situations in which this kind says something else; None: it is not made."""


OK = "agrees or rounding"
BLANK_IS_ZERO: dict[str, str | None] = {"missing part": "unexplained", "null part": "unexplained"}
ONLY_PART: dict[str, str | None] = dict.fromkeys(("missing part", "null part"))
"""A total without any part is held against nothing."""
NOT_MADE: dict[str, str | None] = dict.fromkeys(("missing total", "null total", "missing part", "null part"))

CASES = (
    Case("deviation", "sum", "30", ("130", "100"), "31", "32", weights=("1", "-1")),
    Case("net", "sum", "-70", ("30", "-100"), "-71", "-72"),
    Case("change", "sum", "-5,5", ("94,5", "100,0"), "-5,4", "-5,3", weights=("1", "-1")),
    Case("part", "sum", "103", ("60", "43"), "103", "104", unit="antal"),
    Case("total", "sum", "600", ("100", "200", "300"), "602", "603"),
    Case("total", "sum", "300", ("100", "200"), "301", "302", blank_is_zero=True, exceptions=BLANK_IS_ZERO),
    Case("mean", "mean", "20", ("10", "20", "30"), "21", "22"),
    Case("percentage", "percent", "3,0", ("30", "1000"), "3,1", "3,2", roles=("term", "divisor"), unit="percent"),
    Case("repeated", "sum", "357", ("357",), "358", "359", exceptions=ONLY_PART | {"duplicate total": OK}),
    # Eight twelfths of 1 200 are 800.0004, off by at most half of the result's digit: 1 200 is decided, and exact.
    Case("periodised", "sum", "800", ("1200",), "800", "801", weights=("0.666667",), exact=True, exceptions=ONLY_PART),
    Case("index", "sum", "1032", ("1000",), "1033", "1034", weights=("1.032",), exceptions=ONLY_PART),
    Case("index", "sum", "1032", ("1000",), "1032", "1033", weights=("1.032",), exact=True, exceptions=ONLY_PART),
    # 2 715.7, off by at most half a unit and half of 2.007 + 1.007.
    Case("extrapolated", "sum", "2716", ("2757", "2798"), "2717", "2718", weights=("2.007", "-1.007")),
    # Counted days: no rounding explains anything.
    Case("total", "sum", "600", ("100", "200", "300"), "600", "601", exact=True),
    Case("repeated", "sum", "357", ("357",), "357", "358", exact=True, exceptions=ONLY_PART | {"duplicate total": OK}),
    # A limit knows figures that are there; a figure on the right side of it may be any.
    Case(
        *("limit", "at_most", "40", ("60",), "61", "62"),
        exceptions=NOT_MADE | {"wrong part": OK, "duplicate total": OK, "other sign": OK},
    ),
    Case("limit", "between", "50", ("40", "60"), "61", "62", exceptions=NOT_MADE | {"duplicate total": OK}),
)
"""The kinds of rules; all of them stand in the report's first tables, in this order."""

RESTATED = (
    # To the last digit, in the same unit.
    Case("restated", "restatement", "357046", ("357046",), "357046", "357047", exceptions=NOT_MADE | {"duplicate total": OK}),
    # In millions with one decimal: the thousands are rounded away.
    Case("restated", "restatement", "357,0", ("357046",), "357,0", "357,1", unit="mnkr", exceptions=NOT_MADE),
    # Twice in the later report.
    Case("printed twice", "restatement", "-968", ("-968",), "-968", "-967", exceptions=NOT_MADE | {"duplicate total": OK}),
)
"""Facts that are printed twice: in both reports, the last one twice in the later report. What is not printed is not restated."""

BY_UNIT_TEST = {
    **dict.fromkeys(("value bound", "unit cost", "placement cost", "equal figures"), "int_plausibility_check_part"),
    "statement": "int_statement_check_part",
}
"""Kinds whose parts come from seeds or running text: their situations stand in dbt's unit tests of a model."""

FACTS = ("Kostnader", "Intäkter", "Varav kapitalkostnader")
"""Labels that the seeds know in the table of running costs: one for each restated fact."""


def _other_number(text: str) -> str:
    """A number of the same precision that no rounding explains."""
    return text.replace(text.lstrip("-")[0], "9", 1) if text.lstrip("-")[0] != "9" else text.replace("9", "1", 1)


def _other_sign(text: str) -> str:
    return text.removeprefix("-") if text.startswith("-") else f"-{text}"


# What the part with this number prints instead (0: the result; no text: it is not there), and what the check then says.
SITUATIONS: dict[str, tuple[Callable[[Case], tuple[int, str | None]], str]] = {
    "consistent": (lambda case: (0, case.result), OK),
    "wrong": (lambda case: (0, _other_number(case.result)), "unexplained"),
    "wrong part": (lambda case: (1, _other_number(case.parts[0])), "unexplained"),
    "just inside": (lambda case: (0, case.inside), OK),
    "just outside": (lambda case: (0, case.outside), "unexplained"),
    "missing total": (lambda _: (0, None), "missing total"),
    "null total": (lambda _: (0, "–"), "missing total"),
    "missing part": (lambda _: (1, None), "missing part"),
    "null part": (lambda _: (1, "–"), "missing part"),
    "duplicate total": (lambda case: (1, case.result), "unexplained"),
    "other sign": (lambda case: (0, _other_sign(case.result)), "unexplained"),
}


@dataclass(frozen=True)
class Placed:
    """A case where it stands in the reports: the id of its check, and its cells, the result first."""

    case: Case
    check_id: str
    cells: tuple[str, ...]

    def change(self, situation: str) -> Change:
        """What the reports print in a situation."""
        part, text = SITUATIONS[situation][0](self.case)
        return Change({self.cells[part]: _print(text) if text else None})

    def expected(self, situation: str) -> str | None:
        """What the check says in a situation; None where it is not made."""
        return self.case.exceptions.get(situation, SITUATIONS[situation][1])


def _print(text: str) -> Print:
    return Print(text, None if text == "–" else Decimal(text.replace(",", ".")))


def placed_cases() -> list[Placed]:
    """All cases, each in its place."""
    rules = [
        Placed(case, f"{LATER}/{no}/rule 1/1/1", tuple(f"{LATER}/{no}/1/{column}" for column in range(1, len(case.parts) + 2)))
        for no, case in enumerate(CASES, 1)
    ]
    facts = len(CASES) + 1
    places = [(f"{LATER}/{facts}/{row}/1", f"{EARLIER}/1/{row}/1") for row in range(1, len(RESTATED))]
    places.append((f"{LATER}/{facts + 1}/1/1", f"{LATER}/{facts}/{len(RESTATED)}/1"))
    return rules + [Placed(case, " = ".join(cells), cells) for case, cells in zip(RESTATED, places, strict=True)]


def reports() -> list[Extraction]:
    """The two reports, in which everything agrees."""
    *both, twice = RESTATED
    facts = len(CASES) + 1
    in_both = [(label, case.result, case.unit) for label, case in zip(FACTS, both, strict=False)]
    return [
        _report(EARLIER, 2018, [_facts(1, [(label, case.parts[0], "tkr") for label, case in zip(FACTS, both, strict=False)])]),
        _report(
            LATER,
            2019,
            [
                *(_rule(no, case) for no, case in enumerate(CASES, 1)),
                _facts(facts, [*in_both, (FACTS[-1], twice.parts[0], "tkr")]),
                _facts(facts + 1, [(FACTS[-1], twice.result, "tkr")]),
            ],
        ),
    ]


@dataclass(frozen=True)
class _Content:
    table: Table
    columns: list[Column]
    cells: list[Cell]
    rules: list[Rule] = field(default_factory=list)
    terms: list[RuleTerm] = field(default_factory=list)


def _report(document_id: str, year: int, contents: list[_Content]) -> Extraction:
    first, last = date(year, 1, 1), date(year, 12, 31)
    # Norrtälje's labels are known to the seeds.
    about = document(
        document_id, municipality_code="0188", fiscal_year=year, period_start=first, period_end=last, as_of=last, line_count=1000
    )
    return Extraction(
        document=about,
        tables=[content.table for content in contents],
        columns=[column for content in contents for column in content.columns],
        cells=[cell for content in contents for cell in content.cells],
        rules=[rule for content in contents for rule in content.rules],
        rule_terms=[term for content in contents for term in content.terms],
        notes=[],
    )


def _table(no: int, subject: str, unit: str, cost_sign: int | None, cell_count: int) -> Table:
    return Table(no, f"tabell_{no}", f"Tabell {no}", subject, unit, cost_sign, 10 * no, 10 * no + 9, cell_count)


def _cell(table: int, row: int, label: str, column: int, text: str, unit: str, measure: str | None, year: int | None) -> Cell:
    return cell(
        row,
        column,
        text,
        str(_print(text).value),
        table_no=table,
        row_label=label,
        unit=unit,
        line_no=10 * table + row,
        measure=measure,
        scenario="outcome" if year else None,
        period_start=date(year, 1, 1) if year else None,
        period_end=date(year, 12, 31) if year else None,
    )


def _rule(no: int, case: Case) -> _Content:
    """A table of one row: the result, and its parts in the columns after it."""
    texts = (case.result, *case.parts)
    units = [case.unit, *(["tkr"] * len(case.parts) if case.operation == "percent" else [case.unit] * len(case.parts))]
    return _Content(
        _table(no, "assignment", case.unit, None, len(texts)),
        [Column(no, i, f"c{i}", f"Kolumn {i}", None, None, None, None) for i in range(1, len(texts) + 1)],
        [_cell(no, 1, "Rad", i, text, units[i - 1], None, None) for i, text in enumerate(texts, 1)],
        [Rule(no, 1, "regel", case.kind, case.operation, None, 1, case.blank_is_zero, case.exact, "error", "regel")],
        [
            RuleTerm(no, 1, i, role, no, None, i + 1, 0, Decimal(weight))
            for i, role, weight in zip(
                range(1, len(texts)),
                case.roles or ("term",) * len(case.parts),
                case.weights or ("1",) * len(case.parts),
                strict=True,
            )
        ],
    )


def _facts(no: int, prints: list[tuple[str, str, str]]) -> _Content:
    """A table of running costs of 2018, one fact a row."""
    year = {"period_start": date(2018, 1, 1), "period_end": date(2018, 12, 31)}
    return _Content(
        _table(no, "running_costs", "tkr", -1, len(prints)),
        [Column(no, 1, "utfall", "Utfall 2018", "amount", "outcome", **year)],
        [_cell(no, row, label, 1, text, unit, "amount", 2018) for row, (label, text, unit) in enumerate(prints, 1)],
    )
