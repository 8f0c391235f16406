"""Snapshots: what Kolada delivered on a day, one folder per date, written whole or not at all.

    snapshot.csv      one row: the date, the API's address, and the fingerprints of the other files
    key_figures.csv   what the key figures are
    values.csv        their values, as delivered; an empty value is none
    answers.csv       the paths that were asked, with size and fingerprint of each answer

The same answers on the same day give the same bytes. Kolada revises and withdraws figures without notice: so the load reads a
snapshot, the newest, and never the API.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ingest.errors import KoladaError
from ingest.kolada.model import Answer, KeyFigure, KeyFigureValue, Pull
from ingest.loading.store import publish_folders, staging_folder
from ingest.source.files import Refused, read_bytes

SNAPSHOTS = Path(__file__).parent / "snapshots"
MAX_BYTES = 200 * 10**6


@dataclass(frozen=True)
class SnapshotHead:
    """The row of snapshot.csv."""

    fetched_on: date
    base_url: str
    key_figures_sha256: str
    values_sha256: str
    answers_sha256: str


@dataclass(frozen=True)
class Snapshot:
    """What the load takes of a snapshot."""

    fetched_on: date
    key_figures: list[KeyFigure]
    values: list[KeyFigureValue]


def write_snapshot(pulled: Pull, fetched_on: date, base_url: str, root: Path = SNAPSHOTS) -> Path:
    """Write a pull as the snapshot of its day, in place of an earlier one of that day, and return its folder."""
    files = {
        "key_figures.csv": _csv(KeyFigure, pulled.key_figures),
        "values.csv": _csv(KeyFigureValue, pulled.values),
        "answers.csv": _csv(Answer, pulled.answers),
    }
    head = SnapshotHead(fetched_on, base_url, *(hashlib.sha256(data).hexdigest() for data in files.values()))
    with staging_folder(root) as staging:
        folder = staging / fetched_on.isoformat()
        try:
            folder.mkdir()
            for name, data in {"snapshot.csv": _csv(SnapshotHead, [head]), **files}.items():
                (folder / name).write_bytes(data)
        except OSError as error:
            raise KoladaError(
                f"{root}: cannot be written ({error.strerror}); nothing was changed.\n"
                "  What to do: check the folder, its permissions and its disk's space, or write elsewhere with --out."
            ) from None
        publish_folders([folder], root)
    return root / fetched_on.isoformat()


def latest_snapshot(root: Path = SNAPSHOTS) -> Path | None:
    """The folder of the newest snapshot below `root`, None where there is none."""
    folders = sorted(path for path in root.glob("[!.]*") if path.is_dir()) if root.is_dir() else []
    for folder in folders:
        _date_of(folder)
    return folders[-1] if folders else None


def read_snapshot(folder: Path) -> Snapshot:
    """Read a snapshot; KoladaError where a file is missing or is not the one that was written."""
    heads = _rows(SnapshotHead, folder / "snapshot.csv", _bytes(folder / "snapshot.csv"))
    if len(heads) != 1:
        raise _damaged(folder / "snapshot.csv", f"holds {len(heads)} rows, one is expected")
    head = heads[0]
    if head["fetched_on"] != _date_of(folder).isoformat():
        raise _damaged(folder / "snapshot.csv", f"is of {head['fetched_on']}, and the folder is '{folder.name}'")
    data = {}
    for name in ("key_figures", "values", "answers"):
        path = folder / f"{name}.csv"
        data[name] = _bytes(path)
        if hashlib.sha256(data[name]).hexdigest() != head[f"{name}_sha256"]:
            raise _damaged(path, "is not the file that was written: its fingerprint is another")
    try:
        return Snapshot(
            _date_of(folder),
            [_key_figure(row) for row in _rows(KeyFigure, folder / "key_figures.csv", data["key_figures"])],
            [_value(row) for row in _rows(KeyFigureValue, folder / "values.csv", data["values"])],
        )
    except (ValueError, TypeError, InvalidOperation) as error:
        raise _damaged(folder, f"holds a number that is none ({error})") from None


def _key_figure(row: dict[str, Any]) -> KeyFigure:
    return KeyFigure(**{**row, "is_divided_by_gender": row["is_divided_by_gender"] == "true"})


def _value(row: dict[str, Any]) -> KeyFigureValue:
    number = None if row["value"] is None else Decimal(row["value"])
    return KeyFigureValue(**{**row, "year": int(row["year"]), "value": number})


def _csv(row_type: type[Any], rows: Sequence[Any]) -> bytes:
    names = [f.name for f in fields(row_type)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_field(getattr(row, name)) for name in names] for row in rows)
    return out.getvalue().encode("utf-8")


def _field(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _rows(row_type: type[Any], path: Path, data: bytes) -> list[dict[str, Any]]:
    """The rows of a file as text, an empty field as None."""
    names = [f.name for f in fields(row_type)]
    try:
        records: Iterable[list[str]] = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise _damaged(path, f"cannot be read ({error})") from None
    header, *rows = records or [[]]
    if header != names or any(len(row) != len(names) for row in rows):
        raise _damaged(path, f"has other columns than {', '.join(names)}")
    return [{name: field or None for name, field in zip(names, row, strict=True)} for row in rows]


def _bytes(path: Path) -> bytes:
    try:
        return read_bytes(path, MAX_BYTES)
    except Refused as refused:
        raise _damaged(path, refused.problem.removesuffix(".")) from None


def _date_of(folder: Path) -> date:
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", folder.name, re.ASCII):
            raise ValueError
        return date.fromisoformat(folder.name)
    except ValueError:
        raise KoladaError(
            f"{folder}: is no snapshot: its name is no date.\n  What to do: move it away; snapshots are named like 2026-03-01."
        ) from None


def _damaged(path: Path, problem: str) -> KoladaError:
    return KoladaError(
        f"{path}: {problem}.\n  What to do: restore it from version control, or remove the snapshot's folder and fetch again."
    )
