"""What a statement of the running text says of cells, as its layout writes it.

running_costs.'Netto'.deviation                               a cell: table, row, column (table and column by key)
-costs.'Netto'.deviation                                      with its sign turned
costs.'Netto'.outcome - costs.'Netto'.budget                  a sum
100 * (costs.'Netto'.deviation) / costs.'Netto'.budget        a percentage
volume.'HVB'.deviation * price.'HVB'.budget                   a product
initiatives.'Egna'[status = 'Slutförd'].total                 the row of that label in whose other column a text stands
initiatives.'Egna'[status != 'Slutförd'].total                ... or another text
sum(initiatives.'Egna'.total)                                 the sum of several cells; without a label, of every row
count(goals[assessment = 'Uppfyllt'].assessment)              how many cells there are
count(goals.status) + count(own_goals.status)                 ... in two tables together
below:volume.'2024'.days                                      a cell of the nearest such table below (above) the statement
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from ingest.errors import LayoutError

StatementOperation = Literal["sum", "percent", "count"]

_TOKEN = re.compile(
    r"\s*(?:(?P<reference>(?:(?P<side>above|below):)?(?P<table>[^\W\d]\w*)(?:\.'(?P<row>[^']+)')?"
    r"(?:\[(?P<other>\w+) (?P<relation>=|!=) '(?P<text>[^']+)'\])?\.(?P<column>[^\W\d]\w*))"
    r"|(?P<word>sum|count)(?=\()|(?P<hundred>100)(?= \*)|(?P<mark>[-+*/()]))"
)


@dataclass(frozen=True)
class Reference:
    """Cells by the names of table, row and column; without `row`, of every row. `where`: another column's text in the row."""

    table: str
    row: str | None
    column: str
    side: Literal["above", "below"] | None = None
    """Only the table nearest to the statement on that side."""
    where: tuple[str, bool, str] | None = None
    """Column, whether its cell has to hold the text (or has to hold another), and the text."""

    def __str__(self) -> str:
        row = "" if self.row is None else f".'{self.row}'"
        where = "" if self.where is None else f"[{self.where[0]} {'=' if self.where[1] else '!='} '{self.where[2]}']"
        return f"{'' if self.side is None else self.side + ':'}{self.table}{row}{where}.{self.column}"


@dataclass(frozen=True)
class Product:
    """One cell, or two that are multiplied; `several`: its one reference stands for the sum of its cells."""

    weight: int
    factors: tuple[Reference, ...]
    several: bool = False


@dataclass(frozen=True)
class StatementExpression:
    """`sum`: of the terms; `percent`: 100 x terms / divisors; `count`: the number of the terms' cells."""

    operation: StatementOperation
    terms: tuple[Product, ...]
    divisors: tuple[Product, ...] = ()

    @property
    def references(self) -> list[Reference]:
        return [factor for product in (*self.terms, *self.divisors) for factor in product.factors]


@lru_cache(maxsize=10_000)
def parse_statement(text: str) -> StatementExpression:
    """Read one expression; LayoutError when it does not follow the notation above."""
    return _Parser(text).expression()


def _side(text: str | None) -> Literal["above", "below"] | None:
    return None if text is None else "above" if text == "above" else "below"


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[re.Match[str]] = []
        position = 0
        while position < len(text.rstrip()):
            token = _TOKEN.match(text, position)
            if token is None:
                raise self._error()
            self.tokens.append(token)
            position = token.end()
        self.index = 0

    def _error(self) -> LayoutError:
        return LayoutError(
            f"expression '{self.text}': not understood.\n  What to do: see the notation in ingest/reading/statement_notation.py."
        )

    def _peek(self) -> str:
        return self.tokens[self.index][0].strip() if self.index < len(self.tokens) else ""

    def _take(self, *marks: str) -> str:
        mark = self._peek()
        if not mark or (marks and mark not in marks):
            raise self._error()
        self.index += 1
        return mark

    def expression(self) -> StatementExpression:
        if self._peek() == "count":
            found = StatementExpression("count", tuple(self._counts()))
        elif self._peek() == "100":
            self._take("100")
            self._take("*")
            terms = self._group()
            self._take("/")
            found = StatementExpression("percent", terms, self._group())
        else:
            found = StatementExpression("sum", self._linear())
        if self.index < len(self.tokens):
            raise self._error()
        return found

    def _counts(self) -> Iterator[Product]:
        while True:
            self._take("count")
            yield Product(1, (self._in_brackets(),), True)
            if self._peek() != "+":
                return
            self._take("+")

    def _group(self) -> tuple[Product, ...]:
        if self._peek() != "(":
            return (self._product(-1 if self._peek() == "-" and self._take("-") else 1),)
        self._take("(")
        terms = self._linear()
        self._take(")")
        return terms

    def _linear(self) -> tuple[Product, ...]:
        products = [self._product(-1 if self._peek() in ("+", "-") and self._take() == "-" else 1)]
        while self._peek() in ("+", "-"):
            products.append(self._product(-1 if self._take() == "-" else 1))
        return tuple(products)

    def _product(self, weight: int) -> Product:
        if self._peek() == "sum":
            self._take("sum")
            return Product(weight, (self._in_brackets(),), True)
        factors = [self._reference()]
        if self._peek() == "*":
            self._take("*")
            factors.append(self._reference())
        return Product(weight, tuple(factors))

    def _in_brackets(self) -> Reference:
        self._take("(")
        reference = self._reference()
        self._take(")")
        return reference

    def _reference(self) -> Reference:
        token = self.tokens[self.index] if self.index < len(self.tokens) else None
        if token is None or token["reference"] is None:
            raise self._error()
        self.index += 1
        where = (token["other"], token["relation"] == "=", token["text"]) if token["other"] else None
        return Reference(token["table"], token["row"], token["column"], _side(token["side"]), where)
