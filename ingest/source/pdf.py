"""Reports in PDF: their text as it stands on the pages, in aligned form; pages that are pictures through OCR.

PDFs come from strangers. They are read in a process of its own with a limit on memory and time (pdf_pages): whatever
one does to pdfium, the worst is a ReportError.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from ingest.errors import ReportError
from ingest.source.text import Doubt, ReportText

ROOT = Path(__file__).resolve().parent.parent.parent
"""Where the reading process finds this package, wherever it is started."""

# What a PDF can be. A report of a municipality has some hundred pages, of some thousand characters each.
MAX_PAGES = 2_000
MAX_PAGE_CHARACTERS = 100_000
MAX_CHARACTERS = 10_000_000
MAX_PAGE_OBJECTS = 200_000
MAX_DEPTH = 10
"""Of drawings within drawings."""
MAX_POINTS = 14_400
"""Width and height of a page: 200 inches, as in the PDF standard."""
TEXT_SECONDS = 120
"""Of the processor, for the text of all pages; a report takes one or two."""
MAX_MEMORY = 2_000_000_000
"""Bytes of address space, of the reading process as well as of tesseract."""

# What a scan can be.
MAX_SCANNED_PAGES = 300
SCAN_DPI = 300
LEAST_DPI = 150
"""A page so large that it would get fewer dots per inch is not read."""
MAX_PIXELS = 40_000_000
"""Of a page as it is drawn for OCR: A2 at 300 dpi."""
MAX_PICTURE_PIXELS = 100_000_000
"""Of a picture in the PDF."""
SCAN_SECONDS = 60
"""Of the processor, for drawing one page and finding its lines; OCR has its own (scan.PAGE_SECONDS)."""
DOUBTFUL = 60.0
"""OCR's confidence, of 100, under which a figure is not believed."""


def read_pdf(path: Path, data: bytes) -> ReportText:
    """The text of a PDF of at most text.MAX_PDF_BYTES.

    ReportError where it is encrypted, damaged, needs OCR that is missing, or breaks a limit.
    """

    def refuse(problem: str, remedy: str) -> ReportError:
        return ReportError(f"{path}: {problem}\n  What to do: {remedy}")

    code, out, trace = _run(data)
    if code == -signal.SIGPROF:
        raise refuse(
            f"reading the PDF took longer than {TEXT_SECONDS} seconds of computing and was broken off.",
            "print it to a new PDF, or give the part of it with the tables.",
        )
    if code != 0:
        last = trace.strip().splitlines()[-1] if trace.strip() else f"the reader ended with {code}"
        raise refuse(
            f"the PDF cannot be read within {MAX_MEMORY / 1e9:.0f} GB of memory, or is damaged ({last}).",
            "print it to a new PDF, or give the part of it with the tables.",
        )
    answer = json.loads(out)
    if "problem" in answer:
        raise ReportError(f"{path}: the PDF cannot be read: {answer['problem']}")
    return ReportText(
        path.name.removesuffix(path.suffix),
        path,
        answer["lines"],
        hashlib.sha256(data).hexdigest(),
        "aligned",
        tuple(answer["pages"]),
        "ocr" if answer["ocr"] else "native",
        tuple(Doubt(index + 1, text, confidence) for index, text, confidence in answer["doubts"]),
        tuple(answer["notes"]),
    )


def _run(data: bytes) -> tuple[int, bytes, str]:
    """Exit code, standard output and errors of the reading process; nothing that it started is left behind.

    Where this process is killed, the reading process ends itself: it knows its parent.
    """
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "ingest.source.pdf_pages", str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path, "OMP_THREAD_LIMIT": "1", "OPENBLAS_NUM_THREADS": "1"},
        start_new_session=True,
    )
    try:
        out, trace = process.communicate(data)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # tesseract, where the reader ended before it
        process.wait()
    return process.returncode, out, trace.decode("utf-8", "replace")
