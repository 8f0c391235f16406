"""The marts as one formatted Excel workbook: a sheet to begin with, the sources, the columns, and a sheet per mart.

Every text is stored as a text, so that no spreadsheet takes one for a formula, and marked as such (Excel's own quote prefix)
where editing the cell would make it one. A number is a number where a spreadsheet keeps all its digits (15), else a text of
them. The same warehouse gives the same bytes.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ingest.errors import KommunlagerError
from ingest.source.characters import printable
from publish.answers.catalog import Column, Mart, Report
from publish.output import as_text
from publish.products.csv_file import flat, list_separator

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

TITLES = {
    "placement_unit_cost_comparison": "Jämförelse dygnskostnad",
    "placement_price_volume_variance": "Pris och volym, placeringar",
    "budget_comparison": "Jämförelse budget",
    "forecast_revision": "Budget och prognos, ändringar",
    "indicator_comparison": "Jämförelse nyckeltal",
    "coverage": "Vad som publiceras",
    "missing_report": "Rapporter som saknas",
    "fct_placement": "Placeringar",
    "fct_budget_line": "Driftredovisning",
    "fct_investment": "Investeringar",
    "fct_indicator_value": "Nyckeltal",
    "fct_case_statistic": "Ärenden",
    "fct_income_support_month": "Ekonomiskt bistånd, månad",
    "fct_sick_leave": "Sjukfrånvaro",
    "fct_goal_assessment": "Målbedömningar",
    "reconciliation": "Avstämning",
    "reconciliation_coverage": "Avstämda tal",
    "reconciliation_coverage_by_subject": "Avstämda tal per område",
    "reconciliation_suspect": "Avstämning, misstänkta tal",
    "dim_municipality": "Kommuner",
    "dim_document": "Rapporter",
    "dim_placement_type": "Insatstyper",
    "dim_activity": "Driftredovisningens rader",
    "dim_indicator": "Nyckeltalens namn",
    "dim_scenario": "Scenarier",
    "dim_day": "Kalender",
}
"""Sheet titles in the order of the sheets. A mart that is not here comes last, under its own name."""

README_SHEET, SOURCES_SHEET, COLUMNS_SHEET = "Läs mig", "Källor", "Kolumner"
MAX_ROWS = 1_048_576
MAX_TEXT = 32_767
MAX_TITLE = 31
MAX_DIGITS = 15
MIN_WIDTH, MAX_WIDTH = 9, 60
LINE_HEIGHT = 15
"""Points."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_BEGINS_FORMULA = re.compile(r"\s*[=+\-@']")
_WRITTEN_AT = datetime(2000, 1, 1)
"""In the file's properties, where a spreadsheet would put the hour of saving: the same warehouse gives the same bytes."""


def sheet_titles(names: Sequence[str]) -> dict[str, str]:
    """The sheet title of each mart, in the order of the sheets; all differ, in capitals too, and Excel takes them."""
    order = list(TITLES)
    taken = {title.lower() for title in (README_SHEET, SOURCES_SHEET, COLUMNS_SHEET)}
    titles: dict[str, str] = {}
    for name in sorted(names, key=lambda name: (order.index(name) if name in TITLES else len(order), name)):
        base = title = re.sub(r"[\[\]:*?/\\']", " ", TITLES.get(name, name))[:MAX_TITLE]
        number = 1
        while title.lower() in taken:
            number += 1
            title = f"{base[: MAX_TITLE - len(str(number)) - 1]} {number}"
        taken.add(title.lower())
        titles[name] = title
    return titles


def workbook_bytes(
    marts: Sequence[Mart], rows: Mapping[str, Sequence[Sequence[Any]]], reports: Sequence[Report], built_at: datetime | None
) -> bytes:
    """The whole workbook; `rows` are the rows of each mart by its name. KommunlagerError where a sheet cannot hold them."""
    from openpyxl import Workbook

    titles = sheet_titles([mart.name for mart in marts])
    by_name = {mart.name: mart for mart in marts}
    book = Workbook()
    book.properties.creator = "Kommunlager"
    book.properties.created = book.properties.modified = built_at or _WRITTEN_AT
    readme = book.active
    assert readme is not None
    readme.title = README_SHEET
    _write_readme(readme, titles, by_name, reports, built_at)
    _write_sources(book.create_sheet(SOURCES_SHEET), reports)
    _write_columns(book.create_sheet(COLUMNS_SHEET), titles, by_name)
    for name, title in titles.items():
        _write_mart(book.create_sheet(title), by_name[name], rows[name])
    for sheet in book.worksheets:
        sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    return _saved(book)


# -- sheets ----------------------------------------------------------------------------------------------------------------


def _write_readme(
    sheet: Worksheet, titles: Mapping[str, str], marts: Mapping[str, Mart], reports: Sequence[Report], built_at: datetime | None
) -> None:
    from openpyxl.worksheet.hyperlink import Hyperlink

    built = f"{built_at:%Y-%m-%d %H:%M} UTC" if built_at else "okänt"
    lines: list[list[Any]] = [
        ["Kommunlager: kommunernas socialtjänst i siffror"],
        [f"Utdrag ur lagret, byggt {built}. {len(reports)} rapporter, se bladet {SOURCES_SHEET}."],
        [],
        ["Så läser du"],
        ["Pengar är i kronor (SEK). I driftredovisning och budget är intäkter plus, kostnader minus; placeringar kostar plus."],
        [f"Enheten står i kolumnens huvud. Vad varje kolumn betyder står på bladet {COLUMNS_SHEET}."],
        ["Samma uppgift kan stå i flera rapporter. Alla finns kvar; is_latest är SANT på den nyaste utan känt tryckfel."],
        ["Perioden kan vara ett helt år eller en del av det: se period_start och period_end."],
        ["status: reported = priset är tryckt, derived = beräknat av kostnad och dygn, not published = publiceras inte."],
        ["comparability: same = samma definition, near = skillnader som noten nämner, indicative = jämför med försiktighet,"],
        ["one municipality = ingen annan redovisar det: jämför över åren."],
        ["Rapporternas egna fel står kvar som tryckta och nämns på bladet Avstämning."],
        [f"Ett tal med fler än {MAX_DIGITS} siffror står som text, för att Excel inte ska ändra det."],
        [],
        ["Blad", "Tabell i lagret", "Rader", "Innehåll"],
    ]
    head = len(lines)
    for name, title in titles.items():
        mart = marts[name]
        lines.append([title, f"marts.{name}", mart.rows, mart.description_sv or mart.description])
    for line in lines:
        sheet.append([_safe(value) for value in line])
    _bold(sheet, 1, 14)
    _bold(sheet, 4)
    _bold(sheet, head)
    for number, title in enumerate(titles.values(), head + 1):
        cell = sheet.cell(number, 1)
        cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"'{title}'!A1")
        cell.style = "Hyperlink"
        sheet.cell(number, 3).number_format = "#,##0"
    _widths(sheet, [34, 40, 10, 100])
    _one_page_wide(sheet, "D")
    _as_text(sheet)


def _write_sources(sheet: Worksheet, reports: Sequence[Report]) -> None:
    heads = ["Dokument (document_id)", "Kommun", "Nämnd", "Titel", "Slag", "År", "Från", "Till", "Uppgifter till och med"]
    sheet.append([*heads, "Text", "Rader i texten", "SHA-256 för filen som lästes"])
    for report in reports:
        period = [date.fromisoformat(day) for day in (report.period_start, report.period_end, report.as_of)]
        facts = [report.document_id, report.municipality, report.board, report.title, report.kind, report.fiscal_year, *period]
        sheet.append([*map(_safe, facts), report.text_origin, report.line_count, report.source_sha256])
    sheet.append([])
    notes = [
        "Så spårar du ett tal",
        "cell_id (eller cell_ids) i en rad är de tryckta celler talet kommer från: dokument/tabell/rad/kolumn.",
        "kommunlager trace CELL_ID visar tabell, rad och kolumn i rapporten, det tryckta, radens nummer och kontrollerna.",
        "Med --reports MAPP visas också själva raden, om filen är densamma (SHA-256 ovan).",
        "I databasen står samma sak i raw.table_cell.",
    ]
    for note in notes:
        sheet.append([note])
    _heads(sheet)
    _bold(sheet, len(reports) + 3)
    _widths(sheet, [54, 14, 18, 36, 15, 8, 12, 12, 22, 9, 14, 68])
    _one_page_wide(sheet, "")
    _as_text(sheet)


def _write_columns(sheet: Worksheet, titles: Mapping[str, str], marts: Mapping[str, Mart]) -> None:
    sheet.append(["Blad", "Tabell i lagret", "Kolumn", "Typ", "Enhet", "Betydelse", "På engelska, som i databasen"])
    for name, title in titles.items():
        for column in marts[name].columns:
            meaning = [_safe(text) for text in (column.description_sv, column.description)]
            sheet.append([title, f"marts.{name}", column.name, column.type, column.unit_sv or column.unit, *meaning])
    _heads(sheet)
    sheet.auto_filter.ref = sheet.dimensions
    _widths(sheet, [32, 42, 30, 16, 24, 80, 80])
    _one_page_wide(sheet, "FG")
    _as_text(sheet)


def _write_mart(sheet: Worksheet, mart: Mart, rows: Sequence[Sequence[Any]]) -> None:
    from openpyxl.styles import Alignment
    from openpyxl.utils import get_column_letter

    if len(rows) >= MAX_ROWS:
        raise KommunlagerError(
            f"marts.{mart.name}: {len(rows):,} rows are more than a sheet holds.\n  What to do: use --format parquet or csv."
        )
    separators = [list_separator(column, (row[i] for row in rows)) for i, column in enumerate(mart.columns)]
    widths = [len(head) // 2 + 3 for head in map(head_of, mart.columns)]
    for number, head in enumerate(map(head_of, mart.columns), 1):
        sheet.cell(1, number, head).alignment = Alignment(wrap_text=True, vertical="top")
    formats = [_number_format(column) for column in mart.columns]
    for row_no, row in enumerate(rows, 2):
        for index, value in enumerate(row):
            shown = _safe(flat(value, separators[index]), f"marts.{mart.name}, column {mart.columns[index].name}")
            cell = sheet.cell(row_no, index + 1, shown)
            if formats[index] is not None and not isinstance(shown, str):
                cell.number_format = formats[index]
            widths[index] = max(widths[index], len(as_text(shown)) + 2)
    _heads(sheet)
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(mart.columns))}{len(rows) + 1}"
    _widths(sheet, [min(max(width, MIN_WIDTH), MAX_WIDTH) for width in widths])
    _as_text(sheet)


def head_of(column: Column) -> str:
    """The head of a column: its name in the database, and its unit, in Swedish where that is known."""
    unit = column.unit_sv or column.unit
    return f"{column.name} ({unit})" if unit else column.name


# -- cells -----------------------------------------------------------------------------------------------------------------


def _number_format(column: Column) -> str | None:
    """How Excel shows a number or date. Years, numbers of tables and lines are no amounts: no space between thousands."""
    if column.type == "DATE":
        return "yyyy-mm-dd"
    if column.type.startswith("TIMESTAMP"):
        return "yyyy-mm-dd hh:mm:ss"
    decimal = re.fullmatch(r"DECIMAL\(\d+,(\d+)\)", column.type)
    if decimal:
        places = int(decimal[1])
        return "#,##0" + ("." + ("0" * places if places <= 2 else "00" + "#" * (places - 2)) if places else "")
    if column.type.endswith("INT") or column.type == "INTEGER":
        return "#,##0" if column.unit else "0"
    return None


def _safe(value: Any, where: str = "") -> Any:
    """A value as a cell holds it; an error where none can."""
    if isinstance(value, datetime) and value.tzinfo:
        return value.isoformat()
    if value is None or isinstance(value, bool | date | float):
        return value
    if isinstance(value, int | Decimal):
        return value if len(Decimal(value).normalize().as_tuple().digits) <= MAX_DIGITS else as_text(value)
    text = _CONTROL.sub(lambda found: printable(found[0]), str(value))
    if len(text) > MAX_TEXT:
        raise KommunlagerError(
            f"{where}: a text of {len(text):,} characters is longer than a cell holds.\n"
            "  What to do: use --format parquet or csv."
        )
    return text or None


def _as_text(sheet: Worksheet) -> None:
    """Store every text as a text: none is a formula, and none becomes one when somebody edits the cell."""
    for row in sheet.iter_rows():
        for cell in row:
            if isinstance(cell.value, str):
                cell.data_type = "s"
                if _BEGINS_FORMULA.match(cell.value):
                    cell.quotePrefix = True


def _bold(sheet: Worksheet, row_no: int, size: int = 11) -> None:
    from openpyxl.styles import Font

    for cell in sheet[row_no]:
        cell.font = Font(name="Calibri", bold=True, size=size)


def _heads(sheet: Worksheet) -> None:
    """Heads that stand out, stay while one scrolls, and are repeated on every page."""
    from openpyxl.styles import PatternFill

    _bold(sheet, 1)
    for cell in sheet[1]:
        cell.fill = PatternFill("solid", fgColor="E8EEF4")
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"


def _one_page_wide(sheet: Worksheet, wrapped: Sequence[str]) -> None:
    """Printed on the breadth of one page, with the texts of the columns `wrapped` on as many lines as they need."""
    from openpyxl.styles import Alignment

    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    if wrapped:
        for row in sheet.iter_rows():
            for cell in row:
                cell.alignment = Alignment(vertical="top")
    for letter in wrapped:
        width = sheet.column_dimensions[letter].width
        for cell in sheet[letter]:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            # Not every program finds the height by itself when it opens the file.
            lines = -(-len(str(cell.value or "")) // int(width - 2))
            sheet.row_dimensions[cell.row].height = max(sheet.row_dimensions[cell.row].height or 0, LINE_HEIGHT * max(lines, 1))


def _widths(sheet: Worksheet, widths: Sequence[int]) -> None:
    from openpyxl.utils import get_column_letter

    for number, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(number)].width = width


# -- the file --------------------------------------------------------------------------------------------------------------


def _saved(book: Any) -> bytes:
    """The workbook as bytes that only its content decides: openpyxl's own `save` writes the hour of saving in many places."""
    from openpyxl.writer.excel import ExcelWriter

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        ExcelWriter(book, archive).write_data()
    return _without_hours(buffer.getvalue())


def _without_hours(data: bytes) -> bytes:
    repacked = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(repacked, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in _parts(archive):
            out.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return repacked.getvalue()


def _parts(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    for entry in archive.infolist():
        yield entry.filename, archive.read(entry)
