"""The published file and the versions kept beside it: publishing, listing them, going back to one.

    kommunlager.duckdb              what analysts open; replaced in one step, never written in place
    kommunlager_versions/           the last ones, the present one too, named by time and content
        20261130T033012.482913Z-5f2c9a0e41bd.duckdb

A version is another name (hard link) of a file that was published, or its copy where the file system has no such links.
Whoever has a file open keeps reading it, also when its last name is gone.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ingest.errors import WarehouseError
from ingest.loading.database import open_for_writing, wal_of
from publish.building.meta import BuildRecord, read_record

KEEP = 7
ROLLED_BACK = "rolled_back.json"


@dataclass(frozen=True)
class Version:
    """A kept version; `built_at` is UTC, `is_current` where it is the published file."""

    name: str
    path: Path
    built_at: datetime | None
    content_hash: str
    documents: int
    bytes: int
    is_current: bool


def versions_of(warehouse: Path) -> Path:
    """The folder of the kept versions beside a warehouse."""
    return warehouse.with_name(f"{warehouse.stem}_versions")


def publish_file(staged: Path, warehouse: Path, keep: int = KEEP) -> None:
    """Put a finished file of the same file system into the warehouse's place, in one step and for good.

    The file before it is kept as a version, and so is the new one; of all, the newest `keep` stay. Call it under the lock.
    """
    with open_for_writing(staged) as connection:
        connection.execute("checkpoint")
    if wal_of(staged).exists():
        raise WarehouseError(f"{staged}: DuckDB left a log behind; nothing was published.\n  What to do: run the build again.")
    _replace(staged, warehouse)
    prune(warehouse, keep)


def _replace(staged: Path, warehouse: Path) -> None:
    refuse_open_writer(warehouse)
    keep_current(warehouse)
    sync(staged)
    # A log of the old file (a program that was killed while writing) must not be replayed into the new one.
    wal_of(warehouse).unlink(missing_ok=True)
    os.replace(staged, warehouse)
    sync(warehouse.parent)
    # It is published: what cannot be kept now (a full disk) is kept when it is replaced, or nothing is replaced.
    with contextlib.suppress(OSError):
        keep_current(warehouse)


def keep_current(warehouse: Path) -> None:
    """See to it that the published file is among the versions; done again after whatever came between, it changes nothing."""
    if not warehouse.is_file():
        return
    folder = versions_of(warehouse)
    if any(path.samefile(warehouse) for path in _files(folder)):
        return
    try:
        record = read_record(warehouse)
    except WarehouseError:
        return  # no warehouse of ours, or a damaged one: nothing to go back to
    folder.mkdir(exist_ok=True)
    target = folder / _name(record, warehouse)
    if target.exists():
        return
    _link(warehouse, target)
    sync(folder)


def prune(warehouse: Path, keep: int) -> None:
    """Take away all but the newest `keep` versions; the published one stays."""
    paths = sorted(_files(versions_of(warehouse)), key=lambda path: path.name)
    for path in paths[: max(0, len(paths) - max(keep, 1))]:
        if not _is_current(path, warehouse):
            path.unlink()


def list_versions(warehouse: Path) -> list[Version]:
    """The kept versions, the newest first. A damaged one is listed without facts, so that it is seen."""
    found = []
    for path in sorted(_files(versions_of(warehouse)), key=lambda path: path.name, reverse=True):
        current = _is_current(path, warehouse)
        try:
            record = read_record(path)
        except WarehouseError:
            record = BuildRecord(None, "damaged", None, None, 0)
        facts = (record.built_at, record.content_hash, record.documents, path.stat().st_size)
        found.append(Version(path.stem, path, *facts, current))
    return found


def find_version(warehouse: Path, name: str) -> Path:
    """A version by its name or the beginning of it or of its content's hash; `current`; `previous`; or a file's path."""
    if name == "current":
        return warehouse
    kept = list_versions(warehouse)
    if name == "previous":
        older = [version for n, version in enumerate(kept) if any(newer.is_current for newer in kept[:n])]
        if not older:
            raise WarehouseError(f"{versions_of(warehouse)}: holds no version before the published one.")
        return older[0].path
    found = [v for v in kept if v.name.startswith(name) or v.name.partition("-")[2].startswith(name)]
    if len(found) == 1:
        return found[0].path
    if not found and Path(name).is_file():
        return Path(name)
    known = "\n".join(f"    {version.name}" for version in kept) or "    none"
    raise WarehouseError(
        f"'{name}': {'several versions begin so' if found else 'there is no such version'}. Kept are\n{known}\n"
        "  What to do: name one of them (see `kommunlager versions`), `previous`, or a file."
    )


def rollback(warehouse: Path, name: str, staging: Path) -> Version:
    """Publish a kept version again, in one step; its marts are hashed first, and must be what they were.

    The nightly run then holds back what was rolled away from, until its input is another. Call it under the lock, with an
    empty folder of the same file system.
    """
    keep_current(warehouse)
    path = find_version(warehouse, name)
    if warehouse.is_file() and _is_current(path, warehouse):
        raise WarehouseError(f"{path.stem}: is the published version.\n  What to do: choose another (`kommunlager versions`).")
    record = read_record(path, verify=True)
    if record.recorded_hash not in (None, record.content_hash):
        raise WarehouseError(
            f"{path}: its marts are not what was published: the file was changed.\n  What to do: choose another version."
        )
    _note_rollback(warehouse, path)
    staged = staging / warehouse.name
    _link(path, staged)
    _replace(staged, warehouse)
    return next(version for version in list_versions(warehouse) if version.is_current)


def rolled_back_inputs(warehouse: Path) -> set[str]:
    """The hashes of inputs that somebody rolled away from: not to be published again by a run that nobody watches."""
    try:
        return {entry["input_hash"] for entry in json.loads((versions_of(warehouse) / ROLLED_BACK).read_bytes())}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _note_rollback(warehouse: Path, to: Path) -> None:
    """Before the replacement: killed between the two, the published file is what the note is about, which does no harm."""
    try:
        record = read_record(warehouse)
    except WarehouseError:
        return  # nothing usable was published: nothing to hold back
    if record.inputs is None:
        return
    file = versions_of(warehouse) / ROLLED_BACK
    try:
        entries = json.loads(file.read_bytes())
    except (OSError, ValueError):
        entries = []
    at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    entries = [*entries[-50:], {"at": at, "input_hash": record.inputs.hash, "content_hash": record.content_hash, "to": to.stem}]
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
    sync(partial)
    os.replace(partial, file)


def refuse_open_writer(warehouse: Path) -> None:
    """A process that writes the old file would leave its log beside the new one; readers just keep the old file.

    DuckDB's writers hold an exclusive lock on the file and its readers a shared one, so a shared one can be had beside
    readers.
    """
    if not warehouse.exists():
        return
    with warehouse.open("rb") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WarehouseError(
                f"{warehouse}: another process has it open for writing.\n"
                "  What to do: close that program (or its connection) and run again."
            ) from None


def sync(path: Path) -> None:
    """Have the operating system write a file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.glob("[!.]*.duckdb") if path.is_file()] if folder.is_dir() else []


def _is_current(version: Path, warehouse: Path) -> bool:
    if not warehouse.is_file():
        return False
    if version.samefile(warehouse):
        return True
    # A copy, where there are no hard links: known by its name.
    if version.stat().st_dev != warehouse.stat().st_dev or warehouse.stat().st_nlink > 1:
        return False
    with contextlib.suppress(WarehouseError):
        return version.name == _name(read_record(warehouse), warehouse)
    return False


def _name(record: BuildRecord, warehouse: Path) -> str:
    built_at = record.built_at or datetime.fromtimestamp(warehouse.stat().st_mtime, UTC)
    return f"{built_at:%Y%m%dT%H%M%S.%fZ}-{record.content_hash[:12]}.duckdb"


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        # No hard links here: a copy, whole under its name or not there.
        partial = target.with_name(f".{target.name}.partial")
        try:
            shutil.copyfile(source, partial)
            sync(partial)
            os.replace(partial, target)
        finally:
            partial.unlink(missing_ok=True)
