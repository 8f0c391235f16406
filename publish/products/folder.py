"""A folder of files that is written whole or not at all, and replaces its predecessor in one go.

The files are written into a staging folder beside it, then swapped in by two renames. Whatever stops the writing leaves the old
folder as it was; a program killed between the two renames leaves the old folder in its staging folder, from where the next
run puts it back.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ingest.errors import KommunlagerError
from ingest.loading.database import explain
from publish.output import to_json

MANIFEST = "manifest.json"


def write_folder(out: Path, kind: str, facts: Mapping[str, Any], files: Mapping[str, bytes]) -> dict[str, Any]:
    """Write `files` (path within the folder -> bytes) and a manifest of `facts` and checksums; returns the manifest.

    `facts["files"]` may hold facts of a file under its path. Raises KommunlagerError where `out` is anything but an earlier
    folder of this kind, holds files that are not of its manifest, or cannot be written; it is then as it was.
    """
    out = out.resolve()
    about = facts.get("files", {})
    listed = [
        {"path": path, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), **about.get(path, {})}
        for path, data in sorted(files.items())
    ]
    manifest = {"kind": kind, **{name: value for name, value in facts.items() if name != "files"}, "files": listed}
    with _staging(out) as staging:
        refuse_foreign(out, kind)
        new = staging / "new"
        for path, data in {**files, MANIFEST: (to_json(manifest) + "\n").encode()}.items():
            (new / path).parent.mkdir(parents=True, exist_ok=True)
            with (new / path).open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        _swap(new, staging / "old", out)
    return manifest


def refuse_foreign(out: Path, kind: str) -> None:
    """Raise KommunlagerError where replacing `out` would take away what this program did not write."""
    if not os.path.lexists(out):
        return
    if not out.is_dir():
        raise KommunlagerError(f"{out}: is a file.\n  What to do: name a folder with --out.")
    found = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_symlink() or not path.is_dir()}
    if not found:
        return
    try:
        manifest = json.loads((out / MANIFEST).read_bytes())
        own = {MANIFEST, *(file["path"] for file in manifest["files"])} if manifest["kind"] == kind else None
    except (OSError, ValueError, KeyError, TypeError):
        own = None
    if own is None:
        raise KommunlagerError(
            f"{out}: holds files, but is no {kind} that could be replaced.\n  What to do: name a new folder with --out."
        )
    if foreign := sorted(found - own):
        raise KommunlagerError(
            f"{out}: '{foreign[0]}' is not of the {kind} that is there, and would be lost.\n"
            "  What to do: move it away, or name a new folder with --out."
        )


def _swap(new: Path, old: Path, out: Path) -> None:
    if out.exists():
        out.rename(old)
    try:
        new.rename(out)
    except BaseException:
        if old.exists():
            old.rename(out)
        raise


@contextmanager
def _staging(out: Path) -> Iterator[Path]:
    """A temporary folder beside `out`, removed at the end; what killed runs left behind is put back or removed.

    Each run holds a lock on its staging folder, so that one whose lock can be had belongs to nobody.
    """
    prefix = f".{out.name}-"
    ours = re.compile(re.escape(prefix) + r"[a-z0-9_]{8}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        for stale in sorted(path for path in out.parent.iterdir() if ours.fullmatch(path.name)):
            if stale.is_dir() and not stale.is_symlink() and {path.name for path in stale.iterdir()} <= {"new", "old"}:
                _clear(stale, out)
        staging = Path(tempfile.mkdtemp(prefix=prefix, dir=out.parent))
    except OSError as error:
        raise explain(error, out) from error
    lock = os.open(staging, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield staging
    except OSError as error:
        raise explain(error, out) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        os.close(lock)


def _clear(stale: Path, out: Path) -> None:
    lock = os.open(stale, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    else:
        if (stale / "old").is_dir() and not out.exists():
            (stale / "old").rename(out)
        shutil.rmtree(stale, ignore_errors=True)
    finally:
        os.close(lock)
