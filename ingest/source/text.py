"""A report's text: reading the file, and comparing printed words where OCR has spoiled them."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Literal

from ingest.errors import ReportError
from ingest.source.characters import SOFT_HYPHEN, strange_character, strange_in_figures
from ingest.source.files import ID_RULE, Refused, is_document_id, read_bytes

MAX_BYTES = 50_000_000
MAX_PDF_BYTES = 100_000_000
PDF_BEGINNING = b"%PDF-"
MAX_LINES = 500_000
MAX_LINE_LENGTH = 20_000
COLUMN_GAP = re.compile(r"(?<=\S) {2,}(?=\S)")
"""What sets two cells of a line apart where the text keeps the page's layout."""
ROW_LINES = 6
"""Lines of a row: so far apart two lines of a table with gaps can stand."""
ALIGNED_SHARE = 0.04
"""Share of lines that stand in columns from which on a text keeps the page's layout; running text has next to none."""


Form = Literal["running", "aligned"]


@dataclass(frozen=True)
class Doubt:
    """A word of a scanned page that OCR was not sure of: its line, and the confidence of 100."""

    line_no: int
    text: str
    confidence: float


@dataclass(frozen=True)
class ReportText:
    """The lines of a report; `lines[0]` is line 1. `sha256` is that of the file's bytes.

    `form`: in running text one space parts the cells of a row; in aligned text every cell stands below its column's head.
    `pages`: the 1-based page of each line, where the text says where pages end. `text_origin`: where the text itself was
    found to be native or OCR, whatever its layout says. `doubts`: words that OCR may have misread. `notes`: what reading the
    file left out, and why.
    """

    document_id: str
    path: Path
    lines: list[str]
    sha256: str
    form: Form = "running"
    pages: tuple[int, ...] | None = None
    text_origin: Literal["native", "ocr"] | None = None
    doubts: tuple[Doubt, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def page_beginnings(self) -> frozenset[int]:
        """The indices of lines that are the first of a page that has anything on it.

        Text without form feeds shows a page break as one space in front of a line, without an empty line.
        """
        if self.pages is not None:
            printed = [index for index, line in enumerate(self.lines) if line.strip()]
            return frozenset([*printed[:1], *(i for above, i in pairwise(printed) if self.pages[above] != self.pages[i])])
        if self.form == "aligned":
            return frozenset()
        return frozenset(i for i, line in enumerate(self.lines) if line.startswith(" ") and line[1:2].strip())

    def page_of(self, line_no: int) -> int:
        """The page of a line (1-based); 1 for every line where the text does not say where pages end."""
        return self.pages[line_no - 1] if self.pages else 1


def read_report(path: Path) -> ReportText:
    """Read a report, UTF-8 text or PDF (told by its beginning); ReportError where its file or its name is none of a report's,
    where a text holds what misleads, and where a PDF cannot be read (see ingest.source.pdf)."""

    def refuse(problem: str, remedy: str) -> ReportError:
        return ReportError(f"{path}: {problem}\n  What to do: {remedy}")

    document_id = path.name.removesuffix(path.suffix)
    try:
        data = read_bytes(path, MAX_PDF_BYTES)
    except Refused as refused:
        raise refuse(refused.problem, refused.remedy) from None
    if not is_document_id(document_id):
        raise refuse(f"'{document_id}' is no document's name.", f"rename the file: {ID_RULE}.")
    if data.startswith(PDF_BEGINNING):
        from ingest.source.pdf import read_pdf

        return read_pdf(path, data)
    if path.suffix.lower() == ".pdf":
        raise refuse("is named as a PDF and is none.", "name the report's PDF, or its text with the ending .txt.")
    if len(data) > MAX_BYTES:
        raise refuse(f"is larger than {MAX_BYTES / 10**6:g} MB.", "give one report per file.")
    if not data.strip():
        raise refuse("the file is empty.", "extract the text from the PDF again.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refuse("the text is UTF-16.", "save it as UTF-8, e.g. iconv -f UTF-16 -t UTF-8.")
    if b"\x00" in data:
        raise refuse("the file is binary, not text.", "give the report's PDF or its text (UTF-8).")
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
    lines = as_printed(text).split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    lines, pages = without_form_feeds(lines)
    return ReportText(document_id, path, lines, hashlib.sha256(data).hexdigest(), form_of(lines), pages)


def as_printed(text: str) -> str:
    """Text that `check_text` let through, with what is seen on the page: one sign for each letter, a space for a tab.

    A soft hyphen stays, as the hyphen it is, where a line breaks at it, and goes elsewhere.
    """
    text = unicodedata.normalize("NFC", text).replace("\t", " ")
    text = re.sub(f"{SOFT_HYPHEN}(?= *$)", "-", text, flags=re.MULTILINE).replace(SOFT_HYPHEN, "")
    for ligature in filter(text.__contains__, "\ufb00\ufb01\ufb02\ufb03\ufb04"):
        text = text.replace(ligature, unicodedata.normalize("NFKC", ligature))
    return text


def check_text(text: str) -> None:
    """Refused where a text is longer than a report's, or holds characters that make it read otherwise than it looks.

    To be called before the text is put into NFC, whose cost is not bounded otherwise.
    """
    if (count := text.count("\n") + 1) > MAX_LINES:
        raise Refused(f"{count:,} lines are more than a report's text can have.", "give the text of one report.")
    lines = text.split("\n")
    for number, line in enumerate(lines, 1) if max(map(len, lines)) > MAX_LINE_LENGTH else ():
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


def without_form_feeds(lines: list[str]) -> tuple[list[str], tuple[int, ...] | None]:
    """The lines without form feeds, and the page of each; None in place of pages where there is no form feed."""
    if not any("\f" in line for line in lines):
        return lines, None
    if lines[-1].strip("\f ") == "":
        lines = lines[:-1]  # the form feed behind the last page begins none
    pages = accumulate((line.count("\f") for line in lines), initial=1)
    return [line.lstrip("\f").replace("\f", " ") for line in lines], tuple(pages)[1:]


def form_of(lines: list[str]) -> Form:
    """Whether lines keep the page's layout: many have gaps, and the gaps stand below each other.

    In running text a gap is an empty cell, and those of neighbouring rows stand where the figures before them happen to end.
    """
    printed = [line for line in lines if line.strip()]
    gaps = [[match.span() for match in COLUMN_GAP.finditer(line)] if "  " in line else [] for line in printed]
    with_gaps = [index for index, found in enumerate(gaps) if found]
    in_columns = sum(
        below - above <= ROW_LINES and any(a < d and c < b for a, b in gaps[above] for c, d in gaps[below])
        for above, below in pairwise(with_gaps)
    )
    return "aligned" if gaps and in_columns / len(gaps) >= ALIGNED_SHARE else "running"


def _all_but(characters: str) -> bytes:
    """The other characters of Latin-1."""
    kept = characters.encode("latin-1")
    return bytes(code for code in range(256) if code not in kept)


_DIGITS_AND_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
_NO_LETTERS = _all_but(f"{_DIGITS_AND_LETTERS}åäöéü%<>+")
_NO_LETTERS_OR_LINE_ENDS = _all_but(f"{_DIGITS_AND_LETTERS}åäöéü%<>+\n")
_NOT_PLAIN = _all_but(_DIGITS_AND_LETTERS)
_NOT_PLAIN_OR_LINE_ENDS = _all_but(f"{_DIGITS_AND_LETTERS}\n")


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
    return _without(_NO_LETTERS, unicodedata.normalize("NFC", text).lower())


def letters_of_lines(lines: list[str]) -> list[str]:
    """The letters of each line."""
    return _without(_NO_LETTERS_OR_LINE_ENDS, unicodedata.normalize("NFC", "\n".join(lines)).lower()).split("\n") if lines else []


def _without(characters: bytes, text: str) -> str:
    """A text without what is not in Latin-1, and without some of that."""
    return text.encode("latin-1", "ignore").translate(None, characters).decode("latin-1")


_CONFUSED = re.compile(r"[60](?:(?<=[a-z][60])|(?=[a-z]))")


@lru_cache(maxsize=10_000)
def fold(text: str) -> str:
    """The skeleton of a text that survives OCR: no accents, lower case, letters and digits only, common confusions merged."""
    return _folded(text, _NOT_PLAIN)


def fold_lines(lines: list[str]) -> list[str]:
    """The skeleton of each line, or of each word: many at once are had for the price of a few."""
    return _folded("\n".join(lines), _NOT_PLAIN_OR_LINE_ENDS).split("\n")


def _folded(text: str, not_plain: bytes) -> str:
    plain = text.lower()
    if not (plain.isascii() and plain.isalnum()):
        plain = _without(not_plain, unicodedata.normalize("NFKD", plain.replace("&a", "a").replace("&", "a")))
    return _CONFUSED.sub("o", plain) if "6" in plain or "0" in plain else plain
