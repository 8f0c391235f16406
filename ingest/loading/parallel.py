"""Work shared out to processes, its results in order: for jobs that keep a core busy for seconds each.

A worker holds one job at a time, and its result until that is asked for, so that what is in memory is bounded. A worker that
is killed ends the work with an error; when the one who asked ends, however it ends, the workers end too.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Generator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import TypeVar

from ingest.errors import WarehouseError

# Each takes a core, and memory for a job.
WORKERS = 2

Job = TypeVar("Job")
Result = TypeVar("Result")


def in_order(function: Callable[[Job], Result], jobs: Sequence[Job]) -> Generator[Result]:
    """The results of a module's function for all jobs; what it raises is raised in its place.

    One job, or one core, needs no other process. Raises WarehouseError where a worker dies. To be closed when not used up.
    """
    count = min(WORKERS, len(jobs), os.cpu_count() or 1)
    if count < 2:
        yield from map(function, jobs)
        return
    # Not forked: the threads of DuckDB and Polars would be missing in the fork, and their locks stay locked.
    context = multiprocessing.get_context("spawn")
    workers: list[tuple[SpawnProcess, Connection]] = []
    try:
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(function, theirs), daemon=True)
            process.start()
            theirs.close()
            workers.append((process, ours))
        for number, job in enumerate(jobs[:count]):
            process, connection = workers[number]
            connection.send(job)
        for number in range(len(jobs)):
            process, connection = workers[number % count]
            # A signal may reach a thread of DuckDB or Polars, and would not end a wait without end.
            while not connection.poll(0.2):
                pass
            result = connection.recv()
            if isinstance(result, BaseException):
                raise result
            if number + count < len(jobs):
                connection.send(jobs[number + count])
            yield result
    except (EOFError, ConnectionError):
        process.join()
        raise WarehouseError(
            f"a process that reads and checks reports was killed (exit {process.exitcode}); nothing was changed.\n"
            "  What to do: see that there is memory enough (some 3 GiB) and run again."
        ) from None
    finally:
        for process, connection in workers:
            process.kill()
            process.join()
            connection.close()


def _work(function: Callable[[Job], object], connection: Connection) -> None:
    # The terminal's Ctrl-C reaches all processes: the first one answers it, and ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        job = connection.recv()
        try:
            result = function(job)
        except Exception as error:
            error.add_note(traceback.format_exc())
            result = error
        connection.send(result)


def _end_with_parent() -> None:
    """A parent that was killed can end nobody."""
    parent = multiprocessing.parent_process()
    assert parent
    parent.join()
    os._exit(1)
