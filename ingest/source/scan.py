"""Pages without text: their picture read by the program `tesseract`, and the lines that are drawn on it.

OCR can take one digit for another and be sure of it, and what misleads it often lies in what stands around a figure. So every
figure is cut out and read again, with nothing but figures beside it and in other sizes; it counts only where a reading of the
whole page and one of these are alike. Where none is, or two others contradict, extraction refuses the cell.
"""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from statistics import median
from typing import Any

from ingest.errors import ReportError
from ingest.source.grid import Rule, Word

WORDS, FIGURES = "swe", "eng"
"""Tesseract's data for words, and the data that reads figures and their signs better. Debian installs `eng` with tesseract."""
LEAST_CONFIDENCE = 60.0
"""Signs without letter or digit of which OCR is less sure are specks."""
PAGE_SECONDS = 120
"""For the OCR of one page; an ordinary one takes three to ten."""
CELL_GAP = 0.65
"""Of the font size: words of a picture further apart begin a new cell. Their boxes end with the ink: in print less is enough."""
SHEETS: tuple[tuple[float, tuple[str, ...]], ...] = (
    (1.25, ("-c", "tessedit_char_whitelist=0123456789-,.% <>+/")),
    (1.5, ()),
)
"""How figures that were cut out are read again: so many times larger, with these settings of tesseract."""
SHEET_HEIGHT = 20_000
"""Points of the picture: tesseract reads no more than 32,767."""
SIGN_SPACE = 0.5
"""Of a figure's height: so much to its left and right is cut out with it, should its reading have lost a sign there."""
BESIDE = r"()\[\]:;*"
"""Signs beside a figure that are no part of it: `(jan-okt 2024)`, `96,7**`."""
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
    """A word as one reading has it, with its ink's box and its line; `room` is free to its left and right."""

    text: str
    left: float
    right: float
    top: float
    bottom: float
    confidence: float
    line: int
    room: tuple[float, float] = (0.0, 0.0)


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

    def read_again(places: Sequence[_Box]) -> list[tuple[str, ...]]:
        return _read_again(picture, dots_per_point, places)

    return combined(words, figures, read_again), horizontal, vertical


def _read(picture: Any, dots_per_point: float, language: str, settings: tuple[str, ...] = ()) -> list[_Box]:
    height, width = picture.shape
    dots = str(round(72 * dots_per_point))
    try:
        result = subprocess.run(
            ["tesseract", "-", "-", "-l", language, "--psm", "6", "--dpi", dots, *settings, "tsv"],
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


# -- figures cut out and read again ---------------------------------------------------------------------------------------------


def _read_again(picture: Any, dots_per_point: float, places: Sequence[_Box]) -> list[tuple[str, ...]]:
    """What stands at places of a picture, one reading for each of SHEETS."""
    readings = []
    for times, settings in SHEETS:
        pieces = [_enlarged(_cut_out(picture, dots_per_point, place), times) for place in places]
        readings.append([text for sheet in _sheets(pieces) for text in _read_sheet(sheet, times * dots_per_point, settings)])
    return list(zip(*readings, strict=True))


def _cut_out(picture: Any, dots_per_point: float, place: _Box) -> Any:
    height = place.bottom - place.top
    top, bottom = place.top - 0.25 * height, place.bottom + 0.35 * height
    edges = (top, bottom, place.left - place.room[0], place.right + place.room[1])
    y1, y2, x1, x2 = (max(0, round(edge * dots_per_point)) for edge in edges)
    return picture[y1:y2, x1:x2]


def _enlarged(picture: Any, times: float) -> Any:
    """A picture in another size, each point a mean of the four around it."""
    import numpy as np

    for _ in range(2):  # rows, then columns
        size = picture.shape[0]
        at = np.linspace(0, size - 1, max(1, round(size * times)))
        low = at.astype(int)
        share = (at - low)[:, None]
        picture = (picture[low] * (1 - share) + picture[np.minimum(low + 1, size - 1)] * share).T
    return np.rint(picture).astype(np.uint8)


def _sheets(pieces: list[Any]) -> Iterator[list[Any]]:
    """The pieces in sheets that are not too high."""
    sheet: list[Any] = []
    height = 0
    for piece in pieces:
        if sheet and height + 2 * piece.shape[0] > SHEET_HEIGHT:
            yield sheet
            sheet, height = [], 0
        sheet.append(piece)
        height += 2 * piece.shape[0]
    if sheet:
        yield sheet


def _read_sheet(pieces: list[Any], dots_per_point: float, settings: tuple[str, ...]) -> list[str]:
    """The text of each piece, read below each other."""
    import numpy as np

    margin = round(6 * dots_per_point)
    space = round(3 * dots_per_point)
    starts = [margin]
    for piece in pieces:
        starts.append(starts[-1] + piece.shape[0] + space)
    sheet = np.full((starts[-1] + margin, max(p.shape[1] for p in pieces) + 2 * margin), 255, dtype=np.uint8)
    for piece, start in zip(pieces, starts, strict=False):
        sheet[start : start + piece.shape[0], margin : margin + piece.shape[1]] = piece
    found: list[list[_Box]] = [[] for _ in pieces]
    for box in _read(sheet, dots_per_point, FIGURES, settings):
        middle = (box.top + box.bottom) / 2 * dots_per_point
        found[min(max(bisect_right(starts, middle) - 1, 0), len(pieces) - 1)].append(box)
    return [_plain(sorted(boxes, key=lambda box: box.left)) for boxes in found]


# -- the readings of a page -----------------------------------------------------------------------------------------------------

Pair = tuple[list[_Box], list[_Box]]
"""What the readings for words and for figures have at the same place of a line."""
ReadAgain = Callable[[Sequence[_Box]], list[tuple[str, ...]]]


def combined(words: list[_Box], figures: list[_Box], read_again: ReadAgain) -> list[Word]:
    """One page from its readings: letters from the Swedish one, figures from the other, where `read_again` finds them again.

    The Swedish data does not know the percent sign and makes digits of it. A figure that is not certain has the confidence 0.
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
    by_line = [list(_beside(lines[number], others[number])) for number in sorted({*lines, *others})]
    places = {id(pair): place for pairs in by_line for pair, place in _places(pairs)}
    again = dict(zip(places, read_again(list(places.values())), strict=True)) if places else {}
    return [
        word
        for pairs in by_line
        for word in _on_one_line([box for pair in pairs for box in _chosen(*pair, again.get(id(pair), ()))])
    ]


def _beside(words: list[_Box], figures: list[_Box]) -> Iterator[Pair]:
    """What the two readings have at the same places of a line."""
    pair: Pair = [], []
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


def _places(pairs: list[Pair]) -> Iterator[tuple[Pair, _Box]]:
    """Where on a line the figures stand, with the room beside each that belongs to no other word."""
    ends = [(min(b.left for b in (*p[0], *p[1])), max(b.right for b in (*p[0], *p[1]))) for p in pairs]
    for number, (pair, (left, right)) in enumerate(zip(pairs, ends, strict=True)):
        if _is_figure(_plain(pair[1])):
            top, bottom = min(box.top for box in pair[1]), max(box.bottom for box in pair[1])
            room = SIGN_SPACE * (bottom - top)
            before = left - ends[number - 1][1] if number else room
            after = ends[number + 1][0] - right if number + 1 < len(ends) else room
            yield pair, _Box("", left, right, top, bottom, 0, 0, (min(room, before), min(room, after)))


def _is_figure(text: str) -> bool:
    return re.search(r"\d", text) is not None and re.search(r"[^\W\d]", text) is None


def _chosen(words: list[_Box], figures: list[_Box], again: tuple[str, ...] = ()) -> list[_Box]:
    first, second = _plain(words), _plain(figures)
    figure = second == "%" or re.fullmatch(r"[-\d,.%]+", second)
    if re.search(r"\w", first) and not re.search(r"\d", first) and not figure:
        return words
    if not re.search(r"\d", first + second):
        # signs alone: dashes for a value, or specks that one of the readings took for one
        signs = figures if not re.search(r"\w", second) and figures else words
        return [box for box in signs if box.confidence >= LEAST_CONFIDENCE]
    surest = max(box.confidence for box in (*words, *figures))
    if _is_figure(second):
        text = agreed(second, first, again)
        if text is None:
            return [replace(box, confidence=0.0) for box in figures]
        if len(figures) == 1:
            return [replace(figures[0], text=re.sub(r"^\+/-(?=\d)", "+/- ", text), confidence=surest)]
        return [replace(box, confidence=surest if text == second else 0.0) for box in figures]
    chosen = words if re.search(r"[^\W\d]", first) and re.search(r"[^\W\d]", second) else figures or words
    kept = [re.sub(r"[^\d,.%-]", "", text).rstrip(",.") for text in (first, second)]
    same = kept[0] == kept[1] or (kept[1].endswith("%") and kept[0].startswith(kept[1][:-1]))
    return [replace(box, confidence=max(box.confidence, surest) if same else 0.0) for box in chosen]


def agreed(figure: str, swedish: str, again: Sequence[str]) -> str | None:
    """A figure as it is printed for certain, or None. `figure` and `swedish` are the page's readings, `again` those of it alone.

    Its digits are the page's where a reading of it alone has the same; where another of those has as many others, one has to
    be the same in full, and the Swedish reading too. Signs are small: they are often lost, and rarely seen where there is
    none. A minus has to be in both readings of the page, or in none of all; a decimal sign in two readings, and in none
    elsewhere. Point or comma is what most have.
    """
    if re.search(rf"[^-\d,.%<>+/{BESIDE}]", figure):  # a sign that no figure has: the others have to be alike
        return swedish if swedish and set(again) == {swedish} else None
    if any(len(re.findall(r"[.,]", text)) > 1 for text in (figure, *again)):  # `1.1.`
        return figure if figure in again and figure == swedish else None
    core = _core(figure)
    if core.startswith("-"):
        cores = [f"-{text}" if swedish.startswith("-") and text[:1].isdigit() else text for text in map(_core, again)]
    elif any(text.startswith("-") for text in (swedish, *again)):
        return None
    else:
        cores = [_core(text) for text in again]
    same = [text for text, known in zip(again, cores, strict=True) if known == core]
    in_swedish = _reads_as(core, _core(swedish))
    if not same:
        return None
    if any(known != core and len(known) == len(core) for known in cores):
        in_full = any(_with_commas(text).lstrip("-") == _with_commas(figure).lstrip("-") for text in same)
        if not (in_full and in_swedish):
            return None
    # Without what stands before the digits, a decimal sign has the same place in all.
    readings = [text.lstrip("-([") for text in (figure, *same, *([swedish] if in_swedish else []))]
    places = Counter(found.start() for text in readings if (found := re.search(r"[.,]", text)))
    if not places:
        return figure
    if not re.search(r"[.,]", readings[0]) and any(re.search(r"[.,]\d{3}$", text) for text in readings):
        return figure if places.total() == 1 else None  # the space of `413 111`, taken for a sign once
    place, support = places.most_common(1)[0]
    if len(places) > 1 or support < 2 or re.search(rf"[{BESIDE}]", figure):
        return figure if len(places) == 1 and support >= 2 and readings[0][place : place + 1] in (".", ",") else None
    signs = Counter(text[place] for text in readings if text[place : place + 1] in (".", ","))
    sign = max(signs, key=lambda sign: (signs[sign], readings[0][place : place + 1] == sign))
    at = place + len(core) - len(core.lstrip("-"))
    return core[:at] + sign + core[at:]


def _with_commas(text: str) -> str:
    return text.replace(".", ",")


def _core(text: str) -> str:
    """The digits and signs of a reading, without decimal signs and what can stand beside a figure."""
    return re.sub(rf"[.,{BESIDE}]", "", text)


def _reads_as(figure: str, swedish: str) -> bool:
    """Whether the Swedish data, which makes digits of a percent sign, reads a figure so."""
    return figure == swedish or (figure.endswith("%") and swedish.startswith(figure[:-1]) and len(swedish) <= len(figure) + 2)


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
