"""PDFs: the same cells as from text, with their pages, from pages that hold text and from scans; hostile files are refused."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Run
from grids import grids_of
from pdf_writer import SetReport, Setting, image_pdf, raw_pdf, scanned, set_report, words_at
from report_writer import ExpectedCell, Style

from ingest.errors import ExtractionError, ReportError
from ingest.extract import extract, extract_report
from ingest.layout import Layout, layout_of, load_layouts
from ingest.model import Cell, Extraction
from ingest.source import pdf, scan
from ingest.source.text import Doubt, ReportText, read_report
from ingest.workers import Limits

LAYOUTS = {layout.name: layout for layout in load_layouts()}
NATIVE = {name: layout for name, layout in LAYOUTS.items() if layout.text_origin == "native"}
SETTINGS = [
    Setting(),
    Setting(lines="none", running=False),
    Setting(lines="rules", valign="BOTTOM", label_width=0.15),
    Setting(lines="shades", valign="MIDDLE"),
    Setting(wide=False, font_size=7, label_width=0.2, valign="MIDDLE"),
]


def _has_tesseract() -> bool:
    try:
        scan.require_tesseract()
    except ReportError:
        return False
    return True


needs_ocr = pytest.mark.skipif(not _has_tesseract(), reason="scans are read by tesseract with its data `swe`, which is not here")


def _read(data: bytes, folder: Path) -> ReportText:
    path = folder / "report.pdf"
    path.write_bytes(data)
    return read_report(path)


def _refused(data: bytes, folder: Path) -> str:
    with pytest.raises(ReportError) as caught:
        _read(data, folder)
    message = str(caught.value)
    assert message.startswith(str(folder / "report.pdf"))
    assert "What to do: " in message
    return message


def _facts(cells: list[Cell] | list[ExpectedCell]) -> list[tuple[object, ...]]:
    # Whether a narrow or a full space parts thousands is no difference, and OCR may leave it out.
    found = [(c.table_no, c.row_no, c.row_label, c.column_no, re.sub(r"\s", "", c.value_text), c.value, c.unit) for c in cells]
    return sorted(found, key=lambda fact: (fact[0], fact[1], fact[3]))


def _assert_pages(extraction: Extraction, printed: SetReport) -> None:
    known = [cell for cell in extraction.cells if (cell.table_no, cell.row_no) in printed.pages]
    assert len(known) > 0.9 * len(extraction.cells)
    assert [cell.page_no for cell in known] == [printed.pages[cell.table_no, cell.row_no] for cell in known]
    assert len({cell.page_no for cell in known}) > 1


# -- pages that hold text ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: f"{setting.lines}-{setting.valign}-{setting.font_size}")
@pytest.mark.parametrize("layout", NATIVE.values(), ids=NATIVE)
def test_a_pdf_gives_the_cells_that_are_printed(layout: Layout, setting: Setting, tmp_path: Path) -> None:
    report = grids_of(layout, 1)
    printed = set_report(report, setting)
    extraction = extract_report(printed.save(tmp_path, report.expected.document_id))
    assert _facts(extraction.cells) == _facts(report.expected.cells)
    assert extraction.document.text_origin == "native"
    _assert_pages(extraction, printed)


def test_the_document_is_that_of_the_pdf(tmp_path: Path) -> None:
    report = grids_of(LAYOUTS["norrtalje_plan"], 1)
    path = set_report(report).save(tmp_path, report.expected.document_id)
    text = read_report(path)
    document = extract_report(path).document
    assert document.document_id == report.expected.document_id
    assert document.line_count == len(text.lines) == len(text.pages or ())
    assert document.source_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_pdf_is_told_by_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_bytes(raw_pdf([words_at((50, 700, "Utfall"))]))
    assert read_report(path).lines == ["Utfall"]


def test_running_heads_and_feet_are_left_out_and_named(tmp_path: Path) -> None:
    pages = [words_at((50, 820, "Provby kommun"), (50, 700, f"Rad {n}"), (280, 20, f"Sida {n + 4} av 9")) for n in (7, 3, 8)]
    text = _read(raw_pdf(pages), tmp_path)
    lines = [line.strip() for line in text.lines]
    assert lines == ["Rad 7", "", "Sida 11 av 9", "Rad 3", "", "Sida 7 av 9", "Rad 8", "", "Sida 12 av 9"]
    assert text.pages == (1, 1, 1, 2, 2, 2, 3, 3, 3)
    assert text.notes == ("running head or foot, left out: Provby kommun",)


def test_page_numbers_are_running_feet_and_figures_are_not(tmp_path: Path) -> None:
    pages = [words_at((50, 700, f"Rad {n}"), (50, 40, "Summa"), (200, 40, "17"), (280, 20, f"Sida {n} av 3")) for n in (1, 2, 3)]
    text = _read(raw_pdf(pages), tmp_path)
    assert [line for line in text.lines if line.startswith("Sida")] == []
    assert [line.split() for line in text.lines if line.startswith("Summa")] == [["Summa", "17"]] * 3


def test_words_and_cells_are_told_apart_by_their_distance(tmp_path: Path) -> None:
    content = words_at((50, 700, "Placeringar barn"), (200, 700, "1 234"), (235, 700, "-56 789"))
    content += "\nBT /F1 10 Tf 50 680 Td [(Total)-100(t) -400 (kostnad)] TJ ET"  # kerned, and a word space that is no character
    lines = _read(raw_pdf([content]), tmp_path).lines
    assert re.fullmatch(r"Placeringar barn {2,}1 234 {2,}-56 789", lines[0])
    assert lines[-1] == "Totalt kostnad"


def test_a_drawn_line_parts_cells_and_rows(tmp_path: Path) -> None:
    content = words_at((50, 700, "ab"), (63, 700, "12"), (50, 688, "cd")) + "\n60.5 650 m 60.5 720 l S"
    assert _read(raw_pdf([content]), tmp_path).lines == ["ab  12", "cd"]
    ruled = content + "\n40 697 m 300 697 l S"
    assert _read(raw_pdf([ruled]), tmp_path).lines == ["ab  12", "", "cd"]
    underlined = content + "\n50 698.5 m 60 698.5 l S"
    assert _read(raw_pdf([underlined]), tmp_path).lines == ["ab  12", "cd"]


def test_text_printed_twice_is_read_once_and_hidden_text_never(tmp_path: Path) -> None:
    content = words_at((50, 700, "Totalt"), (50.3, 700, "Totalt"), (200, 700, "11"), (230, 700, "11"))
    content += "\nBT 3 Tr /F1 10 Tf 50 650 Td (osynligt) Tj ET BT 0 Tr /F1 0.5 Tf 50 640 Td (ytterst litet) Tj ET"
    content += "\n" + words_at((900, 700, "utanför".replace("ö", "o")), (50, -300, "under"))
    lines = _read(raw_pdf([content]), tmp_path).lines
    assert [line.split() for line in lines] == [["Totalt", "11", "11"]]


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_turned_page_reads_as_it_is_seen(turn: int, tmp_path: Path) -> None:
    seen = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}[turn]
    a, b, c, d = seen
    texts = [(60, 500, "Insats"), (200, 500, "Utfall"), (60, 480, "Stöd".replace("ö", "o")), (200, 480, "12")]
    place = {0: (0, 0), 90: (842, 0), 180: (595, 842), 270: (0, 595)}[turn]
    content = "\n".join(
        f"BT /F1 10 Tf {a} {b} {c} {d} {place[0] + a * x + c * y} {place[1] + b * x + d * y} Tm ({text}) Tj ET"
        for x, y, text in texts
    )
    box = "0 0 595 842" if turn % 180 == 0 else "0 0 842 595"
    by_page = _read(raw_pdf([content], box, page=f"/Rotate {turn}"), tmp_path)
    assert [line.split() for line in by_page.lines if line] == [["Insats", "Utfall"], ["Stod", "12"]]
    by_text = _read(raw_pdf([content], box), tmp_path)  # the same page, not marked as turned
    assert by_text.lines == by_page.lines


def test_text_in_another_direction_comes_last_and_is_named(tmp_path: Path) -> None:
    content = (
        words_at((50, 700, "Insats"), (200, 700, "12"), (50, 680, "Familjehem"))
        + "\nBT /F1 10 Tf 0 1 -1 0 30 400 Tm (Bilaga ett) Tj ET"
    )
    text = _read(raw_pdf([content]), tmp_path)
    assert text.lines[-1] == "Bilaga ett"
    assert text.notes == ("page 1 has 1 texts in another direction, put after its lines",)


def test_commands_take_pdfs(run: Run, tmp_path: Path) -> None:
    report = grids_of(LAYOUTS["norrtalje_plan"], 1)
    path = set_report(report).save(tmp_path, report.expected.document_id)
    extracted = run("extract", path, "--out", tmp_path / "out")
    assert (extracted.returncode, extracted.stderr) == (0, "")
    assert (tmp_path / "out" / report.expected.document_id / "cells.csv").exists()
    seen = run("inspect", path)
    assert seen.returncode == 0
    assert "tables of figures seen" in seen.stdout
    text = run("text", path)
    assert text.returncode == 0
    assert re.match(r" +1 +1  \S", text.stdout)
    assert "running head or foot, left out: Sida N av många" in text.stderr


def test_text_shows_the_lines_of_a_pdf_as_json(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    pages = [words_at((50, 820, "Provby kommun"), (50, 700, f"Rad {word}")) for word in ("ett", "tva")]
    path.write_bytes(raw_pdf(pages))
    shown = run("text", path, "--json")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert json.loads(shown.stdout) == {
        "document_id": "report",
        "lines": [{"page": 1, "line": 1, "text": "Rad ett"}, {"page": 2, "line": 2, "text": "Rad tva"}],
        "notes": ["running head or foot, left out: Provby kommun"],
    }


def test_text_shows_the_lines_of_a_text(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_text("Insats Utfall \n\nFamiljehem 1 234 \n", encoding="utf-8")
    shown = run("text", path)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert [line.split() for line in shown.stdout.splitlines()] == [
        ["1", "Insats", "Utfall"],
        ["2"],
        ["3", "Familjehem", "1", "234"],
    ]
    as_json = json.loads(run("text", path, "--json").stdout)
    assert as_json["lines"][2] == {"page": None, "line": 3, "text": "Familjehem 1 234 "}
    assert as_json["notes"] == []


def test_text_of_what_is_no_report_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_bytes(b"\xff\xfeU\x00")
    shown = run("text", path, "--json")
    assert (shown.returncode, shown.stdout) == (1, "")
    assert "UTF-16" in shown.stderr
    assert "What to do: " in shown.stderr


# -- hostile files ----------------------------------------------------------------------------------------------------------


def test_encrypted_pdf(tmp_path: Path) -> None:
    from reportlab.pdfgen.canvas import Canvas

    path = tmp_path / "report.pdf"
    canvas = Canvas(str(path), encrypt="hemligt")
    canvas.drawString(50, 700, "Utfall")
    canvas.save()
    assert "encrypted" in _refused(path.read_bytes(), tmp_path)


def test_pdf_that_only_its_owner_may_change_is_read(tmp_path: Path) -> None:
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.pdfgen.canvas import Canvas

    path = tmp_path / "report.pdf"
    canvas = Canvas(str(path), encrypt=StandardEncryption("", "owner"))
    canvas.drawString(50, 700, "Utfall")
    canvas.save()
    assert read_report(path).lines == ["Utfall"]


GOOD = raw_pdf([words_at((50, 700, "Utfall 2024"), (200, 700, "1 234"))] * 3)


@pytest.mark.parametrize(
    "data",
    [b"%PDF-", b"%PDF-1.7\n" + b"\x00" * 1000, b"%PDF-1.7\n" + bytes(range(256)) * 40, GOOD[:300]],
    ids=["beginning only", "zeros", "noise", "cut short"],
)
def test_damaged_pdf(data: bytes, tmp_path: Path) -> None:
    assert "damaged" in _refused(data, tmp_path)


def test_pdf_without_text(tmp_path: Path) -> None:
    assert "no text" in _refused(raw_pdf(["0 0 m 100 100 l S"]), tmp_path)


def test_bytes_changed_anywhere_never_break_more_than_the_reading(tmp_path: Path) -> None:
    def read(data: bytes) -> str:
        try:
            return "\n".join(_read(data, tmp_path).lines)
        except ReportError as error:
            return str(error)

    places = range(10, len(GOOD), max(1, len(GOOD) // 25))
    found = [read(GOOD[:place] + b"\xff" + GOOD[place + 1 :]) for place in places]
    assert all("1 234" in text or "What to do: " in text for text in found)


def test_ten_thousand_pages(tmp_path: Path) -> None:
    assert "10,000 pages" in _refused(raw_pdf([words_at((50, 700, "x"))] * 10_000), tmp_path)


def test_pdf_larger_than_a_report(tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    with path.open("wb") as file:
        file.write(b"%PDF-1.7\n")
        file.truncate(100_000_001)
    with pytest.raises(ReportError, match="larger than 100 MB"):
        read_report(path)


def test_huge_page(tmp_path: Path) -> None:
    assert "points large" in _refused(raw_pdf([words_at((50, 700, "x"))], "0 0 2000000 2000000"), tmp_path)


def test_a_page_of_a_million_objects(tmp_path: Path) -> None:
    assert "drawn objects" in _refused(raw_pdf(["0 0 m 9 9 l S\n" * 1_000_000]), tmp_path)


def test_a_page_of_a_million_characters(tmp_path: Path) -> None:
    content = "BT /F1 1 Tf 50 700 Td " + f"({'x' * 1000}) Tj " * 1000 + "ET"
    assert "characters" in _refused(raw_pdf([content]), tmp_path)


def test_a_content_stream_that_unpacks_to_ten_million_objects(tmp_path: Path) -> None:
    packer = zlib.compressobj(9)
    chunk = b"0 0 m 9 9 l S " * 100_000
    packed = b"".join(packer.compress(chunk) for _ in range(100)) + packer.flush()  # 140 MB of ten million lines
    data = raw_pdf([packed.decode("latin-1")], stream="/Filter /FlateDecode")
    assert "memory" in _refused(data, tmp_path)


def test_drawings_within_drawings_without_end(tmp_path: Path) -> None:
    data = raw_pdf(["/X Do " * 50], resources="/XObject << /X 5 0 R >>", stream="/Type /XObject /Subtype /Form /BBox [0 0 9 9]")
    assert "What to do: " in _refused(data, tmp_path)


def _reader(root: Path) -> Path:
    """The place of a reading process's module below another root."""
    module = root / "ingest" / "source" / "pdf_pages.py"
    module.parent.mkdir(parents=True)
    for package in (module.parent, module.parent.parent):
        (package / "__init__.py").write_text("")
    return module


def test_time_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = _reader(tmp_path)
    slow.write_text("import signal\nsignal.setitimer(signal.ITIMER_PROF, 1)\nwhile True: pass\n")
    monkeypatch.setattr(pdf, "ROOT", tmp_path)
    assert "took longer than" in _refused(GOOD, tmp_path)


def test_memory_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    greedy = _reader(tmp_path)
    greedy.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    monkeypatch.setattr(pdf, "ROOT", tmp_path)
    assert "memory" in _refused(GOOD, tmp_path)


WAITING_TESSERACT = """#!/bin/sh
[ "$1" = --list-langs ] && printf "eng\\nswe\\n" && exit 0
echo $$ > "$STARTED.part" && mv "$STARTED.part" "$STARTED"
exec sleep 600
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_reader_and_tesseract_end_with_the_process_that_wanted_the_text(tmp_path: Path) -> None:
    """A worker beyond its limits is killed, and cannot end what it has started."""
    program, started, report = tmp_path / "bin" / "tesseract", tmp_path / "started", tmp_path / "report.pdf"
    program.parent.mkdir()
    program.write_text(WAITING_TESSERACT)
    program.chmod(0o755)
    report.write_bytes(image_pdf(100, 100))
    path = os.pathsep.join((str(program.parent), os.environ["PATH"]))
    command = "import sys, pathlib; from ingest.source.text import read_report; read_report(pathlib.Path(sys.argv[1]))"
    worker = subprocess.Popen(
        [sys.executable, "-c", command, str(report)],
        env={**os.environ, "PATH": path, "STARTED": str(started), "PYTHONPATH": str(pdf.ROOT)},
    )
    try:
        while not started.exists():
            assert worker.poll() is None
            time.sleep(0.05)
        reader = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text(encoding="ascii").strip()
    finally:
        worker.kill()
        worker.wait()
    until = time.monotonic() + 60
    for process in (reader, started.read_text(encoding="ascii").strip()):
        while _runs(process):
            assert time.monotonic() < until
            time.sleep(0.05)


def _runs(process: str) -> bool:
    try:
        return " Z " not in Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    except OSError:
        return False


@pytest.mark.parametrize(("name", "data"), [("report.pdf", b""), ("report.PDF", b"x"), ("report.txt", GOOD)])
def test_a_pdf_may_take_longer_than_a_text(name: str, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    (tmp_path / "text.txt").write_text("Utfall")
    limits = Limits(seconds=7, pdf_seconds=70)
    assert [limits.seconds_for(tmp_path / file) for file in (name, "text.txt", "nowhere.txt", ".")] == [70, 7, 7, 7]


def test_scripts_links_and_attachments_are_left_alone(tmp_path: Path) -> None:
    catalog = (
        "/OpenAction << /S /JavaScript /JS (app.launchURL\\('http://localhost:9'\\)) >> "
        "/AA << /WC << /S /Launch /F (/bin/true) >> >> /Names << /EmbeddedFiles << /Names [(a.txt) "
        "<< /Type /Filespec /F (a.txt) >>] >> >>"
    )
    page = "/Annots [<< /Type /Annot /Subtype /Link /Rect [0 0 900 900] /A << /S /URI /URI (http://localhost:9) >> >>]"
    text = _read(raw_pdf([words_at((50, 700, "Utfall"))], catalog=catalog, page=page), tmp_path)
    assert text.lines == ["Utfall"]
    import pypdfium2

    assert "V8" not in pypdfium2.PDFIUM_INFO.flags  # what cannot run scripts needs no guard against them


# -- scans ------------------------------------------------------------------------------------------------------------------


def _scan_of_words() -> bytes:
    table = words_at((60, 700, "Insats"), (250, 700, "Utfall"), (60, 675, "Familjehem"), (250, 675, "12 345"), size=12)
    return scanned(raw_pdf([table, table]))


@needs_ocr
@pytest.mark.parametrize("name", ["alingsas_interim_report", "norrtalje_plan", "sodertalje_plan"])
def test_a_scan_gives_the_cells_that_are_printed(name: str, tmp_path: Path) -> None:
    report = grids_of(LAYOUTS[name], 1, Style(sections=1, rows=1))
    printed = set_report(report)
    path = tmp_path / f"{report.expected.document_id}.pdf"
    path.write_bytes(scanned(printed.data))
    extraction = extract_report(path)
    assert _facts(extraction.cells) == _facts(report.expected.cells)
    assert extraction.document.text_origin == "ocr"
    _assert_pages(extraction, printed)


@needs_ocr
def test_a_scan_is_read_as_aligned_text(tmp_path: Path) -> None:
    text = _read(_scan_of_words(), tmp_path)
    assert (text.form, text.text_origin, text.pages and text.pages[-1]) == ("aligned", "ocr", 2)
    assert [re.split(" {2,}", line.strip()) for line in text.lines if line][:2] == [
        ["Insats", "Utfall"],
        ["Familjehem", "12 345"],
    ]


@needs_ocr
def test_hidden_text_on_a_scan_is_not_believed(tmp_path: Path) -> None:
    hidden = "BT 3 Tr /F1 12 Tf 60 675 Td (Familjehem 99 999) Tj ET"
    data = scanned(raw_pdf([words_at((60, 700, "Insats"), (250, 700, "12 345"), size=12)] * 2), behind=hidden)
    lines = _read(data, tmp_path).lines
    assert "12 345" in lines[0]
    assert not any("99 999" in line for line in lines)


def test_a_cover_picture_needs_no_ocr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    data = image_pdf(100, 100, texts=[None, words_at((50, 500, "Utfall"), (200, 500, "12"))])
    text = _read(data, tmp_path)
    assert [line.split() for line in text.lines] == [["Utfall", "12"]]
    assert text.text_origin == "native"
    assert text.notes == ("page 1 is a picture and was not read: the cover of a report that holds its text",)


def test_without_tesseract_a_scan_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    message = _refused(image_pdf(100, 100), tmp_path)
    assert "`tesseract`, which reads them, is not installed" in message
    assert "apt-get install tesseract-ocr tesseract-ocr-swe" in message


def test_without_swedish_data_a_scan_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "tesseract"
    program.write_text("#!/bin/sh\necho 'List of available languages (1):'\necho eng\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    message = _refused(image_pdf(100, 100), tmp_path)
    assert "has no data for the language 'swe'" in message
    assert "tesseract-ocr-swe" in message


def test_a_tesseract_that_fails_is_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "tesseract"
    program.write_text('#!/bin/sh\n[ "$1" = --list-langs ] && printf "eng\\nswe\\n" && exit 0\nexit 3\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "tesseract could not read the picture of a page" in _refused(image_pdf(100, 100), tmp_path)


@pytest.mark.parametrize(
    ("picture", "problem"),
    [({"width": 30_000, "height": 30_000}, "30,000 by 30,000 points"), ({"box": 14_000}, "too large for OCR")],
    ids=["picture of 900 million points", "page of five metres"],
)
def test_pictures_too_large_for_ocr(
    picture: dict[str, int], problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "tesseract"
    program.write_text('#!/bin/sh\nprintf "eng\\nswe\\n"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert problem in _refused(image_pdf(**{"width": 10, "height": 10, **picture}), tmp_path)


# -- what OCR is not sure of ------------------------------------------------------------------------------------------------


def _box(text: str, left: float, confidence: float = 95, line: int = 0) -> scan._Box:
    return scan._Box(text, left, left + 6 * len(text), 100, 110, confidence, line)


@pytest.mark.parametrize(
    ("swedish", "english", "again", "text", "sure"),
    [
        ([_box("123", 0)], [_box("123", 0)], "123", "123", True),
        ([_box("123", 0)], [_box("123", 0)], "128", "123", False),
        ([_box("123", 0)], [_box("128", 0)], "123", "128", False),
        ([_box("5,80", 0)], [_box("5,8%", 0)], "5,8%", "5,8%", True),
        ([_box("5,80", 0)], [_box("58%", 0)], "5,8%", "5,8%", True),
        ([_box("5,80", 0)], [_box("5.8%", 0)], "5,8%", "5,8%", True),
        ([_box("-6", 0)], [_box("6", 0)], "6", "6", False),
        ([_box("-6", 0)], [_box("-6", 0)], "6", "-6", True),
        ([], [_box("6", 0)], "6", "6", True),
        ([], [_box("6", 0)], "", "6", False),
        ([_box("1513", 0)], [_box("1", 0), _box("513", 8)], "1513", "1 513", True),
        ([_box("Växthus", 0)], [_box("Vaxthus", 0)], "", "Växthus", True),
        ([_box("sjöbod", 0)], [_box("sj6bod", 0)], "", "sjöbod", True),
        ([_box("Mars", 0, 30)], [_box("Mars", 0)], "", "Mars", False),
        ([_box("—", 0, 10)], [], "", "", True),
        ([_box("—", 0)], [_box("-", 0)], "", "-", True),
    ],
)
def test_readings_of_a_word(swedish: list[scan._Box], english: list[scan._Box], again: str, text: str, sure: bool) -> None:
    words = scan.combined(swedish, english, lambda places: [(again, "")] * len(places))
    assert " ".join(word.text for word in words) == text
    assert all((word.confidence or 0) >= pdf.DOUBTFUL for word in words) == sure


@pytest.mark.parametrize(
    ("page", "swedish", "again", "printed"),
    [
        ("7,3", "7,3", ("7,3", "7,3"), "7,3"),
        ("1.3", "1.3", ("7.3", "13"), None),  # alike on the page, and wrong
        ("1.3", "1.3", ("7.3", "7.3"), None),
        ("7.3", "1.3", ("7.3", "1.3"), None),  # two against two
        ("108%", "10820", ("10.8%", "10.8%"), "10.8%"),
        ("108%", "10820", ("10.8%", "108%"), None),  # one reading alone has a decimal sign
        ("10.8%", "10820", ("1.08%", "108%"), None),
        ("9.6%", "9,60", ("9,6%", ""), "9,6%"),
        ("-51", "-51", ("51", "91"), "-51"),
        ("-51", "51", ("51", "51"), None),
        ("51", "51", ("-51", "-51"), None),
        ("1.1.", "1.1.", ("1.1.", "11"), "1.1."),
        ("413111", "413111", ("413.111", "413111"), "413111"),
        ("413111", "413111", ("413.111", "413.111"), None),
        ("2030)", "2030)", ("20301", "2030)"), "2030)"),
        ("(2031-12-31):", "(2031-12-31):", ("2031-12-31", "(2031-12-31)"), "(2031-12-31):"),
        ("96,7**", "96,7**", ("96,7", "967*"), "96,7**"),
        ("967**", "967**", ("96,7", "96,7"), None),
        ("1.1.", "1.1", ("1.1.", "11"), None),
        ("$8750", "38750", ("38750", "38750"), "38750"),
        ("$8750", "38750", ("38750", "8750"), None),
    ],
)
def test_readings_of_a_figure(page: str, swedish: str, again: tuple[str, ...], printed: str | None) -> None:
    assert scan.agreed(page, swedish, again) == printed


def _with_doubt(choose: Callable[[Extraction], tuple[int, str]], folder: Path) -> ReportText:
    report = grids_of(LAYOUTS["norrtalje_plan"], 1)
    text = read_report(set_report(report).save(folder, report.expected.document_id))
    layout, variables = layout_of(text.document_id)
    line, word = choose(extract(text, layout, variables))
    return replace(text, doubts=(Doubt(line, word, 12.3),))


def test_a_doubtful_figure_is_refused_with_its_page(tmp_path: Path) -> None:
    def figure(extraction: Extraction) -> tuple[int, str]:
        cell = next(cell for cell in extraction.cells if cell.value is not None and cell.page_no == 2)
        return cell.line_no, cell.value_text.split()[0]

    text = _with_doubt(figure, tmp_path)
    with pytest.raises(ExtractionError, match=r"page 2 is read right \(confidence 12 of 100\)"):
        extract(text, *layout_of(text.document_id))


def test_a_doubtful_word_of_a_label_is_refused(tmp_path: Path) -> None:
    text = _with_doubt(lambda found: (found.cells[-1].line_no, found.cells[-1].row_label.split()[0]), tmp_path)
    with pytest.raises(ExtractionError, match="OCR is not sure"):
        extract(text, *layout_of(text.document_id))


def test_a_doubtful_word_outside_tables_is_no_harm(tmp_path: Path) -> None:
    text = _with_doubt(lambda _: (1, "12"), tmp_path)
    assert extract(text, *layout_of(text.document_id)).cells


@needs_ocr
def test_ocr_reads_nothing_into_an_empty_picture(tmp_path: Path) -> None:
    assert "no text" in _refused(image_pdf(600, 800), tmp_path)
