"""Opening a DuckDB file, with what can go wrong (missing, locked, read-only, damaged, no space) told in plain words."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ingest.errors import WarehouseError

CLOSED: dict[str, str | bool | int | float | list[str]] = {"enable_external_access": False, "lock_configuration": True}
"""DuckDB's settings for reading: no other file, no network, no extension, and no setting that would change that."""

FORMAT = "v1.3.0"
"""The oldest DuckDB that can read a new file; the format of older ones takes a third longer to write, most of it for texts."""


@contextmanager
def open_for_writing(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the database, which is created when missing and taken away again when the body then fails.

    DuckDB and system errors inside the body become a WarehouseError that names the file and what to do.
    """
    existed = path.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(path, config={"storage_compatibility_version": FORMAT}) as connection:
            yield connection
    except BaseException as error:
        # Locked by another process means that it has made the file meanwhile: then it is not ours to take away.
        if not existed and "conflicting lock" not in str(error).lower():
            for leftover in (path, wal_of(path)):
                if leftover.exists():
                    leftover.unlink()
        if _is_interruption(error):
            raise KeyboardInterrupt from error
        if isinstance(error, duckdb.Error | OSError):
            raise explain(error, path) from error
        raise


@contextmanager
def open_for_reading(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that can neither write the database nor reach files or the network, and cannot be talked into it."""
    if not path.is_file():
        raise WarehouseError(f"{path}: there is no such warehouse.\n  What to do: run `kommunlager build` first.")
    try:
        with duckdb.connect(path, read_only=True, config=CLOSED) as connection:
            yield connection
    except (duckdb.Error, OSError, RuntimeError) as error:
        if _is_interruption(error):
            raise KeyboardInterrupt from error
        if not isinstance(error, duckdb.Error | OSError):
            raise
        raise explain(error, path) from error


def _is_interruption(error: BaseException) -> bool:
    """Whether Ctrl-C came while DuckDB was at work; some of its calls say so with a plain RuntimeError (duckdb 1.5)."""
    return isinstance(error, duckdb.InterruptException) or (
        isinstance(error, RuntimeError) and "interrupted" in str(error).lower()
    )


def wal_of(path: Path) -> Path:
    """The write-ahead log DuckDB keeps beside a database that was not closed cleanly."""
    return path.with_name(path.name + ".wal")


def explain(error: Exception, path: Path) -> WarehouseError:
    """The same failure as a WarehouseError with a remedy; DuckDB gives no codes, so its words decide."""
    said = " ".join(str(error).split())
    number = error.errno if isinstance(error, OSError) else None
    low = said.lower()
    if number == errno.ENOSPC or "no space left" in low:
        problem, remedy = "the disk is full", f"free some space on the file system of {path.parent} and run again"
    elif "conflicting lock" in low:
        problem, remedy = "another process has it open", "close that program (or its connection) and run again"
    elif number in (errno.EACCES, errno.EPERM, errno.EROFS) or any(
        words in low for words in ("read-only file system", "permission denied", "cannot open file")
    ):
        problem, remedy = "it cannot be written or opened", "check the permissions of the file and its folder"
    elif "not a valid duckdb database" in low or "corrupt" in low or "checksum" in low:
        problem, remedy = "it is no DuckDB database, or it is damaged", "move it away and run `kommunlager build`"
    else:
        return WarehouseError(f"{path}: {said}")
    return WarehouseError(f"{path}: {problem}.\n  What to do: {remedy}.\n  DuckDB or the system says: {said}")
