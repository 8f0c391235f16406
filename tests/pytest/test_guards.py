"""The guards, held against a project in which somebody weakened what they guard; and a warning, which stops the build."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Run
from synthetic import dbt_project

from publish.paths import PROJECT_DIR

GUARD = "assert_every_model_guards_its_grain"

WEAKENED = {
    "models/marts/fct_loose.sql": "{{ config(contract={'enforced': false}) }} select cast(1 as decimal(18, 2)) as amount_sek",
    "models/marts/_loose.yml": """
version: 2
models:
  - name: fct_loose
    description: Amounts.
    config: {meta: {grain_tested_in: int_check_part}}
    columns: [{name: amount_sek, data_type: 'decimal(18, 2)', description: An amount.}, {name: year, data_type: integer}]
""",
    "tests/dbt/assert_something.sql": "{{ config(severity='warn') }} select 1 as wrong where false",
    "tests/dbt/assert_a_few_are_allowed.sql": "{{ config(error_if='>10') }} select 1 as wrong where false",
    "tests/dbt/assert_everything_reconciles.sql": "select 1 as wrong from {{ ref('dim_document') }} where false",
}
"""What somebody might do: a mart without grain (its rows are not where it says they are tested), contract, unit or descriptions;
tests that only warn or allow a few rows; and a gate that no longer looks at the checks."""


@pytest.fixture(scope="module")
def weakened(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The guard's compiled SQL in a weakened copy of the project: it selects the faults it found."""
    project = tmp_path_factory.mktemp("weakened")
    for name in ("models", "macros", "seeds", "tests/dbt", "dbt_project.yml", "profiles.yml"):
        source, target = PROJECT_DIR / name, project / name
        target.parent.mkdir(parents=True, exist_ok=True)
        _ = shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    for name, text in WEAKENED.items():
        (project / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "dbt.cli.main", "compile", "--select", GUARD, "--quiet"),
            *("--project-dir", project, "--profiles-dir", project),
        ],
        cwd=project,
        env={**os.environ, "KOMMUNLAGER_DATABASE": str(project / "k.duckdb"), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return (project / "target" / "compiled" / "kommunlager" / "tests" / "dbt" / f"{GUARD}.sql").read_text(encoding="utf-8")


@pytest.mark.xdist_group("weakened")
@pytest.mark.parametrize(
    "fault",
    [
        "fct_loose: the description does not say what one row is",
        "fct_loose: no unique_grain test",
        "fct_loose: no contract",
        "fct_loose: not in the exposure exports, which takes every mart along",
        "fct_loose.amount_sek: no unit",
        "fct_loose.year: no description",
        "assert_something: does not fail for every row",
        "assert_a_few_are_allowed: does not fail for every row",
        "assert_everything_reconciles: does not look at reconciliation",
    ],
)
def test_what_was_weakened_is_named(weakened: str, fault: str) -> None:
    assert f"select '{fault}' as fault" in weakened


@pytest.mark.xdist_group("weakened")
def test_the_guard_names_nothing_else(weakened: str) -> None:
    assert weakened.count(" as fault\n") == 9 + 1  # and the first row, which is none


@pytest.mark.parametrize("macro", sorted(path.stem for path in (PROJECT_DIR / "macros" / "generic_tests").glob("*.sql")))
def test_every_generic_test_has_fixtures_with_and_without_faults(macro: str) -> None:
    fixtures = (PROJECT_DIR / "tests" / "dbt" / "assert_generic_tests_find_faults.sql").read_text(encoding="utf-8")
    failures = re.findall(rf"\('{macro}: [^']+', (\d+), test_{macro}\(", fixtures)
    assert "0" in failures
    assert set(failures) - {"0"}


def test_a_warning_of_dbt_stops_the_build(extracted: Path, tmp_path: Path, run: Run) -> None:
    project = dbt_project(tmp_path / "project")
    settings = project / "dbt_project.yml"
    settings.write_text(
        settings.read_text(encoding="utf-8") + "seeds: {provby: {nothing_here: {+enabled: true}}}\n", encoding="utf-8"
    )
    result = run("build", "--extracted", extracted, "--project", project, "--database", tmp_path / "w" / "k.duckdb")
    assert result.returncode == 1
    assert "nothing_here" in result.stderr
    assert not (tmp_path / "w" / "k.duckdb").exists()
