"""Extracted data on disk: what is written is read again, and damage is named with its file and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from synthetic import extraction

from ingest.errors import ExtractedDataError
from ingest.loading.store import extracted_folders, read_extraction, write_extraction


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    original = extraction()
    assert read_extraction(write_extraction(original, tmp_path)) == original


def test_writing_again_gives_the_same_bytes_and_leaves_nothing_else(tmp_path: Path) -> None:
    folder = write_extraction(extraction(), tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert write_extraction(extraction(), tmp_path) == folder
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def _edit(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        (folder / name).write_bytes(change((folder / name).read_bytes()))

    return apply


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "file missing": (lambda folder: (folder / "rules.csv").unlink(), "rules.csv: the file is missing"),
    "file empty": (_edit("cells.csv", lambda _: b""), "cells.csv, line 1: the header is None"),
    "wrong header": (_edit("cells.csv", lambda b: b.replace(b"row_no", b"rad", 1)), "cells.csv, line 1: the header is"),
    "cut off": (_edit("cells.csv", lambda b: b[: b.rindex(b",printed")]), "cells.csv, line 5: 9 fields, expected 14"),
    "bad number": (_edit("cells.csv", lambda b: b.replace(b",-1234,", b",-12x4,")), "line 2: 'value' is '-12x4'"),
    "not a number": (_edit("cells.csv", lambda b: b.replace(b",-1234,", b",NaN,")), "line 2: 'value' is 'NaN'"),
    "bad date": (_edit("document.csv", lambda b: b.replace(b"2024-12-31", b"2024-13-31")), "line 2: 'period_end' is"),
    "bad truth": (_edit("rules.csv", lambda b: b.replace(b"false", b"nja")), "line 2: 'blank_is_zero' is 'nja'"),
    "empty where needed": (_edit("tables.csv", lambda b: b.replace(b",tkr,", b",,", 1)), "line 2: 'unit' is empty"),
    "other encoding": (_edit("cells.csv", lambda b: b.decode().encode("latin-1")), "cannot be read as UTF-8"),
    "quote left open": (_edit("cells.csv", lambda b: b.replace(b'och ""', b"och ", 1) + b'"'), "cells.csv, line"),
    "other document": (_edit("document.csv", lambda b: b.replace(b"provby_namnden", b"annanby")), "but the folder is"),
    "two documents": (_edit("document.csv", lambda b: b + b.splitlines(keepends=True)[1]), "holds 2 documents"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_named_with_its_file_and_what_to_do(tmp_path: Path, damage: str) -> None:
    folder = write_extraction(extraction(), tmp_path)
    apply, expected = DAMAGES[damage]
    apply(folder)
    with pytest.raises(ExtractedDataError, match="What to do") as raised:
        read_extraction(folder)
    assert expected in str(raised.value)
    assert str(folder) in str(raised.value)


def test_an_empty_root_is_told(tmp_path: Path) -> None:
    with pytest.raises(ExtractedDataError, match="holds no extracted report"):
        extracted_folders(tmp_path)
