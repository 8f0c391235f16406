"""Pages without text: their picture read by the program `tesseract` with its Swedish data, and the lines that are drawn on it."""

from __future__ import annotations

import csv
import shutil
import subprocess
from collections import defaultdict
from io import StringIO
from statistics import median
from typing import Any

from ingest.errors import ReportError
from ingest.grid import Rule, Word

LANGUAGE = "swe"
PAGE_SECONDS = 120
"""For the OCR of one page; an ordinary one takes three to ten."""
CELL_GAP = 0.65
"""Of the font size: words of a picture further apart begin a new cell. Its boxes end with the ink, so this is more than in print."""
DESCENDERS = frozenset("gjpqy,;()[]/|§Q_")
LOW = frozenset("acemnorsuvwxzgpqy.,-–−+=:;*_~\"'")
"""Letters that do not reach the height of a capital."""
CAPITAL_HEIGHT = 0.72
SHORTEST_RULE = 36.0
"""Points: dark runs at least this long are drawn lines, not letters."""


def require_tesseract() -> None:
    """ReportError where the program or its Swedish data is missing."""
    remedy = (
        "install it, on Debian and Ubuntu: apt-get install tesseract-ocr tesseract-ocr-swe; "
        "or extract from a PDF that holds its text."
    )
    if shutil.which("tesseract") is None:
        raise ReportError(f"pages of it are pictures, and the program `tesseract` that reads them is missing.\n  What to do: {remedy}")
    listed = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, timeout=PAGE_SECONDS, check=False)
    if LANGUAGE not in listed.stdout.split():
        raise ReportError(
            "pages of it are pictures, and the program `tesseract` that reads them lacks its Swedish data "
            f"('{LANGUAGE}').\n  What to do: {remedy}"
        )


def read_picture(gray: Any, dots_per_point: float) -> tuple[list[Word], list[Rule], list[Rule]]:
    """Words, horizontal and vertical lines of a picture (a numpy array of grey values, 0 is black), in points."""
    picture, horizontal, vertical = _without_rules(gray, dots_per_point)
    height, width = picture.shape
    result = subprocess.run(
        ["tesseract", "-", "-", "-l", LANGUAGE, "--psm", "6", "--dpi", str(round(72 * dots_per_point)), "tsv"],
        input=b"P5 %d %d 255\n" % (width, height) + picture.tobytes(),
        capture_output=True,
        timeout=PAGE_SECONDS,
        check=True,
    )
    return words_of(result.stdout.decode("utf-8", "replace"), dots_per_point), horizontal, vertical


def words_of(tsv: str, dots_per_point: float) -> list[Word]:
    """Tesseract's table of words as words with places; those of one of its lines stand on one baseline."""
    lines: dict[tuple[str, ...], list[tuple[str, float, float, float, float, float]]] = defaultdict(list)
    for row in csv.DictReader(StringIO(tsv), delimiter="\t", quoting=csv.QUOTE_NONE):
        text = (row["text"] or "").strip(" |\u00a0")
        if row["level"] == "5" and text:
            left, top, width, height = (float(row[key]) / dots_per_point for key in ("left", "top", "width", "height"))
            line = row["block_num"], row["par_num"], row["line_num"]
            lines[line].append((text, left, left + width, top, top + height, float(row["conf"])))
    words = []
    for line in lines.values():
        baseline = median([bottom for text, _, _, _, bottom, _ in line if not DESCENDERS & set(text)] or [w[4] for w in line])
        heights = [bottom - top for text, _, _, top, bottom, _ in line if set(text) - LOW and not DESCENDERS & set(text)]
        size = median(heights or [bottom - top for _, _, _, top, bottom, _ in line]) / CAPITAL_HEIGHT
        words += [
            Word(text, left, right, baseline, size, CELL_GAP * size, confidence=confidence)
            for text, left, right, _, _, confidence in line
        ]
    return words


def _without_rules(gray: Any, dots_per_point: float) -> tuple[Any, list[Rule], list[Rule]]:
    """The picture without its drawn straight lines, which OCR takes for letters, and those lines."""
    import numpy as np

    dark = gray < 160
    shortest = round(SHORTEST_RULE * dots_per_point)
    clean = gray.copy()
    found: list[list[Rule]] = []
    for picture in (dark, dark.T):  # lines along the first axis, then along the second
        long = _long_runs(picture, shortest)
        found.append(_rules(long, dots_per_point))
        wider = long.copy()  # with the grey edge of the line
        wider[1:] |= long[:-1]
        wider[:-1] |= long[1:]
        wider[2:] |= long[:-2]
        wider[:-2] |= long[2:]
        (clean if picture is dark else clean.T)[wider] = 255
    return np.ascontiguousarray(clean), found[0], found[1]


def _long_runs(dark: Any, shortest: int) -> Any:
    """Which points belong to a dark run along their row of at least `shortest` points."""
    import numpy as np

    height, width = dark.shape
    if width < shortest:
        return np.zeros_like(dark)
    sums = np.zeros((height, width + 1), dtype=np.int32)
    np.cumsum(dark, axis=1, out=sums[:, 1:])
    begins = np.zeros((height, width + 1), dtype=np.int32)
    full = (sums[:, shortest:] - sums[:, :-shortest]) == shortest
    begins[:, : full.shape[1]] += full
    begins[:, shortest:] -= full[:, : width + 1 - shortest]
    return np.cumsum(begins[:, :width], axis=1) > 0


def _rules(long: Any, dots_per_point: float) -> list[Rule]:
    """The runs as lines; rows of one thick line are one."""
    rules: list[Rule] = []
    for row in long.any(axis=1).nonzero()[0].tolist():
        marks = long[row].nonzero()[0]
        breaks = (marks[1:] - marks[:-1] > 1).nonzero()[0].tolist()
        starts = [int(marks[0]), *(int(marks[i + 1]) for i in breaks)]
        ends = [*(int(marks[i]) for i in breaks), int(marks[-1])]
        at = row / dots_per_point
        rules += [Rule(at, start / dots_per_point, end / dots_per_point) for start, end in zip(starts, ends, strict=True)]
    return rules
