"""Many documents' folders read at once, column by column: no Python object per cell.

Read is only what stands exactly as `store.write_files` writes it. Of anything else this module says no more than that: the
folders are then read one by one (`store.read_extraction`), which takes it or names the file and line that is damaged.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv

from ingest.loading.store import FILES, MAX_BYTES
from ingest.model import Document
from ingest.source.files import Refused, is_document_id, read_bytes

_POLARS_TYPES: dict[type, pl.DataType] = {
    str: pl.String(),
    int: pl.Int32(),
    bool: pl.Boolean(),
    date: pl.Date(),
    Decimal: pl.String(),
}
"""The types of a frame by those of a row: decimals stay text, exactly as printed in the files, until the gate has seen them."""

_WELL_QUOTED = re.compile(rb'(?:[^"]*+(?<=[,\n])"[^"\n]*+(?:""[^"\n]*+)*+"(?=[,\n]))*+[^"]*+')
"""After a line break, text in which every quote belongs to a field that is quoted whole, without a line break in it."""

_PLAIN_NUMBER = r"^(?:0|-?[1-9]\d*|-?(?:0|[1-9]\d*)\.\d*[1-9])$"


class NotPlain(Exception):
    """Something in the files is not as the project writes it."""


def read_frames(folders: Sequence[Path]) -> dict[type[Any], pl.DataFrame]:
    """The rows of all documents, a frame for each kind of row, with the document's id in front and the fields of the row.

    Raises NotPlain where a file is missing, damaged, or only written in another way.
    """
    if not all(is_document_id(folder.name) and folder.is_dir() for folder in folders):
        raise NotPlain
    frames = {row_type: _read(row_type, [folder / name for folder in folders]) for name, row_type in FILES.items()}
    if frames[Document]["document_id"].to_list() != [folder.name for folder in folders]:
        raise NotPlain
    return frames


def polars_types(row_type: type[Any]) -> dict[str, pl.DataType]:
    """The type of each field of a row, whether it may be None or not."""
    return {name: _POLARS_TYPES[kind] for name, (kind, _) in _kinds(row_type).items()}


def _kinds(row_type: type[Any]) -> dict[str, tuple[type, bool]]:
    """The type of each field of a row, and whether it may be None."""
    kinds = {name: typing.get_args(hint) or (hint,) for name, hint in typing.get_type_hints(row_type).items()}
    return {name: (kind[0], len(kind) > 1) for name, kind in kinds.items()}


def plain(number: Decimal) -> str:
    """A decimal's digits, without zeroes at the end."""
    return format(number.normalize(), "f")


def _read(row_type: type[Any], paths: Sequence[Path]) -> pl.DataFrame:
    kinds = _kinds(row_type)
    names = list(kinds)
    header = (",".join(names) + "\n").encode()
    # With a line break in front, and in one piece: copies of a country's files cost more than to look through them.
    pieces: list[bytes | memoryview] = [b"\n"]
    counts = []
    for path in paths:
        try:
            text = read_bytes(path, MAX_BYTES)
        except Refused:
            raise NotPlain from None
        if not text.startswith(header) or not text.endswith(b"\n") or b"\r" in text:
            raise NotPlain
        pieces.append(memoryview(text)[len(header) :])
        counts.append(text.count(b"\n") - 1)
    body = b"".join(pieces)
    pieces.clear()
    if not _WELL_QUOTED.fullmatch(body):
        raise NotPlain
    frame = _parse(names, memoryview(body)[1:])
    # A line break inside a field, or an empty line.
    if frame.height != sum(counts):
        raise NotPlain
    ids = pl.Series("document_id", [path.parent.name for path in paths], dtype=pl.String)
    of_document = ids.gather(pl.Series(np.repeat(np.arange(len(paths)), counts)))
    frame = frame.select(_typed(frame[name], *kind) for name, kind in kinds.items())
    return frame if row_type is Document else frame.insert_column(0, of_document)


def _parse(names: Sequence[str], body: memoryview) -> pl.DataFrame:
    if not body:
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    try:
        table = pa.csv.read_csv(
            pa.BufferReader(pa.py_buffer(body)),
            pa.csv.ReadOptions(column_names=list(names)),
            pa.csv.ParseOptions(newlines_in_values=False),
            pa.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except pa.ArrowInvalid:
        raise NotPlain from None
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _typed(texts: pl.Series, kind: type, may_be_none: bool) -> pl.Series:
    if not may_be_none and texts.null_count():
        raise NotPlain
    try:
        if kind is bool:
            return texts.replace_strict({"true": True, "false": False}, return_dtype=pl.Boolean)
        if kind is date:
            return texts.str.to_date("%Y-%m-%d", strict=True)
        if kind is Decimal:
            odd = texts.filter(~texts.str.contains(_PLAIN_NUMBER)).drop_nulls().unique().to_list()
            return texts.replace({text: _plain_text(text) for text in odd}) if odd else texts
        return texts.cast(_POLARS_TYPES[kind], strict=True)
    except pl.exceptions.PolarsError:
        raise NotPlain from None


def _plain_text(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise NotPlain from None
    if not number.is_finite():
        raise NotPlain
    return plain(number)
