"""Wall time and peak memory of extract and build, by parts: `make bench`. It measures, it does not judge.

The reports are not part of the project: they are looked for in ../shared/reports, and extract is left out when they are
not there. Memory is the sum over all processes of the command, sampled from /proc, where pages that processes share
count once per sharer (PSS); elsewhere it is not shown.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

PROJECT = Path(__file__).parent.parent.parent
REPORTS = PROJECT.parent / "shared" / "reports"
COMMAND = [str(Path(sys.executable).with_name("kommunlager")), "--quiet"]


def main() -> None:
    """Run both commands in a scratch place and print what they took."""
    with tempfile.TemporaryDirectory() as scratch:
        reports = sorted(REPORTS.glob("*.txt"))
        if reports:
            measure(
                f"extract, {len(reports)} reports",
                ["extract", "--json", "--out", f"{scratch}/extracted", *map(str, reports)],
            )
        else:
            print(f"extract: left out, {REPORTS} holds no reports")
        built = measure("build", ["build", "--json", "--database", f"{scratch}/kommunlager.duckdb"])
        found = json.loads(built)
        for part, seconds in found["seconds"].items():
            print(f"  {part:<32}{seconds:>8.2f} s")
        for name, seconds in found["slowest"]:
            print(f"  node {name:<40}{seconds:>8.2f} s")


def measure(title: str, arguments: list[str]) -> str:
    """Run one command and print its wall time and peak memory; returns its standard output."""
    started = time.perf_counter()
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, text=True)
    peak = 0

    def sample() -> None:
        nonlocal peak
        while process.poll() is None:
            peak = max(peak, sum(map(memory_kib, family(process.pid))))
            time.sleep(0.05)

    sampler = threading.Thread(target=sample)
    sampler.start()
    output = process.communicate()[0]
    sampler.join()
    if process.returncode != 0:
        sys.exit(f"{title} failed with exit code {process.returncode}")
    memory = f"{peak / 1024:,.0f} MiB at most" if peak else "memory not known here"
    print(f"{title}: {time.perf_counter() - started:.2f} s, {memory}")
    return output


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(member for child in children for member in family(int(child)))]


def memory_kib(pid: int) -> int:
    """The process's share of memory in KiB, 0 when it has ended or the system does not tell."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)


if __name__ == "__main__":
    main()
