"""The arithmetic of a table, as its layout writes it.

avvikelse = utfall - budget                      each row, columns by key
andel = 100 * avvikelse / budget                 a percentage of the same row
snitt = mean(all)                                the mean of the other columns
'Netto' = 'Intäkter' + 'Kostnader'               each column, rows by label
'Totalt' = all                                   every other row
'Förändring' = 'Netto' - 'Netto'[-1]             against the column before
'Summa' = per_unit:'Nämnd' + per_unit:'Kontor'   rows of another table with the same columns
budget = 8/12 * budget_year                      a term times a constant, to six decimals
'Mål'.outcome = 100 * 'Netto'.deviation / 'Netto'.budget   one place of the report, each term with its column
female <= total                                  at most; only in `checks`
'Totalt' between 'Kvinnor' + 'Män'               not outside its parts; only in `checks`
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Literal

from ingest.errors import LayoutError

_ZERO, _ONE = Decimal(0), Decimal(1)
Operation = Literal["sum", "percent", "mean", "at_most", "between"]


@dataclass(frozen=True)
class Identity:
    """A row rule as it helps to read a row; where `blank_is_zero`, a term that is not printed counts as 0."""

    expression: Expression
    blank_is_zero: bool = False

    def holds(self, values: dict[str, Decimal]) -> bool | None:
        """See `holds`."""
        if not self.blank_is_zero:
            return holds(self.expression, values)
        return holds(self.expression, dict.fromkeys((t.name for t in self.expression.terms), Decimal(0)) | values)


_TERM = re.compile(
    r"\s*(?P<sign>[+-])?\s*(?:(?P<factor>\d+(?:\.\d+)?(?:/\d+)?) \* )?"
    r"(?:(?P<table>\w+):)?(?:'(?P<label>[^']+)'|(?P<key>[^\W\d]\w*))(?:\.(?P<column>\w+)|\[(?P<shift>-?\d+)\])?"
)


# The relation stands outside quotes: a label can hold anything.
_RELATION = re.compile(r"(?P<result>(?:[^']|'[^']*')*?) (?P<relation>=|<=|between) ")


@dataclass(frozen=True)
class Term:
    """A term of an expression: a column key or row label, perhaps in another table or a column further left.

    `weight` is its sign times its constant, to six decimals; `column` the key of the one column it speaks of.
    """

    name: str
    weight: Decimal | int = 1
    table: str | None = None
    shift: int = 0
    column: str | None = None


@dataclass(frozen=True)
class Expression:
    """`result = operation over terms (and divisor)`; `all` as the only term means every other column or row."""

    result: str
    operation: Operation
    terms: tuple[Term, ...]
    divisor: Term | None = None
    place: Term | None = field(default=None, compare=False)
    """The result as a term, where the rule names its table or column."""

    @cached_property
    def over_all(self) -> bool:
        return len(self.terms) == 1 and self.terms[0].name == "all"

    @cached_property
    def weights(self) -> dict[str, Decimal]:
        """The weight of each term by its name."""
        return {term.name: Decimal(term.weight) for term in self.terms}

    @cached_property
    def names(self) -> frozenset[str]:
        """What its result, its terms and its divisor speak of."""
        terms = [t.name for t in (*self.terms, self.divisor) if t is not None]
        return frozenset({self.result, *terms} - {"all"})

    @cached_property
    def span(self) -> Decimal:
        """The weights of all terms together, whatever their sign."""
        return sum([abs(self.weights[term.name]) for term in self.terms], _ZERO)


@lru_cache(maxsize=10_000)
def parse_expression(text: str) -> Expression:
    """Read one rule; LayoutError when it does not follow the notation above."""
    split = _RELATION.match(text)
    results = _terms(split["result"]) if split else ()
    if split is None or len(results) != 1:
        raise LayoutError(f"rule '{text}': is no identity.\n  What to do: write `result = term + term` (reading/rules.py).")
    place, right = results[0], text[split.end() :].strip()
    if split["relation"] != "=":
        return Expression(place.name, "at_most" if split["relation"] == "<=" else "between", _terms(right), place=place)
    if match := re.fullmatch(r"mean\((.+)\)", right):
        return Expression(place.name, "mean", _terms(match[1].replace(",", " +")), place=place)
    if match := re.fullmatch(r"100 \* (?:\((.+)\)|(\S+|'[^']+')) / (.+)", right):
        return Expression(place.name, "percent", _terms(match[1] or match[2]), _terms(match[3])[0], place)
    return Expression(place.name, "sum", _terms(right), place=place)


def _terms(text: str) -> tuple[Term, ...]:
    terms = []
    position = 0
    while position < len(text.rstrip()):
        match = _TERM.match(text, position)
        if match is None:
            raise LayoutError(f"rule part '{text}': not understood.\n  What to do: see the notation in ingest/reading/rules.py.")
        name = match["label"] or match["key"]
        terms.append(Term(name, _weight(match), match["table"], int(match["shift"] or 0), match["column"]))
        position = match.end()
    if not terms:
        raise LayoutError(f"rule part '{text}': is empty.\n  What to do: see the notation in ingest/reading/rules.py.")
    return tuple(terms)


def _weight(match: re.Match[str]) -> Decimal | int:
    sign = -1 if match["sign"] == "-" else 1
    if match["factor"] is None:
        return sign
    factor = Fraction(match["factor"]) if "/" in match["factor"] else Fraction(Decimal(match["factor"]))
    return sign * (Decimal(factor.numerator) / factor.denominator).quantize(Decimal("0.000001")).normalize()


def column_names(expression: Expression) -> frozenset[str]:
    """The columns that a row rule speaks of."""
    return expression.names


def precision(value: Decimal) -> Decimal:
    """The unit of the last printed digit, e.g. 0.1 for 6.6."""
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return _power_of_ten(exponent)


@lru_cache(maxsize=100)
def _power_of_ten(exponent: int) -> Decimal:
    return Decimal(1).scaleb(exponent)


def holds(expression: Expression, values: dict[str, Decimal]) -> bool | None:
    """Whether a row's identity holds within rounding; None where a part of it is not printed in the row.

    Tolerance: half a unit of the last printed digit for the result and for every rounded term.
    """
    result = values.get(expression.result)
    if result is None:
        return None
    if expression.over_all:
        terms = [(value, _ONE) for name, value in values.items() if name != expression.result]
    else:
        weights = expression.weights
        terms = [(values[term.name], weights[term.name]) for term in expression.terms if term.name in values]
        if len(terms) < len(expression.terms):
            return None
    if not terms:
        return None
    total = sum([value * weight for value, weight in terms], _ZERO)
    if expression.operation == "sum" and 2 * abs(total - result) > 1 + (len(terms) if expression.over_all else expression.span):
        return False  # the last printed digit is worth 1 at most, so there is no need to look at it
    slack = sum([precision(value) * abs(weight) for value, weight in terms], _ZERO) / 2
    if expression.operation == "mean":
        total, slack = total / len(terms), slack / len(terms)
    if expression.operation == "percent":
        assert expression.divisor is not None
        divisor = values.get(expression.divisor.name)
        if not divisor:
            return None
        total = 100 * total / abs(divisor) * (1 if divisor > 0 else -1)
        slack = 100 * slack / abs(divisor) + abs(total) * precision(divisor) / (2 * abs(divisor))
    return abs(total - result) <= slack + precision(result) / 2


_LIMIT = re.compile(r"(?:(\d+(?:\.\d+)?) <= )?(\w+)(?: / (\w+))? <= (?:(\d+(?:\.\d+)?)|(\w+))")


@dataclass(frozen=True)
class _Limit:
    """`low <= left / divisor <= high`, with a number or a column on the right; what is not written is None."""

    low: Decimal | None
    left: str
    divisor: str | None
    high: Decimal | str


@lru_cache(maxsize=10_000)
def _parse_limit(limit: str) -> _Limit:
    match = _LIMIT.fullmatch(limit)
    if match is None:
        raise LayoutError(f"limit '{limit}': not understood.\n  What to do: write `a <= b` or `0.1 <= a / b <= 20`.")
    low, left, divisor, number, column = match.groups()
    return _Limit(None if low is None else Decimal(low), left, divisor, column if number is None else Decimal(number))


def limit_names(limit: str) -> set[str]:
    """The columns that a limit speaks of; LayoutError when it does not follow the notation."""
    parsed = _parse_limit(limit)
    return {name for name in (parsed.left, parsed.divisor, parsed.high) if isinstance(name, str)}


def within_limit(limit: str, values: dict[str, Decimal]) -> bool:
    """Whether a plausible relation (`a <= b`, `0.1 <= a / b <= 20`) holds; true where a part of it is not printed."""
    parsed = _parse_limit(limit)
    value = values.get(parsed.left)
    bound = values.get(parsed.high) if isinstance(parsed.high, str) else parsed.high
    if parsed.divisor is not None:
        below = values.get(parsed.divisor)
        if value is None or not below:
            return True
        value = abs(value / below)
    if value is None or bound is None:
        return True
    return (parsed.low is None or value >= parsed.low) and value <= bound
