"""The nightly run: what is new in the drop folder becomes part of the published warehouse, or is put aside with its reason.

    deliver -> extract -> [load -> gate -> build -> reconcile -> audit -> publish] -> page, exports, docs

A report that fails, at whatever step, is put aside and the rest goes on without it (with its earlier version, where there is
one). New extractions take their place in the store of extracted reports only once a warehouse with them is published, so that
a run that is stopped anywhere leaves everything as it was, and the next one does the same work again.
"""

from __future__ import annotations

import json
import os
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from ingest.errors import ExtractedDataError, KommunlagerError
from ingest.loading.database import explain
from ingest.loading.missing import MAX_REASON, MissingReport
from ingest.loading.store import extracted_documents, publish_folders, staging_folder
from publish.building.build import BuildError, Note, Plan, build_locked, locked, usable
from publish.building.inputs import Fingerprints, Inputs, code_parts
from publish.building.lock import LockedError
from publish.building.meta import read_record
from publish.building.versions import rolled_back_inputs
from publish.night.after_publish import AFTER_PUBLISH
from publish.night.drop_folder import (
    Delivered,
    Known,
    delivered,
    quarantine_entry,
    read_known,
    write_known,
    write_quarantine,
)
from publish.night.hook import call_hook
from publish.night.nightly_run import FAILED, HELD_BACK, LOCKED, MISSING, NO_NEWS, PUBLISHED, STEP_FAILED, Run, Settings, describe
from publish.night.run_log import RunLog


def nightly(settings: Settings, note: Note = lambda _text, _done, _total: None) -> Run:
    """Do one run. Expected failures are in what is returned; what it did is logged, and the hook called where it has to be."""
    run = Run()
    warehouse = usable(settings.warehouse, settings.project)
    settings = Settings(**{**vars(settings), "warehouse": warehouse})
    try:
        with locked(warehouse, "nightly"):
            settings.state.mkdir(exist_ok=True)
            log = RunLog(settings.state / "runs.jsonl")
            run.run_id = log.run_id
            if before := log.unended():
                run.remarks.append(f"the run before ({before}) ended without a word: it was killed, or the machine stopped")
            log.begin(reports=str(settings.reports), warehouse=str(warehouse))
            _guarded(settings, run, log, note)
    except LockedError as error:
        run.outcome, run.problem = LOCKED, str(error)
        _call_hook(settings, run)
    except KommunlagerError as error:
        run.outcome, run.problem = FAILED, str(error)
        _call_hook(settings, run)
    return run


def _guarded(settings: Settings, run: Run, log: RunLog, note: Note) -> None:
    """The run, with its end logged however it ends."""
    interruption: BaseException | None = None
    try:
        _Night(settings, run, log, note).work()
    except KommunlagerError as error:
        run.outcome, run.problem = FAILED, str(error)
    except OSError as error:
        run.outcome, run.problem = FAILED, str(explain(error, settings.warehouse))
    except Exception:
        # The night is over for everybody but the log: the cause has to stand there.
        run.outcome, run.problem = FAILED, f"a fault of the program:\n{traceback.format_exc()}"
    except BaseException as error:  # a signal
        run.outcome, run.problem, interruption = FAILED, f"stopped by a signal ({type(error).__name__})", error
    run.steps = [(step.name, step.seconds, step.outcome, step.detail) for step in log.steps]
    facts = {name: value for name, value in run.as_dict().items() if name not in ("run_id", "outcome", "exit_code", "steps")}
    log.end(run.outcome, run.exit_code, **facts)
    if log.problem:
        run.remarks.append(log.problem)
    _write_summary(settings, run)
    if not isinstance(interruption, KeyboardInterrupt) and _is_alarming(run):
        hooked = _call_hook(settings, run)
        if settings.hook:
            log.tell("hook", ended=hooked)
            _write_summary(settings, run)
    if interruption is not None:
        raise interruption


@dataclass(frozen=True)
class _Candidate:
    """A report that was extracted tonight and waits for a warehouse with it to be published."""

    report: Delivered
    folder: Path


class _Night:
    def __init__(self, settings: Settings, run: Run, log: RunLog, note: Note) -> None:
        self._settings = settings
        self._run = run
        self._log = log
        self._note = note
        self._now = datetime.now(UTC).replace(microsecond=0)
        self._fingerprints = Fingerprints(settings.state / "fingerprints.json")
        self._known_file = settings.state / "reports.json"
        self._before = {} if settings.full else read_known(self._known_file)
        self._code = code_parts()
        self._known: dict[str, Known] = {}
        self._candidates: dict[str, _Candidate] = {}
        self._store: dict[str, Path] = {}

    def work(self) -> None:
        """The steps of the night, in their order."""
        settings, run = self._settings, self._run
        with self._log.step("deliver") as step:
            found = delivered(settings.reports, self._fingerprints)
            self._store = extracted_documents(settings.extracted)
            unread = self._take_known(found)
            run.counts["delivered"] = len(found)
            run.counts["unchanged"] = len(found) - len(unread)
            step.detail = f"{len(found):,} files, {len(unread):,} new or changed"
        with staging_folder(settings.extracted) as staging:
            if unread:
                with self._log.step("extract") as step:
                    self._extract(unread, staging)
                    step.detail = f"{len(self._candidates):,} of {len(unread):,} read"
            try:
                self._build_and_publish()
            except KommunlagerError:
                # Without room on the disk this may fail as well; what has failed is what is told.
                with suppress(OSError, KommunlagerError):
                    self._keep(adopted={})
                raise
            self._adopt()
        if self._settings.warehouse.is_file():
            self._after_publish()
        if run.failed_steps:
            run.outcome = STEP_FAILED
        elif run.missing:
            run.outcome = MISSING

    # -- what was delivered ------------------------------------------------------------------------------------------------------

    def _take_known(self, found: Sequence[Delivered]) -> list[Delivered]:
        """Keep what is known of the files that are as they were; returns the others."""
        unread = []
        for report in found:
            known = self._before.get(report.name)
            usable = known is not None and report.sha256 is not None and known.sha256 == report.sha256
            if usable and known is not None and known.failed_step is None:
                usable = known.context == self._code["ingest"] and known.document_id in self._store
            elif usable and known is not None:
                is_aside = quarantine_entry(self._settings.state / "quarantine", report.name).is_dir()
                usable = is_aside and known.context == self._context_of(known.failed_step or "")
            if usable and known is not None:
                self._known[report.name] = known
            else:
                unread.append(report)
        return unread

    def _extract(self, reports: Sequence[Delivered], staging: Path) -> None:
        from ingest.batch import extract_each

        by_path = {report.path: report for report in reports}
        claimed: dict[str, list[_Candidate]] = {}
        for path, outcome in extract_each(
            [report.path for report in reports], staging, self._settings.extracted, note=self._note
        ):
            report = by_path[path]
            if isinstance(outcome, ExtractedDataError):
                raise outcome  # it was read, and could not be written: no fault of the report
            if isinstance(outcome, Exception):
                self._put_aside(report, "extract", str(outcome))
            elif report.sha256 is None or self._fingerprints_of_now(report) != report.sha256:
                self._put_aside(
                    report, "extract", f"{path}: was written to while it was read.\n  What to do: nothing, if it is whole now."
                )
            else:
                claimed.setdefault(outcome.name, []).append(_Candidate(report, outcome))
        owners = {known.document_id: name for name, known in self._known.items() if known.failed_step is None}
        for document_id, candidates in claimed.items():
            names = [candidate.report.name for candidate in candidates]
            names += [owners[document_id]] if document_id in owners else []
            if len(names) > 1:
                for candidate in candidates:
                    reason = f"{' and '.join(names)}: are the same document '{document_id}'.\n  What to do: deliver it once."
                    self._put_aside(candidate.report, "extract", reason)
            else:
                self._candidates[document_id] = candidates[0]

    def _fingerprints_of_now(self, report: Delivered) -> str | None:
        with suppress(OSError):
            return Fingerprints().of(report.path)
        return None

    def _put_aside(self, report: Delivered, step: str, reason: str, document_id: str | None = None) -> None:
        before = self._before.get(report.name)
        is_old = before is not None and before.failed_step is not None and before.sha256 == report.sha256
        since = before.since if before is not None and is_old else self._now.isoformat()
        document_id = document_id or Path(report.name).stem
        known = Known(
            report.sha256, document_id, self._context_of(step), step, reason[:MAX_REASON], since, _municipality_of(document_id)
        )
        self._known[report.name] = known
        if not is_old:
            self._run.newly_missing.append(report.name)

    def _context_of(self, step: str) -> str:
        """What a failure depends on besides the report: reading it on the program, a test of the warehouse on all the rest."""
        return self._code["ingest"] if step == "extract" else self._all_but_reports

    @cached_property
    def _all_but_reports(self) -> str:
        parts = self._plan(()).inputs().parts
        return json.dumps({name: part for name, part in parts.items() if name != "missing"}, sort_keys=True)

    # -- the warehouse -----------------------------------------------------------------------------------------------------------

    def _missing(self) -> list[MissingReport]:
        return [
            MissingReport(
                name,
                known.document_id,
                known.municipality_code,
                known.sha256,
                known.failed_step,
                known.reason,
                datetime.fromisoformat(known.since).replace(tzinfo=None),
                known.document_id in self._store,
            )
            for name, known in sorted(self._known.items())
            if known.failed_step is not None
        ]

    def _plan(self, candidates: Sequence[_Candidate], missing: Sequence[MissingReport] = ()) -> Plan:
        documents = {**self._store, **{candidate.folder.name: candidate.folder for candidate in candidates}}
        s = self._settings
        folders = [folder for _, folder in sorted(documents.items())]
        return Plan(folders, s.warehouse, s.project, s.snapshots, missing, self._fingerprints)

    def _build_and_publish(self) -> None:
        """Publish a warehouse with everything that passes, unless the published one is that already."""
        run, settings = self._run, self._settings
        while True:
            run.missing = self._missing()
            plan = self._plan(list(self._candidates.values()), run.missing)
            if not plan.folders:
                raise KommunlagerError(
                    f"{settings.reports}: no report could be read, and {settings.extracted} holds none.\n"
                    f"  What to do: see {settings.state / 'quarantine'}, or deliver reports."
                )
            with self._log.step("compare") as step:
                inputs, published = plan.inputs(), self._published()
                run.news = _news(inputs, published)
                step.detail = "; ".join(run.news) or "nothing is new"
            if not run.news and not settings.full:
                run.outcome = NO_NEWS
                return
            if not settings.full and inputs.hash in rolled_back_inputs(settings.warehouse):
                run.outcome = HELD_BACK
                run.remarks.append(
                    "somebody rolled back from exactly this: it is published again when something has changed, or with --full"
                )
                return
            try:
                self._publish(plan)
            except BuildError as error:
                if not self._drop_culprits(error, inputs, published):
                    raise
                self._log.tell("retry", without=[report.file_name for report in self._missing()])
            else:
                return

    def _publish(self, plan: Plan) -> None:
        run, settings, log = self._run, self._settings, self._log
        before = settings.warehouse.is_file()
        began, started = datetime.now(UTC), time.perf_counter()

        def built(seconds: Mapping[str, float]) -> list[tuple[Any, ...]]:
            at = began
            for name, parts in BUILD_STEPS.items():
                if known := [seconds[part] for part in parts if part in seconds]:
                    log.add(name, sum(known), started_at=at)
                    at += timedelta(seconds=sum(known))
            return log.rows()

        try:
            run.build = build_locked(plan, self._note, settings.keep, incremental=not settings.full, run_log=built)
        except KommunlagerError as error:
            step = error.step if isinstance(error, BuildError) else "publish"
            log.add(step, time.perf_counter() - started, str(error).splitlines()[0], outcome="failed")
            log.tell("build failed", reason=str(error))
            raise
        checks = run.build.status.reconciliation
        log.add("reconcile", 0.0, ", ".join(f"{count:,} {status}" for status, count in checks.items()))
        log.add("audit", run.build.seconds["audit"], f"hash of the marts {run.build.content_hash[:12]}")
        log.add("publish", run.build.seconds["publish"])
        run.published, run.outcome = True, PUBLISHED
        if before:
            self._tell_changes()

    def _tell_changes(self) -> None:
        from publish.building.diff import diff
        from publish.building.versions import find_version

        with suppress(KommunlagerError):
            self._run.changes = diff(find_version(self._settings.warehouse, "previous"), self._settings.warehouse, 0).summary()

    def _drop_culprits(self, error: BuildError, inputs: Inputs, published: Inputs | None) -> bool:
        """Put aside the candidates that a failed build names; where it names none and only they are new, all of them.

        A machine without room or memory is no report's fault.
        """
        guilty = {name: reason for name, reason in error.documents.items() if name in self._candidates}
        if not guilty and error.is_of_the_data and self._candidates and published is not None:
            only_they = set(inputs.changed_parts(published)) <= {"missing"} and set(inputs.changed_documents(published)) <= set(
                self._candidates
            )
            together = "" if len(self._candidates) == 1 else f" (with {len(self._candidates)} new reports together)"
            guilty = dict.fromkeys(self._candidates, f"the build fails with it{together}:\n{error}") if only_they else {}
        for document_id, reason in guilty.items():
            candidate = self._candidates.pop(document_id)
            self._put_aside(candidate.report, error.step, reason, document_id)
        return bool(guilty)

    def _published(self) -> Inputs | None:
        with suppress(KommunlagerError):
            return read_record(self._settings.warehouse).inputs
        return None

    def _adopt(self) -> None:
        """What is published takes its place among the extracted reports; what failed, in the quarantine."""
        run, settings = self._run, self._settings
        if run.outcome == HELD_BACK:
            return
        new = [candidate for document_id, candidate in self._candidates.items() if document_id not in self._store]
        run.counts["new"] = len(new)
        run.counts["changed"] = len(self._candidates) - len(new)
        run.counts["missing"] = len(run.missing)
        publish_folders([candidate.folder for candidate in self._candidates.values()], settings.extracted)
        if self._candidates:
            os.sync()  # before it is noted that they are there: a machine may stop, too
        self._keep(self._candidates)

    def _keep(self, adopted: Mapping[str, _Candidate]) -> None:
        """Remember what became of each file, so that the next night reads only what is new."""
        settings = self._settings
        for document_id, candidate in adopted.items():
            self._known[candidate.report.name] = Known(candidate.report.sha256, document_id, self._code["ingest"])
        write_quarantine(settings.state / "quarantine", self._run.missing, settings.reports)
        write_known(self._known_file, self._known)
        self._fingerprints.remember()

    # -- after it ----------------------------------------------------------------------------------------------------------------

    def _after_publish(self) -> None:
        """Make from the published file what was not yet made from it."""
        run, file = self._run, self._settings.state / "after_publish.json"
        run.record = read_record(self._settings.warehouse)
        made_from = f"{run.record.built_at} {run.record.content_hash}"
        try:
            done: dict[str, str] = dict(json.loads(file.read_bytes()))
        except (OSError, ValueError, TypeError):
            done = {}
        for name, make in AFTER_PUBLISH:
            if done.get(name) == made_from:
                continue
            try:
                with self._log.step(name):
                    self._note(f"writing {name}", 0, 0)
                    make(self._settings.warehouse, self._settings.project)
                    done[name] = made_from
                    file.write_text(json.dumps(done) + "\n", encoding="utf-8")
            except KommunlagerError as error:
                run.failed_steps[name] = str(error)
            except Exception:
                run.failed_steps[name] = f"a fault of the program:\n{traceback.format_exc()}"


BUILD_STEPS = {
    "carry over": ["load: carry over"],
    "load": ["load: read", "load: write"],
    "gate": ["load: gate"],
    "build": ["waiting for dbt parse", "dbt build"],
}
"""The steps of the run log, and the parts of a build that each is the sum of."""


def _news(inputs: Inputs, published: Inputs | None) -> list[str]:
    """What the published warehouse was not made from, in words."""
    if published is None:
        return ["nothing is published yet, or it does not say what it is made from"]
    documents = inputs.changed_documents(published)
    gone = sorted(set(published.documents) - set(inputs.documents))
    news = [f"{len(documents):,} new or changed: {_listed(documents)}"] if documents else []
    news += [f"{len(gone):,} withdrawn: {_listed(gone)}"] if gone else []
    return news + [f"{part} changed" for part in inputs.changed_parts(published)]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")


def _municipality_of(document_id: str) -> str | None:
    """The municipality whose layout knows such a name."""
    from ingest.layout import layout_of

    try:
        return layout_of(document_id)[0].municipality_code
    except KommunlagerError:
        return None


def _write_summary(settings: Settings, run: Run) -> None:
    """Keep the summary of the last run beside its log."""
    file = settings.state / "latest.txt"
    with suppress(OSError):
        partial = file.with_suffix(".partial")
        partial.write_text(describe(run, settings) + "\n", encoding="utf-8", errors="replace")
        os.replace(partial, file)


def _is_alarming(run: Run) -> bool:
    """Whether somebody has to be told: a report that is missing since an earlier night is known."""
    return run.exit_code != 0 and not (run.outcome == MISSING and not run.newly_missing)


def _call_hook(settings: Settings, run: Run) -> str:
    """Tell the hook, if there is one; how it ended is a remark and changes nothing else."""
    if not settings.hook:
        return "none"
    facts = json.dumps(run.as_dict(), ensure_ascii=False, default=str)
    environment = {
        "KOMMUNLAGER_OUTCOME": run.outcome,
        "KOMMUNLAGER_EXIT_CODE": str(run.exit_code),
        "KOMMUNLAGER_RUN_ID": run.run_id,
        "KOMMUNLAGER_SUMMARY": describe(run, settings),
    }
    ended = call_hook(settings.hook, facts, environment)
    run.remarks.append(f"the hook {ended}")
    return ended
