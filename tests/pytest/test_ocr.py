"""Words after OCR: repaired only where the lexicon leaves one answer, and never at the cost of a figure."""

from __future__ import annotations

import re
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_writer import lexicon_words, spoiled

from ingest.reading import ocr
from ingest.reading.ocr import LEXICON, UnknownWord, lexicon, repair
from ingest.source.text import fold, letters

chance = settings(derandomize=True, deadline=None, database=None, max_examples=300)


def _entries() -> list[str]:
    lines = [line.strip() for line in LEXICON.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def _repaired(text: str) -> str | None:
    try:
        return repair(text)
    except UnknownWord:
        return None


# -- the lexicon --------------------------------------------------------------------------------------------------------


def test_the_lexicon_is_sorted_words_and_pairs_once_each() -> None:
    entries = _entries()
    assert len(set(entries)) == len(entries)
    assert all(len(entry.split()) <= 2 for entry in entries)
    assert all(re.fullmatch(r"[\wåäöéÅÄÖ-]+", word) for entry in entries for word in entry.split())
    assert sum(map(len, lexicon().values())) == len(entries)


def test_every_word_of_the_lexicon_stays_itself() -> None:
    pairs = {entry.split()[-1] for entry in _entries() if " " in entry}
    for word in _entries():
        if " " not in word and word not in pairs:
            assert _repaired(word) in (word, None), word
    alone = [word for word in lexicon_words() if _repaired(word) is None]
    assert alone == []


@pytest.mark.parametrize("more", [0.0, 1.0])
def test_words_that_lost_their_dots_get_them_back(more: float) -> None:
    for word in lexicon_words():
        assert repair(spoiled(word, Random(1), more)) == word
        capital = word[0].upper() + word[1:]
        assert repair(spoiled(capital, Random(1), more)) == capital


MISREADINGS = {"å": "aà", "ä": "aé4&", "ö": "o6éd", "l": "1iI", "f": "t", "m": "rn"}


def test_a_misread_word_becomes_itself_or_is_refused_but_hardly_ever_another() -> None:
    """One letter read as another: the lexicon's closest word must not be a wrong one for more than a few words in a hundred."""
    wrong: list[tuple[str, str, str]] = []
    right = refused = 0
    for word in lexicon_words():
        if len(word) < 6:
            continue
        for index, letter in enumerate(word):
            for other in MISREADINGS.get(letter, ""):
                printed = word[:index] + other + word[index + 1 :]
                found = _repaired(printed)
                right += found == word
                refused += found is None
                if found not in (None, word):
                    wrong.append((printed, str(found), word))
    assert right > 20 * refused
    assert len(wrong) <= 0.02 * right, wrong


# -- repair -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        ("Bedomning", "Bedömning"),
        ("Bed6mning", "Bedömning"),
        ("Beddmning", "Bedömning"),
        ("Forsorjningsstod", "Försörjningsstöd"),
        ("Andel hushall", "Andel hushåll"),
        ("Oka", "Öka"),
        ("stod och hjalp", "stöd och hjälp"),
        ("barn & unga", "barn & unga"),
        ("(barn/unga)", "(barn/unga)"),
        ("per manad.", "per månad."),
        ("\"pulsmatning\"", "\"pulsmätning\""),
        ("16 ar", "16 år"),
        ("vad ar", None),  # år or är: only what stands before tells
        ("100% 5,5 -15 2031-05", "100% 5,5 -15 2031-05"),
        ("35-timmarsvecka", "35-timmarsvecka"),
        ("", ""),
    ],
)  # fmt: skip
def test_repair(printed: str, text: str | None) -> None:
    assert _repaired(printed) == text


def test_a_word_that_resembles_nothing_is_named() -> None:
    with pytest.raises(UnknownWord) as raised:
        repair("Andel xyzzyx")
    assert (raised.value.word, raised.value.candidates) == ("xyzzyx", [])


def test_a_word_that_could_be_two_is_named_with_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "lexicon", lambda: {"bat": ["båt"], "hat": ["hat"], "for": ["för", "får"]})
    ocr._repair_word.cache_clear()
    try:
        for printed, words in (("for", {"för", "får"}), ("rat", {"båt", "hat"})):
            with pytest.raises(UnknownWord) as raised:
                repair(printed)
            assert raised.value.word == printed
            assert set(raised.value.candidates) <= words
    finally:
        ocr._repair_word.cache_clear()


@given(st.text(alphabet="abcdefåäö0123456789 -,%.", max_size=30))
@chance
def test_figures_are_never_lost_or_changed(text: str) -> None:
    found = _repaired(text)
    if found is not None:
        assert re.findall(r"\d{2,}", found) == re.findall(r"\d{2,}", text)
        assert re.findall(r"(?<!\S)[\d.,%-]+(?!\S)", found) == re.findall(r"(?<!\S)[\d.,%-]+(?!\S)", text)
        assert len(found.split()) == len(text.split())


@given(st.lists(st.sampled_from(lexicon_words()), min_size=1, max_size=6), st.randoms(use_true_random=False))
@chance
def test_labels_of_the_lexicons_words_are_repaired(words: list[str], random: Random) -> None:
    pairs = {entry for entry in _entries() if " " in entry}
    label = " ".join(words)
    if not any(f"{a} {b}" in pairs for a, b in pairwise(words)):
        assert repair(spoiled(label, random, 0.5)) == label


def test_a_hyphen_keeps_a_figure_at_a_words_front() -> None:
    """`35-timmarsvecka` is a word; `40-timmarsvecka` is not the same one with another figure."""
    assert repair("35-timmarsvecka") == "35-timmarsvecka"
    with pytest.raises(UnknownWord):
        repair("40-timmarsvecka")


# -- comparing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["Bedömning", "Bed6mning", "Bedomning", "BEDÖMNING", "Bedöm ning"])
def test_a_folded_word_is_the_same_however_it_was_read(text: str) -> None:
    assert fold(text) == "bedomning"


def test_letters_do_not_care_for_spaces_and_hyphens_but_for_dots() -> None:
    assert letters("Delårs-\nbokslut 2031") == letters("Delårsbokslut 2031") == "delårsbokslut2031"
    assert letters("far") != letters("får")
    assert letters("<29 år") != letters("29 år")
