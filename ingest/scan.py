"""Pages without text: their picture read by the program `tesseract`, twice, and the lines that are drawn on it.

OCR can take one digit for another and be sure of it. So every figure has to be read alike with two sets of language data that
were trained apart; where they differ, extraction refuses the cell.
"""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import StringIO
from statistics import median
from typing import Any

from ingest.errors import ReportError
from ingest.grid import Rule, Word

WORDS, FIGURES = "swe", "eng"
"""Tesseract's data for words, and the data that reads figures and their signs better. Debian installs `eng` with tesseract."""
LEAST_CONFIDENCE = 60.0
"""Signs without letter or digit of which OCR is less sure are specks."""
PAGE_SECONDS = 120
"""For the OCR of one page; an ordinary one takes three to ten."""
CELL_GAP = 0.65
"""Of the font size: words of a picture further apart begin a new cell. Their boxes end with the ink: in print less is enough."""
DESCENDERS = frozenset("gjpqy,;()[]/|§Q_")
LOW = frozenset("acemnorsuvwxzgpqy.,-–−+=:;*_~\"'")
"""Letters that do not reach the height of a capital."""
CAPITAL_HEIGHT = 0.72
DARK = 160
"""Grey values below this are ink."""
SHORTEST_RULE = 36.0
SHORTEST_SIDE = 9.0
THICKEST_RULE = 3.0
"""Points: thin dark runs this long are drawn lines, not letters; between two horizontal lines, sides of cells are shorter."""


@dataclass
class _Box:
    """A word as one reading has it, with its ink's box and its line."""

    text: str
    left: float
    right: float
    top: float
    bottom: float
    confidence: float
    line: int


def require_tesseract() -> None:
    """ReportError where the program or the data of a language is missing."""
    remedy = (
        "install it, on Debian and Ubuntu: apt-get install tesseract-ocr tesseract-ocr-swe; or give a PDF that holds its text."
    )
    problem = "pages of it are pictures, and the program `tesseract`, which reads them,"
    if shutil.which("tesseract") is None:
        raise ReportError(f"{problem} is not installed.\n  What to do: {remedy}")
    listed = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, timeout=PAGE_SECONDS, check=False)
    for language in (WORDS, FIGURES):
        if language not in listed.stdout.split():
            raise ReportError(f"{problem} has no data for the language '{language}'.\n  What to do: {remedy}")


def read_picture(gray: Any, dots_per_point: float) -> tuple[list[Word], list[Rule], list[Rule]]:
    """Words, horizontal and vertical lines of a picture (a numpy array of grey values, 0 is black), in points."""
    picture, horizontal, vertical = _without_rules(gray, dots_per_point)
    words, figures = (_read(picture, dots_per_point, language) for language in (WORDS, FIGURES))
    return combined(words, figures), horizontal, vertical


def _read(picture: Any, dots_per_point: float, language: str) -> list[_Box]:
    height, width = picture.shape
    try:
        result = subprocess.run(
            ["tesseract", "-", "-", "-l", language, "--psm", "6", "--dpi", str(round(72 * dots_per_point)), "tsv"],
            input=b"P5 %d %d 255\n" % (width, height) + picture.tobytes(),
            capture_output=True,
            timeout=PAGE_SECONDS,
            check=True,
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise ReportError(
            f"tesseract could not read the picture of a page ({error}).\n  What to do: scan it again, at 300 dpi."
        ) from None
    return _in_points(result.stdout.decode("utf-8", "replace"), dots_per_point)


def _in_points(tsv: str, dots_per_point: float) -> list[_Box]:
    """Tesseract's table of words."""
    boxes = []
    lines: dict[tuple[str, ...], int] = {}
    for row in csv.DictReader(StringIO(tsv), delimiter="\t", quoting=csv.QUOTE_NONE):
        text = (row["text"] or "").strip(" |\u00a0")
        if row["level"] == "5" and text:
            left, top, width, height = (float(row[key]) / dots_per_point for key in ("left", "top", "width", "height"))
            line = lines.setdefault((row["block_num"], row["par_num"], row["line_num"]), len(lines))
            boxes.append(_Box(text, left, left + width, top, top + height, float(row["conf"]), line))
    return boxes


# -- two readings of a page -----------------------------------------------------------------------------------------------------


def combined(words: list[_Box], figures: list[_Box]) -> list[Word]:
    """One page from two readings: letters from the Swedish one, figures from the other.

    The Swedish data does not know the percent sign and makes digits of it. A figure about which the readings differ has
    the confidence 0.
    """
    lines: dict[int, list[_Box]] = defaultdict(list)
    for box in words:
        lines[box.line].append(box)
    others: dict[int, list[_Box]] = defaultdict(list)
    extents = [(min(b.top for b in line), max(b.bottom for b in line), number) for number, line in lines.items()]
    for box in figures:
        shared = [(min(bottom, box.bottom) - max(top, box.top), number) for top, bottom, number in extents]
        overlap, number = max(shared, default=(0.0, 0))
        others[number if overlap > 0 else -1 - box.line].append(box)
    found = []
    for number in sorted({*lines, *others}):
        line = [box for pair in _beside(lines[number], others[number]) for box in _chosen(*pair)]
        found += _on_one_line(line)
    return found


def _beside(words: list[_Box], figures: list[_Box]) -> Iterator[tuple[list[_Box], list[_Box]]]:
    """What the two readings have at the same places of a line."""
    pair: tuple[list[_Box], list[_Box]] = [], []
    end = float("-inf")
    for box, side in sorted([*((b, 0) for b in words), *((b, 1) for b in figures)], key=lambda entry: entry[0].left):
        if box.left >= end and (pair[0] or pair[1]):
            yield pair
            pair = [], []
            end = float("-inf")
        pair[side].append(box)
        end = max(end, box.right)
    if pair[0] or pair[1]:
        yield pair


def _chosen(words: list[_Box], figures: list[_Box]) -> list[_Box]:
    first, second = _plain(words), _plain(figures)
    figure = second == "%" or re.fullmatch(r"[-\d,.%]+", second)
    if re.search(r"\w", first) and not re.search(r"\d", first) and not figure:
        return words
    if not re.search(r"\d", first + second):
        # signs alone: dashes for a value, or specks that one of the readings took for one
        signs = figures if not re.search(r"\w", second) and figures else words
        return [box for box in signs if box.confidence >= LEAST_CONFIDENCE]
    chosen = words if re.search(r"[^\W\d]", first) and re.search(r"[^\W\d]", second) else figures or words
    kept = [re.sub(r"[^\d,.%-]", "", text) for text in (first, second)]
    same = kept[0] == kept[1] or (kept[1].endswith("%") and kept[0].startswith(kept[1][:-1]))
    surest = max(box.confidence for box in (*words, *figures))
    return [replace(box, confidence=max(box.confidence, surest) if same else 0.0) for box in chosen]


def _plain(boxes: list[_Box]) -> str:
    return re.sub(r"[–—−_~]", "-", "".join(box.text for box in boxes))


def _on_one_line(line: list[_Box]) -> list[Word]:
    """The boxes of a line as words on one baseline, with the size of a font whose capitals are as high."""
    if not line:
        return []
    upright = [box for box in line if not DESCENDERS & set(box.text)] or line
    high = [box for box in upright if set(box.text) - LOW] or upright
    baseline = median(box.bottom for box in high)
    size = median(box.bottom - box.top for box in high) / CAPITAL_HEIGHT
    return [Word(b.text, b.left, b.right, baseline, size, CELL_GAP * size, confidence=b.confidence) for b in line]


# -- drawn lines ----------------------------------------------------------------------------------------------------------------


def _without_rules(gray: Any, dots_per_point: float) -> tuple[Any, list[Rule], list[Rule]]:
    """The picture without its drawn straight lines, which OCR takes for letters, and those lines, horizontal and vertical.

    A line is thin, and long or, between two horizontal ones, as high as the row of a table.
    """
    import numpy as np

    dark = gray < DARK
    dark &= ~_areas(dark, round(THICKEST_RULE * dots_per_point))
    across = _runs(dark, round(SHORTEST_RULE * dots_per_point))
    down = _runs(dark.T, round(SHORTEST_SIDE * dots_per_point))
    near = round(THICKEST_RULE * dots_per_point)
    crossings = np.zeros(dark.shape, dtype=bool)
    for row, start, end in across:
        crossings[max(0, row - near) : row + near, max(0, start - near) : end + near] = True
    long = round(SHORTEST_RULE * dots_per_point)
    down = [(x, y, end) for x, y, end in down if end - y >= long or (crossings[y, x] and crossings[end - 1, x])]
    clean = gray.copy()
    for picture, runs in ((clean, across), (clean.T, down)):
        for at, start, end in runs:  # with the grey edge of the line
            picture[max(0, at - 2) : at + 3, max(0, start - 2) : end + 2] = 255
    horizontal, vertical = (
        [Rule(at / dots_per_point, start / dots_per_point, end / dots_per_point) for at, start, end in runs]
        for runs in (across, down)
    )
    return np.ascontiguousarray(clean), horizontal, vertical


def _runs(dark: Any, shortest: int) -> list[tuple[int, int, int]]:
    """The dark runs along the rows of a picture that are at least `shortest` points long: row, begin, end."""
    import numpy as np

    flat = np.zeros((dark.shape[0], dark.shape[1] + 1), dtype=np.int8)  # every row ends light
    flat[:, :-1] = dark
    edges = np.diff(flat.ravel(), prepend=np.int8(0))
    begins, ends = (edges == 1).nonzero()[0], (edges == -1).nonzero()[0]
    long = ends - begins >= shortest
    rows, starts = np.divmod(begins[long], flat.shape[1])
    return list(zip(rows.tolist(), starts.tolist(), (starts + (ends - begins)[long]).tolist(), strict=True))


def _areas(dark: Any, side: int) -> Any:
    """Which dark points belong to a dark square of a given side: filled areas, not lines."""
    import numpy as np

    def whole(picture: Any) -> Any:
        """Of each point: whether the `side` points from it on to the right, and down, are all dark."""
        sums = np.zeros((picture.shape[0], picture.shape[1] + 1), dtype=np.int32)
        np.cumsum(picture, axis=1, out=sums[:, 1:])
        return sums[:, side:] - sums[:, :-side] == side

    if min(dark.shape) <= side:
        return np.zeros_like(dark)
    corners = whole(whole(dark).T).T
    areas = np.zeros_like(dark)
    rows, columns = corners.shape
    reach = np.zeros_like(dark)
    for shift in range(side):
        reach[:rows, shift : shift + columns] |= corners
    for shift in range(side):
        areas[shift:] |= reach[: dark.shape[0] - shift]
    return areas
