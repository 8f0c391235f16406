"""Words with their places on pages, written as aligned text: every line of the page is a line, every cell stands below its head.

Coordinates are points from the top left corner of the page as it is read. What two words apart are, one cell or two, is
decided by the gap between them and by the rules that the page has drawn; what is printed is never changed.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

SAME_BASELINE = 0.15
"""Of the font size: words whose baselines differ by less stand on one line."""
BESIDE = 0.7
"""Of the font size: words that stand beside a line and are off it by less belong to it (centred cells, raised footnote marks)."""
WORD_GAP = 0.15
"""Of the font size: pieces of text further apart than this are two words, though no space is drawn between them."""
CLEARLY_MORE = 1.22
"""Times the leading within a paragraph: lines further apart than this are set apart by a blank line."""
LEADING = (1.15, 1.45)
"""Times the font size: the leadings that a paragraph can have; without a paragraph to be seen, the greater is assumed."""
RULE_SHARE = 0.5
"""A drawn line sets two lines of text apart where it is at least as wide as this share of them."""
COLUMN_SPACES = 2
NEAR = 8
"""Font sizes above and below a cell within which others show how it is aligned."""
SAME_TABLE = 50
"""Lines that are compared to find out where another table begins."""
RUNNING_SHARE = 0.6
RUNNING_PAGES = 2
RUNNING_MARGIN = 0.1
"""A running head or foot stands on at least this share of the pages, on this many, and within this share of the page's height."""
RUNNING_TOLERANCE = 3.0
"""Points by which its place can differ."""


@dataclass(frozen=True, slots=True)
class Word:
    """A printed word. `apart`: a gap before it that is wider than this begins a new cell; `confidence` is OCR's, 0 to 100."""

    text: str
    left: float
    right: float
    baseline: float
    size: float
    apart: float
    spaced: bool = True
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A drawn straight line: horizontal from `start` to `end` at height `at`, or vertical from `start` down to `end` at `at`."""

    at: float
    start: float
    end: float


@dataclass
class PageWords:
    """What stands on a page. `turned` is text in other directions than most of the page's, in the order of the file."""

    number: int
    height: float
    words: list[Word]
    horizontal: list[Rule] = field(default_factory=list)
    vertical: list[Rule] = field(default_factory=list)
    turned: list[str] = field(default_factory=list)
    scanned: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """The words of one cell on one line."""

    text: str
    left: float
    right: float
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class TextLine:
    page: int
    baseline: float
    size: float
    segments: tuple[Segment, ...]

    @property
    def text(self) -> str:
        return "  ".join(segment.text for segment in self.segments)


@dataclass(frozen=True)
class AlignedText:
    """The lines as they are read, the page of each, and where each word of a scan that OCR was unsure of stands.

    `doubts` are (index of the line, word, confidence); `left_out` names what is printed but no line: running heads and feet.
    """

    lines: list[str]
    pages: list[int]
    doubts: list[tuple[int, str, float]]
    left_out: list[str]


def aligned_text(pages: list[PageWords], doubtful: float) -> AlignedText:
    """Write pages as aligned text; words of less confidence than `doubtful` are listed."""
    by_page = [(page, list(text_lines(page))) for page in pages]
    left_out = _without_running_lines(by_page)
    everything = [line for _, lines in by_page for line in lines]
    unit = _character_width(everything)
    origin = min((line.segments[0].left for line in everything), default=0.0)
    leading = _leadings(lines for _, lines in by_page)
    text = AlignedText([], [], [], left_out)
    for page, lines in by_page:
        paragraphs: list[list[TextLine]] = []
        for line in lines:
            if not paragraphs or _set_apart(page, paragraphs[-1][-1], line, leading):
                paragraphs.append([])
            paragraphs[-1].append(line)
        places: dict[int, list[int]] = {}
        for group in _groups(paragraphs):
            places.update(zip(map(id, group), _columns(group, unit, origin), strict=True))
        for number, paragraph in enumerate(paragraphs):
            if number:
                _add(text, "", page.number)
            for line in paragraph:
                written = ""
                for segment, place in zip(line.segments, places[id(line)], strict=True):
                    written = written.ljust(place) + segment.text
                    for word in segment.words:
                        if word.confidence is not None and word.confidence < doubtful:
                            text.doubts.append((len(text.lines), word.text, word.confidence))
                _add(text, written, page.number)
        for turned in page.turned:
            _add(text, "", page.number)
            _add(text, turned, page.number)
    return text


def _add(text: AlignedText, line: str, page: int) -> None:
    text.lines.append(line)
    text.pages.append(page)


# -- words to lines, lines to cells -----------------------------------------------------------------------------------------


def text_lines(page: PageWords) -> Iterator[TextLine]:
    """The lines of a page from top to bottom, each divided into its cells."""
    for words in _lines_of(_once(page.words)):
        largest = max(word.size for word in words)
        baseline = next(word.baseline for word in words if word.size == largest)
        words.sort(key=lambda word: word.left)
        yield TextLine(page.number, baseline, largest, tuple(_segments(words, page.vertical)))


def _once(words: list[Word]) -> list[Word]:
    """The words without those drawn a second time at almost the same place, as some programs print bold."""
    seen: set[tuple[str, int, int]] = set()
    kept = []
    for word in words:
        grain = max(word.size, 1.0) * SAME_BASELINE
        column, row = int(word.left / grain), int(word.baseline / grain)
        if any((word.text, column + i, row + j) in seen for i in (-1, 0, 1) for j in (-1, 0, 1)):
            continue
        seen.add((word.text, column, row))
        kept.append(word)
    return kept


def _lines_of(words: list[Word]) -> list[list[Word]]:
    lines: list[list[Word]] = []
    for level in _levels(sorted(words, key=lambda word: (word.baseline, word.left))):
        if lines and _is_beside(lines[-1], level):
            lines[-1] += level
        else:
            lines.append(level)
    return lines


def _levels(words: list[Word]) -> Iterator[list[Word]]:
    """Words of one baseline each."""
    level: list[Word] = []
    for word in words:
        if level and word.baseline - level[0].baseline > SAME_BASELINE * min(word.size, level[0].size):
            yield level
            level = []
        level.append(word)
    if level:
        yield level


def _is_beside(line: list[Word], level: list[Word]) -> bool:
    """Whether words are only a little below a line and beside all of its words."""
    largest = max(word.size for word in line)
    baseline = min(word.baseline for word in line if word.size == largest)
    if level[0].baseline - baseline > BESIDE * min(word.size for word in (*line, *level)):
        return False
    places = sorted((word.left, word.right) for word in line)
    for word in level:
        after = bisect_left(places, (word.right, word.right))
        if after and max(right for _, right in places[max(0, after - 2) : after]) > word.left + WORD_GAP:
            return False
    return True


def _segments(words: list[Word], rules: list[Rule]) -> Iterator[Segment]:
    cell: list[Word] = []
    for word in words:
        if cell and _begins_cell(cell[-1], word, rules):
            yield _segment(cell)
            cell = []
        cell.append(word)
    yield _segment(cell)


def _begins_cell(before: Word, word: Word, rules: list[Rule]) -> bool:
    if word.left - before.right > word.apart:
        return True
    middle = word.baseline - 0.3 * word.size
    edges = before.right - 0.1 * word.size, word.left + 0.1 * word.size
    return any(edges[0] <= rule.at <= edges[1] and rule.start <= middle <= rule.end for rule in rules)


def _segment(words: list[Word]) -> Segment:
    text = words[0].text
    for before, word in pairwise(words):
        text += (" " if word.spaced or word.left - before.right > WORD_GAP * word.size else "") + word.text
    return Segment(text, words[0].left, max(word.right for word in words), tuple(words))


# -- where cells stand on the line --------------------------------------------------------------------------------------------


def _character_width(lines: list[TextLine]) -> float:
    """The usual width of a character in the document's tables: one place of the grid."""
    tables = [segment for line in lines if len(line.segments) > 1 for segment in line.segments]
    segments = tables or [segment for line in lines for segment in line.segments]
    widths = [(segment.right - segment.left) / len(segment.text) for segment in segments if segment.right > segment.left]
    return median(widths) if widths else 5.0


def _groups(paragraphs: list[list[TextLine]]) -> Iterator[list[TextLine]]:
    """Lines whose cells can be those of one table: none stands below two cells of another line. Sentences are set alone."""
    group: list[TextLine] = []
    for paragraph in paragraphs:
        kept: list[TextLine] = []
        for line in paragraph:
            if any(_across(line, other) or _across(other, line) for other in (*group[-SAME_TABLE:], *kept[-SAME_TABLE:])):
                if len(line.segments) == 1:
                    yield [line]
                    continue
                if any(_across(line, other) or _across(other, line) for other in kept[-SAME_TABLE:]):
                    yield [*group, *kept]
                    kept = []
                else:
                    yield group
                group = []
            kept.append(line)
        group += kept
    yield group


def _across(line: TextLine, other: TextLine) -> bool:
    """Whether a cell of a line reaches over two cells of another."""
    return any(sum(cell.left < below.right and below.left < cell.right for below in other.segments) > 1 for cell in line.segments)


def _columns(lines: list[TextLine], unit: float, origin: float) -> list[list[int]]:
    """Where each cell of each line of a table begins: its place on the page in characters.

    Cells that stand below each other keep their places to each other. Where one has more characters than room, the columns to
    its right move to the right, all lines alike.
    """
    moved: dict[int, int] = {}
    end = -COLUMN_SPACES
    for column in _stacks([segment for line in lines for segment in line.segments]):
        wanted = []
        for cell, share in zip(column, _alignments(column), strict=True):
            wanted.append(round((_edge(cell, share) - origin) / unit - share * len(cell.text)))
        shift = max(0, end + COLUMN_SPACES - min(wanted))
        for cell, place in zip(column, wanted, strict=True):
            moved[id(cell)] = place + shift
            end = max(end, place + shift + len(cell.text))
    found = []
    for line in lines:
        places: list[int] = []
        for index, segment in enumerate(line.segments):
            least = places[-1] + len(line.segments[index - 1].text) + COLUMN_SPACES if places else 0
            places.append(max(least, moved[id(segment)]))
        found.append(places)
    return found


def _stacks(segments: list[Segment]) -> Iterator[list[Segment]]:
    """Cells that stand below each other, directly or by way of others, from left to right."""
    stack: list[Segment] = []
    right = 0.0
    for segment in sorted(segments, key=lambda segment: segment.left):
        if stack and segment.left >= right:
            yield stack
            stack = []
        right = max(segment.right, right) if stack else segment.right
        stack.append(segment)
    if stack:
        yield stack


def _alignments(column: list[Segment]) -> list[float]:
    """How each cell of a column is aligned with those near it: 0 left, 1 right, 0.5 centred. That edge keeps its place."""
    figures = sum(re.search(r"\d[ %)]*$", cell.text) is not None for cell in column)
    shares = (1, 0, 0.5) if 2 * figures > len(column) else (0, 1, 0.5)
    alike: dict[tuple[float, int], list[float]] = defaultdict(list)
    for cell in column:
        for share in shares:
            alike[share, round(_edge(cell, share))].append(cell.words[0].baseline)
    for heights in alike.values():
        heights.sort()

    def near(cell: Segment, share: float) -> int:
        place, height, reach = round(_edge(cell, share)), cell.words[0].baseline, NEAR * cell.words[0].size
        lists = [alike[share, place + off] for off in (-1, 0, 1) if (share, place + off) in alike]
        return sum(bisect_right(heights, height + reach) - bisect_left(heights, height - reach) for heights in lists)

    return [max(shares, key=lambda share, cell=cell: near(cell, share)) for cell in column]  # type: ignore[misc]


def _edge(cell: Segment, share: float) -> float:
    return (1 - share) * cell.left + share * cell.right


# -- blank lines ----------------------------------------------------------------------------------------------------------------


def _leadings(pages: Iterable[list[TextLine]]) -> dict[int, float]:
    """The leading within paragraphs of each font size, in font sizes: the least distance that occurs more than now and then."""
    distances: dict[int, Counter[int]] = defaultdict(Counter)
    for lines in pages:
        for above, line in pairwise(lines):
            if abs(above.size - line.size) < 0.5:
                distances[round(line.size)][round(40 * (line.baseline - above.baseline) / line.size)] += 1
    found = {}
    for size, counts in distances.items():
        enough = max(2, 0.02 * sum(counts.values()))
        usual = [d / 40 for d in sorted(counts) if d > 36 and counts[d - 1] + counts[d] + counts[d + 1] >= enough]
        if usual:
            found[size] = usual[0]
    return found


def _set_apart(page: PageWords, above: TextLine, line: TextLine, leadings: dict[int, float]) -> bool:
    low, high = LEADING
    leading = min(max(leadings.get(round(line.size), high), low), high)
    if line.baseline - above.baseline > CLEARLY_MORE * leading * max(line.size, above.size):
        return True
    top, bottom = above.baseline, line.baseline - 0.3 * line.size
    rules = [rule for rule in page.horizontal if top <= rule.at <= bottom and not _underlines(rule, above)]
    left = min(above.segments[0].left, line.segments[0].left)
    right = max(above.segments[-1].right, line.segments[-1].right)
    covered, reached = 0.0, left
    for rule in sorted(rules, key=lambda rule: rule.start):
        start, end = max(rule.start, reached), min(rule.end, right)
        if end > start:
            covered, reached = covered + end - start, end
    return covered >= RULE_SHARE * (right - left) > 0


def _underlines(rule: Rule, line: TextLine) -> bool:
    near = rule.at - line.baseline < 0.25 * line.size
    return near and any(s.left - 1 <= rule.start and rule.end <= s.right + 1 for s in line.segments)


# -- running heads and feet -----------------------------------------------------------------------------------------------------


def _without_running_lines(by_page: list[tuple[PageWords, list[TextLine]]]) -> list[str]:
    """Take the running heads and feet out of the pages' lines, and name them.

    Such a line stands alone at the same place in the margin of most pages and is the same but for the page's number; a table
    that goes on below it could not be read otherwise. A line with other figures in cells of their own is never one.
    """
    found: dict[tuple[str, int], list[tuple[list[TextLine], TextLine]]] = defaultdict(list)
    filled = [(page, lines) for page, lines in by_page if lines]
    for page, lines in filled:
        for line in _margin_lines(page, lines):
            for pattern in _running_patterns(line, page.number):
                found[pattern, round(line.baseline / RUNNING_TOLERANCE)].append((lines, line))
    enough = max(RUNNING_PAGES, RUNNING_SHARE * len(filled))
    left_out: dict[str, None] = {}
    for (pattern, _), places in found.items():
        if len(places) >= enough:
            left_out[re.sub(r"\x00-?\d+", "N", pattern)] = None
            for lines, running in places:
                lines[:] = [line for line in lines if line is not running]
    return list(left_out)


def _margin_lines(page: PageWords, lines: list[TextLine]) -> Iterator[TextLine]:
    """The lines in the head and foot margins that are set apart from the text; the first lines of a table are not."""
    margin = RUNNING_MARGIN * page.height
    head = [line for line in lines if line.baseline <= margin]
    foot = [line for line in lines if line.baseline >= page.height - margin]
    for outer, inner in ((head, lines[len(head) :][:1]), (foot, lines[: len(lines) - len(foot)][-1:])):
        for line in outer:
            if all(abs(other.baseline - line.baseline) > 1.5 * line.size for other in inner):
                yield line


def _running_patterns(line: TextLine, page: int) -> Iterator[str]:
    """The line as it stands, and with each whole number as its distance to the page's number; never with another lone figure."""
    texts = [segment.text for segment in line.segments]
    lone = [index for index, text in enumerate(texts) if re.fullmatch(r"[-–−+]?\d[\d .,]*%?", text)]
    if not lone:
        yield line.text
    for index, text in enumerate(texts):
        if set(lone) <= {index}:
            for match in re.finditer(r"(?<![\d.,])\d{1,4}(?![\d.,]*\d)", text):
                as_distance = f"{text[: match.start()]}\x00{int(match[0]) - page}{text[match.end() :]}"
                yield "  ".join([*texts[:index], as_distance, *texts[index + 1 :]])
