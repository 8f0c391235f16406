"""One run at a time in a warehouse's folder; a second one is told who is at work there."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ingest.errors import WarehouseError

HOLDER = ".kommunlager-run.json"
"""Who holds the lock; written by the holder and taken away at its end. What a killed run leaves locks nothing."""

_held: set[int] = set()


class LockedError(WarehouseError):
    """Another run works on the same warehouse."""


@contextmanager
def exclusive(folder: Path, what: str) -> Iterator[None]:
    """Hold the lock on an existing folder while the body runs; `what` tells others what is going on.

    The lock is the operating system's, on the folder itself, so that it ends with its holder however that ends.
    Raises LockedError, with the holder's process, machine and time, where it is held; OSError where the folder is of no use.
    """
    lock = os.open(folder, os.O_RDONLY)
    _held.add(lock)
    holder = folder / HOLDER
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(
                f"{folder}: another run is at work here{_described(holder)}.\n  What to do: wait until it has ended, or stop it."
            ) from None
        facts = {
            "what": what,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
        }
        try:
            holder.write_text(json.dumps(facts) + "\n", encoding="utf-8")
            yield
        finally:
            holder.unlink(missing_ok=True)
    finally:
        _held.discard(lock)
        os.close(lock)


def _described(holder: Path) -> str:
    try:
        facts = json.loads(holder.read_text(encoding="utf-8"))
        return f" ({facts['what']}, process {facts['pid']} on {facts['host']} since {facts['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""  # it has just begun, or just ended


def _let_go_in_a_copy() -> None:
    """A forked worker must not keep the lock of a run that was killed."""
    for lock in _held:
        os.close(lock)
    _held.clear()


os.register_at_fork(after_in_child=_let_go_in_a_copy)
