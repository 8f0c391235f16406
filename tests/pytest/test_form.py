"""Forms: what goes in comes out, every mistake is named with its cell, and a hostile file is refused before it costs anything."""

from __future__ import annotations

import csv
import json
import os
import re
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from click.testing import CliRunner, Result
from conftest import Run
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from synthetic import extraction

from ingest.errors import FormError
from ingest.forms import form_files
from ingest.forms.form import LAYOUT, SHEETS
from ingest.forms.form_files import is_form, read_form, write_csv_template, write_template
from ingest.loading.store import EXTRACTED_DIR, extracted_folders, read_extraction
from ingest.model import Extraction
from ingest.source.characters import strange_character
from publish.cli import main

Rows = dict[str, list[dict[str, Any]]]


def form_rows(source: Extraction) -> Rows:
    """An extraction as the rows of a form, every column filled in."""
    parts = {"dokument": [source.document], "tabeller": source.tables, "kolumner": source.columns, "celler": source.cells}
    return {
        name: [{field.name: getattr(row, field.name) for field in spec.fields} for row in parts[name]]
        for name, spec in SHEETS.items()
    }


def write_workbook(rows: Rows, path: Path) -> Path:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, sheet_rows in rows.items():
        sheet = book.create_sheet(name)
        heads = list(dict.fromkeys(key for row in sheet_rows for key in row)) or [f.name for f in SHEETS[name].fields]
        sheet.append(heads)
        for number, row in enumerate(sheet_rows, 2):
            for column, head in enumerate(heads, 1):
                cell = sheet.cell(number, column, row.get(head))
                if cell.data_type == "f" and not str(row[head]).startswith("=FORMULA"):
                    cell.data_type = "s"
    book.save(path)
    return path


def write_folder(rows: Rows, folder: Path, delimiter: str = ";", encoding: str = "utf-8-sig") -> Path:
    folder.mkdir()
    for name, sheet_rows in rows.items():
        with (folder / f"{name}.csv").open("w", encoding=encoding, newline="") as file:
            writer = csv.DictWriter(file, [f.name for f in SHEETS[name].fields], delimiter=delimiter)
            writer.writeheader()
            writer.writerows(sheet_rows)
    return folder


def expected(source: Extraction, read: Extraction) -> Extraction:
    """What the form gives back: all but what it does not carry."""
    document = replace(source.document, layout=LAYOUT, source_sha256=read.document.source_sha256)
    cells = [c._replace(method="printed") for c in source.cells]
    return Extraction(document, source.tables, source.columns, cells, [], [], [])


@pytest.fixture
def rows() -> Rows:
    """A form without mistakes: a made-up report with one table of money."""
    found = form_rows(extraction())
    found["tabeller"].pop()
    found["kolumner"].pop()
    return found


# -- what goes in comes out ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", [None, *extracted_folders()], ids=lambda f: f.name[:12] if f else "made up")
def test_an_extraction_survives_both_forms(folder: Path | None, tmp_path: Path) -> None:
    source = read_extraction(folder) if folder else extraction()
    book = read_form(write_workbook(form_rows(source), tmp_path / "f.xlsx"))
    assert book == expected(source, book)
    for number, delimiter in enumerate(";,\t"):
        folder = write_folder(form_rows(source), tmp_path / str(number), delimiter)
        assert is_form(folder)
        assert read_form(folder) == expected(source, read_form(folder))


def test_a_workbook_as_excel_writes_it_with_shared_texts(rows: Rows, tmp_path: Path) -> None:
    source = read_form(write_workbook(rows, tmp_path / "f.xlsx"))
    strings: list[bytes] = []

    def share(name: str, data: bytes) -> bytes:
        def refer(match: re.Match[bytes]) -> bytes:
            strings.append(match[2])
            return match[1] + b't="s"><v>%d</v></c>' % (len(strings) - 1)

        if name == "[Content_Types].xml":
            kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
            part = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%s"/></Types>' % kind
            return data if kind in data else data.replace(b"</Types>", part)
        return re.sub(rb'(<c [^>]*?)t="inlineStr"><is>(.*?)</is></c>', refer, data)

    repack(tmp_path / "f.xlsx", share)
    assert len(strings) > 50
    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    table = b'<sst xmlns="%s">' % main + b"".join(b"<si>%s</si>" % text for text in strings) + b"</sst>"
    read = read_form(repack(tmp_path / "f.xlsx", same, {"xl/sharedStrings.xml": table}))
    assert (read.cells, read.columns, read.tables) == (source.cells, source.columns, source.tables)


def test_what_is_left_out_is_filled_in(rows: Rows, tmp_path: Path) -> None:
    source = read_form(write_workbook(rows, tmp_path / "full.xlsx"))
    for row in rows["celler"]:
        for name in ("value", "unit", "measure", "scenario", "period_start", "period_end"):
            row[name] = None
    for row in rows["tabeller"]:
        row.update(last_line=None)
    read = read_form(write_workbook(rows, tmp_path / "short.xlsx"))
    assert read.cells == source.cells
    assert [(t.first_line, t.last_line) for t in read.tables] == [(10, 12)]


def test_without_lines_the_rows_of_the_form_stand_for_them(rows: Rows, tmp_path: Path) -> None:
    for row in (*rows["celler"], *rows["tabeller"], *rows["dokument"]):
        row.update({name: None for name in ("line_no", "first_line", "last_line", "line_count") if name in row})
    read = read_form(write_workbook(rows, tmp_path / "f.xlsx"))
    assert [cell.line_no for cell in read.cells] == [2, 3, 4, 5]
    assert (read.tables[0].first_line, read.tables[0].last_line, read.document.line_count) == (2, 5, 5)


def test_rows_in_any_order_and_empty_ones(rows: Rows, tmp_path: Path) -> None:
    source = read_form(write_workbook(rows, tmp_path / "a.xlsx"))
    rows["celler"] = [rows["celler"][2], {}, rows["celler"][0], {}, *rows["celler"][1::2]]
    rows["kolumner"].reverse()
    read = read_form(write_workbook(rows, tmp_path / "b.xlsx"))
    assert (read.cells, read.columns) == (source.cells, source.columns)


def test_spaces_and_minus_signs_of_other_programs(rows: Rows, tmp_path: Path) -> None:
    rows["celler"][0].update(value_text=" \u22121\u00a0234 ", value=None, row_label='Rad 1, med a\u030a, "a\u0308" och  o\u0308')
    read = read_form(write_workbook(rows, tmp_path / "f.xlsx"))
    assert (read.cells[0].value_text, read.cells[0].value) == ("-1 234", Decimal(-1234))
    assert read.cells[0].row_label == read.cells[1].row_label


def test_dates_and_numbers_of_a_spreadsheet(rows: Rows, tmp_path: Path) -> None:
    rows["celler"][1].update(value=-1200.5, line_no=11.0)
    rows["dokument"][0].update(period_start=date(2024, 1, 1), fiscal_year="2024")
    assert read_form(write_workbook(rows, tmp_path / "f.xlsx")).cells[1].value == Decimal("-1200.5")


printed = st.tuples(st.sampled_from(["", "-"]), st.integers(0, 10**9), st.integers(0, 9999), st.integers(0, 4))
words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12)
texts = st.lists(words, min_size=1, max_size=4).map(" ".join)
accepted = texts.filter(lambda text: strange_character(text) is None)
no_figures = accepted.filter(lambda text: not re.search(r"\d", text))


@settings(max_examples=40, deadline=None)
@given(
    numbers=st.lists(printed, min_size=1, max_size=8), label=accepted, comment=accepted.filter(lambda t: not re.search(r"\d", t))
)
def test_any_number_and_text_comes_back(numbers: list[tuple[str, int, int, int]], label: str, comment: str) -> None:
    rows = form_rows(extraction())
    rows["tabeller"].pop(), rows["kolumner"].pop()
    rows["celler"] = []
    values = []
    for row_no, (sign, whole, part, places) in enumerate(numbers, 1):
        decimals = f",{part:04}"[: places + 1] if places else ""
        facts = {"table_no": 1, "row_no": row_no, "row_label": label, "column_no": 1, "line_no": 11}
        rows["celler"].append({**facts, "value_text": f"{sign}{whole:,}".replace(",", " ") + decimals})
        values.append(Decimal(f"{sign}{whole}{decimals.replace(',', '.')}"))
    rows["celler"].append({**facts, "column_no": 2, "value_text": comment, "unit": "text"})
    rows["celler"][-1]["row_label"] = rows["celler"][-2]["row_label"]
    with tempfile.TemporaryDirectory() as folder:
        book = read_form(write_workbook(rows, Path(folder) / "f.xlsx"))
        files = read_form(write_folder(rows, Path(folder) / "f"))
    assert book.cells == files.cells
    assert [cell.value for cell in book.cells] == [*values, None]
    again = form_rows(book)
    with tempfile.TemporaryDirectory() as folder:
        assert read_form(write_workbook(again, Path(folder) / "f.xlsx")).cells == book.cells


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(SHEETS)), st.integers(0, 3), st.integers(0, 12), texts | st.integers() | st.floats() | st.dates()
        )
    )
)
def test_whatever_is_entered_is_taken_or_told(changes: list[tuple[str, int, int, object]]) -> None:
    rows = form_rows(extraction())
    for name, row, column, value in changes:
        heads = [f.name for f in SHEETS[name].fields]
        rows[name][row % len(rows[name])][heads[column % len(heads)]] = value
    with tempfile.TemporaryDirectory() as folder:
        for path in (write_workbook(rows, Path(folder) / "f.xlsx"), write_folder(rows, Path(folder) / "f")):
            told = read_or_told(path)
            assert told == "" or "What to do" in told


# -- templates -------------------------------------------------------------------------------------------------------------


def test_the_template_explains_every_column_and_reads_as_empty(tmp_path: Path) -> None:
    out = tmp_path / "form.xlsx"
    write_template(out)
    book = load_workbook(out)
    assert book.sheetnames == ["läs mig", *SHEETS]
    told = {(row[0], row[1]) for row in book["läs mig"].iter_rows(values_only=True)}
    for name, spec in SHEETS.items():
        assert [cell.value for cell in book[name][1]] == [field.name for field in spec.fields]
        assert {(name, field.name) for field in spec.fields} <= told
        assert {field.name for field in spec.fields} <= set(get_type_hints(spec.row_type))
    with pytest.raises(FormError) as raised:
        read_form(out)
    assert str(raised.value).startswith(f"{out}: 4 problems in the form; nothing was written.\n  sheet 'dokument': it has no row")
    assert "sheet 'celler': it has no row below the heads. Enter one row per printed cell." in str(raised.value)


def test_the_template_as_csv(tmp_path: Path) -> None:
    out = tmp_path / "form"
    write_csv_template(out)
    assert sorted(p.name for p in out.iterdir()) == ["celler.csv", "dokument.csv", "kolumner.csv", "las-mig.txt", "tabeller.csv"]
    assert (out / "tabeller.csv").read_bytes().startswith(b"\xef\xbb\xbftable_no;table_key;")
    with pytest.raises(FormError, match=r"celler\.csv: it has no row below the heads"):
        read_form(out)


@pytest.mark.parametrize("arguments", [["form.xlsx"], ["form", "--csv"]])
def test_a_template_overwrites_nothing(arguments: list[str], tmp_path: Path) -> None:
    arguments = ["template", str(tmp_path / arguments[0]), *arguments[1:]]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    again = CliRunner().invoke(main, arguments)
    assert again.exit_code == 1
    assert "it exists already" in again.stderr


def test_the_examples_of_the_template_are_a_form(tmp_path: Path) -> None:
    rows = {name: [{field.name: field.example for field in spec.fields}] for name, spec in SHEETS.items()}
    read = read_form(write_workbook(rows, tmp_path / "f.xlsx"))
    assert (read.cells[0].value, read.cells[0].line_no, read.document.municipality_code) == (Decimal("-1234.5"), 212, "0188")


# -- every mistake is named ------------------------------------------------------------------------------------------------


def _set(sheet: str, row: int, **values: object) -> Callable[[Rows], None]:
    return lambda rows: rows[sheet][row].update(values)


MISTAKES: list[tuple[Callable[[Rows], object], str]] = [
    (_set("celler", 0, value_text=None), "sheet 'celler', row 2, column 'value_text' (E2): is empty"),
    (_set("celler", 0, value_text=-1234), "row 2, column 'value_text' (E2): holds a number, not text"),
    (_set("celler", 0, row_label=date(2024, 1, 1)), "row 2, column 'row_label' (C2): holds a date, not text"),
    (_set("celler", 0, value="tolv"), "row 2, column 'value' (F2): 'tolv' is no number"),
    (_set("celler", 0, value=-1235), "row 2, column 'value' (F2): is -1235, but '-1 234' is printed"),
    (_set("celler", 2, value=5), "row 4, column 'value' (F4): is 5, but '-' (tkr) is no number"),
    (_set("celler", 0, value_text="1.234", value=None), "column 'value' (F2): is empty, and '1.234' can be read in several ways"),
    (_set("celler", 0, value="0,12345"), "column 'value' (F2): '0,12345' has more than 14 digits before or 4 after"),
    (_set("celler", 0, value_text="1" * 15, value=None), "has more than 14 digits before"),
    (_set("celler", 0, value_text="ord " * 60, unit="text", value=None), "has 239 characters, 200 are allowed"),
    (_set("celler", 0, value="=FORMULA(A1)"), "row 2, column 'value' (F2): holds a formula"),
    (_set("celler", 0, value="#N/A"), "row 2, column 'value' (F2): holds an error value"),
    (_set("celler", 0, unit="kkr"), "column 'unit' (G2): 'kkr' is not one of tkr, mnkr"),
    (_set("celler", 0, page_no=0), "column 'page_no' (I2): is 0. Enter a whole number from 1"),
    (_set("celler", 0, line_no=11.5), "column 'line_no' (H2): 11.5 is no whole number"),
    (_set("celler", 0, line_no=None), "row 2, column 'line_no' (H2): is empty, but other cells have a line"),
    (_set("celler", 0, line_no=50), "column 'line_no' (H2): line 50 is outside the table's lines 10..14"),
    (_set("celler", 0, table_no=3), "column 'table_no' (A2): 'tabeller' has no table_no 3"),
    (_set("celler", 0, column_no=3), "column 'column_no' (D2): 'kolumner' has no table_no 1, column_no 3"),
    (_set("celler", 1, column_no=1), "column 'column_no' (D3): table_no 1, row_no 1, column_no 1 stands in row 2 already"),
    (lambda rows: [r.update(row_no=3) for r in rows["celler"][2:]], "column 'row_no' (B4): is 3, but there is no 2"),
    (_set("celler", 1, row_label="Annan"), "row 3, column 'row_label' (C3): the table's row 1 is called 'Annan' here"),
    (_set("celler", 0, period_end=date(2023, 1, 1)), "column 'period_end' (M2): 2023-01-01 is before period_start 2024-01-01"),
    (_set("celler", 0, anteckning="x"), "sheet 'celler', row 1, column N: 'anteckning' is no column of this sheet"),
    (lambda rows: [r.pop("value_text") for r in rows["celler"]], "sheet 'celler', row 1: lacks the columns value_text"),
    (lambda rows: rows.pop("kolumner"), "kolumner: the sheet is missing"),
    (lambda rows: rows.update(regler=[]) or SHEETS, "sheet 'regler': no part of a form"),
    (lambda rows: rows["celler"].clear(), "sheet 'celler': it has no row below the heads"),
    (lambda rows: rows["dokument"].append(rows["dokument"][0]), "sheet 'dokument', row 3: a form holds one report"),
    (lambda rows: rows["tabeller"].append({**rows["tabeller"][0], "table_no": 2, "first_line": None}), "no cell of table 2"),
    (_set("dokument", 0, municipality_code=188), "column 'municipality_code' (B2): holds a number, not text"),
    (_set("dokument", 0, municipality_code="188"), "column 'municipality_code' (B2): '188' is no code of four digits"),
    (_set("dokument", 0, fiscal_year=24), "column 'fiscal_year' (G2): 24 is no year"),
    (_set("dokument", 0, period_start="1/1 2024"), "column 'period_start' (H2): '1/1 2024' is no date. Write it as YYYY-MM-DD"),
    (_set("dokument", 0, line_count=12), "column 'line_count' (L2): is 12, but line 14 is used"),
    (_set("tabeller", 0, last_line=5), "column 'last_line' (H2): line 5 is before first_line 10"),
    (_set("tabeller", 0, cost_sign=0), "column 'cost_sign' (F2): 0 is not one of -1, 1"),
]


@pytest.mark.parametrize(("mistake", "message"), MISTAKES, ids=[m[-40:] for _, m in MISTAKES])
def test_a_mistake_is_named_with_its_cell(mistake: Callable[[Rows], object], message: str, rows: Rows, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if "regler" in message:
            patch.setitem(SHEETS, "regler", SHEETS["celler"])
        mistake(rows)
        path = write_workbook(rows, tmp_path / "f.xlsx")
    with pytest.raises(FormError) as raised:
        read_form(path)
    assert message in str(raised.value)
    assert "What to do" in str(raised.value)


@pytest.mark.parametrize(
    "document_id",
    [
        "../../etc",
        "a/b",
        "a\\b",
        ".hidden",
        "..",
        "-rf",
        "Provby_2024",
        "på_svenska",
        "a b",
        "a\x00b",
        "a" * 200,
        "con",
        "com1",
        "con:",
        "~a",
        "",
    ],
)
def test_a_document_id_is_a_plain_name(document_id: str, rows: Rows, tmp_path: Path) -> None:
    rows["dokument"][0]["document_id"] = document_id
    out = tmp_path / "out"
    form = write_folder(rows, tmp_path / "f")
    result = CliRunner().invoke(main, ["extract", str(form), "--out", str(out)])
    assert result.exit_code == 1
    assert "dokument.csv, row 2, column 'document_id' (A2): " in result.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["f"]


def test_all_mistakes_are_named_at_once_up_to_fifty(rows: Rows, tmp_path: Path) -> None:
    rows["celler"][0].update(unit="kkr", value="x")
    rows["dokument"][0].update(kind="bok")
    with pytest.raises(FormError, match="3 problems in the form") as raised:
        read_form(write_workbook(rows, tmp_path / "a.xlsx"))
    assert len(str(raised.value).splitlines()) == 5
    rows["celler"] = [{**rows["celler"][0], "row_no": number} for number in range(1, 101)]
    with pytest.raises(FormError, match=r"201 problems") as raised:
        read_form(write_workbook(rows, tmp_path / "b.xlsx"))
    assert "\n  ... and 151 more\n" in str(raised.value)
    assert len(str(raised.value).splitlines()) == 53


def test_csv_mistakes_name_file_row_and_column(rows: Rows, tmp_path: Path) -> None:
    rows["celler"][1]["unit"] = "kkr"
    with pytest.raises(FormError, match=re.escape("celler.csv, row 3, column 'unit' (G3): 'kkr' is not one of")):
        read_form(write_folder(rows, tmp_path / "f"))


def test_csv_of_another_encoding_is_told(rows: Rows, tmp_path: Path) -> None:
    with pytest.raises(FormError, match=r"celler\.csv, line 2: it is not UTF-8 text(.|\n)*CSV UTF-8"):
        read_form(write_folder(rows, tmp_path / "f", encoding="cp1252"))


# -- the commands ----------------------------------------------------------------------------------------------------------


def _extract(form: Path, out: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["extract", str(form), "--out", str(out), *options])


def test_extract_and_load_take_a_form_through_the_same_gate(rows: Rows, tmp_path: Path, run: Run) -> None:
    form = write_workbook(rows, tmp_path / "vad som helst.xlsx")
    result = _extract(form, tmp_path / "out", "--json")
    assert json.loads(result.stdout)["documents"] == [
        {"document_id": "provby_namnden_2024", "tables": 1, "cells": 4, "numbers": 3}
    ]
    assert read_extraction(tmp_path / "out" / "provby_namnden_2024") == read_form(form)
    assert _extract(form, tmp_path / "out", "--check").exit_code == 0
    from_folder = run("load", "--extracted", tmp_path / "out", "--database", tmp_path / "k.duckdb")
    assert (from_folder.returncode, from_folder.stderr) == (0, "")
    # The form itself is the same data: nothing changes.
    again = run("load", "--json", form, "--database", tmp_path / "k.duckdb")
    assert json.loads(again.stdout)["documents"][0]["changed"] is False
    both = run("load", form, tmp_path / "out" / "provby_namnden_2024", "--database", tmp_path / "k.duckdb")
    assert "both hold document 'provby_namnden_2024'" in both.stderr


def test_a_wrong_form_leaves_everything_as_it_was(rows: Rows, tmp_path: Path) -> None:
    good = write_workbook(rows, tmp_path / "good.xlsx")
    rows["celler"][0]["value"] = "x"
    wrong = write_workbook(rows, tmp_path / "wrong.xlsx")
    out = tmp_path / "out"
    result = CliRunner().invoke(main, ["extract", str(good), str(wrong), "--out", str(out)])
    assert (result.exit_code, out.exists()) == (1, False)
    assert "Traceback" not in result.stderr


def test_a_form_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "no such file" in _extract(tmp_path / "f.xlsx", tmp_path / "out").stderr


def test_extracted_folders_are_no_forms() -> None:
    assert not any(is_form(folder) for folder in EXTRACTED_DIR.iterdir())


# -- hostile files ---------------------------------------------------------------------------------------------------------


def repack(
    path: Path, change: Callable[[str, bytes], bytes], extra: dict[str, bytes] | None = None, stored: bool = False
) -> Path:
    """Rewrite a workbook's parts, perhaps with more of them, perhaps not compressed."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: change(name, archive.read(name)) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**parts, **(extra or {})}.items():
            archive.writestr(name, data)
    return path


def read_or_told(path: Path) -> str:
    """'' where a form is taken, else the message; anything but a FormError fails the test."""
    try:
        read_form(path)
    except FormError as error:
        return str(error)
    return ""


def same(_: str, data: bytes) -> bytes:
    return data


def in_sheets(old: bytes, new: bytes) -> Callable[[str, bytes], bytes]:
    """Replace in the sheet of cells (the fourth)."""
    return lambda name, data: data.replace(old, new, 1) if name.endswith("sheet4.xml") else data


DTD = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
EXTERNAL = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'

HOSTILE: dict[str, tuple[Callable[[Path], object], str]] = {
    "zip bomb": (lambda p: repack(p, same, {"xl/media/a.png": bytes(30 * 10**6)}), "zip bomb"),
    "many small bombs": (
        lambda p: repack(p, same, {f"xl/media/{n}.png": os.urandom(2500) * 400 for n in range(250)}),
        "zip bomb",
    ),
    "many parts": (lambda p: repack(p, same, {f"xl/media/{n}.png": b"" for n in range(600)}), "too many entries"),
    "macro": (lambda p: repack(p, same, {"xl/vbaProject.bin": b"x"}), "holds macros"),
    "macro type": (
        lambda p: repack(p, lambda n, d: d.replace(b"sheet.main+xml", b"sheet.macroEnabled.main+xml")),
        "holds macros",
    ),
    "link": (lambda p: repack(p, same, {"xl/externalLinks/externalLink1.xml": b"<a/>"}), "links to other workbooks"),
    "connection": (lambda p: repack(p, same, {"xl/connections.xml": b"<a/>"}), "connections to databases"),
    "embedded": (lambda p: repack(p, same, {"xl/embeddings/oleObject1.bin": b"x"}), "embedded files"),
    "part outside": (lambda p: repack(p, same, {"../../a.xml": b"<a/>"}), "leads out of the workbook"),
    "part at the root": (lambda p: repack(p, same, {"/etc/a.xml": b"<a/>"}), "leads out of the workbook"),
    "other part": (lambda p: repack(p, same, {"xl/run.exe": b"x"}), "no part of a form"),
    "entities": (lambda p: repack(p, in_sheets(b"<worksheet", DTD + b"<worksheet")), "document type or entities"),
    "external entity": (lambda p: repack(p, in_sheets(b"<worksheet", EXTERNAL + b"<worksheet")), "document type or entities"),
    "utf-16 entities": (
        lambda p: repack(p, lambda n, d: (DTD.decode() + d.decode()).encode("utf-16") if n.endswith("sheet4.xml") else d),
        "document type or entities",
    ),
    "sheet elsewhere": (
        lambda p: repack(p, lambda n, d: d.replace(b"/xl/worksheets/sheet4.xml", b"file:///etc/passwd") if "rels" in n else d),
        "not in the workbook",
    ),
    "sheet as picture": (
        lambda p: repack(p, lambda n, d: d.replace(b"/xl/worksheets/sheet4.xml", b"/xl/media/a.png") if "rels" in n else d),
        "not in the workbook",
    ),
    "rows": (
        lambda p: repack(p, in_sheets(b"</sheetData>", b"<row/>" * 200_001 + b"</sheetData>"), stored=True),
        "more than 200,000 rows",
    ),
    "far row": (
        lambda p: repack(p, in_sheets(b"</sheetData>", b'<row r="999999999"><c><v>1</v></c></row></sheetData>')),
        "more than 200,000 rows",
    ),
    "columns": (
        lambda p: repack(p, in_sheets(b"</sheetData>", b"<row>" + b"<c/>" * 65 + b"</row></sheetData>")),
        "more than 64 columns",
    ),
    "far column": (
        lambda p: repack(p, in_sheets(b"</sheetData>", b'<row r="9"><c r="XFD9"><v>1</v></c></row></sheetData>')),
        "more than 64 columns",
    ),
    "cells": (
        lambda p: repack(
            p, in_sheets(b"</sheetData>", (b"<row>" + b"<c/>" * 60 + b"</row>") * 50_001 + b"</sheetData>"), stored=True
        ),
        "more than 3,000,000 cells",
    ),
    "elements": (lambda p: repack(p, in_sheets(b"</sheetData>", b"</sheetData>" + b"<a/>" * 100_001)), "far more than a form"),
    "strings": (
        lambda p: repack(p, same, {"xl/sharedStrings.xml": b"<sst>" + b"<si/>" * 1_000_001 + b"</sst>"}, stored=True),
        "more than 1,000,000 texts",
    ),
    "row that is no number": (
        lambda p: repack(p, in_sheets(b"</sheetData>", b'<row r="a"><c><v>1</v></c></row></sheetData>')),
        "is damaged",
    ),
    "number that is none": (lambda p: repack(p, in_sheets(b"<v>1</v>", b"<v>NaN</v>")), "is damaged|whole number"),
    "broken xml": (lambda p: repack(p, in_sheets(b"</sheetData>", b"")), "is damaged"),
    "no workbook": (lambda p: repack(p, lambda n, d: b"<a/>"), "is damaged"),
    "truncated": (lambda p: p.write_bytes(p.read_bytes()[:2000]), r"no \.xlsx workbook"),
    "no zip": (lambda p: p.write_bytes(b"hej"), r"no \.xlsx workbook"),
    "protected": (lambda p: p.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000)), "remove a password"),
    "empty": (lambda p: p.write_bytes(b""), r"no \.xlsx workbook"),
    "large": (lambda p: p.write_bytes(bytes(20 * 10**6 + 1)), "larger than 20 MB"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_workbook_is_refused_quickly(kind: str, rows: Rows, tmp_path: Path) -> None:
    make, message = HOSTILE[kind]
    path = write_workbook(rows, tmp_path / "f.xlsx")
    make(path)
    start = time.perf_counter()
    result = _extract(path, tmp_path / "out")
    assert time.perf_counter() - start < 20
    assert result.exit_code == 1
    assert re.search(message, result.stderr)
    assert str(path) in result.stderr
    assert "What to do" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_size_that_the_zip_directory_hides_is_never_unpacked(rows: Rows, tmp_path: Path) -> None:
    """The directory says 1,000 bytes, the stream holds 150 MB."""
    path = repack(write_workbook(rows, tmp_path / "f.xlsx"), same, {"xl/theme/theme9.xml": b"<a>" + b" " * 150_000_000})
    data = bytearray(path.read_bytes())
    size = (150_000_003).to_bytes(4, "little")
    while (at := data.find(size)) >= 0:
        data[at : at + 4] = (1000).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(FormError, match=r"theme9\.xml' is damaged|zip bomb"):
        read_form(path)


@pytest.mark.parametrize("ending", [".xlsm", ".xltm", ".xlsb", ".xls", ".XLSM", ".ods"])
def test_other_workbooks_are_refused_by_name(ending: str, rows: Rows, tmp_path: Path) -> None:
    path = write_workbook(rows, tmp_path / "f.xlsx").rename(tmp_path / f"f{ending}")
    with pytest.raises(FormError, match="is not read"):
        read_form(path)


def test_symbolic_links_in_a_folder_are_refused(rows: Rows, tmp_path: Path) -> None:
    folder = write_folder(rows, tmp_path / "f")
    (tmp_path / "secret.csv").write_bytes((folder / "celler.csv").read_bytes())
    (folder / "celler.csv").unlink()
    (folder / "celler.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(FormError, match=r"celler\.csv: is a symbolic link"):
        read_form(folder)


def test_a_workbook_that_is_a_symbolic_link_is_refused(rows: Rows, tmp_path: Path) -> None:
    (tmp_path / "link.xlsx").symlink_to(write_workbook(rows, tmp_path / "f.xlsx"))
    with pytest.raises(FormError, match=r"link\.xlsx: is a symbolic link"):
        read_form(tmp_path / "link.xlsx")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are of Unix")
def test_a_pipe_is_refused_and_not_waited_for(rows: Rows, tmp_path: Path) -> None:
    folder = write_folder(rows, tmp_path / "f")
    (folder / "celler.csv").unlink()
    os.mkfifo(folder / "celler.csv")
    with pytest.raises(FormError, match="no ordinary file"):
        read_form(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\n" + "\n" * 10 + "x\n" * 200_001, "more than 200,000 rows"),
        (";" * 70 + "x\n", "more than 64 columns"),
        ('table_no\n"open', "row 2: it is damaged"),
        ("table_no\n" + "x" * 200_000, "it is damaged"),
        ("table_no\n\x00\n", "control character|damaged|lacks the columns"),
        ("x\n" * (10**7 + 1), "larger than 20 MB"),
        ("", "it is empty"),
    ],
    ids=["rows", "columns", "quote", "field", "nul", "bytes", "empty"],
)
def test_a_hostile_csv_file_is_refused(content: str, message: str, rows: Rows, tmp_path: Path) -> None:
    folder = write_folder(rows, tmp_path / "f")
    (folder / "celler.csv").write_text(content, encoding="utf-8")
    with pytest.raises(FormError, match=message) as raised:
        read_form(folder)
    assert "celler.csv" in str(raised.value)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_workbook_never_ends_in_anything_but_an_error(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write_workbook(form_rows(extraction()), Path(folder) / "f.xlsx")
        part = data.draw(st.sampled_from(zipfile.ZipFile(path).namelist()))
        at, length = data.draw(st.integers(0, 3000)), data.draw(st.integers(0, 40))
        new = data.draw(st.binary(max_size=20) | st.sampled_from([b"<row>", b"</c>", b"&a;", b"<f>1</f>", b'r="Z"', b"-1"]))
        repack(path, lambda name, d: d[:at] + new + d[at + length :] if name == part else d)
        told = read_or_told(path)
        assert told == "" or "What to do" in told


def test_the_largest_form_is_read_in_bounded_time_and_only_to_its_limit(
    rows: Rows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(form_files, "MAX_ROWS", 50)
    facts = rows["celler"][0]
    rows["celler"] = [{**facts, "row_no": number, "row_label": f"Rad {number}"} for number in range(1, 51)]
    assert len(read_form(write_workbook(rows, tmp_path / "a.xlsx")).cells) == 50
    rows["celler"].append({**facts, "row_no": 51})
    with pytest.raises(FormError, match="more than 50 rows"):
        read_form(write_workbook(rows, tmp_path / "b.xlsx"))
    with pytest.raises(FormError, match=r"celler\.csv, row 52: there are more than 50 rows"):
        read_form(write_folder(rows, tmp_path / "c"))
