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

MAX_BYTES = 50_000_000
MAX_PDF_BYTES = 100_000_000
PDF_BEGINNING = b"%PDF-"
COLUMN_GAP = re.compile(r"(?<=\S) {2,}(?=\S)")
"""What sets two cells of a line apart where the text keeps the page's layout."""
ROW_LINES = 6
"""Lines of a row: so far apart two lines of a table with gaps can stand."""
ALIGNED_SHARE = 0.04
"""Share of lines that stand in columns from which on a text keeps the page's layout; running text has next to none."""

PAGE_NUMBER = re.compile(r"(?i)(?:sida |sid\. ?)?(\d{1,3})(?: ?\((?:av )?\d{1,3}\)| ?/ ?\d{1,3}| av \d{1,3})?")

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

    def begins_page(self, index: int) -> bool:
        """Whether the line at `index` is the first of a page that has anything on it.

        Text without form feeds shows a page break as one space in front of a line, without an empty line.
        """
        if self.pages is None:
            return self.form == "running" and re.match(r" \S", self.lines[index]) is not None
        above = index - 1
        while above >= 0 and not self.lines[above].strip():
            above -= 1
        return bool(self.lines[index].strip()) and (above < 0 or self.pages[above] != self.pages[index])

    def page_of(self, line_no: int) -> int:
        """The page of a line (1-based); 1 for every line where the text does not say where pages end."""
        return self.pages[line_no - 1] if self.pages else 1

    @cached_property
    def page_numbers(self) -> frozenset[int]:
        """Indices of the lines at the foot of pages that number them: figures alone, all as far from the page's own number."""
        if self.pages is None:
            return frozenset()
        last = {page: index for index, page in enumerate(self.pages) if self.lines[index].strip()}
        found: dict[int, list[int]] = {}
        for page, index in last.items():
            match = PAGE_NUMBER.fullmatch(self.lines[index].strip())
            if match:
                found.setdefault(int(match[1]) - page, []).append(index)
        return frozenset(index for indices in found.values() if len(indices) > 1 for index in indices)


def read_report(path: Path) -> ReportText:
    """Read a report, UTF-8 text or PDF (told by its beginning); ReportError where it is missing, empty, binary, too large or
    in another encoding, and where a PDF cannot be read (see ingest.pdf)."""

    def refuse(problem: str, remedy: str) -> ReportError:
        return ReportError(f"{path}: {problem}\n  What to do: {remedy}")

    try:
        with path.open("rb") as file:
            is_pdf = file.read(len(PDF_BEGINNING)) == PDF_BEGINNING
            size = path.stat().st_size
            if size > (MAX_PDF_BYTES if is_pdf else MAX_BYTES):
                raise refuse(
                    f"{size:,} bytes is more than a report's {'PDF' if is_pdf else 'text'} can be.",
                    "give the text or PDF of one report.",
                )
            file.seek(0)
            data = file.read()
    except FileNotFoundError:
        raise refuse("no such file.", "check the path.") from None
    except IsADirectoryError:
        raise refuse("is a folder, not a file.", "name the report's text file itself.") from None
    except OSError as error:
        raise refuse(f"cannot be read ({error.strerror}).", "check the file and its permissions.") from None
    if is_pdf:
        from ingest.pdf import read_pdf

        return read_pdf(path, data)
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
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    lines, pages = without_form_feeds(lines)
    name = path.name.removesuffix(path.suffix)
    return ReportText(name, path, lines, hashlib.sha256(data).hexdigest(), form_of(lines), pages)


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
    gaps = [[match.span() for match in COLUMN_GAP.finditer(line)] for line in lines if line.strip()]
    with_gaps = [index for index, found in enumerate(gaps) if found]
    in_columns = sum(
        below - above <= ROW_LINES and any(a < d and c < b for a, b in gaps[above] for c, d in gaps[below])
        for above, below in pairwise(with_gaps)
    )
    return "aligned" if gaps and in_columns / len(gaps) >= ALIGNED_SHARE else "running"


def letters(text: str) -> str:
    """Only the letters and digits of a text, lower case: equal for the same words however they are wrapped or spaced."""
    return re.sub(r"[^0-9a-zåäöéü%<>+]", "", unicodedata.normalize("NFC", text).lower())


@lru_cache(maxsize=100_000)
def fold(text: str) -> str:
    """The skeleton of a text that survives OCR: no accents, lower case, letters and digits only, common confusions merged."""
    decomposed = unicodedata.normalize("NFKD", text.lower().replace("&a", "a").replace("&", "a"))
    plain = re.sub(r"[^0-9a-z]", "", decomposed)
    return re.sub(r"(?<=[a-z])[60]|[60](?=[a-z])", "o", plain)
