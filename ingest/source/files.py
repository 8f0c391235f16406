"""Files and names that come from strangers: read bounded and without following links, or not at all."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

MAX_ID_LENGTH = 120
ID_RULE = (
    "use a-z, 0-9, - and _ only, a letter or digit first, at most 120 characters, and no name that Windows reserves (con, nul)"
)

_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOFOLLOW", "O_BINARY", "O_CLOEXEC"))
_DOCUMENT_ID = re.compile(rf"[a-z0-9][a-z0-9_-]{{0,{MAX_ID_LENGTH - 1}}}")
_RESERVED = re.compile(r"con|prn|aux|nul|(?:com|lpt)\d", re.ASCII)


class Refused(Exception):
    """A file that is not read: what is wrong with it and what to do. Callers turn it into an error of their kind."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


def read_bytes(path: Path, limit: int) -> bytes:
    """The bytes of an ordinary file of at most `limit` bytes; Refused otherwise.

    The file is opened once and judged by what was opened, so that it cannot be exchanged in between; never more than one byte
    beyond the limit is read, however the file grows. Only the file itself must be no symbolic link: its folders may be.
    """
    try:
        if path.is_symlink():
            raise Refused("is a symbolic link, which could lead anywhere.", "name the file itself.")
        with open(os.open(path, _FLAGS), "rb") as file:
            status = os.fstat(file.fileno())
            kind = status.st_mode
            if stat.S_ISDIR(kind):
                raise Refused("is a folder, not a file.", "name the file itself.")
            if not stat.S_ISREG(kind):
                raise Refused("is no ordinary file, but a pipe, a socket or a device.", "name an ordinary file.")
            # As large as it says to be, and not the limit: room is taken for all that is asked for.
            data = file.read(min(status.st_size, limit) + 1)
            if len(data) > status.st_size:
                data += file.read(limit + 1 - len(data))
    except FileNotFoundError:
        raise Refused("no such file.", "check the path.") from None
    except IsADirectoryError:
        raise Refused("is a folder, not a file.", "name the file itself.") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise Refused(f"cannot be read ({reason}).", "check the file and its permissions.") from None
    if len(data) > limit:
        raise Refused(f"is larger than {limit / 10**6:g} MB.", "give one report per file.")
    return data


def begins_with(path: Path, beginning: bytes) -> bool:
    """Whether an ordinary file begins so; False for whatever cannot be read."""
    try:
        with open(os.open(path, _FLAGS), "rb") as file:
            return stat.S_ISREG(os.fstat(file.fileno()).st_mode) and file.read(len(beginning)) == beginning
    except (OSError, ValueError):
        return False


def is_document_id(text: str) -> bool:
    """Whether a text can name a document, and so a folder: nothing that leads elsewhere, hides or differs by case alone."""
    return _DOCUMENT_ID.fullmatch(text) is not None and _RESERVED.fullmatch(text) is None
