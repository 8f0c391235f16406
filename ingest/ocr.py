"""Text after OCR: labels back into correct Swedish, and rows whose label and text cells share lines untangled.

Nothing is invented: a word is replaced only by the one word of ingest/lexicon.txt that it resembles, and a word that
resembles none, or two equally, is an error that asks for the lexicon to be completed. Figures are never touched.
"""

from __future__ import annotations

import itertools
import re
from functools import cache
from pathlib import Path

from rapidfuzz import fuzz, process

from ingest.layout import DATES, ColumnLayout
from ingest.locate import Line
from ingest.rows import DATE_PATTERN, RawCell, RawRow, RowReader, Token, in_order, join_words
from ingest.text import begins_page, fold

LEXICON = Path(__file__).parent / "lexicon.txt"
WORD_RESEMBLANCE = 74
SAME_LENGTH = 15.0
PLAIN_LETTER = 10.0
PHRASE_RESEMBLANCE = 80
PREFIX_RESEMBLANCE = 62
MISMATCH = 4.0
MISSING = 90.0
UNTOLD = 20.0
"""What a division of a row costs, in points of resemblance, for a text cell or all figures left inside the label."""


class UnknownWord(Exception):
    """An OCR word that the lexicon does not know, or knows twice."""

    def __init__(self, word: str, candidates: list[str]) -> None:
        super().__init__(word)
        self.word = word
        self.candidates = candidates


class Tangled(Exception):
    """A row whose words cannot be told apart into label and cells."""

    def __init__(self, line_no: int) -> None:
        super().__init__(str(line_no))
        self.line_no = line_no


@cache
def lexicon() -> dict[str, list[str]]:
    """Folded word -> the Swedish words it can be; folded pair -> the second word after that first one."""
    words: dict[str, list[str]] = {}
    for line in LEXICON.read_text(encoding="utf-8").splitlines():
        entry = line.strip()
        if entry and not entry.startswith("#"):
            words.setdefault(_key(*entry.split()), []).append(entry.split()[-1])
    return words


def _key(*words: str) -> str:
    return " ".join("0" if re.fullmatch(r"\d+", word) else fold(word) for word in words)


def repair(text: str) -> str:
    """A label in correct Swedish; UnknownWord where the lexicon does not help."""
    repaired: list[str] = []
    for word in text.split():
        repaired.append(_repair_word(word, repaired[-1] if repaired else ""))
    return " ".join(repaired)


@cache
def _repair_word(word: str, before: str = "") -> str:
    match = re.fullmatch(r"([^\w&]*)(.*?)(\W*)", word) if word != "&" else None
    if match is None:
        return word
    left, core, right = match.groups()
    if not core or re.fullmatch(r"[\d.,:%/-]+", core):
        return word
    if "/" in core:
        return left + "/".join(_repair_word(part) for part in core.split("/")) + right
    known = lexicon()
    folded = fold(core)
    if (pair := _key(before, core)) in known:
        candidates = known[pair]
    elif folded in known:
        candidates = known[folded]
    else:
        single = [key for key in known if " " not in key]
        hits = process.extract(folded, single, scorer=fuzz.ratio, score_cutoff=WORD_RESEMBLANCE, limit=8)
        scored = {word: score + _likelihood(core, word) for key, score, _ in hits for word in known[key]}
        candidates = [word for word in scored if scored[word] == max(scored.values())]
    candidates = [c for c in candidates if re.findall(r"\d{2,}", c) == re.findall(r"\d{2,}", core)]  # a figure is never lost
    if len(candidates) != 1:
        raise UnknownWord(word, candidates)
    found = candidates[0]
    misread = before[-1:].isalnum() and (core[0], found[0]) in (
        ("O", "ö"),
        ("I", "l"),
    )  # a small letter taken for a capital
    if core[0].isupper() and not core[1:].isupper() and not misread:
        found = found[0].upper() + found[1:]
    return left + found + right


def _likelihood(printed: str, word: str) -> float:
    """How readily OCR turns a word into what is printed: it keeps the number of letters, and errs on å, ä and ö."""
    if len(printed) != len(word):
        return 0.0
    plain = sum(a != b and b not in "åäö" for a, b in zip(printed.lower(), word.lower(), strict=True))
    return SAME_LENGTH - PLAIN_LETTER * plain


def read_rows(reader: RowReader, lines: list[Line], heading: str | None) -> list[RawRow]:
    """All rows of an OCR table. Labels may go on below their figures."""
    columns = reader.table.columns
    if not any(c.is_text for c in columns):
        return _figure_rows(reader, [line for line in lines if line.text.strip()])
    if reader.table.label_is_heading:
        words = [line for line in lines if line.text.strip()]
        return [_mixed_row(reader, words, heading)] if words else []
    return [_mixed_row(reader, block, None) for block in _blocks(reader, lines)]


def _figure_rows(reader: RowReader, lines: list[Line]) -> list[RawRow]:
    """Rows of figures only: a line with figures at its end begins a row, a line of words goes on with the label above."""
    grouped: list[tuple[list[Token], list[Token]]] = []
    for line in lines:
        tokens = reader.tokens([line])
        split = len(tokens)
        while split and tokens[split - 1].kind in ("digits", "whole", "bar"):
            split -= 1
        words = [t for t in tokens[:split] if t.kind != "bar"]
        figures = tokens[split:]
        if any(t.kind != "bar" for t in figures):
            if not words:
                raise Tangled(line.no)
            grouped.append((words, figures))
        elif grouped:
            grouped[-1][0].extend(words)
        else:
            raise Tangled(line.no)
    rows = []
    for words, figures in grouped:
        label = repair(join_words(words))
        read = reader.row_at(label, words[0].line_no, figures)
        if read is None or (_is_year(words, figures) and len(read.cells) < len(reader.table.columns)):
            raise Tangled(words[0].line_no)  # what looks like a year may be the figure that is missing
        rows.append(read)
    return rows


def _is_year(words: list[Token], figures: list[Token]) -> bool:
    """Whether the last word before the figures is a number (a year, where the layout says so)."""
    before = [word for word in words if word.line_no == figures[0].line_no]
    return before[-1].text.isdigit()


def _blocks(reader: RowReader, lines: list[Line]) -> list[list[Line]]:
    """The lines of each row of a table with text cells: from its label's first line to the remark under it."""
    comment = re.compile(reader.table.comment) if reader.table.comment else None
    first = reader.table.columns[0]
    starts: list[int] = []
    for index, line in enumerate(lines):
        anchor = _anchor(reader, first, lines[index:]) if not first.optional else _figures_at_end(reader, line)
        if anchor is None:
            continue
        start = index
        if anchor == 0:  # the label stands above, as a paragraph of its own
            while start > 0 and not lines[start - 1].text.strip():
                start -= 1
            while start > 0 and lines[start - 1].text.strip() and not begins_page(lines[start].text):
                if comment and comment.match(lines[start - 1].text.strip()):
                    break
                start -= 1
        starts.append(start)
    before = next((line for line in lines[: starts[0] if starts else None] if line.text.strip()), None)
    if before is not None:
        raise Tangled(before.no)  # the first row's text cell is not recognised: its row would be lost
    blocks = []
    for number, start in enumerate(starts):
        end = starts[number + 1] if number + 1 < len(starts) else len(lines)
        block = []
        remark = False
        for line in lines[start:end]:
            remark = remark or bool(comment and comment.match(line.text.strip()))
            if remark and _ends_in_cell(reader, line):
                raise Tangled(line.no)  # a row whose first text cell is not recognised would be lost as a part of the remark
            if line.text.strip() and not remark:
                block.append(line)
        if not block:
            raise Tangled(lines[start].no)  # without blank lines the remark and the row below it are one
        blocks.append(block)
    return blocks


def _ends_in_cell(reader: RowReader, line: Line) -> bool:
    """Whether a line ends, as prose does not, in a whole phrase of a text column, with its capital and without a full stop."""
    words = line.text.replace("|", " ").split()
    phrases = [phrase for column in reader.table.columns for phrase in reader.vocabularies.get(column.words or "", [])]
    if len(words) > 1 and len(words[-1]) <= 3 and words[-1] in [phrase.split()[0] for phrase in phrases]:
        return True  # `Ej`, with the rest on a line below
    return any(
        len(words) > len(phrase.split()) and words[-len(phrase.split())][0].isupper() and _same(words, phrase)
        for phrase in phrases
    )


def _same(words: list[str], phrase: str) -> bool:
    end = words[-len(phrase.split()) :]
    return end[-1][-1].isalpha() and fuzz.ratio(fold("".join(end)), fold(phrase)) >= PHRASE_RESEMBLANCE


def _figures_at_end(reader: RowReader, line: Line) -> int | None:
    """Where a row begins when its first text cell can be missing: at any line that ends in figures."""
    tokens = reader.plain_tokens(line)
    return len(tokens) - 1 if len(tokens) > 1 and tokens[-1].kind in ("digits", "whole") else None


def _anchor(reader: RowReader, column: ColumnLayout, lines: list[Line]) -> int | None:
    """Where in the first of the lines the first text cell of a row begins (word number), or None."""
    paragraph = list(
        itertools.takewhile(lambda line: line.text.strip() and (line is lines[0] or not begins_page(line.text)), lines)
    )
    if not paragraph:
        return None
    words, *below = [line.text.replace("|", " ").split() for line in paragraph]
    for position, word in enumerate(words):
        if not word[0].isupper():
            continue
        for phrase in reader.vocabularies[column.words or ""]:
            begin = fold(phrase.split()[0])
            if len(begin) > 3 and fuzz.ratio(fold(word), begin) >= 85:
                return position
            if len(begin) <= 3 and fold(word) == begin:  # `Ej`, and the rest behind it or, in a narrow column, below
                rest = fold("".join(phrase.split()[1:]))
                if any(fuzz.ratio(fold(other), rest) >= 85 for other in [*words[position + 1 :], *itertools.chain(*below)]):
                    return position
    return None


def _mixed_row(reader: RowReader, lines: list[Line], heading: str | None) -> RawRow:
    label, cells, figures = _untangle(reader, lines, label_allowed=heading is None)
    text = heading if heading is not None else repair(join_words(label))
    raw: list[RawCell] = [RawCell(index, phrase, line_no, "printed") for index, (phrase, line_no) in cells.items()]
    columns = reader.table.columns
    group = [i for i, c in enumerate(columns) if not c.is_text]
    if group and figures:
        read = reader.row_at(text, lines[0].no, figures, [columns[i] for i in group])
        if read is None:
            raise Tangled(lines[0].no)

        def whole(cells: tuple[RawCell, ...]) -> tuple[RawCell, ...]:
            return in_order([*raw, *(RawCell(group[c.column], c.text, c.line_no, c.method) for c in cells)])

        alternatives = tuple(whole(cells) for cells in read.alternatives)
        return RawRow(text, lines[0].no, lines[-1].no, whole(read.cells), None, alternatives)
    return RawRow(text, lines[0].no, lines[-1].no, in_order(raw))


def _untangle(
    reader: RowReader, lines: list[Line], label_allowed: bool
) -> tuple[list[Token], dict[int, tuple[str, int]], list[Token]]:
    """Tell the words of label, text cells and figures apart.

    In every line the label comes first and the cells follow in the order of the columns; a text cell is one of its
    vocabulary's phrases, spread over the lines. The division that completes a phrase in every text column wins.
    """
    columns = reader.table.columns
    texts = [i for i, c in enumerate(columns) if c.is_text]
    phrases = {i: [(fold(p), p) for p in reader.vocabularies[columns[i].words or ""]] for i in texts if columns[i].words != DATES}
    rows = [[t for t in reader.plain_tokens(line) if t.kind != "bar"] for line in lines]
    best: list[tuple[float, list[Token], dict[int, list[Token]], list[Token]]] = []

    def plausible(index: int, tokens: list[Token]) -> bool:
        if columns[index].words == DATES:
            return len(tokens) == 1 and re.fullmatch(DATE_PATTERN, tokens[0].text) is not None
        seen = fold("".join(t.text for t in tokens))
        if not fold(tokens[-1].text):
            return False
        return any(
            fuzz.ratio(seen, key[: len(seen)]) >= PREFIX_RESEMBLANCE and len(seen) <= len(key) + 1 for key, _ in phrases[index]
        )

    def finish(label: list[Token], cells: dict[int, list[Token]], figures: list[Token]) -> None:
        cost = UNTOLD / 4 * sum(token.kind == "digits" for token in label)
        if len(texts) < len(columns) and not figures:
            cost += UNTOLD
        for index in texts:
            tokens = cells.get(index, [])
            if not tokens:
                if not columns[index].optional:
                    return
                cost += MISSING
                continue
            if columns[index].words == DATES:
                continue
            seen = fold("".join(t.text for t in tokens))
            resemblance = max(fuzz.ratio(seen, key) for key, _ in phrases[index])
            if resemblance < PHRASE_RESEMBLANCE:
                return
            cost += MISMATCH * (100 - resemblance)
        best.append((cost, label, cells, figures))

    def walk(row: int, label: list[Token], cells: dict[int, list[Token]], figures: list[Token]) -> None:
        if row == len(rows):
            finish(label, cells, figures)
            return
        tokens = rows[row]
        for cut in range(len(tokens) + 1):
            if cut and not label_allowed:
                break
            place(row, cut, 0, label + tokens[:cut], cells, figures)

    def place(
        row: int, position: int, column: int, label: list[Token], cells: dict[int, list[Token]], figures: list[Token]
    ) -> None:
        tokens = rows[row]
        if position == len(tokens):
            walk(row + 1, label, cells, figures)
            return
        token = tokens[position]
        for index in range(column, len(columns)):
            if columns[index].is_text:
                grown = [*cells.get(index, []), token]
                if plausible(index, grown):
                    place(row, position + 1, index, label, {**cells, index: grown}, figures)
            elif token.kind in ("digits", "whole"):
                starts_line = position == 0 or tokens[0] not in label
                after_cell = any(token.line_no == t.line_no for ts in cells.values() for t in ts)
                if starts_line or after_cell or columns[0].optional:
                    place(row, position + 1, index, label, cells, [*figures, token])
                break

    walk(0, [], {}, [])
    if not best:
        raise Tangled(lines[0].no)
    _, label, cells, figures = min(best, key=lambda found: found[0])
    chosen: dict[int, tuple[str, int]] = {}
    for index, tokens in cells.items():
        if columns[index].words == DATES:
            chosen[index] = (tokens[0].text, tokens[0].line_no)
        else:
            seen = fold("".join(t.text for t in tokens))
            chosen[index] = (max(phrases[index], key=lambda p: fuzz.ratio(seen, p[0]))[1], tokens[0].line_no)
    return label, chosen, figures
