"""Tables known by their rows: lines that end in figures, one below another, that fill the same number of columns.

The number of columns is that under which most rows can be read and the most arithmetic holds; the rows are then read by the
engine itself (ingest.reading.rows), so what is shown is what a layout of these columns would give.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from ingest.inspection.seen import SeenRule, SeenTable
from ingest.layout import ColumnLayout, Layout, RuleLayout, TableLayout, Variables
from ingest.reading.figures import MAX_GROUPS, Piece, Reading, all_readings
from ingest.reading.locate import HEAD_LINES, Line
from ingest.reading.numbers import can_be_continued, can_continue, can_stand_alone, normalise, parse_number
from ingest.reading.rows import Ambiguous, RawRow, RowReader
from ingest.reading.rules import precision

MAX_COLUMNS = 16
MAX_PIECES = 28
"""A line with more figures than this is no row that anybody could read."""
MAX_ROW_READINGS = 24
"""Readings of a row that are tried for arithmetic."""
MAX_READ_WAYS = 2_000
"""Readings of a row beyond which it tells nothing."""
MAX_LABEL_LINES = 3
MAX_LABEL_LENGTH = 90
ENOUGH_ROWS = 0.75
"""The share of the rows in which an identity has to hold; the others may be misprints, or rows of percentages."""

YEAR = re.compile(r"(?:19|20)\d\d")
_UNITS = {
    "mnkr": r"(?i)\bmnkr\b|\bmkr\b|miljoner kronor",
    "tkr": r"(?i)\btkr\b|tusental kronor|tusen kronor",
    "kr_per_dygn": r"(?i)(?:kr|kronor)(?: per |/)(?:dygn|dag)",
    "dygn_dagar": r"(?i)\b(?:vård)?dygn\b|\bdagar\b",
    "percent": r"%|(?i:\bprocent\b)",
    "timmar": r"(?i)\btimmar\b",
    "antal": r"(?i)\bantal\b",
}
CAPTION = re.compile(r"(?i)(?:tabell|bilaga|diagram)\b|\d+(?:\.\d+)*\.? [^\W\d]")


@dataclass(frozen=True)
class _RowLine:
    """A line that ends in figures: its index, the pieces of the run, and whether a year before them is its label."""

    index: int
    label: str
    pieces: tuple[Piece, ...]
    years: bool


# -- where tables are -----------------------------------------------------------------------------------------------------


def figure_tables(lines: list[str]) -> list[SeenTable]:
    """The tables whose rows are lines that end in figures, one below another, in their order."""
    return [table for block in _blocks(lines) for table in _tables(lines, block)]


def _blocks(lines: list[str]) -> Iterator[list[_RowLine]]:
    """Runs of lines that end in figures, with at most a wrapped label and a blank line between them."""
    reader = plain_reader([ColumnLayout(key="c1", label="c1")], [], False)
    block: list[_RowLine] = []
    gap = blanks = 0
    for index, line in enumerate(lines):
        row = _row_line(reader, index, line)
        if row is not None and (row.label or (block and gap) or row.years or block):
            block.append(row)
            gap = blanks = 0
            continue
        if not line.strip():
            blanks += 1
        else:
            gap, blanks = gap + 1, 0
        if block and (blanks > 1 or gap > MAX_LABEL_LINES or (line.strip() and not can_be_label(line)) or CAPTION.match(line)):
            yield from _split(block)
            block, gap, blanks = [], 0, 0
    yield from _split(block)


def _tables(lines: list[str], block: list[_RowLine]) -> Iterator[SeenTable]:
    """The table of a block, or those of its parts where one table follows another and no number of columns fits both."""
    table = _table(lines, block)
    if table is not None:
        yield table
        return
    fitting = [column_counts(row.pieces).keys() - {1} for row in block]
    start = 0
    while start < len(block):
        end, common = start + 1, fitting[start]
        while end < len(block) and common & fitting[end]:
            common, end = common & fitting[end], end + 1
        part = _table(lines, block[start:end]) if 1 < end - start < len(block) else None
        if part is not None:
            yield part
        start = end


def _split(block: list[_RowLine]) -> Iterator[list[_RowLine]]:
    if len(block) > 1:
        yield block


def can_be_label(line: str) -> bool:
    text = line.strip()
    return len(text) <= MAX_LABEL_LENGTH and not text.endswith((".", ":", "?", "!"))


def _row_line(reader: RowReader, index: int, line: str) -> _RowLine | None:
    """The line as a row of at least two figures; None for prose, headings and heads (years alone are a head)."""
    tokens = reader.plain_tokens(Line(index + 1, line))
    start = len(tokens)
    while start and tokens[start - 1].kind in ("digits", "whole", "blank", "bar"):
        start -= 1
    while start < len(tokens) and tokens[start].kind in ("blank", "bar"):
        start += 1
    run = tokens[start:]
    figures = [token for token in run if token.kind in ("digits", "whole")]
    label = normalise(" ".join(token.text for token in tokens[:start] if token.kind == "word"))
    if len(figures) < 2 or len(figures) > MAX_PIECES or len(label) > MAX_LABEL_LENGTH:
        return None
    if all(YEAR.fullmatch(token.text) for token in figures) or not any(t.kind == "digits" for t in figures):
        return None
    if len([token for token in run if token.kind == "blank"]) > 6:
        run = figures  # columns aligned by spaces: how many there are says nothing
    pieces = tuple(run)
    years = YEAR.fullmatch(figures[0].text) is not None or (re.match(YEAR, label) is not None and len(label) > 4)
    return _RowLine(index, label, pieces, years)


# -- how many columns, and what arithmetic --------------------------------------------------------------------------------


def _table(lines: list[str], block: list[_RowLine]) -> SeenTable | None:
    label_years = sum(row.years for row in block) >= len(block) / 2
    runs = [_without_year(row) if label_years else row.pieces for row in block]
    chosen = _column_count(runs)
    if chosen is None:
        return None
    count, row_rules = chosen
    first, last = block[0].index, block[-1].index
    columns = [ColumnLayout(key=f"c{i}", label=f"c{i}") for i in range(1, count + 1)]
    reader = plain_reader(columns, [rule.row for rule in row_rules if rule.row], label_years)
    rows, doubtful = _rows(reader, [Line(i + 1, lines[i]) for i in range(first, last + 1)])
    if len(rows) < 2:
        return None
    title_at, head_at = _heading(lines, first)
    cells = tuple((row.label, row.line_no, _texts(row, count)) for row in rows)
    return SeenTable(
        title=lines[title_at].strip() if title_at is not None else None,
        title_line=title_at + 1 if title_at is not None else None,
        head=re.sub(r"\s+", " ", " ".join(line.strip() for line in lines[head_at:first])).strip(),
        first_line=(head_at if head_at < first else title_at if title_at is not None else first) + 1,
        last_line=last + 1,
        first_row_line=first + 1,
        column_count=count,
        label_years=label_years,
        units=units_in([*([lines[title_at]] if title_at is not None else []), *lines[head_at : last + 1]]),
        rules=(*row_rules, *_totals(cells, count)),
        rows=cells,
        doubtful=tuple(doubtful),
    )


def _without_year(row: _RowLine) -> tuple[Piece, ...]:
    return row.pieces[1:] if YEAR.fullmatch(row.pieces[0].text) else row.pieces


def _column_count(runs: list[tuple[Piece, ...]]) -> tuple[int, list[SeenRule]] | None:
    """The number of columns that most rows can have and most arithmetic speaks for; where nothing decides, the fewest."""
    best: tuple[tuple[int, int, int], int, list[SeenRule]] | None = None
    fitting = [column_counts(run) for run in runs]
    for count in range(1, MAX_COLUMNS + 1):
        readable = [(run, fits[count]) for run, fits in zip(runs, fitting, strict=True) if count in fits]
        if len(readable) < max(2, ENOUGH_ROWS * len(runs)):
            continue
        rules = _row_rules([all_readings(list(run), count, False) for run, ways in readable if ways <= MAX_ROW_READINGS], count)
        score = (sum(rule.holds_in for rule in rules), len(readable), -count)
        if best is None or score > best[0]:
            best = score, count, rules
    return (best[1], best[2]) if best and best[1] > 1 else None


def column_counts(run: tuple[Piece, ...]) -> dict[int, int]:
    """The numbers of columns that a run of figures can fill, each with the number of ways (see figures.all_readings)."""
    ways: list[Counter[int]] = [Counter() for _ in range(len(run) + 1)]
    ways[0][0] = 1
    for index, piece in enumerate(run):
        ends = [index + 1] if piece.kind != "digits" or can_stand_alone(piece.text) else []
        if ends and piece.kind == "digits" and can_be_continued(piece.text):
            for end in range(index + 1, min(index + MAX_GROUPS, len(run))):
                if run[end].kind != "digits" or not can_continue(run[end].text):
                    break
                ends.append(end + 1)
                if not run[end].text.isdigit():
                    break
        for count, number in ways[index].items():
            if piece.kind == "blank":
                ways[index + 1][count] += number  # a space too many
            for end in ends:
                ways[end][count + 1] += number
    return {count: number for count, number in ways[-1].items() if count <= MAX_COLUMNS and number <= MAX_READ_WAYS}


def _row_rules(rows: list[list[Reading]], count: int) -> list[SeenRule]:
    """Sums and differences of three columns that hold in nearly every row in which all three are printed and not zero."""
    keys = [f"c{i}" for i in range(1, count + 1)]
    values = [[reading.values(keys, False) for reading in readings] for readings in rows]
    found: list[tuple[int, frozenset[str], SeenRule]] = []
    for three in itertools.combinations(keys, 3):
        for total in three:
            parts = [key for key in three if key != total]
            held, asked = 0, 0
            for row in values:
                printed = [v for v in row if all(v.get(key) for key in three)]
                if asked - held > (1 - ENOUGH_ROWS) * len(values):
                    break
                asked += bool(printed)
                held += any(_adds_up(v[total], [v[parts[0]], v[parts[1]]]) for v in printed)
            if held >= 2 and held >= ENOUGH_ROWS * asked:
                result = three[2]
                if total == three[0] and all(v.get(key, 0) >= 0 for row in values for v in row[:1] for key in three):
                    text, kind = f"{total} = {parts[0]} + {parts[1]}", "part"
                elif total == result:
                    text, kind = f"{total} = {parts[0]} + {parts[1]}", "total"
                else:
                    other = next(key for key in parts if key != result)
                    text, kind = f"{result} = {total} - {other}", "deviation"
                found.append((held, frozenset(three), SeenRule(kind, text, None, (), held)))
                break
    # Of relations that share two columns one may follow from another: the best supported speak, two of a table's columns once.
    kept: list[tuple[int, frozenset[str], SeenRule]] = []
    for entry in sorted(found, key=lambda e: -e[0]):
        if all(len(entry[1] & other[1]) < 2 for other in kept):
            kept.append(entry)
    return [rule for _, _, rule in kept]


def _adds_up(total: Decimal, parts: list[Decimal]) -> bool:
    """Whether parts add up to a total within rounding: half a unit of the last printed digit of each."""
    slack = sum((precision(part) for part in parts), precision(total)) / 2
    exact = all(precision(value) >= 1 for value in (total, *parts)) and len(parts) == 2
    return abs(sum(parts, Decimal(0)) - total) <= (min(slack, Decimal(1)) if exact else slack)


def _totals(rows: tuple[tuple[str, int, tuple[str | None, ...]], ...], count: int) -> list[SeenRule]:
    """Rows that are the sum of the rows around them: of those below (a total first), of those above, or of all the others."""
    values = [[parse_number(text) if text else None for text in cells] for _, _, cells in rows]
    labels = [label for label, _, _ in rows]
    found: list[SeenRule] = []
    parts_of_something: set[int] = set()
    totals: set[int] = set()

    def agreeing(total: int, parts: list[int]) -> list[int]:
        columns = []
        for column in range(count):
            printed = [values[part][column] for part in parts]
            expected = values[total][column]
            known = [value for value in printed if value is not None]
            if expected and sum(1 for value in known if value) >= 2 and _adds_up(expected, known):
                columns.append(column)
        return columns

    def note(total: int, parts: list[int], columns: list[int]) -> None:
        everything = sorted([total, *parts]) == list(range(len(rows)))
        right = "all" if everything else " + ".join(f"'{labels[part]}'" for part in parts)
        keys = () if len(columns) == count else tuple(f"c{column + 1}" for column in columns)
        kind = "total" if everything or total > parts[0] else "part"
        found.append(SeenRule(kind, None, f"'{labels[total]}' = {right}", keys, len(columns)))
        parts_of_something.update(parts)
        totals.add(total)

    enough = max(1, (count + 1) // 2)
    for last_step in (False, True):
        for total in range(len(rows)):
            if total in totals:
                continue
            free = [i for i in range(len(rows)) if i != total and i not in parts_of_something]
            above, below = [i for i in free if i < total], [i for i in free if i > total]
            runs = [above] if last_step else [above[i:] for i in range(len(above) - 1)]
            runs += [] if last_step else [below[:i] for i in range(len(below), 1, -1)]
            for parts in runs:
                columns = agreeing(total, parts) if len(parts) > 1 else []
                if len(columns) >= enough:
                    note(total, parts, columns)
                    break
    return found


# -- rows, heads, units ---------------------------------------------------------------------------------------------------


def plain_reader(columns: list[ColumnLayout], rules: list[str], label_years: bool) -> RowReader:
    table = TableLayout(
        key="seen",
        title="seen",
        subject="seen",
        head="seen",
        columns=columns,
        label_years=label_years,
        rules=[RuleLayout(name=f"rule_{n}", kind="deviation", row=rule, reason="Seen.") for n, rule in enumerate(rules, 1)],
    )
    layout = Layout(
        document_id="(?P<year>)",
        municipality_code="0000",
        municipality="",
        board="",
        kind="plan",
        title="",
        period="2000",
        as_of="2000",
        tables=[table],
    )
    return RowReader(layout, Variables(2000, 1), table, lambda _label: None)


def _rows(reader: RowReader, lines: list[Line]) -> tuple[list[RawRow], list[str]]:
    """The rows as the engine reads them; what it cannot read, or reads in several ways, is named."""
    tokens = reader.tokens(lines)
    rows: list[RawRow] = []
    doubtful: list[str] = []
    index = 0
    while index < len(tokens):
        if tokens[index].kind in ("blank", "bar"):
            index += 1
            continue
        try:
            read = reader.read_row(tokens, index)
        except Ambiguous as problem:
            doubtful.append(problem.label)
            read = None
        if read is None:  # go on with the next line
            line_no = tokens[index].line_no
            doubtful.append(" ".join(t.text for t in tokens[index:] if t.line_no == line_no and t.kind == "word") or "?")
            while index < len(tokens) and tokens[index].line_no == line_no:
                index += 1
            continue
        row, index = read
        if row is not None:
            rows.append(row)
            if row.alternatives:
                doubtful.append(row.label)
    return rows, doubtful


def _texts(row: RawRow, count: int) -> tuple[str | None, ...]:
    by_column = {cell.column: cell.text for cell in row.cells}
    return tuple(by_column.get(column) for column in range(count))


def _heading(lines: list[str], first_row: int) -> tuple[int | None, int]:
    """Indices of the title's line (None: not found) and of the head's first line (`first_row`: the table has no head)."""
    head = first_row
    if head > 1 and not lines[head - 1].strip() and lines[head - 2].strip() and not CAPTION.match(lines[head - 2].strip()):
        head -= 1  # rows set apart by blank lines: so is the head
    while head and first_row - head < HEAD_LINES and lines[head - 1].strip() and can_be_label(lines[head - 1]):
        head -= 1
        if CAPTION.match(lines[head].strip()) and head + 1 < first_row:
            return head, head + 1
    above = head - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    if above >= 0 and head - above <= 4 and can_be_label(lines[above]):
        return above, head
    return None, head


def units_in(lines: list[str]) -> tuple[str, ...]:
    text = "\n".join(lines)
    places = {unit: match.start() for unit, pattern in _UNITS.items() if (match := re.search(pattern, text))}
    return tuple(sorted(places, key=lambda unit: places[unit]))
