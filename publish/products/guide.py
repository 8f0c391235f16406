"""The page `How to read a comparison` in Swedish and English: grades, signs, vintages, periods, targets, what is not published.

Its words stand in guide_sv.yml and guide_en.yml. Every example is a question to the warehouse the page describes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Any

import duckdb
import yaml
from pydantic import BaseModel, ConfigDict

from publish.answers.catalog import Report
from publish.products.html import page, table, text


class Section(BaseModel):
    """The head of a section and what stands before its examples (HTML, may be empty)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    head: str
    text: str


class Words(BaseModel):
    """The page in one language. Sentences are HTML; `type_name` is the column with the placement types' names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    intro: str
    no_example: str
    note: str
    conjunction: str
    until: str
    true_word: str
    false_word: str
    type_name: str
    thousands: str
    decimal_sign: str
    more_than_budget: str
    not_more_than_budget: str
    way_back: str
    scenarios: dict[str, str]
    statuses: dict[str, str]
    grades: dict[str, str]
    target_statuses: dict[str, str]
    heads: dict[str, list[str]]
    sections: dict[str, Section]


def words_of(language: str) -> Words:
    """The words of a language, sv or en."""
    path = Path(__file__).with_name(f"guide_{language}.yml")
    return Words.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


class Guide:
    """Writes the page in a language from a warehouse that has the marts named."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, marts: set[str], language: str) -> None:
        self.connection = connection
        self.marts = marts
        self.language = language
        self.words = words_of(language)

    def page(self, reports: Sequence[Report], built: str) -> str:
        """The whole page; `built` says when the warehouse was built."""
        municipalities = self._listed(sorted({report.municipality for report in reports}))
        intro = self.words.intro.format(built=escape(built), count=len(reports), municipalities=escape(municipalities))
        parts = [text(intro)]
        bodies = {
            "grades": self._grades,
            "statuses": self._statuses,
            "signs": self._signs,
            "vintages": self._vintages,
            "periods": self._periods,
            "targets": self._targets,
            "way_back": self._way_back,
        }
        for name, body in bodies.items():
            section = self.words.sections[name]
            parts += [f"<h2>{section.head}</h2>", *([text(section.text)] if section.text else []), body()]
        return page(self.language, self.words.title, parts)

    def _ask(self, mart: str, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(query, list(parameters)).fetchall() if mart in self.marts else []

    @property
    def _no_example(self) -> str:
        return text(self.words.no_example)

    def _type_names(self) -> dict[str, str]:
        """What the placement types are called in the page's language, by code."""
        query = f"select placement_type_code, {self.words.type_name} from marts.dim_placement_type"
        return dict(self._ask("dim_placement_type", query))

    def _grades(self) -> str:
        parts, names = [], self._type_names()
        for grade, meaning in self.words.grades.items():
            parts.append(f"<h3><code>{grade}</code>: {meaning}</h3>")
            chosen = self._ask(
                "placement_unit_cost_comparison",
                """select placement_type_code, period_start, period_end, comparison_basis, placement_type, comparability_note
                from marts.placement_unit_cost_comparison where comparability = ? group by all
                order by count(unit_cost_sek) desc, bool_or(comparison_basis = 'outcome') desc, period_end desc,
                    placement_type_code, period_start limit 1""",
                grade,
            )
            if not chosen:
                parts.append(self._no_example)
                continue
            *key, name, remark = chosen[0]
            rows = self._ask(
                "placement_unit_cost_comparison",
                """select municipality, scenario, status, volume_days, unit_cost_sek, difference_to_mean_percent
                from marts.placement_unit_cost_comparison where placement_type_code = ? and period_start = ? and period_end = ?
                    and comparison_basis = ? order by municipality""",
                *key,
            )
            shown = [
                [name_, self.words.scenarios.get(scenario), self.words.statuses[status], *rest]
                for name_, scenario, status, *rest in rows
            ]
            caption = f"{names.get(key[0], name)}, {self._period(key[1], key[2])}"
            parts.append(table(self.words.heads["grades"], self._cells(shown), caption))
            if remark:
                parts.append(text(self.words.note.format(note=escape(remark))))
        return "\n".join(parts)

    def _statuses(self) -> str:
        names = self._type_names()
        rows = self._ask(
            "placement_unit_cost_comparison",
            """select distinct on (status) status, count(*) over (partition by status), municipality, placement_type_code,
                placement_type, period_start, period_end, scenario, unit_cost_sek, not_published_reason
            from marts.placement_unit_cost_comparison
            order by list_position(['reported', 'derived', 'not published'], status), comparison_basis = 'outcome' desc,
                period_end desc, placement_level, municipality, placement_type_code""",
        )
        shown = [
            [
                self.words.statuses[status],
                count,
                name,
                names.get(type_code, kind),
                self._period(start, end),
                self.words.scenarios.get(scenario),
                price,
                why,
            ]
            for status, count, name, type_code, kind, start, end, scenario, price, why in rows
        ]
        return self._table("statuses", shown)

    def _signs(self) -> str:
        rows = self._ask(
            "budget_comparison",
            """select municipality, period_start, period_end, scenario, net_cost_sek, budget_net_cost_sek, deviation_sek,
                deviation_percent
            from marts.budget_comparison where deviation_sek is not null order by municipality, period_end, scenario""",
        )
        shown = [
            [
                name,
                self._period(start, end),
                self.words.scenarios.get(scenario),
                *figures,
                self.words.more_than_budget if figures[2] < 0 else self.words.not_more_than_budget,
            ]
            for name, start, end, scenario, *figures in rows
        ]
        return self._table("signs", shown)

    def _vintages(self) -> str:
        chosen = self._ask(
            "fct_budget_line",
            """select municipality, activity_code, line, scenario, period_start, period_end
            from marts.fct_budget_line group by all having count(*) > 1
            order by count(*) desc, count(distinct amount_sek) desc, municipality, activity_code, scenario, period_start,
                period_end limit 1""",
        )
        if not chosen:
            return self._no_example
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
        caption = f"{municipality}, {line}, {self.words.scenarios.get(scenario, scenario)} {self._period(start, end)}"
        return table(self.words.heads["vintages"], self._cells(rows), caption)

    def _periods(self) -> str:
        rows = self._ask(
            "budget_comparison",
            """select municipality, year, period_start, period_end, scenario, net_cost_sek from marts.budget_comparison
            where scenario in ('outcome', 'forecast')
            qualify count(distinct period_end) over (partition by municipality, year) > 1
            order by municipality, year, period_end, scenario limit 6""",
        )
        shown = [
            [name, str(year), self._period(start, end), self.words.scenarios.get(scenario), amount]
            for name, year, start, end, scenario, amount in rows
        ]
        return self._table("periods", shown)

    def _targets(self) -> str:
        meanings = self.words.target_statuses
        rows = self._ask(
            "indicator_comparison",
            """select distinct on (target_status) target_status, count(*) over (partition by target_status), municipality,
                definition, period_start, period_end, value_text, target_text, distance_to_target
            from marts.indicator_comparison where target_status is not null
            order by list_position(?, target_status), period_end desc, municipality, indicator_code""",
            list(meanings),
        )
        shown = [
            [status, meanings[status], count, name, definition, self._period(start, end), *figures]
            for status, count, name, definition, start, end, *figures in rows
        ]
        return self._table("targets", shown)

    def _way_back(self) -> str:
        cells = self._ask(
            "placement_unit_cost_comparison",
            """select cell_ids[1] from marts.placement_unit_cost_comparison where cell_ids[1] is not null
            order by period_end desc, cell_ids[1] limit 1""",
        )
        return text(self.words.way_back.format(cell=escape(cells[0][0]))) if cells else self._no_example

    # -- cells -------------------------------------------------------------------------------------------------------------

    def _table(self, section: str, rows: Sequence[Sequence[Any]]) -> str:
        return table(self.words.heads[section], self._cells(rows)) if rows else self._no_example

    def _cells(self, rows: Sequence[Sequence[Any]]) -> list[list[str]]:
        return [[self._cell(value) for value in row] for row in rows]

    def _cell(self, value: Any) -> str:
        if isinstance(value, bool):
            return f"<td>{self.words.true_word if value else self.words.false_word}</td>"
        if isinstance(value, int | Decimal):
            return f'<td class="number">{self._number(value)}</td>'
        return f"<td>{'' if value is None else escape(str(value))}</td>"

    def _number(self, value: int | Decimal) -> str:
        """A number without zeroes for decimals, with a minus sign: −357 046 or 2 467,84 in Swedish."""
        whole, _, decimals = f"{value:,}".partition(".")
        decimals = decimals if decimals.strip("0") else ""
        decimals = decimals if len(decimals) <= 2 else decimals.rstrip("0")
        shown = whole.replace(",", self.words.thousands) + (f"{self.words.decimal_sign}{decimals}" if decimals else "")
        return shown.replace("-", "\u2212")

    def _period(self, start: date, end: date) -> str:
        """A whole year by its number, another period by its days."""
        whole = start == date(start.year, 1, 1) and end == date(start.year, 12, 31)
        return str(start.year) if whole else f"{start.isoformat()} {self.words.until} {end.isoformat()}"

    def _listed(self, names: Sequence[str]) -> str:
        rest, last = ", ".join(names[:-1]), names[-1] if names else ""
        return f" {self.words.conjunction} ".join(part for part in (rest, last) if part)
