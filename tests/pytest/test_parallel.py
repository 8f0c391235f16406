"""Work shared out to processes: in order, errors included; nobody who is killed is waited for or leaves anybody behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from ingest.errors import ExtractedDataError, WarehouseError
from ingest.loading import parallel
from ingest.loading.parallel import in_order


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def square(number: int) -> tuple[int, int]:
    """The square and who has made it; of 13 an error, and of 99 nothing, for then the process ends."""
    if number == 13:
        raise ExtractedDataError("thirteen")
    if number == 99:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.1 * (number % 2))
    return number * number, os.getpid()


def sleep(file: str) -> None:
    """Say who sleeps, and sleep."""
    Path(file).write_text(f"{os.getpid()}")
    time.sleep(600)


def _is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
    return "\nState:\tZ" not in status


def test_results_come_in_order_from_two_processes() -> None:
    results = list(in_order(square, [5, 2, 3, 4, 1]))
    assert [number for number, _ in results] == [25, 4, 9, 16, 1]
    makers = {pid for _, pid in results}
    assert len(makers) == parallel.WORKERS
    assert os.getpid() not in makers
    assert not any(_is_alive(pid) for pid in makers)


@pytest.mark.parametrize("jobs", [[], [7]])
def test_one_job_needs_no_process(jobs: list[int]) -> None:
    assert list(in_order(square, jobs)) == [(49, os.getpid())] * len(jobs)


def test_an_error_comes_in_its_place_and_says_where_it_was_raised() -> None:
    with closing(in_order(square, [1, 2, 13, 4])) as results:
        assert [next(results)[0], next(results)[0]] == [1, 4]
        with pytest.raises(ExtractedDataError, match="thirteen") as raised:
            next(results)
    assert "in square" in "".join(raised.value.__notes__)


def test_a_worker_that_is_killed_ends_the_work_with_an_error() -> None:
    with closing(in_order(square, [1, 99, 3])) as results:
        assert next(results)[0] == 1
        with pytest.raises(WarehouseError, match=r"was killed \(exit -9\)"):
            next(results)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path, number: signal.Signals) -> None:
    files = [str(tmp_path / name) for name in "ab"]
    script = tmp_path / "parent.py"
    script.write_text(
        f"import os, sys\nsys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from ingest.loading.parallel import in_order\nfrom test_parallel import sleep\n"
        f"if __name__ == '__main__':\n    os.cpu_count = lambda: 2\n    list(in_order(sleep, {files!r}))\n"
    )
    parent = subprocess.Popen([sys.executable, script])
    try:
        deadline = time.monotonic() + 60
        while not all(Path(file).is_file() and Path(file).read_text() for file in files):
            assert parent.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        pids = [int(Path(file).read_text()) for file in files]
        assert all(map(_is_alive, pids))
    finally:
        parent.send_signal(number)
        parent.wait()
    deadline = time.monotonic() + 10
    while any(map(_is_alive, pids)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
