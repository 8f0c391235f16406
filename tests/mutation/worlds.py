"""Many mutants at once: those that do not touch each other stand in one world, and are told apart afterwards.

Two mutants whose reaches have nothing in common can neither change each other's checks nor the ranks of each other's
suspects, so one evaluation answers for both. Where a failure lies in the reach of several mutants, or of none, the world was
no proof for them: each is then run alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from mutation.checks import Change, Checks, Evaluation, Failure, Outcome
from mutation.mutants import Mutant


@dataclass(frozen=True)
class Finding:
    """What the checks say about a mutant: its failures, and what each of its checks says now (None: it is gone)."""

    failures: frozenset[Failure]
    evaluations: Mapping[str, Evaluation | None]


class Reach:
    """What a mutant can change: its checks, and the ranks of the figures that stand in an exact check with one of its cells."""

    def __init__(self, parts: Iterable[tuple[str, str]], exact: Collection[str]) -> None:
        self.exact = exact
        """The identities and restatements, which alone count in ranks."""
        self.checks: dict[str, set[str]] = defaultdict(set)
        """The checks of a figure."""
        self.cells: dict[str, set[str]] = defaultdict(set)
        """The figures of a check."""
        for check, cell in parts:
            self.checks[cell].add(check)
            self.cells[check].add(cell)

    def checks_of(self, mutant: Mutant) -> set[str]:
        """The checks a mutant takes part in."""
        return {check for cell in mutant.change.cells for check in self.checks.get(cell, ())}

    def of(self, mutant: Mutant) -> frozenset[str]:
        """The ids that no other mutant of its world may reach: figures of its exact checks, its other checks, its own cells."""
        checks = self.checks_of(mutant)
        cells = (self.cells[check] for check in checks if check in self.exact)
        return frozenset(mutant.change.cells).union((check for check in checks if check not in self.exact), *cells)

    def ids_of(self, failure: Failure) -> set[str]:
        """The ids of which a mutant that causes the failure reaches one."""
        if failure.check in self.cells and failure.check not in self.exact:
            return {failure.check}
        cells = {failure.cell, *failure.suspects}
        return cells if failure.check else cells | self.checks.get(failure.cell, set())


def pack(mutants: Sequence[Mutant], reach: Reach) -> list[list[int]]:
    """The mutants' positions in worlds whose mutants reach nothing in common: each goes into the first world that has room."""
    worlds: list[list[int]] = []
    taken: list[set[str]] = []
    # Worlds that are full for a figure stay so: remember where to go on looking.
    first_free: dict[str, int] = defaultdict(int)
    reaches = [reach.of(mutant) for mutant in mutants]
    # The widest first: they find no room in a world that is half full.
    for position in sorted(range(len(mutants)), key=lambda i: -len(reaches[i])):
        wanted = reaches[position]
        number = max(first_free[cell] for cell in wanted)
        while number < len(worlds) and taken[number] & wanted:
            number += 1
        if number == len(worlds):
            worlds.append([])
            taken.append(set())
        worlds[number].append(position)
        taken[number] |= wanted
        for cell in wanted:
            while first_free[cell] < len(worlds) and cell in taken[first_free[cell]]:
                first_free[cell] += 1
    return worlds


def together(mutants: Iterable[Mutant]) -> Change:
    """All their changes in one."""
    changes = [mutant.change for mutant in mutants]
    return Change(
        {cell: to for change in changes for cell, to in change.cells.items()},
        frozenset(row for change in changes for row in change.unseen_rows),
    )


def run_world(checks: Checks, mutants: Sequence[Mutant], reach: Reach) -> list[Finding]:
    """What the checks say about each of the mutants of one world."""
    try:
        outcome = checks.run(together(mutants))
    except duckdb.Error as error:
        # SQL that cannot be run stops the build, but names no figure.
        outcome = Outcome((Failure(f"error: {str(error).splitlines()[0]}", cell="", check=None, suspects={}),), {})
    answers: list[Finding] = []
    for mutant, failures in zip(mutants, _tell_apart(outcome.failures, mutants, reach), strict=True):
        if failures is None:
            answers += run_world(checks, [mutant], reach)
        else:
            now = {check: outcome.evaluations.get(check) for check in reach.checks_of(mutant)}
            answers.append(Finding(frozenset(_as_ranked(failure, reach) for failure in failures), now))
    return answers


def _as_ranked(failure: Failure, reach: Reach) -> Failure:
    """The failure; without ranks (0) where bounds fail, which other mutants of the world may have a share in."""
    ranked = failure.check is None or failure.check in reach.exact or failure.check not in reach.cells
    return failure if ranked else replace(failure, suspects=dict.fromkeys(failure.suspects, 0))


def _tell_apart(failures: Sequence[Failure], mutants: Sequence[Mutant], reach: Reach) -> list[list[Failure] | None]:
    """Each mutant's failures, all of them for one that is alone; None for mutants of which several may have caused one.

    A failure in no mutant's reach leaves it open for all of them.
    """
    if len(mutants) == 1:
        return [list(failures)]
    owner = {reached: number for number, mutant in enumerate(mutants) for reached in reach.of(mutant)}
    told_apart: dict[int, list[Failure]] = {number: [] for number in range(len(mutants))}
    for failure in failures:
        owners = {owner[reached] for reached in reach.ids_of(failure) if reached in owner} or set(range(len(mutants)))
        if len(owners) == 1:
            told_apart.get(next(iter(owners)), []).append(failure)
        else:
            for number in owners:
                told_apart.pop(number, None)
    return [told_apart.get(number) for number in range(len(mutants))]
