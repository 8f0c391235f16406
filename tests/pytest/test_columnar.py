"""Folders that are read all at once give the frames that folders read one by one give; what is not plain is left to those."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal
from synthetic import cell, extraction

from ingest.errors import ExtractedDataError
from ingest.loading import load as loading
from ingest.loading.columnar import NotPlain, read_frames
from ingest.loading.gate import CHECKS
from ingest.loading.store import EXTRACTED_DIR, extracted_folders, read_extraction, write_extraction


def _one_by_one(folders: list[Path]) -> loading.Frames:
    return loading.shape([read_extraction(folder) for folder in folders])


@pytest.mark.parametrize("folders", [extracted_folders(EXTRACTED_DIR), extracted_folders(EXTRACTED_DIR)[:1], []])
def test_the_frames_are_those_of_folders_read_one_by_one(folders: list[Path]) -> None:
    expected, found = _one_by_one(folders), loading._complete(read_frames(folders))
    assert found.keys() == expected.keys()
    for name, frame in expected.items():
        assert_frame_equal(found[name], frame)


def test_decimals_quotes_and_blanks_come_out_alike(tmp_path: Path) -> None:
    odd = [
        cell(1, 1, "1 200,50", "1200.50"),
        cell(1, 2, "-0", "-0"),
        cell(2, 1, 'a, "b" och å', None, unit="text"),
        cell(2, 2, "10", "1E+1", page_no=3, measure=None, scenario=None, period_start=None, period_end=None),
    ]
    folders = [write_extraction(replace(extraction(f"provby_{n}"), cells=odd), tmp_path) for n in (1, 2)]
    expected, found = _one_by_one(folders), loading._complete(read_frames(folders))
    for name, frame in expected.items():
        assert_frame_equal(found[name], frame)


def _in(file: str, old: str, new: str) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        path = folder / file
        text = path.read_bytes()
        assert old.encode() in text
        path.write_bytes(text.replace(old.encode(), new.encode(), 1))

    return change


DAMAGED: dict[str, Callable[[Path], object]] = {
    "a missing file": lambda folder: (folder / "notes.csv").unlink(),
    "another header": _in("cells.csv", "value_text", "text"),
    "a field too few": _in("cells.csv", ",2024-12-31\n", "\n"),
    "a field too many": _in("cells.csv", ",2024-12-31\n", ",2024-12-31,\n"),
    "an empty field that has to be there": _in("cells.csv", "printed", ""),
    "no number": _in("tables.csv", "10,14", "10,many"),
    "no decimal": _in("cells.csv", "-1200.5", "NaN"),
    "no date": _in("document.csv", "2024-12-31", "2024-13-31"),
    "no truth": _in("rules.csv", "false", "no"),
    "a quote that is not closed": _in("cells.csv", '"ä"', '"ä'),
    "a quote inside": _in("notes.csv", "Intäkter", 'Int"äkter'),
    "another document": _in("document.csv", "provby", "annanby"),
    "no UTF-8": lambda folder: (folder / "notes.csv").write_bytes((folder / "notes.csv").read_bytes() + b"\xff\n"),
    "an empty file": lambda folder: (folder / "notes.csv").write_bytes(b""),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_what_is_damaged_is_left_to_the_reader_that_names_it(damage: str, tmp_path: Path) -> None:
    folders = [write_extraction(extraction(f"{name}_namnden_2024"), tmp_path) for name in ("andraby", "provby")]
    DAMAGED[damage](folders[1])
    with pytest.raises(NotPlain):
        read_frames(folders)
    if damage == "a quote inside":  # csv takes it as it stands
        loading._read(folders)
        return
    with pytest.raises(ExtractedDataError, match="provby_namnden_2024"):
        loading._read(folders)


@pytest.mark.parametrize(
    "change",
    [
        _in("cells.csv", "-1 234", '"-1\n234"'),
        lambda folder: (folder / "notes.csv").write_bytes((folder / "notes.csv").read_bytes().replace(b"\n", b"\r\n")),
    ],
)
def test_what_is_only_written_otherwise_is_read_one_by_one(change: Callable[[Path], object], tmp_path: Path) -> None:
    folder = write_extraction(extraction(), tmp_path)
    change(folder)
    with pytest.raises(NotPlain):
        read_frames([folder])
    assert loading._read([folder])["document"].height == 1


def test_batches_load_what_one_batch_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import duckdb

    folders = [write_extraction(extraction(f"provby_{n}"), tmp_path / "extracted") for n in range(5)]
    rows = []
    for size in (1000, 2):
        monkeypatch.setattr(loading, "BATCH", size)
        monkeypatch.setattr(loading, "FEW", size)
        database = tmp_path / f"{size}.duckdb"
        result = loading.load(folders, database, docs=tmp_path / f"docs{size}")
        assert [(d.document_id, d.tables, d.cells, d.numbers, d.changed) for d in result.documents] == [
            (f"provby_{n}", 2, 4, 3, True) for n in range(5)
        ]
        with duckdb.connect(database, read_only=True) as connection:
            tables = [name for (name,) in connection.execute("select table_name from duckdb_tables() order by 1").fetchall()]
            rows.append(
                {
                    t: connection.execute(f"select * exclude (loaded_at) from raw.{t} order by all").fetchall()
                    if t == "load_check"
                    else connection.execute(f"from raw.{t} order by all").fetchall()
                    for t in tables
                }
            )
    assert rows[0] == rows[1]
    # No index holds the keys of rows: the gate does, batch for batch, and a document is in one batch.
    said = {table.partition(" ")[0]: table for table in loading.RAW_SCHEMA.read_text(encoding="utf-8").split("exists raw.")}
    keys = {check.frame: check.arguments for check in CHECKS if check.name == f"{check.frame}_key_unique"}
    assert keys.keys() | {"load_check", "kolada_value", "missing_report"} == rows[1].keys()
    with duckdb.connect(database, read_only=True) as connection:
        for table, arguments in keys.items():
            key = ", ".join(arguments.get("column_list") or [arguments["column"]])
            assert f"-- key: {key}\n);" in said[table] or f"    {key} varchar not null primary key," in said[table]
            twice = f"select {key} from raw.{table} group by all having count(*) > 1"
            assert connection.execute(twice).fetchall() == []
    assert (tmp_path / "docs1000" / "index.html").is_file()
    assert (tmp_path / "docs2" / "003" / "index.html").is_file()
    first_page = (tmp_path / "docs2" / "index.html").read_text(encoding="utf-8")
    assert '<a href="002/index.html">002</a></td><td>provby_2</td><td>provby_3</td>' in first_page


def test_a_row_that_fails_in_a_later_batch_keeps_all_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "BATCH", 1)
    monkeypatch.setattr(loading, "FEW", 1)
    good, bad = (write_extraction(extraction(f"provby_{n}"), tmp_path / "extracted") for n in (1, 2))
    _in("cells.csv", "-1234", "-1235")(bad)
    database = tmp_path / "k.duckdb"
    loading.load([good], database)
    before = database.read_bytes()
    with pytest.raises(loading.GateError, match="provby_2"):
        loading.load([good, bad], database)
    assert database.read_bytes() == before
    with pytest.raises(ExtractedDataError, match="both hold document 'provby_1'"):
        loading.load([good, write_extraction(extraction("provby_1"), tmp_path / "other")], database)
