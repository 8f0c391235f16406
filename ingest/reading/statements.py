"""Statements: figures of the running text that restate or sum up cells of the report's tables.

A layout names them (`statements`), with a pattern of the fewest words that find them and the cells they speak of. What is
kept is the figure, its line and the cells, never the sentence; whether they agree is for the models to say. A report that
does not say it leaves no row; a statement that is made several times, or that holds of several cells, leaves several.
"""

from __future__ import annotations

import bisect
import re
import unicodedata
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate, product

from ingest.errors import ExtractionError
from ingest.layout import StatementLayout
from ingest.model import Cell, Column, Statement, StatementTerm, Table
from ingest.reading.locate import Page
from ingest.reading.numbers import normalise_all, parse_number
from ingest.reading.rules import precision
from ingest.reading.statement_notation import Product, Reference, parse_statement
from ingest.reading.statement_search import StatementSearch, Text
from ingest.source.text import fold

WORDS = (
    *("noll", "en", "två", "tre", "fyra", "fem", "sex", "sju", "åtta", "nio", "tio"),
    *("elva", "tolv", "tretton", "fjorton", "femton", "sexton", "sjutton", "arton", "nitton", "tjugo"),
)
WORD_VALUES = {fold(word): Decimal(value) for value, word in enumerate(WORDS)} | {fold("ett"): Decimal(1)}

_NUMBER = r"(?<![\d,.])[-+]?(?:\d{1,3}(?: \d{3})+(?!\d)|\d+(?! \d{3}(?!\d)))(?:,\d+)?(?![\d])"
_FIGURE = rf"(?P<figure>{_NUMBER}|\b(?:{'|'.join([*WORDS, 'ett'])})\b)"
_LONGEST_WORD = max(map(len, WORDS))
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


class RunningText:
    """The words of a report in one line, with the line of the report that each of them stands on.

    OCR spoils the Swedish letters (`6verskott`, `dverskott`, `stédd`): each of them in a pattern then stands for any one or two
    characters. Figures are given as printed.
    """

    def __init__(self, page: Page) -> None:
        printed = normalise_all("\n".join(page.report.lines)).split("\n")
        lines = {
            number: words
            for number, line in enumerate(printed, 1)
            if number - 1 not in page.skipped and (words := " ".join(line.split()))
        }
        self._lines = list(lines)
        self._starts = list(accumulate((len(words) + 1 for words in lines.values()), initial=0))
        self._text = " ".join(lines.values())
        self._searched = Text(_without_accents(self._text) if page.ocr else self._text)
        self._ocr = page.ocr

    def find(self, pattern: str) -> Iterator[tuple[str, int]]:
        """The figures of a statement, as printed, with their lines."""
        for match in _search(pattern, self._ocr).find(self._searched):
            start, end = match.span("figure")
            yield self._text[start:end], self._lines[bisect.bisect_right(self._starts, start) - 1]


@lru_cache(maxsize=1_000)
def _search(pattern: str, ocr: bool) -> StatementSearch:
    return StatementSearch(pattern, _without_accents(_FIGURE) if ocr else _FIGURE, _LONGEST_WORD, ocr)


def _without_accents(text: str) -> str:
    """The text letter for letter, so that places in it stay the same."""
    return _NOT_ASCII.sub(lambda letter: unicodedata.normalize("NFKD", letter[0])[0], text)


def read_figure(text: str) -> Decimal:
    """The value of a figure that a pattern found: a printed number, or a number word up to twenty."""
    value = WORD_VALUES.get(fold(text))
    if value is None:
        value = parse_number(text)
    assert value is not None, text  # the pattern finds nothing else
    return value


def figure_precision(value: Decimal, statement: StatementLayout) -> Decimal:
    """How fine a figure is: its last printed digit's worth, 0 for a count, or what the layout says it is rounded to.

    A report that rounds to hundreds prints `14 200`; the same report's `14 153` is not rounded.
    """
    rounded_to = statement.rounded_to
    if rounded_to is not None and value % rounded_to == 0:
        return max(rounded_to, precision(value))
    return Decimal(0) if statement.unit == "antal" else precision(value)


def read_statements(
    page: Page, tables: Sequence[Table], columns: Sequence[Column], cells: Sequence[Cell]
) -> tuple[list[Statement], list[StatementTerm]]:
    """The statements of a report and the cells they speak of, both in the order of the text.

    Raises ExtractionError where a statement is made, but the cells it is said to speak of are not there or hold no number.
    """
    text = RunningText(page)
    tables_read = _Cells(page, tables, columns, cells)
    statements: list[Statement] = []
    terms: list[StatementTerm] = []
    found = [
        (line_no, order, layout, expression, figure)
        for order, layout in enumerate(page.layout.statements)
        for (figure, line_no), expression in product(text.find(page.variables.fill(layout.pattern)), layout.expressions)
    ]
    names: dict[str, int] = {}
    for line_no, _, layout, expression, figure in sorted(found, key=lambda f: f[:2]):
        number = len(statements) + 1
        names[layout.name] = names.get(layout.name, 0) + 1
        name = layout.name if names[layout.name] == 1 else f"{layout.name}-{names[layout.name]}"
        value = read_figure(figure)
        parsed = parse_statement(page.variables.fill(expression))
        statements.append(
            Statement(
                number,
                name,
                figure,
                value,
                layout.unit,
                figure_precision(value, layout),
                parsed.operation,
                line_no,
                None if page.report.pages is None else page.report.pages[line_no - 1],
                layout.reason,
            )
        )
        term_no = 0
        for role, products in (("term", parsed.terms), ("divisor", parsed.divisors)):
            for part in products:
                for factors in tables_read.factors(name, line_no, part, counted=parsed.operation == "count"):
                    term_no += 1
                    terms += [
                        StatementTerm(number, term_no, factor_no, role, c.table_no, c.row_no, c.column_no, part.weight)
                        for factor_no, c in enumerate(factors, 1)
                    ]
    return statements, terms


class _Cells:
    """The cells of a report by the names that expressions use."""

    def __init__(self, page: Page, tables: Sequence[Table], columns: Sequence[Column], cells: Sequence[Cell]) -> None:
        self.document_id = page.report.document_id
        self.tables = tables
        keys = {(column.table_no, column.column_no): column.column_key for column in columns}
        self.rows: dict[int, dict[int, dict[str, Cell]]] = {}
        for cell in cells:
            row = self.rows.setdefault(cell.table_no, {}).setdefault(cell.row_no, {})
            row[keys[cell.table_no, cell.column_no]] = cell

    def factors(self, name: str, line_no: int, part: Product, counted: bool) -> Iterator[tuple[Cell, ...]]:
        """The cells of each term a part of an expression stands for: two where they are multiplied."""
        if part.several:
            for cell in self._of(name, line_no, part.factors[0], counted, several=True):
                yield (cell,)
        else:
            yield tuple(self._of(name, line_no, factor, counted, several=False)[0] for factor in part.factors)

    def _of(self, name: str, line_no: int, reference: Reference, counted: bool, several: bool) -> list[Cell]:
        cells = list(self._selected(line_no, reference))
        if not cells or (len(cells) > 1 and not several):
            problem = f"speaks of {reference}, which the report has {len(cells)} times"
        elif not counted and any(cell.value is None for cell in cells):
            problem = f"speaks of {reference}, which holds no number"
        else:
            return cells
        raise ExtractionError(
            self.document_id,
            f"statement {name}",
            line_no,
            problem,
            "if the report renamed a row or column, adapt the statement in the layout; a figure must not go unchecked.",
        )

    def _selected(self, line_no: int, reference: Reference) -> Iterator[Cell]:
        tables = [table for table in self.tables if table.table_key == reference.table]
        if reference.side == "above":
            tables = [table for table in tables if table.first_line < line_no][-1:]
        elif reference.side == "below":
            tables = [table for table in tables if table.first_line > line_no][:1]
        for table in tables:
            for row in self.rows.get(table.table_no, {}).values():
                cell = row.get(reference.column)
                if cell is None or (reference.row is not None and cell.row_label != reference.row):
                    continue
                if reference.where is not None:
                    column, same, text = reference.where
                    if column not in row or (row[column].value_text == text) != same:
                        continue
                yield cell
