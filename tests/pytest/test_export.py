"""Export: every mart in every format, exact where the format can, safe in spreadsheets, whole or not at all."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow
import pytest
from conftest import Run
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from pyarrow import parquet
from small_warehouse import DOCUMENT, small_warehouse

import publish.products.export
import publish.products.folder
from ingest.errors import KommunlagerError
from publish.answers.catalog import Column, Mart
from publish.products.csv_file import csv_bytes, guarded
from publish.products.export import export
from publish.products.workbook import (
    COLUMNS_SHEET,
    MAX_TEXT,
    MAX_TITLE,
    README_SHEET,
    SOURCES_SHEET,
    TITLES,
    sheet_titles,
    workbook_bytes,
)

MARTS = {"fct_cost": 3, "coverage": 1, "empty": 0, "reconciliation": 2, "reconciliation_coverage": 1}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_warehouse(tmp_path_factory.mktemp("small") / "kommunlager.duckdb")


@pytest.fixture(scope="module")
def exported(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "export"
    export(warehouse, out)
    return out


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# -- the folder ------------------------------------------------------------------------------------------------------------


def test_the_manifest_has_every_file_with_its_checksum_rows_and_columns(warehouse: Path, exported: Path) -> None:
    manifest = json.loads((exported / "manifest.json").read_text(encoding="utf-8"))
    files = _files(exported)
    assert {file["path"] for file in manifest["files"]} == set(files) - {"manifest.json"}
    for file in manifest["files"]:
        data = files[file["path"]]
        assert (file["sha256"], file["bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))
    assert {file["mart"]: file["rows"] for file in manifest["files"] if file["format"] == "parquet"} == MARTS
    assert {file["mart"]: file["rows"] for file in manifest["files"] if file["format"] == "csv"} == MARTS
    (workbook,) = (file for file in manifest["files"] if file["format"] == "xlsx")
    assert {sheet["mart"]: sheet["rows"] for sheet in workbook["sheets"]} == MARTS
    (costs,) = (file for file in manifest["files"] if file["path"] == "parquet/fct_cost.parquet")
    assert {"name": "cost_sek", "type": "DECIMAL(18,2)", "unit": "SEK", "parquet_type": "decimal128(18, 2)"} in costs["columns"]
    assert manifest["built_at"] == "2026-01-02T03:04:05"
    assert manifest["warehouse_sha256"] == hashlib.sha256(warehouse.read_bytes()).hexdigest()
    assert manifest["documents"] == [{"document_id": DOCUMENT, "title": "Berättelse 2024", "source_sha256": "0" * 64}]


def test_the_same_warehouse_gives_the_same_bytes(
    warehouse: Path, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.localtime", lambda *_: (2031, 5, 6, 7, 8, 9, 0, 1, 0))
    export(warehouse, tmp_path / "again")
    assert _files(tmp_path / "again") == _files(exported)


def test_only_the_formats_asked_for_are_written_and_the_warehouse_is_not_touched(
    warehouse: Path, tmp_path: Path, run: Run
) -> None:
    before = warehouse.read_bytes()
    out = tmp_path / "ut"
    result = run("export", "--database", warehouse, "--out", out, "--format", "csv", "--format", "parquet", "--json")
    assert result.returncode == 0, result.stderr
    assert {file["format"] for file in json.loads(result.stdout)["files"]} == {"csv", "parquet"}
    assert {path.name for path in out.iterdir()} == {"csv", "parquet", "manifest.json"}
    assert run("export", "--database", warehouse, "--out", out, "--format", "xlsx").returncode == 0
    assert {path.name for path in out.iterdir()} == {"kommunlager.xlsx", "manifest.json"}  # replaced whole
    assert [path.name for path in tmp_path.iterdir()] == ["ut"]
    assert warehouse.read_bytes() == before
    assert not list(warehouse.parent.glob("*.wal"))


def _stop(*_: Any) -> Any:
    raise KeyboardInterrupt


def test_an_interrupted_export_leaves_the_old_folder_whole(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "export"
    export(warehouse, out, ["csv"])
    before = _files(out)
    real_rename = Path.rename

    def fail_to_put_the_new_one_in_place(path: Path, target: Path) -> Path:
        if path.name == "new":
            raise OSError(28, "No space left on device")
        return real_rename(path, target)

    for place, name, error, stop in (
        (publish.products.export, "csv_bytes", KeyboardInterrupt, _stop),
        (publish.products.folder.os, "fsync", KeyboardInterrupt, _stop),
        (Path, "rename", KommunlagerError, fail_to_put_the_new_one_in_place),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, stop)
            with pytest.raises(error):
                export(warehouse, out)
        assert _files(out) == before, name
        assert [path.name for path in tmp_path.iterdir()] == ["export"], name


def test_what_a_killed_export_left_behind_is_put_back(warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "export"
    export(warehouse, out, ["csv"])
    before = _files(out)
    left = tmp_path / ".export-killed_1"
    left.mkdir()
    somebody_elses = tmp_path / ".export-somebody"
    somebody_elses.mkdir()
    (somebody_elses / "fil").write_text("x")
    out.rename(left / "old")
    monkeypatch.setattr(publish.products.folder.os, "fsync", _stop)
    with pytest.raises(KeyboardInterrupt):
        export(warehouse, out)
    assert _files(out) == before
    assert not left.exists()
    assert (somebody_elses / "fil").exists()


def test_an_export_of_a_warehouse_that_is_replaced_meanwhile_is_refused(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kommunlager.duckdb"
    path.write_bytes(warehouse.read_bytes())

    def replace(*arguments: Any) -> bytes:
        path.write_bytes(warehouse.read_bytes() + b"x")
        return csv_bytes(*arguments)

    monkeypatch.setattr(publish.products.export, "csv_bytes", replace)
    with pytest.raises(KommunlagerError, match="was replaced while it was read"):
        export(path, tmp_path / "export", ["csv"])
    assert not (tmp_path / "export").exists()


def test_a_folder_with_other_files_is_never_replaced(warehouse: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "dokument"
    foreign.mkdir()
    (foreign / "viktigt.txt").write_text("x")
    with pytest.raises(KommunlagerError, match="holds files, but is no kommunlager export"):
        export(warehouse, foreign)
    own = tmp_path / "export"
    export(warehouse, own, ["csv"])
    (own / "csv" / "anteckning.txt").write_text("x")
    with pytest.raises(KommunlagerError, match=r"'csv/anteckning\.txt' is not of the kommunlager export"):
        export(warehouse, own)
    (tmp_path / "fil").write_text("x")
    with pytest.raises(KommunlagerError, match="is a file"):
        export(warehouse, tmp_path / "fil")
    assert [path.name for path in foreign.iterdir()] == ["viktigt.txt"]
    assert (own / "csv" / "anteckning.txt").exists()


def test_a_warehouse_without_marts_is_told(tmp_path: Path, run: Run) -> None:
    duckdb.connect(tmp_path / "empty.duckdb").close()
    for command in (["export"], ["docs"], ["trace", "coverage"]):
        result = run(*command, "--database", tmp_path / "empty.duckdb")
        assert result.returncode == 1
        assert "holds no marts" in result.stderr
        assert "kommunlager build" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["empty.duckdb"]


# -- Parquet ---------------------------------------------------------------------------------------------------------------


def test_parquet_is_exact_and_described(warehouse: Path, exported: Path) -> None:
    with duckdb.connect(warehouse, read_only=True) as connection:
        rows = connection.execute("from marts.fct_cost order by all").fetchall()
    table = parquet.read_table(exported / "parquet" / "fct_cost.parquet")
    found = [tuple(row.values()) for row in table.to_pylist()]
    assert found == rows
    schema = table.schema
    assert schema.field("cost_sek").type == pyarrow.decimal128(18, 2)
    assert schema.field("big").type == pyarrow.decimal128(38, 0)
    assert schema.field("exact").type == pyarrow.decimal128(38, 4)
    assert schema.field("cell_ids").type == pyarrow.list_(pyarrow.string())
    assert schema.field("cost_sek").metadata == {b"description": b"Cost, negative. Unit: SEK.", b"unit": b"SEK"}
    assert schema.metadata[b"description"] == b"What things cost."


# -- CSV -------------------------------------------------------------------------------------------------------------------


def test_csv_keeps_numbers_and_marks_formulas(exported: Path) -> None:
    text = (exported / "csv" / "fct_cost.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline="")))
    assert [row["year"] for row in rows] == ["2023", "2024", "2025"]
    assert [row["cost_sek"] for row in rows] == ["", "-1200000.00", "0.50"]
    assert [row["value_text"] for row in rows] == ["-", "'=1+1", "-15%"]
    assert rows[1]["big"] == "170141183460469231731"
    assert rows[1]["cell_ids"] == f"{DOCUMENT}/1/1/1 {DOCUMENT}/1/2/1"
    assert rows[1]["exact"] == "1234567890123456789012345678.1234"
    assert (rows[1]["is_latest"], rows[1]["period_end"]) == ("true", "2024-12-31")
    assert (exported / "csv" / "coverage.csv").read_text(encoding="utf-8-sig") == '"municipalities"\n"Provby; Upplands Väsby"\n'


def test_null_and_an_empty_text_stay_apart_in_csv(exported: Path) -> None:
    data = csv_bytes([Column("a", "VARCHAR", ""), Column("b", "VARCHAR", ""), Column("c", "VARCHAR[]", "")], [("", None, [])])
    assert data.decode("utf-8-sig") == '"a","b","c"\r\n"",,""\r\n'
    with duckdb.connect() as connection:
        path = exported / "csv" / "fct_cost.csv"
        query = "select cost_sek, value_text from read_csv(?) where year = 2023"
        assert connection.execute(query, [str(path)]).fetchall() == [(None, "-")]


@pytest.mark.parametrize(
    "text",
    [
        "-158 695",
        "-158\u00a0695",
        "-15%",
        "-4,1%",
        "-1 200,5",
        "-",
        "--",
        "+ -",
        "+5",
        "2024",
        "Utfall; -5 %",
        "a, b - c",
        "x\ny",
        "",
    ],
)
def test_printed_numbers_dashes_and_ordinary_texts_are_not_touched(text: str) -> None:
    assert guarded(text) == text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("-2+3", "'-2+3"),
        ("-5,A1", "'-5,A1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (" =1", " '=1"),
        ("\t5", "'\t5"),
        ("\r5", "'\r5"),
        ("\uff1d1", "'\uff1d1"),
        ("+/- 0,5", "'+/- 0,5"),
        ("x;=A1", "x;'=A1"),
        ('x, ""=A1', 'x, ""\'=A1'),
        ("x\n@A1", "x\n'@A1"),
    ],
)
def test_what_a_spreadsheet_would_run_is_marked(text: str, safe: str) -> None:
    assert guarded(text) == safe


TEXTS = st.text(st.sampled_from(list("=+-@,;|\t\r\n \"'%.1A(!\u00a0\uff1då")), max_size=12) | st.text(max_size=20)
SAFE_BEGINNING = re.compile(r'[-+]? ?\d[\d \u00a0\u202f.,]*%?"|[-+ ]+"')


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(st.tuples(st.integers(-9, 9), TEXTS, TEXTS, st.none() | TEXTS), max_size=4))
@example([(1, "x", ";=1", None)])
@example([(1, '"=1', ",\t-1+1", None)])
def test_no_text_begins_a_formula_wherever_a_spreadsheet_parts_the_fields(rows: list[tuple[int, str, str, str | None]]) -> None:
    columns = [Column("n", "INTEGER", ""), *(Column(name, "VARCHAR", "") for name in "abc")]
    # No number in front: it is no text, and may be negative.
    data = csv_bytes(columns[1:], [row[1:] for row in rows]).decode("utf-8-sig")
    for separators in ("[,\r\n]", "[;\r\n]", "[\t\r\n]", "[|\r\n]", "[,;|\t\r\n]"):
        for field in re.split(separators, data):
            begun = field.lstrip().lstrip('" \t\xa0\x0b\x0c\x1c\x1d\x1e\x1f\x85')
            if begun[:1] in tuple("=+-@\uff1d\uff0b\uff0d\uff20"):
                assert SAFE_BEGINNING.match(begun) or SAFE_BEGINNING.match(begun + '"'), (field, data)
    # And every program that reads CSV gets the same fields.
    read = list(csv.reader(io.StringIO(data, newline="")))[1:]
    assert read == [[guarded(a), guarded(b), "" if c is None else guarded(c)] for _, a, b, c in rows]


@given(TEXTS)
def test_marking_adds_apostrophes_and_nothing_else_and_only_once(text: str) -> None:
    safe = guarded(text)
    assert guarded(safe) == safe
    assert safe.replace("'", "") == text.replace("'", "")


# -- the workbook ----------------------------------------------------------------------------------------------------------


def test_the_workbook_has_heads_with_units_formats_types_and_sources(exported: Path) -> None:
    book = load_workbook(exported / "kommunlager.xlsx")
    assert book.sheetnames[:4] == [README_SHEET, SOURCES_SHEET, COLUMNS_SHEET, TITLES["coverage"]]
    assert set(book.sheetnames[3:]) == {TITLES.get(name, name) for name in MARTS}
    sheet = book["fct_cost"]
    heads = [cell.value for cell in sheet[1]]
    assert heads[3:5] == ["cost_sek (SEK)", "share_percent (percent of all)"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:M4"
    row = dict(zip(heads, sheet[3], strict=True))
    assert (row["year"].value, row["year"].number_format) == (2024, "0")
    assert (row["cost_sek (SEK)"].value, row["cost_sek (SEK)"].number_format) == (-1200000, "#,##0.00")
    assert (row["share_percent (percent of all)"].value, row["share_percent (percent of all)"].number_format) == (
        12.5,
        "#,##0.00##",
    )
    assert (row["days (days)"].value, row["days (days)"].number_format) == (1234, "#,##0")
    assert (row["period_end"].value, row["period_end"].number_format) == (datetime(2024, 12, 31), "yyyy-mm-dd")
    assert row["is_latest"].value is True
    assert row["municipality_code"].value == "0188"
    assert row["big"].value == "170141183460469231731"  # more digits than a spreadsheet keeps
    assert row["exact"].value == "1234567890123456789012345678.1234"
    assert (row["value_text"].value, row["value_text"].data_type, row["value_text"].quotePrefix) == ("=1+1", "s", True)
    assert row["cell_ids"].value == f"{DOCUMENT}/1/1/1 {DOCUMENT}/1/2/1"
    assert 9 <= sheet.column_dimensions["L"].width <= 60
    said = "\n".join(str(cell.value) for row_ in book[README_SHEET].iter_rows() for cell in row_ if cell.value is not None)
    assert "byggt 2026-01-02 03:04 UTC" in said
    assert "marts.fct_cost" in said
    linked = {cell.hyperlink.location for row_ in book[README_SHEET].iter_rows() for cell in row_ if cell.hyperlink}
    assert linked == {f"'{title}'!A1" for title in book.sheetnames[3:]}
    assert [cell.value for cell in book[SOURCES_SHEET][2]][:4] == [DOCUMENT, "Provby", "Socialnämnden", "Berättelse 2024"]
    assert book[SOURCES_SHEET][2][-1].value == "0" * 64
    described = {(row_[1].value, row_[2].value): row_[4].value for row_ in book[COLUMNS_SHEET].iter_rows(min_row=2)}
    assert described["marts.fct_cost", "cost_sek"] == "SEK"


def _mart(name: str, *types: str) -> Mart:
    return Mart(name, "", tuple(Column(f"c{n}", kind, "") for n, kind in enumerate(types)), 0)


@settings(deadline=None, max_examples=30)
@given(st.lists(TEXTS, min_size=1, max_size=5))
@example(["=1+1", "#N/A", "\x00x", "'5", "2024-01-01", "TRUE"])
def test_every_text_is_a_text_in_the_workbook(texts: list[str]) -> None:
    mart = _mart("m", "VARCHAR")
    data = workbook_bytes([mart], {"m": [(text,) for text in texts]}, [], None)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert not any(b"<f>" in archive.read(name) for name in archive.namelist() if "worksheets/" in name)
    sheet = load_workbook(io.BytesIO(data))["m"]
    for number, text in enumerate(texts, 2):
        cell = sheet.cell(number, 1)
        assert cell.data_type == "s" or text == ""
        if text.isprintable() and text:
            assert cell.value == text
        if text.lstrip()[:1] in tuple("=+-@"):
            assert cell.quotePrefix


@settings(deadline=None, max_examples=30)
@given(st.decimals(allow_nan=False, allow_infinity=False, places=4) | st.integers())
def test_a_number_in_the_workbook_loses_no_digit(number: Decimal | int) -> None:
    data = workbook_bytes([_mart("m", "DECIMAL(38,4)")], {"m": [(number,)]}, [], None)
    value = load_workbook(io.BytesIO(data))["m"].cell(2, 1).value
    assert Decimal(str(value)) == number


def test_a_text_longer_than_a_cell_is_refused_not_cut() -> None:
    with pytest.raises(KommunlagerError, match=r"marts\.m, column c0: a text of 32,768 characters"):
        workbook_bytes([_mart("m", "VARCHAR")], {"m": [("x" * (MAX_TEXT + 1),)]}, [], None)


@given(st.lists(st.text(min_size=1, max_size=50) | st.sampled_from(sorted(TITLES)), unique=True, max_size=8))
def test_sheet_titles_are_such_as_excel_takes(names: list[str]) -> None:
    titles = sheet_titles(names)
    assert set(titles) == set(names)
    assert len({title.lower() for title in titles.values()}) == len(names)
    assert all(0 < len(title) <= MAX_TITLE and not set(title) & set("[]:*?/\\'") for title in titles.values())


def test_the_titles_of_all_sheets_differ_and_fit() -> None:
    assert list(sheet_titles(list(TITLES)).values()) == list(TITLES.values())


def test_dates_and_lists_of_a_mart_reach_the_workbook() -> None:
    mart = _mart("m", "DATE", "VARCHAR[]")
    data = workbook_bytes([mart], {"m": [(date(2024, 2, 29), ["a", "b"]), (None, None)]}, [], None)
    sheet = load_workbook(io.BytesIO(data))["m"]
    assert [cell.value for cell in sheet[2]] == [datetime(2024, 2, 29), "a b"]
    assert [cell.value for cell in sheet[3]] == [None, None]
