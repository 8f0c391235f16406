"""A report's text: reading the file, and comparing printed words where OCR has spoiled them."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ingest.characters import SOFT_HYPHEN, strange_character, strange_in_figures
from ingest.errors import ReportError
from ingest.files import ID_RULE, Refused, is_document_id, read_bytes

MAX_BYTES = 50_000_000
MAX_LINES = 500_000
MAX_LINE_LENGTH = 20_000


@dataclass(frozen=True)
class ReportText:
    """The lines of a report; `lines[0]` is line 1. `sha256` is that of the file's bytes."""

    document_id: str
    path: Path
    lines: list[str]
    sha256: str


def read_report(path: Path) -> ReportText:
    """Read a UTF-8 report; ReportError where its file or its name is none of a report's text, or it holds what misleads."""

    def refuse(problem: str, remedy: str) -> ReportError:
        return ReportError(f"{path}: {problem}\n  What to do: {remedy}")

    document_id = path.name.removesuffix(path.suffix)
    try:
        data = read_bytes(path, MAX_BYTES)
    except Refused as refused:
        raise refuse(refused.problem, refused.remedy) from None
    if not is_document_id(document_id):
        raise refuse(f"'{document_id}' is no document's name.", f"rename the file: {ID_RULE}.")
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
    text = text.replace("\r\n", "\n")
    try:
        check_text(text)
    except Refused as refused:
        raise refuse(refused.problem, refused.remedy) from None
    lines = unicodedata.normalize("NFC", text).split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    return ReportText(document_id, path, lines, hashlib.sha256(data).hexdigest())


def check_text(text: str) -> None:
    """Refused where a text is longer than a report's, or holds characters that make it read otherwise than it looks.

    To be called before the text is put into NFC, whose cost is not bounded otherwise.
    """
    if (count := text.count("\n") + 1) > MAX_LINES:
        raise Refused(f"{count:,} lines are more than a report's text can have.", "give the text of one report.")
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_LINE_LENGTH:
            raise Refused(
                f"line {number} has {len(line):,} characters, more than a line of a report can have.",
                "give the report's text as it stands on the pages, line by line.",
            )
    remedy = "look at the page there, put what is printed into the text, and save it as plain text."
    if (found := strange_character(text)) is not None:
        raise Refused(f"line {text.count(chr(10), 0, found[0]) + 1} holds {found[1]}.", remedy)
    if "\r" in text or "\t" in text or "\f" in text or SOFT_HYPHEN in text:
        for number, line in enumerate(lines, 1):
            if "\r" in line:
                raise Refused(f"line {number} holds a carriage return that ends no line.", remedy)
            if (what := strange_in_figures(line)) is not None:
                raise Refused(f"line {number} holds {what}.", remedy)


def begins_page(line: str) -> bool:
    """Whether a line is the first of a page: the text shows a page break as one space in front, without an empty line."""
    return re.match(r" \S", line) is not None


def letters(text: str) -> str:
    """Only the letters and digits of a text, lower case: equal for the same words however they are wrapped or spaced."""
    return re.sub(r"[^0-9a-zåäöéü%<>+]", "", unicodedata.normalize("NFC", text).lower())


@lru_cache(maxsize=100_000)
def fold(text: str) -> str:
    """The skeleton of a text that survives OCR: no accents, lower case, letters and digits only, common confusions merged."""
    decomposed = unicodedata.normalize("NFKD", text.lower().replace("&a", "a").replace("&", "a"))
    plain = re.sub(r"[^0-9a-z]", "", decomposed)
    return re.sub(r"(?<=[a-z])[60]|[60](?=[a-z])", "o", plain)
