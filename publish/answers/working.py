"""How the figures of a mart's row were worked out: from which parts, by which arithmetic, done again here from the row.

A figure that the arithmetic does not give is said to be another: the models and this page of arithmetic check each other.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

Ask = Callable[..., list[tuple[Any, ...]]]

FORMULAS: Mapping[str, Mapping[str, str]] = {
    "placement_unit_cost_comparison": {"unit_cost_sek": "cost_sek / volume_days"},
    "placement_price_volume_variance": {
        "volume_effect_sek": "(volume_days - budget_volume_days) * budget_unit_cost_sek",
        "price_effect_sek": "(unit_cost_sek - budget_unit_cost_sek) * volume_days",
        "total_effect_sek": "volume_effect_sek + price_effect_sek",
    },
    "budget_comparison": {
        "deviation_sek": "net_cost_sek - budget_net_cost_sek",
        "deviation_percent": "100 * deviation_sek / abs(budget_net_cost_sek)",
        "change_sek": "net_cost_sek - previous_year_net_cost_sek",
        "change_percent": "100 * change_sek / previous_year_net_cost_sek",
        "net_cost_per_inhabitant_sek": "net_cost_sek / inhabitants",
    },
    "forecast_revision": {
        "change_sek": "amount_sek - previous_amount_sek",
        "change_percent": "100 * change_sek / abs(previous_amount_sek)",
        "deviation_from_budget_sek": "amount_sek - budget_amount_sek",
    },
    "indicator_comparison": {"distance_to_target": "value - target_value"},
    "reconciliation": {"difference": "printed - expected"},
}
"""The arithmetic within a row, by mart and column; columns of the same mart, numbers, + - * / and abs()."""

PARTS: Mapping[str, tuple[str, Sequence[str], Sequence[str], str]] = {
    # mart -> the table with the parts, the figures that are added up, the columns of the row that find them, and the query.
    "placement_unit_cost_comparison": (
        "intermediate.int_placement",
        ("volume_days", "cost_sek"),
        ("document_id", "placement_type_code", "scenario", "period_start", "period_end"),
        """select t.name_sv, p.volume_days, p.cost_sek from intermediate.int_placement as p
            join marts.dim_placement_type as t on p.placement_type_code = t.placement_type_code
            where p.document_id = ? and p.parent_code = ? and p.scenario = ? and p.period_start = ? and p.period_end = ?
            order by 1""",
    ),
    "placement_price_volume_variance": (
        "marts.placement_price_volume_variance",
        ("volume_days", "budget_volume_days", "volume_effect_sek", "price_effect_sek"),
        ("document_id", "placement_type_code", "scenario", "period_start", "period_end"),
        """select v.placement_type, v.volume_days, v.budget_volume_days, v.volume_effect_sek, v.price_effect_sek
            from marts.placement_price_volume_variance as v
            join marts.dim_placement_type as t on v.placement_type_code = t.placement_type_code
            where v.document_id = ? and t.parent_code = ? and v.scenario = ? and v.period_start = ? and v.period_end = ?
            order by 1""",
    ),
}


def working(ask: Ask, tables: set[str], mart: str, row: Mapping[str, Any]) -> list[str]:
    """Lines that say how the row's figures came about, if there is something to say; `row` has its columns that hold a value."""
    lines = _check_parts(ask, tables, row) if mart == "reconciliation" else _sums(ask, tables, mart, row)
    # A printed price is not worked out.
    formulas = {} if row.get("status") == "reported" and mart.startswith("placement") else FORMULAS.get(mart, {})
    return lines + [line for column, formula in formulas.items() if (line := _worked(column, formula, row))]


def _sums(ask: Ask, tables: set[str], mart: str, row: Mapping[str, Any]) -> list[str]:
    """The types of a group, and that they add up to it."""
    if max(row.get("reported_type_count", 1), row.get("type_count", 1)) < 2 or mart not in PARTS or PARTS[mart][0] not in tables:
        return []
    _, columns, keys, query = PARTS[mart]
    parts = ask(query, *(row[key] for key in keys))
    lines = [f"{name}: " + ", ".join(f"{c} {number(v)}" for c, v in zip(columns, values, strict=True)) for name, *values in parts]
    for index, column in enumerate(columns, 1):
        terms = [part[index] for part in parts]
        total = sum(map(Fraction, terms), Fraction(0))
        lines.append(f"{column} = {' + '.join(map(_operand, terms))}" + _result(total, row[column]))
    return lines


def _check_parts(ask: Ask, tables: set[str], row: Mapping[str, Any]) -> list[str]:
    """The figures a check sets against the one it checks."""
    if "intermediate.int_check_part" not in tables:
        return []
    parts = ask(
        """select p.role, p.weight, c.row_label, c.column_label, c.value_text, p.cell_id from intermediate.int_check_part as p
            left join raw.table_cell as c on p.cell_id = c.cell_id
            where p.check_key = (select check_key from intermediate.int_check where check_id = ?) and p.role <> 'result'
            order by p.part_no""",
        row["check_id"],
    )
    lines = []
    for role, weight, label, head, printed, id_ in parts:
        times = "" if weight in (None, 1) else f" times {number(weight)}"
        place = f"{label} / {head} '{printed}' " if printed is not None else ""
        lines.append(f"{role}{times}: {place}{id_ or 'a number of the rule'}")
    return lines


def _worked(column: str, formula: str, row: Mapping[str, Any]) -> str | None:
    """The formula with the row's figures in it; None where one of them is missing."""
    names = set(re.findall(r"[a-z_]{2,}", formula)) - {"abs"}
    if column not in row or any(row.get(name) is None for name in names):
        return None
    filled = re.sub(r"[a-z_]{2,}", lambda found: _operand(row[found[0]]) if found[0] in names else found[0], formula)
    return f"{column} = {formula} = {filled}" + _result(_value(ast.parse(formula, mode="eval").body, row), row[column])


def _value(node: ast.expr, row: Mapping[str, Any]) -> Fraction:
    match node:
        case ast.Constant(value=int(value)):
            return Fraction(value)
        case ast.Name(id=name):
            return Fraction(row[name])
        case ast.Call(func=ast.Name(id="abs"), args=[argument]):
            return abs(_value(argument, row))
        case ast.BinOp(left=left, op=sign, right=right):
            a, b = _value(left, row), _value(right, row)
            match sign:
                case ast.Add():
                    return a + b
                case ast.Sub():
                    return a - b
                case ast.Mult():
                    return a * b
                case ast.Div():
                    return a / b
    raise ValueError(f"no arithmetic: {ast.unparse(node)}")


def _result(value: Fraction, stored: Decimal | int) -> str:
    """The result as exactly as the row has it, and a warning where the row has another."""
    places = Decimal(1).scaleb(-abs(int(Decimal(stored).as_tuple().exponent)))
    found = (Decimal(value.numerator) / Decimal(value.denominator)).quantize(places, ROUND_HALF_UP)
    return f" = {number(found)}" + ("" if found == stored else f", but the row says {number(stored)}")


def _operand(value: Decimal | int) -> str:
    """A number as arithmetic has it: a negative one in brackets."""
    return f"({number(value)})" if value < 0 else number(value)


def number(value: Decimal | int) -> str:
    """A number with commas between thousands and without zeroes at its end."""
    text = f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}"
    return text.rstrip("0").rstrip(".") if "." in text else text
