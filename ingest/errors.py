"""Errors a person can act on: each names the file, the table and line where known, and what to do."""

from __future__ import annotations

from typing import Any


class KommunlagerError(Exception):
    """An expected failure. The message is complete; commands print it without a traceback and exit 1."""

    def __reduce__(self) -> tuple[Any, ...]:
        # As it is, whatever its class takes to be made: errors come out of worker processes (ingest/workers.py).
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[KommunlagerError], args: tuple[Any, ...], facts: dict[str, Any]) -> KommunlagerError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(facts)
    return error


class ReportError(KommunlagerError):
    """A report's text cannot be used at all (empty, binary, wrong encoding, no layout knows it)."""


class LayoutError(KommunlagerError):
    """A layout file is wrong in itself."""


class ExtractionError(KommunlagerError):
    """A table of a report cannot be read as its layout says, or stays ambiguous."""

    def __init__(self, document_id: str, table: str, line: int | None, problem: str, remedy: str) -> None:
        where = f"{document_id}, table '{table}'" + (f", line {line}" if line is not None else "")
        super().__init__(f"{where}: {problem}\n  What to do: {remedy}")
        self.document_id = document_id
        self.table = table
        self.line = line


class ExtractedDataError(KommunlagerError):
    """A file of ingest/extracted/ is missing, damaged or does not fit its document."""


class GateError(KommunlagerError):
    """The load gate found rows it does not let through; the database is as it was.

    `documents` says of each document that has such rows which they are; rows of no document are in the message alone.
    """

    def __init__(self, message: str, documents: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.documents = documents or {}


class WarehouseError(KommunlagerError):
    """The warehouse file cannot be read or written (missing, locked, read-only, no space)."""


class FormError(KommunlagerError):
    """A form with data that somebody else extracted cannot be taken: its file is refused, or its cells are wrong."""


class KoladaError(KommunlagerError):
    """Kolada cannot be asked, answers something that cannot be used, or a snapshot of it is damaged."""
