"""Load: extracted report data -> schema `raw` of a DuckDB database (see raw_schema.sql).

Documents are read, shaped, gated and written in batches, so that memory is bounded, and in one transaction, so that the gate
lets all of them in or none. Several batches are read and checked by processes of their own, while this one writes.
A document whose rows or checks differ from those in the database is replaced whole; one that is the same is left alone, so
that loading the same data twice changes nothing at all, `raw.load_check` and its `loaded_at` included. Documents that are not
part of the load stay as they are.
Official key figures (raw.kolada_value) are those of the newest snapshot, or none.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from math import ceil
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from ingest.errors import ExtractedDataError, GateError, WarehouseError
from ingest.forms.form_files import is_form, read_form
from ingest.kolada.raw import kolada_frame
from ingest.loading.columnar import NotPlain, plain, polars_types, read_frames
from ingest.loading.database import open_for_writing
from ingest.loading.gate import CheckResult, as_results, check_frames, describe_failures, failures_by_document
from ingest.loading.gate_docs import write_batches
from ingest.loading.store import read_extraction
from ingest.loading.workers import in_order
from ingest.model import Cell, Column, Document, Extraction, Note, Rule, RuleTerm, Statement, StatementTerm, Table

RAW_SCHEMA = Path(__file__).parent / "raw_schema.sql"

# Documents that a process holds at once: some hundred thousand cells.
BATCH = 2000

# DuckDB grows its file in blocks of 256 KiB, several per table.
SPARE_BYTES = 8 * 2**20

VALUE, WEIGHT = pl.Decimal(18, 4), pl.Decimal(8, 6)
EXACT_DECIMALS = {
    "table_cell": {"value": VALUE},
    "table_rule_term": {"weight": WEIGHT},
    "statement": {"value": VALUE, "precision": VALUE},
}

# The frames are named after the tables of schema `raw` and hold their columns.
Frames = dict[str, pl.DataFrame]


@dataclass(frozen=True)
class LoadedDocument:
    """What the load found in one document; `changed` is False where the database already held exactly this."""

    document_id: str
    tables: int
    cells: int
    numbers: int
    changed: bool


@dataclass(frozen=True)
class LoadResult:
    """The outcome of a load: documents, values of key figures, how many checks passed, and the seconds its parts took.

    Where several processes read and check, their seconds are added up.
    """

    documents: list[LoadedDocument]
    key_figure_values: int
    checks: int
    seconds: dict[str, float]


def load(
    folders: Sequence[Path],
    database: Path,
    note: Callable[[str], None] = lambda _: None,
    docs: Path | None = None,
    snapshots: Path | None = None,
) -> LoadResult:
    """Load the documents of `folders`, and Kolada's newest snapshot below `snapshots`, into `database`, made when missing.

    `note` is told what is going on; the gate's Data Docs go to the new folder `docs`. Raises ExtractedDataError (damaged
    files, two folders with one document), KoladaError (a damaged snapshot), GateError (rows the gate does not let through)
    and WarehouseError (locked, read-only, full); the database is then as it was.
    """
    watch = _Stopwatch()
    folders = [folder.resolve() for folder in folders]
    key_figures = kolada_frame(snapshots)
    watch.lap("read")
    batches = _batches(folders, key_figures, docs)
    failed: list[CheckResult] = []
    documents: dict[str, LoadedDocument] = {}
    checks = 0
    note("reading and checking the extracted reports")
    # Opened before the gate, which takes seconds: a locked or read-only database is told at once.
    with open_for_writing(database) as connection, closing(in_order(_read_and_check, batches)) as checked_batches:
        connection.begin()
        connection.execute(RAW_SCHEMA.read_text(encoding="utf-8"))
        watch.lap("write")
        for number, (frames, results, seconds) in enumerate(checked_batches):
            watch.add(seconds)
            _refuse_twice(frames, documents)
            if docs is not None and len(batches) > 1:
                write_batches(
                    docs, {b.docs.name: (b.folders[0].name, b.folders[-1].name) for b in batches[: number + 1] if b.docs}
                )
            checks += results.height
            failed += as_results(results.filter(~pl.col("passed")))
            changed: set[str] = set()
            if not failed:
                _require_space(database.parent, frames)
                changed = _write(connection, frames, results, None if number else key_figures)
            documents |= {document.document_id: document for document in _summary(frames, changed)}
            watch.lap("write")
            note(f"reading and checking the extracted reports: {len(documents):,} of {len(folders):,}")
        if failed:
            raise GateError(describe_failures(failed), failures_by_document(failed))
        note("writing the database")
        connection.commit()
        # Closing would do it too, but says nothing when the disk is full.
        connection.execute("checkpoint")
    watch.lap("write")
    return LoadResult(list(documents.values()), key_figures.height, checks, watch.seconds)


@dataclass(frozen=True)
class _Batch:
    """What is read and checked at once: folders, the key figures beside the first of them, and where the pages about it go."""

    folders: Sequence[Path]
    key_figures: pl.DataFrame | None
    docs: Path | None


def _batches(folders: Sequence[Path], key_figures: pl.DataFrame, docs: Path | None) -> list[_Batch]:
    count = max(1, ceil(len(folders) / BATCH))
    size = max(1, ceil(len(folders) / count))
    parts = [folders[start : start + size] for start in range(0, len(folders), size)] or [[]]
    if len(parts) == 1:
        return [_Batch(parts[0], key_figures, docs)]
    return [
        _Batch(part, key_figures if number == 1 else None, docs / f"{number:03}" if docs else None)
        for number, part in enumerate(parts, 1)
    ]


def _read_and_check(batch: _Batch) -> tuple[Frames, pl.DataFrame, dict[str, float]]:
    """A batch's rows, the results of its checks, and the seconds that both took."""
    watch = _Stopwatch()
    frames = _read(batch.folders)
    watch.lap("read")
    checked = frames if batch.key_figures is None else {**frames, "kolada_value": batch.key_figures}
    results = check_frames(checked, batch.docs)
    watch.lap("gate")
    return frames, results, watch.seconds


def _summary(frames: Frames, changed: set[str]) -> list[LoadedDocument]:
    def counts(name: str, counted: pl.Expr) -> dict[str, int]:
        return dict(frames[name].group_by("document_id").agg(counted).iter_rows())

    tables, cells = counts("report_table", pl.len()), counts("table_cell", pl.len())
    numbers = counts("table_cell", pl.col("value").count())
    return [
        LoadedDocument(i, tables.get(i, 0), cells.get(i, 0), numbers.get(i, 0), i in changed)
        for i in frames["document"]["document_id"]
    ]


def shape(extractions: Sequence[Extraction]) -> Frames:
    """The extractions as frames of schema `raw`, sorted by their keys.

    The columns of EXACT_DECIMALS differ from their tables: they are still exact decimals as text, because a frame's decimal
    rounds without a word what does not fit; the gate proves that it fits before it is cast.
    """
    ids = [extraction.document.document_id for extraction in extractions]

    def frame(row_type: type[Any], rows: Callable[[Extraction], Sequence[Any]]) -> pl.DataFrame:
        return _frame(row_type, [(i, row) for i, extraction in zip(ids, extractions, strict=True) for row in rows(extraction)])

    return _complete(
        {
            Document: _frame(Document, [(extraction.document.document_id, extraction.document) for extraction in extractions]),
            Table: frame(Table, lambda extraction: extraction.tables),
            Column: frame(Column, lambda extraction: extraction.columns),
            Cell: frame(Cell, lambda extraction: extraction.cells),
            Rule: frame(Rule, lambda extraction: extraction.rules),
            RuleTerm: frame(RuleTerm, lambda extraction: extraction.rule_terms),
            Note: frame(Note, lambda extraction: extraction.notes),
            Statement: frame(Statement, lambda extraction: extraction.statements),
            StatementTerm: frame(StatementTerm, lambda extraction: extraction.statement_terms),
        }
    )


def _complete(rows: Mapping[type[Any], pl.DataFrame]) -> Frames:
    """The rows as frames of schema `raw`: with ids, titles and labels, sorted."""
    table, column = rows[Table], rows[Column]
    # One row per key, so that a key given twice fails the gate once and not as many rows.
    titles = table.select("document_id", "table_no", "table_title").unique(["document_id", "table_no"])
    labels = column.select("document_id", "table_no", "column_no", "column_label").unique(
        ["document_id", "table_no", "column_no"]
    )
    cell = (
        rows[Cell]
        .join(titles, on=["document_id", "table_no"], how="left")
        .join(labels, on=["document_id", "table_no", "column_no"], how="left")
        .with_columns(cell_id=pl.concat_str("document_id", "table_no", "row_no", "column_no", separator="/"))
    )
    statement = rows[Statement].with_columns(
        statement_id=pl.concat_str("document_id", pl.lit("statement"), "name", separator="/")
    )
    frames = {
        "document": rows[Document],
        "report_table": table,
        "report_column": column,
        "table_cell": cell,
        "table_rule": rows[Rule],
        "table_rule_term": rows[RuleTerm],
        "extraction_note": rows[Note],
        "statement": statement,
        "statement_term": rows[StatementTerm],
    }
    of_tables = ["document_id", "table_no", "rule_no", "term_no", "note_no", "row_no", "column_no"]
    of_statements = ["document_id", "statement_no", "term_no", "factor_no"]
    return {
        name: f.sort([key for key in (of_statements if "statement_no" in f.columns else of_tables) if key in f.columns])
        for name, f in frames.items()
    }


def _read(folders: Sequence[Path]) -> Frames:
    """The frames of documents' folders and of forms. Folders are read all at once where they are as the project writes them."""
    try:
        if len({folder.name for folder in folders}) == len(folders) and not any(is_form(folder) for folder in folders):
            return _complete(read_frames(folders))
    except NotPlain:
        pass  # read one by one, which takes it or names what is wrong
    read: dict[str, tuple[Path, Extraction]] = {}
    for folder in folders:
        form = is_form(folder)
        if not form and not folder.is_dir():
            raise ExtractedDataError(
                f"{folder}: there is no such folder.\n  What to do: run `kommunlager extract REPORT.txt` first."
            )
        extraction = read_form(folder) if form else read_extraction(folder)
        document_id = extraction.document.document_id
        if document_id in read:
            raise _twice(f"{read[document_id][0]} and {folder}", document_id)
        read[document_id] = (folder, extraction)
    return shape([extraction for _, extraction in read.values()])


def _refuse_twice(frames: Frames, before: Mapping[str, object]) -> None:
    """A document has one place, also where its second folder is in another batch."""
    for document_id in frames["document"]["document_id"]:
        if document_id in before:
            raise _twice("two of the folders", document_id)


def _twice(places: str, document_id: str) -> ExtractedDataError:
    return ExtractedDataError(
        f"{places}: both hold document '{document_id}'.\n  What to do: load only one of them; a document has one place."
    )


def _frame(row_type: type[Any], rows: Sequence[tuple[str, Any]]) -> pl.DataFrame:
    """Rows of one kind, each with its document, as a frame with the fields of `row_type`."""
    names = {"document_id": pl.String(), **polars_types(row_type)}
    records: dict[str, list[Any]] = {
        name: [i if name == "document_id" else _plain(getattr(row, name)) for i, row in rows] for name in names
    }
    try:
        return pl.DataFrame(records, schema=names)
    except (OverflowError, pl.exceptions.PolarsError, TypeError) as error:
        raise ExtractedDataError(
            f"{', '.join(sorted({i for i, _ in rows}))}: the {row_type.__name__.lower()} rows hold a number that is "
            f"far too large ({error}).\n  What to do: restore the files from version control, or extract again."
        ) from None


def _plain(value: object) -> object:
    return plain(value) if isinstance(value, Decimal) else value


def _write(
    connection: duckdb.DuckDBPyConnection, frames: Frames, results: pl.DataFrame, key_figures: pl.DataFrame | None
) -> set[str]:
    """Replace the documents that differ, and the key figures (if given) where they do; returns the documents' ids."""
    checks = results.filter(pl.col("document_id").is_not_null())
    exact = {
        name: frames[name].with_columns(pl.col(column).cast(kind) for column, kind in kinds.items())
        for name, kinds in EXACT_DECIMALS.items()
    }
    incoming = {**frames, **exact, "load_check": checks}
    for name, frame in incoming.items():
        _check_columns(connection, name, frame)
        connection.register(f"incoming_{name}", frame.to_arrow())
    # Only what is there already can be the same.
    there = connection.execute("select document_id from raw.document semi join incoming_document using (document_id)").fetchall()
    connection.register(
        "known_document", pl.DataFrame({"document_id": [i for (i,) in there]}, schema={"document_id": pl.String}).to_arrow()
    )
    changed = set(frames["document"]["document_id"]) - {i for (i,) in there}
    for name, frame in incoming.items() if there else ():
        columns = ", ".join(frame.columns)
        old = f"select {columns} from raw.{name} semi join known_document using (document_id)"
        new = f"select {columns} from incoming_{name} semi join known_document using (document_id)"
        difference = f"select document_id from (({old} except all {new}) union all ({new} except all {old}))"
        changed.update(row[0] for row in connection.execute(f"select distinct document_id from ({difference})").fetchall())
    connection.register(
        "changed_document", pl.DataFrame({"document_id": sorted(changed)}, schema={"document_id": pl.String}).to_arrow()
    )
    of_changed = " semi join changed_document using (document_id)" if there else ""
    loaded_at = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    for name, frame in incoming.items():
        columns = ", ".join(frame.columns)
        if there:
            connection.execute(f"delete from raw.{name} where document_id in (from changed_document)")
        stamp = ("loaded_at, ", f"timestamp '{loaded_at}', ") if name == "load_check" else ("", "")
        connection.execute(
            f"insert into raw.{name} ({stamp[0]}{columns}) select {stamp[1]}{columns} from incoming_{name}{of_changed}"
        )
    if key_figures is not None:
        _write_key_figures(connection, key_figures, results.filter(pl.col("document_id").is_null()), loaded_at)
    return changed


def _write_key_figures(
    connection: duckdb.DuckDBPyConnection, key_figures: pl.DataFrame, checks: pl.DataFrame, loaded_at: datetime
) -> None:
    """Put the key figures and the checks of them in the place of those that are there, if they differ."""
    incoming = {
        "kolada_value": (key_figures.with_columns(pl.col("value").cast(VALUE)), "true"),
        "load_check": (checks, "document_id is null"),
    }
    different = False
    for name, (frame, theirs) in incoming.items():
        _check_columns(connection, name, frame)
        connection.register(f"key_figures_{name}", frame.to_arrow())
        columns = ", ".join(frame.columns)
        old, new = f"select {columns} from raw.{name} where {theirs}", f"select {columns} from key_figures_{name}"
        difference = f"select 1 from (({old} except all {new}) union all ({new} except all {old})) limit 1"
        different |= connection.execute(difference).fetchone() is not None
    if not different:
        return
    for name, (frame, theirs) in incoming.items():
        columns = ", ".join(frame.columns)
        stamp = ("loaded_at, ", f"timestamp '{loaded_at}', ") if name == "load_check" else ("", "")
        connection.execute(f"delete from raw.{name} where {theirs}")
        connection.execute(f"insert into raw.{name} ({stamp[0]}{columns}) select {stamp[1]}{columns} from key_figures_{name}")


def _require_space(folder: Path, frames: Frames) -> None:
    """Refuse before writing what could not be finished: DuckDB writes its log first and then needs the room again."""
    needed = SPARE_BYTES + 4 * sum(int(frame.estimated_size()) for frame in frames.values())
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise WarehouseError(
            f"{folder}: the disk is full: {free / 2**20:,.1f} MiB are free, {needed / 2**20:,.0f} MiB are needed.\n"
            "  What to do: free some space on that file system and run again."
        )


def _check_columns(connection: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> None:
    """A database of another version of the project keeps its old tables (`create table if not exists`): say so."""
    found = {row[0] for row in connection.execute(f"describe raw.{name}").fetchall()} - {"loaded_at"}
    if found != set(frame.columns):
        raise WarehouseError(
            f"raw.{name}: the database has other columns than this version of the project "
            f"({', '.join(sorted(found ^ set(frame.columns)))}).\n"
            "  What to do: remove the database file and load again, or run `kommunlager build`."
        )


class _Stopwatch:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name] = round(self.seconds.get(name, 0) + now - self._last, 3)
        self._last = now

    def add(self, others: Mapping[str, float]) -> None:
        """Count what others have measured; the next lap begins now."""
        for name, seconds in others.items():
            self.seconds[name] = round(self.seconds.get(name, 0) + seconds, 3)
        self._last = time.perf_counter()
