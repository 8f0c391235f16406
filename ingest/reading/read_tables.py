"""Whole tables from a page: every head found, its body read row by row, and nothing left over or guessed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import NamedTuple

from ingest.errors import ExtractionError
from ingest.layout import Layout, TableLayout
from ingest.reading import ocr
from ingest.reading.aligned import AlignedReader, Part, Unreadable
from ingest.reading.blocks import Incomplete, read_blocks
from ingest.reading.columns import Range, begins_row, heads_above, segments
from ingest.reading.locate import Head, Line, Page
from ingest.reading.lost_heads import lost_head
from ingest.reading.numbers import parse_number
from ingest.reading.rows import Ambiguous, RawRow, RowReader, Token
from ingest.reading.rules import holds, parse_expression

MAX_COMBINATIONS = 2_000
"""Readings of unsettled rows that are weighed against a table's totals; more than that stays ambiguous."""


BLANK_LINES = 20
"""Of so many lines at least one is blank where a text shows its paragraphs; in reports every third is."""
MAX_PAGE_NUMBERS = 4
"""Lone numbers at the ends of a table's pages that are weighed; a report with more of them numbers its pages in order."""
MAX_LABEL_WORDS = 20
GOES_ON = frozenset({"av", "eller", "en", "ett", "för", "från", "i", "inom", "med", "och", "om", "på", "per", "samt", "till"})
"""Words that no label ends with."""


TWO_SENTENCES = re.compile(r"[a-zåäöé)]\. [A-ZÅÄÖ]")
"""No label holds the end of a sentence and the beginning of another: that is prose."""


@dataclass
class TableRead:
    """A table as it was read from the page, still without its number in the document."""

    layout: TableLayout
    title: str
    heading: str | None
    first_line: int
    last_line: int
    rows: list[RawRow] = field(default_factory=list)
    head_lines: set[int] = field(default_factory=set)
    left_out: dict[int, str] = field(default_factory=dict)
    """Lines between those of the table that are no part of it, by number, with the reason."""


def read_tables(page: Page) -> list[TableRead]:
    """Every table of the layout, in the layout's order; ExtractionError where one is missing, doubtful or in part unread."""
    heads = {table.key: page.heads(table) for table in page.layout.tables}
    standing: dict[int, Head] = {}
    for found in heads.values():
        for head in found:
            if head.start not in standing or head.rank > standing[head.start].rank:
                standing[head.start] = head
    inside = {line for head in standing.values() for line in range(head.start + 1, head.end)}
    starts = sorted(start for start in standing if start not in inside)
    claimed: set[int] = set()
    reads: list[TableRead] = []
    for table in page.layout.tables:
        own = [h for h in heads[table.key] if h.start in starts and h.rank == standing[h.start].rank and h.start not in claimed]
        if table.head_from is not None:
            after = _first_line(page, table.head_from)
            own = [h for h in own if after is not None and h.start > after]
        if not own:
            raise ExtractionError(
                page.report.document_id,
                table.key,
                None,
                f"the table is missing: its head '{page.variables.fill(table.head)}' is nowhere in the text",
                "check that the text is complete; if the report changed its table, adapt the layout.",
            )
        if table.repeats:
            reads += _read_repeated(page, table, own, starts)
            claimed |= {h.start for h in own}
        else:
            read, used = _read_one(page, table, own, starts)
            claimed |= {h.start for h in used}
            reads.append(read)
    _refuse_lost_heads(
        page, {index for found in heads.values() for head in found for index in range(head.start, head.end)}, reads
    )
    return reads


def _refuse_lost_heads(page: Page, heads: set[int], reads: list[TableRead]) -> None:
    """ExtractionError where a repeated table stands once more than was read, under a head that reads otherwise."""

    def rows() -> set[int]:
        return {
            no - 1
            for read in reads
            for row in read.rows
            for no in (*range(row.line_no, row.label_end + 1), *(cell.line_no for cell in row.cells))
        }

    lost = lost_head(page, heads, rows)
    if lost is not None:
        table, index = lost
        raise ExtractionError(
            page.report.document_id,
            table.key,
            index + 1,
            f"'{page.plain[index]}' resembles the table's head '{page.variables.fill(table.head)}' and belongs to no table",
            "compare the line with the page: put the head right if the text has it wrong; if the report changed its table, "
            "adapt the layout's `head`; if it is no head, add the line to `skip` of the layout.",
        )


def _first_line(page: Page, text: str) -> int | None:
    wanted = page.variables.fill(text)
    return next((i for i, line in enumerate(page.report.lines) if line.strip().startswith(wanted)), None)


def _read_one(page: Page, table: TableLayout, own: list[Head], starts: list[int]) -> tuple[TableRead, list[Head]]:
    """One table; where a page break repeats its head before its last row, it goes on below that head."""
    used = [own[0]]
    one_of_its_kind = sum(other.head == table.head for other in page.layout.tables) == 1
    while True:
        rest = [h for h in own if h.start > used[-1].start]
        goes_on = bool(rest) and page.goes_on(used[-1], rest[0], starts)
        if goes_on and table.until is None and one_of_its_kind:
            used.append(rest[0])
            continue
        try:
            read = _read_parts(page, table, used, starts)
        except ExtractionError:
            # A row that the page break divides; in aligned text, what one page leaves open and the next may tell.
            if table.until is None or not (goes_on if page.report.form == "running" else rest):
                raise
            used.append(rest[0])
            continue
        if table.until is None or _ends_well(page, read):
            return read, used
        if not rest:
            raise _without_last_row(page, read)
        used.append(rest[0])


def _without_last_row(page: Page, read: TableRead) -> ExtractionError:
    assert read.layout.until is not None
    return ExtractionError(
        page.report.document_id,
        read.layout.key,
        read.last_line,
        f"the table ends without its last row '{page.variables.fill(read.layout.until)}'"
        + (f"; the last row read is '{read.rows[-1].label}'" if read.rows else "; no row was read"),
        "check that the text is complete; if the report changed its table, adapt the layout.",
    )


def _ends_well(page: Page, read: TableRead) -> bool:
    return _ends_with(page, read.layout, read.rows)


def _ends_with(page: Page, table: TableLayout, rows: list[RawRow]) -> bool:
    """Whether the rows end with the table's last row."""
    assert table.until is not None
    return bool(rows) and re.fullmatch(page.variables.fill(table.until), rows[-1].label) is not None


def _read_repeated(page: Page, table: TableLayout, own: list[Head], starts: list[int]) -> Iterator[TableRead]:
    """A table under each heading; a head repeated under the same heading continues the table."""
    groups: list[tuple[int | None, list[Head]]] = []
    for head in own:
        heading = page.heading_of(head, starts)
        at = heading[0] if heading else None
        previous = groups[-1] if groups else None
        neighbours = previous is not None and starts.index(head.start) == starts.index(previous[1][-1].start) + 1
        if (
            previous is not None
            and previous[0] == at
            and neighbours
            and (table.broken_by_pages or (not table.label_is_heading and page.goes_on(previous[1][-1], head, starts)))
        ):
            previous[1].append(head)
        else:
            groups.append((at, [head]))
    for _, heads in groups:
        read = _read_parts(page, table, heads, starts)
        if table.until is not None and not _ends_well(page, read):
            raise _without_last_row(page, read)
        yield read


def _read_parts(page: Page, table: TableLayout, heads: list[Head], starts: list[int]) -> TableRead:
    lines: list[Line] = []
    left_out: dict[int, str] = {}
    finder = page.head_finder(table)
    begins: list[int] = []
    places: list[tuple[Range | None, ...]] = []
    skip = [page.variables.pattern(pattern) for pattern in table.skip]
    row_starts = page.variables.pattern(table.row_starts) if table.row_starts else None
    skipping = False
    last = heads[0].end
    for head in heads:
        following = [s for s in starts if s > head.start]
        end = following[0] if following else len(page.report.lines)
        begins.append(len(lines))
        place = tuple(finder.ranges(page.report.lines, head.start, head.end)) if finder else None
        places.append(place or ())
        for index in range(head.end, end):
            if index in page.skipped:
                left_out[index + 1] = "a footer or box of the page"
                continue
            if page.is_stop(table, index) and not (place and begins_row(place, page.report.lines[index:end])):
                break
            text, plain = page.report.lines[index], page.plain[index]
            if skip and any(pattern.match(plain) for pattern in skip):
                skipping = row_starts is not None
                left_out[index + 1] = "no part of the table, says its layout"
                continue
            if place is not None and (
                not plain or any(columns > [0] for columns in heads_above(place, segments(text, index + 1)))
            ):
                skipping = False  # in aligned text a row can begin with its cells, above its label
            # With a space behind it, as it was before a line ended there: `1.1. ` begins the label `1.1.`, wrapped.
            skipping = skipping and not (row_starts and row_starts.match(f"{plain} "))
            if skipping:
                left_out[index + 1] = "no part of the table, says its layout"
            else:
                lines.append(Line(index + 1, text, index in page.report.page_beginnings))
                if text.strip():
                    last = index + 1
    heading = page.heading_of(heads[0], starts)
    heading_text = heading[1] if heading else None
    if heading_text is not None and page.letters_lost:
        heading_text = _repaired(page, table, heading_text, heads[0].start + 1)
    title = page.variables.fill(table.title).replace("{heading}", heading_text or "")
    read = TableRead(table, title, heading_text, heads[0].start + 1, last)
    read.head_lines = {no for head in heads for no in range(head.start + 1, head.end + 1)}
    read.left_out = {no: reason for no, reason in left_out.items() if page.report.lines[no - 1].strip()}
    if finder is None:
        read.rows, read.last_line = _read_numbered_pages(page, table, lines, heading_text, last)
    else:
        bodies = [lines[a:b] for a, b in itertools.pairwise([*begins, len(lines)])]
        read.rows, last_row = _read_aligned_rows(page, table, list(map(Part, places, bodies)), heading_text)
        read.last_line = last_row or last
    if not read.rows and table.until is None:
        raise ExtractionError(
            page.report.document_id,
            title,
            heads[0].start + 1,
            "the table has no row",
            "adapt the layout to the report.",
        )
    return read


def _repaired(page: Page, table: TableLayout, text: str, line_no: int) -> str:
    try:
        return ocr.repair(text)
    except ocr.UnknownWord as unknown:
        raise _unknown_word(page, table, line_no, unknown) from None


def _unknown_word(page: Page, table: TableLayout, line_no: int, unknown: ocr.UnknownWord) -> ExtractionError:
    known = f"it could be {', '.join(unknown.candidates)}" if unknown.candidates else "the lexicon knows nothing like it"
    return ExtractionError(
        page.report.document_id,
        table.key,
        line_no,
        f"the OCR word '{unknown.word}' cannot be put into Swedish for certain: {known}",
        "add the right word to ingest/reading/lexicon.txt.",
    )


def _read_aligned_rows(page: Page, table: TableLayout, parts: list[Part], heading: str | None) -> tuple[list[RawRow], int]:
    reader = RowReader(page.layout, page.variables, table, lambda _label: None)

    def label(text: str) -> str:
        return ocr.repair(text) if page.letters_lost else _without_footnote(page.layout, text)

    try:
        return AlignedReader(reader, page.variables.fill, label, page.report.page_of, heading).read(parts)
    except Unreadable as problem:
        raise ExtractionError(
            page.report.document_id,
            table.key,
            problem.line_no,
            problem.problem,
            "compare the line with the page and with the layout's columns, vocabularies, stops and skip.",
        ) from None
    except ocr.UnknownWord as unknown:
        raise _unknown_word(page, table, parts[0].lines[0].no, unknown) from None


def _read_numbered_pages(
    page: Page, table: TableLayout, lines: list[Line], heading: str | None, last: int
) -> tuple[list[RawRow], int]:
    """The rows and the last line of a table where lone numbers stand at the ends of pages: page numbers, or its figures.

    What makes a table of it decides; where both do, neither is chosen.
    """
    alone = [line for line in lines if line.no - 1 in page.perhaps_page_numbers]
    if not alone or len(alone) > MAX_PAGE_NUMBERS:
        return _read_rows(page, table, lines, heading, last)
    if table.running_text:  # its cells are words
        return _read_rows(page, table, [line for line in lines if line not in alone], heading, last)
    found: list[tuple[list[RawRow], int]] = []
    refused: ExtractionError | None = None
    for count in range(len(alone) + 1):
        for left_out in itertools.combinations(alone, count):
            try:
                rows, end = _read_rows(page, table, [line for line in lines if line not in left_out], heading, last)
            except ExtractionError as error:
                refused = refused or error
                continue
            if (rows, end) not in found:
                found.append((rows, end))
    whole = [read for read in found if table.until and _ends_with(page, table, read[0])] or found
    if not whole:
        assert refused is not None
        raise refused
    if any(rows != whole[0][0] for rows, _ in whole):
        raise ExtractionError(
            page.report.document_id,
            table.key,
            alone[0].no,
            f"'{alone[0].text.strip()}' alone at the end of a page can be its number or a figure of the table",
            "if it is a page number, add how the report prints them to `skip` of the layout, or take it out of the text.",
        )
    return whole[0]


def _read_rows(page: Page, table: TableLayout, lines: list[Line], heading: str | None, last: int) -> tuple[list[RawRow], int]:
    def ruling(label: str) -> list[str] | None:
        for decided in page.layout.rulings:
            if decided.document == page.report.document_id and re.fullmatch(decided.row, label):
                return decided.columns
        return None

    if table.running_text:

        def phrases(vocabulary: str) -> list[str]:
            return [page.variables.fill(phrase) for phrase in page.layout.vocabularies[vocabulary]]

        blank = page.report.lines.count("")
        if BLANK_LINES * blank < len(page.report.lines):
            raise ExtractionError(
                page.report.document_id,
                table.key,
                lines[0].no if lines else None,
                "the text has lost its blank lines, without which the table's paragraphs cannot be told apart",
                "extract the text again with its blank lines.",
            )
        try:
            return read_blocks(table.columns, lines, heading if table.label_is_heading else None, phrases), last
        except Incomplete as row:
            raise ExtractionError(
                page.report.document_id,
                table.key,
                row.line_no,
                f"the row that begins here has no cell '{row.column_label}'",
                "check that the text is complete; if the report changed its table, adapt the layout.",
            ) from None
    reader = RowReader(page.layout, page.variables, table, ruling, page.blanks_shown)
    try:
        if page.ocr:
            rows = ocr.read_rows(reader, lines, heading if table.label_is_heading else None)
        else:
            rows, last = _read_native_rows(page, reader, lines, heading, last)
        rows = _settle_by_totals(page, table, rows)
    except Ambiguous as problem:
        raise _ambiguous(page, table, problem) from None
    except ocr.UnknownWord as unknown:
        raise _unknown_word(page, table, lines[0].no, unknown) from None
    except ocr.Tangled as tangled:
        raise ExtractionError(
            page.report.document_id,
            table.key,
            tangled.line_no,
            "the row's words and figures cannot be told apart into label and cells",
            "compare the line with the layout's columns and vocabularies.",
        ) from None
    return rows, last


def _settle_by_totals(page: Page, table: TableLayout, rows: list[RawRow]) -> list[RawRow]:
    """Settle rows that their own arithmetic left open by the totals of their columns; Ambiguous where these do not either."""
    unsettled = [i for i, row in enumerate(rows) if row.alternatives]
    if not unsettled:
        return rows
    totals = [(parse_expression(rule.column), rule) for rule in table.rules if rule.column]
    totals = [(e, r) for e, r in totals if e.operation == "sum" and all(t.table is None and not t.shift for t in e.terms)]
    names = full_labels(table, rows)
    labels = [name if names.count(name) == 1 else f"{name} #{number}" for number, name in enumerate(names)]

    def score(chosen: list[RawRow]) -> int:
        points = 0
        for column, layout in enumerate(table.columns):
            if layout.is_text:
                continue
            values = {
                label: value
                for label, row in zip(labels, chosen, strict=True)
                for cell in row.cells
                if cell.column == column and (value := parse_number(cell.text, table.decimal_point)) is not None
            }
            for expression, rule in totals:
                expected = replace(
                    expression,
                    result=page.variables.fill(expression.result),
                    terms=tuple(replace(t, name=page.variables.fill(t.name)) for t in expression.terms),
                )
                zeroes = dict.fromkeys(labels, Decimal(0)) if rule.blank_is_zero else {}
                points += holds(expected, {**zeroes, **values}) is True
        return points

    choices = list(itertools.islice(itertools.product(*(rows[i].alternatives for i in unsettled)), MAX_COMBINATIONS + 1))
    scored = []
    for choice in choices[:MAX_COMBINATIONS]:
        chosen = list(rows)
        for index, cells in zip(unsettled, choice, strict=True):
            chosen[index] = rows[index]._replace(cells=cells, alternatives=(), by_totals=True)
        scored.append((score(chosen), chosen))
    best = max(points for points, _ in scored)
    winners = [chosen for points, chosen in scored if points == best]
    if len(winners) > 1 or best == 0 or len(choices) > MAX_COMBINATIONS:
        row = rows[unsettled[0]]
        shown = [
            [next((c.text for c in cells if c.column == i), "") for i in range(len(table.columns))] for cells in row.alternatives
        ]
        raise Ambiguous(row.cells[0].line_no, row.label, shown)
    return winners[0]


def _ambiguous(page: Page, table: TableLayout, problem: Ambiguous) -> ExtractionError:
    readings = "\n".join("    " + " | ".join(text or "(empty)" for text in reading) for reading in problem.readings[:8])
    more = f"\n    ... and {len(problem.readings) - 8} more" if len(problem.readings) > 8 else ""
    return ExtractionError(
        page.report.document_id,
        table.key,
        problem.line_no,
        f"the row '{problem.label}' can be read in {len(problem.readings)} ways:\n{readings}{more}",
        "add a rule or limit that decides to the table's layout, or a ruling with its reason."
        if page.ocr or page.blanks_shown
        else "extract the text again with all its spaces: it shows no extra spaces, so any cell of the row could be empty.",
    )


def _read_native_rows(
    page: Page, reader: RowReader, lines: list[Line], heading: str | None, last: int
) -> tuple[list[RawRow], int]:
    table = reader.table
    until = re.compile(page.variables.fill(table.until)) if table.until else None
    fits = re.compile(page.variables.fill(table.row_labels)) if table.row_labels else None
    comment = re.compile(table.comment) if table.comment else None
    rows: list[RawRow] = []
    for part in _without_remarks(page, reader, lines, comment):
        tokens = part.tokens
        if table.label_is_heading:
            tokens.insert(0, Token("word", heading or "", last if part.line_no is None else part.line_no))
        index = 0
        while index < len(tokens):
            if tokens[index].kind in ("blank", "bar"):
                index += 1
                continue
            index_before = index
            first = part.first_row if index == 0 and not table.label_is_heading else None
            read = first or reader.read_row(tokens, index)
            if read is None:
                if fits is not None and rows and not _begins_row(fits, tokens[index:]):
                    return rows, rows[-1].cells[-1].line_no
                raise _leftover(page, table, tokens[index:])
            row, index = read
            if row is None:
                continue
            for number in range(1, len(row.label_lines)):
                _refuse_two_labels(table, row, number)
            label = _without_footnote(page.layout, row.label)
            if fits is not None and not fits.fullmatch(label):
                if rows and not fits.search(label):
                    return rows, rows[-1].cells[-1].line_no
                raise _leftover(page, table, tokens[index_before:])
            rows.append(row._replace(label=label, printed=row.label))
            if until is not None and until.fullmatch(label):
                return rows, max(c.line_no for c in row.cells)
    return rows, last


def _refuse_two_labels(table: TableLayout, row: RawRow, number: int) -> None:
    """Ambiguous where a row's label can be that of a row printed without any value, which left no trace, and the next row's:
    a line of it begins like a label, and the one above can end one."""
    above, below = " ".join(row.label_lines[:number]), " ".join(row.label_lines[number:])
    ends_open = (
        above.endswith(("-", ",", "/", "&", "+", "–")) or above.split()[-1] in GOES_ON or above.count("(") > above.count(")")
    )
    can_end = any(letter.isalpha() for letter in above) and not ends_open
    if can_end and (below[0].isupper() or (table.child_rows is not None and re.fullmatch(table.child_rows, below))):
        raise Ambiguous(row.line_no, row.label, [[row.label], [above, below]])


def _begins_row(fits: re.Pattern[str], tokens: list[Token]) -> bool:
    """Whether a text that cannot be read begins with a row's label: then it is no end of the table, but a row too wrong."""
    words = " ".join(token.text for token in tokens[:MAX_LABEL_WORDS] if token.kind not in ("blank", "bar"))
    return fits.search(words) is not None


def _leftover(page: Page, table: TableLayout, tokens: list[Token]) -> ExtractionError:
    words = [t for t in tokens if t.kind != "blank"]
    text = " ".join(t.text for t in words[:12])
    return ExtractionError(
        page.report.document_id,
        table.key,
        words[0].line_no if words else None,
        f"'{text}' inside the table is no row of {len(table.columns)} columns",
        "if the report has another column or text here, adapt the layout (columns, stops or skip).",
    )


class _Rows(NamedTuple):
    """Lines that begin with a row's label, read as tokens, with the number of the first and the row where it is known."""

    line_no: int | None
    tokens: list[Token]
    first_row: tuple[RawRow | None, int] | None = None


def _without_remarks(page: Page, reader: RowReader, lines: list[Line], remark: re.Pattern[str] | None) -> list[_Rows]:
    """The lines in parts without the remarks between rows."""

    def rows(part: list[Line]) -> _Rows:
        return _Rows(part[0].no if part else None, reader.tokens(part))

    if remark is None:
        return [rows(lines)]
    parts: list[list[Line]] = [[]]
    for line in lines:
        if remark.match(line.text.strip()):
            parts.append([])
        parts[-1].append(line)
    return [rows(parts[0]), *(_after_remark(page, reader, part) for part in parts[1:])]


def _after_remark(page: Page, reader: RowReader, part: list[Line]) -> _Rows:
    """What follows a remark's prose: the first paragraph that is, alone, the label of a row, and everything below it.

    A line of nothing but cells is no prose: it belongs to a row that cannot be read, which must not be lost as a remark.
    """

    def is_first(index: int) -> bool:
        line, above = part[index], part[index - 1].text.rstrip()
        if line.begins_page and line.text.strip()[0].islower() and above and not _ends_sentence(part[index - 1]):
            return False  # the page break divides a label
        return line.begins_page or bool(line.text.strip() and not above)

    tokens_from = reader.tokens_from(part)
    rows: dict[int, tuple[RawRow | None, int] | None] = {}
    """The rows that can be read, by the index of the line from which on."""

    def reads(start: int, end: int) -> bool:
        rows[start] = read = reader.read_row(tokens_from(start), 0)
        row = read[0] if read is not None else None
        return row is not None and row.label_end <= part[end - 1].no and not TWO_SENTENCES.search(row.label)

    def end_of(paragraph: int) -> int:
        return next((n for n in range(paragraph + 1, len(part)) if is_first(n) or not part[n].text.strip()), len(part))

    paragraphs = [i for i in range(1, len(part)) if is_first(i)]
    # In text without blank lines the row begins behind the last sentence after which one can be read.
    sentences = (i for i in range(len(part) - 1, 0, -1) if _ends_sentence(part[i - 1]))
    candidates = itertools.chain(((i, end_of(i)) for i in paragraphs), ((i, len(part)) for i in sentences))
    start = next((i for i, end in candidates if reads(i, end)), len(part))
    if start > 1 and start in paragraphs and part[start - 1].text.strip() and not _ends_sentence(part[start - 1]):
        above = max((i for i in paragraphs if i < start), default=None)
        if above is not None and reads(above, len(part)):
            raise _leftover(page, reader.table, tokens_from(above))  # does the page break divide a label?
    if start < len(part) and start not in paragraphs:
        read = rows[start]
        assert read is not None
        assert read[0] is not None
        begins = [line.text.strip()[:1] for line in part[start:] if line.no <= read[0].label_end]
        if begins[0].islower() or any(letter.isupper() for letter in begins[1:]):
            raise _leftover(page, reader.table, tokens_from(start))  # the end of the remark, or the row's label?
    for line in filter(lambda line: line.text.strip(), part[1:start]):
        tokens = [token for token in reader.tokens([line]) if token.kind != "blank"]
        kinds = [token.kind for token in tokens]
        if set(kinds) <= {"digits", "whole", "phrase", "note"} and (len(kinds) > 1 or "phrase" in kinds):
            raise _leftover(page, reader.table, tokens)
    return _Rows(part[start].no, tokens_from(start), rows[start]) if start < len(part) else _Rows(None, [])


def _ends_sentence(line: Line) -> bool:
    return line.text.rstrip().endswith((".", ":"))


def _without_footnote(layout: Layout, label: str) -> str:
    return re.sub(r"(?<=[^\W\d]|\))\d{1,2}$", "", label) if layout.footnote_marks else label


def full_labels(table: TableLayout, rows: list[RawRow]) -> list[str]:
    """Row labels; a part of the row above (`- 0 0 0`, `Varav ...`) is named after both."""
    labels: list[str] = []
    parent = ""
    for row in rows:
        if table.child_rows and parent and re.fullmatch(table.child_rows, row.label):
            labels.append(f"{parent} / {row.label}")
        else:
            parent = row.label
            labels.append(row.label)
    return labels
