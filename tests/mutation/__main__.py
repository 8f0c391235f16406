"""`make mutation`: are wrong numbers found? Prints what became of each kind of mutant; exit 1 when the goal is not met.

The definitions stand in verdict.py. The warehouse is built in a scratch place; nothing published is touched.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from ingest.loading.store import EXTRACTED_DIR, extracted_folders
from mutation.checks import Checks, prepare
from mutation.real import disagreements
from mutation.run import SEED, all_mutants, differing_alone, for_builds, read_reports, run
from mutation.verdict import COUNTED, DETECTED, MISSED, Verdict, as_json, judge, problems, table
from publish.output import as_table, to_json

ALONE = 25
"""How many mutants are run alone too, to prove that sharing a world changes nothing."""


def main() -> int:
    """Run all mutants; returns the exit code."""
    parser = argparse.ArgumentParser(prog="make mutation", description=__doc__)
    parser.add_argument("--extracted", type=Path, default=EXTRACTED_DIR, help="folder with one folder per extracted report")
    parser.add_argument("--sample", type=int, help="this many mutants instead of all")
    parser.add_argument("--builds", type=int, default=3, help="how many whole builds prove the checks in memory")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    arguments = parser.parse_args()
    folders = extracted_folders(arguments.extracted)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        database, manifest = prepare(folders, Path(scratch))
        checks = Checks(database, manifest)
        reports = read_reports(checks)
        _say(f"{len(checks.base.evaluations)} checks of the reports as they are, {len(checks.base.failures)} fail")
        wrong = [f"false alarm on the reports as they are: {f.test} {f.cell}" for f in checks.base.failures]
        mutants = all_mutants(reports)
        if arguments.sample is not None:
            mutants = random.Random(SEED).sample(mutants, min(arguments.sample, len(mutants)))
        findings = run(database, manifest, mutants, reports.reach, arguments.jobs, _progress)
        _say(f"{ALONE} mutants in worlds of their own")
        wrong += differing_alone(checks, reports.reach, mutants, findings, ALONE)
        for number, change in enumerate(for_builds(reports.reach, mutants, findings, arguments.builds), 1):
            failures = checks.run(change).failures
            _say(f"build {number} of {arguments.builds}: {len(change.cells)} changed cells, {len(failures)} failures expected")
            wrong += disagreements(folders, change, failures, Path(scratch) / f"build{number}")
    verdicts = [
        judge(mutant, finding, checks.base.evaluations, reports.cells) for mutant, finding in zip(mutants, findings, strict=True)
    ]
    wrong += problems(verdicts)
    seconds = time.perf_counter() - started
    if arguments.json:
        print(to_json({**as_json(verdicts), "problems": wrong, "builds": arguments.builds, "seconds": round(seconds, 1)}))
    else:
        _print(verdicts, wrong, arguments.builds, seconds)
    return 1 if wrong else 0


def _print(verdicts: Sequence[Verdict], wrong: Sequence[str], builds: int, seconds: float) -> None:
    for by in ("kind", "subject"):
        rows = table(verdicts, by)
        print(as_table(list(rows[0]), [list(row.values()) for row in rows]), end="\n\n")
    for verdict in (MISSED, COUNTED):
        for v in verdicts:
            if v.verdict == verdict:
                print(f"{verdict}: {v.kind}, {', '.join(v.cells)}\n  {v.why}")
    for v in verdicts:
        if v.verdict == DETECTED and v.nameable and not v.named:
            print(f"detected, not named: {v.kind}, {', '.join(v.cells)}")
    print(f"\n{ALONE} mutants alone and {builds} whole builds held against the checks in memory; {seconds:,.0f} s")
    for problem in wrong:
        print(f"NOT MET: {problem}")
    if not wrong:
        print("Goal met.")


def _progress(done: int, worlds: int) -> None:
    if done % 100 == 0 or done == worlds:
        _say(f"{done} of {worlds} worlds")


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
