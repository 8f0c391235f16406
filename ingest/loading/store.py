"""Extracted report data on disk: one folder of small CSV files per document.

Writing is all or nothing: folders are written into a staging folder of the same file system and then exchanged for those that
are there, so that an interrupted run leaves the old ones.
"""

from __future__ import annotations

import csv
import fcntl
import io
import os
import shutil
import tempfile
import time
import types
import typing
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

from ingest.errors import ExtractedDataError
from ingest.loading.exchange import exchange
from ingest.model import Cell, Column, Document, Extraction, Note, Rule, RuleTerm, Statement, StatementTerm, Table
from ingest.source.files import ID_RULE, Refused, is_document_id, read_bytes

EXTRACTED_DIR = Path(__file__).parent.parent / "extracted"

MAX_BYTES = 200 * 10**6
STAGING_PREFIX = ".extract."
JUST_MADE = 60
"""Seconds in which a staging folder without a lock may still be about to be locked."""

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
    target = target_folder(root, extraction.document.document_id)
    with staging_folder(root) as staging:
        publish_folders([write_files(extraction, staging)], root)
    return target


def write_files(extraction: Extraction, parent: Path) -> Path:
    """Write an extraction's files into a new folder of `parent`, named after its document, and return it."""
    folder = target_folder(parent, extraction.document.document_id)
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
    try:
        folder.mkdir(parents=True)
        for name, row_type in FILES.items():
            (folder / name).write_text(_to_csv(row_type, rows[name]), encoding="utf-8", newline="")
    except OSError as error:
        raise _cannot_write(folder, error) from None
    return folder


@contextmanager
def staging_folder(root: Path) -> Iterator[Path]:
    """A folder in the file system of `root`, which need not exist, for what is to be moved there; gone at the end."""
    try:
        there = next(place for place in (root.absolute(), *root.absolute().parents) if place.is_dir())
        for stale in there.glob(f"{STAGING_PREFIX}*"):
            _clear(stale)
        staging = Path(tempfile.mkdtemp(prefix=STAGING_PREFIX, dir=there))
    except OSError as error:
        raise _cannot_write(root, error) from None
    lock = os.open(staging, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        os.close(lock)


def publish_folders(staged: Sequence[Path], root: Path) -> None:
    """Move staged folders, each named after its document, to their places below `root`: all of them, or none.

    A folder that is there already is exchanged for the new one, which takes its place in the staging folder. Every folder
    below `root` is whole at any moment; where one cannot be moved, or the move is interrupted, those moved go back.
    """
    targets = [target_folder(root, folder.name) for folder in staged]
    moved: list[tuple[Path, Path, int]] = []
    try:
        root.mkdir(parents=True, exist_ok=True)
        for folder, target in zip(staged, targets, strict=True):
            # Noted first, since an interruption can come between the move and the next line.
            moved.append((folder, target, folder.stat().st_ino))
            _move(folder, target)
    except BaseException as error:
        for folder, target, inode in reversed(moved):
            _move_back(folder, target, inode)
        if isinstance(error, OSError):
            raise _cannot_write(root, error) from None
        raise


def target_folder(root: Path, document_id: str) -> Path:
    """Where a document's folder goes; ExtractedDataError where its id, or what is there, leads to another place."""
    target = root / document_id
    _require_id(document_id, target)
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise ExtractedDataError(
            f"{target}: is {'a symbolic link' if target.is_symlink() else 'a file'}, where a document's folder has to be.\n"
            "  What to do: remove it, or write to another folder with --out."
        )
    return target


def read_extraction(folder: Path) -> Extraction:
    """Read one document's folder; an ExtractedDataError names the file and line that is damaged."""
    _require_id(folder.name, folder)
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


def extracted_documents(root: Path = EXTRACTED_DIR) -> dict[str, Path]:
    """The folders of the documents below `root` by id, sorted; there may be none."""
    folders = sorted(p for p in root.glob("[!.]*") if p.is_dir()) if root.is_dir() else []
    for folder in folders:
        target_folder(root, folder.name)
    return {folder.name: folder for folder in folders}


def extracted_folders(root: Path = EXTRACTED_DIR) -> list[Path]:
    """The documents below `root`, sorted by id; an ExtractedDataError when there is none."""
    folders = list(extracted_documents(root).values())
    if not folders:
        raise ExtractedDataError(f"{root}: holds no extracted report.\n  What to do: run `kommunlager extract REPORT.txt` first.")
    return folders


def _clear(stale: Path) -> None:
    """Remove the staging folder of a run that was killed: nobody holds its lock, and it is not just being made."""
    lock = os.open(stale, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if time.time() - stale.stat().st_mtime > JUST_MADE:
            shutil.rmtree(stale, ignore_errors=True)
    except BlockingIOError:
        return
    finally:
        os.close(lock)


def _move(folder: Path, target: Path) -> None:
    if target.exists():
        exchange(folder, target)
    else:
        folder.rename(target)


def _move_back(folder: Path, target: Path, inode: int) -> None:
    """Undo a move, if it has happened: the folder is known by its inode."""
    if target.exists() and target.stat().st_ino == inode:
        if folder.exists():
            exchange(folder, target)
        else:
            target.rename(folder)


def _to_csv(row_type: type[Any], rows: Iterable[Any]) -> str:
    names = list(typing.get_type_hints(row_type))
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
    types_by_name = typing.get_type_hints(row_type)
    names = list(types_by_name)
    if not os.path.lexists(path):
        raise _damaged(path, None, "the file is missing")
    try:
        text = read_bytes(path, MAX_BYTES).decode("utf-8")
    except Refused as refused:
        raise _damaged(path, None, f"the file {refused.problem.removesuffix('.')}") from None
    except UnicodeDecodeError as error:
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


def _require_id(document_id: str, place: Path) -> None:
    if not is_document_id(document_id):
        raise ExtractedDataError(f"{place}: '{document_id}' is no document's name.\n  What to do: {ID_RULE}.")


def _cannot_write(root: Path, error: OSError) -> ExtractedDataError:
    return ExtractedDataError(
        f"{root}: cannot be written ({error.strerror}); nothing was changed.\n"
        "  What to do: check the folder, its permissions and its disk's space, or write to another folder with --out."
    )


def _damaged(path: Path, line: int | None, problem: str) -> ExtractedDataError:
    where = f"{path}" + (f", line {line}" if line is not None else "")
    return ExtractedDataError(
        f"{where}: {problem}.\n  What to do: restore the file from version control, or extract the report again."
    )
