"""The nightly build of a country: `make bench-scale`, or `python tests/bench/scale.py 1 10 100` for so many percent of it.

100 percent are 290 municipalities with 80 reports each (see national.py). At each scale: the build as analysts get it (load,
gate, models, every test, publishing), by parts; the queries of the README on the published file; and the very SQL that dbt
compiled, models and data tests, run by DuckDB alone: what the tooling costs is the ratio. Some reports are also written as text
and read: what extraction takes. It measures, it does not judge; everything happens in a scratch place.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import yaml
from bench import PROJECT, measure, reports_per_second
from national import MUNICIPALITIES, Template, templates, write_project, write_reports

from ingest.loading.database import open_for_writing
from ingest.loading.store import extracted_folders

SCALES = (1, 10, 100)
README_SQL = re.compile(r"^```sql\n(.*?)^```", re.MULTILINE | re.DOTALL)
SLOWEST = 12


def main() -> None:
    """Measure at the percentages named, or at all of SCALES."""
    scales = [int(argument) for argument in sys.argv[1:]] or SCALES
    with tempfile.TemporaryDirectory(prefix="kommunlager-scale-", dir=os.environ.get("KOMMUNLAGER_SCRATCH")) as scratch:
        real = Path(scratch) / "real" / "kommunlager.duckdb"
        measure("build, the project's own reports", ["build", "--json", "--database", str(real)])
        made_from = templates(extracted_folders(), real)
        for percent in scales:
            with tempfile.TemporaryDirectory(dir=scratch) as folder:
                measure_scale(percent, made_from, Path(folder))
    reports_per_second()


def measure_scale(percent: int, made_from: Sequence[Template], scratch: Path) -> None:
    """Generate, build, ask and run bare at one scale; print what each took."""
    municipalities = max(1, round(MUNICIPALITIES * percent / 100))
    started = time.perf_counter()
    extracted = scratch / "extracted"
    reports = len(write_reports(made_from, municipalities, extracted))
    project = write_project(PROJECT, made_from, municipalities, scratch / "project")
    print(
        f"\n{percent} %: {municipalities} municipalities, {reports:,} reports (written in {time.perf_counter() - started:.1f} s)"
    )
    warehouse = scratch / "warehouse" / "kommunlager.duckdb"
    arguments = ["build", "--json", "--extracted", extracted, "--project", project, "--database", warehouse]
    built = json.loads(measure("build", list(map(str, arguments))))
    print(f"  {built['cells']:,} cells, {sum(built['reconciliation'].values()):,} checks, {built['nodes_passed']} nodes")
    print(f"  file {warehouse.stat().st_size / 2**20:,.0f} MiB")
    for part, seconds in built["seconds"].items():
        print(f"  {part:<60}{seconds:>9.2f} s")
    shutil.rmtree(extracted)
    ask(warehouse)
    tooling = built["seconds"]["dbt build"]
    bare = run_bare(warehouse, project, scratch)
    print(f"  the same SQL by DuckDB alone{bare:>41.2f} s, tooling {tooling / bare:.2f} times that")


def ask(warehouse: Path) -> None:
    """The README's queries, the second time they are asked."""
    queries = README_SQL.findall((PROJECT / "README.md").read_text(encoding="utf-8"))
    for number, query in enumerate(queries, start=1):
        query = re.sub("'(Norrtälje|Södertälje|Alingsås)'", "'Kommun 9001'", query)
        with duckdb.connect(warehouse, read_only=True) as connection:
            connection.execute(query).fetchall()
            started = time.perf_counter()
            rows = len(connection.execute(query).fetchall())
        print(f"  README query {number} ({rows} rows){1000 * (time.perf_counter() - started):>40.0f} ms")


def run_bare(warehouse: Path, project: Path, scratch: Path) -> float:
    """Run what dbt compiles, in its order, on a copy of raw and seeds; returns the seconds of models and data tests."""
    target, bare = scratch / "target", scratch / "bare" / warehouse.name
    subprocess.run(
        [
            *(
                sys.executable,
                "-W",
                "ignore",
                "-m",
                "dbt.cli.main",
                "compile",
                "--quiet",
                "--no-partial-parse",
                "--target",
                "tests",
            ),
            *("--project-dir", project, "--profiles-dir", project, "--target-path", target, "--log-path", scratch / "logs"),
        ],
        env={**os.environ, "KOMMUNLAGER_DATABASE": str(warehouse), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        check=True,
    )
    nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    models = {name: node for name, node in nodes.items() if node["resource_type"] == "model"}
    tests = [node for node in nodes.values() if node["resource_type"] == "test"]
    seconds: dict[str, float] = {}
    bare.parent.mkdir()
    profile = yaml.safe_load((project / "profiles.yml").read_text(encoding="utf-8"))
    # The same file format and the same settings as in the build: what is left is what the tooling costs.
    with open_for_writing(bare) as connection:
        for name, value in profile["kommunlager"]["outputs"]["warehouse"]["settings"].items():
            connection.execute(f"set {name} = '{value}'")
        connection.execute(f"attach '{warehouse}' as published (read_only)")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() "
            "where database_name = 'published' and schema_name in ('raw', 'seeds')"
        ).fetchall()
        for schema in ("raw", "seeds", "staging", "intermediate", "marts"):
            connection.execute(f"create schema {schema}")
        for schema, table in tables:
            connection.execute(f"create table {schema}.{table} as from published.{schema}.{table}")
        connection.execute("detach published")
        connection.execute("checkpoint")
        connection.execute("set threads to 2")
        done: set[str] = set()
        while len(done) < len(models):
            for name, node in models.items():
                if name not in done and not (set(node["depends_on"]["nodes"]) & models.keys()) - done:
                    kind = "view" if node["config"]["materialized"] == "view" else "table"
                    timed(
                        seconds, node, connection, f"create {kind} {node['schema']}.{node['name']} as ({node['compiled_code']}\n)"
                    )
                    done.add(name)
        for node in tests:
            timed(seconds, node, connection, f"select count(*) from ({node['compiled_code']}\n)")
    for name, took in sorted(seconds.items(), key=lambda item: -item[1])[:SLOWEST]:
        print(f"    {name[:70]:<72}{took:>6.2f} s")
    return sum(seconds.values())


def timed(seconds: dict[str, float], node: dict[str, Any], connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """Run a node's query and keep what it took."""
    started = time.perf_counter()
    connection.execute(query).fetchall()
    seconds[node["name"]] = time.perf_counter() - started


if __name__ == "__main__":
    main()
