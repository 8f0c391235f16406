"""Files, names and texts of strangers: refused with what to do, within time and memory, and nothing is written elsewhere."""

from __future__ import annotations

import os
import pickle
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from report_writer import Style, write_report
from synthetic import extraction

from ingest.batch import compare_all, extract_all
from ingest.errors import ExtractedDataError, ExtractionError, KommunlagerError, ReportError
from ingest.layout import load_layouts
from ingest.loading import exchange as exchange_module
from ingest.loading import store
from ingest.loading.exchange import exchange
from ingest.loading.store import (
    extracted_folders,
    publish_folders,
    read_extraction,
    staging_folder,
    write_extraction,
    write_files,
)
from ingest.source import text
from ingest.source.characters import printable
from ingest.source.files import is_document_id
from ingest.source.text import read_report
from ingest.workers import Limits, run_limited
from publish.cli import main

LAYOUTS = load_layouts()
WRITTEN = [write_report(layout, 1, Style(sections=1)) for layout in LAYOUTS]
NAME = "provby_namnden_2024.txt"
linux = pytest.mark.skipif(sys.platform != "linux", reason="the limit of memory is kept on Linux")


def refused(path: Path) -> str:
    with pytest.raises(ReportError, match="What to do") as raised:
        read_report(path)
    assert str(raised.value).startswith(f"{path}: ")
    return str(raised.value)


# -- the file --------------------------------------------------------------------------------------------------------------


def test_a_file_of_half_a_gigabyte_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / NAME
    with path.open("wb") as file:
        file.truncate(500 * 10**6)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "is larger than 100 MB" in refused(path)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * (1024 if sys.platform == "linux" else 1)
    assert grown < 3 * text.MAX_BYTES


def test_a_file_is_judged_by_what_is_read_and_not_by_a_size_told_before(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file can grow after anyone has asked for its size: here the size that is told is always 1."""
    monkeypatch.setattr(text, "MAX_BYTES", 1000)
    path = tmp_path / NAME
    path.write_text("a" * 1001, encoding="utf-8")
    fstat = os.fstat
    monkeypatch.setattr(os, "fstat", lambda fd: os.stat_result((*fstat(fd)[:6], 1, *fstat(fd)[7:])))
    assert "is larger than 0.001 MB" in refused(path)


def test_pipes_devices_folders_and_links_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.txt").mkdir()
    assert "is a folder, not a file" in refused(tmp_path / "folder.txt")
    os.mkfifo(tmp_path / NAME)
    assert "is no ordinary file" in refused(tmp_path / NAME)
    assert "is no ordinary file" in refused(Path("/dev/zero"))
    (tmp_path / "real.txt").write_text("Totalt 1\n", encoding="utf-8")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    assert "is a symbolic link" in refused(tmp_path / "link.txt")
    (tmp_path / "lost.txt").symlink_to(tmp_path / "nowhere")
    assert "is a symbolic link" in refused(tmp_path / "lost.txt")
    (tmp_path / "elsewhere").symlink_to(tmp_path, target_is_directory=True)
    assert read_report(tmp_path / "elsewhere" / "folder.txt" / ".." / "real.txt").lines == ["Totalt 1"]


def test_a_name_with_a_nul_is_refused() -> None:
    with pytest.raises(ReportError, match="cannot be read"):
        read_report(Path("a\x00b.txt"))


# -- what stands in it -----------------------------------------------------------------------------------------------------

TEXTS = {
    "too many lines": ("\n" * 500_001 + "a", "500,002 lines are more than"),
    "a long line": ("a\n" + "b" * 20_001, "line 2 has 20,001 characters"),
    "an escape": ("Totalt\n\x1b[2J 12", r"line 2 holds a control character \(U\+001B\)"),
    "a backspace": ("12\b3", "line 1 holds a control character"),
    "a next line": ("a\u0085b", "a control character"),
    "a control sequence in one byte": ("a\u009b2J", "a control character"),
    "a line separator": ("a\u2028b", "an invisible character"),
    "a right-to-left override": ("Totalt \u202e123", r"an invisible character \(RIGHT-TO-LEFT OVERRIDE, U\+202E\)"),
    "an isolate": ("Totalt \u2067123\u2069", "an invisible character"),
    "a zero-width space in a figure": ("Totalt 12\u200b345", "line 1 holds an invisible character"),
    "a word joiner": ("Totalt 12\u2060345", "an invisible character"),
    "a mark of UTF-8 inside": ("Totalt 12\ufeff345", "an invisible character"),
    "a soft hyphen before a figure": ("Totalt \u00ad12", "a soft hyphen beside a figure"),
    "a soft hyphen in a figure": ("Totalt 1\u00ad234", "a soft hyphen beside a figure"),
    "Arabic digits": ("Totalt ٣٤٥", r"a digit of another script \(ARABIC-INDIC DIGIT"),
    "full-width digits": ("Totalt １２", "a digit of another script"),
    "mathematical digits": ("Totalt 𝟏𝟐", "a digit of another script"),
    "a digit struck through": ("Totalt 1\u03362", "a digit with an accent or stroke"),
    "a flood of accents": ("a" + "\u0301\u0323" * 9_000, "more than 4 accents on one letter"),
    "a tab in figures": ("Totalt 1\t234", "a tab in a line with figures"),
    "a page break in figures": ("Totalt 1\f234", "a page break inside a line with figures"),
    "a carriage return": ("Totalt 1\rSumma 2", "a carriage return that ends no line"),
}


@pytest.mark.parametrize("what", TEXTS)
def test_a_text_that_reads_otherwise_than_it_looks_is_refused(what: str, tmp_path: Path) -> None:
    content, message = TEXTS[what]
    path = tmp_path / NAME
    path.write_text(content, encoding="utf-8", newline="")
    told = refused(path)
    assert re.search(message, told)
    assert printable(told) == told


def test_what_reports_hold_is_let_in(tmp_path: Path) -> None:
    path = tmp_path / NAME
    content = "Om\u00adsorg\f\nm² CO₂ ½ “å” – \uf0b7 e\u0301\n\tVerksamhet\n\f12 345\nTotalt 1\u00a0234 2\u2003345\n"
    path.write_text(content, encoding="utf-8", newline="\r\n")
    assert read_report(path).lines[1] == "m² CO₂ ½ “å” – \uf0b7 é"


def test_an_error_shows_nothing_that_a_terminal_obeys(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["extract", str(tmp_path / "a\x1b[2J\u202e.txt"), "--out", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert r"a\x1b[2J\u202e.txt: no such file" in result.stderr
    assert "\x1b" not in result.stderr


# -- names -----------------------------------------------------------------------------------------------------------------

BAD_IDS = ["..", ".", "", ".hidden", "../a", "a/b", "a\\b", "/etc", "-rf", "a b", "a\nb", "a\x00b", "å", "A", "a" * 121,
           "con", "nul", "com1", "lpt9", "a.b", "a:b", "~a", "٣"]  # fmt: skip


@pytest.mark.parametrize("document_id", BAD_IDS, ids=ascii)
def test_an_id_that_leads_elsewhere_is_refused_everywhere(document_id: str, tmp_path: Path) -> None:
    assert not is_document_id(document_id)
    out = tmp_path / "a" / "out"
    with pytest.raises(ExtractedDataError, match="is no document's name"):
        write_extraction(extraction(document_id), out)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ExtractedDataError):
        read_extraction(tmp_path / (document_id.replace("\x00", "") or "."))


def test_a_report_needs_a_name_that_can_be_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "Årsredovisning 2024.txt"
    path.write_text("Totalt 1\n", encoding="utf-8")
    assert "'Årsredovisning 2024' is no document's name" in refused(path)


def test_a_link_below_the_root_is_neither_written_nor_read(tmp_path: Path) -> None:
    outside = write_extraction(extraction(), tmp_path / "outside")
    before = sorted((path.name, path.read_bytes()) for path in outside.iterdir())
    root = tmp_path / "root"
    root.mkdir()
    (root / outside.name).symlink_to(outside, target_is_directory=True)
    with pytest.raises(ExtractedDataError, match=r"is a symbolic link(.|\n)*What to do"):
        write_extraction(extraction(), root)
    with pytest.raises(ExtractedDataError, match="is a symbolic link"):
        extracted_folders(root)
    assert sorted((path.name, path.read_bytes()) for path in outside.iterdir()) == before


def test_a_link_or_pipe_inside_an_extracted_folder_is_not_read(tmp_path: Path) -> None:
    folder = write_extraction(extraction(), tmp_path)
    cells = folder / "cells.csv"
    moved = cells.rename(tmp_path / "cells.csv")
    cells.symlink_to(moved)
    with pytest.raises(ExtractedDataError, match=r"cells\.csv: the file is a symbolic link"):
        read_extraction(folder)
    cells.unlink()
    os.mkfifo(cells)
    with pytest.raises(ExtractedDataError, match=r"cells\.csv: the file is no ordinary file"):
        read_extraction(folder)


# -- all or none -----------------------------------------------------------------------------------------------------------


def _state(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


IDS = ("a_2024", "b_2024", "c_2024")


def _staged(staging: Path) -> list[Path]:
    """New folders of three documents; the first and the last are also below the root, with other contents."""
    return [write_files(extraction(document_id), staging) for document_id in IDS]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for document_id in (IDS[0], IDS[2]):
        folder = write_extraction(extraction(document_id), root)
        (folder / "old.txt").write_text("old", encoding="utf-8")
    return root


@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError(28, "No space left on device")], ids=["interrupted", "disk full"])
@pytest.mark.parametrize("after", [False, True], ids=["before a move", "after a move"])
@pytest.mark.parametrize("at", range(3))
def test_folders_are_moved_all_or_none(
    at: int, after: bool, fault: type[BaseException] | OSError, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move, calls = store._move, iter(range(9))

    def faulty(folder: Path, target: Path) -> None:
        fails = next(calls) == at
        if not fails or after:
            move(folder, target)
        if fails:
            raise fault

    before = _state(root)
    with staging_folder(root) as staging:
        folders = _staged(staging)
        monkeypatch.setattr(store, "_move", faulty)
        with pytest.raises((KeyboardInterrupt, ExtractedDataError)) as raised:
            publish_folders(folders, root)
    assert isinstance(raised.value, KeyboardInterrupt) or "nothing was changed" in str(raised.value)
    assert _state(root) == before


def test_moved_folders_are_the_new_ones_and_nothing_else_is_left(root: Path) -> None:
    with staging_folder(root) as staging:
        publish_folders(_staged(staging), root)
    assert sorted(path.name for path in root.iterdir()) == list(IDS)
    assert not list(root.rglob("old.txt"))


@pytest.mark.parametrize("at_once", [True, False])
def test_two_folders_change_places(at_once: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if not at_once:
        monkeypatch.setattr(exchange_module.ctypes, "CDLL", lambda *_, **__: object())
    exchange(tmp_path / "one", tmp_path / "other")
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["other"]
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["one"]
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "nowhere", tmp_path / "other")
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["one"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "other"]


# -- limits ----------------------------------------------------------------------------------------------------------------


def _work(number: int, path: Path) -> str:
    """What a file's name says: the work that the workers are tried with."""
    match path.stem.rstrip("0123456789"):
        case "endless":
            while True:
                pass
        case "asleep":
            time.sleep(600)
        case "parent":
            child = subprocess.Popen(["sleep", "600"])
            path.write_text(str(child.pid), encoding="ascii")
            child.wait()
        case "large":
            bytearray(10**12)
        case "growing":
            kept = []
            while True:
                kept.append(bytearray(10**7))
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "wrong":
            raise ExtractionError(path.stem, "prov", 3, "it is wrong.", "mend it.")
        case "slow":
            time.sleep(0.3)
        case "fault":
            raise ZeroDivisionError
    return f"{number} {path.stem}"


LIMITS = Limits(seconds=1.0, megabytes=200)
MEMORY_LIMITS = Limits(seconds=60.0, megabytes=200)
FAULTS = {
    "endless": "endless: took longer than 1 s",
    "asleep": "asleep: took longer than 1 s",
    "killed": r"killed: its reading ended at once \(SIGKILL\)",
    "wrong": "wrong, table 'prov', line 3: it is wrong",
}
MEMORY_FAULTS = {
    "large": "large: needed more than 200 MB of memory",
    "growing": "growing: needed more than 200 MB of memory",
}


def _children() -> set[str]:
    return set(Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(encoding="ascii").split())


@linux
@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize("fault", [*FAULTS, *MEMORY_FAULTS])
def test_a_file_beyond_its_limits_is_named_and_nothing_is_left_running(fault: str, jobs: int) -> None:
    before = _children()
    limits = MEMORY_LIMITS if fault in MEMORY_FAULTS else LIMITS
    with pytest.raises(KommunlagerError, match={**FAULTS, **MEMORY_FAULTS}[fault] + r"(.|\n)*What to do"):
        list(run_limited(_work, [Path("a"), Path(fault), Path("b"), Path("c")], jobs, limits))
    assert _children() == before


@linux
def test_results_come_in_order_and_a_process_works_on_many_files() -> None:
    paths = [Path(f"{'slow' if n % 7 == 0 else 'a'}{n}") for n in range(40)]
    assert list(run_limited(_work, paths, 4)) == [f"{n} {path}" for n, path in enumerate(paths)]
    ids = list(run_limited(lambda _number, _path: os.getpid(), paths, 2))
    assert os.getpid() not in ids
    assert len(set(ids)) <= 2


@linux
@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_the_first_error_in_order_counts_however_many_work(jobs: int) -> None:
    paths = [Path("slow1"), Path("slow2"), Path("wrong1"), Path("wrong2"), Path("endless")]
    found: list[str] = []
    with pytest.raises(ExtractionError, match=r"^wrong1, table"):
        found.extend(run_limited(_work, paths, jobs, LIMITS))


@linux
def test_a_fault_of_the_program_is_no_fault_of_the_report() -> None:
    with pytest.raises(RuntimeError, match=r"a fault of the program(.|\n)*ZeroDivisionError"):
        list(run_limited(_work, [Path("fault")], 1))


@linux
def test_whoever_stops_asking_leaves_nothing_running() -> None:
    before = _children()
    results = run_limited(_work, [Path("a"), Path("asleep1"), Path("asleep2")], 3)
    assert next(results) == "0 a"
    results.close()
    assert _children() == before


@linux
def test_what_a_file_has_started_ends_with_it(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="took longer than 2 s"):
        list(run_limited(_work, [tmp_path / "parent"], 1, Limits(seconds=2.0)))
    child = Path(f"/proc/{(tmp_path / 'parent').read_text(encoding='ascii')}/stat")
    until = time.monotonic() + 60  # killed; it takes a moment until it is dead
    while _runs(child):
        assert time.monotonic() < until
        time.sleep(0.05)


def _runs(stat: Path) -> bool:
    try:
        return " Z " not in stat.read_text(encoding="ascii")  # Z: dead, and not yet collected by init
    except OSError:
        return False


def test_errors_come_out_of_a_process_as_they_were() -> None:
    error = ExtractionError("prov_2031", "prov", 3, "it is wrong.", "mend it.")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is ExtractionError
    assert (str(again), again.document_id, again.table, again.line) == (str(error), "prov_2031", "prov", 3)
    assert str(pickle.loads(pickle.dumps(ReportError("a")))) == "a"


# -- extract ---------------------------------------------------------------------------------------------------------------


def _saved(folder: Path) -> list[Path]:
    folder.mkdir()
    return [written.save(folder) for written in WRITTEN[:3]]


def test_any_number_of_jobs_gives_the_same_files_in_the_order_of_the_arguments(tmp_path: Path) -> None:
    reports = list(reversed(_saved(tmp_path / "reports")))
    for jobs in (1, 4):
        done = extract_all(reports, tmp_path / str(jobs), jobs)
        assert [document.document_id for document in done] == [path.stem for path in reports]
    assert _state(tmp_path / "1") == _state(tmp_path / "4")
    assert not any(document.differing for document in compare_all(reports, tmp_path / "1", 2))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "4", "reports"]


def test_one_report_that_takes_too_long_leaves_everything_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import ingest.extract

    reports = _saved(tmp_path / "reports")
    read = ingest.extract.extract_report
    slow: Callable[..., object] = lambda path: time.sleep(600) if path == reports[2] else read(path)  # noqa: E731
    monkeypatch.setattr(ingest.extract, "extract_report", slow)
    result = CliRunner().invoke(main, ["extract", *map(str, reports), "--out", str(tmp_path / "out"), "--seconds", "3"])
    assert result.exit_code == 1
    assert f"Error: {reports[2]}: took longer than 3 s" in result.stderr
    assert "--seconds" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["reports"]


SLOW_COMMAND = """
import time, ingest.extract
from pathlib import Path

def begin(path):
    Path(path).with_suffix(".begun").touch()
    time.sleep(600)

ingest.extract.extract_report = begin
from publish.cli import main
main()
"""


@linux
@pytest.mark.parametrize(("by", "code"), [("ctrl-c", 130), ("interrupt", 130), ("terminate", 143)])
def test_an_interrupted_extract_ends_at_once_with_its_workers(by: str, code: int, tmp_path: Path) -> None:
    reports = _saved(tmp_path / "reports")[:2]
    command = [sys.executable, "-c", SLOW_COMMAND, "extract", *map(str, reports), "--out", str(tmp_path / "out"), "--jobs", "2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        while not all(path.with_suffix(".begun").exists() for path in reports):
            assert process.poll() is None
            time.sleep(0.05)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
        assert len(children) == 2
        if by == "ctrl-c":  # a terminal sends it to every process of the command
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.send_signal(signal.SIGINT if by == "interrupt" else signal.SIGTERM)
        _, stderr = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == code
    assert "Traceback" not in stderr
    assert not any(Path(f"/proc/{child}").exists() for child in children)
    assert [path.name for path in tmp_path.iterdir()] == ["reports"]
