"""A sample of `make mutation`, and every kind of check in every situation: all on one warehouse of the checks in memory."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from rule_kinds import BY_UNIT_TEST, OK, SITUATIONS, Placed, placed_cases, reports

from ingest.loading.store import extracted_folders, write_extraction
from mutation.checks import Change, Checks, Outcome, prepare
from mutation.real import disagreements
from mutation.run import SEED, Reports, all_mutants, differing_alone, for_builds, read_reports
from mutation.verdict import DETECTED, GOAL, MISSED, judge
from mutation.worlds import Finding, pack, run_world

SAMPLE = 200
ALONE = 10

# The warehouse is built once: xdist keeps a group in one process (--dist loadgroup).
pytestmark = pytest.mark.xdist_group("mutation")


class Prepared:
    """The checks over the five reports and the invented ones, with dbt's manifest."""

    def __init__(self, scratch: Path) -> None:
        for extraction in reports():
            write_extraction(extraction, scratch / "extracted")
        self.folders = extracted_folders() + extracted_folders(scratch / "extracted")
        database, manifest = prepare(self.folders, scratch)
        self.manifest: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))
        self.checks = Checks(database, manifest)
        self.reports: Reports = read_reports(self.checks)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return Prepared(tmp_path_factory.mktemp("mutation"))


@pytest.fixture(scope="session")
def sample(prepared: Prepared) -> tuple[list[Any], list[Finding]]:
    """Some mutants with what the checks say about them."""
    mutants = random.Random(SEED).sample(all_mutants(prepared.reports), SAMPLE)
    findings: dict[int, Finding] = {}
    for world in pack(mutants, prepared.reports.reach):
        answers = run_world(prepared.checks, [mutants[i] for i in world], prepared.reports.reach)
        findings |= zip(world, answers, strict=True)
    return mutants, [findings[i] for i in range(len(mutants))]


def test_the_reports_as_they_are_raise_no_alarm(prepared: Prepared) -> None:
    assert prepared.checks.base.failures == ()
    assert len(prepared.checks.base.evaluations) > 500


def test_wrong_numbers_are_found_and_named(prepared: Prepared, sample: tuple[list[Any], list[Finding]]) -> None:
    mutants, findings = sample
    verdicts = [
        judge(mutant, finding, prepared.checks.base.evaluations, prepared.reports.cells)
        for mutant, finding in zip(mutants, findings, strict=True)
    ]
    became = Counter(verdict.verdict for verdict in verdicts)
    missed = [verdict.why for verdict in verdicts if verdict.verdict == MISSED]
    assert became[DETECTED] > SAMPLE / 2
    # A miss is one in thousands: the sample may hold one.
    assert len(missed) <= max(1, (1 - GOAL) * SAMPLE), missed
    assert [v for v in verdicts if v.verdict == DETECTED and v.nameable and not v.named] == []


def test_sharing_a_world_changes_no_answer(prepared: Prepared, sample: tuple[list[Any], list[Finding]]) -> None:
    assert differing_alone(prepared.checks, prepared.reports.reach, *sample, ALONE) == []


def test_the_whole_build_says_the_same(prepared: Prepared, sample: tuple[list[Any], list[Finding]], tmp_path: Path) -> None:
    # The invented reports do not pass the tests of labels and municipalities: the build is of the real ones.
    cells = prepared.reports.cells
    real = [
        i for i, mutant in enumerate(sample[0]) if not any(cells[c].document_id.startswith("provby") for c in mutant.change.cells)
    ]
    chosen = [[of[i] for i in real] for of in sample]
    (change,) = for_builds(prepared.reports.reach, *chosen, 1)
    expected = prepared.checks.run(change).failures
    assert len(expected) > 1
    assert disagreements(extracted_folders(), change, expected, tmp_path) == []


@pytest.fixture(scope="session")
def in_situation(prepared: Prepared) -> dict[str, Outcome]:
    """What the checks say in each situation, with all kinds in it at once: they share no figure."""
    outcomes = {}
    for situation in SITUATIONS:
        changes = [placed.change(situation) for placed in placed_cases()]
        outcomes[situation] = prepared.checks.run(Change({cell: to for change in changes for cell, to in change.cells.items()}))
    return outcomes


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("placed", placed_cases(), ids=lambda placed: f"{placed.case.kind}-{placed.case.result}")
def test_every_kind_of_check_in_every_situation(in_situation: dict[str, Outcome], placed: Placed, situation: str) -> None:
    outcome, expected = in_situation[situation], placed.expected(situation)
    said = outcome.evaluations.get(placed.check_id)
    failures = [failure for failure in outcome.failures if failure.check == placed.check_id]
    if expected == OK:
        assert said
        assert said.status in ("agrees", "rounding")
        assert failures == []
    elif expected is None:
        assert said is None
    else:
        assert said
        assert said.status == expected
        assert [set(failure.suspects) for failure in failures] == [set(placed.cells)]


def test_every_kind_has_its_situations(prepared: Prepared) -> None:
    kinds = {kind for (kind,) in prepared.checks.rows("select distinct kind from intermediate.int_check")}
    assert kinds == {placed.case.kind for placed in placed_cases()} | BY_UNIT_TEST.keys()
    assert {test["model"] for test in prepared.manifest["unit_tests"].values()} >= set(BY_UNIT_TEST.values())


@pytest.mark.parametrize("situation", SITUATIONS)
def test_nothing_else_fails_in_a_situation(in_situation: dict[str, Outcome], situation: str) -> None:
    invented = {placed.check_id for placed in placed_cases()}
    # A rule that is checked nowhere any longer is a failure of its own, where its result stands.
    unmade = {placed.cells[0] for placed in placed_cases() if placed.expected(situation) is None}
    others = [f for f in in_situation[situation].failures if f.check not in invented and (f.check or f.cell not in unmade)]
    assert others == []
