"""What a warehouse is made from, as fingerprints: whether there is news, and in which documents, is a comparison of two of these.

A fingerprint is a SHA-256 of names and bytes. Reading every file every night would take minutes with all municipalities in it;
so the fingerprints of report files and documents are remembered with what the file system says of the files (size, inode,
times), as version control does.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from math import ceil
from pathlib import Path
from typing import Any

from ingest.loading.parallel import in_order
from publish.paths import PROJECT_DIR

PACKAGES = ("dbt-core", "dbt-duckdb", "duckdb", "great-expectations", "polars", "pandas", "pypdfium2", "openpyxl")
"""The packages whose other release may give other figures."""

_CODE = frozenset({".py", ".yml", ".sql", ".csv", ".txt", ".md", ".j2", ".css", ".js"})
_MANY = 1000
"""More files or folders than these are worth processes of their own,"""
_SHARES = 8
"""in so many shares: more than processes, for one may be done sooner."""
_SETTLED_NS = 2 * 10**9
"""A file that was changed so shortly before it was read may change again without its times showing it."""


@dataclass(frozen=True)
class Inputs:
    """The fingerprints of what a warehouse is made from: `documents` by id, and the other `parts` by name.

    Parts: ingest and publish (the code), packages, models (with macros and tests), seeds, kolada (the newest snapshot),
    missing (the reports that could not be read).
    """

    documents: Mapping[str, str]
    parts: Mapping[str, str]

    @property
    def hash(self) -> str:
        return _digest([("documents", _digest(self.documents.items())), *self.parts.items()])

    def changed_parts(self, other: Inputs) -> list[str]:
        """The names of the parts in which two differ, documents left out."""
        names = {*self.parts, *other.parts}
        return sorted(name for name in names if self.parts.get(name) != other.parts.get(name))

    def changed_documents(self, other: Inputs) -> list[str]:
        """The documents of this one that the other has not, or has otherwise."""
        return sorted(name for name, print_ in self.documents.items() if other.documents.get(name) != print_)


class Fingerprints:
    """The fingerprints of files and folders, remembered in a file of this machine; without it they are only slower."""

    def __init__(self, memory: Path | None = None) -> None:
        self._memory = memory
        self._known: dict[str, list[str]] = {}
        self._used: dict[str, list[str]] = {}
        if memory is not None:
            try:
                known = json.loads(memory.read_bytes())
                self._known = {path: [str(seen), str(said)] for path, (seen, said) in known.items()}
            except (OSError, ValueError, TypeError, AttributeError):
                self._known = {}

    def of(self, path: Path) -> str:
        """The fingerprint of a file's bytes, or of the names and bytes of the files below a folder. OSError where unreadable."""
        return self.of_each([path])[0]

    def of_each(self, paths: Sequence[Path]) -> list[str]:
        """The fingerprints of files and folders; where they are many, several processes share them."""
        asked = [(path, self._known.get(str(path))) for path in paths]
        size = ceil(len(asked) / _SHARES) if len(asked) > _MANY else len(asked)
        shares = [asked[start : start + size] for start in range(0, len(asked), size or 1)]
        with closing(in_order(_seen_and_said, shares)) as results:
            found = [known for share in results for known in share]
        self._used.update(zip(map(str, paths), found, strict=True))
        return [said for _, said in found]

    def remember(self) -> None:
        """Write what was asked for since the beginning; what was not is forgotten."""
        if self._memory is None:
            return
        partial = self._memory.with_name(self._memory.name + ".partial")
        partial.write_text(json.dumps(self._used), encoding="utf-8")
        os.replace(partial, self._memory)


def _seen_and_said(asked: Sequence[tuple[Path, list[str] | None]]) -> list[list[str]]:
    """For each path, beside what is known of it: what the file system says of its files, '' where that may not show a change,
    and its fingerprint."""
    return [_look_at(path, known) for path, known in asked]


def _look_at(path: Path, known: list[str] | None) -> list[str]:
    # Names as text: paths as objects would take as long as reading the files does.
    folder = f"{path}{os.sep}" if path.is_dir() else None
    named = [(file.removeprefix(folder), file) for file in sorted(_files(folder))] if folder else [("", str(path))]
    stats = [(name, os.stat(file, follow_symlinks=False)) for name, file in named]
    seen = _digest((name, f"{s.st_size} {s.st_ino} {s.st_mtime_ns} {s.st_ctime_ns}") for name, s in stats)
    if known is not None and known[0] == seen:
        return known
    settled = all(max(s.st_mtime_ns, s.st_ctime_ns) < time.time_ns() - _SETTLED_NS for _, s in stats)
    said = _digest((name, _of_bytes(file)) for name, file in named) if folder else _of_bytes(named[0][1])
    return [seen if settled else "", said]


def read_inputs(
    folders: Sequence[Path], project: Path, snapshot: Path | None, missing: object, fingerprints: Fingerprints
) -> Inputs:
    """The inputs of a build of documents' `folders` with a dbt project, a snapshot of Kolada and a list of missing reports."""
    return Inputs(
        documents=dict(zip((folder.name for folder in folders), fingerprints.of_each(folders), strict=True)),
        parts={
            **project_parts(project),
            "kolada": "" if snapshot is None else fingerprints.of(snapshot),
            "missing": _digest([("missing", json.dumps(missing, sort_keys=True))]),
        },
    )


def project_parts(project: Path) -> dict[str, str]:
    """The fingerprints of the program and of a dbt project."""
    return {
        **code_parts(),
        "models": _of_folders(project, _dbt_paths(project, "model-paths", "macro-paths", "test-paths")),
        "seeds": _of_folders(project, _dbt_paths(project, "seed-paths")),
    }


def code_parts() -> dict[str, str]:
    """The fingerprints of the program itself: reading (ingest), publishing, and the packages below it."""
    return {
        "ingest": _of_folders(PROJECT_DIR, [PROJECT_DIR / "ingest"], leave_out=("ingest/extracted", "ingest/kolada/snapshots")),
        "publish": _of_folders(PROJECT_DIR, [PROJECT_DIR / "publish"]),
        "packages": _digest((name, _version(name)) for name in PACKAGES),
    }


def _dbt_paths(project: Path, *kinds: str) -> list[Path]:
    import yaml

    file = project / "dbt_project.yml"
    settings: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    # dbt's own names where the project gives none: model-paths is [models].
    named = [path for kind in kinds for path in settings.get(kind, [kind.removesuffix("-paths") + "s"])]
    return [project / path for path in named] + ([file, project / "profiles.yml"] if "model-paths" in kinds else [])


def _of_folders(root: Path, paths: Iterable[Path], leave_out: Sequence[str] = ()) -> str:
    found = {Path(file) for path in paths for file in (_files(str(path)) if path.is_dir() else [path])}
    read = (file for file in sorted(found) if file.suffix in _CODE and file.name != "README.md" and file.is_file())
    named = ((file.relative_to(root).as_posix(), str(file)) for file in read)
    return _digest((name, _of_bytes(file)) for name, file in named if not name.startswith(tuple(f"{f}/" for f in leave_out)))


def _files(folder: str) -> Iterable[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path) if entry.name != "__pycache__" else ()
            else:
                yield entry.path


def _of_bytes(file: str) -> str:
    # Whole and without a buffer: hashlib.file_digest has one of its own, whose making takes longer than to read such a file.
    with open(file, "rb", buffering=0) as stream:
        return hashlib.sha256(stream.readall()).hexdigest()


def _digest(pairs: Iterable[tuple[str, str]]) -> str:
    """A SHA-256 of pairs, in the order of their names."""
    return hashlib.sha256(json.dumps(sorted(pairs), ensure_ascii=False).encode("utf-8", "surrogateescape")).hexdigest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
