"""Trace: from a row of a mart, a cell or a statement back to the line of the report."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import duckdb
import pytest
from conftest import Run
from small_warehouse import DOCUMENT, LINES, small_warehouse

from ingest.errors import KommunlagerError
from ingest.loading.store import extracted_folders
from publish.answers.trace import MAX_TRACED, trace
from publish.building.build import build

REPORT = ("\n".join(LINES) + "\n").encode()


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_warehouse(tmp_path_factory.mktemp("small") / "kommunlager.duckdb", hashlib.sha256(REPORT).hexdigest())


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    (tmp_path / f"{DOCUMENT}.txt").write_bytes(REPORT)
    return tmp_path


def test_a_row_leads_through_the_models_to_its_cells_their_lines_notes_and_checks(warehouse: Path, reports: Path) -> None:
    found = trace(warehouse, "fct_cost", ["municipality=Provby", "year=2024"], reports)
    (row,) = found.rows
    assert row.figures == {
        "cell_id": [f"{DOCUMENT}/1/2/1"],
        "cell_ids": [f"{DOCUMENT}/1/1/1", f"{DOCUMENT}/1/2/1"],
    }
    assert row.values["value_text"] == "=1+1"
    assert found.lineage == {"raw": ["table_cell"], "seeds": ["unit"], "staging": ["stg_cell"], "intermediate": ["int_cost"]}
    cost, income = found.figures
    assert (cost.document_id, cost.table_title, cost.row_label, cost.column_label) == (DOCUMENT, "Drift", "Kostnader", "Utfall")
    assert (cost.printed, cost.value, cost.unit, cost.method, cost.line_no, cost.page_no) == (
        "-1 200",
        -1200,
        "tkr",
        "arithmetic",
        4,
        2,
    )
    assert cost.report_line == "Kostnader -1 200 =1+1"
    assert [(note.kind, note.subject) for note in cost.notes] == [("decided", "Kostnader")]
    assert [(check.kind, check.role, check.status) for check in cost.checks] == [
        ("net", "result", "registered source error"),
        ("total", "term", "agrees"),
    ]
    assert cost.guarded_by == "identity"
    assert cost.used_in == {
        "fct_cost.cell_id": 1,
        "fct_cost.cell_ids": 1,
        "reconciliation.cell_id": 1,
        "reconciliation_coverage.cell_id": 1,
    }
    assert (income.report_line, income.notes, income.guarded_by) == ("Intäkter 1 234 -", [], None)
    told = found.describe()
    assert told.index("marts.fct_cost") < told.index("Made from") < told.index(f"Cell {DOCUMENT}/1/2/1")
    assert "printed  '-1 200' = -1,200 tkr, read by: arithmetic" in told
    assert "page 2, line 4" in told
    assert "printed -1,200, expected -1,201, difference 1 tkr" in told


def test_a_cell_that_is_no_number_and_a_statement_are_traced(warehouse: Path) -> None:
    (cell,) = trace(warehouse, f"{DOCUMENT}/1/1/2").figures
    assert (cell.printed, cell.value, cell.report_line, cell.report_problem) == ("-", None, None, None)
    assert "'-' = no number" in trace(warehouse, f"{DOCUMENT}/1/1/2").describe()
    (statement,) = trace(warehouse, f"{DOCUMENT}/statement/costs").figures
    assert (statement.kind, statement.printed, statement.value, statement.line_no) == ("statement", "två", 2, 5)
    assert statement.cells == [f"{DOCUMENT}/1/1/1", f"{DOCUMENT}/1/2/1"]


def test_an_id_that_was_never_printed_is_shown_as_such(warehouse: Path) -> None:
    found = trace(warehouse, "marts.fct_cost", ["municipality=Upplands Väsby"])
    assert found.rows[0].missing == [f"{DOCUMENT}/9/9/9"]
    assert found.figures == []
    assert f"{DOCUMENT}/9/9/9  (not printed)" in found.describe()


@pytest.mark.parametrize(
    ("condition", "years"),
    [
        ("cost_sek=-1200000", [2024]),
        ("cost_sek=0.5", [2025]),
        ("cost_sek=", [2023]),
        ("is_latest=false", [2023]),
        ("period_end=2025-12-31", [2025]),
        (f"cell_ids={DOCUMENT}/1/1/1", [2024]),
        ("big=170141183460469231731", None),
    ],
)
def test_conditions_are_exact_for_each_type(warehouse: Path, condition: str, years: list[int] | None) -> None:
    if years is None:
        with pytest.raises(KommunlagerError, match="which '170141183460469231731' is not"):
            trace(warehouse, "fct_cost", [condition])
    else:
        assert [row.values["year"] for row in trace(warehouse, "fct_cost", [condition]).rows] == years


@pytest.mark.parametrize(
    ("what", "conditions", "told"),
    [
        ("fct_costs", [], "is no mart, no cell and no statement"),
        ("fct_cost", ["kommun=Provby"], "has no column 'kommun'"),
        ("fct_cost", ["Provby"], "'Provby' is no condition"),
        ("fct_cost", ["year=2024.4"], "year holds 2023, 2024, 2025"),
        ("fct_cost", ["year=i fjol"], "year is INTEGER, which 'i fjol' is not"),
        ("fct_cost", ["period_end=2024-13-01"], "period_end is DATE"),
        ("fct_cost", ["year=2031"], "year holds 2023, 2024, 2025"),
        ("fct_cost", ["municipality=Provby' or true --"], "municipality holds Provby, Upplands Väsby"),
        ("fct_cost", ["year=2025", "municipality=Provby"], "each condition is met by rows, but not all by one"),
        ("nix/1/1/1", [], f"the documents are {DOCUMENT}"),
        (f"{DOCUMENT}/1/3/1", [], "table 1 has rows 1 to 2"),
        (f"{DOCUMENT}/7/1/1", [], "the document has tables 1 to 1"),
        (f"{DOCUMENT}/statement/result", [], "its statements are costs"),
        (f"{DOCUMENT}/1", [], "write document/table/row/column"),
        (f"{DOCUMENT}/1/1/1", ["year=2024"], "takes no conditions"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(warehouse: Path, what: str, conditions: list[str], told: str) -> None:
    with pytest.raises(KommunlagerError) as refused:
        trace(warehouse, what, conditions)
    assert told in str(refused.value)
    assert "What to do:" in str(refused.value)


def test_too_many_rows_are_shown_and_not_traced(tmp_path: Path) -> None:
    path = small_warehouse(tmp_path / "k.duckdb")
    with duckdb.connect(path) as connection:
        connection.execute("create table marts.many as select i as n, 'x' as same from range(12) as r(i)")
    with pytest.raises(KommunlagerError, match="12 rows meet same=x; the first 5") as refused:
        trace(path, "many", ["same=x"])
    assert "The rows differ in n." in str(refused.value)
    assert str(refused.value).count("\n") == MAX_TRACED + 3
    assert len(trace(path, "many", ["n=3"]).rows) == 1


def test_the_line_of_another_file_is_never_shown(warehouse: Path, reports: Path) -> None:
    report = reports / f"{DOCUMENT}.txt"
    report.write_bytes(REPORT + b" ")
    (figure,) = trace(warehouse, f"{DOCUMENT}/1/1/1", reports=reports).figures
    assert figure.report_line is None
    assert "is another file than the one that was extracted" in str(figure.report_problem)
    report.unlink()
    (figure,) = trace(warehouse, f"{DOCUMENT}/1/1/1", reports=reports).figures
    assert figure.report_line is None
    assert "no report in" in str(figure.report_problem)
    with pytest.raises(KommunlagerError, match="there is no such folder"):
        trace(warehouse, f"{DOCUMENT}/1/1/1", reports=reports / "nowhere")


def test_the_command_prints_json_and_takes_the_folder_from_the_environment(
    warehouse: Path, reports: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOMMUNLAGER_REPORTS", str(reports))
    result = run("trace", f"{DOCUMENT}/1/2/1", "--database", warehouse, "--json")
    assert result.returncode == 0, result.stderr
    (figure,) = json.loads(result.stdout)["figures"]
    assert (figure["report_line"], figure["value"]) == ("Kostnader -1 200 =1+1", -1200)
    shown = run("trace", "fct_cost", "municipality=Provby", "year=2024", "--database", warehouse)
    assert "line     Kostnader -1 200 =1+1" in shown.stdout


def test_a_build_keeps_what_its_models_are_made_from(extracted: Path, project: Path, tmp_path: Path) -> None:
    path = tmp_path / "kommunlager.duckdb"
    build(extracted_folders(extracted), path, project)
    with duckdb.connect(path, read_only=True) as connection:
        kept = connection.execute("from meta.model_parent order by all").fetchall()
    assert kept == [("marts.dim_document", "raw.document"), ("marts.reconciliation", "raw.table_cell")]
    assert trace(path, "dim_document", ["document_id=provby_namnden_2024"]).lineage == {"raw": ["document"]}
