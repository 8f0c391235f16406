"""Whole nightly runs with dbt and the gate, killed and starved: `make faults`, for it takes many minutes.

A run that is killed, or finds no room on the disk, leaves the published warehouse as it was before or as it would be after; and
the next run completes, whatever was left behind.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from nights import REPORTS, arguments, deliver, settings

from publish.building.audit import audit
from publish.building.lock import HOLDER
from publish.building.meta import read_record
from publish.night.nightly_run import Settings

KILLS = int(os.environ.get("KOMMUNLAGER_KILLS", "0"))

pytestmark = pytest.mark.skipif(KILLS == 0, reason="whole runs are killed by `make faults` (KOMMUNLAGER_KILLS)")

ONLY_EXPORTS = (
    "import publish.night.nightly as nightly; from publish.cli import main\n"
    "nightly.AFTER_PUBLISH = [step for step in nightly.AFTER_PUBLISH if step[0] == 'export']; main()"
)
"""The command; page and docs are of the real project's marts, which the small one has not."""


def _hash_of_whole(chosen: Settings) -> str:
    """The hash of the published marts; fails where the file does not open or pass its checks."""
    audit(chosen.warehouse, REPORTS)
    record = read_record(chosen.warehouse, verify=True)
    assert record.content_hash == record.recorded_hash
    return record.content_hash


def _start(chosen: Settings) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", ONLY_EXPORTS, *map(str, arguments(chosen))]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _run(chosen: Settings) -> subprocess.CompletedProcess[str]:
    process = _start(chosen)
    stdout, stderr = process.communicate(timeout=900)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


@pytest.mark.skipif(sys.platform != "linux", reason="what a killed run started is looked for in Linux's /proc")
def test_a_run_killed_at_any_moment_leaves_the_old_or_the_new_warehouse(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    values = ("-5", "-6")
    hashes: dict[str, str] = {}
    seconds = 0.0
    for value in values:
        deliver(chosen.reports, REPORTS[0], value)
        began = time.monotonic()
        result = _run(chosen)
        seconds = time.monotonic() - began
        assert result.returncode == 0, result.stderr
        hashes[value] = _hash_of_whole(chosen)
    assert len(set(hashes.values())) == 2
    chance = random.Random(6)
    told: list[str] = []
    for kill in range(KILLS):
        new, before = values[kill % 2], _hash_of_whole(chosen)
        deliver(chosen.reports, REPORTS[0], new)
        process = _start(chosen)
        # One part of the run after the other, and within it any moment.
        moment = seconds * 1.1 * (kill + chance.random()) / KILLS
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        after = _hash_of_whole(chosen)
        assert after in (before, hashes[new])
        told.append(f"killed after {moment:5.1f} s: the warehouse is {'as it was' if after == before else 'the new one'}")
        # The next one completes; most of them are the next kill's, for a run takes long.
        if kill % 5 == 4 or kill == KILLS - 1:
            result = _run(chosen)
            assert result.returncode == 0, result.stderr
            assert _hash_of_whole(chosen) == hashes[new]
            told[-1] += ", and the next run completes"
        print(told[-1], flush=True)
    left = {path.name for path in chosen.warehouse.parent.iterdir()}
    assert not [name for name in left if name.startswith(".build-") or name == HOLDER]
    assert not list(chosen.extracted.glob(".extract.*")) or _all_young(chosen.extracted)


def _all_young(folder: Path) -> bool:
    """Staging folders of a killed extraction go when they are a minute old."""
    return all(time.time() - path.stat().st_mtime < 120 for path in folder.glob(".extract.*"))


def test_a_run_on_a_full_disk_leaves_the_old_warehouse(tmp_path: Path, small_disk: Path) -> None:
    chosen = settings(tmp_path)
    chosen = Settings(**{**vars(chosen), "warehouse": small_disk / "k.duckdb", "extracted": small_disk / "extracted"})
    assert _run(chosen).returncode == 0
    ballast = small_disk / "ballast"
    failed = 0
    for number, free in enumerate((0, 1_000_000, 4_000_000, 9_000_000, 15_000_000)):
        before = _hash_of_whole(chosen)
        deliver(chosen.reports, REPORTS[1], f"-{number + 10}")
        ballast.write_bytes(b"x" * max(0, shutil.disk_usage(small_disk).free - free))
        result = _run(chosen)
        ballast.unlink()
        print(f"{free / 10**6:.1f} MB free: exit code {result.returncode}", flush=True)
        assert result.returncode in (0, 1, 5), result.stderr
        assert "Traceback" not in result.stderr
        if result.returncode == 1:
            failed += 1
            assert _hash_of_whole(chosen) == before
            assert "free some space" in result.stderr
        else:
            assert _hash_of_whole(chosen) != before
    assert failed > 0
    result = _run(chosen)
    assert result.returncode == 0, result.stderr
    _hash_of_whole(chosen)
