"""Reports per second and core, and wall time and peak memory of extract and build, by parts: `make bench`.

It measures, it does not judge. Reports per second are those of the extraction from text, in CPU time of one process with
its layouts loaded that looks for garbage seldom, as the workers of `extract` do: of written reports (each another one;
writing them is not counted) and of the real ones (the same ones again and again, whose words and lines are then known). The
real reports are not part of the project: they are looked for in ../shared/reports, and left out when they are not there. Peak
memory is shown after some reports and after ten times as many: what is kept from one report to the next is bounded. Memory of
a command is the sum over all its processes, sampled from /proc, where pages that processes share count once per sharer (PSS);
elsewhere it is not shown.
"""

from __future__ import annotations

import contextlib
import gc
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from ingest.errors import ExtractionError
from ingest.extract import extract, extract_report
from ingest.layout import load_layouts
from ingest.workers import collect_seldom

PROJECT = Path(__file__).parent.parent.parent
WRITTEN = 2
"""Reports of each layout that are written and read, and then ten times as many."""
REAL = 2
"""How often each real report is read, and then ten times as often."""
REPORTS = PROJECT.parent / "shared" / "reports"
COMMAND = [str(Path(sys.executable).with_name("kommunlager")), "--quiet"]


def main() -> None:
    """Read reports in this process, run both commands in a scratch place, and print what they took."""
    reports_per_second()
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


def reports_per_second() -> None:
    """Read written and real reports one by one; print CPU time per kind of report and the peak memory of this process."""
    sys.path.insert(0, str(PROJECT / "tests" / "pytest"))
    from report_writer import write_report

    def read_written(numbers: Iterable[int]) -> dict[str, list[float]]:
        taken: dict[str, list[float]] = {}
        for number in numbers:
            for layout in load_layouts():
                written = write_report(layout, number)
                report = written.report()
                gc.collect()  # what writing leaves is not for the reading to clear away
                seconds = cpu_seconds(lambda r=report, w=written: extract(r, w.layout, w.variables))
                taken.setdefault(f"written, {layout.name}", []).append(seconds)
        return taken

    def read_real(numbers: Iterable[int]) -> dict[str, list[float]]:
        taken: dict[str, list[float]] = {}
        for _ in numbers:
            for path in sorted(REPORTS.glob("*.txt")):
                taken.setdefault(path.stem, []).append(cpu_seconds(lambda p=path: extract_report(p)))
        return taken

    read_written(range(-3, 0))  # warm
    collect_seldom()  # as the processes do that read many reports
    print_growth(read_written, WRITTEN)
    if read_real(range(1)):
        print_growth(read_real, REAL)


def print_growth(read: Callable[[Iterable[int]], dict[str, list[float]]], times: int) -> None:
    """Read every kind of report some times and ten times as often; print CPU time, and the peak memory after each."""
    taken = read(range(times))
    few = peak_mib()
    for kind, seconds in read(range(times, 10 * times)).items():
        taken[kind] += seconds
    print_reports(taken)
    print(f"  peak memory {few:,.0f} MiB, after ten times as many reports {peak_mib():,.0f} MiB")


def cpu_seconds(action: Callable[[], object]) -> float:
    """The CPU time of an extraction, whether it ends in cells or (one written report in hundreds) is refused."""
    started = time.process_time()
    with contextlib.suppress(ExtractionError):
        action()
    return time.process_time() - started


def print_reports(taken: dict[str, list[float]]) -> None:
    """Milliseconds of each kind of report, and how many a core reads in a second when all kinds come equally often."""
    means = {kind: sum(seconds) / len(seconds) for kind, seconds in taken.items()}
    for kind, mean in means.items():
        print(f"  {kind:<56}{1000 * mean:>8.1f} ms/report")
    print(f"  {len(means) / sum(means.values()):,.0f} reports per second and core")


def peak_mib() -> float:
    """The most memory that this process has had resident."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 / (1024 if sys.platform == "darwin" else 1)


def measure(title: str, arguments: list[str]) -> str:
    """Run one command and print its wall time and peak memory; returns its standard output."""
    started = time.perf_counter()
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, text=True)
    peak = 0

    def sample() -> None:
        nonlocal peak
        while process.poll() is None:
            looked = time.perf_counter()
            peak = max(peak, sum(map(memory_kib, family(process.pid))))
            # To add up gigabytes of pages takes a while, on a core that the command wants.
            time.sleep(max(0.05, 50 * (time.perf_counter() - looked)))

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
