"""Layout files: each loads, and a wrong one is refused with its file and field before any report is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from report_writer import examples

from ingest.errors import LayoutError, ReportError
from ingest.layout import LAYOUT_DIR, Variables, layout_of, load_layout, load_layouts
from ingest.reading.rules import column_names, parse_expression

FILES = sorted(LAYOUT_DIR.glob("*.yml"))
Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_layout_loads(path: Path) -> None:
    layout = load_layout(path)
    assert layout.name == path.stem
    assert layout.tables
    keys = [table.key for table in layout.tables]
    assert len(set(keys)) == len(keys)
    for table in layout.tables:
        assert table.columns
        columns = [column.key for column in table.columns]
        assert len(set(columns)) == len(columns)
        for rule in (*table.rules, *table.checks):
            assert rule.reason.endswith(".")
            if rule.row:
                assert column_names(parse_expression(Variables(2031, 5).fill(rule.row))) <= set(columns)


def test_all_layouts_are_found_and_know_different_names() -> None:
    layouts = load_layouts()
    assert [layout.name for layout in layouts] == [path.stem for path in FILES]
    for layout in layouts:
        name = examples(layout.document_id, 1, {"year": "2031", "month": "05"})[0]
        found, variables = layout_of(name)
        assert found is layout
        assert (variables.year, variables.month) == (2031, 5 if "(?P<month>" in layout.document_id else None)


# -- wrong layouts ------------------------------------------------------------------------------------------------------

GOOD: dict[str, Any] = {
    "document_id": r"provby_(?P<year>\d{4})",
    "municipality_code": "9901",
    "municipality": "Provby",
    "board": "Socialnämnden",
    "kind": "plan",
    "title": "Plan {Y}",
    "period": "{Y}",
    "as_of": "{Y}-12-31",
    "vocabularies": {"department": ["Vuxna"]},
    "tables": [
        {
            "key": "drift",
            "title": "Drift",
            "subject": "running_costs",
            "unit": "tkr",
            "head": "Belopp Utfall Budget Avvikelse",
            "columns": [
                {"key": "department", "label": "Avdelning", "measure": "text", "words": "department"},
                {"key": "outcome", "label": "Utfall", "scenario": "outcome", "period": "{Y}"},
                {"key": "budget", "label": "Budget", "accepts": "department"},
                {"key": "deviation", "label": "Avvikelse", "measure": "deviation"},
            ],
            "rules": [{"name": "deviation", "kind": "deviation", "row": "deviation = outcome - budget", "reason": "Prov."}],
            "limits": ["0.1 <= outcome / budget <= 10"],
        }
    ],
}


LIMIT = {"name": "limit", "kind": "limit", "row": "outcome <= budget", "reason": "Prov."}


def _file(folder: Path, change: Change) -> Path:
    data = yaml.safe_load(yaml.safe_dump(GOOD))
    change(data)
    path = folder / "provby_plan.yml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return path


def _table(name: str, value: object) -> Change:
    return lambda data: data["tables"][0].__setitem__(name, value)


def _column(index: int, name: str, value: object) -> Change:
    return lambda data: data["tables"][0]["columns"][index].__setitem__(name, value)


def _rule(**fields: object) -> Change:
    return lambda data: data["tables"][0]["rules"].__setitem__(0, {"name": "rule", "kind": "total", "reason": "Prov."} | fields)


WRONG: dict[str, tuple[Change, str]] = {
    "unknown field": (lambda data: data.update(colour="red"), "colour: "),
    "unknown field of a table": (_table("colour", "red"), "tables.0.colour: "),
    "unknown field of a column": (_column(1, "colour", "red"), "tables.0.columns.1.colour: "),
    "missing field": (lambda data: data.pop("board"), "board: Field required"),
    "missing head": (lambda data: data["tables"][0].pop("head"), "tables.0.head: Field required"),
    "municipality code": (lambda data: data.update(municipality_code="181"), "municipality_code: "),
    "kind of report": (lambda data: data.update(kind="letter"), "kind: "),
    "unit": (_table("unit", "kkr"), "tables.0.unit: "),
    "cost sign": (_table("cost_sign", 2), "tables.0.cost_sign: "),
    "measure": (_column(1, "measure", "money"), "tables.0.columns.1.measure: "),
    "scenario": (_column(1, "scenario", "hope"), "tables.0.columns.1.scenario: "),
    "vocabulary": (_column(0, "words", "colours"), "table 'drift', column 'department': no vocabulary 'colours'"),
    "accepted vocabulary": (_column(2, "accepts", "colours"), "table 'drift', column 'budget': no vocabulary 'colours'"),
    "text without vocabulary": (lambda d: d["tables"][0]["columns"][0].pop("words"), "a text column needs `words`"),
    "rule without a name": (lambda data: data["tables"][0]["rules"][0].pop("name"), "tables.0.rules.0.name: "),
    "name of a rule": (_rule(name="Summa 1", row="deviation = outcome"), "tables.0.rules.0.name: "),
    "two rules of one name": (_table("checks", [GOOD["tables"][0]["rules"][0]]), "rule 'deviation' stands 2 times"),
    "limit that is exact": (_table("checks", [LIMIT | {"exact": True}]), "rule 'limit' is of kind limit, which is never exact"),
    "kind of rule": (_rule(kind="wish", row="deviation = outcome"), "tables.0.rules.0.kind: "),
    "rule without an axis": (_rule(), "a rule has one of `row`, `column` and `cell`"),
    "rule with two axes": (_rule(row="deviation = outcome", column="'A' = 'B'"), "a rule has one of `row`, `column` and `cell`"),
    "rule of one place": (_rule(cell="'A'.outcome = 'A'.budget"), "belongs in `checks`"),
    "rule of one document": (_rule(row="deviation = outcome", document="provby_2031"), "belongs in `checks`"),
    "total that is a limit": (_rule(row="deviation <= outcome"), "is of kind limit exactly when"),
    "limit that is a total": (_rule(kind="limit", row="deviation = outcome"), "is of kind limit exactly when"),
    "rule without a reason": (lambda data: data["tables"][0]["rules"][0].pop("reason"), "tables.0.rules.0.reason: "),
    "rule that is none": (_rule(row="outcome - budget"), "table 'drift', rule 'outcome - budget': is no identity"),
    "rule with an unknown sign": (_rule(row="deviation = outcome * budget"), "rule part 'outcome * budget': not understood"),
    "column rule that is none": (_rule(column="'A' = 'B"), "table 'drift', rule part"),
    "rule of an unknown column": (_rule(row="deviation = outcome - plan"), "speaks of a column 'plan'"),
    "rule in an unknown column": (_rule(column="'A' = 'B'", columns=["plan"]), "a rule holds in a column 'plan'"),
    "limit that is none": (_table("limits", ["outcome < budget"]), "table 'drift', limit 'outcome < budget': not understood"),
    "limit of an unknown column": (_table("limits", ["outcome <= plan"]), "speaks of a column 'plan'"),
    "pattern": (_table("until", "(Summa"), "table 'drift', until: '(Summa' is no pattern"),
    "pattern of a stop": (lambda data: data.update(stops=["^[A"]), "stops: '^[A' is no pattern"),
    "pattern of a row": (_table("rows", [{"match": "("}]), "table 'drift', rows: '(' is no pattern"),
    "pattern of the name": (lambda data: data.update(document_id="provby_("), "document_id: 'provby_(' is no pattern"),
    "name without a year": (lambda data: data.update(document_id=r"provby_\d{4}"), "document_id: has no group `year`"),
    "period": (lambda data: data.update(period="last year"), "period: 'last year' is no period"),
    "period of a column": (_column(1, "period", "{Y}-13-"), "table 'drift', column 'outcome', period: "),
}  # fmt: skip


def test_the_layout_that_the_wrong_ones_come_from_is_right(tmp_path: Path) -> None:
    assert load_layout(_file(tmp_path, lambda _: None)).name == "provby_plan"


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_layout_names_file_and_field(wrong: str, tmp_path: Path) -> None:
    change, words = WRONG[wrong]
    path = _file(tmp_path, change)
    with pytest.raises(LayoutError, match="What to do") as raised:
        load_layout(path)
    message = str(raised.value)
    assert message.startswith(f"{path}: ")
    assert words in message


def test_every_wrong_field_is_named_at_once(tmp_path: Path) -> None:
    def change(data: dict[str, Any]) -> None:
        data["tables"][0]["until"] = "("
        data["tables"][0]["columns"][0]["words"] = "colours"

    with pytest.raises(LayoutError) as raised:
        load_layout(_file(tmp_path, change))
    assert "until: '(' is no pattern" in str(raised.value)
    assert "no vocabulary 'colours'" in str(raised.value)


@pytest.mark.parametrize("text", [b"tables: [", b"\xff\xfe", b"- a list", b"", b"just text"])
def test_a_file_that_is_no_layout_is_named(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "provby_plan.yml"
    path.write_bytes(text)
    with pytest.raises(LayoutError, match="What to do") as raised:
        load_layouts(tmp_path)
    assert str(raised.value).startswith(f"{path}: ")


def test_yaml_anchors_have_a_place_of_their_own(tmp_path: Path) -> None:
    assert load_layout(_file(tmp_path, lambda data: data.update(shared={"anything": [1]}))).municipality == "Provby"


# -- variables ----------------------------------------------------------------------------------------------------------


def test_variables_fill_year_month_and_groups() -> None:
    variables = Variables(2031, 5)
    assert variables.fill("{Y-1}-01..{Y}-{M} {Mon} {Y+2}") == "2030-01..2031-05 Maj 2033"
    assert variables.fill("{1}/{2}", "a", "b") == "a/b"
    assert variables.fill(r"\d{4} {X}") == r"\d{4} {X}"
    assert Variables(2031, None).fill("{Mon} {Y}") == "{Mon} 2031"


def test_an_unknown_name_shows_the_known_ones() -> None:
    with pytest.raises(ReportError, match="no layout knows a report of this name") as raised:
        layout_of("nowhere_2031")
    assert all(path.stem in str(raised.value) for path in FILES)
