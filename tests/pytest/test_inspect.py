"""A text that no layout knows: the tables seen in it, the draft of a layout, and layouts beside their reports."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from conftest import Run

from ingest.errors import LayoutError
from ingest.extract import extract_report
from ingest.inspection.beside import cells_beside_lines
from ingest.inspection.draft import document_pattern, draft_layout
from ingest.inspection.inspect import inspect_report
from ingest.layout import LAYOUT_DIR, json_schema, load_layout
from ingest.source.text import ReportText, read_report

FOURTH = Path(__file__).parent / "fourth_municipality"
REPORT = FOURTH / "bjorkaker_socialnamnden_arsredovisning_2024.txt"
LAYOUT = FOURTH / "bjorkaker_annual_report.yml"


def _seen(text: str) -> ReportText:
    return ReportText("provby_plan_2031", Path("provby_plan_2031.txt"), text.split("\n"), "0" * 64)


def _rules(text: str) -> list[str | None]:
    tables = inspect_report(_seen(text))
    assert len(tables) == 1, tables
    return [rule.row or rule.column for rule in tables[0].rules]


# -- what is seen --------------------------------------------------------------------------------------------------------


def test_every_table_of_the_fourth_municipality_is_seen() -> None:
    tables = inspect_report(read_report(REPORT))
    assert [(t.title, t.first_row_line, t.last_line, t.row_count, t.column_count) for t in tables] == [
        ("Tabell A. Nämndens ekonomi efter kostnadsslag", 19, 23, 5, 4),
        ("Tabell B. Dygn, kostnad och dygnskostnad", 45, 55, 9, 6),
        ("Tabell C. Sjukfrånvaro per kvartal, procent", 63, 65, 3, 5),
    ]
    assert tables[1].head.startswith("Insats Dygn 2024 Dygn 2023 Kostnad 2024 (mnkr)")
    assert [t.units[0] for t in tables] == ["mnkr", "dygn_dagar", "percent"]
    assert [rule.row or rule.column for rule in tables[0].rules] == ["c3 = c2 - c1", "'Nettokostnad' = all"]
    assert {rule.row or rule.column for rule in tables[1].rules} >= {
        "c5 = c4 - c3",
        "'Summa' = 'Barn och unga' + 'Vuxna med missbruk' + 'Skyddat boende'",
    }
    assert not any(table.doubtful for table in tables)


def test_arithmetic_tells_how_many_columns_spaces_make() -> None:
    """`100 200 300` could be one number, two or three."""
    assert _rules("Brygga\nUtlåning a b c\nKanoter 500 200 300\nBåtar 700 100 600\nCyklar 900 350 550\n") == [
        "c1 = c2 + c3",
    ]
    table = inspect_report(_seen("Utlåning a b c\nKanoter 500 200 300\nBåtar 700 100 600\nCyklar 900 350 550\n"))[0]
    assert table.column_count == 3
    assert table.rows[0] == ("Kanoter", 2, ("500", "200", "300"))


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        (["Sjö 10 7 -3", "Å 25 21 -4", "Bäck 8 9 1"], "c3 = c2 - c1"),
        (["Sjö 10 7 3", "Å 25 21 4", "Bäck 8 9 -1"], "c3 = c1 - c2"),
        (["Sjö 10 7 17", "Å 25 21 46", "Bäck 8 9 17"], "c3 = c1 + c2"),
        (["Sjö 17,2 10,1 7,1", "Å 46,0 25,0 21,0", "Bäck 17,9 8,9 9,0"], "c1 = c2 + c3"),
    ],
)
def test_sums_and_differences_between_columns(rows: list[str], rule: str) -> None:
    assert rule in _rules("\n".join(["Vatten a b c", *rows]))


def test_rounding_is_no_difference_and_a_misprint_does_not_hide_a_rule() -> None:
    rows = ["Sjö 10,4 7,1 3,4", "Å 25,0 21,0 4,0", "Bäck 8,0 9,0 -1,0", "Damm 9,0 4,0 5,0", "Göl 7,0 2,0 9,9"]
    assert "c3 = c1 - c2" in _rules("\n".join(["Vatten a b c", *rows]))


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        (["Sjö 11 7", "Å 23 22", "Bäck 5 9", "Summa 39 38"], "'Summa' = all"),
        (["Vatten 39 38", "Sjö 11 7", "Å 23 22", "Bäck 5 9"], "'Vatten' = all"),
        (["Land 3 4", "Sjö 11 7", "Å 23 22", "Vatten 34 29", "Skog 9 4"], "'Vatten' = 'Sjö' + 'Å'"),
    ],
)
def test_totals_over_rows(rows: list[str], rule: str) -> None:
    assert rule in _rules("\n".join(["Vatten a b", *rows]))


def test_a_year_before_the_figures_is_a_label() -> None:
    table = inspect_report(_seen("Period Dygn Kostnad\n2029 40 350 51 430\n2030 41 120 52 200\nBudget 2031 40 000 50 100\n"))[0]
    assert table.label_years
    assert [(label, cells) for label, _, cells in table.rows] == [
        ("2029", ("40 350", "51 430")),
        ("2030", ("41 120", "52 200")),
        ("Budget 2031", ("40 000", "50 100")),
    ]


def test_two_tables_without_a_line_between_them_are_two() -> None:
    text = "Brygga a b\nKanoter 17,5 20,1\nBåtar 30,2 40,3\nSjöbod a b c d\nÅar 1,1 2,2 3,3 4,4\nBad 5,5 6,6 7,7 8,8\n"
    assert [(t.first_row_line, t.column_count) for t in inspect_report(_seen(text))] == [(2, 2), (5, 4)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Kanoterna lånades ut 2030 och 2031.\nBryggan är 40 meter.\n",
        "Nyheter 2030 2031 2032\nFler nyheter 2030 2031 2032\n",
        "En enda rad 10 20 30\n",
        "1.1 Bryggan 12\n1.2 Båtarna 14\n2 Badet 16\n",
    ],
)
def test_prose_heads_and_contents_are_no_tables(text: str) -> None:
    assert inspect_report(_seen(text)) == []


def test_a_table_of_one_row_is_known_by_its_head() -> None:
    head = "Trivsel\n\nIndikator \nAnsvarig Utfall 2029 Utfall 2030 Mål \n2031 \nTrend \n\n"
    text = f"{head}Nöjda paddlare \n(andel) Båthuset 81% 84% 85% Positiv \n"
    (table,) = inspect_report(_seen(text))
    assert (table.title, table.head) == ("Trivsel", "Indikator Ansvarig Utfall 2029 Utfall 2030 Mål 2031 Trend")
    assert (table.first_line, table.first_row_line, table.column_count, table.units) == (3, 9, 3, ("percent",))
    assert table.rows == (("Nöjda paddlare (andel) Båthuset", 9, ("81%", "84%", "85%")),)
    assert table.doubtful == ()


def test_months_are_a_head_and_words_between_the_rows_no_end() -> None:
    months = "Jan Feb Mar Apr Maj Jun Jul Aug Sep Okt Nov Dec"
    row = "Lån per\nmånad 1,1 2,2 3,3 4,4 5,5 6,6 7,7 8,8 9,9 9,8 8,7 7,6\n"
    remark = "En lång anmärkning om hur lånen räknades, som inte hör till någon rad och som fortsätter länge nog.\n"
    (table,) = inspect_report(_seen(f"{months}\n{row}{remark}Utlån igen {' '.join(['5,0'] * 12)}\n"))
    assert (table.column_count, [label for label, _, _ in table.rows]) == (12, ["Lån per månad", "Utlån igen"])


def test_a_row_that_does_not_fill_its_columns_is_left_to_a_person() -> None:
    (table,) = inspect_report(_seen("Nyckeltal Utfall 2029 Utfall 2030 Mål 2031\nNöjda paddlare 81% 85%\n"))
    assert table.rows == (("Nöjda paddlare", 2, ("81%", "85%", None)),)
    assert table.doubtful == ("Nöjda paddlare",)
    assert "not read for certain: Nöjda paddlare" in draft_layout("provby_plan_2031", [table])


@pytest.mark.parametrize(
    "text",
    [
        "Utfall och prognos 12\nUtfall mot budget 14\n",
        "Utfall 2029 Utfall 2030\n\nInga siffror alls här.\n",
        "Utfall 2029 Mål 2030\nUtfallet för bryggan blev bättre än väntat och målet för året nåddes redan i maj månad 2029.\n",
    ],
)
def test_words_of_heads_alone_are_no_table(text: str) -> None:
    assert inspect_report(_seen(text)) == []


def test_a_line_of_a_thousand_figures_ends_soon() -> None:
    line = "Rad " + "100 " * 1000
    assert inspect_report(_seen(f"{line}\n{line}\n")) == []
    wide = "Rad " + "100 " * 30
    inspect_report(_seen(f"{wide}\n" * 20))


# -- the draft -----------------------------------------------------------------------------------------------------------


def test_the_draft_reads_the_report_as_the_finished_layout_does(tmp_path: Path) -> None:
    report = read_report(REPORT)
    path = tmp_path / "draft.yml"
    path.write_text(draft_layout(report.document_id, inspect_report(report)), encoding="utf-8")
    drafted = extract_report(REPORT, (load_layout(path),))
    finished = extract_report(REPORT, (load_layout(LAYOUT),))

    def cells(extraction: object) -> list[tuple[int, int, int, str, Decimal | None, int]]:
        found = extraction.cells  # type: ignore[attr-defined]
        return [(c.table_no, c.row_no, c.column_no, c.value_text, c.value, c.line_no) for c in found]

    assert cells(drafted) == cells(finished)
    assert len(drafted.rules) == 3 + 5  # without the parts whose labels stand twice


def test_a_draft_is_for_every_year_and_says_what_to_decide() -> None:
    report = read_report(REPORT)
    draft = draft_layout(report.document_id, inspect_report(report))
    data = yaml.safe_load(draft)
    assert data["document_id"] == r"bjorkaker_socialnamnden_arsredovisning_(?P<year>\d{4})"
    assert data["tables"][0]["head"] == "Mnkr Utfall {Y} Budget {Y} Budget minus utfall Utfall {Y-1}"
    for field in ("municipality_code", "kind", "period", "as_of", "subject", "unit", "columns"):
        assert any("TODO" in line for line in draft.splitlines() if f"{field}:" in line), field
    assert "a label stands in several rows" in draft


def test_a_draft_of_nothing_and_of_odd_labels_is_a_layout(tmp_path: Path) -> None:
    odd = "Båt's: \"a\" # b\nKanot's #1: [x] 17,5 20,1 3,0\n{Båt} \\d | 'y' 30,2 40,3 9,9\n% & * 4,4 5,5 6,6\n"
    for number, text in enumerate(["", odd]):
        path = tmp_path / f"draft_{number}.yml"
        path.write_text(draft_layout("provby", inspect_report(_seen(text))), encoding="utf-8")
        load_layout(path)


@pytest.mark.parametrize(
    ("document_id", "pattern", "year"),
    [
        ("a_2031", r"a_(?P<year>\d{4})", 2031),
        ("a_2031-05", r"a_(?P<year>\d{4})-(?P<month>\d\d)", 2031),
        ("a_2031-2033", r"a_(?P<year>\d{4})-\d{4}", 2031),
        ("a.b_2031_c", r"a\.b_(?P<year>\d{4})_c", 2031),
        ("a_20315", r"a_20315_(?P<year>\d{4})", None),
    ],
)
def test_the_pattern_of_a_name(document_id: str, pattern: str, year: int | None) -> None:
    assert document_pattern(document_id) == (pattern, year)


# -- layouts -------------------------------------------------------------------------------------------------------------


def test_the_schema_for_editors_is_current() -> None:
    assert (LAYOUT_DIR / "layout.schema.json").read_text(encoding="utf-8") == json_schema(), (
        "write it again: kommunlager layout schema > ingest/layouts/layout.schema.json"
    )


def test_the_schema_knows_every_field_that_layouts_use_and_explains_them() -> None:
    schema = json.loads(json_schema())
    for path in LAYOUT_DIR.glob("*.yml"):
        assert set(yaml.safe_load(path.read_text(encoding="utf-8"))) <= set(schema["properties"])
        assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=layout.schema.json\n")
    assert "name" not in schema["properties"]
    assert schema["$defs"]["TableLayout"]["properties"]["until"]["description"] == "Pattern of the label of the last row."


def test_cells_stand_beside_their_lines() -> None:
    tables = cells_beside_lines(extract_report(REPORT, (load_layout(LAYOUT),)), read_report(REPORT))
    by_line = {line["line"]: line for line in tables[1]["lines"]}
    assert by_line[49]["cells"] == []
    assert by_line[50]["row"] == "Vuxna med missbruk"
    assert by_line[50]["cells"][:2] == ["days = 5 310", "days_before = 4 760"]


# -- the commands --------------------------------------------------------------------------------------------------------


def test_inspect_lists_and_drafts_and_never_overwrites(run: Run, tmp_path: Path) -> None:
    draft = tmp_path / "draft.yml"
    shown = run("inspect", REPORT, "--draft", draft)
    assert shown.returncode == 0, shown.stderr
    for words in ("Table 2: Tabell B.", "9 rows, 6 columns", "holds: c5 = c4 - c3", "3 tables of figures seen"):
        assert words in shown.stdout
    assert load_layout(draft).tables
    again = run("inspect", REPORT, "--draft", draft)
    assert again.returncode == 1
    assert "is there already" in again.stderr
    facts = json.loads(run("inspect", "--json", REPORT).stdout)
    assert [table["columns"] for table in facts["tables"]] == [4, 6, 5]


def test_layout_check_names_every_wrong_file(run: Run, tmp_path: Path) -> None:
    right = run("layout", "check")
    assert right.returncode == 0, right.stderr
    assert "sodertalje_plan" in right.stdout
    for name in ("a.yml", "b.yml"):
        (tmp_path / name).write_text("kind: letter\n", encoding="utf-8")
    wrong = run("layout", "check", tmp_path / "a.yml", tmp_path / "b.yml", LAYOUT)
    assert wrong.returncode == 1
    assert "a.yml: not a valid layout" in wrong.stderr
    assert "b.yml: not a valid layout" in wrong.stderr


def test_layout_check_shows_cells_beside_the_report(run: Run) -> None:
    shown = run("layout", "check", LAYOUT, "--report", REPORT)
    assert shown.returncode == 0, shown.stderr
    line = next(line for line in shown.stdout.splitlines() if line.strip().startswith("54 "))
    assert "Skyddat boende 1 420 1 275" in line
    assert "price = 2 183" in line
    other = run("layout", "check", "--report", REPORT)
    assert other.returncode == 1
    assert "no layout knows a report of this name" in other.stderr


def test_layout_schema_prints_the_file(run: Run) -> None:
    assert run("layout", "schema").stdout == (LAYOUT_DIR / "layout.schema.json").read_text(encoding="utf-8")


def test_a_file_that_is_no_layout_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="cannot be read"):
        load_layout(tmp_path / "missing.yml")
