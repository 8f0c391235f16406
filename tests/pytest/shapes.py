"""A report's text in other shapes: what extractors, editors and page sizes make of the same report.

A shape takes a report and a source of chance and gives its lines anew. Those that move labels and pages ask the engine where
the heads and rows stand; the figures stay as they are.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from random import Random

from ingest.layout import layout_of
from ingest.reading.locate import Page
from ingest.reading.read_tables import TableRead, read_tables
from ingest.reading.rows import RawRow, Token, join_words
from ingest.source.text import ReportText

Lines = list[str]
Shape = Callable[[ReportText, Random], Lines]
Edit = tuple[int, int, Lines]
"""Indices of the first line and of the one after the last, and what stands there instead."""
NUMBER_SPACE = re.compile(r"(?<=\d) (?=\d{3}\b)")
MINUS = re.compile(r"(?<![\w)])-(?=\d)")
FIGURE = re.compile(r"\||[<>]?[+-]?[\d.,]+%?")
WORDS = re.compile(r"(?<=[^\W\d]) (?=[^\W\d])")
"""The single space between two words."""


def begins_page(line: str) -> bool:
    """Whether a line of running text without form feeds is the first of its page."""
    return line.startswith(" ") and line.strip() != "" and line[1] != " "


def by_line(change: Callable[[str], str]) -> Shape:
    return lambda report, _: [change(line) for line in report.lines]


def without(dropped: Callable[[str], bool]) -> Shape:
    return lambda report, _: [line for line in report.lines if not dropped(line)]


def doubled_blank_lines(report: ReportText, _: Random) -> Lines:
    return [copy for line in report.lines for copy in ([line, line] if line == "" else [line])]


def soft_hyphens(report: ReportText, _: Random) -> Lines:
    """Words of labels break at a soft hyphen, which stands in the middle of long words as well."""
    edits: list[Edit] = []
    for page, _read, row in _label_rows(report):
        line = report.lines[row.line_no - 1]
        word = line.split()[0]
        if not page.ocr and len(word) > 8 and word.isalpha() and word[1:].islower():
            rest = f"{word[4:7]}\u00ad{word[7:]}{line.lstrip(' ')[len(word) :]}"
            lead = line[: len(line) - len(line.lstrip(" "))]
            edits.append((row.line_no - 1, row.line_no, [f"{lead}{word[:4]}\u00ad ", rest]))
    return _edited(report, edits)


# -- where things stand ---------------------------------------------------------------------------------------------------


@lru_cache(maxsize=20)
def _read(document_id: str, text: str) -> tuple[Page, tuple[TableRead, ...]]:
    page = Page(ReportText(document_id, Path(), text.split("\n"), ""), *layout_of(document_id))
    return page, tuple(read_tables(page))


def _tables(report: ReportText) -> tuple[Page, list[tuple[TableRead, tuple[int, int]]]]:
    """Every table that is no running text, with the indices of its head's first line and of the line after it."""
    page, tables = _read(report.document_id, "\n".join(report.lines))
    heads = {(table.key, head.start): head for table in page.layout.tables for head in page.heads(table)}
    found = []
    for read in tables:
        head = heads[read.layout.key, read.first_line - 1]
        if not read.layout.running_text:
            found.append((read, (head.start, head.end)))
    return page, found


def _edited(report: ReportText, edits: list[Edit]) -> Lines:
    lines = list(report.lines)
    for start, end, new in sorted(edits, reverse=True):
        lines[start:end] = new
    return lines


def _label_rows(report: ReportText) -> Iterator[tuple[Page, TableRead, RawRow]]:
    """The rows whose label is printed in them, whole on one page and without a blank line inside."""
    page, tables = _tables(report)
    for read, _ in tables:
        for row in [] if read.layout.label_is_heading else read.rows:
            lines = report.lines[row.line_no - 1 : row.label_end]
            if all(line.strip() and not begins_page(line) for line in lines[1:]) and not any(
                index in page.skipped for index in range(row.line_no - 1, row.label_end)
            ):
                yield page, read, row


def _words_of(lines: Lines, first_line: int) -> list[Token]:
    return [Token("word", word, first_line + number) for number, line in enumerate(lines) for word in line.split()]


# -- other line ends ------------------------------------------------------------------------------------------------------


def labels_on_one_line(report: ReportText, _: Random) -> Lines:
    """No label wraps; after OCR, where a label goes on below its figures, all of it stands before them."""
    edits: list[Edit] = []
    for page, read, row in _label_rows(report):
        lines = report.lines[row.line_no - 1 : row.label_end]
        if not page.ocr:
            *above, last = lines
            words = join_words([*_words_of(above, 1), Token("word", last.split()[0], len(lines))])
            edits.append((row.line_no - 1, row.label_end, [f"{words}{last.lstrip(' ')[len(last.split()[0]) :]}"]))
        elif (found := _ocr_label(report, read, row)) is not None:
            end, label, figures = found
            edits.append((row.line_no - 1, end, [" ".join([*label, *figures])]))
    return _edited(report, [edit for edit in edits if edit[1] - edit[0] > 1])


def _ocr_label(report: ReportText, read: TableRead, row: RawRow) -> tuple[int, list[str], list[str]] | None:
    """Of a row of figures after OCR: the index of the line after it, the words of its label and its figures, as printed."""
    if any(column.is_text for column in read.layout.columns):
        return None
    words = report.lines[row.line_no - 1].split()
    label = list(itertools.takewhile(lambda word: not FIGURE.fullmatch(word), words))
    figures = words[len(label) :]
    end = row.line_no
    while len(label) < len(row.label.split()) and end < len(report.lines):
        label += report.lines[end].split()
        end += 1
    whole = len(label) == len(row.label.split()) and all(map(FIGURE.fullmatch, figures)) and "|" not in label
    return (end, label, figures) if whole else None


def a_line_for_every_word(report: ReportText, _: Random) -> Lines:
    """Labels and text cells break at every space between two words; after OCR the label goes on below its figures."""
    edits: list[Edit] = []
    for page, read, row in _label_rows(report):
        start = row.line_no - 1
        if not page.ocr:
            end = max([row.label_end, *(cell.line_no for cell in row.cells)])
            for index in range(start, end):
                if index not in page.skipped:
                    edits.append((index, index + 1, WORDS.sub(" \n", report.lines[index]).split("\n")))
        elif (found := _ocr_label(report, read, row)) is not None:
            end, label, figures = found
            edits.append((start, end, [" ".join([label[0], *figures]), *label[1:]]))
    return _edited(report, edits)


def heads_on_one_line(report: ReportText, _: Random) -> Lines:
    page, tables = _tables(report)
    return _edited(
        report,
        [
            (start, end, [f"{' '.join(line.strip() for line in report.lines[start:end] if line.strip())} "])
            for read, (start, end) in tables
            if not page.layout.footnote_marks and not any(map(begins_page, report.lines[start + 1 : end]))
        ],
    )


def a_line_for_every_word_of_heads(report: ReportText, _: Random) -> Lines:
    _, tables = _tables(report)
    return _edited(
        report,
        [
            (start, end, [part for line in report.lines[start:end] for part in WORDS.sub(" \n", line).split("\n")])
            for _, (start, end) in tables
            if len(" ".join(report.lines[start:end]).split()) < 36
        ],
    )


# -- other page breaks ----------------------------------------------------------------------------------------------------


def page_breaks(footer: str | None = None, head: bool = False, within: bool = False) -> Shape:
    """A page ends before a row of every table, or `within` a label of several lines; its `head` is repeated below.

    A footer with `{n}` numbers every page of the report in order, another stands at the foot of the new pages only.
    """

    def shape(report: ReportText, rng: Random) -> Lines:
        _, tables = _tables(report)
        edits: list[Edit] = []
        for read, (start, end) in tables:
            places = [row.label_end if within else row.line_no for row in read.rows[0 if within else 1 :]]
            if within:
                places = [
                    row.label_end for row in read.rows if row.label_end > row.line_no and row.cells[0].line_no >= row.label_end
                ]
            places = [at for at in places if report.lines[at - 1].strip() and not begins_page(report.lines[at - 1])]
            if not places or read.layout.label_is_heading:
                continue
            at = rng.choice(places) - 1
            repeated = report.lines[start:end] if head and not read.layout.head.startswith("^") else []
            top, *rest = [*repeated, report.lines[at]]
            foot = [footer] if footer and "{n}" not in footer else []
            edits.append((at, at + 1, [*foot, f" {top.lstrip(' ')}", *rest]))
        lines = _edited(report, edits)
        return _numbered(lines, footer) if footer and "{n}" in footer else lines

    return shape


def _numbered(lines: Lines, footer: str) -> Lines:
    numbered: Lines = []
    number = 3
    for line in lines:
        if begins_page(line):
            numbered.append(footer.format(n=number))
            number += 1
        numbered.append(line)
    return numbered
