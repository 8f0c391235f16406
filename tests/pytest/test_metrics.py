"""The metrics of the semantic layer, asked through MetricFlow's engine (it comes with dbt-core) over a few invented rows."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup
from mf_command import mf, project_copy

from publish.paths import PROJECT_DIR

# One worker for all: what they share takes long to make.
pytestmark = pytest.mark.xdist_group("metrics")

Ask = Callable[..., set[tuple[Any, ...]]]

MARTS = """
create schema marts;
create table marts.dim_municipality as
    select * from (values ('1', 'Ettköping', 'Län'), ('2', 'Tvåköping', 'Län')) as t (municipality_code, municipality, county);
create table marts.dim_placement_type as
    select * from (values ('child', 'Barn', 'child'), ('adult', 'Vuxna', 'adult'), ('foster', 'Familjehem', 'child'))
    as t (placement_type_code, name_sv, target_group);
create table marts.dim_day as
    select unnest(generate_series(date '2023-01-01', date '2025-12-31', interval 1 day))::date as date_day;
create table marts.placement_unit_cost_comparison as select * from (values
    ('1', 'child', 'group', 'outcome', 'outcome', date '2024-01-01', date '2024-12-31', 10.00, 1000.00),
    ('1', 'child', 'group', 'outcome', 'outcome', date '2023-01-01', date '2023-12-31', 30.00, 1000.00),
    ('1', 'adult', 'group', 'outcome', 'outcome', date '2024-01-01', date '2024-12-31', 20.00, 6000.00),
    ('2', 'child', 'group', 'outcome', 'forecast', date '2024-01-01', date '2024-12-31', 10.00, 2000.00),
    ('2', 'adult', 'group', 'outcome', 'outcome', date '2024-01-01', date '2024-12-31', null, 50.00),
    -- What must not be added to them: a type below its group, a budget.
    ('1', 'foster', 'type', 'outcome', 'outcome', date '2024-01-01', date '2024-12-31', 4.00, 800.00),
    ('1', 'child', 'group', 'budget', 'budget', date '2024-01-01', date '2024-12-31', 8.00, 400.00),
    -- What the metrics leave out: a part of the year.
    ('1', 'child', 'group', 'outcome', 'outcome', date '2024-01-01', date '2024-08-31', 10.00, 1000.00)
) as t (municipality_code, placement_type_code, placement_level, comparison_basis, scenario, period_start, period_end,
        volume_days, cost_sek);
alter table marts.placement_unit_cost_comparison add column status varchar;
alter table marts.placement_unit_cost_comparison add column comparability varchar;
create table marts.budget_comparison as select * from (values
    ('1', 'outcome', date '2024-01-01', date '2024-12-31', -110.00, -100.00, -10.00),
    ('1', 'outcome', date '2023-01-01', date '2023-12-31', -90.00, null, null),
    -- What must not be added to them: a forecast, a budget.
    ('1', 'forecast', date '2024-01-01', date '2024-12-31', -105.00, -100.00, -5.00),
    ('1', 'budget', date '2024-01-01', date '2024-12-31', -100.00, null, null),
    -- What the metrics leave out: a part of the year.
    ('1', 'outcome', date '2024-01-01', date '2024-08-31', -70.00, -60.00, -10.00)
) as t (municipality_code, scenario, period_start, period_end, net_cost_sek, budget_net_cost_sek, deviation_sek);
"""

MUNICIPALITY, TYPE, YEAR = "municipality__municipality_name", "placement_type__placement_type_name", "metric_time__year"
SCENARIO = "placement__scenario"
OUTCOMES = "{{ Dimension('placement__comparison_basis') }} = 'outcome'"
GROUPS = OUTCOMES + " and {{ Dimension('placement__placement_level') }} = 'group'"


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Asks for metrics by dimensions: a set of rows, each with its dimensions (a year as its number) and then the metrics."""
    work = tmp_path_factory.mktemp("metrics")
    database = work / "k.duckdb"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "dbt.cli.main", "parse", "--quiet", "--no-partial-parse"),
            *("--project-dir", PROJECT_DIR, "--profiles-dir", PROJECT_DIR, "--target-path", work, "--log-path", work),
        ],
        cwd=PROJECT_DIR,
        env={**os.environ, "KOMMUNLAGER_DATABASE": str(database), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    manifest = parse_manifest_from_dbt_generated_manifest((work / "semantic_manifest.json").read_text(encoding="utf-8"))
    dialect: Any = SimpleNamespace(sql_engine_type=SqlEngine.DUCKDB, sql_plan_renderer=DuckDbSqlPlanRenderer())
    engine = MetricFlowEngine(SemanticManifestLookup(manifest), dialect)
    connection = duckdb.connect(database)
    connection.execute(MARTS)

    def ask(metrics: list[str], by: list[str], where: str | None = None) -> set[tuple[Any, ...]]:
        conditions = [where] if where else None
        request = MetricFlowQueryRequest.create(metric_names=metrics, group_by_names=by, where_constraints=conditions)
        answer = connection.execute(engine.explain(request).sql_statement.sql)
        assert answer.description
        columns = [column[0] for column in answer.description]
        order = [columns.index(name) for name in (*by, *metrics)]
        rows = [[row[index] for index in order] for row in answer.fetchall()]
        return {tuple(value.year if hasattr(value, "year") else value for value in row) for row in rows}

    return ask


def test_days_and_cost_are_those_of_whole_years(ask: Ask) -> None:
    assert ask(["volume_days", "cost"], [MUNICIPALITY, YEAR], GROUPS) == {
        ("Ettköping", 2023, 30, 1000),
        ("Ettköping", 2024, 30, 7000),
        ("Tvåköping", 2024, 10, 2050),
    }


def test_every_scenario_and_type_can_be_asked_for(ask: Ask) -> None:
    assert ask(["volume_days", "cost", "unit_cost"], [MUNICIPALITY, TYPE, SCENARIO, YEAR]) == {
        ("Ettköping", "Barn", "outcome", 2023, 30, 1000, 1000 / 30),
        ("Ettköping", "Barn", "outcome", 2024, 10, 1000, 100),
        ("Ettköping", "Barn", "budget", 2024, 8, 400, 50),
        ("Ettköping", "Familjehem", "outcome", 2024, 4, 800, 200),
        ("Ettköping", "Vuxna", "outcome", 2024, 20, 6000, 300),
        ("Tvåköping", "Barn", "forecast", 2024, 10, 2000, 200),
        ("Tvåköping", "Vuxna", "outcome", 2024, None, 50, None),
    }


def test_scenarios_and_levels_are_never_added_up(ask: Ask) -> None:
    assert ask(["volume_days", "cost"], [MUNICIPALITY, YEAR]) == {
        ("Ettköping", 2023, 30, 1000),
        ("Ettköping", 2024, None, None),  # budget beside outcome, a type beside its group
        ("Tvåköping", 2024, 10, 2050),
    }
    assert ask(["unit_cost"], [TYPE, YEAR]) == {
        ("Barn", 2023, 1000 / 30),
        ("Barn", 2024, None),
        ("Familjehem", 2024, 200),
        ("Vuxna", 2024, 300),
    }


def test_a_unit_cost_is_weighted_with_days(ask: Ask) -> None:
    assert ask(["unit_cost"], [MUNICIPALITY, TYPE], GROUPS) == {
        ("Ettköping", "Barn", 50),
        ("Ettköping", "Vuxna", 300),
        ("Tvåköping", "Barn", 200),
        ("Tvåköping", "Vuxna", None),  # a cost without days is no price
    }
    assert ask(["unit_cost"], [TYPE], GROUPS) == {("Barn", 80), ("Vuxna", 300)}


def test_types_are_never_mixed_into_one_price(ask: Ask) -> None:
    assert ask(["unit_cost"], [MUNICIPALITY], OUTCOMES) == {("Ettköping", None), ("Tvåköping", 200)}


def test_net_cost_and_its_deviation_are_those_of_whole_years(ask: Ask) -> None:
    assert ask(["net_cost", "budget_deviation_percent"], [MUNICIPALITY, "budget__scenario", YEAR]) == {
        ("Ettköping", "outcome", 2024, -110, -10),
        ("Ettköping", "outcome", 2023, -90, None),
        ("Ettköping", "forecast", 2024, -105, -5),
        ("Ettköping", "budget", 2024, -100, None),
    }
    assert ask(["net_cost", "budget_deviation_percent"], [MUNICIPALITY, YEAR]) == {
        ("Ettköping", 2024, None, None),
        ("Ettköping", 2023, -90, None),
    }


def test_metrics_of_both_subjects_meet_in_the_municipality(ask: Ask) -> None:
    whole = ask(["cost", "net_cost"], [MUNICIPALITY, YEAR])
    assert whole == {("Ettköping", 2023, 1000, -90), ("Ettköping", 2024, None, None), ("Tvåköping", 2024, 2050, None)}


def test_mf_reads_the_published_warehouse_and_leaves_it_as_it_is(tmp_path: Path) -> None:
    """`make metrics` and `mf query`, as the README has them, in a copy of the project."""
    pytest.importorskip("dbt_metricflow", reason="mf is not installed: its extra is `metrics`")
    project_copy(tmp_path)
    warehouse = tmp_path / "warehouse" / "kommunlager.duckdb"
    warehouse.parent.mkdir()
    with duckdb.connect(warehouse) as connection:
        connection.execute(MARTS)
    before = warehouse.read_bytes()

    mf(tmp_path, ["parse", "--quiet"], module="dbt.cli.main")
    with duckdb.connect(warehouse, read_only=True):  # beside a reader: it does not write
        query = ["query", "--metrics", "unit_cost", "--group-by", f"{MUNICIPALITY},{TYPE},{SCENARIO}"]
        mf(tmp_path, [*query, "--where", GROUPS, "--csv", "answer.csv"])
    rows = (tmp_path / "answer.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == f"{SCENARIO},{MUNICIPALITY},{TYPE},unit_cost"
    assert "forecast,Tvåköping,Barn,200.0" in rows
    assert warehouse.read_bytes() == before
