"""Fingerprints of what a warehouse is made from: one by one or shared out, remembered or read again, they are the same."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ingest.errors import KommunlagerError
from publish.building import inputs
from publish.building.inputs import Fingerprints


def folders(root: Path, count: int) -> list[Path]:
    """Folders of two files each, every one another; settled, so that what is read of them may be remembered."""
    made = [root / f"{number:02}" for number in range(count)]
    for folder in made:
        folder.mkdir(parents=True)
        for name in ("cells.csv", "document.csv"):
            (folder / name).write_text(f"{folder.name} {name}", encoding="utf-8")
    return made


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled at once; without this, what was written in the last two seconds is read again."""
    monkeypatch.setattr(inputs, "_SETTLED_NS", 0)


@pytest.mark.parametrize("count", [0, 1, 3, 8, 17])
def test_many_are_shared_out_and_told_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    asked = folders(tmp_path, count)
    alone = [Fingerprints().of(folder) for folder in asked]
    assert len(set(alone)) == count
    monkeypatch.setattr(inputs, "_MANY", 2)
    assert Fingerprints().of_each(asked) == alone
    assert Fingerprints().of_each(asked[::-1]) == alone[::-1]


@pytest.mark.usefixtures("settled")
def test_what_is_remembered_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = folders(tmp_path / "reports", 5)
    memory = tmp_path / "memory.json"
    time.sleep(0.02)
    first = Fingerprints(memory)
    said = first.of_each(asked)
    first.remember()
    (asked[3] / "cells.csv").write_text("another", encoding="utf-8")
    read: list[str] = []
    of_bytes = inputs._of_bytes
    monkeypatch.setattr(inputs, "_of_bytes", lambda file: read.append(file) or of_bytes(file))
    again = Fingerprints(memory).of_each(asked)
    assert [old == new for old, new in zip(said, again, strict=True)] == [True, True, True, False, True]
    assert {Path(file).parent for file in read} == {asked[3]}


def test_a_file_that_was_just_written_is_read_again(tmp_path: Path) -> None:
    """Its times need not show that it was written twice."""
    (folder,) = folders(tmp_path / "reports", 1)
    memory = tmp_path / "memory.json"
    fingerprints = Fingerprints(memory)
    said = fingerprints.of(folder)
    fingerprints.remember()
    file = folder / "cells.csv"
    before = file.stat()
    with file.open("r+", encoding="utf-8") as stream:
        stream.write("9")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert Fingerprints(memory).of(folder) != said


@pytest.mark.parametrize("many", [1, 1000])
def test_what_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    asked = folders(tmp_path, 4)
    monkeypatch.setattr(inputs, "_MANY", many)
    with pytest.raises((OSError, KommunlagerError)):
        Fingerprints().of_each([*asked, tmp_path / "missing"])
