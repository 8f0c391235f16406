"""Printed Swedish numbers: the one place where text becomes a number.

Thousands are separated by a space, decimals by a comma; some tables use a decimal point (their layout says so). A value may
carry a sign of comparison (`<166`, `>20`), a percent sign, a unit word (`19 st`), a note in brackets (`23 (jan-okt 2024)`)
or footnote stars (`12,5**`). A range (`80 – 100`, `+/- 0,5`) and a word are no number: they have no value.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache

SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""Every space of Unicode that is seen: one that was taken for a letter would leave `12` of `12 345` in the label."""
MINUS = "\u2212\u2013"
PLACEHOLDERS = frozenset({"-", "–", "—", "*", "**"})

_NOTE = re.compile(r"\([^()]*\)|\bGenomsnitt .*$")
_DECORATION = re.compile(r"^[<>]\s*|(?i:^inom )|\s*%|\*+|(?i:\s*\b(?:st|timmar|dygn|dagar|kr|tkr|mnkr)\b)")
_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?: \d{3})+|\d+)(?P<decimals>[.,]\d+)?", re.ASCII)
_TOKEN = re.compile(r"[<>]?[+-]?\d+(?:[.,]\d+)?%?\*{0,2}", re.ASCII)


_BEHIND = r"%?\*{0,2}(?: (?:%|\*{1,2}|[^\W\d]+))?"
"""Marks behind a number, glued or apart, or its unit: `5%`, `12,5**`, `96,7 **`, `375 st`."""


_SPACES = re.compile(f"[{SPACES}]")
_MINUS_SIGN = re.compile(rf"[{MINUS}](?=\d)(?<![\w)].)")
_UNUSUAL = re.compile(f"[{SPACES}{MINUS}]")
_MARKED = re.compile(rf"[<>]?[+-]?\d+(?:[.,]\d+)?{_BEHIND}")
_GROUP = re.compile(rf"\d{{3}}(?:,\d+)?{_BEHIND}")
_FIRST_GROUP = re.compile(r"[<>]?[+-]?[1-9]\d{0,2}")
_LEADING_ZERO = re.compile(rf"[<>]?[+-]?0\d+(?:[.,]\d+)?{_BEHIND}")


@lru_cache(maxsize=10_000)
def normalise(text: str) -> str:
    """Text in NFC with ordinary spaces and hyphen-minus before digits, ready for reading; printed text is kept elsewhere."""
    return normalise_all(text)


def normalise_all(text: str) -> str:
    """The same for a text too long to be worth remembering."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFC", text)
    return _MINUS_SIGN.sub("-", _SPACES.sub(" ", text)) if _UNUSUAL.search(text) else text


@lru_cache(maxsize=10_000)
def parse_number(text: str, decimal_point: bool = False) -> Decimal | None:
    """The exact value of one printed cell, in the unit it is printed in, or None where the cell holds no number.

    `decimal_point` says that the table writes decimals with a point; elsewhere `1.234` is refused (None) rather than guessed.
    """
    core = text
    match = _NUMBER.fullmatch(core)
    if match is None:
        core = _DECORATION.sub("", _NOTE.sub("", normalise(text))).strip()
        match = _NUMBER.fullmatch(core)
    if match is None:
        return None
    decimals = match["decimals"] or ""
    if decimals.startswith(".") != decimal_point and decimals:
        return None
    return Decimal(core.replace(" ", "").replace(",", "."))


@lru_cache(maxsize=10_000)
def is_marked_number(text: str) -> bool:
    """Whether a text of two pieces is a number and the mark or unit behind it, rather than a range."""
    return _MARKED.fullmatch(text) is not None


@lru_cache(maxsize=10_000)
def is_number_token(token: str) -> bool:
    """Whether one space-separated piece of a line can be a number or the beginning or continuation of one."""
    return _TOKEN.fullmatch(token) is not None


@lru_cache(maxsize=10_000)
def can_continue(token: str) -> bool:
    """Whether a token can be a group of thousands inside a number: three digits, perhaps with decimals or marks behind."""
    return _GROUP.fullmatch(token) is not None


@lru_cache(maxsize=10_000)
def can_be_continued(token: str) -> bool:
    """Whether a token can begin a number that has more groups: one to three digits without a leading zero, sign allowed."""
    return _FIRST_GROUP.fullmatch(token) is not None


@lru_cache(maxsize=10_000)
def can_stand_alone(token: str) -> bool:
    """Whether a token can be a whole number by itself; `045` and `000,1` cannot, they continue the number before them."""
    return _LEADING_ZERO.fullmatch(token) is None
