"""Two pages for analysts, written from a published warehouse: a data dictionary, and how to read a comparison (in Swedish).

    <folder>/data_dictionary.html                every mart and column with type, unit and meaning, as the database's comments say
    <folder>/sa_laser_du_en_jamforelse.html      grades, signs, vintages, periods, each with an example from the warehouse
    <folder>/manifest.json                       checksums

Each page is one file without scripts, pictures or addresses. The folder is replaced whole or left as it was (see folder.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Any

import duckdb

from ingest.loading.database import open_for_reading
from publish.catalog import Mart, Report, read_built_at, read_marts, read_reports
from publish.folder import write_folder
from publish.swedish import GRADES, SCENARIOS, STATUSES, listed, number, period

KIND = "kommunlager docs"
DICTIONARY = "data_dictionary.html"
GUIDE = "sa_laser_du_en_jamforelse.html"

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a }
h1 { font-size: 1.6rem } h2 { font-size: 1.25rem; margin-top: 2.5rem } h3 { font-size: 1.05rem }
table { border-collapse: collapse; margin: .8rem 0; font-size: .9rem }
caption { text-align: left; font-weight: 600; padding: .3rem 0 }
th, td { border-bottom: 1px solid #ccc; padding: .3rem .7rem; text-align: left; vertical-align: top } th { background: #f2f2f2 }
td.number { text-align: right; white-space: nowrap } code { background: #f2f2f2; padding: 0 .2rem; overflow-wrap: anywhere }
nav { columns: 3 18rem }
"""

NO_EXAMPLE = "<p>Lagret har inget exempel på detta.</p>"


def docs_folder_of(warehouse: Path) -> Path:
    """The folder of these pages beside a warehouse."""
    return warehouse.with_name(f"{warehouse.stem}_docs")


def write_docs(warehouse: Path, out: Path) -> dict[str, Any]:
    """Write both pages into the folder `out`; returns its manifest. Raises KommunlagerError as `write_folder` does."""
    with open_for_reading(warehouse) as connection:
        marts, reports, built_at = read_marts(connection, warehouse), read_reports(connection), read_built_at(connection)
        built = f"{built_at:%Y-%m-%d %H:%M} UTC" if built_at else "?"
        pages = {
            DICTIONARY: dictionary_page(marts, built),
            GUIDE: _Guide(connection, {mart.name for mart in marts}).page(reports, built),
        }
    return write_folder(out, KIND, {"built_at": built_at}, {name: page.encode() for name, page in pages.items()})


def dictionary_page(marts: Sequence[Mart], built: str) -> str:
    """The data dictionary: a section per mart, a row per column."""
    links = "".join(f'<a href="#{escape(mart.name)}">{escape(mart.name)}</a><br>' for mart in marts)
    parts = [
        f"<p>The marts of the warehouse built {escape(built)}. What a column means is what its comment in the database says.</p>",
        f"<nav>{links}</nav>",
    ]
    for mart in marts:
        rows = [
            [f"<td>{html}</td>" for html in (_code(c.name), _code(c.type), escape(c.unit or ""), escape(c.description))]
            for c in mart.columns
        ]
        parts.append(f'<h2 id="{escape(mart.name)}">marts.{escape(mart.name)}</h2>')
        parts.append(f"<p>{escape(mart.description)} {mart.rows:,} {'row' if mart.rows == 1 else 'rows'}.</p>")
        parts.append(_table(["Column", "Type", "Unit", "Meaning"], rows))
    return _page("en", "Kommunlager: data dictionary", parts)


class _Guide:
    """The page `Så läser du en jämförelse`; each of its examples is a question to the warehouse it describes."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, marts: set[str]) -> None:
        self.connection = connection
        self.marts = marts

    def page(self, reports: Sequence[Report], built: str) -> str:
        municipalities = sorted({report.municipality for report in reports})
        parts = [
            _text(
                f"Exemplen är hämtade ur lagret som byggdes {escape(built)}:",
                f"{len(reports)} rapporter från {escape(listed(municipalities))}.",
            ),
            "<h2>Hur långt två tal går att jämföra</h2>",
            _text(
                "Varje jämförelse har en grad i kolumnen <code>comparability</code>,",
                "och <code>comparability_note</code> säger vad som skiljer.",
            ),
            *self._grades(),
            "<h2>Redovisat, beräknat, inte publicerat</h2>",
            _text(
                "<code>status</code> säger hur priset per dygn är känt.",
                "<b>Redovisat</b> (reported): rapporten trycker priset.",
                "<b>Beräknat</b> (derived): kostnad delad med dygn, för en grupp summan över dess insatstyper.",
                "<b>Inte publicerat</b> (not published): kommunen uppger det inte. Det är inte noll, och raden finns kvar;",
                "<code>not_published_reason</code> säger varför.",
            ),
            self._statuses(),
            "<h2>Tecken</h2>",
            _text(
                "I driftredovisning och budget är intäkter plus och kostnader minus, hur rapporten än skriver dem.",
                "En negativ avvikelse betyder att det kostade mer än budget. Placeringars kostnad är däremot plus.",
            ),
            self._signs(),
            "<h2>Samma uppgift i flera rapporter</h2>",
            _text(
                "Alla finns kvar, som de är tryckta. <code>is_latest</code> är sant på den nyaste som inte är ett känt tryckfel:",
                "välj den, om du inte vill jämföra rapporterna med varandra.",
            ),
            self._vintages(),
            "<h2>Perioder</h2>",
            _text(
                "Ett tal kan gälla ett helt år eller en del av det. Jämför bara tal med samma <code>period_start</code> och",
                "<code>period_end</code>; <code>year</code> är bara året då perioden slutar.",
            ),
            self._periods(),
            "<h2>Tillbaka till rapporten</h2>",
            self._way_back(),
        ]
        return _page("sv", "Så läser du en jämförelse", parts)

    def _ask(self, mart: str, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(query, list(parameters)).fetchall() if mart in self.marts else []

    def _grades(self) -> list[str]:
        parts = []
        for grade in ("same", "near", "indicative"):
            called, meaning = GRADES[grade]
            parts.append(f"<h3><code>{grade}</code>: {called}, {meaning}</h3>")
            chosen = self._ask(
                "placement_unit_cost_comparison",
                """select placement_type_code, period_start, period_end, comparison_basis, placement_type, comparability_note
                from marts.placement_unit_cost_comparison where comparability = ? group by all
                order by count(unit_cost_sek) desc, bool_or(comparison_basis = 'outcome') desc, period_end desc,
                    placement_type_code, period_start limit 1""",
                grade,
            )
            if not chosen:
                parts.append(NO_EXAMPLE)
                continue
            *key, name, remark = chosen[0]
            rows = self._ask(
                "placement_unit_cost_comparison",
                """select municipality, scenario, status, volume_days, unit_cost_sek, difference_to_mean_percent
                from marts.placement_unit_cost_comparison where placement_type_code = ? and period_start = ? and period_end = ?
                    and comparison_basis = ? order by municipality""",
                *key,
            )
            shown = [[name_, SCENARIOS.get(scenario), STATUSES[status], *rest] for name_, scenario, status, *rest in rows]
            heads = ["Kommun", "Scenario", "Status", "Dygn", "Kronor per dygn", "Skillnad mot medel, procent"]
            parts.append(_table(heads, _cells(shown), f"{name}, {period(key[1], key[2])}"))
            parts.append(f"<p>Noten: {escape(remark or '')}</p>")
        return parts

    def _statuses(self) -> str:
        rows = self._ask(
            "placement_unit_cost_comparison",
            """select distinct on (status) status, count(*) over (partition by status), municipality, placement_type,
                period_start, period_end, scenario, unit_cost_sek, not_published_reason
            from marts.placement_unit_cost_comparison
            order by list_position(['reported', 'derived', 'not published'], status), comparison_basis = 'outcome' desc,
                period_end desc, placement_level, municipality, placement_type_code""",
        )
        shown = [
            [STATUSES[status], count, name, kind, period(start, end), SCENARIOS.get(scenario), price, why]
            for status, count, name, kind, start, end, scenario, price, why in rows
        ]
        heads = ["Status", "Rader", "Till exempel", "Insatstyp", "Period", "Scenario", "Kronor per dygn", "Varför inte"]
        return _table(heads, _cells(shown)) if rows else NO_EXAMPLE

    def _signs(self) -> str:
        rows = self._ask(
            "budget_comparison",
            """select municipality, period_start, period_end, scenario, net_cost_sek, budget_net_cost_sek, deviation_sek,
                deviation_percent
            from marts.budget_comparison where deviation_sek is not null order by municipality, period_end, scenario""",
        )
        shown = [
            [name, period(start, end), SCENARIOS.get(scenario), *figures, "mer än budget" if figures[2] < 0 else "inte mer"]
            for name, start, end, scenario, *figures in rows
        ]
        heads = [
            "Kommun",
            "Period",
            "Scenario",
            "Nettokostnad, kronor",
            "Budget, kronor",
            "Avvikelse, kronor",
            "Procent",
            "Kostade",
        ]
        return _table(heads, _cells(shown)) if rows else NO_EXAMPLE

    def _vintages(self) -> str:
        chosen = self._ask(
            "fct_budget_line",
            """select municipality, activity_code, line, scenario, period_start, period_end
            from marts.fct_budget_line group by all having count(*) > 1
            order by count(*) desc, count(distinct amount_sek) desc, municipality, activity_code, scenario, period_start,
                period_end limit 1""",
        )
        if not chosen:
            return NO_EXAMPLE
        municipality, activity, line, scenario, start, end = chosen[0]
        rows = self._ask(
            "fct_budget_line",
            """select document_id, amount_sek, is_registered_misprint, is_latest from marts.fct_budget_line
            where municipality = ? and activity_code = ? and scenario = ? and period_start = ? and period_end = ?
            order by is_latest desc, document_id""",
            municipality,
            activity,
            scenario,
            start,
            end,
        )
        caption = f"{municipality}, {line}, {SCENARIOS.get(scenario, scenario)} {period(start, end)}"
        return _table(["Rapport", "Belopp, kronor", "Känt tryckfel", "is_latest"], _cells(rows), caption)

    def _periods(self) -> str:
        rows = self._ask(
            "budget_comparison",
            """select municipality, year, period_start, period_end, scenario, net_cost_sek from marts.budget_comparison
            where scenario in ('outcome', 'forecast')
            qualify count(distinct period_end) over (partition by municipality, year) > 1
            order by municipality, year, period_end, scenario limit 6""",
        )
        shown = [
            [name, year, period(start, end), SCENARIOS.get(scenario), amount] for name, year, start, end, scenario, amount in rows
        ]
        return (
            _table(["Kommun", "year", "Period", "Scenario", "Nettokostnad, kronor"], _cells(shown, (1,))) if rows else NO_EXAMPLE
        )

    def _way_back(self) -> str:
        cells = self._ask(
            "placement_unit_cost_comparison",
            """select cell_ids[1] from marts.placement_unit_cost_comparison where cell_ids[1] is not null
            order by period_end desc, cell_ids[1] limit 1""",
        )
        if not cells:
            return NO_EXAMPLE
        return _text(
            "<code>cell_id</code> och <code>cell_ids</code> är de tryckta celler ett tal kommer från",
            "(dokument/tabell/rad/kolumn). Så här syns rad, kontroller och anmärkningar:",
            f"<code>kommunlager trace {escape(cells[0][0])}</code>",
        )


# -- HTML ------------------------------------------------------------------------------------------------------------------


def _page(language: str, title: str, parts: Sequence[str]) -> str:
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body>\n<h1>{escape(title)}</h1>\n" + "\n".join(parts) + "\n</body>\n</html>\n"
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "") -> str:
    """A table; `rows` are HTML already, see `_cells`."""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "\n".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"


def _cells(rows: Sequence[Sequence[Any]], years: Sequence[int] = ()) -> list[list[str]]:
    """Values as HTML in the Swedish way; `years` are the indexes of whole numbers without a space between thousands."""
    return [[_cell(value, index in years) for index, value in enumerate(row)] for row in rows]


def _cell(value: Any, is_year: bool) -> str:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return f'<td class="number">{value if is_year else number(value)}</td>'
    if isinstance(value, bool):
        return f"<td>{'sant' if value else 'falskt'}</td>"
    return f"<td>{'' if value is None else escape(str(value))}</td>"


def _text(*sentences: str) -> str:
    """A paragraph; the sentences are HTML already."""
    return f"<p>{' '.join(sentences)}</p>"


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"
