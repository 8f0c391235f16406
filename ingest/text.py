"""A report's text: reading the file, and comparing printed words where OCR has spoiled them."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ingest.errors import ReportError

MAX_BYTES = 50_000_000


@dataclass(frozen=True)
class ReportText:
    """The lines of a report; `lines[0]` is line 1. `sha256` is that of the file's bytes."""

    document_id: str
    path: Path
    lines: list[str]
    sha256: str


def read_report(path: Path) -> ReportText:
    """Read a UTF-8 report; ReportError where the file is missing, empty, binary, too large or in another encoding."""

    def refuse(problem: str, remedy: str) -> ReportError:
        return ReportError(f"{path}: {problem}\n  What to do: {remedy}")

    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise refuse(f"{size:,} bytes is more than a report's text can be.", "give the text of one report.")
        data = path.read_bytes()
    except FileNotFoundError:
        raise refuse("no such file.", "check the path.") from None
    except IsADirectoryError:
        raise refuse("is a folder, not a file.", "name the report's text file itself.") from None
    except OSError as error:
        raise refuse(f"cannot be read ({error.strerror}).", "check the file and its permissions.") from None
    if not data.strip():
        raise refuse("the file is empty.", "extract the text from the PDF again.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refuse("the text is UTF-16.", "save it as UTF-8, e.g. iconv -f UTF-16 -t UTF-8.")
    if b"\x00" in data:
        raise refuse("the file is binary, not text.", "give the report's text (UTF-8), not the PDF or another format.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise refuse(
            f"line {line} is not UTF-8 (byte 0x{data[error.start]:02x}); the text is probably Latin-1.",
            "save it as UTF-8, e.g. iconv -f ISO-8859-1 -t UTF-8.",
        ) from None
    lines = as_printed(text).split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    return ReportText(path.name.removesuffix(path.suffix), path, lines, hashlib.sha256(data).hexdigest())


def as_printed(text: str) -> str:
    """Text with what is seen on the page: one sign for each letter, a line feed at each line's end, a space for a tab.

    Signs that print nothing go; a soft hyphen stays, as the hyphen it is, where a line breaks at it.
    """
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\t", " ")
    text = re.sub("\u00ad(?= *$)", "-", text, flags=re.MULTILINE)
    text = re.sub("[\u00ad\u200b\u200c\u200d\u2060\ufeff]", "", text)
    return re.sub("[\ufb00-\ufb04]", lambda ligature: unicodedata.normalize("NFKC", ligature[0]), text)


def begins_page(line: str) -> bool:
    """Whether a line is the first of a page: the text shows a page break as one space in front, without an empty line."""
    return re.match(r" \S", line) is not None


def shows_blanks(lines: list[str]) -> bool:
    """Whether a text shows its empty cells: one extra space for each, inside a line and at its end.

    That is known from the text itself: most of its lines end in a space, some in more than one, and somewhere inside a line
    two stand together. Where an extractor or an editor has taken spaces away, an empty cell can be anywhere in its row.
    """
    printed = [line for line in lines if line.strip()]
    return (
        2 * sum(line.endswith(" ") for line in printed) > len(printed)
        and any(line.endswith("  ") for line in printed)
        and any("  " in line.rstrip() for line in printed)
    )


def letters(text: str) -> str:
    """Only the letters and digits of a text, lower case: equal for the same words however they are wrapped or spaced."""
    return re.sub(r"[^0-9a-zåäöéü%<>+]", "", unicodedata.normalize("NFC", text).lower())


@lru_cache(maxsize=100_000)
def fold(text: str) -> str:
    """The skeleton of a text that survives OCR: no accents, lower case, letters and digits only, common confusions merged."""
    decomposed = unicodedata.normalize("NFKD", text.lower().replace("&a", "a").replace("&", "a"))
    plain = re.sub(r"[^0-9a-z]", "", decomposed)
    return re.sub(r"(?<=[a-z])[60]|[60](?=[a-z])", "o", plain)
