"""The checks of the nightly build, in memory: what would they say if other numbers stood in the reports?

`prepare` loads the extracted reports and lets dbt build and compile everything the checks need. `Checks` then keeps that
warehouse in memory, puts changed cells in front of the models and runs the very SQL dbt compiled, in dbt's order. Nothing
of a rule is written here a second time; a new rule, model or test takes part as soon as it hangs on `int_check_part`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from ingest.loading.load import load
from publish.paths import PROJECT_DIR

PARTS = "int_check_part"
"""The model through which every check goes: one row per check and figure in it."""

FIGURES = "int_check_figure"
"""Which figures a check names; it is asked for, though no model reads it."""

SUSPECTS = "reconciliation_suspect"
"""The mart that says which figures of a failing check to look at first."""

CHANGEABLE = {"table_cell", "table_rule", "table_rule_term"}
"""The raw tables that a change reaches; what does not hang on them stays as dbt built it."""


@dataclass(frozen=True)
class Print:
    """What stands printed in a cell; `value` is None where no number was read."""

    text: str
    value: Decimal | None


Row = tuple[str, int, int]
"""A row of a report's table: document_id, table_no, row_no."""


@dataclass(frozen=True)
class Change:
    """Cells that print something else (None: no such cell), and rows that the rules do not know of either."""

    cells: Mapping[str, Print | None]
    unseen_rows: frozenset[Row] = frozenset()


@dataclass(frozen=True)
class Evaluation:
    """What a check of marts.reconciliation says."""

    difference: Decimal | None
    tolerance: Decimal | None
    status: str
    exact: bool
    """An identity or a restatement whose failure stops the build: bounds, warnings and notes may let a wrong figure pass."""


@dataclass(frozen=True)
class Failure:
    """A row of a test that fails the build: its cell, its check (None: an entry of the ledger), its suspects with their rank."""

    test: str
    cell: str
    check: str | None
    suspects: Mapping[str, int] = field(hash=False)


@dataclass(frozen=True)
class Outcome:
    """What the checks say about a change."""

    failures: tuple[Failure, ...]
    evaluations: Mapping[str, Evaluation]


def prepare(folders: Sequence[Path], scratch: Path, project: Path = PROJECT_DIR) -> tuple[Path, Path]:
    """Load the reports and let dbt build what the checks need; returns the database and dbt's manifest.

    Raises RuntimeError with dbt's words when a model or a test of the checks fails.
    """
    database, target = scratch / "checks.duckdb", scratch / "target"
    load(folders, database)
    # @: with everything below the parts (the tests) and everything above that.
    selection = ["--select", f"@{PARTS}", "--indirect-selection", "empty"]
    flags = ["--project-dir", project, "--profiles-dir", project, "--target-path", target, "--log-path", scratch / "logs"]
    flags += ["--no-partial-parse", "--log-level", "warn", "--log-level-file", "none", "--no-use-colors"]
    done = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "build", *selection, *map(str, flags)],
        env={**os.environ, "KOMMUNLAGER_DATABASE": str(database)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"dbt could not build the checks:\n{done.stdout}{done.stderr}")
    return database, target / "manifest.json"


class Checks:
    """A warehouse in memory whose printed numbers can be changed; not to be shared by threads."""

    def __init__(self, database: Path, manifest: Path) -> None:
        graph = json.loads(manifest.read_text(encoding="utf-8"))
        self._nodes: Mapping[str, Any] = graph["nodes"]
        self._parents: Mapping[str, list[str]] = graph["parent_map"]
        self.gates = sorted(key for key in self._nodes if self._is_gate(key))
        """The tests that hang on a check, by dbt's unique ids."""
        suspects = {key for key in self._nodes if key.startswith("model.") and key.endswith(f".{SUSPECTS}")}
        reached = self._order(suspects.union(*(self._ancestors(key) for key in [*self.gates, *suspects])))
        self._models = [key for key in reached if not self._is_view(key)]
        self._connection = duckdb.connect(":memory:", config={"threads": 1})
        self._copy(database)
        # Views read what the tables hold at the time; also of what no change reaches.
        asked = {*reached, *(key for key in self._nodes if key.startswith("model.") and key.endswith(f".{FIGURES}"))}
        needed = {key for key in set().union(*map(self._ancestors, asked)) | asked if self._is_view(key)}
        for key in sorted(needed, key=lambda key: (len(self._ancestors(key)), key)):
            node = self._nodes[key]
            self._connection.execute(f"create schema if not exists {node['schema']}")
            self._connection.execute(f"create view {node['schema']}.{node['alias']} as {node['compiled_code']}")
        # Plans are made once and then meet other figures: nothing may follow from those that are there now.
        self._connection.execute("set disabled_optimizers = 'statistics_propagation,compressed_materialization'")
        for number, key in enumerate(self._models):
            node = self._nodes[key]
            table = f"{node['schema']}.{node['alias']}"
            # Into the table dbt made: its columns have the types of the contract. Prepared: planning takes longer than running.
            self._connection.execute(f"prepare empty_{number} as delete from {table}")
            self._connection.execute(f"prepare fill_{number} as insert into {table} by name ({node['compiled_code']})")
        self.base = self.run(Change({}))

    def _is_gate(self, key: str) -> bool:
        """A test of the project's own that hangs on the checks and names cell or check; who is suspected is asked apart."""
        node, ancestors = self._nodes[key], {parent.split(".")[-1] for parent in self._ancestors(key)}
        singular = node["resource_type"] == "test" and "test_metadata" not in node
        return singular and PARTS in ancestors and SUSPECTS not in ancestors

    def _is_view(self, key: str) -> bool:
        return key.startswith("model.") and self._nodes[key]["config"]["materialized"] == "view"

    def _ancestors(self, key: str) -> set[str]:
        found: set[str] = set()
        waiting = [key]
        while waiting:
            for parent in self._parents.get(waiting.pop(), []):
                if parent not in found:
                    found.add(parent)
                    waiting.append(parent)
        return found

    def _order(self, keys: set[str]) -> list[str]:
        """The models among them that a change reaches, each after those it reads."""
        changeable = {key for key in keys if key.split(".")[-1] in CHANGEABLE and key.startswith("source.")}
        reached = {key for key in keys if key.startswith("model.") and self._ancestors(key) & changeable}
        return sorted(reached, key=lambda key: (len(self._ancestors(key) & reached), key))

    def _copy(self, database: Path) -> None:
        """The file's tables into memory under its own catalog name, which the compiled SQL names."""
        run = self._connection.execute
        run(f"attach '{database}' as built (read_only)")
        run(f"attach ':memory:' as {database.stem}")
        run(f"use {database.stem}")
        tables = run("select schema_name, table_name from duckdb_tables() where database_name = 'built'").fetchall()
        run("create schema before")
        for schema, table in tables:
            place = "before" if schema == "raw" and table in CHANGEABLE else schema
            run(f"create schema if not exists {schema}")
            run(f"create table {place}.{table} as from built.{schema}.{table}")
        run("detach built")
        run("create table changed_cell (cell_id varchar, value_text varchar, value decimal(18, 4))")
        run("create table unseen_row (document_id varchar, table_no integer, row_no integer)")
        run(
            "create view raw.table_cell as from before.table_cell anti join changed_cell using (cell_id) union all by name "
            "select cells.* replace (changed_cell.value_text as value_text, changed_cell.value as value) "
            "from before.table_cell as cells join changed_cell using (cell_id) where changed_cell.value_text is not null"
        )
        run("create view raw.table_rule as from before.table_rule anti join unseen_row using (document_id, table_no, row_no)")
        run(
            "create view raw.table_rule_term as from before.table_rule_term as terms anti join unseen_row "
            "on terms.document_id = unseen_row.document_id and terms.term_table_no = unseen_row.table_no "
            "and terms.row_no = unseen_row.row_no"
        )

    def run(self, change: Change) -> Outcome:
        """Evaluate all checks as if the change stood in the reports; the next run starts from the reports again."""
        run = self._connection.execute
        run("delete from changed_cell; delete from unseen_row;")
        prints = [(cell, to.text if to else None, to.value if to else None) for cell, to in change.cells.items()]
        if prints:
            self._connection.executemany("insert into changed_cell values (?, ?, ?)", prints)
        if change.unseen_rows:
            self._connection.executemany("insert into unseen_row values (?, ?, ?)", sorted(change.unseen_rows))
        for number in range(len(self._models)):
            run(f"execute empty_{number}")
            run(f"execute fill_{number}")
        suspects: dict[str, dict[str, int]] = defaultdict(dict)
        for check, cell, rank in self.rows(f"select check_id, cell_id, suspect_rank from marts.{SUSPECTS}"):
            suspects[check][cell] = rank
        failures = [failure for gate in self.gates for failure in self._failures(gate, suspects)]
        evaluated = self.rows(
            "select check_id, difference, tolerance, status, check_class in ('identity', 'restatement') and grade = 'error' "
            "from marts.reconciliation"
        )
        return Outcome(tuple(failures), {check: Evaluation(*said) for check, *said in evaluated})

    def _failures(self, gate: str, suspects: Mapping[str, Mapping[str, int]]) -> Iterable[Failure]:
        """The test's failing rows: of a check with its suspects, of a ledger entry with its own cell as the only one."""
        node = self._nodes[gate]
        result = self._connection.execute(node["compiled_code"])
        columns = [column[0] for column in result.description or []]
        for row in result.fetchall():
            said = dict(zip(columns, row, strict=True))
            check = said.get("check_id")
            yield Failure(
                test=node["name"],
                cell=said["cell_id"],
                check=check,
                suspects=suspects.get(check, {}) if check else {said["cell_id"]: 1},
            )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query over the warehouse as the last run left it."""
        return self._connection.execute(query).fetchall()
