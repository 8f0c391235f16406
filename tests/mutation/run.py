"""A mutation run: the reports as they are, all their mutants, and what the checks say about each."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path

from mutation.checks import FIGURES, PARTS, Change, Checks
from mutation.mutants import Cell, Mutant, of_one_cell, of_pairs, of_tables
from mutation.worlds import Finding, Reach, pack, run_world, together

SEED = 20241231
MUTANTS_OF_A_BUILD = 4

# Told how many worlds are done, and how many there are.
Note = Callable[[int, int], None]


@dataclass(frozen=True)
class Reports:
    """What the reports print, and which of it stands in which check."""

    cells: dict[str, Cell]
    reach: Reach
    weights: dict[str, dict[str, Decimal]]
    """Of each check that is a sum, its cells' weights, the result's -1."""


def read_reports(checks: Checks) -> Reports:
    """The numbers and checks of the warehouse as the last run left it."""
    made = "check_id in (select check_id from marts.reconciliation)"
    exact = {check for check, said in checks.base.evaluations.items() if said.exact}
    reach = Reach(checks.rows(f"select check_id, cell_id from intermediate.{FIGURES} where {made}"), exact)
    cells = checks.rows(
        "select cell_id, cells.document_id, cells.table_no, row_no, column_no, cells.subject, "
        "coverage.row_label || ' / ' || coverage.column_label, printed_text, "
        "printed_value, coverage.is_guarded from intermediate.int_printed_cell as cells "
        "join marts.reconciliation_coverage as coverage using (cell_id) order by all"
    )
    weights: dict[str, dict[str, Decimal]] = {}
    sums = (
        f"select asked.check_id, parts.cell_id, parts.role, parts.weight from intermediate.{PARTS} as parts "
        f"join (from intermediate.int_check where {made}) as asked using (check_key) "
        "where parts.operation in ('sum', 'restatement') and parts.cell_key is not null"
    )
    for check, cell, role, weight in checks.rows(f"{sums} order by all"):
        weights.setdefault(check, {})[cell] = Decimal(-1) if role == "result" else weight
    return Reports({row[0]: Cell(*row) for row in cells}, reach, weights)


def all_mutants(reports: Reports) -> list[Mutant]:
    """Every mutant, the same in every run over the same reports."""
    chance = random.Random(SEED)
    cells = list(reports.cells.values())
    single = [mutant for cell in cells if cell.guarded for mutant in of_one_cell(cell, chance)]
    return [*single, *of_tables(cells), *of_pairs(reports.weights, reports.cells, chance)]


def run(database: Path, manifest: Path, mutants: Sequence[Mutant], reach: Reach, jobs: int, note: Note) -> list[Finding]:
    """What the checks say about each mutant; `note` is told how many worlds are done and how many there are."""
    worlds = pack(mutants, reach)
    findings: dict[int, Finding] = {}
    # spawn: a forked DuckDB hangs. Every worker opens its own copy in memory.
    with ProcessPoolExecutor(jobs, get_context("spawn"), _open, (database, manifest)) as workers:
        tasks = {workers.submit(_run_world, [mutants[i] for i in world]): world for world in worlds}
        for done, task in enumerate(as_completed(tasks), 1):
            findings |= zip(tasks[task], task.result(), strict=True)
            note(done, len(worlds))
    return [findings[i] for i in range(len(mutants))]


_worker: tuple[Checks, Reach] | None = None


def _open(database: Path, manifest: Path) -> None:
    global _worker
    checks = Checks(database, manifest)
    _worker = checks, read_reports(checks).reach


def _run_world(mutants: Sequence[Mutant]) -> list[Finding]:
    assert _worker
    checks, reach = _worker
    return run_world(checks, mutants, reach)


def differing_alone(
    checks: Checks, reach: Reach, mutants: Sequence[Mutant], findings: Sequence[Finding], count: int
) -> list[str]:
    """Of `count` mutants, those about which the checks say something else when they are alone in their world."""
    chosen = random.Random(SEED).sample(range(len(mutants)), min(count, len(mutants)))
    return [
        f"{mutants[i].kind} in {', '.join(mutants[i].change.cells)}: another answer in a world of its own"
        for i in chosen
        if run_world(checks, [mutants[i]], reach) != [findings[i]]
    ]


def for_builds(reach: Reach, mutants: Sequence[Mutant], findings: Sequence[Finding], count: int) -> list[Change]:
    """Changes for `count` whole builds: each a few mutants of different kinds that are found and do not touch each other."""
    chance = random.Random(SEED)
    chosen = []
    for _ in range(count):
        taken: set[str] = set()
        kinds: dict[str, Mutant] = {}
        for i in chance.sample(range(len(mutants)), len(mutants)):
            cells = reach.of(mutants[i])
            wanted = findings[i].failures and mutants[i].kind not in kinds and taken.isdisjoint(cells)
            if wanted and len(kinds) < MUTANTS_OF_A_BUILD:
                kinds[mutants[i].kind] = mutants[i]
                taken |= cells
        chosen.append(together(kinds.values()))
    return chosen
