"""A nightly run in facts and in words: what it works on, how it can end, and its summary for whoever looks in the morning."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.kolada.snapshot import SNAPSHOTS
from ingest.loading.missing import MissingReport
from ingest.loading.store import EXTRACTED_DIR
from publish.building.build import BuildResult
from publish.building.meta import BuildRecord
from publish.building.versions import KEEP
from publish.night.drop_folder import quarantine_entry
from publish.paths import PROJECT_DIR

# Outcomes and their exit codes; 2 is a wrong command line, 130 and 143 are signals.
PUBLISHED, NO_NEWS, HELD_BACK = "published", "no news", "held back"
FAILED, MISSING, LOCKED, STEP_FAILED = "failed", "reports missing", "locked", "step failed"
EXIT_CODES = {PUBLISHED: 0, NO_NEWS: 0, HELD_BACK: 0, FAILED: 1, MISSING: 3, LOCKED: 4, STEP_FAILED: 5}


@dataclass(frozen=True)
class Settings:
    """What a nightly run works on. `full`: everything is done anew. `hook`: a shell command that failures are told to."""

    reports: Path
    warehouse: Path
    extracted: Path = EXTRACTED_DIR
    project: Path = PROJECT_DIR
    snapshots: Path = SNAPSHOTS
    keep: int = KEEP
    full: bool = False
    hook: str | None = None

    @property
    def state(self) -> Path:
        return state_of(self.warehouse)


@dataclass
class Run:
    """What a run did. `missing` are all reports that are not in the warehouse, `newly_missing` those it found itself."""

    run_id: str = ""
    outcome: str = FAILED
    published: bool = False
    problem: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    missing: list[MissingReport] = field(default_factory=list)
    newly_missing: list[str] = field(default_factory=list)
    build: BuildResult | None = None
    record: BuildRecord | None = None
    news: list[str] = field(default_factory=list)
    changes: str = ""
    failed_steps: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    steps: list[tuple[str, float, str, str]] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.outcome]

    def as_dict(self) -> dict[str, Any]:
        """The run for programs, and for the hook."""
        return {
            "run_id": self.run_id,
            "outcome": self.outcome,
            "exit_code": self.exit_code,
            "published": self.published,
            "problem": self.problem,
            "reports": self.counts,
            "missing": [vars(report) for report in self.missing],
            "newly_missing": self.newly_missing,
            "news": self.news,
            "changes": self.changes,
            "failed_steps": self.failed_steps,
            "remarks": self.remarks,
            "steps": [dict(zip(("step", "seconds", "outcome", "detail"), step, strict=True)) for step in self.steps],
        }


def state_of(warehouse: Path) -> Path:
    """The folder beside a warehouse where its nightly runs keep their log, their memory and the quarantine."""
    return warehouse.with_name(f"{warehouse.stem}_nightly")


def describe(run: Run, settings: Settings) -> str:
    """The run for whoever looks in the morning: what came of it first, then what to do, then how it went."""
    state = settings.state
    lines = [f"Nightly run {run.run_id}: {_headline(run)} (exit code {run.exit_code})".replace("run :", "run:")]
    if run.problem:
        lines += ["", *run.problem.splitlines(), ""]
    if run.counts:
        counts = ", ".join(f"{number:,} {name}" for name, number in run.counts.items() if number or name == "delivered")
        lines.append(f"  reports     {counts} ({settings.reports})")
    for report in run.missing:
        is_new = report.file_name in run.newly_missing
        since = "tonight" if is_new else f"since {report.since:%Y-%m-%d}"
        held = "; an earlier version stays in the warehouse" if report.is_earlier_version_held else ""
        lines.append(f"  missing     {report.file_name}, {since}: {report.step} failed{held}")
        lines += [f"                {line}" for line in report.reason.splitlines()[: 8 if is_new else 1]]
        lines.append(f"                see {quarantine_entry(state / 'quarantine', report.file_name)}")
    if run.record is not None:
        built = f"{run.record.built_at:%Y-%m-%d %H:%M} UTC" if run.record.built_at else "some time"
        documents = f"{run.record.documents:,} documents"
        lines.append(f"  warehouse   {settings.warehouse}: {documents}, built {built}, marts {run.record.content_hash[:12]}")
    if run.news and run.published:
        lines.append(f"  because     {'; '.join(run.news)}")
    if run.changes:
        lines.append(f"  changes     {run.changes}")
    if run.build is not None:
        checks = ", ".join(f"{count:,} {status}" for status, count in run.build.status.reconciliation.items())
        lines.append(f"  checks      {run.build.nodes_passed:,} models and tests passed; {checks}")
    for name, problem in run.failed_steps.items():
        lines += [
            f"  failed      {name}: the figures are published; the next run tries again",
            *(f"                {x}" for x in problem.splitlines()),
        ]
    lines += [f"  remark      {remark}" for remark in run.remarks]
    if run.steps:
        lines.append("  steps       " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds, _, _ in run.steps))
    if run.run_id:
        lines.append(f"  log         {state / 'runs.jsonl'}")
    return "\n".join(lines)


def _headline(run: Run) -> str:
    count = len(run.missing)
    missing = f"{count:,} {'report is' if count == 1 else 'reports are'} missing"
    base = "published" if run.published else "nothing new"
    return {
        PUBLISHED: "published",
        NO_NEWS: "nothing new, nothing done",
        HELD_BACK: "held back, nothing done",
        MISSING: f"{base}, {missing}",
        STEP_FAILED: f"{base}, but {', '.join(run.failed_steps)} failed" + (f" and {missing}" if count else ""),
        LOCKED: "not begun, another run is at work",
        FAILED: "FAILED; the published warehouse is " + ("the new one" if run.published else "as it was"),
    }[run.outcome]
