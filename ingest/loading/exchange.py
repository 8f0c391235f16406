"""Two folders change places in one step, so that neither place is ever empty or half filled."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_NOT_HERE = {errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP}


def exchange(one: Path, other: Path) -> None:
    """Let two folders of one file system change places; OSError where they cannot, and both are then where they were."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return _exchange_by_steps(one, other)  # no Linux, or an older C library
    if rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return None
    number = ctypes.get_errno()
    if number in _NOT_HERE:
        return _exchange_by_steps(one, other)
    raise OSError(number, os.strerror(number), str(other))


def _exchange_by_steps(one: Path, other: Path) -> None:
    """As whole as three renames can be: only a process killed between them leaves `other` missing, and beside `one`."""
    aside = one.with_name(f".{one.name}.old")
    other.rename(aside)
    try:
        one.rename(other)
        aside.rename(one)
    except BaseException:
        if not other.exists():
            aside.rename(other)
        raise
