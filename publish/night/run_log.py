"""What the nightly runs did: one JSON object per line on disk, rows of meta.run_log in the warehouse, a summary to read.

Lines are written as things happen, so that a run that was killed has left the steps it finished, and no `ended`. That a line
cannot be written (a full disk) is told in the summary and changes nothing else: the figures matter more than their log.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

STEPS_KEPT = 5000
"""Steps that the warehouse's table takes along, about a year of nights; the lines on disk are all kept."""

_OF_A_STEP = {"run_id", "step", "started_at", "seconds", "outcome", "detail"}


@dataclass
class Step:
    """A step of a run; `detail` may be set while it runs. `outcome` is done or failed."""

    name: str
    started_at: datetime
    seconds: float = 0.0
    outcome: str = "done"
    detail: str = ""


class RunLog:
    """The log of one run, appended to `file`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{os.getpid()}"
        self.steps: list[Step] = []
        self.problem: str | None = None
        self.before = _events(file)

    def begin(self, **facts: Any) -> None:
        """Say that the run has begun."""
        self._write("started", at=datetime.now(UTC), pid=os.getpid(), host=socket.gethostname(), **facts)

    def unended(self) -> str | None:
        """The id of the run before, if it ended without a word: it was killed, or the machine stopped."""
        started = [event["run_id"] for event in self.before if event["event"] == "started"]
        ended = {event["run_id"] for event in self.before if event["event"] == "ended"}
        return started[-1] if started and started[-1] not in ended else None

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Time a step and write it when it ends; an exception makes it failed, with its first line as detail."""
        step, started = Step(name, datetime.now(UTC)), time.perf_counter()
        try:
            yield step
        except BaseException as error:
            step.outcome = "failed"
            step.detail = (str(error) or type(error).__name__).splitlines()[0]
            raise
        finally:
            step.seconds = round(time.perf_counter() - started, 3)
            self._add(step)

    def add(self, name: str, seconds: float, detail: str = "", outcome: str = "done", started_at: datetime | None = None) -> None:
        """Write a step that was timed elsewhere; without `started_at` it has just ended."""
        began = started_at or datetime.now(UTC) - timedelta(seconds=seconds)
        self._add(Step(name, began, round(seconds, 3), outcome, detail))

    def end(self, outcome: str, exit_code: int, **facts: Any) -> None:
        """Say how the run ended."""
        self._write("ended", at=datetime.now(UTC), outcome=outcome, exit_code=exit_code, **facts)

    def tell(self, event: str, **facts: Any) -> None:
        """Write something else that happened."""
        self._write(event, at=datetime.now(UTC), **facts)

    def rows(self) -> list[tuple[Any, ...]]:
        """The rows of meta.run_log: the steps of the runs before, and of this one so far."""
        rows: list[tuple[Any, ...]] = []
        numbers: dict[str, int] = {}
        for event in self.before:
            if event["event"] == "step":
                number = numbers[event["run_id"]] = numbers.get(event["run_id"], 0) + 1
                started = datetime.fromisoformat(event["started_at"]).replace(tzinfo=None)
                facts = (started, Decimal(str(event["seconds"])), event["outcome"], event["detail"] or None)
                rows.append((event["run_id"], number, event["step"], *facts))
        for number, step in enumerate(self.steps, 1):
            facts = (step.started_at.replace(tzinfo=None), Decimal(str(step.seconds)), step.outcome, step.detail or None)
            rows.append((self.run_id, number, step.name, *facts))
        return rows[-STEPS_KEPT:]

    def _add(self, step: Step) -> None:
        self.steps.append(step)
        facts = {"started_at": step.started_at, "seconds": step.seconds, "outcome": step.outcome, "detail": step.detail}
        self._write("step", step=step.name, **facts)

    def _write(self, event: str, **facts: Any) -> None:
        line = json.dumps({"run_id": self.run_id, "event": event, **facts}, ensure_ascii=False, default=_as_text)
        try:
            with self._file.open("ab") as file:
                # A run that was killed while writing, or a full disk, may have left half a line.
                file.write(b"\n" * _ends_within_a_line(self._file) + line.encode("utf-8", "replace") + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            self.problem = f"{self._file}: the run log cannot be written ({error.strerror})"


def _as_text(value: object) -> str:
    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else str(value)


def _ends_within_a_line(file: Path) -> bool:
    with file.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        if size == 0:
            return False
        stream.seek(size - 1)
        return stream.read(1) != b"\n"


def _events(file: Path) -> list[dict[str, Any]]:
    """The events on disk; half a line, or one that is no event, is passed over."""
    events = []
    try:
        lines = file.read_bytes().splitlines()
    except OSError:
        return []
    for line in lines:
        try:
            event = json.loads(line)
            if set(event) >= (_OF_A_STEP if event["event"] == "step" else {"run_id"}):
                events.append(event)
        except (ValueError, TypeError, KeyError):
            continue
    return events
