"""A run of figures into columns: every possible reading is found, and only evidence chooses among them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from report_writer import grouped, readings

from ingest.reading.figures import MAX_GROUPS, MAX_READINGS, Figure, Piece, Reading, all_readings, weigh
from ingest.reading.numbers import can_be_continued, can_continue, can_stand_alone
from ingest.reading.rules import Identity, parse_expression

chance = settings(derandomize=True, deadline=None, database=None, max_examples=300)
KEYS = ["a", "b", "c", "d", "e", "f"]
DIFFERENCE = [Identity(parse_expression("c = a - b"))]
amounts = st.integers(-999_999, 999_999) | st.integers(-99, 99)


def _pieces(line: str) -> list[Piece]:
    """A line of native text as the rows' reader gives it to the figures."""
    return [Piece("blank" if part == "" else "bar" if part == "|" else "digits", part, 1) for part in line.split(" ")]


def _texts(found: list[Reading] | tuple[Reading, ...]) -> set[tuple[str | None, ...]]:
    return {tuple(figure.text if figure else None for figure in reading.figures) for reading in found}


def _native(line: str, columns: int) -> set[tuple[str | None, ...]]:
    return _texts(all_readings(_pieces(line), columns, blanks_anywhere=False))


def _ocr(line: str, columns: int) -> set[tuple[str | None, ...]]:
    return _texts(all_readings(_pieces(line), columns, blanks_anywhere=True))


# -- every reading ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "columns", "expected"),
    [
        ("3 315 2 999 -316 2 734", 4, {("3 315", "2 999", "-316", "2 734")}),
        ("-26 458 -25 089 1 369 -26 187", 4, {("-26 458", "-25 089", "1 369", "-26 187")}),  # signs force where figures begin
        ("1 045 5", 2, {("1 045", "5")}),  # 045 is no number of its own
        ("0 500", 2, {("0", "500")}),  # no number begins with a zero
        ("31324 48 751", 2, {("31324", "48 751")}),  # a figure of five digits goes nowhere
        ("12 345,6 7", 2, {("12 345,6", "7")}),  # decimals end a figure
        ("12,5 345", 2, {("12,5", "345")}),
        ("5% 345%", 2, {("5%", "345%")}),
        ("1 375% 345%", 2, {("1 375%", "345%")}),
        ("12 345 678", 2, {("12", "345 678"), ("12 345", "678")}),
        ("12 345 678", 1, {("12 345 678",)}),
        ("1 234 567 890", 1, set()),  # more groups than any board's table has
        ("12 345 678", 4, set()),
        ("12 34", 1, set()),
    ],
)  # fmt: skip
def test_the_readings_of_a_line(line: str, columns: int, expected: set[tuple[str, ...]]) -> None:
    assert _native(line, columns) == expected


def test_extra_spaces_can_be_empty_cells() -> None:
    assert _native(" 27", 2) == {(None, "27")}
    assert _native("27 ", 2) == {("27", None)}
    assert _native(" 5 6", 2) == {("5", "6")}  # a space too many
    assert _native(" 27  35", 4) == {(None, "27", None, "35")}
    assert _native("  5 5 8", 5) == {(None, None, "5", "5", "8")}
    assert (None, "5", "6") in _native(" 5 6", 3)


def test_without_an_extra_space_native_text_has_no_empty_cell() -> None:
    assert _native("5 6", 3) == set()


def test_after_ocr_a_cell_can_be_empty_anywhere() -> None:
    assert _ocr("5 6", 3) == {("5", "6", None), ("5", None, "6"), (None, "5", "6")}
    assert _ocr("5 | 6", 2) == {("5", "6")}  # a bar is nothing
    assert _ocr("5 500", 2) == {("5", "500"), ("5 500", None), (None, "5 500")}


def test_a_figure_does_not_go_on_over_a_line_or_a_bar() -> None:
    over_lines = [Piece("digits", "5", 1), Piece("digits", "500", 2)]
    assert all_readings(over_lines, 1, blanks_anywhere=False) == []
    assert _native("5 | 500", 1) == set()


def test_a_value_by_itself_is_one_cell() -> None:
    pieces = [Piece("digits", "5", 1), Piece("whole", "80 – 100", 1), Piece("digits", "500", 1)]
    assert _texts(all_readings(pieces, 3, blanks_anywhere=False)) == {("5", "80 – 100", "500")}
    assert all_readings(pieces, 2, blanks_anywhere=False) == []


@given(st.lists(st.none() | amounts, min_size=1, max_size=6))
@chance
def test_what_was_printed_is_among_the_readings(cells: list[int | None]) -> None:
    texts = ["" if cell is None else grouped(Decimal(cell)) for cell in cells]
    assume(any(texts))
    truth = tuple(text or None for text in texts)
    found = {
        tuple(f.text if f else None for f in r.figures): r for r in all_readings(_pieces(" ".join(texts)), len(cells), False)
    }
    assert truth in found
    assert found[truth].blanks_explained == texts.count("")
    if "" not in texts:
        assert len(found) == readings(texts)  # counted another way, by the writer
    assert truth in _ocr(" ".join(text for text in texts if text), len(cells))


@given(st.lists(st.none() | amounts, min_size=1, max_size=5), st.integers(1, 6), st.booleans())
@chance
def test_every_reading_is_the_same_line_again(cells: list[int | None], columns: int, ocr: bool) -> None:
    line = " ".join("" if cell is None else grouped(Decimal(cell)) for cell in cells)
    for reading in _ocr(line, columns) if ocr else _native(line, columns):
        assert len(reading) == columns
        assert " ".join(text for text in reading if text).split() == line.split()


Cells = tuple[Figure | None, ...]


def _figure(pieces: tuple[Piece, ...]) -> bool:
    """Whether pieces, taken together, are one printed value."""
    first, *groups = pieces
    if first.kind == "whole":
        return not groups
    if first.kind != "digits" or not can_stand_alone(first.text) or (groups and not can_be_continued(first.text)):
        return False
    together = all(p.kind == "digits" and p.line_no == first.line_no and can_continue(p.text) for p in groups)
    return together and len(groups) < MAX_GROUPS and all(p.text.isdigit() for p in groups[:-1])


def _by_trying_everything(pieces: tuple[Piece, ...], columns: int, blanks_anywhere: bool) -> set[Cells]:
    """The readings of a run by their definition: each cell is empty or takes the next pieces, and all pieces are taken."""
    if columns < 0:
        return set()
    found: set[Cells] = set()
    if not pieces and (columns == 0 or blanks_anywhere):
        found.add((None,) * columns)
    if pieces and pieces[0].kind in ("blank", "bar"):
        found |= _by_trying_everything(pieces[1:], columns, blanks_anywhere)
    if blanks_anywhere or (pieces and pieces[0].kind == "blank"):
        rest = pieces if blanks_anywhere else pieces[1:]
        found |= {(None, *cells) for cells in _by_trying_everything(rest, columns - 1, blanks_anywhere)}
    for end in range(1, len(pieces) + 1):
        if _figure(pieces[:end]):
            figure = Figure(" ".join(p.text for p in pieces[:end]), pieces[0].line_no)
            found |= {(figure, *cells) for cells in _by_trying_everything(pieces[end:], columns - 1, blanks_anywhere)}
    return found


digits = st.builds(
    Piece, st.just("digits"), st.sampled_from(["5", "12", "123", "045", "0", "-316", "12,5", "345,6", "500%"]), st.integers(1, 2)
)
others = st.sampled_from([Piece("blank", "", 1), Piece("bar", "|", 1), Piece("whole", "80 – 100", 1)])


@given(st.lists(digits | digits | others, max_size=7), st.integers(0, 5), st.booleans())
@chance
def test_the_readings_are_those_that_trying_everything_finds(pieces: list[Piece], columns: int, anywhere: bool) -> None:
    found = [reading.figures for reading in all_readings(pieces, columns, anywhere)]
    assert len(set(found)) == len(found)
    assert set(found) == _by_trying_everything(tuple(pieces), columns, anywhere)


@pytest.mark.parametrize("anywhere", [False, True])
@pytest.mark.parametrize("columns", [1, 4, 7, 12])
def test_a_run_far_too_long_for_its_columns_has_no_reading_and_ends(columns: int, anywhere: bool) -> None:
    """Every walk through such a run is a dead end, and there are more of them than could ever be taken."""
    assert all_readings([Piece("digits", "123", 1)] * 200, columns, anywhere) == []


@pytest.mark.parametrize("anywhere", [False, True])
def test_a_run_with_endless_readings_ends_at_the_limit(anywhere: bool) -> None:
    found = all_readings([Piece("digits", "123", 1)] * 200, 100, anywhere)
    assert len({reading.figures for reading in found}) == MAX_READINGS + 1
    assert all(" ".join(figure.text for figure in reading.figures if figure).count("123") == 200 for reading in found[::997])


def test_a_run_of_spaces_is_read_at_once() -> None:
    assert _native(" " * 300 + "27", 3) == {(None, None, "27")}
    assert _native(" " * 3000 + "27", 3) == set()  # no row of a table is so long
    assert _native(" " * 60, 30) == {(None,) * 30}


# -- weighing -----------------------------------------------------------------------------------------------------------


def _weighed(
    line: str, columns: int, ocr: bool = False, limits: list[str] | None = None
) -> tuple[set[tuple[str | None, ...]], bool]:
    found = all_readings(_pieces(line), columns, ocr)
    outcome = weigh(found, KEYS[:columns], DIFFERENCE if columns > 2 else [], limits or [], False, ocr)
    return _texts(outcome.readings), outcome.by_arithmetic


def test_one_reading_needs_no_arithmetic_even_where_it_fails() -> None:
    assert _weighed("1 000 2 000 5", 3) == ({("1 000", "2 000", "5")}, False)


def test_an_identity_decides() -> None:
    assert _weighed("1 316 316 1 000", 3) == ({("1 316", "316", "1 000")}, True)


def test_what_nothing_decides_stays_open() -> None:
    assert _weighed("12 345 678", 2)[0] == {("12", "345 678"), ("12 345", "678")}
    assert len(_weighed("12 345 678 901 234", 3)[0]) > 1


def test_a_limit_decides_and_one_that_nothing_meets_leaves_nothing() -> None:
    assert _weighed("12 345 678", 2, limits=["0.1 <= a / b <= 100"]) == ({("12 345", "678")}, True)
    assert _weighed("12 345 678", 2, limits=["a <= 1"]) == (set(), True)


def test_spaces_decide_between_readings_that_arithmetic_allows() -> None:
    assert _weighed("5 500  7", 3) == ({("5 500", None, "7")}, False)  # the extra space is an empty cell
    assert _weighed("5 6", 3, ocr=True)[0] == {("5", "6", None), ("5", None, "6"), (None, "5", "6")}
    assert _weighed("1 500 -499", 3, ocr=True)[0] == {("1", "500", "-499")}  # as few empty cells as can be
    assert len(_weighed("5 500 7", 3, ocr=True)[0]) > 1  # a reading that arithmetic contradicts is not preferred for that


@given(amounts, amounts, st.none() | amounts)
@chance
def test_a_row_that_obeys_its_identity_is_never_given_up_for_another(a: int, b: int, last: int | None) -> None:
    cells = [a, b, a - b, *([last] if last is not None else [])]
    texts = tuple(grouped(Decimal(cell)) for cell in cells)
    for ocr in (False, True):
        left, _ = _weighed(" ".join(texts), len(cells), ocr)
        assert texts in left


def test_too_many_readings_are_all_left_open() -> None:
    found = all_readings(_pieces(" ".join(["123 456"] * 13)), 13, blanks_anywhere=False)
    assert len(found) == MAX_READINGS + 1
    keys = [f"c{n}" for n in range(13)]
    mean = [Identity(parse_expression("c12 = mean(all)"))]
    for limits in ([], ["c0 <= 122"], ["c0 <= 0"]):  # nothing chooses among them, for the right one may not be there
        assert len(weigh(found, keys, mean, limits, False, False).readings) == len(found)


def test_empty_terms_count_as_zero_only_where_a_rule_says_so() -> None:
    total = parse_expression("c = a + b")
    values = {"a": Decimal(3), "c": Decimal(3)}
    assert Identity(total).holds(values) is None
    assert Identity(total, blank_is_zero=True).holds(values) is True
    assert Identity(total, blank_is_zero=True).holds({"a": Decimal(3)}) is None  # the result itself must be printed
