"""Reading the rows of a table from text in which every row stands in order: label, then its cells, however they wrap.

This is how text from a native PDF runs. OCR text, where the words of a label and of a text cell share lines, is first
untangled by ingest.reading.ocr and then read by the same functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import lru_cache, partial
from itertools import groupby
from typing import NamedTuple

from ingest.layout import DATES, ColumnLayout, Layout, TableLayout, Variables
from ingest.reading.figures import Figure, Outcome, Piece, Reading, all_readings, weigh, weigh_without_blanks
from ingest.reading.locate import Line
from ingest.reading.numbers import PLACEHOLDERS, is_marked_number, is_number_token, normalise
from ingest.reading.rules import Identity, parse_expression
from ingest.source.text import letters, letters_of_lines

MAX_PHRASE_TOKENS = 16
CONJUNCTIONS = frozenset({"och", "eller", "samt"})
"""After these a hanging hyphen stays: `familje- och jourhem`."""
MAX_OPEN_READINGS = 2_000
"""Readings of a row without its extra spaces; a table's totals are not asked about more."""
_HANGING_HYPHEN = re.compile(r"\S-$")
_LONE_LETTER = re.compile(r"(?:^|\s)\S-$")
_YEAR = re.compile(r"(19|20)\d\d")
_GOES_ON = re.compile(r"[a-zåäöé]")
DATE_PATTERN = r"\d{4}-\d\d(?:-\d\d)?"


Token = Piece
_NO_VOCABULARIES: frozenset[str] = frozenset()
_plain_token: Callable[[tuple[str, str, int, frozenset[str]]], Token] = partial(tuple.__new__, Token)
"""A token of its fields: every word of every line becomes one."""


class RawCell(NamedTuple):
    """A cell as it was read: column index from 0, printed text, line and how the columns were decided."""

    column: int
    text: str
    line_no: int
    method: str
    weighed: int = 1
    """How many readings of its row there were to choose from."""
    printed: str | None = None
    """What is printed, where OCR spoiled one of the column's phrases."""


class Decision(NamedTuple):
    """How the figures of a row were told apart: the method, and how many readings there were to choose from."""

    method: str
    weighed: int


class RawRow(NamedTuple):
    """A row as it was read; `note` is a remark in brackets that belongs to the column with `notes`.

    `line_no` and `label_end` are the first and last line of its label.
    """

    label: str
    line_no: int
    label_end: int
    cells: tuple[RawCell, ...]
    note: str | None = None
    alternatives: tuple[tuple[RawCell, ...], ...] = ()
    """Every reading of a row that its own arithmetic did not settle (`cells` is the first); the table's totals may."""
    printed: str | None = None
    """The label as printed, where it was put right or lost a footnote's mark."""
    by_totals: bool = False
    """Whether only the totals of the table's columns settled the row."""
    label_lines: tuple[str, ...] = ()
    """The label line by line, where it is wrapped in text that has lost its extra spaces."""


class Ambiguous(Exception):
    """A row has several readings left, or none that makes sense; `readings` are the texts of its columns."""

    def __init__(self, line_no: int, label: str, readings: list[list[str]]) -> None:
        super().__init__(label)
        self.line_no = line_no
        self.label = label
        self.readings = readings


_LOOKS_ASIDE = re.compile(r"\(\?(?:[=!>(]|<[=!])|\\[AbBZ\d]|(?<!\[)\^|\$|[*+?}]\+")
"""What in a pattern makes a match depend on the text around it, or give up one that ends sooner."""


@lru_cache(maxsize=1_000)
def _looks_aside(pattern: re.Pattern[str]) -> bool:
    return _LOOKS_ASIDE.search(pattern.pattern) is not None


_NOT_WORDS = frozenset({"bar", "digits", "whole"})
_letters = lru_cache(maxsize=10_000)(letters)
"""Of words, which come again and again."""


class _Phrases:
    """The phrases of a table's vocabularies by their letters, so that looking for one takes no longer for many."""

    def __init__(self, vocabularies: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
        self.known: dict[str, tuple[str, frozenset[str]]] = {}
        """Letters -> the phrase (the first, where several have the same letters) and the names of its vocabularies."""
        self.begun: dict[str, list[str]] = {}
        """First letters -> the phrases that begin so."""
        for name, phrases in vocabularies:
            for phrase in phrases:
                key = letters(phrase)
                first, names = self.known.get(key, (phrase, frozenset()))
                self.known[key] = first, names | {name}
                for length in range(len(key) + 1):
                    self.begun.setdefault(key[:length], []).append(phrase)


_phrases = lru_cache(maxsize=1_000)(_Phrases)


class _NumberColumns:
    """Columns of numbers that stand side by side: their keys, and the vocabularies whose words they accept."""

    def __init__(self, columns: list[ColumnLayout]) -> None:
        self.keys = [column.key for column in columns]
        self.accepted = {column.accepts for column in columns if column.accepts}


class RowReader:
    """Reads rows of one table. `ruling` gives the columns a person decided for a row label, if any.

    `blanks_shown` says that an empty cell leaves an extra space (see text.shows_blanks); after OCR none does.
    """

    def __init__(
        self,
        layout: Layout,
        variables: Variables,
        table: TableLayout,
        ruling: Callable[[str], list[str] | None],
        blanks_shown: bool = True,
    ) -> None:
        self.layout = layout
        self.table = table
        self.ruling = ruling
        self.ocr = layout.text_origin == "ocr"
        self.blanks_shown = blanks_shown and not self.ocr
        self.are_texts = [column.is_text for column in table.columns]
        self.has_figures = not all(self.are_texts)
        self.numbers = _NumberColumns([column for column in table.columns if not column.is_text])
        """All columns of numbers, as a row has them whose text cells are told apart."""
        runs = [list(run) for is_text, run in groupby(range(len(table.columns)), self.are_texts.__getitem__) if not is_text]
        self.numbers_from = {run[0]: _NumberColumns([table.columns[column] for column in run]) for run in runs}
        """Those that stand side by side, by the first of them."""
        self.identities = [Identity(parse_expression(rule.row), rule.blank_is_zero) for rule in table.rules if rule.row]
        names = sorted({name for c in table.columns for name in (c.words, c.accepts) if name and name != DATES})
        self.vocabularies = {name: variables.fill_all(tuple(layout.vocabularies[name])) for name in names}
        self.accepted = {c.accepts for c in table.columns if c.accepts}
        self.text_vocabularies = {c.words for c in table.columns if c.words}
        self.accepted_ends = {_letters(phrase.split()[-1]) for name in self.accepted for phrase in self.vocabularies[name]} - {""}
        self.phrases = _phrases(tuple(self.vocabularies.items()))
        first = table.columns[0] if table.columns else None
        is_text = first is not None and first.is_text
        can_be_word = first is not None and is_text and (first.optional or first.words == DATES)
        self.first_words = first.words if first is not None and is_text and not can_be_word else None
        """The vocabulary without whose phrase no row has a first cell."""
        self.ends_no_label = self.accepted | ({first.words} if first is not None and is_text and first.words else set())
        """The vocabularies whose phrases are cells of the row, never the end of its label."""
        self.begins_no_cell = frozenset(() if can_be_word else ("word", "digits", "whole") if is_text else ("word",))
        """The kinds of tokens with which no first cell begins."""
        self._tokens_of: dict[tuple[int, str], list[Token]] = {}
        """What lines have been read as: those behind a remark are looked at again and again."""
        self.marks = frozenset({"%", "**", "–", "+/-", *layout.unit_words})
        self.note = None if layout.note is None else re.compile(layout.note)

    # -- tokens ---------------------------------------------------------------------------------------------------

    def tokens(self, lines: list[Line]) -> list[Token]:
        """Lines to tokens: figures told from words, words of the vocabularies joined, extra spaces kept as `blank`."""
        return self.tokens_from(lines)(0)

    def tokens_from(self, lines: list[Line]) -> Callable[[int], list[Token]]:
        """What gives the tokens from the line of an index on. What begins at a word does not depend on the words before: it is
        looked for once, and where the tokens of a line meet those given first they go on as these do."""
        pieces: list[Token] = []
        begins: list[int] = []
        for line in lines:
            begins.append(len(pieces))
            if line.text:
                pieces.extend(self._line_tokens(line))
        joined = self._joined(pieces)
        given: list[Token] = []
        place_of: dict[int, int] = {}
        """Where those given first stand, by the piece at which each begins."""

        def tokens(index: int) -> list[Token]:
            at = begins[index] if begins else 0
            if not joined:
                return pieces[at:]
            read: list[Token] = []
            places: list[int] = []
            while at < len(pieces) and at not in place_of:
                places.append(at)
                token, used = joined[at] if at in joined else (pieces[at], 1)
                read.append(token)
                at += used
            if not given:
                given.extend(read)
                place_of.update(zip(places, range(len(places)), strict=True))
                return read
            return read + given[place_of[at] :] if at in place_of else read

        return tokens

    def _line_tokens(self, line: Line) -> list[Token]:
        key = line.no, line.text
        if key not in self._tokens_of:
            self._tokens_of[key] = self._told_apart(line)
        return self._tokens_of[key]

    def _told_apart(self, line: Line) -> list[Token]:
        text = normalise(line.text)
        if self.ocr:
            parts = text.replace("|", " | ").split()
        elif not text.strip():
            parts = [""] * len(text) if len(text) > 1 else []
        else:
            parts = text.removesuffix(" ").split(" ")
            if parts[-1] == "" and all(self._is_year(part) for part in parts if _kind(part) in _NOT_WORDS):
                last = next(part for part in reversed(parts) if part)
                if _letters(last) not in self.accepted_ends:
                    parts = text.rstrip().split(" ")  # a space too many behind words alone is no empty cell
        merged = self._merge_values(parts)
        year_expected = self.table.label_years
        if not year_expected:
            return [_plain_token((_kind(part), part, line.no, _NO_VOCABULARIES)) for part in merged]
        tokens = []
        for part in merged:
            kind = _kind(part)
            if year_expected and kind == "digits" and self._is_year(part):
                kind = "word"  # the year belongs to the label; figures follow it
            if kind in ("digits", "whole"):
                year_expected = False
            elif kind == "word":
                year_expected = True
            tokens.append(Token(kind, part, line.no))
        return tokens

    def _is_year(self, part: str) -> bool:
        return self.table.label_years and _YEAR.fullmatch(part) is not None

    def _merge_values(self, parts: list[str]) -> list[str]:
        """Glue marks to their figures: `5,59 %`, `96,7 **`, `19 st`, `+/- 0,5`, `80 – 100**`."""
        if self.marks.isdisjoint(parts):
            return parts
        merged: list[str] = []
        for part in parts:
            previous = merged[-1] if merged else ""
            is_figure = bool(previous) and is_number_token(previous.split(" ")[0]) and previous not in PLACEHOLDERS
            if is_figure and (part in ("%", "**") or part in self.layout.unit_words):
                merged[-1] = f"{previous} {part}"
            elif previous == "+/-" and is_number_token(part):
                merged[-1] = f"+/- {part}"
            elif len(merged) > 1 and previous == "–" and is_number_token(part) and is_number_token(merged[-2]):
                merged[-2:] = [f"{merged[-2]} – {part}"]
            else:
                merged.append(part)
        return merged

    def _joined(self, tokens: list[Token]) -> dict[int, tuple[Token, int]]:
        """The phrases, notes and ranges that begin at an index, each with the number of pieces that it takes."""
        texts = [token.text for token in tokens]
        found: dict[int, tuple[Token, int]] = {}
        in_letters = letters_of_lines(texts) if self.phrases.begun else []
        for index, first in enumerate(in_letters):
            if first and first in self.phrases.begun and (phrase := self._phrase(tokens, in_letters, index)):
                found[index] = phrase
        if self.note is not None:
            found |= {
                index: note for index in self._where_notes_can_begin(tokens) if (note := self._note(tokens, index, self.note))
            }
        if "–" in texts:
            found |= {index: whole for index in range(len(tokens)) if (whole := self._range_over_lines(tokens, index))}
        return found

    def _phrase(self, tokens: list[Token], in_letters: list[str], index: int) -> tuple[Token, int] | None:
        """The longest phrase of the table's vocabularies that begins with a word that is no blank."""
        seen = ""
        best: tuple[Token, int] | None = None
        # `för barn och unga` goes on with a label: the department of that name begins with a capital. OCR may lose it.
        goes_on = not self.ocr and _GOES_ON.match(tokens[index].text) is not None
        for end in range(index, min(index + MAX_PHRASE_TOKENS, len(tokens))):
            if tokens[end].kind == "blank":
                continue
            if tokens[end].kind == "bar":
                break
            seen += in_letters[end]
            if end > index and not in_letters[end] and not self._belongs(tokens[end].text, seen):
                break  # `Vuxna - 5`: what has no letters is a cell of its own, unless a phrase has it (`Bokslut 2024 **`)
            if seen in self.phrases.known:
                phrase, names = self.phrases.known[seen]
                if goes_on and phrase[0].isupper():
                    continue
                best = Token("phrase", phrase, tokens[index].line_no, names), end + 1 - index
            if seen not in self.phrases.begun:
                break
        return best

    def _belongs(self, mark: str, seen: str) -> bool:
        """Whether a mark without letters stands in a phrase that begins with what was seen."""
        return any(mark in phrase.split() for phrase in self.phrases.begun.get(seen, ()))

    def _where_notes_can_begin(self, tokens: list[Token]) -> Collection[int]:
        """A note of some tokens begins where its pattern matches what is left of the text, whatever follows it there."""
        if self.note is None or _looks_aside(self.note):
            return range(len(tokens))
        text = " ".join([token.text for token in tokens if token.kind != "blank"])
        found: set[int] = set()
        if not self.note.search(text):
            return found
        at = 0
        for index, token in enumerate(tokens):
            if token.kind != "blank":
                if self.note.match(text, at):
                    found.add(index)
                at += len(token.text) + 1
        return found

    def _note(self, tokens: list[Token], index: int, note: re.Pattern[str]) -> tuple[Token, int] | None:
        if tokens[index].kind in ("blank", "bar"):
            return None
        text = ""
        found: tuple[Token, int] | None = None
        for end in range(index, min(index + 6, len(tokens))):
            if tokens[end].kind != "blank":
                text = f"{text} {tokens[end].text}" if text else tokens[end].text
                if note.fullmatch(text):
                    found = Token("note", text, tokens[index].line_no), end + 1 - index
        return found

    def _range_over_lines(self, tokens: list[Token], index: int) -> tuple[Token, int] | None:
        """`80 –` at the end of a line and `100**` on the next are one range."""
        if not is_number_token(tokens[index].text):
            return None
        real = [i for i in range(index, min(index + 5, len(tokens))) if tokens[i].kind != "blank"][:3]
        if len(real) < 3 or real[0] != index:
            return None
        a, dash, b = (tokens[i] for i in real)
        if dash.text == "–" and is_number_token(a.text) and is_number_token(b.text):
            return Token("whole", f"{a.text} – {b.text}", a.line_no), real[2] + 1 - index
        return None

    def plain_tokens(self, line: Line) -> list[Token]:
        """The tokens of one line without looking for phrases."""
        return list(self._line_tokens(line))

    # -- rows -----------------------------------------------------------------------------------------------------

    def read_row(self, tokens: list[Token], start: int) -> tuple[RawRow | None, int] | None:
        """The row that begins at `start` and the index after it; a None row is one whose cells are all empty.

        None where no row can be read from here.
        """
        label: list[Token] = []
        for position in range(start + 1, len(tokens)):
            last = tokens[position - 1]
            if last.kind not in ("blank", "bar"):
                if self._is_left_over(label, last) or (self.has_figures and self._loses_cells(label, last)):
                    return None  # nor in any longer label
                label.append(last)
            # A word that can be a value (`öka`) is none at the end of a label: it is the first cell of a row that is no row.
            if not label or (self.has_figures and (_is_figure(label[-1]) or label[-1].vocabularies & self.ends_no_label)):
                continue
            if self.blanks_shown and last.kind == "blank" and last.line_no == tokens[position].line_no:
                continue  # the extra spaces before a row's first figure are its empty cells, all of them
            if tokens[position].kind in self.begins_no_cell or (
                self.first_words is not None
                and tokens[position].kind == "phrase"
                and self.first_words not in tokens[position].vocabularies
            ):
                continue
            if self._is_empty_row(tokens, position):
                end = position
                while end < len(tokens) and tokens[end].kind == "blank":
                    end += 1
                return None, end
            row = self._row_at(label, tokens, position)
            if row is not None:
                return row
        return None

    def _is_left_over(self, label: list[Token], token: Token) -> bool:
        """Whether a label begins with a phrase of a text column alone on its line, and anew below it: the last cell of the row
        above, which has been read without it."""
        return (
            len(label) == 1
            and not self.ocr
            and bool(label[0].vocabularies & self.text_vocabularies)
            and label[0].line_no != token.line_no
            and not _GOES_ON.match(token.text)
        )

    def _loses_cells(self, label: list[Token], token: Token) -> bool:
        """Whether a label would hold, with another token, what is lost from its columns: a note, figures in a row or left over
        above it, or the last cells of a row that could not be read."""
        if token.kind == "note":
            return True
        if not label:
            return False
        before = label[-1]
        if _is_figure(before) and (_is_figure(token) or (len(label) == 1 and before.line_no != token.line_no)):
            return True
        if not (self.blanks_shown or self.ocr) and _is_figure(before) and before.line_no != token.line_no:
            return True  # the end of a row that lacks a cell, and the label of the next
        is_cell = token.text in PLACEHOLDERS or token.vocabularies & self.text_vocabularies
        return bool(before.vocabularies & self.accepted and is_cell)

    def row_at(self, label: str, line_no: int, figures: list[Token]) -> RawRow | None:
        """A row whose label and figures are already told apart, its columns those of numbers; None where the figures do not
        fill them."""
        read = self._numbers(label, self.numbers, figures, 0, [])
        if read is None or read[1] != len(figures):
            return None
        readings = [_cells(reading, 0, read[2]) for reading in read[0]]
        return RawRow(label, line_no, line_no, readings[0], None, tuple(readings) if len(readings) > 1 else ())

    def _is_empty_row(self, tokens: list[Token], position: int) -> bool:
        """Whether a line of nothing but one space per column follows: the row is printed without a single value."""
        if self.ocr or tokens[position].kind != "blank" or tokens[position - 1].kind == "blank":
            return False
        line = tokens[position].line_no
        on_line = [t for t in tokens[position:] if t.line_no == line]
        return len(on_line) == len(self.table.columns) and all(t.kind == "blank" for t in on_line)

    def _row_at(self, label: list[Token], tokens: list[Token], position: int) -> tuple[RawRow, int] | None:
        text = ""
        notes: list[Token] = []
        cells: list[RawCell] = []
        alternatives: list[tuple[RawCell, ...]] = []
        open_columns = range(0)
        index = position
        column = 0
        columns = self.table.columns
        while column < len(columns):
            index = self._past_notes(tokens, index, notes)
            if self.are_texts[column]:
                step = self._text_cell(columns[column], tokens, index)
                if step is None:
                    return None
                cell, index = step
                if cell is not None:
                    cells.append(RawCell(column, cell.text, cell.line_no, "printed"))
                column += 1
                continue
            if index == len(tokens) or tokens[index].kind == "word":
                return None  # no figure begins here
            group = self.numbers_from[column]
            text = text or join_words(label)
            numbers = self._numbers(text, group, tokens, index, notes)
            if numbers is None:
                return None
            readings, index, decision = numbers
            behind = column + len(group.keys)
            if len(readings) > 1:
                open_columns = range(column, behind)
                alternatives = [_cells(reading, column, Decision("arithmetic", decision.weighed)) for reading in readings]
            cells.extend(_cells(readings[0], column, decision))
            column = behind
        if not cells:
            return None
        note = " ".join(n.text for n in notes) or None
        settled = [cell for cell in cells if cell.column not in open_columns]
        alternatives = [in_order([*settled, *cells_of_reading]) for cells_of_reading in alternatives]
        lines = () if self.blanks_shown or self.ocr else _lines_of(label)
        text = text or join_words(label)
        row = RawRow(text, label[0].line_no, label[-1].line_no, tuple(cells), note, tuple(alternatives))
        return (row._replace(label_lines=lines) if len(lines) > 1 else row), index

    def _past_notes(self, tokens: list[Token], index: int, notes: list[Token]) -> int:
        """Collect the notes that stand here, also behind extra spaces; without a note nothing is passed."""
        position = past = index
        while position < len(tokens) and tokens[position].kind in ("note", "bar", "blank"):
            if tokens[position].kind == "note":
                notes.append(tokens[position])
                past = position + 1
            position += 1
        return past

    def _text_cell(self, column: ColumnLayout, tokens: list[Token], index: int) -> tuple[Figure | None, int] | None:
        seen_blank = False
        position = index
        while position < len(tokens) and tokens[position].kind in ("blank", "bar", "note"):
            seen_blank = seen_blank or tokens[position].kind == "blank"
            position += 1
        if position < len(tokens) and column.words in tokens[position].vocabularies:
            return Figure(tokens[position].text, tokens[position].line_no), position + 1
        if position < len(tokens) and column.words == DATES and re.fullmatch(DATE_PATTERN, tokens[position].text):
            return Figure(tokens[position].text, tokens[position].line_no), position + 1
        if column.optional and (seen_blank or self.ocr):
            return None, index + 1 if seen_blank else index
        return None

    def _numbers(
        self, label: str, columns: _NumberColumns, tokens: list[Token], index: int, notes: list[Token]
    ) -> tuple[list[tuple[Figure | None, ...]], int, Decision] | None:
        """Read the figures of a block of number columns: line by line, until the columns are full.

        Gives the readings that the row leaves open (one: settled), the index after them and how it was decided.
        """
        accepted, keys = columns.accepted, columns.keys
        pieces: list[Piece] = []
        pending_notes: list[Token] = []
        ruled = self.ruling(label)
        position = index
        while position < len(tokens):
            token = tokens[position]
            if token.kind in ("digits", "whole", "blank", "bar"):
                pieces.append(token)
            elif token.kind == "phrase" and token.vocabularies & accepted:
                pieces.append(Piece("whole", token.text, token.line_no))
            elif token.kind == "note":
                pending_notes.append(token)
            else:
                break
            position += 1
            line_ends = position == len(tokens) or tokens[position].line_no != token.line_no
            run_ends = position == len(tokens) or not self._goes_on(tokens[position], accepted)
            if self.ocr and not run_ends:
                continue  # a row's figures can stand on several lines, and blanks leave no trace: look at the whole run
            if not (line_ends or run_ends) or not any(p.kind in ("digits", "whole") for p in pieces):
                continue
            if not run_ends and self._figures_follow(tokens, position, accepted):
                continue
            read = _without_separators(pieces)
            outcome = self._weighed(read, keys)
            if len(outcome.readings) > MAX_OPEN_READINGS and ruled is None and not (self.blanks_shown or self.ocr):
                raise Ambiguous(pieces[0].line_no, label, [[f.text if f else "" for f in r.figures] for r in outcome.readings])
            if ruled is not None and outcome.readings:
                chosen = _by_ruling(all_readings(read, len(keys), not self.blanks_shown), keys, ruled)
                if chosen is None:
                    shown = [[f.text if f else "" for f in r.figures] for r in outcome.readings]
                    raise Ambiguous(pieces[0].line_no, label, shown)
                notes.extend(pending_notes)
                return [chosen.figures], position, Decision("ruling", outcome.weighed)
            if self.blanks_shown and len(outcome.readings) == 1 and _crosses_gap(read, outcome):
                shown = [[f.text if f else "" for f in outcome.readings[0].figures]]
                raise Ambiguous(pieces[0].line_no, label, shown)
            if outcome.readings:
                notes.extend(pending_notes)
                how = "arithmetic" if outcome.by_arithmetic else "printed"
                return [reading.figures for reading in outcome.readings], position, Decision(how, outcome.weighed)
        return None

    def _figures_follow(self, tokens: list[Token], index: int, accepted: set[str]) -> bool:
        """Whether the next line with anything on it holds values alone: they belong to the row above, however full it is."""
        start = next((i for i in range(index, len(tokens)) if tokens[i].kind != "blank"), None)
        if start is None or tokens[start].kind == "note":
            return False
        is_label = self.table.child_rows is not None and re.fullmatch(self.table.child_rows, tokens[start].text)
        line = [t for t in tokens[start:] if t.line_no == tokens[start].line_no]
        return not is_label and all(self._goes_on(token, accepted) for token in line)

    @staticmethod
    def _goes_on(token: Token, accepted: set[str]) -> bool:
        return token.kind not in ("word", "phrase") or bool(token.vocabularies & accepted)

    def _weighed(self, pieces: list[Piece], keys: list[str]) -> Outcome:
        limits, decimal_point = self.table.limits, self.table.decimal_point
        if self.ocr:
            outcome = weigh_without_blanks(pieces, keys, self.identities, limits, decimal_point)
            if outcome is not None:
                return outcome
        readings = all_readings(pieces, len(keys), not self.blanks_shown)
        tidy = self.blanks_shown or self.ocr
        return weigh(readings, keys, self.identities, limits, decimal_point, self.ocr, tidy)


def _without_separators(pieces: list[Piece]) -> list[Piece]:
    """The pieces up to the end of the last line with a figure on it: lines of spaces below a row only set it apart."""
    last = max([piece.line_no for piece in pieces if piece.kind in ("digits", "whole")])
    return [piece for piece in pieces if piece.line_no <= last] if pieces[-1].line_no > last else pieces


def _crosses_gap(pieces: list[Piece], outcome: Outcome) -> bool:
    """Whether a reading goes on below a gap, on a line that begins with several extra spaces, without explaining all of them.

    Its first figures can then be the end of the label (`mer än 5 %`), and the row's cells those below.
    """
    blanks = [piece.kind for piece in pieces].count("blank")
    if outcome.by_arithmetic or blanks <= outcome.readings[0].blanks_explained:
        return False
    first = next(piece.line_no for piece in pieces if piece.kind in ("digits", "whole"))
    triples = zip(pieces, pieces[1:], pieces[2:], strict=False)
    return any(b.line_no == c.line_no > a.line_no + 1 > first and b.kind == c.kind == "blank" for a, b, c in triples)


def _cells(reading: tuple[Figure | None, ...], first_column: int, decision: Decision) -> tuple[RawCell, ...]:
    method, weighed = decision
    return tuple(
        [RawCell(column, f[0], f[1], method, weighed) for column, f in enumerate(reading, first_column) if f is not None]
    )


def in_order(cells: list[RawCell]) -> tuple[RawCell, ...]:
    """Cells in the order of their columns."""
    return tuple(sorted(cells, key=lambda cell: cell.column))


def _by_ruling(readings: list[Reading], keys: list[str], ruled: list[str]) -> Reading | None:
    fitting = {r.figures: r for r in readings if [k for k, f in zip(keys, r.figures, strict=True) if f is not None] == ruled}
    return next(iter(fitting.values())) if len(fitting) == 1 else None


def _is_figure(token: Token) -> bool:
    return token.kind in ("digits", "whole") and token.text not in PLACEHOLDERS


@lru_cache(maxsize=10_000)
def _kind(part: str) -> str:
    if part == "":
        return "blank"
    if part == "|":
        return "bar"
    if part in PLACEHOLDERS:
        return "whole"
    head = part.split(" ")[0]
    if is_number_token(head) and (" " in part):
        return "digits" if is_marked_number(part) else "whole"  # `375 st` can be the end of `1 375 st`
    if part.startswith("+/- "):
        return "whole"
    if is_number_token(part):
        return "digits"
    return "word"


def _lines_of(label: list[Token]) -> tuple[str, ...]:
    return tuple(" ".join(t.text for t in line) for _, line in groupby(label, key=lambda token: token.line_no))


def join_words(words: list[Token]) -> str:
    """A wrapped text as one line: the hyphen at a line's end disappears where the word goes on in lower case below it."""
    if words and words[0].line_no == words[-1].line_no:
        return " ".join([word.text for word in words])
    text = ""
    previous: Token | None = None
    for word in words:
        wrapped = previous is not None and word.line_no != previous.line_no and _HANGING_HYPHEN.search(previous.text) is not None
        if previous is None:
            text = word.text
        elif wrapped and _GOES_ON.match(word.text) and word.text not in CONJUNCTIONS:
            keep = _LONE_LETTER.search(text) is not None  # `e-` + `ansökningar` keeps its hyphen
            text = (text if keep else text[:-1]) + word.text
        else:
            text = f"{text} {word.text}"
        previous = word
    return text
