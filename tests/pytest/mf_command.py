"""Runs `mf`, and dbt, in a copy of the project: mf reads the semantic manifest only from the project's own target folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from publish.paths import PROJECT_DIR

WITHOUT_NETWORK = """
import sys
from update_checker import UpdateChecker
UpdateChecker.check = lambda *_arguments: None  # it would ask a public server for a newer release
from dbt_metricflow.cli.main import cli
cli(sys.argv[1:])
"""


def project_copy(folder: Path) -> None:
    """Copy the dbt project into a folder."""
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT_DIR / name, folder)
    for name in ("models", "macros", "seeds", "tests/dbt"):
        shutil.copytree(PROJECT_DIR / name, folder / name)


def mf(folder: Path, arguments: Sequence[str], environment: Mapping[str, str] | None = None, module: str | None = None) -> str:
    """What mf, or another module with a command line, prints in the project's folder; it has to succeed."""
    inherited = {name: value for name, value in os.environ.items() if name != "KOMMUNLAGER_DATABASE"}
    command = ["-m", module] if module else ["-c", WITHOUT_NETWORK]
    done = subprocess.run(
        [sys.executable, *command, *arguments],
        cwd=folder,
        env={**inherited, **(environment or {})},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
