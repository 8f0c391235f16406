"""The page as one file: template, style, scripts and Vega, under a policy that forbids every request."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ingest.errors import KommunlagerError, WarehouseError
from ingest.loading.database import explain, open_for_reading
from publish.answers.catalog import read_built_at, read_reports
from publish.products.page import charts, sections
from publish.products.page.colours import INK, MUNICIPALITY_COLOURS, MUTED, PRICE_COLOUR, RULE, STATUS_COLOURS, VOLUME_COLOUR
from publish.products.page.sources import METHODS
from publish.products.swedish import GRADES, Words, listed, number, period

MARTS = (
    "budget_comparison",
    "coverage",
    "dim_document",
    "dim_indicator",
    "dim_municipality",
    "dim_placement_type",
    "forecast_revision",
    "indicator_comparison",
    "missing_report",
    "placement_price_volume_variance",
    "placement_unit_cost_comparison",
    "reconciliation",
    "reconciliation_coverage",
    "reconciliation_coverage_by_subject",
)
"""What the page is made from; the exposure `comparison_page` names the same."""

STEPS = Words(
    extract="kunde inte läsas", gate="klarade inte kontrollen av det lästa", build="klarade inte proven när lagret byggdes"
)
"""Where a report failed that is not in the warehouse."""

MARK = '<meta name="generator" content="kommunlager page">'
"""How a page of this program is known: nothing else is replaced."""


def page_path_of(warehouse: Path) -> Path:
    """The page beside a warehouse."""
    return warehouse.with_name(f"{warehouse.stem}_jamforelse.html")


def write_page(warehouse: Path, out: Path) -> dict[str, Any]:
    """Write the page of a warehouse to the file `out`, whole or not at all; returns its facts.

    Raises KommunlagerError where the warehouse cannot be read or lacks a mart, and where `out` is anything but an earlier page.
    """
    out = out.resolve()
    _refuse_foreign(out)
    with open_for_reading(warehouse) as connection:
        text = page_of(connection, warehouse)
    data = text.encode()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{out.name}-", dir=out.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)
            os.replace(name, out)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        raise explain(error, out) from error
    return {"out": str(out), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _refuse_foreign(out: Path) -> None:
    if not os.path.lexists(out):
        return
    try:
        with out.open("rb") as file:
            is_page = MARK.encode() in file.read(4096)
    except OSError:
        is_page = False
    if not is_page:
        raise KommunlagerError(
            f"{out}: is there, and is no page that could be replaced.\n  What to do: name another file with --out."
        )


def page_of(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> str:
    """The whole page. The same warehouse gives the same text. WarehouseError where a mart is missing."""
    tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()
    if missing := sorted(set(MARTS) - {name for (name,) in tables}):
        raise WarehouseError(
            f"{warehouse}: holds no {', '.join(f'marts.{name}' for name in missing)}.\n"
            "  What to do: run `kommunlager build` to make the warehouse."
        )
    questions = sections.Questions(connection)
    made = [make(questions) for make in SECTIONS]
    specifications = {
        block.chart: {"spec": charts.specification(block.chart, block.rows), "panel": block.panels[0].key}
        for section in made
        for block in section.blocks
        if block.rows
    }
    script, vega, style, bare_style = _text("page.js"), _vega(), _style(), _text("page_without_scripts.css")
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    built_at = read_built_at(connection)
    return environment.get_template("page.html.j2").render(
        sections={section.name: section for section in made},
        specifications=specifications,
        municipalities=questions.municipalities,
        reports=[
            vars(report) | {"covers": _covers(report.period_start, report.period_end)} for report in read_reports(connection)
        ],
        missing_reports=questions.ask("select * from marts.missing_report order by file_name"),
        steps=STEPS,
        facts=_facts(questions),
        built=f"{built_at:%Y-%m-%d %H:%M} UTC" if built_at else "okänt",
        grades=GRADES,
        methods=METHODS,
        number=number,
        mark=Markup(MARK),
        municipality_names=listed(questions.municipalities),
        style=Markup(style),
        bare_style=Markup(bare_style),
        script=Markup(script),
        vega=Markup(vega),
        policy=_policy([vega, script], [style, bare_style]),
    )


SECTIONS = (
    sections.unit_costs,
    sections.budgets,
    sections.price_and_volume,
    sections.indicators,
    sections.reconciliation,
    sections.coverage,
)


def _facts(questions: sections.Questions) -> dict[str, Any]:
    """What the page says at its top: how much is behind it, and how far it has been checked."""
    (numbers,) = questions.ask("select count(*) as n, count(*) filter (is_guarded) as guarded from marts.reconciliation_coverage")
    (checks,) = questions.ask(
        """select count(*) as n, count(*) filter (status = 'registered source error') as known,
            count(*) filter (status in ('unexplained', 'missing total', 'missing part', 'warning')) as unexplained
        from marts.reconciliation"""
    )
    return {
        "numbers": numbers["n"],
        "guarded": numbers["guarded"],
        "checks": checks["n"],
        **{k: checks[k] for k in ("known", "unexplained")},
    }


def _covers(start: str, end: str) -> str:
    first, last = datetime.fromisoformat(start).date(), datetime.fromisoformat(end).date()
    return period(first, last) if first.year == last.year else f"{first.year}–{last.year}"


def _style() -> str:
    named = {"volume": VOLUME_COLOUR, "price": PRICE_COLOUR, "ink": INK, "muted": MUTED, "rule": RULE}
    colours = [f"--{name}:{colour}" for name, colour in named.items()]
    palettes = {"colour": MUNICIPALITY_COLOURS, "status": STATUS_COLOURS}
    signs = [f".{name}-{n}{{--sign:{colour}}}" for name, palette in palettes.items() for n, colour in enumerate(palette)]
    return f":root{{{';'.join(colours)}}}\n{''.join(signs)}\n" + _text("page.css")


def _vega() -> str:
    """Vega, Vega-Lite and their embedding as one script, with their licences."""
    import vl_convert

    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=charts.vega_lite_version())
    # In a string of a script, these are the same; in HTML they would end it, or begin what ends elsewhere.
    bundle = bundle.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    return f"/*!\n{_text('vega_licences.txt')}*/\n{bundle}"


def _text(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """The Content-Security-Policy: these scripts and styles by their hash, and nothing from anywhere."""
    return f"default-src 'none'; script-src {_hashes(scripts)}; style-src {_hashes(styles)}; base-uri 'none'; form-action 'none'"


def _hashes(texts: Sequence[str]) -> str:
    return " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts)
