"""Forms on disk: an XLSX workbook, or a folder with one CSV file per sheet (see form.py for what stands in them).

Forms come from strangers. A file is read once, whole and bounded, and judged before the spreadsheet library sees it: sizes
stand in the zip directory, and every XML part is run through a parser that stops at a document type (without one there are no
entities), at too many rows, and at macros or links to other files. Nothing a form names is ever opened.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import typing
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from xml.parsers import expat

from ingest.errors import FormError
from ingest.forms.form import SHEETS, Form, Sheet, Unusable, Value, extraction_of, letters
from ingest.model import Extraction
from ingest.source.files import Refused, read_bytes

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

MAX_BYTES = 20 * 10**6
MAX_UNPACKED = 200 * 10**6
MAX_RATIO = 200
MAX_PARTS = 500
MAX_SHEETS = 20
MAX_ROWS = 200_000
MAX_COLUMNS = 64
MAX_CELLS = 3_000_000
MAX_STRINGS = 1_000_000
MAX_ELEMENTS_BETWEEN = 100_000
"""Elements of an XML part outside of rows and strings, or within one of them."""

README_SHEET = "läs mig"
README_FILE = "las-mig.txt"

_WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xltx", ".xltm", ".xlsb", ".xls", ".ods"})
_XML = (".xml", ".rels", ".vml")
_HARMLESS = (".png", ".jpg", ".jpeg", ".gif", ".emf", ".wmf", ".svg", ".bin")
_READ_PARTS = ("worksheet", "sharedStrings", "styles", "theme", "officeDocument")
_REFUSED_PARTS = {
    "vbaproject": "macros",
    "macrosheets": "macros",
    "externallinks": "links to other workbooks",
    "connections": "connections to databases",
    "querytables": "connections to databases",
    "embeddings": "embedded files",
    "activex": "controls",
}


def is_form(path: Path) -> bool:
    """Whether a path is to be read as a form: a workbook by its ending, or a folder with one of a form's CSV files."""
    return path.suffix.lower() in _WORKBOOKS or (path.is_dir() and any(os.path.lexists(path / f"{name}.csv") for name in SHEETS))


def read_form(path: Path) -> Extraction:
    """Read a form; a FormError says why the file is refused, or names each wrong cell."""
    return extraction_of(_read_folder(path) if path.is_dir() else _read_workbook(path))


def _refuse(place: object, problem: str, remedy: str) -> FormError:
    return FormError(f"{place}: {problem}.\n  What to do: {remedy}")


def _read_bytes(path: Path, limit: int) -> bytes:
    """The bytes of one of a form's files (see `files.read_bytes`); FormError where it is refused."""
    try:
        return read_bytes(path, limit)
    except Refused as refused:
        raise _refuse(path, refused.problem.removesuffix("."), refused.remedy) from None


# -- CSV -------------------------------------------------------------------------------------------------------------------


def _read_folder(folder: Path) -> Form:
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise _refuse(folder, f"it cannot be read ({error.strerror})", "check the folder and its permissions.") from None
    for name in names:
        if (folder / name).is_symlink():
            raise _refuse(folder / name, "is a symbolic link, which could lead anywhere", "put the file itself there.")
    digest = hashlib.sha256()
    room = MAX_BYTES
    sheets = {}
    for name in names:
        stem, ending = os.path.splitext(name)
        if ending != ".csv" or stem not in SHEETS:
            continue
        data = _read_bytes(folder / name, MAX_BYTES)
        if (room := room - len(data)) < 0:
            raise _refuse(folder, f"its files are together larger than {MAX_BYTES // 10**6} MB", "send one form per report.")
        digest.update(data)
        sheets[stem] = Sheet(name, list(_csv_rows(folder / name, data)))
    unknown = tuple(n for n in names if n.lower().endswith(".csv") and n.removesuffix(".csv") not in SHEETS)
    return Form(str(folder), sheets, unknown, digest.hexdigest())


def _csv_rows(path: Path, data: bytes) -> Iterator[tuple[int, tuple[Value, ...]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refuse(f"{path}, line {line}", "it is not UTF-8 text", "save it as 'CSV UTF-8'.") from None
    head = text.partition("\n")[0]
    delimiter = max(";,\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, record in enumerate(reader, 1):
            yield from _bounded(path, number, tuple(record))
    except csv.Error as error:
        raise _refuse(f"{path}, row {number + 1}", f"it is damaged ({error})", "save it again as 'CSV UTF-8'.") from None


def _bounded(place: object, number: int, values: tuple[Value, ...]) -> Iterator[tuple[int, tuple[Value, ...]]]:
    """The row, unless it is empty; an error where the sheet has become too large."""
    if len(values) > MAX_COLUMNS and any(value not in (None, "") for value in values[MAX_COLUMNS:]):
        raise _refuse(
            f"{place}, row {number}, column {letters(MAX_COLUMNS)}",
            f"there are more than {MAX_COLUMNS} columns",
            "remove what stands to the right of the form.",
        )
    if all(value is None or (isinstance(value, str) and not value.strip()) for value in values):
        return
    if number > MAX_ROWS + 1:
        raise _refuse(f"{place}, row {number}", f"there are more than {MAX_ROWS:,} rows", "send one form per report.")
    yield number, values[:MAX_COLUMNS]


# -- XLSX ------------------------------------------------------------------------------------------------------------------


def _read_workbook(path: Path) -> Form:
    if path.suffix.lower() != ".xlsx":
        raise _refuse(
            path,
            f"{path.suffix} is not read"
            + (" because it can hold macros" if path.suffix.lower() in (".xlsm", ".xltm", ".xlsb") else ""),
            "save it as an Excel workbook (.xlsx), or as CSV files in a folder.",
        )
    data = _read_bytes(path, MAX_BYTES)
    _inspect_package(path, data)
    # What is left for the library to stumble over is a damaged file, whatever it raises.
    import openpyxl

    sheets: dict[str, Sheet] = {}
    unknown: list[str] = []
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        if len(book.sheetnames) > MAX_SHEETS:
            raise _refuse(path, f"it has more than {MAX_SHEETS} sheets", "take a new template and fill it in.")
        for name in book.sheetnames:
            if name in SHEETS:
                place = f"sheet '{name}'"
                sheets[name] = Sheet(place, list(_sheet_rows(f"{path}, {place}", book[name])))
            elif name.strip().lower() != README_SHEET:
                unknown.append(f"sheet '{name:.40}'")
        book.close()
    except (FormError, MemoryError):
        raise
    except Exception as error:
        raise _refuse(
            path, f"it is damaged ({type(error).__name__}: {error!s:.200})", "open it and save it again as .xlsx."
        ) from None
    return Form(str(path), sheets, tuple(unknown), hashlib.sha256(data).hexdigest())


def _sheet_rows(place: str, sheet: Any) -> Iterator[tuple[int, tuple[Value, ...]]]:
    # The sender's program wrote down how large the sheet is; what is there counts.
    sheet.reset_dimensions()
    for number, cells in enumerate(sheet.iter_rows(), 1):
        if number > MAX_ROWS + 1:
            raise _refuse(f"{place}, row {number}", f"there are more than {MAX_ROWS:,} rows", "send one form per report.")
        if len(cells) > MAX_COLUMNS:
            raise _refuse(
                f"{place}, row {number}",
                f"there are more than {MAX_COLUMNS} columns",
                "remove what stands to the right of the form.",
            )
        yield from _bounded(place, number, tuple(_cell_value(cell) for cell in cells))


def _cell_value(cell: Any) -> Value:
    if cell.value is None:
        return None
    if cell.data_type == "f":
        return Unusable("holds a formula, whose result cannot be trusted. Enter the value itself (copy, then paste as values).")
    if cell.data_type == "e":
        return Unusable("holds an error value. Enter what is printed in the report.")
    if isinstance(cell.value, str | int | float | date):
        return cell.value
    return Unusable("holds a time. Enter a date or a text.")


def _inspect_package(path: Path, data: bytes) -> None:
    """Refuse a workbook that is too large unpacked, or that holds more than sheets with values."""
    resave = "open it, check it, and save it again as .xlsx."
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise _refuse(
            path, f"it is no .xlsx workbook ({error})", "remove a password if it has one, and save it as .xlsx."
        ) from None
    with archive:
        unpacked = sum(part.file_size for part in parts)
        if unpacked > MAX_UNPACKED or any(
            part.file_size > 10**6 and part.file_size > MAX_RATIO * max(1, part.compress_size) for part in parts
        ):
            raise _refuse(path, f"it unpacks to {unpacked:,} bytes, which no form does (a zip bomb)", "take a new template.")
        if len(parts) > MAX_PARTS or len({part.filename.lower() for part in parts}) < len(parts):
            raise _refuse(path, "its zip directory has too many entries, or one twice", resave)
        for part in parts:
            name = part.filename.lower()
            if name.startswith("/") or "\\" in name or ".." in name.split("/"):
                raise _refuse(path, f"its part '{part.filename:.80}' has a name that leads out of the workbook", resave)
            for word, what in _REFUSED_PARTS.items():
                if word in name:
                    raise _refuse(path, f"it holds {what} ('{part.filename:.80}')", "remove them and save it again as .xlsx.")
            if part.flag_bits & 1 or part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise _refuse(path, f"'{part.filename:.80}' is encrypted or packed in an unknown way", resave)
            if not part.is_dir() and not name.endswith((*_XML, *_HARMLESS)):
                raise _refuse(path, f"it holds '{part.filename:.80}', which is no part of a form", resave)
        check = _PackageCheck(path)
        for part in parts:
            if part.filename.lower().endswith(_XML):
                try:
                    with archive.open(part) as stream:
                        check.run(part.filename, stream)
                except (expat.ExpatError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
                    raise _refuse(path, f"'{part.filename:.80}' is damaged ({error!s:.200})", resave) from None


class _PackageCheck:
    """Runs the XML parts of a workbook through expat, keeping nothing but counts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.place = str(path)
        self.all_cells = 0
        self.rows = self.cells = self.strings = self.between = 0

    def run(self, part: str, stream: IO[bytes]) -> None:
        """Check one part; FormError where it holds what no form needs, ExpatError where it is no XML."""
        self.place = f"{self.path}, part '{part:.80}'"
        self.rows = self.cells = self.strings = self.between = 0
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        while chunk := stream.read(1 << 16):
            parser.Parse(chunk)
        parser.Parse(b"", True)

    def _doctype(self, *_: object) -> None:
        raise _refuse(self.place, "it declares a document type or entities, which no workbook does", "take a new template.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        self.between += 1
        if tag == "c":
            self.cells += 1
            self.all_cells += 1
            if self.all_cells > MAX_CELLS:
                raise _refuse(self.place, f"there are more than {MAX_CELLS:,} cells", "send one form per report.")
            if self.cells > MAX_COLUMNS:
                raise _refuse(
                    self.place, f"a row has more than {MAX_COLUMNS} columns", "remove what stands to the right of the form."
                )
        elif tag == "row":
            self.rows += 1
            self.cells = self.between = 0
            if self.rows > MAX_ROWS + 1:
                raise _refuse(self.place, f"there are more than {MAX_ROWS:,} rows", "send one form per report.")
        elif tag == "si":
            self.strings += 1
            self.between = 0
            if self.strings > MAX_STRINGS:
                raise _refuse(self.place, f"there are more than {MAX_STRINGS:,} texts", "send one form per report.")
        elif tag in ("Relationship", "Override", "Default"):
            self._reference(attributes)
        if self.between > MAX_ELEMENTS_BETWEEN:
            raise _refuse(self.place, "it holds far more than a form does", "take a new template.")

    def _reference(self, attributes: dict[str, str]) -> None:
        kind = attributes.get("Type", attributes.get("ContentType", ""))
        if "macro" in kind.lower() or "vba" in kind.lower():
            raise _refuse(self.place, "it holds macros", "remove them and save it again as .xlsx.")
        external = attributes.get("TargetMode", "").lower() == "external"
        target = attributes.get("Target", attributes.get("PartName"))
        if target is None or not any(word in kind for word in _READ_PARTS):
            return
        if external or not target.lower().endswith(".xml"):
            raise _refuse(
                self.place, f"it takes a sheet from '{target:.80}', which is not in the workbook", "take a new template."
            )


# -- empty forms -----------------------------------------------------------------------------------------------------------


def write_template(out: Path) -> None:
    """Write an empty, explained workbook; FormError where there is something already."""
    if out.suffix.lower() != ".xlsx":
        raise _refuse(out, "a template is a .xlsx workbook", "name it so, or add --csv for a folder of CSV files.")
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    book.remove(book.worksheets[0])
    readme: Worksheet = book.create_sheet(README_SHEET)
    for line in _explanation():
        readme.append(line)
    for letter, width in zip("ABCDE", (14, 20, 12, 90, 70), strict=True):
        readme.column_dimensions[letter].width = width
    for name, spec in SHEETS.items():
        sheet: Worksheet = book.create_sheet(name)
        kinds = typing.get_type_hints(spec.row_type)
        sheet.append([field.name for field in spec.fields])
        sheet.freeze_panes = "A2"
        for index, field in enumerate(spec.fields):
            letter = letters(index)
            sheet[f"{letter}1"].font = Font(bold=True)
            if kinds[field.name] is str:
                # As text, so that a spreadsheet keeps what is entered: 0188, -1 234, 2025-08.
                sheet.column_dimensions[letter].number_format = "@"
            sheet.column_dimensions[letter].width = max(12, len(field.name) + 4)
            if field.allowed:
                choice = DataValidation(type="list", formula1=f'"{",".join(field.allowed)}"', allow_blank=not field.required)
                choice.add(f"{letter}2:{letter}{MAX_ROWS + 1}")
                sheet.add_data_validation(choice)
    readme["A1"].font = Font(bold=True)
    buffer = io.BytesIO()
    book.save(buffer)
    _write_new(out, buffer.getvalue())


def write_csv_template(out: Path) -> None:
    """Write an empty form as CSV files (UTF-8 with a mark and semicolons, as Swedish spreadsheets expect) into a new folder."""
    try:
        out.mkdir(parents=True)
    except FileExistsError:
        raise _refuse(out, "it exists already", "name a new folder; nothing is overwritten.") from None
    except OSError as error:
        raise _refuse(out, f"it cannot be made ({error.strerror})", "name another place.") from None
    for name, spec in SHEETS.items():
        _write_new(out / f"{name}.csv", (";".join(field.name for field in spec.fields) + "\r\n").encode("utf-8-sig"))
    text = "\n".join("\t".join(line).rstrip() for line in _explanation())
    _write_new(out / README_FILE, (text + "\n").encode())


def _write_new(path: Path, data: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise _refuse(path, "it exists already", "name a new file; nothing is overwritten.") from None
    except OSError as error:
        raise _refuse(path, f"it cannot be written ({error.strerror})", "name another place.") from None


def _explanation() -> Iterable[list[str]]:
    """The lines of the sheet 'läs mig'."""
    yield ["Formulär för en rapports siffror"]
    yield ["Fyll i bladen dokument, tabeller, kolumner och celler. Ändra inte kolumnernas namn i första raden."]
    yield ["Skriv som i rapporten, också tryckfel. Skriv värden, inga formler. Makron och länkar till andra filer tas inte emot."]
    yield [
        "Datum skrivs ÅÅÅÅ-MM-DD. Radnummer (line_no) anges för alla celler eller för ingen; utan dem gäller formulärets rader."
    ]
    yield ["Färdigt formulär: kommunlager extract FORMULÄR"]
    yield []
    yield ["Blad", "Kolumn", "Krävs", "Betydelse", "Exempel eller tillåtna värden"]
    for name, spec in SHEETS.items():
        yield [name, "", "", spec.meaning]
        for field in spec.fields:
            values = f"{field.example}  ({' | '.join(field.allowed)})" if field.allowed else field.example
            yield [name, field.name, "ja" if field.required else "nej", field.meaning, values]
