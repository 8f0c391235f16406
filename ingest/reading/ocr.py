"""Text after OCR: labels back into correct Swedish, and rows whose label and text cells share lines untangled.

Nothing is invented: a word is replaced only by the one word of ingest/reading/lexicon.txt that it resembles, and a word that
resembles none, or two equally, is an error that asks for the lexicon to be completed. Figures are never touched.
"""

from __future__ import annotations

import heapq
import itertools
import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from rapidfuzz import fuzz, process
from rapidfuzz.distance import Indel

from ingest.layout import DATES, ColumnLayout
from ingest.reading.locate import Line
from ingest.reading.rows import DATE_PATTERN, RawCell, RawRow, RowReader, Token, in_order, join_words
from ingest.source.text import fold

LEXICON = Path(__file__).parent / "lexicon.txt"
WORD_RESEMBLANCE = 74
SAME_LENGTH = 15.0
PLAIN_LETTER = 10.0
PHRASE_RESEMBLANCE = 80
PREFIX_RESEMBLANCE = 62
MISMATCH = 4.0
MISSING = 90.0
MAX_ROW_TOKENS = 400
MAX_DIVISIONS = 200_000
"""Steps of dividing one row into label and cells; a row that needs more is no row that anybody could read."""
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


_MARKS_AROUND = re.compile(r"([^\w&]*)(.*?)(\W*)")
_NO_WORD = re.compile(r"[\d.,:%/-]+")
_FIGURES = re.compile(r"\d{2,}")


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
    return " ".join(["0" if word.isdecimal() else fold(word) for word in words])


def repair(text: str) -> str:
    """A label in correct Swedish; UnknownWord where the lexicon does not help."""
    repaired: list[str] = []
    for word in text.split():
        repaired.append(_repair_word(word, repaired[-1] if repaired else ""))
    return " ".join(repaired)


@lru_cache(maxsize=10_000)
def _repair_word(word: str, before: str = "") -> str:
    match = _MARKS_AROUND.fullmatch(word) if word != "&" else None
    if match is None:
        return word
    left, core, right = match.groups()
    if not core or _NO_WORD.fullmatch(core):
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
    figures = _FIGURES.findall(core)
    candidates = [c for c in candidates if _FIGURES.findall(c) == figures]  # a figure is never lost
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
        return [_mixed_row(reader, _TextColumns(reader), words, heading)] if words else []
    text_columns = _TextColumns(reader)
    return [_mixed_row(reader, text_columns, block, None) for block in _blocks(reader, lines)]


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
        rows.append(read._replace(printed=join_words(words)))
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
        anchor = _anchor(reader, first, lines, index) if not first.optional else _figures_at_end(reader, line)
        if anchor is None:
            continue
        start = index
        if anchor == 0:  # the label stands above, as a paragraph of its own
            while start > 0 and not lines[start - 1].text.strip():
                start -= 1
            while start > 0 and lines[start - 1].text.strip() and not lines[start].begins_page:
                if comment and comment.match(lines[start - 1].text.strip()):
                    break
                start -= 1
        starts.append(start)
    before = next((line for line in lines[: starts[0] if starts else None] if line.text.strip()), None)
    if before is not None:
        raise Tangled(before.no)  # the first row's text cell is not recognised: its row would be lost
    phrases = [
        _phrase_words(phrase) for column in reader.table.columns for phrase in reader.vocabularies.get(column.words or "", [])
    ]
    blocks = []
    for number, start in enumerate(starts):
        end = starts[number + 1] if number + 1 < len(starts) else len(lines)
        block = []
        remark = False
        for line in lines[start:end]:
            remark = remark or bool(comment and comment.match(line.text.strip()))
            if remark and _ends_in_cell(phrases, line):
                raise Tangled(line.no)  # a row whose first text cell is not recognised would be lost as a part of the remark
            if line.text.strip() and not remark:
                block.append(line)
        if not block:
            raise Tangled(lines[start].no)  # the row begins inside a remark
        blocks.append(block)
    return blocks


def _ends_in_cell(phrases: list[_PhraseWords], line: Line) -> bool:
    """Whether a line ends, as prose does not, in a whole phrase of a text cell, with its capital and without a full stop."""
    words = line.text.replace("|", " ").split()
    if len(words) > 1 and len(words[-1]) <= 3 and words[-1] in [phrase.words[0] for phrase in phrases]:
        return True  # `Ej`, with the rest on a line below
    return any(
        len(words) > len(phrase.words) and words[-len(phrase.words)][0].isupper() and _same(words, phrase) for phrase in phrases
    )


class _PhraseWords(NamedTuple):
    """A phrase of a vocabulary in its words, and what is left of it, of its first word and of the rest after OCR."""

    words: list[str]
    folded: str
    first: str
    rest: str


@lru_cache(maxsize=1_000)
def _phrase_words(phrase: str) -> _PhraseWords:
    first, *rest = words = phrase.split()
    return _PhraseWords(words, fold(phrase), fold(first), fold("".join(rest)))


def _same(words: list[str], phrase: _PhraseWords) -> bool:
    end = words[-len(phrase.words) :]
    return end[-1][-1].isalpha() and fuzz.ratio(fold("".join(end)), phrase.folded) >= PHRASE_RESEMBLANCE


def _figures_at_end(reader: RowReader, line: Line) -> int | None:
    """Where a row begins when its first text cell can be missing: at any line that ends in figures."""
    tokens = reader.plain_tokens(line)
    return len(tokens) - 1 if len(tokens) > 1 and tokens[-1].kind in ("digits", "whole") else None


def _anchor(reader: RowReader, column: ColumnLayout, lines: list[Line], index: int) -> int | None:
    """Where in a line the first text cell of a row begins (word number), or None."""
    words = lines[index].text.replace("|", " ").split()
    if not any(word[0].isupper() for word in words):
        return None
    phrases = [_phrase_words(phrase) for phrase in reader.vocabularies[column.words or ""]]
    long = {phrase.first for phrase in phrases if len(phrase.first) > 3}
    short = [phrase for phrase in phrases if len(phrase.first) <= 3]
    for position, word in enumerate(words):
        if not word[0].isupper():
            continue
        seen = fold(word)
        if any(fuzz.ratio(seen, first) >= 85 for first in long):
            return position
        rests = [phrase.rest for phrase in short if seen == phrase.first]
        if rests:  # `Ej`, and the rest behind it or, in a narrow column, below
            paragraph = itertools.takewhile(lambda line: line.text.strip() and not line.begins_page, lines[index + 1 :])
            below = [other for line in paragraph for other in line.text.replace("|", " ").split()]
            if any(fuzz.ratio(fold(other), rest) >= 85 for rest in rests for other in (*words[position + 1 :], *below)):
                return position
    return None


def _mixed_row(reader: RowReader, text_columns: _TextColumns, lines: list[Line], heading: str | None) -> RawRow:
    label, cells, figures = _untangle(reader, text_columns, lines, label_allowed=heading is None)
    printed = None if heading is not None else join_words(label)
    text = heading if heading is not None else repair(join_words(label))
    raw = [RawCell(index, cell.phrase, cell.line_no, "printed", printed=cell.printed) for index, cell in cells.items()]
    columns = reader.table.columns
    group = [i for i, c in enumerate(columns) if not c.is_text]
    if group and figures:
        read = reader.row_at(text, lines[0].no, figures)
        if read is None:
            raise Tangled(lines[0].no)

        def whole(cells: tuple[RawCell, ...]) -> tuple[RawCell, ...]:
            return in_order([*raw, *(RawCell(group[c.column], c.text, c.line_no, c.method, c.weighed, c.printed) for c in cells)])

        alternatives = tuple(whole(cells) for cells in read.alternatives)
        return RawRow(text, lines[0].no, lines[-1].no, whole(read.cells), None, alternatives, printed)
    return RawRow(text, lines[0].no, lines[-1].no, in_order(raw), printed=printed)


class _TextColumn:
    """What the words of a text cell can be: the phrases of its column's vocabulary, as they survive OCR."""

    def __init__(self, phrases: tuple[str, ...]) -> None:
        self.phrases = [(fold(phrase), phrase) for phrase in phrases]
        self._keys = [key for key, _ in self.phrases]
        self._longest = max(map(len, self._keys), default=0)
        self._beginnings = sorted({key[:length] for key in self._keys for length in range(len(key) + 1)}, key=len)
        self._up_to_length = [bisect_right(self._beginnings, length, key=len) for length in range(-1, self._longest + 1)]
        """How many of the beginnings of phrases, the shortest first, are shorter than a length."""
        self._of_length = [
            sorted({key[:length] for key in self._keys if length <= len(key) + 1}) for length in range(self._longest + 2)
        ]
        """The beginnings of phrases of a length, and those that are one letter shorter altogether."""

    def phrase(self, text: str) -> str:
        """The phrase that a whole cell resembles most."""
        seen = fold(text)
        return max(self.phrases, key=lambda known: fuzz.ratio(seen, known[0]))[1]

    @lru_cache(maxsize=10_000)  # noqa: B019  (there is one of each vocabulary)
    def cost(self, text: str) -> float | None:
        """What a whole cell costs; None where it is no phrase."""
        best = process.extractOne(fold(text), self._keys, scorer=fuzz.ratio, score_cutoff=PHRASE_RESEMBLANCE)
        return None if best is None else MISMATCH * (100 - best[1])

    def longer(self, text: str, word: str) -> str | None:
        """A text with another word; None where no text cell begins so."""
        return text + word if fold(word) != "" and self.cost_at_least(text + word) is not None else None

    @lru_cache(maxsize=10_000)  # noqa: B019
    def cost_to_begin(self, word: str) -> float | None:
        """What no cell that begins with a word falls below; None where none does."""
        return self.cost_at_least(word) if fold(word) != "" else None

    @lru_cache(maxsize=10_000)  # noqa: B019
    def cost_at_least(self, text: str) -> float | None:
        """What no cell that begins with a text falls below; None where none does.

        The letters that a text has too many or too few against the beginning of a phrase, whichever it is nearest to, no word
        behind them makes good; they weigh least in the longest cell and phrase. A hair is left for the rounding of floats.
        """
        seen = fold(text)
        if len(seen) >= len(self._of_length):
            return None
        alike = process.extractOne(seen, self._of_length[len(seen)], scorer=fuzz.ratio, score_cutoff=PREFIX_RESEMBLANCE)
        if alike is None:
            return None
        certain = seen.rstrip("60")  # whether these are letters or figures depends on what follows
        wrong = self._letters_wrong(certain, Indel.distance(certain, alike[0]))
        resemblance = 100 + 1e-6 - 100 * wrong / (2 * self._longest + 1)
        return max(0.0, MISMATCH * (100 - resemblance)) if resemblance >= PHRASE_RESEMBLANCE else None

    def _letters_wrong(self, text: str, at_most: int) -> int:
        """The letters that a text has too many or too few against the nearest beginning, which are so many `at_most`: no
        beginning whose length differs by more is nearer."""
        shortest, longest = max(len(text) - at_most, 0), min(len(text) + at_most, self._longest)
        near = self._beginnings[self._up_to_length[shortest] : self._up_to_length[longest + 1]]
        nearest = process.extractOne(text, near, scorer=Indel.distance, score_cutoff=at_most)
        return at_most if nearest is None else nearest[1]


@cache
def _text_column(phrases: tuple[str, ...]) -> _TextColumn:
    return _TextColumn(phrases)


class _Cell(NamedTuple):
    """The words of a text cell without spaces, and the lines of the first and of the last."""

    text: str
    line_no: int
    last_line: int


class _Told(NamedTuple):
    """A text cell told from the rest of its row: the column's phrase, its first line, and what is printed (without spaces)."""

    phrase: str
    line_no: int
    printed: str


class _Division(NamedTuple):
    """A row's first lines, told apart into label, text cells (by column) and figures."""

    label: tuple[Token, ...]
    cells: dict[int, _Cell]
    figures: tuple[Token, ...]
    untold: int
    """Figures in the label."""


class _TextColumns:
    """The columns of a table that hold text, with what their words can be (None: dates), among the others."""

    def __init__(self, reader: RowReader) -> None:
        self.columns = reader.table.columns
        self.texts = {
            index: None if column.words == DATES else _text_column(reader.vocabularies[column.words or ""])
            for index, column in enumerate(self.columns)
            if column.is_text
        }
        numbers = [index for index in range(len(self.columns) + 1) if index not in self.texts]
        self.number_column = [next(index for index in numbers if index >= start) for start in range(len(self.columns) + 1)]
        """The first column of numbers (behind all columns where there is none) from each column on."""


class _Untangling:
    """Tells the words of a row's label, text cells and figures apart.

    In every line the label comes first and the cells follow in the order of the columns; a text cell is one of its
    vocabulary's phrases, spread over the lines. The division that completes a phrase in every text column wins, the first
    found of several.
    """

    def __init__(self, text_columns: _TextColumns, lines: list[list[Token]], label_allowed: bool) -> None:
        self.label_allowed = label_allowed
        self.rows = lines
        self.columns = text_columns.columns
        self.texts = text_columns.texts
        self.number_column = text_columns.number_column
        self.are_figures = [[token.kind in ("digits", "whole") for token in tokens] for tokens in lines]
        self.untold = [list(itertools.accumulate([t.kind == "digits" for t in tokens], initial=0)) for tokens in lines]
        """How many figures stand before each word of a line."""
        self._last_line_of = {token.text: row for row, tokens in enumerate(lines) for token in tokens}
        """The words of the row, each with the last line that it stands on."""
        self._beginnings = {index: self._costs_to_begin(index) for index in self.texts}
        """The words with which a text cell can begin, and what it then costs at least."""
        self._least_to_begin = {index: self._least_costs_to_begin(index) for index in self.texts}
        """What a text cell that has not begun costs at least, for each number of lines that are told apart."""
        self._costs_ahead: dict[tuple[int, int, str], float | None] = {}
        with_figures = [row for row, are_figures in enumerate(self.are_figures, 1) if any(are_figures)]
        self._figures_end = max(with_figures, default=0) if len(self.texts) < len(self.columns) else len(lines)
        """The number of lines behind which there are no figures, though the row should have some."""

    def best(self) -> _Division | None:
        """The cheapest division of all lines.

        Divisions grow line by line, always the one that can become cheapest, and by one way over the next line at a time:
        what waits is a division, or one with the ways that have not been looked at. `order` keeps those that cost the same in
        the order in which trying everything would find them. Of those that leave the same to be decided the first is enough.
        """
        first = _Division((), {}, (), 0)
        least = self._cost_at_least(first, 0)
        waiting: list[tuple[float, tuple[int, ...], _Division, Iterator[_Division] | None]] = []
        if least is not None:
            waiting.append((least, (), first, None))
        grown: set[object] = set()
        for _ in range(MAX_DIVISIONS):
            if not waiting:
                return None
            cost, order, division, ways = heapq.heappop(waiting)
            if ways is None:
                if len(order) == len(self.rows):
                    return division
                texts = [division.cells[index].text if index in division.cells else None for index in self.texts]
                outlook = len(order), division.untold, bool(division.figures), *texts  # nothing else bears on what can come
                if outlook in grown:
                    continue
                grown.add(outlook)
                ways = self._divided(division, len(order))
                order = *order, 0
            told = len(order)
            for longer in ways:
                least = self._cost(longer) if told == len(self.rows) else self._cost_at_least(longer, told)
                if least is not None and least <= cost and order[-1] > 0 and told < len(self.rows):
                    least = self._cost_at_least(longer, told, looks_ahead=True)  # the way before it was wrong: this one may be
                if least is not None:
                    heapq.heappush(waiting, (max(cost, least), order, longer, None))
                    heapq.heappush(waiting, (cost, (*order[:-1], order[-1] + 1), division, ways))
                    break
        return None

    def _divided(self, division: _Division, row: int) -> Iterator[_Division]:
        """Every way in which a division can go on over the words of another line, those with the shortest label first."""
        tokens, are_figures, untold = self.rows[row], self.are_figures[row], self.untold[row]
        before = division.cells
        figures_stand_alone = self.columns[0].optional
        begun = [(index, column, before[index].text) for index, column in self.texts.items() if column and index in before]
        beginnings = [(index, words) for index, words in self._beginnings.items() if index not in before]
        longer: list[dict[int, str]] = []
        """For each word, what the text cells become that can begin with it or go on with it."""
        for token in tokens:
            with_word = {index: token.text for index, words in beginnings if token.text in words}
            for index, begun_column, text_before in begun:
                if (goes_on := begun_column.longer(text_before, token.text)) is not None:
                    with_word[index] = goes_on
            longer.append(with_word)
        for cut in range(len(tokens) if self.label_allowed else min(len(tokens), 1)):
            if not longer[cut] and not (are_figures[cut] and (cut == 0 or figures_stand_alone)):
                continue
            waiting = [(cut, 0, before, division.figures)]
            while waiting:
                position, first_column, cells, figures = waiting.pop()
                if position == len(tokens):
                    yield _Division((*division.label, *tokens[:cut]), cells, figures, division.untold + untold[cut])
                    continue
                token = tokens[position]
                number_column = self.number_column[first_column] if are_figures[position] else len(self.columns)
                steps = []
                for index, column in self.texts.items():
                    if not first_column <= index < number_column:
                        continue
                    cell = cells.get(index)
                    if cell is before.get(index):
                        text = longer[position].get(index)
                    else:
                        text = column.longer(cell.text, token.text) if cell and column else None
                    if text is not None:
                        told = _Cell(text, cell.line_no if cell else token.line_no, token.line_no)
                        steps.append((position + 1, index, {**cells, index: told}, figures))
                if are_figures[position] and number_column < len(self.columns):
                    after_cell = any(cell.last_line == token.line_no for cell in cells.values())
                    if cut == 0 or after_cell or figures_stand_alone:
                        steps.append((position + 1, number_column, cells, (*figures, token)))
                waiting += reversed(steps)
        if self.label_allowed or not tokens:
            yield _Division((*division.label, *tokens), before, division.figures, division.untold + untold[-1])

    def _cost_at_least(self, division: _Division, row: int, looks_ahead: bool = False) -> float | None:
        """What no division that goes on from this one falls below; None where none is a row. `row` is that of the next line.

        A look at the words that follow may make it dearer.
        """
        cost = UNTOLD / 4 * division.untold
        if not division.figures and row >= self._figures_end:
            cost += UNTOLD
        for index, column in self.texts.items():
            cell = division.cells.get(index)
            if cell is None:
                least = self._least_to_begin[index][row]
            elif column is None:
                least = 0.0
            else:
                least = self._cell_cost_ahead(index, row, cell.text) if looks_ahead else column.cost_at_least(cell.text)
            if least is None:
                return None
            cost += least
        return cost

    def _cell_cost_ahead(self, index: int, row: int, text: str) -> float | None:
        """The least that a text cell costs as it is or with any of the words that follow."""
        state = index, row, text
        if state not in self._costs_ahead:
            column = self.texts[index]
            as_it_is = self._cell_cost(index, text)
            costs = [] if as_it_is is None else [as_it_is]
            if column is not None and as_it_is != 0.0:
                words = [word for word, last in self._last_line_of.items() if last >= row]
                costs += [cost for word in words if (cost := column.cost_at_least(text + word)) is not None]
            self._costs_ahead[state] = min(costs, default=None)
        return self._costs_ahead[state]

    def _costs_to_begin(self, index: int) -> dict[str, float]:
        column = self.texts[index]
        if column is None:
            return {word: 0.0 for word in self._last_line_of if re.fullmatch(DATE_PATTERN, word)}
        costs = zip(self._last_line_of, map(column.cost_to_begin, self._last_line_of), strict=True)
        return {word: cost for word, cost in costs if cost is not None}

    def _least_costs_to_begin(self, index: int) -> list[float | None]:
        least = [self._cell_cost(index, "")] * (len(self.rows) + 1)
        for word, cost in self._beginnings[index].items():
            for row in range(self._last_line_of[word] + 1):
                before = least[row]
                least[row] = cost if before is None else min(before, cost)
        return least

    def _cell_cost(self, index: int, text: str) -> float | None:
        """What a whole text cell costs, empty where there is no text; None where it must not be empty or is no phrase."""
        if not text:
            return MISSING if self.columns[index].optional else None
        column = self.texts[index]
        return 0.0 if column is None else column.cost(text)

    def _cost(self, division: _Division) -> float | None:
        """How far a division is from what a row should be; None where a cell is missing or no phrase."""
        cost = UNTOLD / 4 * division.untold
        if not division.figures and len(self.texts) < len(self.columns):
            cost += UNTOLD
        for index in self.texts:
            cell = division.cells.get(index)
            mismatch = self._cell_cost(index, cell.text if cell else "")
            if mismatch is None:
                return None
            cost += mismatch
        return cost


def _untangle(
    reader: RowReader, text_columns: _TextColumns, lines: list[Line], label_allowed: bool
) -> tuple[list[Token], dict[int, _Told], list[Token]]:
    """Label, text cells (by column) and figures of a row; Tangled where they cannot be told apart."""
    words = [[token for token in reader.plain_tokens(line) if token.kind != "bar"] for line in lines]
    untangling = _Untangling(text_columns, words, label_allowed)
    too_long = sum(map(len, words)) > MAX_ROW_TOKENS
    best = None if too_long else untangling.best()
    if best is None:
        raise Tangled(lines[0].no)
    chosen: dict[int, _Told] = {}
    for index, cell in best.cells.items():
        column = untangling.texts[index]
        chosen[index] = _Told(column.phrase(cell.text) if column else cell.text, cell.line_no, cell.text)
    return list(best.label), chosen, list(best.figures)
