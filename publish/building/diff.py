"""What two warehouses say differently: rows added, removed and changed in each mart, a row known by its mart's grain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from ingest.errors import WarehouseError
from ingest.loading.database import CLOSED, explain
from publish.answers.catalog import quoted
from publish.building.meta import read_grains
from publish.output import as_table

ROWS_SHOWN = 20


@dataclass(frozen=True)
class MartDiff:
    """What differs in one mart. Counts are of rows; `old_rows` or `new_rows` is null where the mart is in one file alone.

    `grain`: the columns that say which row is which; empty where a file does not say, and then a changed row is one removed and
    one added. `added_rows` and `removed_rows` hold the rows' keys (without a grain: whole rows), `changed_rows` the key, and of
    each changed column the old and the new value; of each at most as many as were asked for.
    """

    mart: str
    grain: list[str]
    old_rows: int | None
    new_rows: int | None
    added: int
    removed: int
    changed: int
    columns_added: list[str]
    columns_removed: list[str]
    added_rows: list[dict[str, Any]]
    removed_rows: list[dict[str, Any]]
    changed_rows: list[dict[str, Any]]

    @property
    def is_same(self) -> bool:
        columns = self.columns_added or self.columns_removed or None in (self.old_rows, self.new_rows)
        return not (columns or self.added or self.removed or self.changed)


@dataclass(frozen=True)
class Diff:
    """Two warehouses and every mart of either that is not the same in both."""

    old: str
    new: str
    marts_compared: int
    marts: list[MartDiff]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def summary(self) -> str:
        """One line: which marts differ, and by how many rows."""
        return ", ".join(f"{m.mart} +{m.added:,} -{m.removed:,} ~{m.changed:,}" for m in self.marts) or "the same marts"

    def describe(self) -> str:
        """The differences for people."""
        lines = [f"old  {self.old}", f"new  {self.new}", ""]
        if not self.marts:
            return "\n".join([*lines, f"The {self.marts_compared:,} marts are the same."])
        names = ("mart", "old rows", "new rows", "added", "removed", "changed")
        rows = [(m.mart, m.old_rows, m.new_rows, m.added, m.removed, m.changed) for m in self.marts]
        lines.append(as_table(names, rows))
        same = self.marts_compared - len(self.marts)
        lines.append(f"({same:,} {'mart is' if same == 1 else 'marts are'} the same)")
        for mart in self.marts:
            lines += self._details(mart)
        return "\n".join(lines)

    def _details(self, mart: MartDiff) -> list[str]:
        lines = ["", f"marts.{mart.mart}" + (f", a row is: {', '.join(mart.grain)}" if mart.grain else "")]
        lines += [f"  column added: {name}" for name in mart.columns_added]
        lines += [f"  column removed: {name}" for name in mart.columns_removed]
        for sign, count, rows in (("+", mart.added, mart.added_rows), ("-", mart.removed, mart.removed_rows)):
            lines += [f"  {sign} {_plain(row)}" for row in rows]
            lines += _and_more(sign, count, rows)
        for row in mart.changed_rows:
            lines.append(f"  ~ {_plain(row['key'])}")
            lines += [f"      {name}: {_value(old)} -> {_value(new)}" for name, (old, new) in row["values"].items()]
        return lines + _and_more("~", mart.changed, mart.changed_rows)


def diff(old: Path, new: Path, rows: int | None = ROWS_SHOWN) -> Diff:
    """Compare the marts of two files; of each kind of difference at most `rows` rows are told (None: all).

    Raises WarehouseError where a file cannot be read.
    """
    for path in (old, new):
        if not path.is_file():
            raise WarehouseError(f"{path}: there is no such file.\n  What to do: see `kommunlager versions`.")
    with duckdb.connect(":memory:") as connection:
        for name, path in (("old", old), ("new", new)):
            try:
                connection.execute(f"attach '{str(path).replace(chr(39), chr(39) * 2)}' as {name} (read_only)")
            except duckdb.Error as error:
                if name == "new" and old.samefile(new):
                    return Diff(str(old), str(new), 0, [])
                raise explain(error, path) from error
        for setting, value in CLOSED.items():
            connection.execute(f"set {setting} = {value}")
        try:
            columns = {name: _columns(connection, name) for name in ("old", "new")}
            grains = {name: read_grains(connection, name) for name in ("old", "new")}
            marts = sorted({*columns["old"], *columns["new"]})
            found = [
                _mart(connection, mart, columns["old"].get(mart), columns["new"].get(mart), _grain(grains, mart), rows)
                for mart in marts
            ]
        except duckdb.Error as error:
            raise explain(error, new) from error
    return Diff(str(old), str(new), len(marts), [mart for mart in found if not mart.is_same])


def _grain(grains: dict[str, dict[str, list[str]]], mart: str) -> list[str]:
    """The grain both files give; none where they give two."""
    old, new = (grains[name].get(mart, []) for name in ("old", "new"))
    return new if old == new else []


def _columns(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for table, column in connection.execute(
        "select table_name, column_name from duckdb_columns() where database_name = ? and schema_name = 'marts' "
        "order by table_name, column_index",
        [database],
    ).fetchall():
        found.setdefault(table, []).append(column)
    return found


def _mart(
    connection: duckdb.DuckDBPyConnection,
    mart: str,
    old_columns: list[str] | None,
    new_columns: list[str] | None,
    grain: list[str],
    limit: int | None,
) -> MartDiff:
    name = quoted(mart)
    old_rows = _count(connection, f"from old.marts.{name}") if old_columns is not None else None
    new_rows = _count(connection, f"from new.marts.{name}") if new_columns is not None else None
    old, new = old_columns or [], new_columns or []
    if old_columns is None or new_columns is None:
        return MartDiff(mart, grain, old_rows, new_rows, new_rows or 0, old_rows or 0, 0, [], [], [], [], [])
    common = [column for column in new if column in old]
    if grain and set(grain) <= set(common) and all(_is_unique(connection, f"{d}.marts.{name}", grain) for d in ("old", "new")):
        key = ", ".join(quoted(column) for column in grain)
        on = " and ".join(f"o.{quoted(column)} is not distinct from n.{quoted(column)}" for column in grain)
        others = [column for column in common if column not in grain]
        differs = " or ".join(f"o.{quoted(column)} is distinct from n.{quoted(column)}" for column in others) or "false"
        one, other = f"old.marts.{name} o", f"new.marts.{name} n"
        added = f"from (from {other} where not exists (from {one} where {on})) select {key} order by all"
        removed = f"from (from {one} where not exists (from {other} where {on})) select {key} order by all"
        both = f"from {one} join {other} on {on} where {differs}"
        values = ", ".join(f"o.{quoted(c)}, n.{quoted(c)}" for c in others) or "null"
        keys = ", ".join(f"n.{quoted(column)}" for column in grain)
        changed_rows = [
            {
                "key": dict(zip(grain, row, strict=False)),
                "values": {
                    column: (row[len(grain) + 2 * n], row[len(grain) + 2 * n + 1])
                    for n, column in enumerate(others)
                    if row[len(grain) + 2 * n] != row[len(grain) + 2 * n + 1]
                },
            }
            for row in _rows(connection, f"select {keys}, {values} {both} order by {keys}", limit)
        ]
        changed = _count(connection, both)
        shown = grain
    else:
        grain, shown, changed, changed_rows = [], common, 0, []
        listed = ", ".join(quoted(column) for column in common)
        one, other = f"select {listed} from old.marts.{name}", f"select {listed} from new.marts.{name}"
        added, removed = f"from ({other} except all {one}) order by all", f"from ({one} except all {other}) order by all"
    return MartDiff(
        mart,
        grain,
        old_rows,
        new_rows,
        _count(connection, f"from ({added})"),
        _count(connection, f"from ({removed})"),
        changed,
        [column for column in new if column not in old],
        [column for column in old if column not in new],
        [dict(zip(shown, row, strict=True)) for row in _rows(connection, added, limit)],
        [dict(zip(shown, row, strict=True)) for row in _rows(connection, removed, limit)],
        changed_rows,
    )


def _is_unique(connection: duckdb.DuckDBPyConnection, table: str, grain: Sequence[str]) -> bool:
    """Whether the grain tells the rows apart; rows that it does not are compared whole."""
    key = ", ".join(quoted(column) for column in grain)
    return _count(connection, f"from (select 1 from {table} group by {key} having count(*) > 1)") == 0


def _rows(connection: duckdb.DuckDBPyConnection, query: str, limit: int | None) -> list[tuple[Any, ...]]:
    result = connection.execute(query if limit is None else f"{query} limit {limit}")
    return result.fetchall()


def _count(connection: duckdb.DuckDBPyConnection, from_clause: str) -> int:
    row = connection.execute(f"select count(*) {from_clause}").fetchone()
    assert row
    return int(row[0])


def _plain(row: dict[str, Any]) -> str:
    return ", ".join(f"{name}={_value(value)}" for name, value in row.items())


def _value(value: Any) -> str:
    return "null" if value is None else format(value, ",f") if hasattr(value, "as_tuple") else str(value)


def _and_more(sign: str, count: int, shown: Sequence[object]) -> list[str]:
    return [f"  {sign} ... and {count - len(shown):,} more"] if count > len(shown) else []
