"""Load: extracted report data -> schema `raw` of a DuckDB database (see raw_schema.sql).

Documents are read, shaped, gated and written in batches, so that memory is bounded, and in one transaction, so that the gate
lets all of them in or none. Several batches are read and checked by processes of their own, which leave the rows in files for
this one to write.
A document whose rows or checks differ from those in the database is replaced whole; one that is the same is left alone, so
that loading the same data twice changes nothing at all, `raw.load_check` and its `loaded_at` included. Documents that are not
part of the load stay as they are.
Official key figures (raw.kolada_value) are those of the newest snapshot, or none.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
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
from ingest.loading.database import explain, open_for_writing
from ingest.loading.gate import CheckResult, as_results, check_frames, describe_failures, failures_by_document
from ingest.loading.gate_docs import write_batches
from ingest.loading.parallel import WORKERS, in_order
from ingest.loading.store import read_extraction, staging_folder
from ingest.model import Cell, Column, Document, Extraction, Note, Rule, RuleTerm, Statement, StatementTerm, Table

RAW_SCHEMA = Path(__file__).parent / "raw_schema.sql"

# Documents that a process holds at once: some nine hundred thousand cells, and 1.4 GB. Each batch costs some seconds of its own.
BATCH = 2500

# So many are read and checked here: other processes would cost more than they bring.
FEW = 1000

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

# The same, in memory or as Parquet files.
Rows = Mapping[str, pl.DataFrame] | Mapping[str, Path]


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
    note("reading and checking the extracted reports")
    # Opened before the gate, which takes seconds: a locked or read-only database is told at once.
    in_memory = len(folders) <= FEW
    with open_for_writing(database) as connection, nullcontext() if in_memory else staging_folder(database.parent) as staging:
        batches = _batches(folders, key_figures, docs, staging)
        checked: list[_Checked] = []
        documents: dict[str, LoadedDocument] = {}
        with closing(in_order(_read_and_check, batches)) as results:
            for result in results:
                _refuse_twice(result, documents)
                checked.append(result)
                documents |= {document.document_id: document for document in result.documents}
                note(f"reading and checking the extracted reports: {len(documents):,} of {len(folders):,}")
        for result in checked:
            watch.add(result.seconds)
        if docs is not None and not in_memory:
            write_batches(docs, {f"{n:03}": (b.folders[0].name, b.folders[-1].name) for n, b in enumerate(batches, 1)})
        failed = [failure for result in checked for failure in result.failed]
        if failed:
            raise GateError(describe_failures(failed), failures_by_document(failed))
        note("writing the database")
        connection.begin()
        connection.execute(RAW_SCHEMA.read_text(encoding="utf-8"))
        _require_space(database.parent, sum(result.size for result in checked))
        loaded_at = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        changed = _write(connection, [result.rows for result in checked], loaded_at)
        _write_key_figures(connection, key_figures, checked[0].key_figure_checks, loaded_at)
        connection.commit()
        # Closing would do it too, but says nothing when the disk is full.
        connection.execute("checkpoint")
    watch.lap("write")
    loaded = [replace(document, changed=document.document_id in changed) for document in documents.values()]
    return LoadResult(loaded, key_figures.height, sum(result.checks for result in checked), watch.seconds)


@dataclass(frozen=True)
class _Batch:
    """What is read and checked at once: folders, and the key figures beside the first of them.

    Pages about it go to `docs`. Its rows wait for the other batches as files whose paths begin with `staged`, or in memory.
    """

    folders: Sequence[Path]
    key_figures: pl.DataFrame | None
    docs: Path | None
    staged: Path | None


@dataclass(frozen=True)
class _Checked:
    """What has become of a batch. `rows` are those of the tables of schema raw, ready to be written where nothing has failed,
    and `size` are their bytes."""

    documents: Sequence[LoadedDocument]
    checks: int
    failed: Sequence[CheckResult]
    rows: Rows
    size: int
    key_figure_checks: pl.DataFrame
    seconds: Mapping[str, float]


def _batches(folders: Sequence[Path], key_figures: pl.DataFrame, docs: Path | None, staging: Path | None) -> list[_Batch]:
    """One batch where there is no `staging` folder; else as many for each worker, none much smaller than the others."""
    if staging is None:
        return [_Batch(folders, key_figures, docs, None)]
    size = ceil(len(folders) / (WORKERS * ceil(len(folders) / (WORKERS * BATCH))))
    parts = [folders[start : start + size] for start in range(0, len(folders), size)]
    return [
        _Batch(part, key_figures if number == 1 else None, docs and docs / f"{number:03}", staging / f"{number:03}")
        for number, part in enumerate(parts, 1)
    ]


def _read_and_check(batch: _Batch) -> _Checked:
    watch = _Stopwatch()
    frames = _read(batch.folders)
    watch.lap("read")
    checked = frames if batch.key_figures is None else {**frames, "kolada_value": batch.key_figures}
    results = check_frames(checked, batch.docs)
    watch.lap("gate")
    failed = as_results(results.filter(~pl.col("passed")))
    rows: Rows = {}
    size = 0
    if not failed:
        ready = _ready(frames, results.filter(pl.col("document_id").is_not_null()))
        rows, size = ready, sum(int(frame.estimated_size()) for frame in ready.values())
        if batch.staged is not None:
            rows = {name: _put(frame, Path(f"{batch.staged}_{name}.parquet")) for name, frame in ready.items()}
            size = sum(path.stat().st_size for path in rows.values())
    watch.lap("write")
    key_figure_checks = results.filter(pl.col("document_id").is_null())
    return _Checked(_summary(frames), results.height, failed, rows, size, key_figure_checks, watch.seconds)


def _ready(frames: Frames, checks: pl.DataFrame) -> dict[str, pl.DataFrame]:
    exact = {
        name: frames[name].with_columns(pl.col(column).cast(kind) for column, kind in kinds.items())
        for name, kinds in EXACT_DECIMALS.items()
    }
    return {**frames, **exact, "load_check": checks}


def _put(frame: pl.DataFrame, path: Path) -> Path:
    try:
        frame.write_parquet(path, compression="lz4", statistics=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise explain(error, path) from error
    return path


def _summary(frames: Frames) -> list[LoadedDocument]:
    def counts(name: str, counted: pl.Expr) -> dict[str, int]:
        return dict(frames[name].group_by("document_id").agg(counted).iter_rows())

    tables, cells = counts("report_table", pl.len()), counts("table_cell", pl.len())
    numbers = counts("table_cell", pl.col("value").count())
    return [
        LoadedDocument(i, tables.get(i, 0), cells.get(i, 0), numbers.get(i, 0), changed=False)
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


def _refuse_twice(checked: _Checked, before: Mapping[str, object]) -> None:
    """A document has one place, also where its second folder is in another batch."""
    for document in checked.documents:
        if document.document_id in before:
            raise _twice("two of the folders", document.document_id)


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


def _write(connection: duckdb.DuckDBPyConnection, batches: Sequence[Rows], loaded_at: datetime) -> set[str]:
    """Replace the documents that differ; returns their ids."""
    _offer(connection, batches)
    # Only what is there already can be the same.
    query = "select document_id from raw.document semi join incoming_document using (document_id)"
    there = {row[0] for row in connection.execute(query).fetchall()}
    if there and len(batches) > 1:
        # To compare a whole country takes its memory; to add one does not.
        return set().union(*(_write(connection, [batch], loaded_at) for batch in batches))
    columns = {name: ", ".join(_columns(connection, f"incoming_{name}")) for name in batches[0]}
    incoming = {row[0] for row in connection.execute("select document_id from incoming_document").fetchall()}
    changed = incoming - there
    if there:
        changed |= _differing(connection, columns, there)
        connection.register("changed_document", _ids(changed))
    for name, named in columns.items():
        of_changed = " semi join changed_document using (document_id)" if there else ""
        if there:
            connection.execute(f"delete from raw.{name} where document_id in (from changed_document)")
        stamp = ("loaded_at, ", f"timestamp '{loaded_at}', ") if name == "load_check" else ("", "")
        connection.execute(
            f"insert into raw.{name} ({stamp[0]}{named}) select {stamp[1]}{named} from incoming_{name}{of_changed}"
        )
    return changed


def _offer(connection: duckdb.DuckDBPyConnection, batches: Sequence[Rows]) -> None:
    """Name the batches' rows to DuckDB, as incoming_<table>."""
    for name, first in batches[0].items():
        if isinstance(first, pl.DataFrame):
            connection.register(f"incoming_{name}", first.to_arrow())
        else:
            files = ", ".join("'" + str(batch[name]).replace("'", "''") + "'" for batch in batches)
            connection.execute(f"create or replace temp view incoming_{name} as from read_parquet([{files}])")
        _check_columns(connection, name, f"incoming_{name}")


def _differing(connection: duckdb.DuckDBPyConnection, columns: Mapping[str, str], known: set[str]) -> set[str]:
    """Those of the `known` documents, which are there already, that are not what is incoming."""
    connection.register("known_document", _ids(known))
    differing: set[str] = set()
    for name, named in columns.items():
        old, new = (
            f"select {named} from {table} semi join known_document using (document_id)"
            for table in (f"raw.{name}", f"incoming_{name}")
        )
        difference = f"select document_id from (({old} except all {new}) union all ({new} except all {old}))"
        differing.update(row[0] for row in connection.execute(f"select distinct document_id from ({difference})").fetchall())
    return differing


def _ids(documents: set[str]) -> Any:
    return pl.DataFrame({"document_id": sorted(documents)}, schema={"document_id": pl.String}).to_arrow()


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
        connection.register(f"key_figures_{name}", frame.to_arrow())
        _check_columns(connection, name, f"key_figures_{name}")
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


def _require_space(folder: Path, size: int) -> None:
    """Refuse before writing what could not be finished: DuckDB writes its log first and then needs the room again."""
    needed = SPARE_BYTES + 4 * size
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise WarehouseError(
            f"{folder}: the disk is full: {free / 2**20:,.1f} MiB are free, {needed / 2**20:,.0f} MiB are needed.\n"
            "  What to do: free some space on that file system and run again."
        )


def _check_columns(connection: duckdb.DuckDBPyConnection, name: str, incoming: str) -> None:
    """A database of another version of the project keeps its old tables (`create table if not exists`): say so."""
    found, given = set(_columns(connection, f"raw.{name}")) - {"loaded_at"}, set(_columns(connection, incoming))
    if found != given:
        raise WarehouseError(
            f"raw.{name}: the database has other columns than this version of the project "
            f"({', '.join(sorted(found ^ given))}).\n"
            "  What to do: remove the database file and load again, or run `kommunlager build`."
        )


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    return [row[0] for row in connection.execute(f"describe {table}").fetchall()]


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
