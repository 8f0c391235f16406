"""The process of its own in which a stranger's PDF is read: bytes in on standard input, aligned text out as JSON.

pdfium reads what is printed on the pages; a page that is a picture goes through OCR (source/scan.py). Links are not followed,
attachments not opened, forms and annotations not drawn, and JavaScript cannot run: this pdfium is built without it.
ingest.source.pdf starts this process and holds its limits; a PDF that breaks them is refused, or ends this process only.
"""

from __future__ import annotations

import ctypes
import json
import math
import os
import signal
import sys
import threading
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as c

from ingest.errors import ReportError
from ingest.source import pdf as limits
from ingest.source import scan
from ingest.source.grid import PageWords, Rule, Word, aligned_text

CELL_GAP = 0.5
"""Of the font size: words further apart are two cells; a word space is a quarter to a third."""
SPACES = 1.6
"""Word spaces of the font: words further apart are two cells, in fonts with wide spaces too."""
SPLIT_GAP = 0.15
"""Of the font size: letters further apart are two words, where no space is drawn."""
LOOK_SECONDS = 0.5
"""So often this process looks whether the one that wanted the text is still there."""
SMALLEST = 1.0
"""Points: smaller text cannot be read by anybody."""
STRAIGHT = 0.7
"""Points by which a drawn line can be off the horizontal or vertical."""
PICTURE_SHARE = 0.5
"""A page whose pictures cover at least this share of it and that has next to no text is a scan."""
FEW_CHARACTERS = 100
"""A stamp or a page number on a scan is less."""

Matrix = tuple[float, float, float, float, float, float]


@dataclass
class _Frame:
    """From the coordinates of a PDF page to points from the top left corner of the page as it is read."""

    left: float
    bottom: float
    right: float
    top: float
    turn: int
    """Degrees clockwise by which the page is turned, 0, 90, 180 or 270."""

    @property
    def size(self) -> tuple[float, float]:
        width, height = self.right - self.left, self.top - self.bottom
        return (width, height) if self.turn % 180 == 0 else (height, width)

    def place(self, x: float, y: float) -> tuple[float, float]:
        return {
            0: (x - self.left, self.top - y),
            90: (y - self.bottom, x - self.left),
            180: (self.right - x, y - self.bottom),
            270: (self.top - y, self.right - x),
        }[self.turn]


@dataclass
class _Style:
    """What the characters of one text object have in common. `turn` is the frame's turn that makes them upright."""

    size: float
    turn: int | None
    visible: bool


@dataclass(slots=True)
class _Char:
    text: str
    x: float
    y: float
    box: tuple[float, float, float, float]
    style: _Style


def main() -> None:
    """Read the PDF on standard input; print {"lines", ...} or, where it is refused, {"problem"}."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (limits.MAX_MEMORY, limits.MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_end_with, args=(int(sys.argv[1]),), daemon=True).start()
    answer: dict[str, Any]
    try:
        answer = read_document(sys.stdin.buffer.read())
    except ReportError as error:
        answer = {"problem": str(error)}
    json.dump(answer, sys.stdout)


def _end_with(parent: int) -> None:
    """End this process and its tesseract once their parent is gone: it was killed, and nobody waits for the text.

    They are a session of their own (ingest.source.pdf), so that no signal to the parent's group reaches them.
    """
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    os.killpg(os.getpid(), signal.SIGKILL)


def read_document(data: bytes) -> dict[str, Any]:
    """The lines, pages, doubts and notes of a PDF, and whether it went through OCR."""
    _allow(limits.TEXT_SECONDS)
    with _opened(data) as document:
        count = len(document)
        if count > limits.MAX_PAGES:
            raise _refused(f"it has {count:,} pages, more than the {limits.MAX_PAGES:,} that a report can have", _SPLIT)
        pages, scans, characters = [], [], 0
        for number in range(1, count + 1):
            page, is_scan = _read_page(document, number)
            characters += sum(len(word.text) for word in page.words)
            if characters > limits.MAX_CHARACTERS:
                raise _refused(f"its first {number:,} pages hold more than {limits.MAX_CHARACTERS:,} characters", _SPLIT)
            pages.append(page)
            if is_scan:
                scans.append(number)
        notes = []
        covers = [number for number in scans if number in (1, count)]
        if covers and scans == covers and len(scans) < count:
            notes = [
                f"page {number} is a picture and was not read: the cover of a report that holds its text" for number in covers
            ]
            scans = []
        if len(scans) > limits.MAX_SCANNED_PAGES:
            raise _refused(f"{len(scans):,} of its pages are pictures, more than {limits.MAX_SCANNED_PAGES}", _SPLIT)
        if scans:
            scan.require_tesseract()
        for number in scans:
            _allow(limits.SCAN_SECONDS)
            pages[number - 1] = _scanned_page(document, number)
        _allow(limits.TEXT_SECONDS)
    text = aligned_text(pages, limits.DOUBTFUL)
    if not any(line.strip() for line in text.lines):
        raise _refused("there is no text on its pages", "check that it is the report; print or scan it again.")
    notes += [f"running head or foot, left out: {line}" for line in text.left_out]
    notes += [
        f"page {page.number} has {len(page.turned)} texts in another direction, put after its lines"
        for page in pages
        if page.turned
    ]
    return {"lines": text.lines, "pages": text.pages, "doubts": text.doubts, "notes": notes, "ocr": bool(scans)}


_SPLIT = "give the report alone, without its appendices, or the part of it with the tables."


def _allow(seconds: int) -> None:
    """Time of the processor from now on. Nobody catches its end: that ends the process, pdfium's own loops included."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def _refused(problem: str, remedy: str) -> ReportError:
    return ReportError(f"{problem}.\n  What to do: {remedy}")


def _opened(data: bytes) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if error.err_code in (c.FPDF_ERR_PASSWORD, c.FPDF_ERR_SECURITY):
            raise _refused("it is encrypted, and opens with a password only", "save it without a password.") from None
        raise _refused("it is damaged, or no PDF", "fetch it again from where it is published.") from None


# -- a page with text -----------------------------------------------------------------------------------------------------------


def _read_page(document: pdfium.PdfDocument, number: int) -> tuple[PageWords, bool]:
    """What stands on a page, and whether the page is a picture without text."""
    try:
        page = document[number - 1]
    except pdfium.PdfiumError:
        raise _refused(f"page {number} is damaged", "fetch it again from where it is published.") from None
    with closing(page):
        left, bottom, right, top = page.get_bbox()
        frame = _Frame(left, bottom, right, top, page.get_rotation())
        width, height = frame.size
        if not (0 < width <= limits.MAX_POINTS and 0 < height <= limits.MAX_POINTS):
            raise _refused(f"page {number} is {width:,.0f} by {height:,.0f} points large", "print it to A4 or A3.")
        characters = list(_characters(page, number, frame.turn))
        turns = Counter(char.style.turn for char in characters if char.style.turn is not None)
        frame.turn = turns.most_common(1)[0][0] if turns else frame.turn
        words, turned = _words(characters, frame)
        drawn = _Drawn(frame, number)
        drawn.collect(page)
        is_scan = sum(len(word.text) for word in words) < FEW_CHARACTERS and drawn.picture_share >= PICTURE_SHARE
        return PageWords(number, frame.size[1], words, drawn.horizontal, drawn.vertical, turned), is_scan


def _characters(page: pdfium.PdfPage, number: int, turn: int) -> Iterator[_Char]:
    """The visible characters of a page in the order of the file, drawn spaces included."""
    text = page.get_textpage()
    with closing(text):
        count = text.count_chars()
        if count > limits.MAX_PAGE_CHARACTERS:
            raise _refused(f"page {number} holds {count:,} characters, more than {limits.MAX_PAGE_CHARACTERS:,}", _SPLIT)
        raw, x, y, box = text.raw, ctypes.c_double(), ctypes.c_double(), c.FS_RECTF()
        styles: dict[int, _Style] = {}
        for index in range(count):
            piece = c.FPDFText_GetTextObject(raw, index)
            if not piece or c.FPDFText_IsGenerated(raw, index) == 1:
                continue  # a space or line end that pdfium infers: here places tell
            key = ctypes.cast(piece, ctypes.c_void_p).value or 0
            style = styles.get(key)
            if style is None:
                style = styles[key] = _style(text, index, piece, turn)
            if not style.visible:
                continue
            code = c.FPDFText_GetUnicode(raw, index)
            c.FPDFText_GetCharOrigin(raw, index, x, y)
            c.FPDFText_GetLooseCharBox(raw, index, box)
            yield _Char(_letter(code), x.value, y.value, (box.left, box.bottom, box.right, box.top), style)


def _style(text: pdfium.PdfTextPage, index: int, piece: Any, turn: int) -> _Style:
    matrix = c.FS_MATRIX()
    c.FPDFText_GetMatrix(text, index, matrix)
    size = c.FPDFText_GetFontSize(text, index) * math.hypot(matrix.c, matrix.d)
    angle = math.degrees(math.atan2(matrix.b, matrix.a))  # counter-clockwise
    upright = round(angle / 90) * 90
    mode = c.FPDFTextObj_GetTextRenderMode(piece)
    hidden = mode in (c.FPDF_TEXTRENDERMODE_INVISIBLE, c.FPDF_TEXTRENDERMODE_CLIP)
    return _Style(size, upright % 360 if abs(angle - upright) < 2 else None, not hidden and size >= SMALLEST)


def _letter(code: int) -> str:
    if code in (2, 0xAD):  # pdfium's mark of a hyphen at a line's end; a soft hyphen that is drawn
        return "-"
    if 0xD800 <= code <= 0xDFFF or code > 0x10FFFF or code == 0:
        return "\ufffd"
    letter = chr(code)
    if 0xFB00 <= code <= 0xFB06:
        return unicodedata.normalize("NFKC", letter)
    return " " if letter.isspace() or unicodedata.category(letter) in ("Cc", "Cf") else letter


def _words(characters: list[_Char], frame: _Frame) -> tuple[list[Word], list[str]]:
    """The upright words on the page, and the texts in other directions, one for each stretch of them."""
    words: list[Word] = []
    turned: list[str] = []
    last: _Char | None = None
    letters: list[_Placed] = []
    space: float | None = None  # the width of the space before the word
    width, height = frame.size

    def finish() -> None:
        nonlocal letters, space
        if letters:
            first, end = letters[0], letters[-1]
            text = unicodedata.normalize("NFC", "".join(letter.text for letter in letters))
            size = first.size
            apart = max(CELL_GAP * size, SPACES * (space or 0))
            if 0 <= (first.left + end.right) / 2 <= width and 0 <= first.baseline <= height + size:
                words.append(Word(text, first.left, end.right, first.baseline, size, apart, space is not None))
        letters, space = [], None

    for char in characters:
        if char.style.turn != frame.turn:
            if last is not None and last.style is char.style and turned:
                turned[-1] += char.text
            else:
                turned.append(char.text)
            last = char
            continue
        placed = _placed(char, frame)
        if char.text == " ":
            finish()
            space = placed.right - placed.left
        else:
            before = letters[-1] if letters else None
            if before is not None and not (
                abs(placed.baseline - before.baseline) < 0.1 * before.size
                and abs(placed.size - before.size) < 0.1 * before.size
                and -0.5 * before.size < placed.left - before.right < SPLIT_GAP * before.size
            ):
                finish()
            letters.append(placed)
        last = char
    finish()
    return words, [text for text in (" ".join(text.split()) for text in turned) if text]


@dataclass(slots=True)
class _Placed:
    text: str
    left: float
    right: float
    baseline: float
    size: float


def _placed(char: _Char, frame: _Frame) -> _Placed:
    left, bottom, right, top = char.box
    xs = sorted((frame.place(left, bottom)[0], frame.place(right, top)[0]))
    return _Placed(char.text, xs[0], xs[1], frame.place(char.x, char.y)[1], char.style.size)


# -- what is drawn on a page ----------------------------------------------------------------------------------------------------


class _Drawn:
    """The straight lines of a page, and how much of it is covered by pictures."""

    def __init__(self, frame: _Frame, number: int) -> None:
        self.frame = frame
        self.number = number
        self.horizontal: list[Rule] = []
        self.vertical: list[Rule] = []
        self.pictures = 0.0
        self.objects = 0

    @property
    def picture_share(self) -> float:
        width, height = self.frame.size
        return self.pictures / (width * height)

    def collect(self, page: pdfium.PdfPage) -> None:
        self._collect(page, c.FPDFPage_CountObjects, c.FPDFPage_GetObject, (1, 0, 0, 1, 0, 0), 0)

    def _collect(self, parent: Any, count: Any, get: Any, matrix: Matrix, depth: int) -> None:
        for index in range(count(parent)):
            self._one_more()
            item = get(parent, index)
            kind = c.FPDFPageObj_GetType(item)
            if kind == c.FPDF_PAGEOBJ_PATH:
                self._path(item, _combined(_matrix_of(item), matrix))
            elif kind == c.FPDF_PAGEOBJ_IMAGE:
                a, b, cc, d, _, _ = _combined(_matrix_of(item), matrix)
                self.pictures += abs(a * d - b * cc)
            elif kind == c.FPDF_PAGEOBJ_FORM and depth < limits.MAX_DEPTH:
                inner = _combined(_matrix_of(item), matrix)
                self._collect(item, c.FPDFFormObj_CountObjects, c.FPDFFormObj_GetObject, inner, depth + 1)

    def _one_more(self) -> None:
        self.objects += 1
        if self.objects > limits.MAX_PAGE_OBJECTS:
            raise _refused(f"page {self.number} holds more than {limits.MAX_PAGE_OBJECTS:,} drawn objects", _SPLIT)

    def _path(self, path: Any, matrix: Matrix) -> None:
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        c.FPDFPath_GetDrawMode(path, fill, stroke)
        if not (fill.value or stroke.value):
            return
        if not stroke.value and _is_white(path):
            return
        begin = last = None
        x, y = ctypes.c_float(), ctypes.c_float()
        for index in range(c.FPDFPath_CountSegments(path)):
            self._one_more()
            segment = c.FPDFPath_GetPathSegment(path, index)
            c.FPDFPathSegment_GetPoint(segment, x, y)
            a, b, cc, d, e, f = matrix
            point = self.frame.place(a * x.value + cc * y.value + e, b * x.value + d * y.value + f)
            kind = c.FPDFPathSegment_GetType(segment)
            if kind == c.FPDF_SEGMENT_MOVETO:
                begin = point
            elif kind == c.FPDF_SEGMENT_LINETO and last is not None:
                self._line(last, point)
            last = point
            if c.FPDFPathSegment_GetClose(segment) and begin is not None:
                self._line(point, begin)
                last = begin

    def _line(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        (x1, y1), (x2, y2) = start, end
        if abs(y1 - y2) <= STRAIGHT < abs(x1 - x2):
            self.horizontal.append(Rule((y1 + y2) / 2, min(x1, x2), max(x1, x2)))
        elif abs(x1 - x2) <= STRAIGHT < abs(y1 - y2):
            self.vertical.append(Rule((x1 + x2) / 2, min(y1, y2), max(y1, y2)))


def _matrix_of(item: Any) -> Matrix:
    found = c.FS_MATRIX()
    c.FPDFPageObj_GetMatrix(item, found)
    return found.a, found.b, found.c, found.d, found.e, found.f


def _combined(inner: Matrix, outer: Matrix) -> Matrix:
    a, b, cc, d, e, f = inner
    p, q, r, s, t, u = outer
    return a * p + b * r, a * q + b * s, cc * p + d * r, cc * q + d * s, e * p + f * r + t, e * q + f * s + u


def _is_white(path: Any) -> bool:
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    c.FPDFPageObj_GetFillColor(path, red, green, blue, alpha)
    return min(red.value, green.value, blue.value) >= 250 or alpha.value == 0


# -- a page that is a picture ---------------------------------------------------------------------------------------------------


def _scanned_page(document: pdfium.PdfDocument, number: int) -> PageWords:
    with closing(document[number - 1]) as page:
        width, height = page.get_size()
        dots = min(limits.SCAN_DPI / 72, math.sqrt(limits.MAX_PIXELS / (width * height)))
        if 72 * dots < limits.LEAST_DPI:
            raise _refused(
                f"page {number} is a picture of {width:,.0f} by {height:,.0f} points, too large for OCR", "print it to A4."
            )
        for item in page.get_objects(filter=[c.FPDF_PAGEOBJ_IMAGE], max_depth=limits.MAX_DEPTH):
            across, down = ctypes.c_uint(), ctypes.c_uint()
            c.FPDFImageObj_GetImagePixelSize(item, across, down)
            if across.value * down.value > limits.MAX_PICTURE_PIXELS:
                raise _refused(
                    f"page {number} is a picture of {across.value:,} by {down.value:,} points", "scan it at 300 to 400 dpi."
                )
        bitmap = page.render(scale=dots, grayscale=True, draw_annots=False, may_draw_forms=False)
        gray = bitmap.to_numpy()
        words, horizontal, vertical = scan.read_picture(gray.reshape(gray.shape[:2]), dots)
        return PageWords(number, height, words, horizontal, vertical, scanned=True)


if __name__ == "__main__":
    main()
