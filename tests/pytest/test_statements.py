"""Statements of the running text: their notation, how they are found however a report wraps or spoils them, and their cells."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import cell

from ingest.errors import ExtractionError, KommunlagerError, LayoutError
from ingest.layout import FIGURE, OTHER_WORDS, Layout, StatementLayout, Variables, load_layout, load_layouts
from ingest.loading.store import EXTRACTED_DIR, read_extraction, write_extraction
from ingest.model import Column, Statement, StatementTerm, Table
from ingest.reading.locate import Page
from ingest.reading.rules import precision
from ingest.reading.statement_notation import Product, Reference, StatementExpression, parse_statement
from ingest.reading.statement_search import StatementSearch, Text
from ingest.reading.statements import WORDS, figure_precision, read_figure, read_statements
from ingest.source.text import ReportText
from publish.building.build import build
from publish.paths import PROJECT_DIR

chance = settings(derandomize=True, deadline=None, database=None, max_examples=200)
LAYOUTS = load_layouts()

TABLES = [
    Table(1, "costs", "Drift", "running_costs", "tkr", -1, 1, 2, 2),
    Table(2, "goals", "Mål", "goal", "text", None, 3, 4, 2),
    Table(3, "volume", "Dygn 1", "placement_volume", "dygn_dagar", None, 5, 5, 1),
    Table(4, "volume", "Dygn 2", "placement_volume", "dygn_dagar", None, 90, 91, 1),
]
COLUMNS = [
    Column(1, 1, "budget", "Budget", "amount", "budget", None, None),
    Column(1, 2, "outcome", "Utfall", "amount", "outcome", None, None),
    Column(2, 1, "status", "Status", "text", None, None, None),
    Column(2, 2, "total", "Antal", "value", None, None, None),
    Column(3, 1, "days", "Dygn", "volume", None, None, None),
    Column(4, 1, "days", "Dygn", "volume", None, None, None),
]
CELLS = [
    cell(1, 1, "-100", "-100", row_label="Netto"),
    cell(1, 2, "-120", "-120", row_label="Netto"),
    cell(2, 1, "-", None, row_label="Oklart"),
    cell(1, 1, "Uppfyllt", None, table_no=2, row_label="Eget mål"),
    cell(1, 2, "3", "3", table_no=2, row_label="Eget mål"),
    cell(2, 1, "Ej uppfyllt", None, table_no=2, row_label="Eget mål"),
    cell(2, 2, "2", "2", table_no=2, row_label="Eget mål"),
    cell(1, 1, "10", "10", table_no=3, row_label="2024"),
    cell(1, 1, "20", "20", table_no=4, row_label="2024"),
]


def _layout(statement: dict[str, Any], **changes: Any) -> Layout:
    facts = {"name": "deficit", "unit": "tkr", "is": "costs.'Netto'.outcome", "reason": "Nettots utfall.", **statement}
    return Layout.model_validate(
        {
            "document_id": r"prov_(?P<year>\d{4})",
            "municipality_code": "9901",
            "municipality": "Provby",
            "board": "Socialnämnden",
            "kind": "annual_report",
            "title": "Prov",
            "period": "{Y}",
            "as_of": "{Y}",
            "tables": [],
            "statements": [facts],
            **changes,
        }
    )


def _read(text: str, statement: dict[str, Any], **changes: Any) -> tuple[list[Statement], list[StatementTerm]]:
    report = ReportText("prov_2024", Path("prov_2024.txt"), text.split("\n"), "0" * 64)
    return read_statements(Page(report, _layout(statement, **changes), Variables(2024, None)), TABLES, COLUMNS, CELLS)


def _said(text: str, pattern: str, **changes: Any) -> list[tuple[str, Decimal, int]]:
    return [(s.value_text, s.value, s.line_no) for s in _read(text, {"pattern": pattern}, **changes)[0]]


# -- finding a statement ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Underskott om 14 200 tkr för året.",
        "Underskott\nom\n14 200 tkr.",
        "Underskott om \n\n 14\n200\n\ntkr.",
        "underskott  om\u00a014\u202f200 tkr",
    ],
)
def test_a_statement_is_found_however_it_wraps(text: str) -> None:
    [(figure, value, line)] = _said(text, "underskott om {figure} tkr")
    assert (figure, value) == ("14 200", Decimal(14200))
    assert "14" in text.split("\n")[line - 1]


def test_a_figure_stands_on_the_line_it_begins_on() -> None:
    assert _said("Ett\n\nunderskott om 9\n\n100 tkr", "underskott om {figure} tkr") == [("9 100", Decimal(9100), 3)]


def test_what_is_said_twice_leaves_two_rows_with_names_of_their_own() -> None:
    text = "Underskott om 14 200 tkr.\nEtt underskott om 14 153 tkr.\nEtt underskott om 1 tkr."
    statements, terms = _read(text, {"pattern": "underskott om {figure} tkr"})
    assert [(s.statement_no, s.name, s.value, s.line_no) for s in statements] == [
        (1, "deficit", Decimal(14200), 1),
        (2, "deficit-2", Decimal(14153), 2),
        (3, "deficit-3", Decimal(1), 3),
    ]
    assert [(t.statement_no, t.row_no, t.column_no) for t in terms] == [(1, 1, 2), (2, 1, 2), (3, 1, 2)]


def test_a_report_that_does_not_say_it_leaves_no_row() -> None:
    assert _read("Överskott om 14 200 tkr.", {"pattern": "underskott om {figure} tkr"}) == ([], [])


def test_other_words_stay_in_the_sentence() -> None:
    pattern = "nämnden ... underskott om {figure} tkr"
    assert _said("Nämnden redovisar i år ett underskott om 5 tkr", pattern) == [("5", Decimal(5), 1)]
    assert _said("Nämnden redovisar. Förvaltningen har underskott om 5 tkr", pattern) == []


def test_page_footers_are_no_words_of_the_sentence() -> None:
    assert _said("Underskott om\nSida 3\n5 tkr", "underskott om {figure} tkr", skip=["^Sida "]) == [("5", Decimal(5), 3)]


def test_the_year_of_the_report_fills_pattern_and_cells() -> None:
    said = {"pattern": "under {Y} köptes {figure} dygn", "is": "above:volume.'{Y}'.days", "unit": "dygn_dagar"}
    statements, _ = _read("\n" * 5 + "Under 2024 köptes tio dygn", said)
    assert [s.value for s in statements] == [Decimal(10)]


@pytest.mark.parametrize(
    "printed",
    ["ett 6verskott om 3 400 tkr", "ett éverskott om 3 400 tkr", "ett dverskott om 3 400 tkr", "ett oéverskott om 3 400 tkr"],
)
def test_after_ocr_swedish_letters_can_be_any(printed: str) -> None:
    assert _said(printed, "ett överskott om {figure} tkr", text_origin="ocr") == [("3 400", Decimal(3400), 1)]
    assert _said(printed, "ett överskott om {figure} tkr") == []


def test_after_ocr_number_words_lack_their_letters_and_figures_stay_as_printed() -> None:
    assert _said("har atta uppdrag", "har {figure} uppdrag", text_origin="ocr") == [("atta", Decimal(8), 1)]
    assert _said("har åtta uppdrag", "har {figure} uppdrag", text_origin="ocr") == [("åtta", Decimal(8), 1)]
    assert _said("har 60 uppdrag", "har {figure} uppdrag", text_origin="ocr") == [("60", Decimal(60), 1)]


@pytest.mark.parametrize(
    ("text", "figure"),
    [
        ("uppgår till -6,6 tkr", "-6,6"),
        ("uppgår till −6,6 tkr", "-6,6"),
        ("uppgår till 2024 14 200 tkr", None),
        ("uppgår till 14 2000 tkr", None),
        ("uppgår till 4,5,6 tkr", None),
        ("uppgår till sexton tkr", "sexton"),
        ("uppgår till sextonde tkr", None),
        ("uppgår till 1 234 567,5 tkr", "1 234 567,5"),
    ],
)
def test_what_is_a_figure(text: str, figure: str | None) -> None:
    assert [s for s, _, _ in _said(text, "uppgår till {figure} tkr")] == ([] if figure is None else [figure])


def test_the_year_before_a_figure_is_no_part_of_it() -> None:
    assert _said("under 2024 300 tkr", "{figure} tkr") == [("300", Decimal(300), 1)]
    assert _said("under 2024 14 200 tkr", "{figure} tkr") == [("14 200", Decimal(14200), 1)]


@chance
@given(
    value=st.decimals(min_value=0, max_value=999_999_999, places=1, allow_nan=False, allow_infinity=False),
    whole=st.booleans(),
    before=st.lists(st.sampled_from(["Texten", "säger", "år 2024", "", "2025"]), max_size=6),
    breaks=st.integers(0, 7),
)
def test_every_figure_comes_out_as_it_was_put_in(value: Decimal, whole: bool, before: list[str], breaks: int) -> None:
    """However grouped and wherever the line breaks: the same text, value and precision, on the line where it begins."""
    number = value.quantize(Decimal(1)) if whole else value
    figure = f"{number:,}".replace(",", " ").replace(".", ",")
    words = ["Underskott", "om", *figure.split(" "), "tkr"]
    text = "\n".join([*before, *words[:breaks], " ".join(words[breaks:])])
    [(found, read, line)] = _said(text, "underskott om {figure} tkr")
    assert (found, read) == (figure, number)
    assert precision(read) == (Decimal(1) if whole else Decimal("0.1"))
    lines = text.split("\n")
    place = next(i for i, word in enumerate(lines, 1) if i > len(before) and figure.split(" ")[0] in word.split(" "))
    assert line == place


# -- how fine a figure is ---------------------------------------------------------------------------------------------------


def _statement(**changes: Any) -> StatementLayout:
    return _layout({"pattern": "{figure}", **changes}).statements[0]


@pytest.mark.parametrize(
    ("figure", "changes", "expected"),
    [
        ("14 200", {}, "1"),
        ("6,60", {}, "0.01"),
        ("14 200", {"rounded_to": 100}, "100"),
        ("14 153", {"rounded_to": 100}, "1"),
        ("14 200,5", {"rounded_to": 100}, "0.1"),
        ("0", {"rounded_to": 100}, "100"),
        ("0,5", {"rounded_to": "0.5", "unit": "mnkr"}, "0.5"),
        ("8", {"unit": "antal"}, "0"),
        ("åtta", {"unit": "antal"}, "0"),
        ("300", {"unit": "antal", "rounded_to": 10}, "10"),
        ("två", {"unit": "percent"}, "1"),
    ],
)
def test_how_fine_a_figure_is(figure: str, changes: dict[str, Any], expected: str) -> None:
    assert figure_precision(read_figure(figure), _statement(**changes)) == Decimal(expected)


def test_number_words_are_read() -> None:
    assert [read_figure(word) for word in WORDS] == [Decimal(number) for number in range(21)]
    assert read_figure("Ett") == Decimal(1)


# -- the cells it speaks of -------------------------------------------------------------------------------------------------


def _cells_of(expression: str, line: int = 50) -> list[tuple[int, int, int, int, int, int, str]]:
    said = {"pattern": "har {figure} dagar", "is": expression}
    _, terms = _read("\n" * (line - 1) + "har 5 dagar", said)
    return [(t.term_no, t.factor_no, t.table_no, t.row_no, t.column_no, t.weight, t.role) for t in terms]


@pytest.mark.parametrize(
    ("expression", "terms"),
    [
        ("-costs.'Netto'.outcome", [(1, 1, 1, 1, 2, -1, "term")]),
        ("costs.'Netto'.outcome - costs.'Netto'.budget", [(1, 1, 1, 1, 2, 1, "term"), (2, 1, 1, 1, 1, -1, "term")]),
        ("costs.'Netto'.outcome * costs.'Netto'.budget", [(1, 1, 1, 1, 2, 1, "term"), (1, 2, 1, 1, 1, 1, "term")]),
        (
            "100 * -costs.'Netto'.outcome / (costs.'Netto'.budget - costs.'Netto'.outcome)",
            [(1, 1, 1, 1, 2, -1, "term"), (2, 1, 1, 1, 1, 1, "divisor"), (3, 1, 1, 1, 2, -1, "divisor")],
        ),
        ("goals.'Eget mål'[status = 'Uppfyllt'].total", [(1, 1, 2, 1, 2, 1, "term")]),
        ("goals.'Eget mål'[status != 'Uppfyllt'].total", [(1, 1, 2, 2, 2, 1, "term")]),
        ("sum(goals.'Eget mål'.total)", [(1, 1, 2, 1, 2, 1, "term"), (2, 1, 2, 2, 2, 1, "term")]),
        ("count(goals.status)", [(1, 1, 2, 1, 1, 1, "term"), (2, 1, 2, 2, 1, 1, "term")]),
        (
            "count(goals[status = 'Uppfyllt'].status) + count(volume.days)",
            [(1, 1, 2, 1, 1, 1, "term"), (2, 1, 3, 1, 1, 1, "term"), (3, 1, 4, 1, 1, 1, "term")],
        ),
        ("above:volume.'2024'.days", [(1, 1, 3, 1, 1, 1, "term")]),
        ("below:volume.'2024'.days", [(1, 1, 4, 1, 1, 1, "term")]),
    ],
)
def test_an_expression_finds_its_cells(expression: str, terms: list[tuple[int, int, int, int, int, int, str]]) -> None:
    assert _cells_of(expression) == terms


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("costs.'Brutto'.outcome", "speaks of costs.'Brutto'.outcome, which the report has 0 times"),
        ("volume.'2024'.days", "speaks of volume.'2024'.days, which the report has 2 times"),
        ("costs.'Oklart'.budget", "speaks of costs.'Oklart'.budget, which holds no number"),
        ("count(goals[status = 'Vet ej'].status)", "speaks of goals[status = 'Vet ej'].status, which the report has 0 times"),
        ("sum(goals.'Eget mål'.status)", "which holds no number"),
    ],
)
def test_cells_that_are_not_there_are_an_error_that_names_the_line(expression: str, problem: str) -> None:
    with pytest.raises(ExtractionError) as error:
        _cells_of(expression, line=7)
    assert "prov_2024, table 'statement deficit', line 7" in str(error.value)
    assert problem in str(error.value)
    assert "What to do" in str(error.value)


def test_a_statement_that_holds_of_several_cells_is_a_row_for_each() -> None:
    said = {"pattern": "uppgår till {figure} tkr", "is": ["costs.'Netto'.outcome", "costs.'Netto'.budget"]}
    statements, terms = _read("uppgår till 5 tkr", said)
    assert [(s.name, s.line_no) for s in statements] == [("deficit", 1), ("deficit-2", 1)]
    assert [(t.statement_no, t.column_no) for t in terms] == [(1, 2), (2, 1)]


# -- the notation -----------------------------------------------------------------------------------------------------------


NET, PRICE = Reference("costs", "Netto / varav", "outcome"), Reference("price", None, "budget", "above", ("status", False, "x"))


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("costs.'Netto / varav'.outcome", StatementExpression("sum", (Product(1, (NET,)),))),
        ("count(costs.'Netto / varav'.outcome)", StatementExpression("count", (Product(1, (NET,), True),))),
        (
            "-costs.'Netto / varav'.outcome * above:price[status != 'x'].budget + sum(costs.'Netto / varav'.outcome)",
            StatementExpression("sum", (Product(-1, (NET, PRICE)), Product(1, (NET,), True))),
        ),
        (
            "100 * (costs.'Netto / varav'.outcome - costs.'Netto / varav'.outcome) / costs.'Netto / varav'.outcome",
            StatementExpression("percent", (Product(1, (NET,)), Product(-1, (NET,))), (Product(1, (NET,)),)),
        ),
    ],
)
def test_the_notation_is_read(text: str, expression: StatementExpression) -> None:
    assert parse_statement(text) == expression


@pytest.mark.parametrize(
    "reference", [NET, PRICE, Reference("a", None, "b"), Reference("a", "r", "b", "below", ("c", True, "t"))]
)
def test_a_reference_prints_as_it_is_written(reference: Reference) -> None:
    assert parse_statement(str(reference)).terms[0].factors == (reference,)


@pytest.mark.parametrize(
    "text",
    [
        *("", "costs", "costs.'Netto'", "costs.Netto'.outcome", "a.b +", "a.b c.d", "a.b * c.d * e.f", "(a.b", "100 * a.b"),
        *("100 * (a.b / c.d", "count(a.b", "count(a.b) - count(c.d)", "count(a.b) + a.b", "sum()", "a[b = c].d", "a.b = c.d"),
        *("a.b / c.d", "99 * a.b / c.d", "besides:a.b"),
    ],
)
def test_what_does_not_follow_the_notation_is_refused(text: str) -> None:
    with pytest.raises(LayoutError, match="What to do"):
        parse_statement(text)


# -- in layout files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"pattern": "uppgår till"}, "has {figure} 0 times, not once"),
        ({"pattern": "{figure} av {figure}"}, "has {figure} 2 times, not once"),
        ({"pattern": "( {figure}"}, "is no pattern"),
        ({"is": "drift.'Netto'.outcome"}, "speaks of a table 'drift'"),
        ({"is": "running_costs.'Netto'.resultat"}, "speaks of a column 'resultat'"),
        ({"is": ["running_costs[mål = 'x'].outcome"]}, "speaks of a column 'mål'"),
        ({"is": "running_costs"}, "not understood"),
        ({"name": "Resultat 1"}, "should match pattern"),
        ({"unit": "kronor"}, "Input should be"),
        ({"rounded_to": 0}, "greater than 0"),
    ],
)
def test_a_wrong_statement_is_an_error_of_its_layout(tmp_path: Path, changes: dict[str, Any], problem: str) -> None:
    source = Path(__file__).parents[2] / "ingest" / "layouts" / "alingsas_interim_report.yml"
    data = yaml.safe_load(source.read_text(encoding="utf-8"))
    statement = next(s for s in data["statements"] if s["name"] == "result")
    statement.update(changes)
    path = tmp_path / "alingsas_interim_report.yml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    with pytest.raises(LayoutError) as error:
        load_layout(path)
    assert problem in str(error.value)


def test_two_statements_of_one_name_are_an_error(tmp_path: Path) -> None:
    source = Path(__file__).parents[2] / "ingest" / "layouts" / "alingsas_interim_report.yml"
    data = yaml.safe_load(source.read_text(encoding="utf-8"))
    data["statements"].append(data["statements"][0])
    path = tmp_path / "alingsas_interim_report.yml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    with pytest.raises(LayoutError, match="statement 'goal_count': stands 2 times"):
        load_layout(path)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_no_pattern_quotes_a_sentence(layout: Layout) -> None:
    for statement in layout.statements:
        for part in re.split(r"\|| \.\.\. ", statement.pattern.replace(FIGURE, OTHER_WORDS)):
            assert len(re.findall(r"\w{2,}", part)) <= 8, statement.name
        assert not re.search(r"\w\. ", statement.pattern), statement.name


def test_statements_are_numbered_by_the_text_whatever_their_order_in_the_layout() -> None:
    first = {"name": "later", "pattern": "senare {figure} tkr", "unit": "tkr", "is": "costs.'Netto'.outcome", "reason": "x"}
    second = StatementLayout.model_validate({**first, "name": "sooner", "pattern": "före {figure} tkr"})
    layout = _layout(first)
    layout = layout.model_copy(update={"statements": [*layout.statements, second]})
    report = ReportText("prov_2024", Path("prov_2024.txt"), ["före 1 tkr", "senare 2 tkr"], "0" * 64)
    statements, _ = read_statements(Page(report, layout, Variables(2024, None)), TABLES, COLUMNS, CELLS)
    assert [(s.statement_no, s.name) for s in statements] == [(1, "sooner"), (2, "later")]


# -- in the build -----------------------------------------------------------------------------------------------------------


def test_a_statement_that_disagrees_with_its_cells_makes_the_build_red(tmp_path: Path) -> None:
    document_id = "alingsas_socialnamnden_delarsbokslut_2024-08"
    extraction = read_extraction(EXTRACTED_DIR / document_id)
    wrong = [
        said._replace(value_text="-6,9", value=Decimal("-6.9")) if said.name == "result" else said
        for said in extraction.statements
    ]
    folder = write_extraction(replace(extraction, statements=wrong), tmp_path / "extracted")
    with pytest.raises(KommunlagerError, match="assert_everything_reconciles") as error:
        build([folder], tmp_path / "kommunlager.duckdb", PROJECT_DIR)
    assert f"{document_id}/statement/result,difference,-6.9,-6.612,-0.288,VARFÖR,548" in str(error.value)
    assert "Got 1 result" in str(error.value)


# -- searching ----------------------------------------------------------------------------------------------------------

FIGURE_PATTERN = r"(?P<figure>(?<![\d,.])-?\d{1,3}(?: \d{3})*(?:,\d+)?|\b(?:tre|tretton)\b)"
PATTERNS = [
    "resultatet uppgår till {figure} tkr",
    "{figure} personer har",
    "(?:med|av de) {figure} mål",
    "{figure} (?:KF-)?mål",
    "{figure} (?:mål|av dem)",
    r"personer \({figure} tkr",
    "prognosen ... {figure} tkr",
    r"\w+ om {figure} tkr",
    "mål|resultatet {figure}",
    "i {figure} mål",
    r"(?:x\)|mål) {figure} tkr",
]
PIECES = [
    *(
        "resultatet uppgår till",
        "personer har",
        "personer (",
        "med",
        "av de",
        "av dem",
        "mål",
        "KF-mål",
        "tkr",
        "prognosen",
        "om",
    ),
    *("12", "1 200", "-3,5", "tre", "tretton", "Tre", ".", "i", "x)", "MÅL", "ſ", "ı", "İ", "m8l", "till", "uppg4r"),
]


@pytest.mark.parametrize("ocr", [False, True])
@pytest.mark.parametrize("pattern", PATTERNS)
@settings(derandomize=True, deadline=None, database=None, max_examples=150)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=40), gap=st.sampled_from([" ", " ", ""]))
def test_a_pattern_is_found_where_trying_it_everywhere_finds_it(pattern: str, ocr: bool, pieces: list[str], gap: str) -> None:
    text = gap.join(pieces)
    search = StatementSearch(pattern, FIGURE_PATTERN, len("tretton"), ocr)
    tried = re.sub("[åäö]", lambda _: r"\S{1,2}", pattern) if ocr else pattern
    tried = tried.replace(" ... ", "[^.]{0,160}? ").replace("{figure}", FIGURE_PATTERN)
    expected = [match.span() for match in re.finditer(tried, text, re.IGNORECASE)]
    assert [match.span() for match in search.find(Text(text))] == expected
