"""Whatever a text, a form or a layout holds: it is read with every number in its place, or refused with what to do.

The examples are always the same ones. For a long search: `KOMMUNLAGER_FUZZ=20000 pytest tests/pytest/test_fuzz.py`, which
draws so many new ones. What a search has found stands in test_fuzz_findings.py, so that it is never found again.
"""

from __future__ import annotations

import os
import re
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report_writer import Style, every_table, tables_with, write_report
from synthetic import extraction
from test_form import form_rows, write_folder, write_workbook

from ingest.errors import FormError, KommunlagerError, LayoutError
from ingest.extract import extract
from ingest.forms.form_files import read_form
from ingest.inspection.inspect import inspect_report
from ingest.layout import LAYOUT_DIR, Layout, Variables, load_layout, load_layouts
from ingest.model import Cell, Extraction
from ingest.reading.numbers import normalise, parse_number
from ingest.reading.periods import parse_period
from ingest.reading.rules import parse_expression
from ingest.source.files import Refused
from ingest.source.text import ReportText, check_text, letters

LONG = int(os.environ.get("KOMMUNLAGER_FUZZ", "0"))


def fuzz(examples: int) -> Any:
    return settings(
        max_examples=LONG or examples,
        derandomize=not LONG,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )


def says_what_to_do(error: KommunlagerError) -> None:
    assert "What to do" in str(error)


Lines = list[str]
SPACES = " \u00a0\u202f\u2009\u2003\t"
SIGNS = "-\u2212\u2013\u2014+*%|<>(),./"
WORDS = (
    "Totalt", "Summa", "varav", "Ej", "-", "–", "*", "**", "%", "0", "1", "12", "045", "100", "2 345", "-1 234", "1,5", "1.5",
    "+/- 0,5", "80 – 100", "19 st", "12**", "<5", "(jan-okt 2024)", "2031", "2031-05-31", "|", "  ", "öka", "a" * 60,
    "123 456 789 012", "1 000 000 000 000 000", "99999999999999999999", "e5", "1e5", "0x1", "½", "m²", "\u0301", "Å", "&",
)  # fmt: skip


def _at(rng: Random, lines: Lines) -> int:
    return rng.randrange(len(lines))


def _edit(rng: Random, lines: Lines, change: Callable[[str], str]) -> None:
    number = _at(rng, lines)
    lines[number] = change(lines[number])


def _insert(rng: Random, text: str, piece: str, remove: int = 0) -> str:
    place = rng.randint(0, len(text))
    return text[:place] + piece + text[place + remove :]


def _in_words(rng: Random, text: str, change: Callable[[list[str], int], None]) -> str:
    words = text.split(" ")
    change(words, rng.randrange(len(words)))
    return " ".join(words)


def _swap(words: list[Any], place: int) -> None:
    words[place - 1], words[place] = words[place], words[place - 1]


def _digit(rng: Random, text: str) -> str:
    places = [m.start() for m in re.finditer(r"\d", text)]
    if not places:
        return text
    place = rng.choice(places)
    return text[:place] + rng.choice(["0", "1", "9", "", "00", ",", " ", "x"]) + text[place + 1 :]


def _join(rng: Random, lines: Lines) -> None:
    number = _at(rng, lines)
    lines[number : number + 2] = [rng.choice([" ", ""]).join(lines[number : number + 2])]


def _split(rng: Random, lines: Lines) -> None:
    number = _at(rng, lines)
    place = rng.randint(0, len(lines[number]))
    lines[number : number + 1] = [lines[number][:place], lines[number][place:]]


def _cut(rng: Random, lines: Lines) -> None:
    number = _at(rng, lines)
    del lines[number : number + rng.randint(1, 12)]
    if not lines:
        lines.append("")


def _character(rng: Random) -> str:
    return chr(rng.choice([rng.randint(32, 382), rng.randint(32, 0x2FFF)]))


def _garbage(rng: Random) -> str:
    return rng.choice(["", " "]) + " ".join(rng.choice(WORDS) for _ in range(rng.randint(0, 12)))


MUTATIONS: dict[str, Callable[[Random, Lines], None]] = {
    "character": lambda r, ls: _edit(r, ls, lambda t: _insert(r, t, _character(r), 1)),
    "digit": lambda r, ls: _edit(r, ls, lambda t: _digit(r, t)),
    "space": lambda r, ls: _edit(r, ls, lambda t: _insert(r, t, r.choice(SPACES), r.randint(0, 1))),
    "sign": lambda r, ls: _edit(r, ls, lambda t: _insert(r, t, r.choice(SIGNS), r.randint(0, 1))),
    "other space": lambda r, ls: _edit(r, ls, lambda t: t.replace(" ", r.choice(SPACES), r.randint(1, 3))),
    "word": lambda r, ls: _edit(r, ls, lambda t: _in_words(r, t, lambda w, i: w.insert(i, r.choice(WORDS)))),
    "word lost": lambda r, ls: _edit(r, ls, lambda t: _in_words(r, t, lambda w, i: w.__delitem__(i))),
    "word twice": lambda r, ls: _edit(r, ls, lambda t: _in_words(r, t, lambda w, i: w.insert(i, w[i]))),
    "words swapped": lambda r, ls: _edit(r, ls, lambda t: _in_words(r, t, _swap)),
    "line lost": lambda r, ls: ls.__delitem__(_at(r, ls)) if len(ls) > 1 else None,
    "line twice": lambda r, ls: ls.insert(_at(r, ls), ls[_at(r, ls)]),
    "lines swapped": lambda r, ls: _swap(ls, _at(r, ls)),
    "joined": _join,
    "split": _split,
    "cut": _cut,
    "garbage": lambda r, ls: ls.insert(_at(r, ls), _garbage(r)),
}  # fmt: skip

TABLES = list(every_table())
RUNNING = [(layout, table) for layout in load_layouts() for table in layout.tables if table.running_text]


def problems_of(found: Extraction, lines: Lines, layout: Layout) -> list[str]:
    """What is wrong with an extraction, judged by the text alone."""
    told: list[str] = []
    by_no = {table.table_no: table for table in found.tables}
    layouts = {table.key: table for table in layout.tables}
    columns = {(column.table_no, column.column_no) for column in found.columns}
    keys = [(cell.table_no, cell.row_no, cell.column_no) for cell in found.cells]
    if len(set(keys)) < len(keys):
        told.append("two cells in one place")
    if list(by_no) != list(range(1, len(found.tables) + 1)):
        told.append("tables are not numbered 1, 2, 3")
    words = [normalise(line).replace("|", " ").split() for line in lines]
    used: set[tuple[int, int]] = set()
    for cell in found.cells:
        table = layouts[by_no[cell.table_no].table_key]
        if (cell.table_no, cell.column_no) not in columns or cell.row_no < 1 or not 1 <= cell.line_no <= len(lines):
            told.append(f"{cell}: its row, column or line is out of range")
            continue
        is_text = table.columns[cell.column_no - 1].is_text
        if cell.value != (None if is_text else parse_number(cell.value_text, table.decimal_point)):
            told.append(f"{cell}: the value is not what its text says")
        if is_text or (cell.value is None and re.search(r"[^\W\d]", cell.value_text)):  # words in place of a figure
            below = letters("".join(lines[cell.line_no - 1 :]))
            if layout.text_origin == "native" and letters(cell.value_text.removesuffix(" ...")) not in below:
                told.append(f"{cell}: its text is not at its line or below")
        elif not _use(cell, words, used):
            told.append(f"{cell}: it is not in its line, or another cell holds it")
    return told


def _use(cell: Cell, words: list[list[str]], used: set[tuple[int, int]]) -> bool:
    """Find the pieces of a cell's figure in order, the first on its line, and take them."""
    pieces = re.sub(r" \(.*", "", cell.value_text).split()
    line, place = cell.line_no - 1, 0
    taken: list[tuple[int, int]] = []
    for number, piece in enumerate(pieces):
        while True:
            if line == len(words) or (number == 0 and line > cell.line_no - 1):
                return False
            if place == len(words[line]):
                line, place = line + 1, 0
                continue
            if words[line][place] == piece and (line, place) not in used:
                break
            place += 1
        taken.append((line, place))
        place += 1
    used.update(taken)
    return True


def read_or_refused(lines: Lines, document_id: str, layout: Layout, variables: Variables) -> None:
    report = ReportText(document_id, Path(f"{document_id}.txt"), lines, "0" * 64)
    try:
        with not_endless():
            found = extract(report, layout, variables)
    except KommunlagerError as error:
        says_what_to_do(error)
        return
    told = problems_of(found, lines, layout)
    assert not told, "\n".join(told)


@contextmanager
def not_endless() -> Iterator[None]:
    """An error, with where it stands, in place of a test that never ends."""

    def stop(_signal: int, _frame: object) -> None:
        raise AssertionError("it has not ended")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(30)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def mutate(lines: Lines, kinds: list[str], rng: Random) -> None:
    for kind in kinds:
        MUTATIONS[kind](rng, lines)


@fuzz(300)
@given(
    which=st.integers(0, len(TABLES) - 1),
    seed=st.integers(0, 10**6),
    mixed=st.booleans(),
    broken=st.booleans(),
    kinds=st.lists(st.sampled_from(sorted(MUTATIONS)), min_size=0, max_size=4),
)
def test_a_damaged_table_is_read_right_or_refused(which: int, seed: int, mixed: bool, broken: bool, kinds: list[str]) -> None:
    layout, table = TABLES[which]
    written = write_report(layout, seed, Style(mixed=mixed, broken=broken, sections=1), only=tables_with(layout, table))
    lines = list(written.lines)
    mutate(lines, kinds, Random(seed))
    read_or_refused(lines, written.document_id, written.layout, written.variables)


@fuzz(40)
@given(
    which=st.integers(0, len(RUNNING) - 1),
    seed=st.integers(0, 10**6),
    kinds=st.lists(st.sampled_from(sorted(MUTATIONS)), min_size=1, max_size=4),
)
def test_a_damaged_table_of_running_text_is_read_right_or_refused(which: int, seed: int, kinds: list[str]) -> None:
    layout, table = RUNNING[which]
    written = write_report(layout, seed, Style(sections=1), only=tables_with(layout, table))
    lines = list(written.lines)
    mutate(lines, kinds, Random(seed))
    read_or_refused(lines, written.document_id, written.layout, written.variables)


@fuzz(15)
@given(
    which=st.integers(0, len(load_layouts()) - 1),
    seed=st.integers(0, 5),
    kinds=st.lists(st.sampled_from(sorted(MUTATIONS)), min_size=1, max_size=12),
)
def test_a_damaged_report_is_read_right_or_refused(which: int, seed: int, kinds: list[str]) -> None:
    written = write_report(load_layouts()[which], seed, Style(sections=1))
    lines = list(written.lines)
    mutate(lines, kinds, Random(seed))
    read_or_refused(lines, written.document_id, written.layout, written.variables)


texts = st.text(max_size=60) | st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


@fuzz(80)
@given(
    which=st.integers(0, len(TABLES) - 1),
    below=st.lists(texts, max_size=12),
)
def test_garbage_below_a_head_is_read_right_or_refused(which: int, below: list[str]) -> None:
    layout, table = TABLES[which]
    written = write_report(layout, 1, Style(sections=1), only=tables_with(layout, table))
    first = max(t.first_line for t in written.tables if t.key == table.key)
    lines = written.lines[:first] + [line for text in below for line in text.split("\n")]
    read_or_refused(lines, written.document_id, written.layout, written.variables)


@fuzz(60)
@given(st.lists(texts, max_size=30))
def test_any_text_is_inspected(pieces: list[str]) -> None:
    lines = "\n".join(pieces).split("\n")
    with not_endless():
        inspect_report(ReportText("provby_plan_2031", Path("provby_plan_2031.txt"), lines, "0" * 64))


@fuzz(40)
@given(
    which=st.integers(0, len(TABLES) - 1),
    seed=st.integers(0, 10**6),
    kinds=st.lists(st.sampled_from(sorted(MUTATIONS)), min_size=0, max_size=4),
)
def test_a_damaged_table_is_inspected(which: int, seed: int, kinds: list[str]) -> None:
    layout, table = TABLES[which]
    written = write_report(layout, seed, Style(sections=1, mixed=True), only=tables_with(layout, table))
    lines = list(written.lines)
    mutate(lines, kinds, Random(seed))
    with not_endless():
        seen = inspect_report(ReportText("provby_plan_2031", Path("provby_plan_2031.txt"), lines, "0" * 64))
    assert all(1 <= table.first_line <= table.last_line <= len(lines) for table in seen)


printed = st.text(alphabet="0123456789 -+,.%*<>()–−\u00a0\u2003٣３²½eExstkr", max_size=25)


@fuzz(400)
@given(st.text(max_size=40) | printed)
def test_any_text_is_a_number_or_none(text: str) -> None:
    for decimal_point in (False, True):
        value = parse_number(text, decimal_point)
        if value is not None:
            digits = re.sub(r"\D", "", re.sub(r"\([^()]*\)|\bGenomsnitt .*$", "", normalise(text)))
            assert digits.isascii()
            assert value.is_finite()
            assert "".join(map(str, value.as_tuple().digits)).lstrip("0") == digits.lstrip("0")


@fuzz(300)
@given(st.text(max_size=30) | st.text(alphabet="0123456789-. ", max_size=24))
def test_any_text_is_a_period_or_refused(text: str) -> None:
    try:
        first, last = parse_period(text)
    except ValueError:
        return
    assert text.isascii()
    assert first.year >= 1
    assert last.year >= 1


@fuzz(300)
@given(st.text(max_size=40) | st.text(alphabet="ab'=+-*/()[]: 1,0meanl", max_size=40))
def test_any_text_is_a_rule_or_refused(text: str) -> None:
    try:
        assert parse_expression(text).terms
    except LayoutError as error:
        says_what_to_do(error)


# -- layouts ---------------------------------------------------------------------------------------------------------------

SOURCES = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(LAYOUT_DIR.glob("*.yml"))]
PATTERNS = ["(", "[a", "(?P<year>", "{Y}", "{Y+}", "{X}", "{", "^", "a*+", "(a+)+$", "(?P<year>a)", "\\1", "all", "{0}", "{1}"]
values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), texts,
    st.sampled_from(PATTERNS),
    st.lists(texts, max_size=3), st.dictionaries(texts, texts, max_size=3), st.dates(),
)  # fmt: skip


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(place for key, child in pairs for place in _places(child, (*path, key)))]


def _with(node: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(node) if isinstance(node, dict) else list(node)
    copy[path[0]] = _with(node[path[0]], path[1:], value)
    return copy


PLACES = [_places(source) for source in SOURCES]


@fuzz(60)
@given(which=st.integers(0, len(SOURCES) - 1), place=st.integers(0, 10**6), value=values)
def test_any_value_in_a_layout_is_taken_or_refused(which: int, place: int, value: Any) -> None:
    path = PLACES[which][place % len(PLACES[which])]
    _load_and_use(yaml.safe_dump(_with(SOURCES[which], path, value), allow_unicode=True).encode())


@fuzz(60)
@given(st.binary(max_size=200) | st.text(alphabet="ab: -[]{}&*!|>'\"\n#%@`", max_size=100).map(str.encode))
def test_any_file_is_a_layout_or_refused(data: bytes) -> None:
    _load_and_use(data)


def _load_and_use(data: bytes) -> None:
    """A layout that is taken can be used: no report ends in anything but an error that says what to do."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "prov.yml"
        path.write_bytes(data)
        try:
            layout = load_layout(path)
        except LayoutError as error:
            says_what_to_do(error)
            return
    lines = ["Totalt 1 2 3", "", *(table.head for table in layout.tables[:3]), "Totalt 1 2 3"]
    try:
        extract(ReportText("prov_2031", Path("prov_2031.txt"), lines, "0" * 64), layout, Variables(2031, 5))
    except KommunlagerError as error:
        says_what_to_do(error)


# -- forms -----------------------------------------------------------------------------------------------------------------

entered = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.dates(), st.datetimes(), printed, st.text(max_size=30)
)


@fuzz(60)
@given(
    changes=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50), st.integers(0, 50), entered), min_size=1, max_size=4),
    workbook=st.booleans(),
)
def test_any_cell_of_a_form_is_taken_or_told(changes: list[tuple[int, int, int, Any]], workbook: bool) -> None:
    rows = form_rows(extraction())
    for sheet, row, column, value in changes:
        facts = rows[list(rows)[sheet]]
        names = list(facts[row % len(facts)])
        facts[row % len(facts)][names[column % len(names)]] = value
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = write_workbook(rows, Path(folder) / "f.xlsx") if workbook else write_folder(rows, Path(folder) / "f")
        except Exception:  # what openpyxl does not even write
            return
        try:
            found = read_form(path)
        except FormError as error:
            says_what_to_do(error)
            return
    keys = [(cell.table_no, cell.row_no, cell.column_no) for cell in found.cells]
    assert len(set(keys)) == len(keys)


@fuzz(300)
@given(st.text(max_size=200))
def test_a_text_that_is_let_in_holds_nothing_a_terminal_obeys(text: str) -> None:
    try:
        check_text(text)
    except Refused:
        return
    assert not any(not c.isprintable() and c not in "\n\t\f\u00ad" and ord(c) < 0xA0 for c in text)
