"""The folder where reports are delivered: what lies there, what became of each file, and the quarantine of those that failed.

The drop folder itself is only read. A file that cannot be taken in is copied to the quarantine with its reason, and is tried
again when it, or what its failure depends on, has changed.

    <warehouse>_nightly/reports.json                    of each file its fingerprint, its document, its failure if any
    <warehouse>_nightly/quarantine/<file>/reason.txt    why, since when, and what to do; beside it the file itself
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ingest.errors import KommunlagerError
from ingest.loading.missing import MissingReport
from ingest.source.files import Refused, read_bytes
from publish.building.inputs import Fingerprints
from publish.products.folder import write_folder

MAX_BYTES = 100_000_000
REASON = "reason.txt"
KIND = "kommunlager quarantine"


@dataclass(frozen=True)
class Delivered:
    """A file, or a form's folder, of the drop folder; `sha256` is null where it is not even to be read (see the extraction)."""

    name: str
    path: Path
    sha256: str | None


@dataclass(frozen=True)
class Known:
    """What became of a delivered file: the document it is, or the step at which it failed.

    `context` is the fingerprint of what that depends on besides the file: where it is another, the file is tried again.
    """

    sha256: str | None
    document_id: str
    context: str
    failed_step: str | None = None
    reason: str = ""
    since: str = ""
    municipality_code: str | None = None


def delivered(folder: Path, fingerprints: Fingerprints) -> list[Delivered]:
    """The files and forms below a folder, by name; hidden ones are left out. KommunlagerError where there is no folder."""
    if not folder.is_dir():
        raise KommunlagerError(f"{folder}: there is no such folder.\n  What to do: name the reports' folder with --reports.")
    try:
        paths = sorted(_reports(folder))
    except OSError as error:
        raise KommunlagerError(f"{folder}: cannot be read ({error.strerror}).\n  What to do: check its permissions.") from None
    return [Delivered(path.relative_to(folder).as_posix(), path, _fingerprint(path, fingerprints)) for path in paths]


def read_known(file: Path) -> dict[str, Known]:
    """What became of the files in earlier runs; nothing where that is not known, and then all are read again."""
    try:
        return {name: Known(**facts) for name, facts in json.loads(file.read_bytes()).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def write_known(file: Path, known: Mapping[str, Known]) -> None:
    """Keep what became of the files, in one step."""
    partial = file.with_name(file.name + ".partial")
    with partial.open("w", encoding="utf-8") as stream:
        json.dump({name: asdict(facts) for name, facts in sorted(known.items())}, stream, ensure_ascii=False, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(partial, file)


def write_quarantine(folder: Path, missing: Sequence[MissingReport], reports: Path) -> None:
    """Make the quarantine hold the missing reports and their reasons, and nothing else."""
    names = {_entry(report.file_name): report for report in missing}
    for there in sorted(folder.iterdir()) if folder.is_dir() else []:
        if there.name not in names and (there / REASON).is_file():
            shutil.rmtree(there)
    for name, report in names.items():
        files = {REASON: _reason(report).encode("utf-8", "replace"), **_contents(reports / report.file_name)}
        if any(_differs(folder / name / file, data) for file, data in files.items()):
            write_folder(folder / name, KIND, {"file": report.file_name, "source_sha256": report.source_sha256}, files)


def quarantine_entry(folder: Path, file_name: str) -> Path:
    """The folder of a missing report in the quarantine."""
    return folder / _entry(file_name)


def _entry(file_name: str) -> str:
    """A folder's name that leads nowhere else; files whose names would become the same are told apart."""
    plain = re.sub(r"[^\w.-]", "_", file_name).lstrip(".")[:120]
    return plain if plain == file_name else f"{plain}-{hashlib.sha256(file_name.encode('utf-8', 'replace')).hexdigest()[:8]}"


def _reason(report: MissingReport) -> str:
    held = "It holds an earlier version of the document.\n" if report.is_earlier_version_held else ""
    return (
        f"{report.file_name} is not in the warehouse. {held}\n"
        f"Failed at:    {report.step}\n"
        f"Since:        {report.since:%Y-%m-%d %H:%M} UTC\n"
        f"Document:     {report.document_id}\n"
        f"SHA-256:      {report.source_sha256 or 'not read'}\n\n"
        f"{report.reason}\n\n"
        "It is tried again when the file, the program, a layout or a seed has changed, or when this folder is removed.\n"
    )


def _contents(path: Path) -> dict[str, bytes]:
    """The file, or a form's files, as far as they are ordinary ones of bearable size."""
    files = sorted(path.iterdir()) if path.is_dir() and not path.is_symlink() else [path]
    contents = {}
    for file in files:
        try:
            name = file.name if file.name != REASON else f"_{REASON}"
            contents[name if name != "manifest.json" else "_manifest.json"] = read_bytes(file, MAX_BYTES)
        except Refused:
            continue
    return contents


def _differs(file: Path, data: bytes) -> bool:
    try:
        return file.read_bytes() != data
    except OSError:
        return True


def _reports(folder: Path) -> Iterator[Path]:
    from ingest.forms.form_files import is_form

    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False) and not is_form(path):
                yield from _reports(path)
            else:
                yield path


def _fingerprint(path: Path, fingerprints: Fingerprints) -> str | None:
    try:
        parts = [path] if not stat.S_ISDIR(path.lstat().st_mode) else list(path.iterdir())
        found = [part.lstat() for part in parts]
        if not all(stat.S_ISREG(facts.st_mode) for facts in found) or sum(facts.st_size for facts in found) > MAX_BYTES:
            return None
        return fingerprints.of(path)
    except OSError:
        return None
