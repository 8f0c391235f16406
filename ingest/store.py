"""Extracted report data on disk: one folder of small CSV files per document (see extracted_format.md).

Writing is all or nothing: the folder is written beside its place and swapped in, so that an interrupted run leaves the old one.
"""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
import types
import typing
from collections.abc import Iterable
from dataclasses import fields
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

from ingest.errors import ExtractedDataError
from ingest.model import Cell, Column, Document, Extraction, Note, Rule, RuleTerm, Statement, StatementTerm, Table

EXTRACTED_DIR = Path(__file__).parent / "extracted"

Row = TypeVar("Row")

FILES: dict[str, type[Any]] = {
    "document.csv": Document,
    "tables.csv": Table,
    "columns.csv": Column,
    "cells.csv": Cell,
    "rules.csv": Rule,
    "rule_terms.csv": RuleTerm,
    "notes.csv": Note,
    "statements.csv": Statement,
    "statement_terms.csv": StatementTerm,
}


def write_extraction(extraction: Extraction, root: Path = EXTRACTED_DIR) -> Path:
    """Write one document's folder below `root`, replacing what was there, and return it."""
    root.mkdir(parents=True, exist_ok=True)
    target = root / extraction.document.document_id
    rows: dict[str, Iterable[Any]] = {
        "document.csv": [extraction.document],
        "tables.csv": extraction.tables,
        "columns.csv": extraction.columns,
        "cells.csv": extraction.cells,
        "rules.csv": extraction.rules,
        "rule_terms.csv": extraction.rule_terms,
        "notes.csv": extraction.notes,
        "statements.csv": extraction.statements,
        "statement_terms.csv": extraction.statement_terms,
    }
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=root))
    try:
        for name, row_type in FILES.items():
            (staging / name).write_text(_to_csv(row_type, rows[name]), encoding="utf-8", newline="")
        staging.chmod(0o755)
        old = staging.with_name(staging.name + ".old")
        if target.exists():
            target.rename(old)
        staging.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return target


def read_extraction(folder: Path) -> Extraction:
    """Read one document's folder; an ExtractedDataError names the file and line that is damaged."""
    read = {name: _from_csv(row_type, folder / name) for name, row_type in FILES.items()}
    if len(read["document.csv"]) != 1:
        raise ExtractedDataError(
            f"{folder / 'document.csv'}: holds {len(read['document.csv'])} documents, one is expected.\n"
            "  What to do: restore the file, or extract the report again."
        )
    document: Document = read["document.csv"][0]
    if document.document_id != folder.name:
        raise ExtractedDataError(
            f"{folder / 'document.csv'}: document_id is '{document.document_id}' but the folder is '{folder.name}'.\n"
            "  What to do: name the folder after the document; two documents must not share an id."
        )
    return Extraction(
        document,
        read["tables.csv"],
        read["columns.csv"],
        read["cells.csv"],
        read["rules.csv"],
        read["rule_terms.csv"],
        read["notes.csv"],
        read["statements.csv"],
        read["statement_terms.csv"],
    )


def extracted_folders(root: Path = EXTRACTED_DIR) -> list[Path]:
    """The documents below `root`, sorted by id; an ExtractedDataError when there is none."""
    folders = sorted(p for p in root.glob("[!.]*") if p.is_dir()) if root.is_dir() else []
    if not folders:
        raise ExtractedDataError(f"{root}: holds no extracted report.\n  What to do: run `kommunlager extract REPORT.txt` first.")
    return folders


def _to_csv(row_type: type[Any], rows: Iterable[Any]) -> str:
    names = [f.name for f in fields(row_type)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_to_field(getattr(row, name)) for name in names] for row in rows)
    return out.getvalue()


def _to_field(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


def _from_csv(row_type: type[Row], path: Path) -> list[Row]:
    names = [f.name for f in fields(row_type)]  # type: ignore[arg-type]
    types_by_name = typing.get_type_hints(row_type)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise _damaged(path, None, "the file is missing") from None
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(path, None, f"the file cannot be read as UTF-8 text ({error})") from None
    reader = csv.reader(io.StringIO(text), strict=True)
    rows: list[Row] = []
    try:
        header = next(reader, None)
        if header != names:
            raise _damaged(path, 1, f"the header is {header}, expected {names}")
        for record in reader:
            if len(record) != len(names):
                raise _damaged(path, reader.line_num, f"{len(record)} fields, expected {len(names)}")
            values = {
                name: _from_field(field, types_by_name[name], path, reader.line_num, name)
                for name, field in zip(names, record, strict=True)
            }
            rows.append(row_type(**values))
    except csv.Error as error:
        raise _damaged(path, reader.line_num, str(error)) from None
    return rows


def _from_field(field: str, kind: Any, path: Path, line: int, name: str) -> object:
    optional = isinstance(kind, types.UnionType)
    if field == "":
        if optional:
            return None
        raise _damaged(path, line, f"'{name}' is empty")
    if optional:
        kind = next(k for k in typing.get_args(kind) if k is not type(None))
    try:
        if kind is bool:
            return {"true": True, "false": False}[field]
        if kind is date:
            return date.fromisoformat(field)
        if kind is Decimal:
            number = Decimal(field)
            if not number.is_finite():
                raise InvalidOperation
            return number
        return kind(field)
    except (ValueError, KeyError, InvalidOperation):
        raise _damaged(path, line, f"'{name}' is '{field}', not a {kind.__name__}") from None


def _damaged(path: Path, line: int | None, problem: str) -> ExtractedDataError:
    where = f"{path}" + (f", line {line}" if line is not None else "")
    return ExtractedDataError(
        f"{where}: {problem}.\n  What to do: restore the file from version control, or extract the report again."
    )
