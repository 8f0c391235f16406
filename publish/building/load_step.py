"""The load of a build in a process of its own: `python -m publish.building.load_step`, its job as JSON on standard input.

A process of its own, so that Great Expectations' import and dbt's parsing share the time, and a signal ends it at once. The
answer is JSON on standard output: {"seconds": {...}} and exit 0, or {"documents": {document: reason}} and exit 1, which names
the documents that are at fault, if any; the message is then on standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ingest.errors import GateError, KommunlagerError
from ingest.loading.missing import MissingReport


@dataclass(frozen=True)
class LoadJob:
    """What is loaded into the new file `database`: the documents of `folders`, with key figures from `snapshots`.

    With `previous`, also the documents `kept` of that warehouse, as they are there. The gate's pages go to the folder `docs`.
    """

    database: Path
    folders: Sequence[Path]
    docs: Path
    snapshots: Path | None
    missing: Sequence[MissingReport]
    previous: Path | None = None
    kept: Sequence[str] = ()

    def as_json(self) -> str:
        return json.dumps(
            {
                "database": str(self.database),
                "folders": [str(folder) for folder in self.folders],
                "docs": str(self.docs),
                "snapshots": None if self.snapshots is None else str(self.snapshots),
                "missing": [{**vars(report), "since": report.since.isoformat()} for report in self.missing],
                "previous": None if self.previous is None else str(self.previous),
                "kept": list(self.kept),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> LoadJob:
        job: dict[str, Any] = json.loads(text)
        return cls(
            Path(job["database"]),
            [Path(folder) for folder in job["folders"]],
            Path(job["docs"]),
            None if job["snapshots"] is None else Path(job["snapshots"]),
            [MissingReport(**{**r, "since": datetime.fromisoformat(r["since"])}) for r in job["missing"]],
            None if job["previous"] is None else Path(job["previous"]),
            job["kept"],
        )


def main() -> int:
    """Do the job; exit 1 where it cannot be done."""
    job = LoadJob.from_json(sys.stdin.readline())
    answer: dict[str, Any]
    try:
        answer, code = {"seconds": _load(job)}, 0
    except GateError as error:
        answer, code = {"documents": error.documents}, 1
        print(error, file=sys.stderr)
    except KommunlagerError as error:
        answer, code = {"documents": {}}, 1
        print(error, file=sys.stderr)
    print(json.dumps(answer), flush=True)
    return code


def _load(job: LoadJob) -> dict[str, float]:
    import time

    from ingest.loading.carry_over import carry_over
    from ingest.loading.database import open_for_writing
    from ingest.loading.load import load
    from ingest.loading.missing import write_missing

    seconds: dict[str, float] = {}
    if job.previous is not None:
        started = time.perf_counter()
        carry_over(job.previous, job.database, job.kept)
        seconds["carry over"] = round(time.perf_counter() - started, 3)
    # Nothing to check: the gate's libraries, which take seconds to begin, are not even asked.
    if job.folders or job.previous is None:
        seconds |= load(job.folders, job.database, docs=job.docs, snapshots=job.snapshots).seconds
    with open_for_writing(job.database) as connection:
        write_missing(connection, job.missing)
        connection.execute("checkpoint")
    return seconds


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # At once: nothing is open any more, and to free what the gate's libraries have made takes a fifth of a second.
    os._exit(code)
