"""The pages for analysts, and export, trace and docs on the warehouse of the five reports."""

from __future__ import annotations

import json
import re
import shlex
from decimal import Decimal
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest
from conftest import Run
from mf_command import mf, project_copy
from openpyxl import load_workbook
from small_warehouse import small_warehouse

from publish.answers.catalog import Column, Mart, read_marts
from publish.answers.trace import trace
from publish.answers.working import FORMULAS, working
from publish.paths import PROJECT_DIR
from publish.products.docs import (
    DBT_DOCS,
    DICTIONARY,
    DICTIONARY_SV,
    GUIDE,
    GUIDE_SV,
    dictionary_page,
    dictionary_page_sv,
    write_docs,
)
from publish.products.export import export
from publish.products.guide import words_of

REPORTS = PROJECT_DIR.parent / "shared" / "reports"
needs_reports = pytest.mark.skipif(not REPORTS.is_dir(), reason=f"the real reports are not here: no folder {REPORTS}")


@pytest.fixture
def warehouse(real_warehouse: Path) -> Path:
    return real_warehouse


class _Page(HTMLParser):
    """A page that is well-formed and loads nothing."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link", "img", "iframe")
        assert all(name not in ("src", "style") and (name != "href" or str(value).startswith("#")) for name, value in attrs)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def test_the_dictionary_names_every_column_and_escapes_what_it_says() -> None:
    page = dictionary_page([Mart("a", "<b>&", (Column("c", "DECIMAL(18,2)", 'Less < more & "x". Unit: SEK per day.'),), 1)], "nu")
    assert "&lt;b&gt;&amp; 1 row." in page
    assert _Page(page).rows[1] == ["c", "DECIMAL(18,2)", "SEK per day", 'Less < more & "x". Unit: SEK per day.']


def test_the_swedish_dictionary_is_english_only_where_there_is_no_swedish() -> None:
    told = Column("c", "DATE", "What. Unit: SEK.", "Vad. Enhet: kronor.")
    page = dictionary_page_sv([Mart("a", "One.", (told, Column("d", "DATE", "Which. Unit: days.")), 1_000, "En.")], "nu")
    assert "<p>En. 1\u00a0000 rader.</p>" in page
    assert _Page(page).rows[1:] == [
        ["c", "DATE", "kronor", "Vad. Enhet: kronor."],
        ["d", "DATE", "days", "Which. Unit: days."],
    ]


def test_a_warehouse_without_examples_says_so(tmp_path: Path, run: Run) -> None:
    path = small_warehouse(tmp_path / "kommunlager.duckdb")
    before = path.read_bytes()
    result = run("docs", "--database", path, "--no-dbt")
    assert result.returncode == 0, result.stderr
    folder = tmp_path / "kommunlager_docs"
    assert sorted(file.name for file in folder.iterdir()) == sorted([DICTIONARY, DICTIONARY_SV, GUIDE, GUIDE_SV, "manifest.json"])
    for name, words in ((GUIDE, words_of("en")), (GUIDE_SV, words_of("sv"))):
        assert (folder / name).read_text(encoding="utf-8").count(words.no_example) == len(words.grades) + len(words.sections) - 1
    first = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert run("docs", "--database", path, "--no-dbt", "--json").returncode == 0
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == first
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("language", "dictionary_name", "guide_name", "thousands"),
    [("en", DICTIONARY, GUIDE, ","), ("sv", DICTIONARY_SV, GUIDE_SV, "\u00a0")],
)
def test_the_pages_of_the_real_warehouse(
    warehouse: Path, tmp_path: Path, language: str, dictionary_name: str, guide_name: str, thousands: str
) -> None:
    words = words_of(language)
    write_docs(warehouse, tmp_path / "docs")
    with duckdb.connect(warehouse, read_only=True) as connection:
        marts = read_marts(connection, warehouse)
        (net,) = connection.execute(
            "select deviation_sek from marts.budget_comparison where municipality = 'Norrtälje' and year = 2024 "
            "and scenario = 'outcome' and deviation_sek is not null"
        ).fetchall()
        grades = connection.execute("select distinct comparability from marts.placement_unit_cost_comparison").fetchall()
        targets = connection.execute("select distinct target_status from marts.indicator_comparison").fetchall()
    assert all(mart.description and mart.description_sv for mart in marts)
    assert all(column.description and column.description_sv for mart in marts for column in mart.columns)
    dictionary = _Page((tmp_path / "docs" / dictionary_name).read_text(encoding="utf-8"))
    assert len([row for row in dictionary.rows if row[0] not in ("Column", "Kolumn")]) == sum(len(mart.columns) for mart in marts)
    text = (tmp_path / "docs" / guide_name).read_text(encoding="utf-8")
    guide = _Page(text)
    assert text.count(words.no_example) == len(set(words.grades) - {grade for (grade,) in grades})
    shown = f"{net[0]:,.0f}".replace(",", thousands).replace("-", "\u2212")
    assert any(row[0] == "Norrtälje" and shown in row and row[-1] == words.more_than_budget for row in guide.rows)
    assert {row[0] for row in guide.rows} >= set(words.statuses.values()) | {status for (status,) in targets if status}
    command = re.search(r"kommunlager trace ([^<]+)", unescape(text))
    assert command
    assert trace(warehouse, command[1]).figures[0].id == command[1]


def test_dbt_docs_are_one_file_of_the_project_alone(warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The manifest in it says what the dictionary says, no path of the machine, and the browser is told to ask for nothing."""
    monkeypatch.setenv("KOMMUNLAGER_DATABASE", str(tmp_path / "none.duckdb"))
    before = warehouse.read_bytes()
    write_docs(warehouse, tmp_path / "docs", PROJECT_DIR)
    page = (tmp_path / "docs" / DBT_DOCS).read_text(encoding="utf-8")
    assert warehouse.read_bytes() == before
    assert str(PROJECT_DIR) not in page
    assert str(Path.home()) + "/" not in page
    assert "kommunlager-docs-" not in page
    assert page.index("Content-Security-Policy") < page.index("<script")
    assert "<link" not in page.partition("<script")[0]
    start = page.index('{"child_map"')
    manifest, _ = json.JSONDecoder().raw_decode(page, start)
    with duckdb.connect(warehouse, read_only=True) as connection:
        marts = read_marts(connection, warehouse)
    described = {
        node["name"]: {name: " ".join(column["description"].split()) for name, column in node["columns"].items()}
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and "marts" in node["fqn"]
    }
    assert described == {mart.name: {column.name: column.description for column in mart.columns} for mart in marts}
    assert {exposure["name"] for exposure in manifest["exposures"].values()} >= {"comparison_page", "exports"}


def test_the_export_of_the_real_warehouse(warehouse: Path, tmp_path: Path) -> None:
    out = tmp_path / "export"
    manifest = export(warehouse, out)
    with duckdb.connect(warehouse, read_only=True) as connection:
        counts = {
            name: connection.execute(f"select count(*) from marts.{name}").fetchone()[0]  # type: ignore[index]
            for (name,) in connection.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()
        }
        costs = connection.execute("select sum(unit_cost_sek), count(*) from marts.placement_unit_cost_comparison").fetchone()
    assert {file["mart"]: file["rows"] for file in manifest["files"] if file["format"] == "csv"} == counts
    with duckdb.connect() as connection:
        for kind in ("csv", "parquet"):
            path = out / kind / f"placement_unit_cost_comparison.{kind}"
            query = f"select sum(unit_cost_sek::decimal(18, 2)), count(*) from read_{kind}(?)"
            assert connection.execute(query, [str(path)]).fetchone() == costs
    book = load_workbook(out / "kommunlager.xlsx", read_only=True)
    assert len(book.sheetnames) == 3 + len(counts)
    rows = book["Jämförelse dygnskostnad"].iter_rows(values_only=True)
    place = next(rows).index("unit_cost_sek (kronor per dygn)")
    assert costs is not None
    assert sum(Decimal(str(row[place])) for row in rows if row[place] is not None) == costs[0]


def test_a_real_comparison_is_traced_to_its_lines(warehouse: Path, run: Run) -> None:
    conditions = ["municipality=Norrtälje", "placement_type_code=child_placement", "year=2024", "scenario=outcome"]
    result = run("trace", "placement_unit_cost_comparison", *conditions, "--database", warehouse, "--json")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert len(found["rows"]) == 1
    assert {"int_placement_rollup", "int_placement_unit_cost"} <= set(found["lineage"]["intermediate"])
    assert "table_cell" in found["lineage"]["raw"]
    volumes = [figure for figure in found["figures"] if figure["unit"] == "dygn_dagar"]
    assert sum(figure["value"] for figure in volumes) == found["rows"][0]["values"]["volume_days"]
    assert all(figure["checks"] for figure in found["figures"])
    assert all("placement_unit_cost_comparison.cell_ids" in figure["used_in"] for figure in found["figures"])
    assert all(figure["report_line"] is None for figure in found["figures"])


@pytest.mark.parametrize("mart", FORMULAS)
def test_every_row_is_what_its_arithmetic_gives(warehouse: Path, mart: str) -> None:
    """The models' figures, worked out again from their parts."""
    with duckdb.connect(warehouse, read_only=True) as connection:
        found = connection.execute(f"select * from marts.{mart}")
        names = [column[0] for column in found.description or []]
        rows = [{n: v for n, v in zip(names, row, strict=True) if v is not None} for row in found.fetchall()]
        # Without the parts of checks, which are only listed: to ask for those of every check takes a minute.
        tables = {"intermediate.int_placement", "marts.placement_price_volume_variance"}
        told = [
            line
            for row in rows
            for line in working(lambda query, *values: connection.execute(query, list(values)).fetchall(), tables, mart, row)
        ]
    assert len(told) > 10
    assert [line for line in told if "but the row says" in line] == []
    for column in FORMULAS[mart]:
        # Nothing per inhabitant without a snapshot of Kolada.
        assert column == "net_cost_per_inhabitant_sek" or any(line.startswith(f"{column} = ") for line in told)


def test_a_figure_that_its_arithmetic_does_not_give_is_named() -> None:
    row = {"deviation_sek": Decimal("-9.00"), "net_cost_sek": Decimal("-110.00"), "budget_net_cost_sek": Decimal("-100.00")}
    told = working(lambda *_: [], set(), "budget_comparison", row)
    assert told == [
        "deviation_sek = net_cost_sek - budget_net_cost_sek = (-110) - (-100) = -10, but the row says -9",
    ]


@needs_reports
def test_the_lines_of_real_reports_show_what_was_printed(warehouse: Path) -> None:
    found = trace(warehouse, "budget_comparison", ["municipality=Norrtälje", "year=2024", "deviation_percent=-4.13"], REPORTS)
    assert [figure.report_problem for figure in found.figures] == [None, None, None]
    assert all(figure.printed in str(figure.report_line) for figure in found.figures)


README = (PROJECT_DIR / "README.md").read_text(encoding="utf-8")
ANSWERED = re.findall(r"```sql\n(.*?)```\n\n```\n(.*?)```", README, re.DOTALL)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]


@pytest.mark.parametrize(("query", "answer"), ANSWERED, ids=[query.split("\n")[0][:50] for query, _ in ANSWERED])
def test_the_readme_prints_what_the_warehouse_answers(warehouse: Path, run: Run, query: str, answer: str) -> None:
    result = run("sql", "--quiet", "--database", warehouse, query)
    assert result.returncode == 0, result.stderr
    assert _lines(result.stdout) == _lines(answer)


def test_the_readme_prints_the_trace_of_its_cell(warehouse: Path, run: Run) -> None:
    found = re.search(r"kommunlager trace (\S+/\S+)\n.*?```\n(.*?)```", README, re.DOTALL)
    assert found
    assert len(ANSWERED) >= 6
    result = run("trace", found[1], "--database", warehouse)
    # What is too long for the page goes on in the next line there.
    assert result.stdout.split() == found[2].split()


def test_the_readme_prints_what_mf_answers(warehouse: Path, tmp_path: Path) -> None:
    pytest.importorskip("dbt_metricflow", reason="mf is not installed: its extra is `metrics`")
    asked = re.findall(r"    \.venv/bin/(mf query.*?)\n\n```\n(.*?)```", README, re.DOTALL)
    assert len(asked) == 2
    project_copy(tmp_path)
    environment = {"KOMMUNLAGER_PUBLISHED": str(warehouse)}
    mf(tmp_path, ["parse", "--quiet"], environment, "dbt.cli.main")
    for command, answer in asked:
        arguments = shlex.split(command.replace("\\\n", " "))[1:]
        assert _lines(mf(tmp_path, arguments, environment)) == _lines(answer)
