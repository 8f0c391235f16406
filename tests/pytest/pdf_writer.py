"""PDFs that tests make: invented reports (`grids`) as a word processor would set them, scans of them, and hostile ones."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pypdfium2 as pdfium
from grids import Grid, GriddedReport, GridRow
from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table

PADDING = 6
"""Of reportlab's table cells, in points."""


@dataclass(frozen=True)
class Setting:
    """How a report is set: drawn lines, or shaded heads, or neither; font size; where cells stand in tall rows; paper."""

    lines: str = "grid"
    """`grid`, `rules` (horizontal lines only), `shades` or `none`."""
    font_size: float = 9.0
    valign: str = "TOP"
    wide: bool = True
    label_width: float = 0.3
    """Share of the page that labels have: narrow ones wrap."""
    running: bool = True
    """Running head and foot, with page numbers."""


class _Mark(Flowable):  # type: ignore[misc]
    """Takes no room, and notes the page on which it is drawn."""

    width = height = 0

    def __init__(self, pages: dict[tuple[int, int], int], key: tuple[int, int]) -> None:
        super().__init__()
        self.pages, self.key = pages, key

    def wrap(self, *_: Any) -> tuple[float, float]:
        return 0, 0

    def draw(self) -> None:
        self.pages[self.key] = self.canv.getPageNumber()


@dataclass(frozen=True)
class SetReport:
    """A PDF's bytes and the page of every row, by numbers of table and row."""

    data: bytes
    pages: dict[tuple[int, int], int]

    def save(self, folder: Path, document_id: str) -> Path:
        path = folder / f"{document_id}.pdf"
        path.write_bytes(self.data)
        return path


def set_report(report: GriddedReport, setting: Setting = Setting()) -> SetReport:
    """Set a report in pages."""
    out, pages = BytesIO(), dict[tuple[int, int], int]()
    paper = landscape(A4) if setting.wide else A4
    body = ParagraphStyle("body", fontName="Helvetica", fontSize=setting.font_size, leading=1.2 * setting.font_size)
    bold = ParagraphStyle(
        "bold", body, fontName="Helvetica-Bold", fontSize=setting.font_size + 1, leading=1.2 * setting.font_size + 1
    )
    story: list[Any] = []
    for block in report.blocks:
        if isinstance(block, Grid):
            table = _table(block, setting, body, pages, paper[0] - 100)
            story += [table] if block.goes_on_over_pages else [KeepTogether(table)]
        elif block.text:
            story.append(Paragraph(escape(block.text), bold if len(block.text) < 60 else body))
        else:
            story.append(Spacer(1, 2 * setting.font_size))

    def running(canvas: Canvas, _document: Any) -> None:
        if setting.running:
            canvas.setFont("Helvetica", 8)
            canvas.drawString(50, paper[1] - 25, "Provby kommun")
            canvas.drawRightString(paper[0] - 50, paper[1] - 25, "Påhittad rapport")
            canvas.drawCentredString(paper[0] / 2, 20, f"Sida {canvas.getPageNumber()} av många")

    document = SimpleDocTemplate(out, pagesize=paper, leftMargin=50, rightMargin=50, topMargin=50, bottomMargin=50)
    document.build(story, onFirstPage=running, onLaterPages=running)
    return SetReport(out.getvalue(), pages)


def _longest_word(cell: Any) -> float:
    return max(
        (item.minWidth() for item in (cell if isinstance(cell, list) else [cell]) if isinstance(item, Paragraph)), default=0.0
    )


def _table(grid: Grid, setting: Setting, body: ParagraphStyle, pages: dict[tuple[int, int], int], width: float) -> Table:
    right = ParagraphStyle("right", body, alignment=TA_RIGHT)
    styles = [body, *(body if column.is_text else right for column in grid.table.columns)]

    def paragraph(text: str, style: ParagraphStyle) -> Paragraph:
        return Paragraph(escape(re.sub(r"(?<=\d) (?=[\d%])", "\u00a0", text)), style)

    cells: list[list[Any]] = [[paragraph(text, style) for text, style in zip(grid.head, styles, strict=True)]]
    spans = []
    for is_row, group in groupby(grid.rows, key=lambda row: isinstance(row, GridRow)):
        if is_row:
            for row in group:
                label, *rest = map(paragraph, row.texts, styles)
                cells.append([[label, _Mark(pages, (grid.table_no, row.row_no))], *rest])
        else:
            spans.append(("SPAN", (0, len(cells)), (-1, len(cells))))
            cells.append([Paragraph("<br/>".join(escape(span.text) for span in group), body), *[""] * (len(styles) - 1)])
    least = [2 * PADDING + max(_longest_word(row[number]) for row in cells if len(row) > number) for number in range(len(styles))]
    shares = [least[0], *(width if style is right else 2 * width for width, style in zip(least[1:], styles[1:], strict=True))]
    label = max(least[0], setting.label_width * width)
    spare = max(0.0, width - label - sum(least[1:]))
    widths = [label, *(own + spare * share / sum(shares[1:]) for own, share in zip(least[1:], shares[1:], strict=True))]
    drawn: list[Any] = {
        "grid": [("GRID", (0, 0), (-1, -1), 0.5, colors.black)],
        "rules": [("LINEBELOW", (0, 0), (-1, -1), 0.5, colors.grey)],
        "shades": [("BACKGROUND", (0, 0), (-1, 0), colors.lightgrey)],
        "none": [],
    }[setting.lines]
    return Table(cells, widths, repeatRows=1, style=[*drawn, *spans, ("VALIGN", (0, 0), (-1, -1), setting.valign)])


def scanned(data: bytes, dpi: int = 300, behind: str = "") -> bytes:
    """The same pages as pictures, with nothing but the content stream `behind` (hidden text, say) on each."""
    pictures = []
    with pdfium.PdfDocument(data) as document:
        for page in document:
            gray = page.render(scale=dpi / 72, grayscale=True).to_numpy()
            pictures.append((page.get_size(), gray.shape[1], gray.shape[0], zlib.compress(gray.tobytes(), 1)))
    width, height = pictures[0][0]
    contents = [f"{behind}\nq {width} 0 0 {height} 0 0 cm /I{n} Do Q" for n in range(len(pictures))]
    first = 4 + 2 * len(pictures)
    objects = [_picture(across, down, 8, packed) for _, across, down, packed in pictures]
    names = " ".join(f"/I{n} {first + n} 0 R" for n in range(len(pictures)))
    return raw_pdf(contents, f"0 0 {width} {height}", f"/XObject << {names} >>", objects=objects)


def image_pdf(width: int, height: int, box: int = 595, texts: Iterable[str | None] = (None,)) -> bytes:
    """Pages that are one white picture, or where `texts` says so a content stream."""
    packer = zlib.compressobj(9)
    row = b"\xff" * ((width + 7) // 8)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    contents = [f"q {box} 0 0 {box} 0 0 cm /I Do Q" if text is None else text for text in texts]
    number = 4 + 2 * len(contents)
    return raw_pdf(contents, f"0 0 {box} {box}", f"/XObject << /I {number} 0 R >>", objects=[_picture(width, height, 1, packed)])


def _picture(width: int, height: int, bits: int, packed: bytes) -> bytes:
    return (
        b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent %d /ColorSpace /DeviceGray "
        b"/Filter /FlateDecode /Length %d >>\nstream\n%b\nendstream" % (width, height, bits, len(packed), packed)
    )


def raw_pdf(
    contents: Iterable[str],
    media_box: str = "0 0 595 842",
    resources: str = "",
    catalog: str = "",
    page: str = "",
    stream: str = "",
    objects: Iterable[bytes] = (),
) -> bytes:
    """A PDF written by hand: one page per content stream, Helvetica as /F1.

    What the other arguments hold is put into the dictionaries of that name; page n (from 0) is object 4 + 2n, its content
    stream the next, and `objects` follow the last page.
    """
    streams = [content.encode("latin-1") for content in contents]
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(streams)))
    written = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode(),
        f"<< /Type /Pages /Kids [{kids}] /Count {len(streams)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for i, content in enumerate(streams):
        written.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [{media_box}] /Contents {5 + 2 * i} 0 R {page} "
            f"/Resources << /Font << /F1 3 0 R >> {resources} >> >>".encode()
        )
        written.append(b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(content), stream.encode(), content))
    written += objects
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(written, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(written) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(written) + 1, start)
    return bytes(out)


def words_at(*words: tuple[float, float, str], size: float = 10) -> str:
    """A content stream with texts at places (from the bottom left corner)."""
    return "\n".join(f"BT /F1 {size} Tf {x} {y} Td ({text}) Tj ET" for x, y, text in words)
