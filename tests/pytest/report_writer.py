"""Report text from known figures, for any layout: what the tests of the extraction put in and expect to come out.

The writer reads the Layout objects and knows no report: it invents headings, labels and figures that satisfy the layout
(patterns of headings and labels, the tables' own arithmetic, vocabularies) and prints them as reports do. `Style` says how.
Text of native PDFs: cells joined by single spaces, a space at every line's end, an empty cell leaves one extra space. Text
after OCR: Swedish letters lost, stray pipes, separators of thousands lost, labels that go on below their figures.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from rapidfuzz import fuzz

from ingest.layout import ColumnLayout, Layout, RowMeaning, TableLayout, Variables
from ingest.reading.blocks import PROSE_WORDS
from ingest.reading.ocr import LEXICON
from ingest.reading.periods import note_period, parse_period
from ingest.reading.rules import Expression, Term, parse_expression
from ingest.source.text import ReportText, fold

YEAR, MONTH = 2031, 5
INVENTED = [
    "lekplats", "brygga", "kanoter", "utlåning", "björkar", "cykelväg", "sjöbod", "ångbåt", "äppelträd", "öppettider",
    "fiskenät", "badstege", "verkstad", "rosenträdgård", "växthus", "elljusspår", "åkdon", "snöröjning", "kioskhyra",
    "grillplats", "bokbuss", "möblering", "örtagård", "vinterväg",
]  # fmt: skip
PROSE = ("påhittad text om bryggan och båtarna.", "allt gick som det var tänkt.", "under perioden har kanoterna lånats ut.")
OCR_PROSE = ("pahittad text om bryggan och batarna.", "allt gick som det var tankt.", "kanoterna har lanats ut.")


@dataclass(frozen=True)
class Style:
    """How a report is printed. The defaults leave every row decidable; `mixed` and `broken` ones may have to be refused."""

    sections: int = 2
    """How often the tables under headings come."""
    rows: int = 2
    """Rows of free invention, besides those that the layout names."""
    wrap: float = 0.35
    """How readily lines end inside labels, text cells and between cells."""
    blanks: float = 0.15
    """How readily a cell outside the table's arithmetic is empty."""
    mixed: bool = False
    """Figures of any size in one row, so that only arithmetic tells where they end."""
    broken: bool = False
    """Line ends inside the figures of a row."""
    pages: float = 0.2
    """How readily a page ends between rows."""
    remarks: float = 0.5
    spoil: float = 0.5
    """After OCR: how readily a word loses its letters in another way than just the dots, a pipe or a separator goes astray."""
    placeholders: bool = True
    extra_cells: int = 0
    """Figures too many in every row, with a column for them in the head."""
    dropped_column: int | None = None
    """Index of a column left out of every table, from the head as well."""
    without_last_row: bool = False
    without_head_of_column: bool = False
    """With `extra_cells` or `dropped_column`: only the rows are changed, the head is as it should be."""


@dataclass(frozen=True)
class ExpectedCell:
    table_no: int
    row_no: int
    row_label: str
    column_no: int
    value_text: str
    value: Decimal | None
    unit: str
    line_no: int
    scenario: str | None
    period: tuple[date | None, date | None]


@dataclass(frozen=True)
class ExpectedTable:
    table_no: int
    key: str
    title: str
    first_line: int


@dataclass
class Written:
    """A report's text and everything that is printed in it."""

    document_id: str
    layout: Layout
    variables: Variables
    lines: list[str]
    as_of: date
    tables: list[ExpectedTable] = field(default_factory=list)
    cells: list[ExpectedCell] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    def report(self) -> ReportText:
        return ReportText(self.document_id, Path(f"{self.document_id}.txt"), self.lines, "0" * 64)

    def save(self, folder: Path) -> Path:
        path = folder / f"{self.document_id}.txt"
        path.write_text(self.text, encoding="utf-8")
        return path


# -- examples of patterns -----------------------------------------------------------------------------------------------


def examples(pattern: str, digit: int = 1, groups: dict[str, str] | None = None, word: str = " påhitt") -> list[str]:
    """Texts that a pattern of a layout matches, one for each of its branches: four digits are a year, `.*` is a word."""
    parsed = re._parser.parse(pattern)  # type: ignore[attr-defined]
    names = {number: name for name, number in parsed.state.groupdict.items()}

    def sequence(items: Any) -> list[str]:
        found = [""]
        for operation, argument in items:
            found = [f"{begin}{end}" for begin in found for end in part(str(operation), argument)]
        return found

    def part(operation: str, argument: Any) -> list[str]:
        match operation:
            case "LITERAL":
                return [chr(argument)]
            case "IN":
                return [chosen(argument)]
            case "MAX_REPEAT" | "MIN_REPEAT":
                low, _, inner = argument
                if low >= 4 and sequence(inner) == [str(digit)]:
                    return [str(YEAR)]
                if str(inner[0][0]) == "ANY":
                    return [word]
                return [sequence(inner)[0] * low]
            case "SUBPATTERN":
                number, _, _, inner = argument
                return [(groups or {})[names[number]]] if number in names else sequence(inner)
            case "BRANCH":
                return [text for branch in argument[1] for text in sequence(branch)]
            case "AT" | "ASSERT" | "ASSERT_NOT":
                return [""]
        return ["x"]

    def chosen(argument: Any) -> str:
        kind, value = str(argument[0][0]), argument[0][1]
        if kind == "CATEGORY":
            return str(digit)
        return {"LITERAL": chr, "RANGE": lambda ends: chr(ends[0])}.get(kind, lambda _: "x")(value)

    return [re.sub(r" +", " ", text) for text in sequence(parsed)]


# -- words --------------------------------------------------------------------------------------------------------------


@cache
def lexicon_words() -> tuple[str, ...]:
    """The lexicon's words that keep a skeleton of their own when OCR takes their dots."""
    entries = [line.strip() for line in LEXICON.read_text(encoding="utf-8").splitlines()]
    single = [entry for entry in entries if entry and not entry.startswith("#") and " " not in entry]
    skeletons = [fold(word) for word in single]
    return tuple(word for word, skeleton in zip(single, skeletons, strict=True) if skeletons.count(skeleton) == 1)


def label_words(layout: Layout) -> list[str]:
    """Words for invented labels: after OCR only the lexicon's, and none that resembles a word with a meaning in the layout."""
    if layout.text_origin == "native":
        return INVENTED
    phrases = [phrase for phrases in layout.vocabularies.values() for phrase in phrases]
    texts = [*phrases, *layout.stops, *(table.head for table in layout.tables)]
    taken = {fold(word) for text in texts for word in text.split()}
    return [
        word
        for word in lexicon_words()
        if len(word) > 5 and word.islower() and word.isalpha() and all(fuzz.ratio(fold(word), other) < 60 for other in taken)
    ]


def spoiled(text: str, rng: Random, more: float) -> str:
    """A text as OCR leaves it: without dots, and now and then `6` for an ö inside a word."""
    letters = []
    for index, letter in enumerate(text):
        inside = 0 < index < len(text) - 1 and text[index - 1].isalpha() and text[index + 1].isalpha()
        if letter == "ö" and inside and rng.random() < more:
            letters.append("6")
        else:
            letters.append(letter.translate(str.maketrans("åäöÅÄÖé", "aaoAAOe")))
    return "".join(letters)


# -- figures ------------------------------------------------------------------------------------------------------------

Grid = dict[tuple[str, str], Decimal | None]
"""(full row label, column key) -> value; a missing key is an empty cell outside the arithmetic."""


def _label(printed: str) -> str:
    return printed.split(" / ")[-1]


def grouped(value: Decimal, thousands: str = " ") -> str:
    """A number as Swedish reports print it."""
    whole, _, decimals = str(abs(value)).partition(".")
    groups = f"{int(whole):,}".replace(",", thousands)
    return ("-" if value < 0 else "") + groups + (f",{decimals}" if decimals else "")


_BEGIN, _GOES_ON = re.compile(r"[<>]?[+-]?[1-9]\d{0,2}"), re.compile(r"\d{3}(,\d+)?%?\*{0,2}")


def readings(texts: list[str]) -> int:
    """In how many ways the figures of a row, separated by single spaces, can be read into as many cells as they fill."""
    pieces: list[str] = []
    for text in texts:
        whole = not text or " – " in text or text[-1] in "% " or not text[-1].isdigit()
        pieces += [text or "|"] if whole else text.split(" ")
    wanted = len(texts)
    ways = {(0, 0): 1}
    for at in range(len(pieces)):
        for cells in range(wanted):
            count = ways.get((at, cells), 0)
            for end in range(at + 1, min(at + 3, len(pieces)) + 1) if count else ():
                if end > at + 1 and not (_BEGIN.fullmatch(pieces[at]) and _GOES_ON.fullmatch(pieces[end - 1])):
                    break
                if not re.fullmatch(r"-?0\d+", pieces[at]):
                    ways[end, cells + 1] = ways.get((end, cells + 1), 0) + count
    return ways.get((len(pieces), wanted), 0)


class TableFigures:
    """Invented figures of one table that satisfy its rules."""

    def __init__(
        self,
        table: TableLayout,
        labels: list[str],
        variables: Variables,
        rng: Random,
        style: Style,
        others: dict[str, TableFigures],
    ) -> None:
        self.table, self.labels, self.variables, self.rng, self.style, self.others = table, labels, variables, rng, style, others
        self.columns = [column for column in table.columns if not column.is_text]
        self.keys = [column.key for column in self.columns]
        self.decimals = rng.choice([1, 2]) if table.unit == "percent" else 0
        self.row_rules = [(parse_expression(rule.row), rule) for rule in table.rules if rule.row]
        self.column_rules = [(self._filled(parse_expression(rule.column)), rule) for rule in table.rules if rule.column]
        self.grid: Grid = {}
        self._base()
        self._solve()

    def _filled(self, expression: Expression) -> Expression:
        fill = self.variables.fill
        terms = tuple(Term(fill(t.name), t.weight, t.table, t.shift) for t in expression.terms)
        divisor = expression.divisor and Term(
            fill(expression.divisor.name), 1, expression.divisor.table, expression.divisor.shift
        )
        return Expression(fill(expression.result), expression.operation, terms, divisor)

    def _base(self) -> None:
        """Figures for every cell; those that follow from others are put right afterwards."""
        rng = self.rng
        for label in self.labels:
            large = self.table.cost_sign is not None or self.table.unit == "dygn_dagar"
            size = rng.choice([2, 3, 4, 5, 6] if large else [1, 2, 3])
            if self.table.unit == "percent":
                size = rng.choice([1, 2])
            basis = self._draw(size)
            for key in self.keys:
                if self.style.mixed:
                    value = self._draw(rng.choice([1, 2, 3, 4, 5, 6]) if size > 2 else rng.choice([1, 2, 3]))
                else:
                    value = self._draw(size)
                if any("/" in limit for limit in self.table.limits):
                    value = (basis * Decimal(rng.randint(70, 140)) / 100).quantize(Decimal(1), ROUND_HALF_UP)
                self.grid[label, key] = value

    def _draw(self, size: int) -> Decimal:
        """A figure of so many digits, with the sign of its table."""
        value = Decimal(self.rng.randint(10 ** (size - 1), 10**size - 1))
        if self.decimals:
            value += Decimal(self.rng.randint(0, 10**self.decimals - 1)) / 10**self.decimals
            value = value.quantize(Decimal(1).scaleb(-self.decimals))
        other_way = self.table.cost_sign is not None and not self.table.limits and self.rng.random() < 0.15
        return -value if (self.table.cost_sign == -1) != other_way else value

    def _solve(self) -> None:
        across = [found for found in self.column_rules if any(t.table for t in found[0].terms)]
        crossed = {(e.result, key) for e, rule in across for key in rule.columns or self.keys}
        order = [*across, *(found for found in self.column_rules if found not in across)]
        linear = [found for found in order if found[0].operation == "sum"]
        for _ in range(len(self.labels) + 2):  # rules build on each other
            for expression, rule in linear:
                own = not any(term.table for term in expression.terms)
                for key in rule.columns or self.keys:
                    if own and (expression.result, key) in crossed:
                        self._adjust(expression, rule, key)
                    else:
                        total = self._sum(expression, rule, key)
                        if total is not None:
                            self.grid[expression.result, key] = total
                if any(term.shift and term.table is None for term in expression.terms):
                    self._keep_only(expression.result, rule)
            for expression, _ in self.row_rules:
                for label in self.labels:
                    self._row_result(expression, label)
        for expression, rule in order:
            if expression.operation == "percent":
                self._keep_only(expression.result, rule)
                for key in rule.columns or self.keys:
                    self._percent_of_rows(expression, key)

    def _keep_only(self, label: str, rule: Any) -> None:
        for key in set(self.keys) - set(rule.columns or self.keys):
            self.grid.pop((label, key), None)

    def addends(self, expression: Expression, rule: Any) -> list[str]:
        """The rows that a rule adds up."""
        if not expression.over_all:
            return [t.name for t in expression.terms if t.table is None]
        left_out = {expression.result, *map(self.variables.fill, rule.excluding)}
        return [label for label in self.labels if label not in left_out]

    def _sum(self, expression: Expression, rule: Any, key: str) -> Decimal | None:
        if expression.over_all:
            return sum((self.grid.get((label, key)) or Decimal(0) for label in self.addends(expression, rule)), Decimal(0))
        total = Decimal(0)
        for term in expression.terms:
            source = self.others[term.table] if term.table else self
            column = self.keys.index(key) + term.shift
            if not 0 <= column < len(source.keys):
                return None
            value = source.grid.get((term.name, source.keys[column]))
            if value is None:
                return None
            total += term.weight * value
        return total

    def _adjust(self, expression: Expression, rule: Any, key: str) -> None:
        """A total that another table gives: one of its addends takes up the difference."""
        results = {e.result for e, _ in self.column_rules}
        free = next(label for label in self.addends(expression, rule) if label not in results and " / " not in label)
        total = self._sum(expression, rule, key)
        wanted = self.grid[expression.result, key]
        assert total is not None
        assert wanted is not None
        self.grid[free, key] = (self.grid[free, key] or Decimal(0)) + wanted - total

    def _row_result(self, expression: Expression, label: str) -> None:
        names = [k for k in self.keys if k != expression.result] if expression.over_all else [t.name for t in expression.terms]
        weights = {t.name: t.weight for t in expression.terms}
        values = [(self.grid.get((label, name)) or Decimal(0)) * weights.get(name, 1) for name in names]
        result = sum(values, Decimal(0))
        if expression.operation == "mean":
            result = (result / len(values)).quantize(Decimal(1), ROUND_HALF_UP)
        if expression.operation == "percent":
            assert expression.divisor
            divisor = self.grid.get((label, expression.divisor.name))
            if not divisor:
                self.grid.pop((label, expression.result), None)
                return
            result = (100 * result / divisor).quantize(Decimal(1), ROUND_HALF_UP)
        self.grid[label, expression.result] = result

    def _percent_of_rows(self, expression: Expression, key: str) -> None:
        assert expression.divisor
        index = self.keys.index(key) + expression.divisor.shift
        over = self.grid.get((expression.divisor.name, self.keys[index])) if index >= 0 else None
        part = self.grid.get((expression.terms[0].name, key))
        if over and part is not None:
            self.grid[expression.result, key] = (100 * part / over).quantize(Decimal("0.01"), ROUND_HALF_UP)
        else:
            self.grid.pop((expression.result, key), None)

    def is_free(self, label: str, key: str) -> bool:
        """Whether a cell may be empty: no rule speaks of it, or every rule takes empty for zero and zero is its value."""
        for expression, rule in self.row_rules:
            names = {expression.result, *(t.name for t in expression.terms)} | (
                {expression.divisor.name} if expression.divisor else set()
            )
            if (expression.over_all or key in names) and not (rule.blank_is_zero and self.grid.get((label, key)) == 0):
                return False
        for expression, rule in self.column_rules:
            touched = {expression.result, *self.addends(expression, rule)} | (
                {expression.divisor.name} if expression.divisor else set()
            )
            if label in touched and not (rule.blank_is_zero and self.grid.get((label, key)) == 0):
                return False
        return not any(
            term.table == self.table.key and term.name == label
            for other in self.others.values()
            for expression, _ in other.column_rules
            for term in expression.terms
        )


# -- the writer ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Printed:
    """A cell as it will be printed; `value_text` differs from `text` only where a note follows."""

    text: str
    value: Decimal | None
    note: str | None = None


class ReportWriter:
    """Writes one report of a layout. `only`: keys of the tables to write; `without`: keys of those to leave out."""

    def __init__(
        self,
        layout: Layout,
        rng: Random,
        style: Style = Style(),
        only: frozenset[str] | None = None,
        without: frozenset[str] = frozenset(),
    ) -> None:
        self.rng, self.style, self.without = rng, style, without
        if only is not None:
            layout = layout.model_copy(update={"tables": [table for table in layout.tables if table.key in only]})
        self.layout = layout
        self.ocr = layout.text_origin == "ocr"
        has_month = "(?P<month>" in layout.document_id
        self.variables = Variables(YEAR, MONTH if has_month else None)
        self.fill = self.variables.fill
        self.document_id = examples(layout.document_id, 1, {"year": str(YEAR), "month": f"{MONTH:02}"})[0]
        self.words = label_words(layout)
        self.lines: list[str] = []
        self.page_ends = False
        self.tables: list[ExpectedTable] = []
        self.cells: list[ExpectedCell] = []
        self.figures: dict[str, TableFigures] = {}

    def write(self) -> Written:
        as_of = self._opening()
        last = [t for t in self.layout.tables if t.stops == []]
        groups: dict[str, list[TableLayout]] = {}
        for table in self.layout.tables:
            if table not in last:
                groups.setdefault(table.heading or table.key, []).append(table)
        for tables in groups.values():
            if tables[0].heading is None:
                self._table(tables[0], None)
                continue
            for section in range(1, self.style.sections + 1):
                if tables[0].heading_follows:
                    words = " ".join(self._words(3))
                    for table in tables:
                        self._table(table, (words, 0))
                    self._heading(tables[0], section, words)
                    self._stop(tables[0])
                    continue
                heading = self._heading(tables[0], section)
                head_is_heading = [t for t in tables if t.head == tables[0].heading]
                for table in tables:
                    if table not in head_is_heading:
                        self._table(table, heading)
        for table in last:
            self._table(table, None)
        return Written(self.document_id, self.layout, self.variables, self.lines, as_of, self.tables, self.cells)

    # -- lines ------------------------------------------------------------------------------------------------------

    def _chance(self, probability: float) -> bool:
        return probability > 0 and self.rng.random() < probability

    def _line(self, parts: list[str]) -> int:
        """Print a line and return its number."""
        text = " ".join(part for part in parts if part) if self.ocr else " ".join(parts) + " "
        if self.page_ends:
            text = f" {text}"
            self.page_ends = False
        self.lines.append(text)
        return len(self.lines)

    def _gap(self) -> None:
        if not self.page_ends:
            self.lines.append("" if self.ocr or self._chance(0.7) else " ")

    def _words(self, number: int) -> list[str]:
        return [self.rng.choice(self.words) for _ in range(number)]

    def _print(self, text: str, width: int = 100) -> int:
        """Words of a heading or head over lines; the number of the first."""
        words = text.split()
        first = 0
        while words:
            least = 1 if first else min(3, len(words))  # no heading breaks directly behind its number
            count = self.rng.randint(least, len(words)) if self._chance(self.style.wrap) else min(len(words), width)
            line, words = words[:count], words[count:]
            if self.ocr:
                line = [spoiled(word, self.rng, 0) for word in line]
            first = self._line(line) if not first else (self._line(line), first)[1]
        return first

    def _prose(self) -> None:
        for sentence in (OCR_PROSE if self.ocr else PROSE)[: self.rng.randint(1, 3)]:
            self._line([sentence])

    def _opening(self) -> date:
        """The first lines, with the date the report speaks of where its layout looks for one in the text."""
        # Extra spaces show that the text has kept them: then an empty cell can be told from none.
        self._line([spoiled("Socialnämnden Provby", self.rng, 0) if self.ocr else "Socialnämnden  Provby "])
        rule = self.fill(self.layout.as_of)
        try:
            return parse_period(rule)[1]
        except ValueError:
            text = examples(rule)[0]
            self._line([text])
            match = re.search(rule, text)
            assert match
            found = note_period(match[1])[1]
            assert found
            return found
        finally:
            self._gap()

    def _stop(self, table: TableLayout) -> None:
        """Something that ends a table, and text after it."""
        taken = [
            re.compile(self.fill(p)) for t in self.layout.tables for p in (t.heading, t.head if t.head[0] == "^" else None) if p
        ]
        for text in map(self.fill, self.layout.stops if table.stops is None else table.stops):
            if not text.startswith("^") and not any(pattern.match(text) for pattern in taken):
                self._gap()
                text += PROSE[0] if text.endswith(" ") else ""
                self._line([spoiled(text, self.rng, 0) if self.ocr else text])
                self._prose()
                self._gap()
                return

    def _heading(self, table: TableLayout, section: int, words: str | None = None) -> tuple[str, int]:
        """Print a heading; the text that names the tables below it, and the line its pattern stands on."""
        assert table.heading
        begin = examples(self.fill(table.heading), section)[0]
        self._gap()
        self.page_ends = self._chance(self.style.pages)
        words = words or " ".join(self._words(3))
        if not table.heading_is_below:
            text = re.sub(r" +", " ", f"{begin} {words}")
            return text, self._print(text)
        line = self._line([begin if table.heading_follows else f"{begin}{words}."])
        own = [t for t in self.layout.tables if t.head == table.heading]
        self._gap()
        self._print(words)
        self._gap()
        for other in own:
            self.tables.append(ExpectedTable(len(self.tables) + 1, other.key, self._title(other, words), line))
            self._paragraphs(other, len(self.tables), words)
        if not own:
            self._prose()
        return words, line

    def _title(self, table: TableLayout, heading: str | None) -> str:
        return self.fill(table.title).replace("{heading}", heading or "")

    # -- a table ----------------------------------------------------------------------------------------------------

    def _table(self, table: TableLayout, heading: tuple[str, int] | None) -> None:
        if table.key in self.without:
            if not table.running_text:
                self._drawn(table, None)  # what other tables say of its figures still holds
            return
        title = self._title(table, heading[0] if heading else None)
        self._gap()
        if table.head_from:
            self._line([self.fill(table.head_from)])
            self._gap()
        number = len(self.tables) + 1
        self.tables.append(ExpectedTable(number, table.key, title, self._head(table)))
        if table.running_text:
            self._paragraphs(table, number, None)
            self._stop(table)
            return
        self._rows(table, number, heading[0] if heading else None)
        if table.stops != []:
            self._stop(table)

    def _head(self, table: TableLayout) -> int:
        text = self.fill(table.head)
        if not self.style.without_head_of_column:
            text += " Provkolumn" * self.style.extra_cells
            if self.style.dropped_column is not None:
                gone = self.fill(table.columns[self.style.dropped_column].label).split()[0]
                text = " ".join(word for word in text.split() if word != gone)
        words = text.split()
        first = 0
        while words:
            count = self.rng.randint(1, len(words)) if self._chance(self.style.wrap) else len(words)
            line, words = words[:count], words[count:]
            if self.ocr:
                line = [spoiled(word, self.rng, 0) for word in line]
            elif words and self._chance(self.style.wrap) and len(line[-1]) > 6 and line[-1].isalpha():
                line, words = [*line[:-1], line[-1][:4]], [line[-1][4:], *words]  # a narrow column breaks its head
            if self.layout.footnote_marks and not words and re.fullmatch(r"\d{4}", line[-1]) and self._chance(0.3):
                line = [*line[:-1], f"{line[-1]}6"]
            at = self._line(line)
            first = first or at
            if words and self._chance(0.5):
                self._gap()
        self._gap()
        return first

    # -- labels -----------------------------------------------------------------------------------------------------

    def labels(self, table: TableLayout, heading: str | None) -> list[str]:
        """The rows' labels, full where they are parts of the row above, in the order of the page."""
        if table.label_is_heading:
            return [heading or ""]
        word = f" {self.rng.choice(self.words)}"
        if table.row_labels:
            found = []
            for year in (YEAR, YEAR - 1):
                names = [label.replace(str(YEAR), str(year)) for label in examples(table.row_labels)]
                for name in names:
                    if not re.fullmatch(table.child_rows or "(?!)", name):
                        found.append(name)
                        found += [f"{name} / {child}" for child in names if re.fullmatch(table.child_rows or "(?!)", child)]
            return found
        needed = self._needed(table)
        last = None
        if table.until:
            until = self.fill(table.until)
            last = next((n for n in needed if re.fullmatch(until, n)), None) or examples(until, word=word)[0]
            needed = [n for n in needed if n != last]
        begin = examples(self.fill(table.row_starts))[0] if table.row_starts else ""
        free = [begin + label for label in self._free_labels(table) if label not in needed and label != last]
        first = [n for n in needed if any(other.startswith(f"{n} / {n}") for other in needed)]  # its own part would be another's
        first += [n for n in needed if n.split(" / ")[0] in first and n not in first]
        return [*first, *free, *(n for n in needed if n not in first), *([last] if last else [])]

    def _needed(self, table: TableLayout) -> list[str]:
        """The labels that rules speak of, parts directly below their row."""
        names: list[str] = []
        for owner in self.layout.tables:
            for rule in (*owner.rules, *owner.checks):
                text = rule.column or rule.cell
                expression = parse_expression(self.fill(text)) if text and rule.document is None else None
                if expression is None:
                    continue
                terms = [t for t in (*expression.terms, expression.divisor) if t and t.name != "all"]
                names += [t.name for t in terms if (t.table or owner.key) == table.key]
                if owner is table and (expression.place is None or expression.place.table is None):
                    names += [*rule.excluding, expression.result]
        unique = list(dict.fromkeys(map(self.fill, names)))
        ordered: list[str] = []
        for name in unique:
            parent = name.split(" / ")[0]
            for each in (parent, *(n for n in unique if n.startswith(f"{parent} / "))):
                if each not in ordered:
                    ordered.append(each)
        return ordered

    def _free_labels(self, table: TableLayout) -> list[str]:
        patterns = [rule.only for rule in table.rules if rule.only]
        years = [meaning.match for meaning in table.rows if meaning.period]
        if years:
            found = []
            for year in (YEAR - 2, YEAR - 3):
                for pattern in years:
                    label = examples(self.fill(pattern))[0].replace(str(YEAR), str(year))
                    if not pattern.endswith("$"):
                        label += " " + " ".join(self._words(1))
                    found.append(label)
            return found
        unit_patterns = [m.match for m in self.layout.row_units] if table.subject == "indicator" else []
        labels = []
        for row in range(self.style.rows):
            words = " ".join(self._words(self.rng.randint(2, 5)))
            label = words[0].upper() + words[1:]
            for pattern in (patterns or unit_patterns) if row == 0 or patterns else []:
                begin = self.rng.choice(examples(pattern)).strip()
                whole = [f"{begin[0].upper()}{begin[1:]} {words}", f"{begin} {words}", f"{label} {begin}"]
                label = next(text for text in whole if re.search(pattern, text))
                break
            labels.append(label)
        return labels

    # -- rows -------------------------------------------------------------------------------------------------------

    def _rows(self, table: TableLayout, number: int, heading: str | None) -> None:
        labels, rows = self._drawn(table, heading)
        if self.style.without_last_row:
            labels = labels[:-1]
        row_no = 0
        for index, label in enumerate(labels):
            if index and not table.label_is_heading:
                self._between_rows(table, index == len(labels) - 1)
            if index and self._is_empty(table):
                self._line([_label(label)])
                self._line([""] * len(table.columns))
                continue
            row_no += 1
            cells = rows[index]
            wide = [*cells, *(Printed(str(9990 + i), None) for i in range(self.style.extra_cells))]
            if self.style.dropped_column is not None:
                wide.pop(self.style.dropped_column)
            printed_at = self._ocr_row(table, label, wide) if self.ocr else self._native_row(table, label, wide)
            self._expect(table, number, row_no, label, cells, printed_at)
            if table.comment and not table.label_is_heading and self._chance(self.style.remarks):
                self._remark(table)

    def _drawn(self, table: TableLayout, heading: str | None) -> tuple[list[str], list[list[Printed]]]:
        """Labels and cells of a table; unless `mixed`, figures that arithmetic does not settle are drawn again."""
        for _ in range(200):
            labels = self.labels(table, heading)
            self.figures[table.key] = figures = TableFigures(table, labels, self.variables, self.rng, self.style, self.figures)
            rows = [self._texts(table, figures, label) for label in labels]
            group = [index for index, column in enumerate(table.columns) if not column.is_text]
            most = 500 if any(rule.row for rule in table.rules) else 1
            if self.style.mixed or all(readings([row[index].text for index in group]) <= most for row in rows):
                break
        return labels, rows

    def _is_empty(self, table: TableLayout) -> bool:
        """A row that is printed without a single value, one space for each column."""
        possible = not self.ocr and not table.rules and not table.rows and table.until is None
        return possible and all(not c.is_text for c in table.columns) and self._chance(self.style.blanks / 2)

    def _between_rows(self, table: TableLayout, before_last: bool) -> None:
        if self._chance(self.style.pages):
            for pattern in [*self.layout.page_boxes[:1], *self.layout.skip]:
                self._gap()
                self._line([examples(pattern)[0]])
            repeated = table.broken_by_pages or (table.until is not None and not table.repeats)
            self.page_ends = True
            if repeated and self._chance(0.5):
                self._head(table)
        elif self._chance(0.3) and table.skip:
            self._gap()
            self._line([f"{examples(table.skip[0])[0]}{PROSE[0] if table.skip[0].endswith(' ') else ''}"])
            self._gap()
        elif not self.ocr and self._chance(0.2):
            self.lines.append(" " * self.rng.randint(1, 8))
        if not self.page_ends:
            self._gap()

    def _remark(self, table: TableLayout) -> None:
        assert table.comment
        self._gap()
        self._line([f"{examples(table.comment)[0]} ({YEAR}-12-31):"])
        self._prose()
        if self._chance(0.3):
            self._gap()
            self._prose()

    # -- running text -----------------------------------------------------------------------------------------------

    def _paragraphs(self, table: TableLayout, number: int, heading: str | None) -> None:
        """A table of running text: label and cells one below the other; a label can be left out, it is then the last one."""
        label = heading
        for row_no in range(1, 2 if heading else self.style.rows + 1):
            if heading is None and (label is None or self._chance(0.6)):
                label = " ".join(self._words(2))
                self._paragraph(label)
            assert label is not None
            for column_no, column in enumerate(table.columns, 1):
                if column.words:
                    text = self.rng.choice([self.fill(phrase) for phrase in self.layout.vocabularies[column.words]])
                elif column.starts:
                    text = f"{examples(self.fill(column.starts))[0]} {' '.join(self._words(self.rng.randint(1, 8)))}"
                else:
                    continue  # a column without text
                text = re.sub(" +", " ", text)
                line = self._paragraph(f"{text} slutar meningen." if column.prose else text)
                words = f"{text} slutar meningen.".split() if column.prose else []
                kept = f"{' '.join(words[:PROSE_WORDS])} ..." if len(words) > PROSE_WORDS else " ".join(words) or text
                cell = ExpectedCell(number, row_no, label, column_no, kept, None, "text", line, None, (None, None))
                self.cells.append(cell)
                if column.prose and self._chance(0.5):
                    self._gap()
                    self._prose()
                    self._line(["och här slutar det."])
                    self._gap()

    def _paragraph(self, text: str) -> int:
        line = self._print(text)
        self._gap()
        return line

    # -- cells ------------------------------------------------------------------------------------------------------

    def _texts(self, table: TableLayout, figures: TableFigures, label: str) -> list[Printed]:
        """The cells of a row as they are printed; an empty text is an empty cell."""
        cells: list[Printed] = []
        free_style = table.subject == "indicator"
        kind = self.rng.choice(["number", "glued", "apart", "decimal"])
        no_figures = free_style and self.ocr and self._chance(0.2)
        for column in table.columns:
            if column.is_text:
                cells.append(self._text_cell(column))
            elif free_style:
                cells.append(
                    Printed("", None) if no_figures else self._indicator_cell(column, kind, figures.grid[label, column.key])
                )
            else:
                cells.append(self._figure_cell(table, column, figures, label, kind))
        group = [i for i, c in enumerate(table.columns) if not c.is_text]
        printed = [cells[i].text for i in group if cells[i].text]
        words_alone = len(printed) < len(group) and not any(text[0].isdigit() for text in printed)
        if group and not no_figures and words_alone and not self.ocr:
            cells[group[0]] = Printed("7", Decimal(7))  # behind words alone an extra space is no empty cell
        return cells

    def _text_cell(self, column: ColumnLayout) -> Printed:
        if column.words == "date":
            return Printed(self.rng.choice([f"{YEAR}-03-31", f"{YEAR + 1}-11"]), None)
        if column.optional and not self.ocr and self._chance(self.style.blanks):
            return Printed("", None)
        return Printed(self.fill(self.rng.choice(self.layout.vocabularies[column.words or ""])), None)

    def _indicator_cell(self, column: ColumnLayout, kind: str, value: Decimal | None) -> Printed:
        """A cell of a table without arithmetic: everything that indicators print."""
        assert value is not None
        rng, style = self.rng, self.style
        if not self.ocr and self._chance(style.blanks):
            return Printed("", None)
        if style.placeholders and not self.ocr and self._chance(0.08):
            return Printed("-" if column.accepts else rng.choice(["-", "*"]), None)  # `* Word` explains a mark under a table
        note = f"(jan-okt {YEAR - 1})" if column.notes and self.layout.note and self._chance(0.6) else None
        if column.accepts and self._chance(0.3):
            word = self.fill(rng.choice(self.layout.vocabularies[column.accepts]))
            within = re.fullmatch(r"Inom (\d+) timmar", word)
            return Printed(word, Decimal(within[1]) if within else None)
        if column.scenario == "target" and not self.ocr and not self.table_has_limits(column) and self._chance(0.15):
            return rng.choice([Printed("80 – 100", None), Printed("+/- 0,5", None)])
        text = grouped(value)
        if kind in ("glued", "apart", "decimal"):
            value = value + Decimal(rng.randint(0, 9)) / 10
            text = grouped(value) + {"glued": "%", "apart": " %", "decimal": ""}[kind]
        elif self.layout.unit_words and self._chance(0.3):
            text = f"{text} {self.layout.unit_words[0]}"
        elif not self.ocr and self._chance(0.15):
            text = rng.choice([f"<{text}", f">{text}", f"{text}**"])
        return Printed(text, value, note)

    def table_has_limits(self, column: ColumnLayout) -> bool:
        return any(column in table.columns and table.limits for table in self.layout.tables)

    def _figure_cell(self, table: TableLayout, column: ColumnLayout, figures: TableFigures, label: str, kind: str) -> Printed:
        value = figures.grid.get((label, column.key))
        blank_is_zero = any(rule.blank_is_zero for rule in table.rules)
        if value is None:
            return Printed("", None)
        if not self.ocr and figures.is_free(label, column.key) and self._chance(self.style.blanks):
            return Printed(self.rng.choice(["", "-"]) if self.style.placeholders else "", None)
        if not self.ocr and blank_is_zero and value == 0 and self._chance(0.5) and not self.style.mixed:
            return Printed("-", None)
        lost = self.ocr and self._chance(self.style.spoil)
        text = grouped(value, "" if lost else " ")
        if table.decimal_point:
            text = text.replace(",", ".")
        percent = column.unit == "percent" or self._row_unit(table, label) == "percent"
        if percent or (table.unit == "percent" and kind in ("glued", "apart")):
            text += " %" if kind == "apart" else "%"
        return Printed(text, value)

    def _row_unit(self, table: TableLayout, label: str) -> str | None:
        meanings: list[RowMeaning] = [*table.rows, *self.layout.row_units]
        return next((m.unit for m in meanings if m.unit and re.search(self.fill(m.match), _label(label))), None)

    # -- printing a row ---------------------------------------------------------------------------------------------

    def _label_words(self, label: str) -> list[str]:
        words = _label(label).split()
        if self.layout.footnote_marks and re.fullmatch(r"[^\W\d]+", words[-1]) and self._chance(0.3):
            words[-1] += str(self.rng.randint(1, 12))
        return words

    def _native_row(self, table: TableLayout, label: str, cells: list[Printed]) -> dict[int, int]:
        """Print a row of native text; the line of every cell."""
        lines: list[list[tuple[str, int | None]]] = [[]]
        gaps: set[int] = set()
        wrap = self.style.wrap

        def end_line(gap: bool = False) -> None:
            if lines[-1]:
                if gap:
                    gaps.add(len(lines) - 1)
                lines.append([])

        if not table.label_is_heading:
            for word in self._label_words(label):
                if lines[-1] and self._chance(wrap):
                    end_line()
                if len(word) > 8 and word.isalpha() and self._chance(wrap):
                    lines[-1].append((f"{word[:5]}-", None))
                    end_line()
                    word = word[5:]
                lines[-1].append((word, None))
        was_text = True
        for index, cell in enumerate(cells):
            is_text = index < len(table.columns) and table.columns[index].is_text
            if is_text:
                if cell.text and self._chance(wrap):
                    end_line(gap=self._chance(0.5))
                self._append_phrase(lines, end_line, cell.text, index)
            else:
                broken = self.style.broken and bool(cell.text) and bool(cells[index - 1].text)
                empty_before = index > 0 and not cells[index - 1].text and was_text
                if (was_text and not empty_before and self._chance(wrap)) or (broken and self._chance(0.1)):
                    end_line(gap=self._chance(0.5))
                lines[-1].append((cell.text, index))
                for number, word in enumerate((cell.note or "").split()):
                    if number and self._chance(wrap):
                        end_line()
                    lines[-1].append((word, None))
            was_text = is_text
        at: dict[int, int] = {}
        for number, line in enumerate(lines):
            if not line:
                continue
            line_no = self._line([text for text, _ in line])
            if all(column is None for _, column in line) and self._chance(0.1):
                self.lines[-1] += " "  # a space too many behind words alone is no empty cell
            at.update({column: line_no for text, column in line if column is not None and text})
            if number in gaps:
                self._gap()
        return at

    def _append_phrase(
        self, lines: list[list[tuple[str, int | None]]], end_line: Callable[..., None], phrase: str, index: int
    ) -> None:
        for number, word in enumerate(phrase.split() or [""]):
            if number and self._chance(self.style.wrap):
                end_line(gap=self._chance(0.2))
            if len(word) > 10 and self._chance(self.style.wrap / 2):
                lines[-1].append((word[:-2], index if not number else None))
                end_line()
                lines[-1].append((word[-2:], None))  # a narrow column breaks a word without a hyphen
            else:
                lines[-1].append((word, index if not number else None))

    def _ocr_row(self, table: TableLayout, label: str, cells: list[Printed]) -> dict[int, int]:
        """Print a row after OCR; the line of every cell."""
        more = self.style.spoil
        label_words = [] if table.label_is_heading else [spoiled(word, self.rng, more) for word in _label(label).split()]
        texts = [i for i, _ in enumerate(cells) if i < len(table.columns) and table.columns[i].is_text and cells[i].text]
        figures = [i for i, cell in enumerate(cells) if i not in texts and cell.text]
        phrases = {i: [spoiled(word, self.rng, 0) for word in cells[i].text.split()] for i in texts}
        at: dict[int, int] = {}
        if texts and label_words and table.comment and len(label_words) > 1 and self._chance(self.style.wrap / 2):
            return self._ocr_column(label_words, cells, phrases, at)
        count = 1 + max([len(label_words) - 1 if self._chance(self.style.wrap) else 0, *(len(p) - 1 for p in phrases.values())])
        shares = {
            None: self._shares(label_words, count if self._chance(0.8) else 1),
            **{i: self._shares(phrases[i], count) for i in texts},
        }
        for number in range(count):
            parts = list(shares[None][number]) if number < len(shares[None]) else []
            here = []
            for index in range(len(cells)):
                if index in phrases and number < len(shares[index]):
                    self._pipe(parts)
                    parts += shares[index][number]
                    if number == 0:
                        here.append(index)
                elif index in figures and number == 0:
                    self._pipe(parts)
                    parts.append(cells[index].text)
                    here.append(index)
            if parts:
                at.update(dict.fromkeys(here, self._line(parts)))
                short = bool(texts) and texts[0] == 0 and len(phrases[0][0]) <= 3  # `Ej` is known by what stands close to it
                if self._chance(0.15) and (self.style.broken or not short):
                    self._gap()
        return at

    def _pipe(self, parts: list[str]) -> None:
        if parts and self._chance(self.style.spoil / 4):
            parts.append("|")

    def _shares(self, words: list[str], count: int) -> list[list[str]]:
        """Words over at most so many lines, at least one on the first."""
        if not words:
            return []
        cuts = sorted(self.rng.sample(range(1, len(words)), min(count - 1, len(words) - 1)))
        return [words[a:b] for a, b in zip([0, *cuts], [*cuts, len(words)], strict=True)]

    def _ocr_column(
        self, label_words: list[str], cells: list[Printed], phrases: dict[int, list[str]], at: dict[int, int]
    ) -> dict[int, int]:
        """A row whose cells stand below each other, each a paragraph of its own."""
        self._line(label_words)
        for index, cell in enumerate(cells):
            if not cell.text:
                continue
            self._gap()
            if index not in phrases:
                at[index] = self._line([cell.text])
                continue
            for number, share in enumerate(self._shares(phrases[index], 2 if self._chance(self.style.wrap) else 1)):
                line_no = self._line(share)
                if number == 0:
                    at[index] = line_no
        return at

    # -- what is expected -------------------------------------------------------------------------------------------

    def _expect(self, table: TableLayout, number: int, row_no: int, label: str, cells: list[Printed], at: dict[int, int]) -> None:
        notes = " ".join(cell.note for cell in cells if cell.note)
        for index, (column, cell) in enumerate(zip(table.columns, cells, strict=True)):
            if not cell.text or index not in at:
                continue
            scenario, period = self._meaning(table, column, label)
            if cell.note:
                period = note_period(cell.note)
            text = f"{cell.text} {notes}" if column.notes and notes else cell.text
            unit = self._unit(table, column, label, text, cell.value, cells)
            self.cells.append(ExpectedCell(number, row_no, label, index + 1, text, cell.value, unit, at[index], scenario, period))

    def _meaning(
        self, table: TableLayout, column: ColumnLayout, label: str
    ) -> tuple[str | None, tuple[date | None, date | None]]:
        scenario, row_period = column.scenario, None
        for meaning in table.rows:
            match = re.search(self.fill(meaning.match), label)
            if match:
                others = [other for other, keys in meaning.other_scenario.items() if column.key in keys]
                scenario = scenario or (others[0] if others else meaning.scenario)
                row_period = self.fill(meaning.period, *match.groups()) if meaning.period else None
                break
        if column.period and column.period.startswith("month "):
            return scenario, parse_period(f"{row_period}-{int(column.period.split()[1]):02}")
        period = self.fill(column.period) if column.period else row_period
        return scenario, parse_period(period) if period else (None, None)

    def _unit(
        self, table: TableLayout, column: ColumnLayout, label: str, text: str, value: Decimal | None, cells: list[Printed]
    ) -> str:
        if column.is_text:
            return "date" if column.words == "date" else "text"
        if value is None and text[0].isalpha():
            return "text"
        if column.unit or "%" in text:
            return column.unit or "percent"
        in_row = table.subject == "indicator" and any("%" in cell.text for cell in cells)
        return self._row_unit(table, label) or ("percent" if in_row else table.unit)


def write_report(
    layout: Layout,
    seed: int | Random,
    style: Style = Style(),
    only: frozenset[str] | None = None,
    without: frozenset[str] = frozenset(),
) -> Written:
    """A report of a layout from a seed (or a source of chance)."""
    rng = seed if isinstance(seed, Random) else Random(seed)
    return ReportWriter(layout, rng, style, only, without).write()


def tables_with(layout: Layout, table: TableLayout) -> frozenset[str]:
    """A table and those its rules speak of: the smallest set that can be written and read alone."""
    rules = (*table.rules, *table.checks)
    terms = [t for rule in rules if rule.column for t in parse_expression(rule.column).terms]
    return frozenset({table.key, *(t.table for t in terms if t.table)} | _same_heading(layout, table))


def _same_heading(layout: Layout, table: TableLayout) -> set[str]:
    return {t.key for t in layout.tables if table.heading and t.head == table.heading}


def every_table() -> Iterator[tuple[Layout, TableLayout]]:
    """Every table of every layout whose cells are no paragraphs."""
    from ingest.layout import load_layouts

    for layout in load_layouts():
        for table in layout.tables:
            if not table.running_text:
                yield layout, table
