"""What became of each mutant, and whether that is good enough.

- detected: a test of the build fails.
- inside tolerance: nothing fails, and nothing could. In every exact check (identity or restatement) of the changed cell the
  change of (printed - expected) is no larger than the tolerance which that check derives from the digits the reports print.
  Judged by the size of the change against the tolerance before it, not by whether it was found.
- cancels: the same for a mutant of several cells, whose changes undo each other in every check.
- found by count: no check fails, because numbers are gone and with them every check that the change would have broken: the
  reports now look like reports that never printed them. Arithmetic cannot find that; counting does: the control
  totals find a cell that was lost after it was read (gate.py, tests/dbt/assert_every_cell_arrives.sql), and the accounts of the
  extraction one that was never read, for they look for every number of a table's lines in a cell (ingest/reading/notes.py;
  test_notes.py loses each number of the five reports in turn).
- missed: nothing fails, although an exact check that is still made moves by more than its tolerance, or is gone while its
  table has as many cells as before.

The goal is about detected and missed. What no exact check knows of any more need not be named: an unseen row, a row that is
gone with all its checks and was found by bounds alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mutation.checks import Evaluation
from mutation.mutants import PAIRS, SINGLE, STRUCTURAL, UNSEEN, Cell, Mutant
from mutation.worlds import Finding

GOAL = 0.999
"""The share of changes beyond the tolerance that is found, and of those found whose cell is named."""
DETECTED, INSIDE, CANCELS, COUNTED, MISSED = "detected", "inside tolerance", "cancels", "found by count", "missed"


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant; `named`, `first` and `alone` say how its cells stand among the suspects of its failures."""

    kind: str
    subject: str
    verdict: str
    cells: tuple[str, ...]
    named: bool = False
    first: bool = False
    """No figure is suspected more, in each failing check that it stands in."""
    alone: bool = False
    """In one of them it is suspected most of all."""
    nameable: bool = True
    """Whether an exact check still knows of the changed cells."""
    why: str = ""
    times_tolerance: float = 0.0
    """Of a missed change: how many times the tolerance it is, where that is most. Up to twice, what the printed figures are
    rounded by can take it up: they were off the other way before."""


def judge(mutant: Mutant, finding: Finding, base: Mapping[str, Evaluation], cells: Mapping[str, Cell]) -> Verdict:
    """The verdict on a mutant; `base` is what the checks say of the reports as they are."""
    changed = tuple(mutant.change.cells)
    exact = {check: now for check, now in finding.evaluations.items() if base[check].exact}
    if finding.failures:
        naming = [failure.suspects for failure in finding.failures if not failure.suspects.keys().isdisjoint(changed)]
        ranks = [min(suspects[cell] for cell in changed if cell in suspects) for suspects in naming]
        alone = any(
            rank == 1 and all(cell in changed for cell, other in suspects.items() if other == 1)
            for rank, suspects in zip(ranks, naming, strict=True)
        )
        # Where only bounds fail, nothing is ranked.
        first = max(ranks, default=0) == 1
        nameable = bool(naming) or (mutant.kind != UNSEEN and any(exact.values()))
        return Verdict(mutant.kind, mutant.subject, DETECTED, changed, bool(naming), first, alone, nameable)
    beyond = [said for check, now in exact.items() if now and (said := _moved(check, base[check], now))]
    gone = {check for check, now in exact.items() if now is None}
    if not beyond and not gone:
        return Verdict(mutant.kind, mutant.subject, INSIDE if mutant.kind in SINGLE else CANCELS, changed)
    texts = [
        f"{cells[cell].label}: {cells[cell].text} -> {to.text if to else 'nothing'}" for cell, to in mutant.change.cells.items()
    ]
    why = "; ".join([*texts, *beyond, *(f"{check} is not made any more" for check in sorted(gone))])
    if not beyond and any(to is None for to in mutant.change.cells.values()):
        return Verdict(mutant.kind, mutant.subject, COUNTED, changed, why=why)
    if not beyond:
        return Verdict(mutant.kind, mutant.subject, MISSED, changed, why=why, times_tolerance=float("inf"))
    times = max(_times_tolerance(base[check], now) for check, now in exact.items() if now and _moved(check, base[check], now))
    return Verdict(mutant.kind, mutant.subject, MISSED, changed, why=why, times_tolerance=round(times, 2))


def _times_tolerance(before: Evaluation, now: Evaluation) -> float:
    if now.difference is None or before.difference is None or not before.tolerance:
        return float("inf")
    return float(abs(now.difference - before.difference) / before.tolerance)


def _moved(check: str, before: Evaluation, now: Evaluation) -> str | None:
    """How a check moves by more than it tolerates; None where it does not."""
    if now.difference is None or before.difference is None or before.tolerance is None:
        return f"{check} has no difference"
    change = now.difference - before.difference
    if abs(change) <= before.tolerance:
        return None
    return f"{check} moves by {change} to {now.difference} and tolerates {now.tolerance}"


def table(verdicts: Iterable[Verdict], by: str) -> list[dict[str, Any]]:
    """One row per kind or subject (`by`): how many mutants, and what became of them."""
    groups: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        groups[getattr(verdict, by)].append(verdict)
    order = [*SINGLE, *STRUCTURAL, *PAIRS]
    keys = sorted(groups, key=lambda key: (order.index(key) if key in order else 0, key))
    return [{by: key, **_counts(groups[key])} for key in keys] + [
        {by: "all", **_counts([v for vs in groups.values() for v in vs])}
    ]


def _counts(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    became = Counter(verdict.verdict for verdict in verdicts)
    found = [verdict for verdict in verdicts if verdict.verdict == DETECTED]
    return {
        "mutants": len(verdicts),
        **{verdict: became[verdict] for verdict in (DETECTED, INSIDE, CANCELS, COUNTED, MISSED)},
        "found %": _percent(len(found), len(found) + became[MISSED]),
        "named %": _percent(sum(v.named for v in found), sum(v.nameable for v in found)),
        "first %": _percent(sum(v.first for v in found), len(found)),
        "alone %": _percent(sum(v.alone for v in found), len(found)),
    }


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 3) if whole else None


def problems(verdicts: Sequence[Verdict]) -> list[str]:
    """Why the goal is not met; empty when it is."""
    found = [v for v in verdicts if v.verdict == DETECTED]
    missed = [v for v in verdicts if v.verdict == MISSED]
    named, nameable = sum(v.named for v in found), sum(v.nameable for v in found)
    said = []
    if not found or len(found) < GOAL * (len(found) + len(missed)):
        largest = max((v.times_tolerance for v in missed), default=0)
        said.append(
            f"{len(missed)} of {len(found) + len(missed)} changes beyond the tolerance are missed, the largest {largest} times it"
        )
    if named < GOAL * nameable:
        said.append(f"{nameable - named} of {nameable} failures do not name the changed cell")
    return said


def as_json(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The whole result for programs: both tables, and each mutant that was not detected beyond the tolerance, or not named."""
    told = [v for v in verdicts if v.verdict not in (DETECTED, INSIDE) or (v.verdict == DETECTED and v.nameable and not v.named)]
    return {
        "by_kind": table(verdicts, "kind"),
        "by_subject": table(verdicts, "subject"),
        "mutants": [asdict(v) for v in told],
        "problems": problems(verdicts),
    }
