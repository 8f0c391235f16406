"""The comparison page in a real browser: nothing leaves it, choices change chart and table, sources open, it prints, it fits."""

from __future__ import annotations

import io
import json
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pypdfium2
import pytest
from page_reader import ReadPage
from test_page import HOSTILE, hostile_statements

from publish.products.page import write_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
playwright = pytest.importorskip("playwright.sync_api", reason="the page is not tried in a browser: Playwright is not installed")

pytestmark = [
    pytest.mark.skipif(
        CHROMIUM is None, reason="the page is not tried in a browser: there is no Chromium (apt-get install chromium)"
    ),
]

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Opened:
    """A page in the browser, and what it asked for and complained of."""

    page: Any
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def panel(self, section: str, block: int = 0) -> Any:
        return self.page.locator(f"#{section}-{block} .panel:visible")

    def plot(self, section: str, block: int = 0) -> Any:
        return self.page.locator(f"#{section}-{block} .plot")

    def drawn(self, section: str, block: int = 0) -> str:
        """The texts in a chart."""
        return " ".join(self.plot(section, block).locator("svg text").all_text_contents())

    def overflow(self) -> int:
        """Pixels by which the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()


@pytest.fixture(scope="module")
def written(real_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("page") / "page.html"
    write_page(real_warehouse, out)
    return out


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Opened]]:
    """Opens a page's file without a network; at the end nothing has been asked for and nothing complained of."""
    all_opened: list[tuple[Opened, str]] = []
    contexts = []

    def opened(file: Path, **options: Any) -> Opened:
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        found = Opened(context.new_page())
        context.route(re.compile(r"^(?!file:)"), lambda route: route.abort())
        context.on("request", lambda request: found.asked.append(request.url))
        found.page.on("console", lambda said: found.complaints.append(said.text) if said.type == "error" else None)
        found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
        found.page.on("dialog", lambda dialog: found.complaints.append(dialog.message))
        found.page.goto(file.as_uri())
        if options.get("java_script_enabled", True):
            found.page.wait_for_function(
                "document.querySelectorAll('.plot svg').length === document.querySelectorAll('.plot').length"
            )
        all_opened.append((found, file.as_uri()))
        return found

    yield opened
    for found, address in all_opened:
        assert found.asked == [address]
        assert found.complaints == []
    for context in contexts:
        context.close()


def test_every_chart_is_drawn_and_nothing_leaves_the_page(opened: Callable[..., Opened], written: Path) -> None:
    found = opened(written)
    assert found.page.locator(".plot svg").count() == 6
    for section in ("dygnskostnad", "budget", "pris-volym", "nyckeltal", "avstamning"):
        assert found.plot(section).locator("svg path").count() > 5
        assert found.panel(section).count() == 1
    assert "ej publicerat" in found.drawn("dygnskostnad")


def test_the_pages_policy_forbids_what_its_scripts_do_not_do(browser: Any, written: Path) -> None:
    context = browser.new_context()  # with a network: it is the policy that refuses
    page = context.new_page()
    page.goto(written.as_uri())
    page.evaluate(
        "addEventListener('securitypolicyviolation', (event) => (window.refused ??= []).push(event.effectiveDirective))"
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        page.evaluate(f"fetch('{address}').catch(() => null)")
        page.evaluate(f"document.body.append(Object.assign(new Image(), {{src: '{address}/a.png'}}))")
        page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))")
        page.wait_for_function("window.refused?.length === 3")
        listening.settimeout(0.3)
        with pytest.raises(TimeoutError):
            listening.accept()
    assert set(page.evaluate("window.refused")) == {"connect-src", "img-src", "script-src-elem"}
    assert page.evaluate("window.ran") is None
    context.close()


def test_each_type_has_its_chart_and_table(opened: Callable[..., Opened], written: Path, real_warehouse: Path) -> None:
    found = opened(written)
    choice = found.page.get_by_label("Insats", exact=True)
    codes = choice.locator("option").evaluate_all("(options) => options.map((option) => option.value)")
    with duckdb.connect(real_warehouse, read_only=True) as connection:
        known = dict(connection.execute("select placement_type_code, name_sv from marts.dim_placement_type").fetchall())
    assert set(codes) == set(known)
    for code in reversed(codes):
        choice.select_option(code)
        panel = found.panel("dygnskostnad")
        assert panel.count() == 1
        assert known[code] in panel.locator("caption").first.text_content()
        assert known[code] in found.page.locator("#dygnskostnad .status").text_content()
        assert known[code] in found.plot("dygnskostnad").get_attribute("aria-label")
        prices = panel.locator("tbody tr:not(.under) td.number:nth-of-type(1)").all_text_contents()
        assert prices
        for price in prices:
            found.plot("dygnskostnad").locator("svg text", has_text=re.compile(rf"^{price} kr")).first.wait_for()
        assert found.drawn("dygnskostnad").count(" kr (") == len(prices)
        assert json.loads(found.panel("dygnskostnad", 1).get_attribute("data-choice")) == {"type": code}


def test_a_choice_that_is_not_there_moves_the_others_and_says_so(opened: Callable[..., Opened], written: Path) -> None:
    found = opened(written)
    assert found.page.get_by_label("År eller period", exact=True).input_value() == "2024"
    found.page.get_by_label("Jämför", exact=True).select_option("plan")
    assert found.page.get_by_label("År eller period", exact=True).input_value() in ("2027", "2028")
    assert "det närmaste visas" in found.page.locator("#dygnskostnad .status").text_content()
    assert found.page.locator("#dygnskostnad .status").get_attribute("role") == "status"


def test_every_other_choice_shows_one_panel(opened: Callable[..., Opened], written: Path) -> None:
    found = opened(written)
    for section, label in (("budget", "År"), ("pris-volym", "Vad som ställs mot budget"), ("nyckeltal", "Nyckeltal")):
        choice = found.page.locator(f"#{section}").get_by_label(label, exact=True)
        for value in choice.locator("option").evaluate_all("(options) => options.map((option) => option.value)"):
            choice.select_option(value)
            assert found.panel(section).get_attribute("data-panel") == value
            shown = found.page.locator(f"#{section} figcaption:visible")
            assert shown.evaluate_all("(found) => found.map((one) => one.dataset.panel)") == [value]
    found.page.wait_for_timeout(200)


def test_a_source_opens_from_the_keyboard(opened: Callable[..., Opened], written: Path) -> None:
    found = opened(written)
    found.page.keyboard.press("Tab")
    assert found.page.evaluate("document.activeElement.className") == "skip"
    found.page.get_by_label("Insats", exact=True).focus()
    found.page.keyboard.press("ArrowDown")
    assert (
        found.panel("dygnskostnad").get_attribute("data-panel").split()[0]
        == found.page.get_by_label("Insats", exact=True).input_value()
    )
    for _ in range(12):
        found.page.keyboard.press("Tab")
        if found.page.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
    source = found.panel("dygnskostnad").locator("details.source").first
    printed = source.locator("b").first
    assert not printed.is_visible()
    found.page.keyboard.press("Enter")
    assert printed.is_visible()
    assert re.search(r"Rad \d+: tryckt ", source.text_content())
    outline = found.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    found.page.keyboard.press("Enter")
    assert not printed.is_visible()


@pytest.mark.parametrize("width", [390, 320])
def test_a_phone_shows_everything_within_its_width(opened: Callable[..., Opened], written: Path, width: int) -> None:
    found = opened(written, viewport={"width": width, "height": 800})
    assert found.overflow() == 0
    value = found.panel("dygnskostnad").locator("td.number").first
    assert value.get_attribute("data-head") == "Kronor per dygn"
    assert value.get_attribute("role") == "cell"
    found.page.evaluate("document.querySelectorAll('details').forEach((details) => (details.open = true))")
    assert found.overflow() == 0
    # Turned to a wide window, a chart takes the room there is.
    narrow = found.plot("budget").bounding_box()["width"]
    found.page.set_viewport_size({"width": 900, "height": 500})
    found.page.wait_for_function("(narrow) => document.querySelector('#budget-0 svg').clientWidth > narrow + 200", arg=narrow)
    assert found.overflow() == 0


def test_paper_is_a4_with_the_chosen_tables_and_their_sources(opened: Callable[..., Opened], written: Path) -> None:
    found = opened(written)
    found.page.get_by_label("Insats", exact=True).select_option("protected_housing")
    row = found.panel("dygnskostnad").locator("tbody tr.sourced").first
    price, source = row.locator("td").first.text_content(), found.panel("dygnskostnad").locator("summary").first.text_content()
    pdf = pypdfium2.PdfDocument(io.BytesIO(found.page.pdf(prefer_css_page_size=True)))
    assert [round(side) for side in pdf[0].get_size()] == [595, 842]
    assert 4 < len(pdf) < 20
    text = re.sub(r"\s+", " ", " ".join(page.get_textpage().get_text_range() for page in pdf))
    assert re.sub(r"\s+", " ", price) in text
    assert "Skyddat boende" in text
    assert source.partition("Källa: ")[2] in text
    assert "Välj" not in text
    found.page.set_viewport_size({"width": 688, "height": 1000})
    found.page.emulate_media(media="print")
    assert found.overflow() == 0


def test_without_scripts_every_table_is_there(opened: Callable[..., Opened], written: Path) -> None:
    found = opened(written, java_script_enabled=False)
    panels = len(ReadPage(written.read_text(encoding="utf-8")).panels)
    assert found.page.locator(".panel:visible").count() == panels
    assert found.page.locator("select:visible").count() == 0


def test_texts_of_reports_stay_texts(opened: Callable[..., Opened], written: Path, real_warehouse: Path, tmp_path: Path) -> None:
    hostile = tmp_path / "hostile.duckdb"
    shutil.copyfile(real_warehouse, hostile)
    with duckdb.connect(hostile) as connection:
        connection.execute(hostile_statements())
    write_page(hostile, tmp_path / "page.html")
    found = opened(tmp_path / "page.html")
    assert found.page.evaluate("window.hacked") is None
    assert found.page.locator("img").count() == 0
    assert HOSTILE in found.panel("dygnskostnad").locator("tbody th").first.text_content()
    assert HOSTILE in found.drawn("dygnskostnad")
    assert found.page.locator(".plot svg").count() == 6
