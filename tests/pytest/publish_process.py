"""A process that does nothing but publish, to be killed: `python publish_process.py WAREHOUSE VARIANT`.

Each time it makes a small warehouse that says VARIANT and publishes it with the very steps of a build; it goes on with the other
variants until it is killed. What a whole build does before that happens in its staging folder, which nobody reads.
"""

from __future__ import annotations

import sys
import time
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
from small_warehouse import small_warehouse

from publish.building.build import locked, staging_folder
from publish.building.inputs import Inputs
from publish.building.meta import write_meta
from publish.building.versions import publish_file

GRAINS = {"fct_cost": ["year", "municipality"]}
VARIANTS = 7


def staged_warehouse(folder: Path, variant: int, name: str = "k.duckdb") -> Path:
    """A small warehouse in which every cost is `variant`, complete with its record."""
    path = small_warehouse(folder / name)
    with duckdb.connect(path) as connection:
        connection.execute(f"update marts.fct_cost set cost_sek = {variant}")
        connection.execute("drop schema meta cascade")
        built_at = datetime(2026, 1, 1, 3, 0, variant % 60)
        write_meta(connection, built_at, Inputs({"d": f"{variant}"}, {"seeds": f"{variant}"}), [], GRAINS, [])
    return path


def publish(warehouse: Path, variant: int, keep: int = 3) -> None:
    """Publish one variant, as a build does."""
    with locked(warehouse, "test"), staging_folder(warehouse.parent) as staging:
        publish_file(staged_warehouse(staging, variant, warehouse.name), warehouse, keep)


def variant_of(warehouse: Path) -> int:
    """What the published file says; fails where it says two things."""
    with duckdb.connect(warehouse, read_only=True) as connection:
        rows = connection.execute("select distinct cost_sek::int from marts.fct_cost").fetchall()
    assert len(rows) == 1, rows
    return int(rows[0][0])


def read(warehouse: str, stop: Any, results: Any) -> None:
    """A reader's life until `stop`: open, ask, close. Puts its first error, the variants it saw, and the last one."""
    seen: set[int] = set()
    error, last = "", -1
    results.put("reading")
    while True:
        is_last = stop.is_set()
        try:
            with duckdb.connect(warehouse, read_only=True) as connection:
                rows = connection.execute("select distinct cost_sek::int from marts.fct_cost").fetchall()
            if len(rows) != 1:
                error = error or f"two versions in one: {rows}"
            last = rows[0][0]
            seen.add(last)
        except Exception as problem:
            error = error or f"{type(problem).__name__}: {problem}"
        if is_last:
            results.put((error, seen, last))
            return
        time.sleep(0.05)


if __name__ == "__main__":
    print("ready", flush=True)
    for number in count(int(sys.argv[2])):
        publish(Path(sys.argv[1]), number % VARIANTS)
        print(number % VARIANTS, flush=True)
