"""Work on files of strangers in processes of its own, with a limit on time and memory for each file.

A few processes live as long as the work lasts and are given one file after another, so that a limit costs a message per file
and not a process. A file that takes too long or needs too much ends its process; the next file gets a new one.
"""

from __future__ import annotations

import contextlib
import gc
import math
import multiprocessing
import os
import signal
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Generic, TypeVar

from ingest.errors import KommunlagerError, ReportError
from ingest.source.files import begins_with
from ingest.source.text import PDF_BEGINNING

Result = TypeVar("Result")
Work = Callable[[int, Path], Result]
"""What is done with a file, given its position too. It runs in another process, so that its result has to be small."""

GARBAGE = 20_000
"""So many objects more than before make a worker look for garbage. A report leaves next to none: its rows hold no circles."""
CPU_GRACE = 5
"""Seconds of computing beyond the limit after which a process ends itself, should the one that watches it be gone."""


@dataclass(frozen=True)
class Limits:
    """What one file may take: seconds by the clock, and megabytes of address space beyond what the process begins with.

    A PDF may take longer: each of its scanned pages takes some ten seconds, and ingest.source.pdf has more limits for it.
    """

    seconds: float = 60.0
    megabytes: int = 1024
    pdf_seconds: float = 3600.0

    def seconds_for(self, path: Path) -> float:
        is_pdf = path.suffix.lower() == ".pdf" or begins_with(path, PDF_BEGINNING)
        return self.pdf_seconds if is_pdf else self.seconds


LIMITS = Limits()


class _OutOfMemory(Exception):
    pass


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_limited(work: Work[Result], paths: Sequence[Path], jobs: int, limits: Limits = LIMITS) -> Generator[Result, None, None]:
    """The results of `work` for each path, in their order, from at most `jobs` processes.

    The first path, in their order, whose work raises a KommunlagerError or exceeds a limit (ReportError) ends everything with
    that error, as if the paths were worked on one by one; those before it are finished first. No process is left behind,
    however the iteration ends.
    """
    with closing(run_each(work, paths, jobs, limits, stop_at_failure=True)) as outcomes:
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome
            yield outcome


def run_each(
    work: Work[Result], paths: Sequence[Path], jobs: int, limits: Limits = LIMITS, stop_at_failure: bool = False
) -> Generator[Result | Exception, None, None]:
    """What became of each path, in their order: its result, or the exception that its work raised or its limits made.

    With `stop_at_failure` nothing is begun any more once something has failed, and the failure is the last that is told.
    """
    pool = _Pool(work, limits)
    waiting = deque(enumerate(paths))
    done: dict[int, Result | Exception] = {}
    following = 0
    failed = False
    try:
        while following < len(paths):
            # What comes after a failure is not begun; what came before it may fail too, and is then the first.
            while waiting and not (failed and stop_at_failure) and pool.has_room(jobs):
                pool.give(*waiting.popleft())
            for number, outcome in pool.outcomes():
                done[number] = outcome
                failed |= isinstance(outcome, Exception)
            while following in done:
                outcome = done.pop(following)
                yield outcome
                if stop_at_failure and isinstance(outcome, Exception):
                    return
                following += 1
    finally:
        pool.end()


class _Pool(Generic[Result]):
    def __init__(self, work: Work[Result], limits: Limits) -> None:
        self._work = work
        self._limits = limits
        self._idle: list[_Worker] = []
        self._busy: list[_Worker] = []

    def has_room(self, jobs: int) -> bool:
        return len(self._busy) < jobs

    def give(self, number: int, path: Path) -> None:
        worker = self._idle.pop() if self._idle else _Worker(self._work, self._limits)
        self._busy.append(worker)
        worker.give(number, path)

    def outcomes(self) -> Iterator[tuple[int, Result | Exception]]:
        """Wait for the next files that are done, or whose time is over."""
        nearest = min(worker.deadline for worker in self._busy)
        ready = wait([worker.connection for worker in self._busy], max(0.0, nearest - time.monotonic()))
        for worker in list(self._busy):
            if worker.connection in ready:
                outcome = worker.outcome()
            elif worker.deadline <= time.monotonic():
                outcome = self._too_long(worker.path, worker.seconds)
                worker.end()
            else:
                continue
            self._busy.remove(worker)
            if isinstance(outcome, _OutOfMemory):
                outcome = self._too_large(worker.path)
            if worker.is_alive:
                self._idle.append(worker)
            yield worker.number, outcome

    def end(self) -> None:
        for worker in (*self._busy, *self._idle):
            worker.end()

    def _too_long(self, path: Path, seconds: float) -> ReportError:
        return ReportError(
            f"{path}: took longer than {seconds:g} s, which no report does; its reading was ended.\n"
            "  What to do: look at the file for what repeats endlessly. If it is a real report, allow more with --seconds."
        )

    def _too_large(self, path: Path) -> ReportError:
        return ReportError(
            f"{path}: needed more than {self._limits.megabytes:,} MB of memory, which no report does; its reading was ended.\n"
            "  What to do: look at the file for what repeats endlessly, and give the text of one report."
        )


class _Worker:
    """A process that works on one file after another, and the file it has now."""

    def __init__(self, work: Work[Any], limits: Limits) -> None:
        self._limits = limits
        self.connection, theirs = multiprocessing.Pipe()
        # A copy of this process begins at once, with everything imported; elsewhere than on Linux that is not safe.
        context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        self._process = context.Process(target=_serve, args=(work, theirs, self.connection, limits), daemon=True)
        with _signals_held():
            self._process.start()
        theirs.close()
        self.is_alive = True
        self.number = -1
        self.path = Path()
        self.seconds = 0.0
        self.deadline = math.inf

    def give(self, number: int, path: Path) -> None:
        self.number, self.path, self.seconds = number, path, self._limits.seconds_for(path)
        self.deadline = time.monotonic() + self.seconds
        # A process that is gone is noticed when its answer is asked for.
        with contextlib.suppress(OSError):
            self.connection.send((number, path, self.seconds))

    def outcome(self) -> Any:
        """The answer about the file: a result, or an exception; one that is no KommunlagerError is a fault of the program."""
        try:
            answer, goes_on = self.connection.recv()
        except (EOFError, OSError):
            answer, goes_on = None, False
        if not goes_on:
            self.end()
        return answer if goes_on or answer is not None else self._death()

    def end(self) -> None:
        """Kill the process, with what it has started, and wait until it is gone."""
        if self._process.is_alive() and hasattr(os, "killpg"):
            # No such group: it was about to make its own (see _serve), or there are none here.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.join()
        self.connection.close()
        self.is_alive = False

    def _death(self) -> Exception:
        code = self._process.exitcode or 0
        name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return ReportError(
            f"{self.path}: its reading ended at once ({name}), perhaps for want of memory.\n"
            "  What to do: look at the file for what repeats endlessly; if others end so too, free memory or give fewer --jobs."
        )


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait, also in the copy of the process, until it has its own way of taking them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(work: Work[Any], connection: Connection, theirs: Connection, limits: Limits) -> None:
    """A worker's life: until nobody asks any more."""
    # A group of its own, with whatever it starts: one signal ends them all. Ctrl-C, which a terminal sends to the command's
    # group, is for the process that gives the work.
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    theirs.close()
    _limit_memory(limits.megabytes)
    collect_seldom()
    while True:
        try:
            number, path, seconds = connection.recv()
        except (EOFError, OSError):
            return
        _limit_computing(seconds)
        goes_on = True
        answer: object
        try:
            answer = work(number, path)
        except KommunlagerError as error:
            answer = error
        except MemoryError:
            _limit_memory(None)  # to be able to answer
            answer, goes_on = _OutOfMemory(), False
        except Exception:
            answer = RuntimeError(f"{path}: a fault of the program:\n{traceback.format_exc()}")
        try:
            connection.send((answer, goes_on))
        except OSError:
            return
        if not goes_on:
            return


def collect_seldom() -> None:
    """Spare this process most of its garbage collection: what it has loaded never is garbage, and a report's rows go by
    themselves."""
    gc.freeze()
    gc.set_threshold(GARBAGE, 10, 10)


def _limit_memory(megabytes: int | None) -> None:
    """Let the process have so much address space more than it has now; None: as much as it likes.

    Linux only: elsewhere (macOS) the limit of address space is not kept or counts what is shared, so that only time is limited.
    """
    if sys.platform != "linux":
        return
    import resource

    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = hard
    if megabytes is not None:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = _within(pages * resource.getpagesize() + megabytes * 2**20, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _limit_computing(seconds: float) -> None:
    """End this process by itself should it compute far beyond the limit: its watcher may have been killed."""
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = math.ceil(used.ru_utime + used.ru_stime + seconds) + CPU_GRACE
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (_within(limit, hard), hard))


def _within(limit: int, hard: int) -> int:
    return limit if hard < 0 else min(limit, hard)  # no limit is -1
