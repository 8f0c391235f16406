"""Files that are no report, or not the report they seem: each is refused with file, line where there is one, and a remedy."""

from __future__ import annotations

import codecs
import unicodedata
from pathlib import Path

import pytest
from click.testing import CliRunner
from report_writer import Style, write_report

from ingest.errors import ExtractionError, KommunlagerError, ReportError
from ingest.extract import extract_report
from ingest.layout import load_layouts
from ingest.source import text
from publish.cli import main

LAYOUT = next(layout for layout in load_layouts() if layout.text_origin == "native")
WRITTEN = write_report(LAYOUT, 1)
NAME = f"{WRITTEN.document_id}.txt"


def _refused(path: Path) -> str:
    """The message, the same from the function and from the command, which writes nothing and exits 1."""
    with pytest.raises(KommunlagerError) as raised:
        extract_report(path)
    message = str(raised.value)
    assert "What to do: " in message
    assert "Traceback" not in message
    out = path.parent / "out"
    result = CliRunner().invoke(main, ["extract", str(path), "--out", str(out)])
    assert result.exit_code == 1
    assert result.stderr == f"Error: {message}\n"
    assert not out.exists()
    return message


LATIN_1 = WRITTEN.text.replace("–", "-").encode("latin-1", errors="replace")
FIRST_LETTER = next(n for n, line in enumerate(WRITTEN.lines, 1) if any(letter in line for letter in "åäöÅÄÖ"))
CONTENTS = {
    "empty": (b"", "the file is empty", "extract the text from the PDF again"),
    "blank": (b" \n\n \t\n", "the file is empty", "extract the text from the PDF again"),
    "binary": (b"PK\x03\x04\x00\x01\x02\xff" * 50, "the file is binary, not text", "its text (UTF-8)"),
    "latin-1": (LATIN_1, f"line {FIRST_LETTER} is not UTF-8", "iconv -f ISO-8859-1 -t UTF-8"),
    "utf-16": (WRITTEN.text.encode("utf-16"), "the text is UTF-16", "iconv -f UTF-16 -t UTF-8"),
    "utf-16 big-endian": (codecs.BOM_UTF16_BE + WRITTEN.text.encode("utf-16-be"), "the text is UTF-16", "iconv -f UTF-16"),
    "utf-16 without a mark": (WRITTEN.text.encode("utf-16-le"), "the file is binary, not text", "UTF-8"),
    "cut inside a letter": (
        WRITTEN.text[: WRITTEN.text.rindex("å") + 1].encode()[:-1],
        f"line {WRITTEN.text[: WRITTEN.text.rindex('å')].count(chr(10)) + 1} is not UTF-8",
        "save it as UTF-8",
    ),
}  # fmt: skip


@pytest.mark.parametrize("content", CONTENTS)
def test_a_file_that_is_no_utf8_text_is_refused(content: str, tmp_path: Path) -> None:
    data, problem, remedy = CONTENTS[content]
    path = tmp_path / NAME
    path.write_bytes(data)
    message = _refused(path)
    assert message.startswith(f"{path}: ")
    assert problem in message
    assert remedy in message


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    assert "no such file" in _refused(tmp_path / NAME)


def test_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    assert "is a folder, not a file" in _refused(tmp_path / NAME)


def test_a_file_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "MAX_BYTES", 1000)
    path = WRITTEN.save(tmp_path)
    assert "is larger than 0.001 MB" in _refused(path)


def test_a_name_that_no_layout_knows_shows_those_they_know(tmp_path: Path) -> None:
    path = tmp_path / "provby_socialnamnden_arsredovisning_2031.txt"
    path.write_text(WRITTEN.text, encoding="utf-8")
    message = _refused(path)
    assert message.startswith("provby_socialnamnden_arsredovisning_2031: no layout knows a report of this name")
    for layout in load_layouts():
        assert f"{layout.name}: {layout.document_id}" in message


def test_the_name_of_another_report_is_refused(tmp_path: Path) -> None:
    """The text of one kind of report under the name of another: the first table of its layout is missing."""
    for layout in load_layouts():
        if layout is LAYOUT:
            continue
        other = write_report(layout, 1)
        path = tmp_path / f"{other.document_id}.txt"
        path.write_text(WRITTEN.text, encoding="utf-8")
        with pytest.raises(ExtractionError, match=f"^{other.document_id}, table .*the table is missing"):
            extract_report(path)


def test_another_year_than_the_text_speaks_of_is_refused(tmp_path: Path) -> None:
    path = tmp_path / NAME.replace("2031", "2032")
    path.write_text(WRITTEN.text, encoding="utf-8")
    assert "the table is missing" in _refused(path)


@pytest.mark.parametrize("date", ["2031-13", "2031-00", "0000-05", "9999-05"])
def test_a_name_with_a_month_or_year_that_is_none_is_refused(date: str, tmp_path: Path) -> None:
    path = tmp_path / f"alingsas_socialnamnden_delarsbokslut_{date}.txt"
    path.write_text(WRITTEN.text, encoding="utf-8")
    assert f"the name gives year '{date[:4]}' and month '{date[5:]}'" in _refused(path)


def test_a_table_that_is_missing_is_named(tmp_path: Path) -> None:
    layout = next(layout for layout in load_layouts() if layout.name == "norrtalje_plan")
    path = write_report(layout, 1, without=frozenset({"placement_volume"})).save(tmp_path)
    message = _refused(path)
    assert f"{path.stem}, table 'placement_volume': the table is missing: its head 'Volymer, antal Utfall 2029" in message
    assert "if the report changed its table, adapt the layout" in message


def test_a_column_too_many_is_named_with_its_line(tmp_path: Path) -> None:
    layout = next(layout for layout in load_layouts() if layout.name == "norrtalje_plan")
    style = Style(extra_cells=1, without_head_of_column=True, blanks=0, wrap=0, rows=1)
    written = write_report(layout, 1, style, frozenset({"placement_volume"}))
    with pytest.raises(ExtractionError, match=r"line \d+: '.+' inside the table is no row of 5 columns") as raised:
        extract_report(written.save(tmp_path), (written.layout,))
    assert "adapt the layout (columns, stops or skip)" in str(raised.value)


def test_a_report_cut_off_anywhere_is_refused() -> None:
    """Text that ends early lacks a table or a row; only rows of a last table without a last row of its own may be missing."""
    from ingest.extract import extract
    from ingest.source.text import ReportText

    whole = extract(WRITTEN.report(), WRITTEN.layout, WRITTEN.variables)
    last_table = whole.tables[-1].table_no
    last_cell = max(cell.line_no for cell in whole.cells if cell.table_no < last_table or cell.row_no == 1)
    for lines in range(0, last_cell, 7):
        cut = ReportText(WRITTEN.document_id, Path(NAME), WRITTEN.lines[:lines], "0" * 64)
        with pytest.raises(ExtractionError, match="What to do"):
            extract(cut, WRITTEN.layout, WRITTEN.variables)


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
def test_line_endings_and_a_mark_of_utf8_make_no_difference(ending: str, tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(codecs.BOM_UTF8 + WRITTEN.text.replace("\n", ending).encode())
    cells = extract_report(path).cells
    assert cells == extract_report(WRITTEN.save(tmp_path)).cells


def test_letters_in_parts_make_no_difference(tmp_path: Path) -> None:
    """Text from a Mac writes `å` as `a` and a ring."""
    expected = extract_report(WRITTEN.save(tmp_path)).cells
    (tmp_path / NAME).write_text(unicodedata.normalize("NFD", WRITTEN.text), encoding="utf-8")
    assert extract_report(tmp_path / NAME).cells == expected


def test_the_errors_of_a_file_and_of_its_tables_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ReportError):
        extract_report(tmp_path / NAME)
    error = ExtractionError("prov_2031", "prov", None, "it is wrong.", "mend it.")
    assert str(error) == "prov_2031, table 'prov': it is wrong.\n  What to do: mend it."
