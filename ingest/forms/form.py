"""The form for data that somebody else extracted: four tables with the columns of schema `raw`, checked into an Extraction.

Nothing here touches a file: form_files.py turns a workbook or a folder of CSV files into a Form, and writes empty ones. All
problems of a form are collected, each with its sheet, row and column, so that a sender mends them in one go.
"""

from __future__ import annotations

import re
import types
import typing
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ingest.errors import FormError
from ingest.loading.gate import KINDS, MEASURES, SCENARIOS, UNITS, number_printed
from ingest.model import Cell, Column, Document, Extraction, Table
from ingest.reading.numbers import normalise, parse_number
from ingest.source.characters import strange_character, strange_in_figures
from ingest.source.files import ID_RULE, is_document_id

LAYOUT = "form"
"""What stands as `layout` of a document that came as a form."""

PROBLEMS_NAMED = 50
MAX_INTEGER = 10_000_000

_INTEGER = re.compile(r"-?\d{1,8}", re.ASCII)
_DECIMAL = re.compile(r"-?(?:\d{1,3}(?: \d{3})+|\d+)(?:[.,]\d+)?", re.ASCII)


@dataclass(frozen=True)
class Field:
    """A column of the form: its raw name, what it means (in the sender's language) and what may stand in it."""

    name: str
    meaning: str
    example: str
    required: bool = True
    allowed: tuple[str, ...] = ()
    max_length: int = 500


@dataclass(frozen=True)
class SheetSpec:
    """A sheet of the form, with the rows of the model that it becomes."""

    row_type: type[Any]
    meaning: str
    fields: tuple[Field, ...]


def _optional(name: str, meaning: str, example: str, allowed: tuple[str, ...] = ()) -> Field:
    return Field(name, meaning, example, required=False, allowed=allowed)


SHEETS: dict[str, SheetSpec] = {
    "dokument": SheetSpec(
        Document,
        "Rapporten som siffrorna kommer ur: en enda rad.",
        (
            Field(
                "document_id",
                "Rapportens namn i lagret: små bokstäver a-z, siffror, - och _, utan mellanslag.",
                "provby_socialnamnden_delarsrapport_2025-08",
            ),
            Field("municipality_code", "Kommunkoden, fyra siffror som text.", "0188"),
            Field("municipality", "Kommunens namn.", "Norrtälje"),
            Field("board", "Nämnden som redovisar.", "Socialnämnden"),
            Field(
                "kind",
                "annual_report = verksamhetsberättelse, interim_report = delårsrapport, plan = verksamhetsplan.",
                "interim_report",
                allowed=KINDS,
            ),
            Field("title", "Rapportens titel.", "Delårsrapport augusti 2025"),
            Field("fiscal_year", "Verksamhetsåret.", "2025"),
            Field("period_start", "Första dagen som rapporten omfattar, ÅÅÅÅ-MM-DD.", "2025-01-01"),
            Field("period_end", "Sista dagen som rapporten omfattar, ÅÅÅÅ-MM-DD.", "2025-08-31"),
            Field("as_of", "Den senaste dag som siffrorna gäller, ÅÅÅÅ-MM-DD.", "2025-08-31"),
            _optional(
                "text_origin", "native = texten fanns i filen, ocr = tolkad från bild. Tomt: native.", "native", ("native", "ocr")
            ),
            _optional("line_count", "Antal rader i rapportens text. Tomt: den högsta rad som förekommer.", "1200"),
        ),
    ),
    "tabeller": SheetSpec(
        Table,
        "En rad per tabell, numrerade 1, 2, 3 ... i rapportens ordning.",
        (
            Field("table_no", "Tabellens nummer.", "1"),
            Field("table_key", "Tabellens korta namn, detsamma i nästa års rapport.", "running_costs"),
            Field("table_title", "Tabellens rubrik som den är tryckt.", "Driftredovisning"),
            Field(
                "subject",
                "Slag av tabell, till exempel placement_volume, placement_unit_price, running_costs, investment, indicator, "
                "sick_leave (hela listan: seeds/subject.csv).",
                "running_costs",
            ),
            Field("unit", "Tabellens enhet.", "tkr", allowed=UNITS),
            _optional(
                "cost_sign", "-1: kostnader är tryckta med minus, 1: utan minus. Tomt: inga pengar.", "-1", allowed=("-1", "1")
            ),
            _optional("first_line", "Rad i rapportens text där tabellen börjar. Tomt: dess första cells rad.", "210"),
            _optional("last_line", "Rad i rapportens text där tabellen slutar. Tomt: dess sista cells rad.", "224"),
        ),
    ),
    "kolumner": SheetSpec(
        Column,
        "En rad per kolumn i varje tabell. Kolumn 1 är den första efter radens etikett.",
        (
            Field("table_no", "Tabellens nummer i bladet tabeller.", "1"),
            Field("column_no", "Kolumnens nummer i tabellen: 1, 2, 3 ...", "1"),
            Field("column_key", "Kolumnens korta namn.", "outcome"),
            Field("column_label", "Kolumnens rubrik som den är tryckt.", "Utfall jan-aug 2025"),
            _optional("measure", "Vad kolumnen mäter.", "amount", MEASURES),
            _optional(
                "scenario",
                "outcome = utfall, budget, forecast = prognos, plan, target = mål, baseline = ingående värde.",
                "outcome",
                SCENARIOS,
            ),
            _optional("period_start", "Första dagen som kolumnens värden gäller, ÅÅÅÅ-MM-DD.", "2025-01-01"),
            _optional("period_end", "Sista dagen som kolumnens värden gäller, ÅÅÅÅ-MM-DD.", "2025-08-31"),
        ),
    ),
    "celler": SheetSpec(
        Cell,
        "En rad per tryckt cell. En tom cell i rapporten har ingen rad här.",
        (
            Field("table_no", "Tabellens nummer i bladet tabeller.", "1"),
            Field("row_no", "Radens nummer i tabellen: 1, 2, 3 ...", "1"),
            Field("row_label", "Radens etikett som den är tryckt, densamma för alla celler på raden.", "Personalkostnader"),
            Field("column_no", "Kolumnens nummer i bladet kolumner.", "1"),
            Field(
                "value_text",
                "Cellen precis som den är tryckt, som text. Av löpande text bara de fem första orden följda av ' ...'.",
                "-1 234,5",
                max_length=200,
            ),
            _optional(
                "value", "Talet, i cellens enhet. Tomt: läses ur value_text (tal med decimalpunkt måste skrivas ut).", "-1234,5"
            ),
            _optional("unit", "Cellens enhet där den är en annan än tabellens; text för ord. Tomt: tabellens.", "tkr", UNITS),
            _optional("line_no", "Rad i rapportens text där värdet börjar: för alla celler, eller för ingen.", "212"),
            _optional("page_no", "Sida i rapporten.", "14"),
            _optional("measure", "Tomt: kolumnens.", "amount", MEASURES),
            _optional("scenario", "Tomt: kolumnens.", "outcome", SCENARIOS),
            _optional("period_start", "Tomt: kolumnens.", "2025-01-01"),
            _optional("period_end", "Tomt: kolumnens.", "2025-08-31"),
        ),
    ),
}


@dataclass(frozen=True)
class Unusable:
    """What stands in a cell that must not be read, such as a formula."""

    problem: str


Value = str | int | float | date | Unusable | None


@dataclass(frozen=True)
class Sheet:
    """A sheet as it was read: its name in messages, and its rows that are not empty with their 1-based numbers."""

    place: str
    rows: list[tuple[int, tuple[Value, ...]]]


@dataclass(frozen=True)
class Form:
    """A form as it was read; `unknown` are sheets that no form has."""

    name: str
    sheets: Mapping[str, Sheet]
    unknown: tuple[str, ...]
    sha256: str


class Problems:
    """What is wrong with a form; the first ones in words, the rest as a number."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.count = 0

    def add(self, where: str, problem: str) -> None:
        self.count += 1
        if self.count <= PROBLEMS_NAMED:
            self.lines.append(f"  {where}: {problem}")

    def raise_any(self, name: str) -> None:
        """Raise the FormError that names them all, if there are any."""
        if not self.count:
            return
        more = [f"  ... and {self.count - PROBLEMS_NAMED} more"] if self.count > PROBLEMS_NAMED else []
        number = "1 problem" if self.count == 1 else f"{self.count} problems"
        raise FormError(
            "\n".join([f"{name}: {number} in the form; nothing was written.", *self.lines, *more])
            + "\n  What to do: mend the form and run again; `kommunlager template` writes an empty one that explains each column."
        )


@dataclass(frozen=True)
class _Row:
    """A row of a sheet: its values by column name, None where empty or, if the name is in `broken`, unusable."""

    place: str
    number: int
    values: dict[str, Any]
    broken: frozenset[str]
    letters: Mapping[str, str]

    def __getitem__(self, name: str) -> Any:
        return self.values.get(name)

    def at(self, name: str) -> str:
        address = f" ({self.letters[name]}{self.number})" if name in self.letters else ""
        return f"{self.place}, row {self.number}, column '{name}'{address}"

    def sound(self, *names: str) -> bool:
        return not self.broken.intersection(names)


def extraction_of(form: Form) -> Extraction:
    """The form as an Extraction, sorted, what is left out filled in; a FormError names everything that is wrong with it."""
    problems = Problems()
    for place in form.unknown:
        problems.add(place, f"no part of a form. Remove it, or name it one of {', '.join(SHEETS)}.")
    documents, tables, columns, cells = (_rows(form, name, problems) for name in SHEETS)
    _check_document(form, documents, problems)
    _check_keys(tables, ("table_no",), problems)
    _check_keys(columns, ("table_no", "column_no"), problems)
    _check_keys(cells, ("table_no", "row_no", "column_no"), problems)
    _check_references(columns, ("table_no",), tables, "tabeller", problems)
    _check_references(cells, ("table_no",), tables, "tabeller", problems)
    _check_references(cells, ("table_no", "column_no"), columns, "kolumner", problems)
    _check_numbering(tables, (), "table_no", problems)
    _check_numbering(columns, ("table_no",), "column_no", problems)
    _check_numbering(cells, ("table_no",), "row_no", problems)
    _check_labels(cells, problems)
    for row in (*documents, *columns, *cells):
        start, end = row["period_start"], row["period_end"]
        if start and end and end < start:
            problems.add(row.at("period_end"), f"{end} is before period_start {start}.")
    with_lines = any(row["line_no"] is not None for row in cells)
    _check_lines(documents, tables, cells, with_lines, problems)
    table_unit = {row["table_no"]: row["unit"] for row in tables}
    for row in cells:
        _fill_value(row, row["unit"] or table_unit.get(row["table_no"]), problems)
    problems.raise_any(form.name)
    return _build(form, documents[0], tables, columns, cells, with_lines)


# -- reading the rows ------------------------------------------------------------------------------------------------------


def _rows(form: Form, name: str, problems: Problems) -> list[_Row]:
    spec = SHEETS[name]
    sheet = form.sheets.get(name)
    if sheet is None:
        problems.add(name, "the sheet is missing. Take it from a new template.")
        return []
    if not sheet.rows:
        problems.add(sheet.place, "it is empty. Its first row holds the names of the columns; take it from a new template.")
        return []
    head_row, heads = sheet.rows[0]
    fields = {field.name: field for field in spec.fields}
    position: dict[str, int] = {}
    for index, head in enumerate(heads):
        text = head.strip().lower() if isinstance(head, str) else head
        where = f"{sheet.place}, row {head_row}, column {letters(index)}"
        if text is None or text == "":
            continue
        if not isinstance(text, str) or text not in fields:
            problems.add(where, f"{_shown(head)} is no column of this sheet. Remove it, or correct the name.")
        elif text in position:
            problems.add(where, f"the column '{text}' stands here a second time. Remove one of them.")
        else:
            position[text] = index
    absent = [field.name for field in spec.fields if field.required and field.name not in position]
    if absent:
        problems.add(f"{sheet.place}, row {head_row}", f"lacks the columns {', '.join(absent)}. Take them from a new template.")
    if not position or absent:
        return []
    kinds = typing.get_type_hints(spec.row_type)
    columns = {name: letters(index) for name, index in position.items()}
    rows = [
        _row(
            sheet.place, number, values, {name: (fields[name], kinds[name], i) for name, i in position.items()}, columns, problems
        )
        for number, values in sheet.rows[1:]
    ]
    if not rows:
        problems.add(sheet.place, f"it has no row below the heads. {SHEET_HINTS[name]}")
    return rows


SHEET_HINTS = {
    "dokument": "Enter the report's facts in one row.",
    "tabeller": "Enter one row per table of the report.",
    "kolumner": "Enter one row per column of each table.",
    "celler": "Enter one row per printed cell.",
}


def _row(
    place: str,
    number: int,
    values: tuple[Value, ...],
    wanted: Mapping[str, tuple[Field, Any, int]],
    columns: Mapping[str, str],
    problems: Problems,
) -> _Row:
    found: dict[str, Any] = {}
    broken: set[str] = set()
    row = _Row(place, number, found, frozenset(), columns)
    for name, (field, kind, index) in wanted.items():
        try:
            found[name] = _read(values[index] if index < len(values) else None, field, kind)
        except ValueError as error:
            broken.add(name)
            problems.add(row.at(name), str(error))
    used = {index for _, _, index in wanted.values()}
    for index, value in enumerate(values):
        if index not in used and value not in (None, ""):
            problems.add(f"{place}, row {number}, column {letters(index)}", "the column has no valid name in the first row.")
    return _Row(place, number, found, frozenset(broken), columns)


def _read(raw: Value, field: Field, kind: Any) -> object:
    """One value of the form; a ValueError says what is wrong with it and what to do."""
    if isinstance(raw, Unusable):
        raise ValueError(raw.problem)
    if isinstance(raw, str):
        strange = strange_character(raw)
        if strange is not None:
            raise ValueError(f"holds {strange[1]}. Enter the text again.")
        if field.name == "value_text" and (unclear := strange_in_figures(re.sub(r"[\n\r]", "\t", raw))):
            raise ValueError(f"holds {unclear}. Enter the value again, with ordinary spaces.")
        raw = " ".join((normalise(raw) if field.name == "value_text" else unicodedata.normalize("NFC", raw)).split())
    if raw is None or raw == "":
        if field.required:
            raise ValueError("is empty. " + (f"Enter one of {', '.join(field.allowed)}." if field.allowed else "Enter a value."))
        return None
    if isinstance(kind, types.UnionType):
        kind = next(k for k in typing.get_args(kind) if k is not type(None))
    value = {str: _text, int: _integer, date: _date, Decimal: _decimal}[kind](raw)
    if field.allowed and str(value) not in field.allowed:
        raise ValueError(f"{_shown(raw)} is not one of {', '.join(field.allowed)}.")
    if isinstance(value, str) and len(value) > field.max_length:
        raise ValueError(
            f"has {len(value):,} characters, {field.max_length} are allowed. Of running text enter five words and ' ...'."
        )
    if isinstance(value, int) and value < 1 and not field.allowed:
        raise ValueError(f"is {value}. Enter a whole number from 1.")
    return value


def _text(raw: str | int | float | date) -> str:
    if isinstance(raw, str):
        return raw
    raise ValueError(
        f"holds a {'date' if isinstance(raw, date) else 'number'}, not text, so that what is printed is lost. "
        "Format the column as text and enter it as printed."
    )


def _integer(raw: str | int | float | date) -> int:
    if isinstance(raw, str) and _INTEGER.fullmatch(raw):
        raw = int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int | float) or raw != raw // 1 or abs(raw) > MAX_INTEGER:
        raise ValueError(f"{_shown(raw)} is no whole number of at most {MAX_INTEGER:,}. Enter digits only.")
    return int(raw)


def _date(raw: str | int | float | date) -> date:
    if isinstance(raw, datetime) and (raw.hour, raw.minute, raw.second, raw.microsecond) == (0, 0, 0, 0):
        return raw.date()
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    if isinstance(raw, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", raw, re.ASCII):
        try:
            return date.fromisoformat(raw)
        except ValueError:
            pass
    raise ValueError(f"{_shown(raw)} is no date. Write it as YYYY-MM-DD, for example 2025-08-31.")


def _decimal(raw: str | int | float | date) -> Decimal:
    number = None
    if isinstance(raw, str) and len(raw) <= 40 and _DECIMAL.fullmatch(text := normalise(raw)):
        number = Decimal(text.replace(" ", "").replace(",", "."))
    elif isinstance(raw, int | float) and not isinstance(raw, bool):
        # A float as it is printed is what the sender saw: 0.1 is 0.1.
        number = Decimal(repr(raw)) if isinstance(raw, float) or abs(raw) < 10**20 else None
    if number is None or not number.is_finite():
        raise ValueError(
            f"{_shown(raw)} is no number. Enter digits with a decimal comma, for example -1234,5, or leave it empty."
        )
    if number and (number.adjusted() > 13 or number != round(number, 4)):
        raise ValueError(f"{_shown(raw)} has more than 14 digits before or 4 after the comma. Enter it as printed.")
    return Decimal(format(number, "f"))


def _shown(raw: object) -> str:
    """What stands in a cell, short and harmless enough for a message."""
    text = f"'{raw:.60}'" if isinstance(raw, str) else "a number" if isinstance(raw, int) and abs(raw) > 10**40 else str(raw)
    return "".join(c if c.isprintable() else "?" for c in text)


def letters(index: int) -> str:
    """The letters of a 0-based column, as a spreadsheet shows them: 0 is A, 26 is AA."""
    return (letters(index // 26 - 1) if index >= 26 else "") + chr(ord("A") + index % 26)


# -- checking them against each other --------------------------------------------------------------------------------------


def _check_document(form: Form, documents: list[_Row], problems: Problems) -> None:
    for extra in documents[1:]:
        problems.add(f"{extra.place}, row {extra.number}", "a form holds one report. Make a form of its own for the other.")
    for row in documents[:1]:
        if row.sound("document_id") and row["document_id"] and not is_document_id(row["document_id"]):
            problems.add(
                row.at("document_id"),
                f"{_shown(row['document_id'])} is no document's name: {ID_RULE}.",
            )
        if row["municipality_code"] and not re.fullmatch(r"\d{4}", row["municipality_code"], re.ASCII):
            problems.add(row.at("municipality_code"), f"{_shown(row['municipality_code'])} is no code of four digits.")
        if row["fiscal_year"] and not 1900 <= row["fiscal_year"] <= 2200:
            problems.add(row.at("fiscal_year"), f"{row['fiscal_year']} is no year.")


def _key(row: _Row, names: Iterable[str]) -> tuple[int, ...] | None:
    key = tuple(row[name] for name in names)
    return None if None in key else key


def _check_keys(rows: list[_Row], names: tuple[str, ...], problems: Problems) -> None:
    first: dict[tuple[int, ...], _Row] = {}
    for row in rows:
        key = _key(row, names)
        if key is not None and first.setdefault(key, row) is not row:
            what = ", ".join(f"{name} {number}" for name, number in zip(names, key, strict=True))
            problems.add(row.at(names[-1]), f"{what} stands in row {first[key].number} already. Correct one of the two.")


def _check_references(rows: list[_Row], names: tuple[str, ...], others: list[_Row], sheet: str, problems: Problems) -> None:
    # A sheet that could not be read whole says so itself; what refers to it is judged when it can be.
    if not others or not all(other.sound(*names) for other in others):
        return
    known = {_key(other, names) for other in others}
    tables = {other["table_no"] for other in others}
    for row in rows:
        key = _key(row, names)
        if key is None or key in known or (len(names) > 1 and row["table_no"] not in tables):
            continue
        what = ", ".join(f"{name} {number}" for name, number in zip(names, key, strict=True))
        problems.add(row.at(names[-1]), f"'{sheet}' has no {what}. Add it there, or correct the number here.")


def _check_numbering(rows: list[_Row], group: tuple[str, ...], name: str, problems: Problems) -> None:
    if not all(row.sound(*group, name) for row in rows):
        return
    numbers: dict[tuple[int, ...], dict[int, _Row]] = {}
    for row in rows:
        key = _key(row, group)
        if key is not None and row[name] is not None:
            numbers.setdefault(key, {}).setdefault(row[name], row)
    for found in numbers.values():
        for expected, number in enumerate(sorted(found), 1):
            if number != expected:
                problems.add(found[number].at(name), f"is {number}, but there is no {expected}. Number without holes from 1.")
                break


def _check_labels(cells: list[_Row], problems: Problems) -> None:
    first: dict[tuple[int, ...], _Row] = {}
    for row in cells:
        key = _key(row, ("table_no", "row_no"))
        if key is None or row["row_label"] is None:
            continue
        other = first.setdefault(key, row)
        if other["row_label"] != row["row_label"]:
            problems.add(
                row.at("row_label"),
                f"the table's row {row['row_no']} is called {_shown(row['row_label'])} here and "
                f"{_shown(other['row_label'])} in row {other.number}. Correct the label or row_no.",
            )


def _check_lines(documents: list[_Row], tables: list[_Row], cells: list[_Row], with_lines: bool, problems: Problems) -> None:
    if not with_lines:
        for row, name in [(row, n) for row in tables for n in ("first_line", "last_line")] + [
            (d, "line_count") for d in documents
        ]:
            if row[name] is not None and cells and all(cell.sound("line_no") for cell in cells):
                problems.add(row.at(name), "no cell has a line_no. Leave it empty, or give every cell its line.")
        lines = {row["table_no"]: (row.number, row.number) for row in cells}
    else:
        lines = {row["table_no"]: (row["first_line"], row["last_line"]) for row in tables}
    for row in cells:
        low, high = lines.get(row["table_no"], (None, None))
        if with_lines and row["line_no"] is None and row.sound("line_no"):
            problems.add(row.at("line_no"), "is empty, but other cells have a line. Give all cells their line, or none.")
        elif with_lines and not (low or 1) <= (row["line_no"] or low or 1) <= (high or MAX_INTEGER):
            problems.add(row.at("line_no"), f"line {row['line_no']} is outside the table's lines {low or ''}..{high or ''}.")
    filled = {row["table_no"] for row in cells}
    for row in tables:
        first, last = row["first_line"], row["last_line"]
        if cells and row["table_no"] is not None and row["table_no"] not in filled and first is None:
            problems.add(
                row.at("table_no"), f"'celler' has no cell of table {row['table_no']}. Enter its cells, or remove the table."
            )
        if first and last and last < first:
            problems.add(row.at("last_line"), f"line {last} is before first_line {first}.")
    highest = max((n for n in (*(r["line_no"] for r in cells), *(r["last_line"] for r in tables)) if n), default=0)
    for row in documents:
        if row["line_count"] and row["line_count"] < highest:
            problems.add(row.at("line_count"), f"is {row['line_count']}, but line {highest} is used in the form.")


def _fill_value(row: _Row, unit: str | None, problems: Problems) -> None:
    """Put the number into a cell that left it to its text, or hold the given one against the text."""
    text = row["value_text"]
    if text is None or unit is None or not row.sound("value", "unit"):
        return
    printed = number_printed(text, unit)
    given = row["value"]
    if given is None:
        row.values["value"] = None if printed is None else parse_number(text)
        if isinstance(printed, Decimal) and row["value"] is None:
            problems.add(row.at("value"), f"is empty, and {_shown(text)} can be read in several ways. Enter the number.")
        elif row["value"] is not None:
            try:
                _decimal(format(row["value"], "f"))
            except ValueError as error:
                problems.add(row.at("value_text"), str(error))
    elif printed is None:
        problems.add(row.at("value"), f"is {given}, but {_shown(text)} ({unit}) is no number. Empty it, or correct text or unit.")
    elif isinstance(printed, Decimal) and printed != given:
        problems.add(row.at("value"), f"is {given}, but {_shown(text)} is printed. Correct one of the two, or leave it empty.")


# -- building --------------------------------------------------------------------------------------------------------------


def _build(
    form: Form, document: _Row, tables: list[_Row], columns: list[_Row], cells: list[_Row], with_lines: bool
) -> Extraction:
    own = {row["table_no"]: row["unit"] for row in tables}
    column_of = {(row["table_no"], row["column_no"]): row for row in columns}
    built_cells = sorted(
        (_cell(row, column_of, own, with_lines) for row in cells), key=lambda c: (c.table_no, c.row_no, c.column_no)
    )
    lines: dict[int, tuple[int, int]] = {}
    cell_counts = Counter(cell.table_no for cell in built_cells)
    for cell in built_cells:
        low, high = lines.get(cell.table_no, (cell.line_no, cell.line_no))
        lines[cell.table_no] = min(low, cell.line_no), max(high, cell.line_no)
    built_tables = []
    for row in sorted(tables, key=lambda row: int(row["table_no"])):
        low, high = lines.get(row["table_no"], (row["first_line"], row["first_line"]))
        first = row["first_line"] or (min(low, row["last_line"]) if row["last_line"] else low)
        facts = {name: row[name] for name in ("table_no", "table_key", "table_title", "subject", "unit", "cost_sign")}
        last = row["last_line"] or max(high, first)
        built_tables.append(Table(**facts, first_line=first, last_line=last, cell_count=cell_counts[row["table_no"]]))
    facts = {field.name: document[field.name] for field in SHEETS["dokument"].fields}
    facts["text_origin"] = facts["text_origin"] or "native"
    facts["line_count"] = facts["line_count"] or max(table.last_line for table in built_tables)
    names = [field.name for field in SHEETS["kolumner"].fields]
    return Extraction(
        Document(**facts, source_sha256=form.sha256, layout=LAYOUT),
        built_tables,
        sorted((Column(**{name: row[name] for name in names}) for row in columns), key=lambda c: (c.table_no, c.column_no)),
        built_cells,
        [],
        [],
        [],
    )


def _cell(row: _Row, columns: Mapping[tuple[int, int], _Row], units: Mapping[int, str], with_lines: bool) -> Cell:
    column = columns[row["table_no"], row["column_no"]]
    # A period is taken whole: the start of one and the end of another would be a period nobody printed.
    dated = row if row["period_start"] or row["period_end"] else column
    return Cell(
        table_no=row["table_no"],
        row_no=row["row_no"],
        row_label=row["row_label"],
        column_no=row["column_no"],
        value_text=row["value_text"],
        value=row["value"],
        unit=row["unit"] or units[row["table_no"]],
        line_no=row["line_no"] if with_lines else row.number,
        page_no=row["page_no"],
        method="printed",
        measure=row["measure"] or column["measure"],
        scenario=row["scenario"] or column["scenario"],
        period_start=dated["period_start"],
        period_end=dated["period_end"],
    )
