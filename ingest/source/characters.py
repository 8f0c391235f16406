"""Characters that a text must not hold because what is seen would not be what is read.

Refused, not stripped: without an invisible character `12` and `345` may become one number, and nobody would know.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

MAX_MARKS = 4
"""Accents on one letter; no language of the reports has more than one, and putting thousands in order takes minutes."""

SOFT_HYPHEN = "\u00ad"
_ORDINARY = frozenset("\t\n\f\r" + SOFT_HYPHEN)


def strange_character(text: str) -> tuple[int, str] | None:
    """Where the first character stands that is refused anywhere (its index), and what it is; None where there is none.

    These are control characters (a terminal obeys them), line separators, characters that are invisible or turn the direction
    of the text, digits of other scripts, and a flood of accents.
    """
    characters = set(text)
    found = [(text.index(character), kind) for character in characters if (kind := _refused(character))]
    found += _marks(text, characters)
    return min(found) if found else None


@lru_cache(maxsize=1_000)
def _refused(character: str) -> str | None:
    category = unicodedata.category(character)
    if character in _ORDINARY:
        return None
    name = f"{unicodedata.name(character, 'no name')}, U+{ord(character):04X}"
    if category in ("Cc", "Cs"):
        return f"a control character (U+{ord(character):04X})"
    if category in ("Cf", "Zl", "Zp"):
        return f"an invisible character ({name})"
    if category == "Nd" and not character.isascii():
        return f"a digit of another script ({name})"
    return None


def _marks(text: str, characters: set[str]) -> Iterator[tuple[int, str]]:
    marks = "".join(c for c in characters if not c.isascii() and unicodedata.category(c) in ("Mn", "Mc", "Me"))
    if not marks:
        return
    found = re.search(rf"\d[{marks}]|[{marks}]{{{MAX_MARKS + 1}}}", text)
    if found:
        what = "a digit with an accent or stroke" if found[0][0].isdigit() else f"more than {MAX_MARKS} accents on one letter"
        yield found.start(), what


def strange_in_figures(line: str) -> str | None:
    """What in a line with figures makes it unclear where a number ends: a tab, a soft hyphen, a stray carriage return."""
    if re.search(r"[0-9]", line) is None:
        return None
    if "\t" in line.strip():
        return "a tab in a line with figures, which could separate thousands or columns"
    if re.search(rf"[0-9]\s*{SOFT_HYPHEN}|{SOFT_HYPHEN}\s*[0-9]", line):
        return "a soft hyphen beside a figure, which could be a minus or nothing"
    if "\f" in line.strip("\f "):
        return "a page break inside a line with figures"
    return None


def printable(text: str) -> str:
    """A text for a terminal: what could move its cursor, hide or turn text is shown as an escape."""
    return "".join(c if c == "\n" or c.isprintable() or unicodedata.category(c) == "Zs" else _escape(c) for c in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
