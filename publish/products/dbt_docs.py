"""dbt's own documentation of the project (models, columns, tests, lineage, compiled SQL) as one page that needs nothing else.

dbt writes it with the paths of the machine, the hour and an icon from a place that is not there. Here all of that is taken out:
the page can be passed on, the same warehouse gives the same bytes, and a browser asks for nothing when it is opened.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from ingest.errors import KommunlagerError
from publish.building.inputs import project_parts
from publish.building.parsed_project import parsed_file_of

# What differs from run to run and says nothing of the project.
_OF_THE_RUN = ("created_at", "invocation_id", "invocation_started_at", "root_path", "run_started_at", "user_id")
_NO_REQUESTS = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data:; font-src data:\">"
)
_ICON = re.compile(r'<link rel="(?:shortcut icon|canonical)"[^>]*>')


class DbtDocsError(KommunlagerError):
    """dbt could not write its documentation."""


def dbt_docs_page(warehouse: Path, project: Path, built_at: datetime | None) -> bytes:
    """The page on the dbt project `project`, with the types and comments of the warehouse, which is only read.

    Takes dbt some three seconds where the build has kept the parsed project beside the warehouse, ten where it has not. Raises
    DbtDocsError with what dbt said.
    """
    with tempfile.TemporaryDirectory(prefix="kommunlager-docs-") as folder:
        work = Path(folder).resolve()
        target = work / "target"
        _generate(warehouse.resolve(), project.resolve(), work)
        page = (target / "index.html").read_text(encoding="utf-8")
        for name in ("manifest", "catalog"):
            data = json.loads((target / f"{name}.json").read_text(encoding="utf-8"))
            data["metadata"]["generated_at"] = f"{built_at:%Y-%m-%dT%H:%M:%SZ}" if built_at else None
            clean = _cleaned(data, {f"{project.resolve()}/": "", f"{target}/": "target/"})
            # No text of the project can end the script.
            text = json.dumps(clean, ensure_ascii=False, sort_keys=True, separators=(",", ":")).replace("</", "<\\/")
            page = page.replace(f'"{name.upper()}.JSON INLINE DATA"', text)
        machine = [path for path in (str(work), str(project.resolve())) if path in page]
    if "INLINE DATA" in page or machine:
        raise DbtDocsError(
            "dbt's documentation has another form than the one known here.\n"
            "  What to do: compare the index.html that `dbt docs generate` writes with publish/dbt_docs.py."
        )
    page = _ICON.sub("", page)
    return re.sub(r"<head>", lambda found: f"{found[0]}{_NO_REQUESTS}", page, count=1).encode()


def _generate(warehouse: Path, project: Path, work: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "KOMMUNLAGER_DATABASE"}
    kept = parsed_file_of(warehouse, project, project_parts(project))
    if not kept.exists():
        kept = work / kept.name  # nothing is left beside a warehouse that is only read
    done = subprocess.run(
        [sys.executable, "-m", "publish.products.describe_project", project, work, kept],
        cwd=work,
        env={**environment, "KOMMUNLAGER_PUBLISHED": str(warehouse)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode != 0:
        said = "\n".join(f"  {line}" for line in (done.stdout + done.stderr).strip().splitlines()[-20:])
        raise DbtDocsError(f"{project}: dbt could not describe the project.\n{said}")


def _cleaned(data: Any, renamed: dict[str, str]) -> Any:
    """The data without what is of the run, with paths as in the project, and without the blank lines that loops leave in SQL."""
    if isinstance(data, dict):
        kept = {key: _cleaned(value, renamed) for key, value in data.items() if key not in _OF_THE_RUN}
        if isinstance(sql := kept.get("compiled_code"), str):
            kept["compiled_code"] = re.sub(r"\n\s*\n", "\n\n", sql)
        return kept
    if isinstance(data, list):
        return [_cleaned(value, renamed) for value in data]
    if isinstance(data, str):
        for path, name in renamed.items():
            data = data.replace(path, name)
    return data
