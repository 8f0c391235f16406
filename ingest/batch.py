"""Many reports at once: each is read in a process with limits, all are written or none is, and memory stays flat."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ingest.errors import ReportError
from ingest.loading.store import MAX_BYTES, publish_folders, staging_folder, target_folder, write_files
from ingest.source.files import Refused, read_bytes
from ingest.workers import LIMITS, Limits, processors, run_each, run_limited

Note = Callable[[str, int, int], None]


@dataclass(frozen=True)
class ExtractedDocument:
    """What was extracted from one report; `differing` are files that are there with other contents (only when comparing)."""

    document_id: str
    tables: int
    cells: int
    numbers: int
    differing: tuple[str, ...] = ()


def extract_all(
    reports: Sequence[Path], root: Path, jobs: int | None = None, limits: Limits = LIMITS, note: Note = lambda *_: None
) -> list[ExtractedDocument]:
    """Extract reports and forms into folders below `root`, in their order: either all of them are written, or none.

    `jobs` processes work at the same time (default: one per processor). Raises the error of the first report, in their order,
    that cannot be read within its limits.
    """
    with staging_folder(root) as staging:
        done = _run(partial(_extract_one, staging, root), reports, jobs, limits, note)
        publish_folders([staging / str(n) / document.document_id for n, document in enumerate(done)], root)
    return done


def extract_each(
    reports: Sequence[Path], staging: Path, root: Path, limits: Limits = LIMITS, note: Note = lambda *_: None
) -> Iterator[tuple[Path, Path | Exception]]:
    """Extract reports and forms for `root` into the folder `staging`, and tell of each what became of it: its document's folder
    in there, or why it cannot be read. A failure stops nothing; moving the folders to `root` is left to the caller.
    """
    note("extracting", 0, len(reports))
    with closing(run_each(partial(_extract_one, staging, root), reports, processors(), limits)) as outcomes:
        for number, (report, outcome) in enumerate(zip(reports, outcomes, strict=True)):
            note(f"extracting: {report.name} is done", number + 1, len(reports))
            yield report, outcome if isinstance(outcome, Exception) else staging / str(number) / outcome.document_id


def compare_all(
    reports: Sequence[Path], root: Path, jobs: int | None = None, limits: Limits = LIMITS, note: Note = lambda *_: None
) -> list[ExtractedDocument]:
    """Extract reports and forms, and tell which files below `root` are different; nothing is written there."""
    with tempfile.TemporaryDirectory() as staging:
        return _run(partial(_compare_one, Path(staging), root), reports, jobs, limits, note)


def _run(
    work: Callable[[int, Path], ExtractedDocument], reports: Sequence[Path], jobs: int | None, limits: Limits, note: Note
) -> list[ExtractedDocument]:
    done: list[ExtractedDocument] = []
    known: dict[str, Path] = {}
    note("extracting", 0, len(reports))
    with closing(run_limited(work, reports, jobs or processors(), limits)) as documents:
        for report, document in zip(reports, documents, strict=True):
            other = known.setdefault(document.document_id, report)
            if len(known) == len(done):
                raise ReportError(
                    f"{other} and {report}: both are document '{document.document_id}'.\n"
                    "  What to do: name only one of them, or rename the file that is another report."
                )
            done.append(document)
            note(f"extracting: {report.name} is done", len(done), len(reports))
    return done


def _extract_one(staging: Path, root: Path, number: int, report: Path) -> ExtractedDocument:
    """Extract one report into the folder `<number>/<document_id>` of the staging folder."""
    # Imported where it is used: with `spawn`, by the process that reads.
    from ingest.extract import extract_report
    from ingest.forms.form_files import is_form, read_form

    extraction = read_form(report) if is_form(report) else extract_report(report)
    document_id = extraction.document.document_id
    target_folder(root, document_id)
    write_files(extraction, staging / str(number))
    return ExtractedDocument(
        document_id,
        len(extraction.tables),
        len(extraction.cells),
        sum(cell.value is not None for cell in extraction.cells),
    )


def _compare_one(staging: Path, root: Path, number: int, report: Path) -> ExtractedDocument:
    document = _extract_one(staging, root, number, report)
    new, old = staging / str(number) / document.document_id, root / document.document_id
    names = {path.name for folder in (new, old) if folder.is_dir() for path in folder.iterdir()}
    differing = tuple(str(old / name) for name in sorted(names) if _bytes(new / name) != _bytes(old / name))
    shutil.rmtree(new)
    return replace(document, differing=differing)


def _bytes(path: Path) -> bytes | None:
    try:
        return read_bytes(path, MAX_BYTES)
    except Refused:
        return None
