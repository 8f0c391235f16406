"""The comparison page: every figure is the warehouse's, nothing breaks out of its place, and nothing half is written."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from conftest import Run
from page_reader import ReadPage, ReadPanel, ReadRow, plain
from small_warehouse import small_warehouse

from ingest.errors import KommunlagerError
from publish.paths import PROJECT_DIR
from publish.products.page import page_path_of, write_page
from publish.products.page.render import MARTS

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def page(real_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> ReadPage:
    out = tmp_path_factory.mktemp("page") / "page.html"
    write_page(real_warehouse, out)
    return ReadPage(out.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def ask(real_warehouse: Path) -> Callable[[str], Rows]:
    def ask(query: str) -> Rows:
        with duckdb.connect(real_warehouse, read_only=True) as connection:
            result = connection.execute(query)
            names = [column[0] for column in result.description or []]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    return ask


@pytest.fixture
def copied(real_warehouse: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A copy of the warehouse that statements have changed."""

    def copied(statements: str) -> Path:
        path = tmp_path / "copy.duckdb"
        shutil.copyfile(real_warehouse, path)
        with duckdb.connect(path) as connection:
            connection.execute(statements)
        return path

    return copied


def swedish(value: Decimal | int | None, suffix: str = "", *, signed: bool = False) -> str:
    """Written here once more, from the digits: no figure is proved by the code that wrote it."""
    if value is None:
        return "–finns inte"
    digits = str(value)
    sign = "\u2212" if digits.startswith("-") else "+" if signed and value > 0 else ""
    whole, _, decimals = digits.lstrip("-").partition(".")
    groups = re.findall(r"\d{1,3}", whole[::-1])
    decimals = "" if not decimals.strip("0") else decimals if len(decimals) == 2 else decimals.rstrip("0")
    return sign + "\u00a0".join(groups)[::-1] + ("," + decimals if decimals else "") + suffix


PERCENT = "\u00a0%"


def one(rows: list[ReadRow]) -> ReadRow:
    assert len(rows) == 1
    return rows[0]


def when(row: dict[str, Any]) -> str:
    start, end = row["period_start"], row["period_end"]
    return {
        ("01-01", "12-31", 0): f"{end.year}",
        ("01-01", "08-31", 0): f"jan–aug {end.year}",
        ("01-01", "10-31", 0): f"jan–okt {end.year}",
        ("10-01", "10-31", 0): f"okt {end.year}",
        ("10-31", "10-31", 0): f"{end.year}-10-31",
        ("08-01", "08-31", 0): f"aug {end.year}",
        ("09-01", "08-31", 1): f"sep {start.year}–aug {end.year}",
    }[(f"{start:%m-%d}", f"{end:%m-%d}", end.year - start.year)]


# -- every figure ----------------------------------------------------------------------------------------------------------


def test_every_unit_cost_is_the_warehouses(page: ReadPage, ask: Callable[[str], Rows]) -> None:
    rows = ask("select * from marts.placement_unit_cost_comparison")
    panels = {tuple(panel.choice.values()): panel for panel in page.panels_of("dygnskostnad") if len(panel.choice) == 3}
    for row in rows:
        panel = panels[(row["placement_type_code"], when(row), row["comparison_basis"])]
        read = one([read for read in panel.tables[0].rows if read.head == row["municipality"]])
        if row["unit_cost_sek"] is None:
            assert read.values == [f"Ej publicerat. {row['not_published_reason']}"]
            assert read.source == ""
        else:
            figures = [swedish(row[name]) for name in ("unit_cost_sek", "volume_days", "cost_sek")]
            assert read.values[:4] == [*figures, swedish(row["difference_to_mean_percent"], PERCENT, signed=True)]
            assert ("redovisat" in read.values[4]) == (row["status"] == "reported")
        assert (row["comparability_note"] or "") in panel.text
    assert sum(len(panel.tables[0].rows) for panel in panels.values()) == len(rows)
    over_years = [panel for panel in page.panels_of("dygnskostnad") if len(panel.choice) == 1]
    published = sorted(swedish(row["unit_cost_sek"]) for row in rows if row["unit_cost_sek"] is not None)
    assert sorted(read.values[2] for panel in over_years for read in panel.tables[0].rows) == published


def test_every_net_cost_is_the_warehouses(page: ReadPage, ask: Callable[[str], Rows]) -> None:
    rows = ask("select * from marts.budget_comparison")
    read = [
        (read.head, *read.values) for panel in page.panels_of("budget") for read in panel.tables[0].rows if len(read.values) > 1
    ]
    names = {"outcome": "utfall", "forecast": "prognos", "budget": "budget", "plan": "plan"}
    expected = [
        (
            row["municipality"],
            when(row),
            names[row["scenario"]],
            swedish(row["net_cost_sek"]),
            swedish(row["budget_net_cost_sek"]),
            swedish(row["deviation_sek"], signed=True),
            swedish(row["deviation_percent"], PERCENT, signed=True),
            swedish(row["change_percent"], PERCENT, signed=True),
        )
        for row in rows
    ]
    assert sorted(read) == sorted(expected)
    for row in rows:
        assert any(row["comparability_note"] in panel.text for panel in page.panels_of("budget") if panel.key == str(row["year"]))
    everyone = {row["municipality"] for row in ask("select municipality from marts.dim_municipality")}
    for panel in page.panels_of("budget"):
        assert {read.head for read in panel.tables[0].rows} == everyone
    moved = ask("select * from marts.forecast_revision where line_role = 'net_cost' and breakdown = 'board_total'")
    amounts = [read.values[4] for panel in page.panels_of("budget") for table in panel.tables[1:] for read in table.rows]
    assert sorted(amounts) == sorted(swedish(row["amount_sek"]) for row in moved)


def test_every_effect_is_the_warehouses(page: ReadPage, ask: Callable[[str], Rows]) -> None:
    rows = ask("select * from marts.placement_price_volume_variance where is_latest")
    read = [tuple(read.values) for panel in page.panels_of("pris-volym") for read in panel.tables[0].rows if len(read.values) > 1]
    effects = ("volume_effect_sek", "price_effect_sek", "total_effect_sek")
    others = ("volume_days", "budget_volume_days", "unit_cost_sek", "budget_unit_cost_sek")
    expected = [(*(swedish(r[name], signed=True) for name in effects), *(swedish(r[name]) for name in others)) for r in rows]
    assert sorted(read) == sorted(expected)


def test_every_indicator_is_the_warehouses(page: ReadPage, ask: Callable[[str], Rows]) -> None:
    rows = ask(
        "select i.*, name_sv from marts.indicator_comparison as i left join marts.dim_indicator as d using (indicator_code)"
    )
    panels = page.panels_of("nyckeltal")
    read = {(read.head, *read.values) for panel in panels for read in panel.tables[0].rows if len(read.values) > 1}
    names = {"outcome": "utfall", "forecast": "prognos", "baseline": "ingående värde", "target": "mål"}
    for row in (row for row in rows if row["status"] != "not published"):
        unit = PERCENT if row["unit"] == "percent" else ""
        value = swedish(row["value"], unit) if row["value"] is not None else row["value_text"] or swedish(None)
        distance = swedish(row["distance_to_target"], unit.replace("%", "procentenheter"), signed=True)
        target = row["target_text"] or swedish(None)
        figures = (when(row), names[row["scenario"]], value, target, distance)
        found = [values for values in read if values[:7] == (row["municipality"], row["name_sv"], *figures)]
        assert len(found) == 1, row
        told = {"met": "nått", "not met": "inte nått", "no target": "inget mål"}.get(row["target_status"])
        if told and row["scenario"] == "outcome":
            assert found[0][7] == told
    for row in (row for row in rows if row["status"] == "not published"):
        own = [panel for panel in panels if panel.key.partition(" ")[0] == row["concept"]]
        assert own
        for panel in own:
            said = [r.values[0] for r in panel.tables[0].rows if r.head == row["municipality"] and len(r.values) == 1]
            assert any(text.startswith("Ej publicerat. ") and text.endswith(row["not_published_reason"]) for text in said)


def test_every_municipality_is_in_every_table_of_indicators(page: ReadPage) -> None:
    panels = page.panels_of("nyckeltal")
    for panel in panels:
        assert {read.head for read in panel.tables[0].rows} == {"Alingsås", "Norrtälje", "Södertälje"}
    (elsewhere,) = [panel for panel in panels if panel.key == "return_to_income_support antal"]
    assert "Ej" not in elsewhere.tables[0].caption
    assert elsewhere.tables[0].rows[0].values == ["Redovisas annorlunda: i procent, se det nyckeltalet."]


def test_every_check_is_counted_and_every_difference_told(page: ReadPage, ask: Callable[[str], Rows]) -> None:
    counts = ask(
        """select title || ', ' || municipality as name, count(*) as n, count(*) filter (status = 'agrees') as agree
        from marts.reconciliation join marts.dim_document using (document_id) group by 1"""
    )
    first, *others = one_panel(page, "avstamning").tables
    assert {(read.head, *read.values[:2]) for read in first.rows} == {
        (row["name"], swedish(row["n"]), swedish(row["agree"])) for row in counts
    }
    found = ask("select * from marts.reconciliation where status not in ('agrees', 'rounding', 'note')")
    told = sorted((read.values[2], read.values[6]) for table in others[:-1] for read in table.rows)
    assert told == sorted((swedish(row["printed"]), row["reason"]) for row in found)
    guarded = ask("select * from marts.reconciliation_coverage_by_subject")
    assert sorted(read.values[0] for read in others[-1].rows) == sorted(swedish(row["numbers"]) for row in guarded)


def test_what_is_published_is_what_coverage_says(page: ReadPage, ask: Callable[[str], Rows]) -> None:
    rows = ask(
        """select subject_name, municipality, sum(cell_count)::integer as n from marts.coverage group by all
        order by subject_name, municipality"""
    )
    (table,) = one_panel(page, "publicerat").tables
    read = {(row.head, name): value for row in table.rows for name, value in zip(table.heads[1:], row.values, strict=True)}
    assert len(read) == len(rows)
    for row in rows:
        value = read[(row["subject_name"], row["municipality"])]
        assert f"{swedish(row['n'])} tal i " in value if row["n"] else value == "ej publicerat"


def test_under_every_figure_are_the_cells_it_comes_from(page: ReadPage, ask: Callable[[str], Rows]) -> None:
    cells = {row["cell_id"]: row for row in ask("select * from raw.table_cell")}
    cited = 0
    for panel in page.panels:
        if panel.section in ("avstamning", "publicerat"):
            continue
        for read in (read for table in panel.tables for read in table.rows):
            if len(read.values) == 1:
                assert read.values[0].startswith(("Ej publicerat. ", "Redovisas annorlunda: "))
                continue
            source = plain(read.source)
            parts = re.findall(r"Rad (\d+): tryckt (.*?) \(([^()]+(?:\([^()]*\))?)\), ”.*? (\S+/\d+/\d+/\d+)(?= |$)", source)
            assert parts, (panel.key, read)
            for line_no, printed, _, cell_id in parts:
                assert cells[cell_id]["line_no"] == int(line_no)
                assert plain(cells[cell_id]["value_text"]) == printed
            cited += len(parts)
            assert source.count(": tryckt ") == len(parts)
    (asked,) = ask("select sum(len(cell_ids))::integer as n from marts.placement_unit_cost_comparison")
    assert cited > 2 * asked["n"]


def test_known_errors_stand_with_the_figure(page: ReadPage, ask: Callable[[str], Rows]) -> None:
    errors = {
        row["cell_id"]: row["reason"] for row in ask("select * from marts.reconciliation where status = 'reviewed warning'")
    }
    days = next(cell for cell in errors if cell.startswith("sodertalje"))
    shown = [read for panel in page.panels for table in panel.tables for read in table.rows if days in read.source]
    assert shown
    assert all(f"Att veta: {errors[days]}" in plain(read.source) for read in shown)


def test_a_report_that_is_missing_is_told_of(copied: Callable[[str], Path], page: ReadPage, tmp_path: Path) -> None:
    assert "Rapporter som saknas" not in page.text
    warehouse = copied(
        """insert into marts.missing_report (file_name, document_id, municipality_code, municipality, step, reason,
            is_earlier_version_held)
        values ('ny_2025.pdf', 'ny_2025', '1489', 'Alingsås', 'gate', 'a check failed', true);
        update marts.coverage set missing_report_count = 1 where municipality = 'Alingsås'"""
    )
    write_page(warehouse, tmp_path / "page.html")
    told = ReadPage((tmp_path / "page.html").read_text(encoding="utf-8"))
    said = "ny_2025.pdf, Alingsås: klarade inte kontrollen av det lästa. En tidigare version finns i lagret."
    assert said in told.text
    (table,) = one_panel(told, "publicerat").tables
    values = [row.values[table.heads.index("Alingsås") - 1] for row in table.rows]
    assert "ej publicerat" not in values
    assert any(value.startswith("ej publicerat") and value.endswith("saknas i lagret: 1") for value in values)


def one_panel(page: ReadPage, section: str) -> ReadPanel:
    (panel,) = page.panels_of(section)
    return panel


def test_population_is_koladas_and_the_cost_per_inhabitant_ours(copied: Callable[[str], Path], tmp_path: Path) -> None:
    warehouse = copied(
        "update marts.budget_comparison set inhabitants = 65432, net_cost_per_inhabitant_sek = -5456.75 "
        "where municipality = 'Norrtälje' and year = 2024 and scenario = 'outcome' and month(period_end) = 12"
    )
    write_page(warehouse, tmp_path / "page.html")
    page = ReadPage((tmp_path / "page.html").read_text(encoding="utf-8"))
    table = next(panel for panel in page.panels_of("budget") if panel.key == "2024").tables[0]
    read = one([read for read in table.rows if read.values[-1] == "\u22125\u00a0456,75"])
    assert table.heads[-1] == "Kronor per invånare"
    assert "65\u00a0432. Källa: Kolada." in read.source
    assert "Kronor per invånare är vår beräkning." in read.source


# -- the file --------------------------------------------------------------------------------------------------------------


def test_the_page_needs_nothing_and_may_ask_for_nothing(page: ReadPage, real_warehouse: Path, tmp_path: Path) -> None:
    assert write_page(real_warehouse, tmp_path / "page.html")["bytes"] < 3_000_000
    assert not {tag for tag, _ in page.tags} & {"link", "img", "iframe", "object", "embed", "base", "audio", "video"}
    for tag, attributes in page.tags:
        assert not {"src", "style", "srcset"} & set(attributes), tag
        assert not [name for name in attributes if name.startswith("on")], tag
        assert attributes.get("href", "#").startswith("#")
    (policy,) = [found["content"] for tag, found in page.tags if found.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in policy
    run = [text for kind, text in page.scripts if kind != "application/json"]
    assert len(run) == 2
    assert rules["script-src"].split() == [hashed(text) for text in run]
    assert rules["style-src"].split() == [hashed(text) for text in page.styles]
    assert not re.search(r"@import|url\(", "".join(page.styles))


def hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_page_can_be_read_by_ear(page: ReadPage) -> None:
    headings = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(headings))
    tags = [tag for tag, _ in page.tags]
    assert ("html", {"lang": "sv"}) in page.tags
    assert tags.count("main") == tags.count("nav") == tags.count("header") == 1
    assert tags.count("table") == tags.count("caption")
    labels = sum(1 for tag in tags if tag == "label")
    assert labels == tags.count("select") > 0
    assert all("scope" in found for tag, found in page.tags if tag == "th")
    ids = [found["id"] for _, found in page.tags if "id" in found]
    assert len(ids) == len(set(ids))
    assert all(found["aria-labelledby"] in ids for tag, found in page.tags if tag == "section")
    assert all(found["href"][1:] in ids for tag, found in page.tags if tag == "a")
    plots = [found for _, found in page.tags if found.get("class") == "plot"]
    assert plots
    assert all(found["role"] == "img" and found["aria-label"] for found in plots)


def test_signs_vintages_grades_and_what_is_not_published_are_explained(page: ReadPage) -> None:
    for term in ("Tecken", "Redovisat, beräknat", "Ej publicerat", "Jämförbarhet", "Samma uppgift i flera rapporter"):
        assert page.text.count(term) >= 1
    for grade in ("Samma definition", "Nästan samma", "En fingervisning", "Bara en kommun"):
        assert grade in page.text


HOSTILE = """</script></style><b>x</b><img src=x onerror="window.hacked=1">'"&amp;{{7*7}}{% raw %}<!--<script>"""


def hostile_statements() -> str:
    """Every text of a report or seed that the page shows begins with what would break out of HTML, JSON or the template."""
    quoted = HOSTILE.replace("'", "''")
    named = (
        "budget_comparison", "coverage", "dim_document", "dim_municipality", "forecast_revision", "indicator_comparison",
        "placement_price_volume_variance", "placement_unit_cost_comparison",
    )  # fmt: skip
    texts = [(f"marts.{mart}", "municipality") for mart in named]
    texts += [("marts.dim_placement_type", "name_sv"), ("marts.placement_price_volume_variance", "placement_type")]
    texts += [("marts.dim_indicator", "name_sv"), ("marts.dim_document", "title"), ("marts.coverage", "subject_name")]
    texts += [("marts.placement_unit_cost_comparison", name) for name in ("comparability_note", "not_published_reason")]
    texts += [("marts.budget_comparison", "comparability_note")]
    texts += [("marts.indicator_comparison", name) for name in ("comparability_note", "definition", "target_text", "value_text")]
    texts += [("marts.reconciliation", name) for name in ("row_label", "column_label", "reason")]
    texts += [("raw.table_cell", name) for name in ("row_label", "column_label", "table_title", "value_text")]
    texts += [("raw.document", name) for name in ("title", "municipality", "board")]
    return ";".join(f"update {table} set {column} = '{quoted}' || {column} where {column} is not null" for table, column in texts)


def test_no_text_breaks_out_of_its_place(copied: Callable[[str], Path], page: ReadPage, tmp_path: Path) -> None:
    write_page(copied(hostile_statements()), tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    hostile = ReadPage(text)
    assert [tag for tag, _ in hostile.tags] == [tag for tag, _ in page.tags]
    assert HOSTILE in hostile.panels[0].text
    (specifications,) = [json.loads(script) for kind, script in hostile.scripts if kind == "application/json"]
    assert HOSTILE in json.dumps(specifications["unit-cost"]["spec"], ensure_ascii=False).replace('\\"', '"')
    assert [script for kind, script in hostile.scripts if not kind] == [script for kind, script in page.scripts if not kind]


def test_a_warehouse_without_rows_says_so(copied: Callable[[str], Path], tmp_path: Path) -> None:
    empty = ("budget_comparison", "coverage", "indicator_comparison", "placement_price_volume_variance")
    marts = (*empty, "placement_unit_cost_comparison", "forecast_revision")
    write_page(copied(";".join(f"delete from marts.{mart}" for mart in marts)), tmp_path / "page.html")
    text = ReadPage((tmp_path / "page.html").read_text(encoding="utf-8")).text
    assert text.count("Lagret har inga uppgifter om detta.") == 5


def test_the_command_writes_the_same_bytes_twice(real_warehouse: Path, tmp_path: Path, run: Run) -> None:
    before = real_warehouse.read_bytes()
    out = tmp_path / "new" / "page.html"
    facts = run("page", "--database", real_warehouse, "--out", out, "--json")
    assert facts.returncode == 0, facts.stderr
    first = out.read_bytes()
    assert json.loads(facts.stdout) == {"out": str(out), "bytes": len(first), "sha256": hashlib.sha256(first).hexdigest()}
    assert run("page", "--database", real_warehouse, "--out", out).returncode == 0
    assert out.read_bytes() == first
    assert [file.name for file in out.parent.iterdir()] == ["page.html"]
    assert real_warehouse.read_bytes() == before
    assert page_path_of(real_warehouse).name == "kommunlager_jamforelse.html"


def test_only_a_page_is_replaced_and_nothing_half_is_left(
    real_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "page.html"
    for foreign in (b"a letter", b""):
        out.write_bytes(foreign)
        with pytest.raises(KommunlagerError, match="is no page that could be replaced"):
            write_page(real_warehouse, out)
        assert out.read_bytes() == foreign
    out.unlink()
    out.mkdir()
    with pytest.raises(KommunlagerError, match="is no page"):
        write_page(real_warehouse, out)
    out.rmdir()
    write_page(real_warehouse, out)
    first = out.read_bytes()

    def full(_from: object, _to: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(KommunlagerError, match="the disk is full"):
        write_page(real_warehouse, out)
    assert out.read_bytes() == first
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]


def test_a_warehouse_without_the_marts_is_an_error_that_names_them(tmp_path: Path, run: Run) -> None:
    path = small_warehouse(tmp_path / "kommunlager.duckdb")
    result = run("page", "--database", path)
    assert result.returncode == 1
    assert "marts.placement_unit_cost_comparison" in result.stderr
    assert "kommunlager build" in result.stderr
    assert not page_path_of(path).exists()


def test_the_exposure_names_what_the_page_is_made_from() -> None:
    exposures = yaml.safe_load((PROJECT_DIR / "models" / "marts" / "_exposures.yml").read_text(encoding="utf-8"))["exposures"]
    (own,) = [exposure for exposure in exposures if exposure["name"] == "comparison_page"]
    assert {re.sub(r"ref\('(.*)'\)", r"\1", reference) for reference in own["depends_on"]} == set(MARTS)
