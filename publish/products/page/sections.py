"""The sections of the page: questions to the marts, and their answers as tables and charts' data.

Each function answers one question for every choice the reader has. A municipality of the warehouse is in every panel; where it
publishes nothing, its row says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from publish.products.page.colours import MUNICIPALITY_COLOURS
from publish.products.page.sources import Sources
from publish.products.page.tables import Block, ChartRow, Field, Option, Panel, Row, Section, Table, Value, figure, words
from publish.products.swedish import GRADES, NO_BREAK_SPACE, SCENARIOS, STATUSES, Words, listed, number, period, years

Record = dict[str, Any]

BASES = {"outcome": "Utfall (prognos där utfall saknas)", "budget": "Budget", "plan": "Plan"}
PERCENT = f"{NO_BREAK_SPACE}%"
MILLION = Decimal(1_000_000)
WHOLE_YEAR = "01-01 12-31"


class Questions:
    """A warehouse that is asked, with what every section needs to know of it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.sources = Sources(connection)
        self.municipalities = [
            row["municipality"] for row in self.ask("select municipality from marts.dim_municipality order by 1")
        ]

    def ask(self, query: str) -> list[Record]:
        """The rows of a query, by column name."""
        result = self._connection.execute(query)
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def colour(self, municipality: str) -> int:
        """The number of a municipality's colour, the same everywhere on the page."""
        return self.municipalities.index(municipality) % len(MUNICIPALITY_COLOURS)


# -- what a day costs ------------------------------------------------------------------------------------------------------


def unit_costs(questions: Questions) -> Section:
    """What a day of each placement type costs in each municipality, period and basis; and over the years."""
    types = _PlacementTypes(questions)
    rows = questions.ask("select * from marts.placement_unit_cost_comparison order by municipality")
    comparisons = _grouped(rows, lambda row: (row["placement_type_code"], row["comparison_basis"], *_period_of(row)))

    def likelier(comparison: tuple[str, str, date, date]) -> tuple[Any, ...]:
        code, basis, start, end = comparison
        published = sum(1 for row in comparisons[comparison] if row["unit_cost_sek"] is not None)
        part_of_year = not _is_whole_year(start, end)
        return (-published, list(BASES).index(basis), part_of_year, types.order.index(code), -end.toordinal())

    panels: list[Panel] = []
    bars: list[ChartRow] = []
    for comparison in sorted(comparisons, key=likelier):
        code, basis, *_ = comparison
        own, name, unit = comparisons[comparison], types.names[code], types.units[code]
        when = _when(own[0])
        key = f"{code} {basis} {when}"
        published = sum(1 for row in own if row["unit_cost_sek"] is not None)
        heads = ["Kommun", f"Kronor per {unit}", types.unit_heads[code], "Kostnad, kronor", "Mot medel", "Så är talet känt"]
        panels.append(
            Panel(
                key=key,
                choice={"type": code, "period": when, "basis": basis},
                summary=f"{name}, {BASES[basis].lower()}, {when}: {published} av {len(own)} kommuner publicerar.",
                table=Table(f"{name}, {when}: kronor per {unit}", heads, [_unit_cost_row(questions, row) for row in own]),
                grade=own[0]["comparability"],
                remark=own[0]["comparability_note"] or "",
            )
        )
        bars += [_unit_cost_bar(questions, row, key) for row in own]

    fields = [
        Field("type", "Insats", types.options({row["placement_type_code"] for row in rows})),
        Field("period", "År eller period", [Option(when, when) for when in _latest_first(rows)]),
        Field("basis", "Jämför", [Option(basis, text) for basis, text in BASES.items()]),
    ]
    blocks = [Block("", panels, "unit-cost", bars, beside=True), _over_the_years(questions, rows, types)]
    return Section("dygnskostnad", fields, blocks)


class _PlacementTypes:
    """The placement types and their groups: names, what a day is called, and each group before its types."""

    def __init__(self, questions: Questions) -> None:
        types = questions.ask("select * from marts.dim_placement_type order by name_sv")
        self.names = {kind["placement_type_code"]: kind["name_sv"] for kind in types}
        self.units = {kind["placement_type_code"]: "dag" if kind["volume_unit"] == "dagar" else "dygn" for kind in types}
        self.unit_heads = {code: "Dagar" if unit == "dag" else "Dygn" for code, unit in self.units.items()}
        self._levels = {kind["placement_type_code"]: kind["level"] for kind in types}
        parents = {kind["placement_type_code"]: kind["parent_code"] for kind in types}
        groups = [code for code, level in self._levels.items() if level == "group"]
        families = [code for group in groups for code in (group, *(code for code in parents if parents[code] == group))]
        self.order = list(dict.fromkeys([*families, *self.names]))

    def options(self, codes: set[str]) -> list[Option]:
        """These types to choose from, groups first: that is where municipalities meet."""
        heads = {"group": "Grupper, där kommuner kan jämföras", "type": "Insatstyper"}
        shown = sorted((code for code in self.order if code in codes), key=lambda code: list(heads).index(self._levels[code]))
        return [Option(code, self.names[code], heads[self._levels[code]]) for code in shown]


def _unit_cost_bar(questions: Questions, row: Record, panel: str) -> ChartRow:
    price, municipality = row["unit_cost_sek"], row["municipality"]
    said = "ej publicerat"
    if price is not None:
        said = f"{number(price)} kr ({SCENARIOS[row['scenario']]}, {STATUSES[row['status']]})"
    colour = questions.colour(municipality)
    return {"panel": panel, "colour": colour, "name": municipality, "said": said, "value": _float(price)}


def _over_the_years(questions: Questions, rows: Sequence[Record], types: _PlacementTypes) -> Block:
    """A chart per placement type, with every price there is of it in a folded table."""
    published = [row for row in rows if row["unit_cost_sek"] is not None]
    published.sort(key=lambda row: (types.order.index(row["placement_type_code"]), row["municipality"], _order(row)))
    panels: list[Panel] = []
    points: list[ChartRow] = []
    colours = [(f"colour-{questions.colour(name)}", name) for name in questions.municipalities]
    signs = [("mark-outcome", "● utfall eller prognos"), ("mark-budget", "■ budget"), ("mark-plan", "◆ plan")]
    for code, own in _grouped(published, lambda row: row["placement_type_code"]).items():
        heads = ["Kommun", "Period", "Scenario", f"Kronor per {types.units[code]}", "Så är talet känt"]
        table_rows = []
        for row in own:
            when, scenario, price = _when(row), SCENARIOS[row["scenario"]], row["unit_cost_sek"]
            values = [words(when), words(scenario), figure(price), words(STATUSES[row["status"]])]
            source = questions.sources.of(row["cell_ids"], _unit_cost_basis(row), _grade_of(row))
            table_rows.append(Row(row["municipality"], values, source))
            points.append(
                {
                    "panel": code,
                    "colour": questions.colour(row["municipality"]),
                    "basis": row["comparison_basis"],
                    "when": when,
                    "order": _order(row),
                    "value": _float(price),
                    "text": f"{row['municipality']}, {scenario} {when}: {number(price)} kr per {types.units[code]}",
                }
            )
        table = Table(f"{types.names[code]}: alla perioder som tal", heads, table_rows)
        panels.append(Panel(code, {"type": code}, "", None, legend=[*colours, *signs], more=[table]))
    return Block("Över åren", panels, "unit-cost-years", points)


def _unit_cost_row(questions: Questions, row: Record) -> Row:
    if row["unit_cost_sek"] is None:
        return Row(row["municipality"], missing=row["not_published_reason"] or "")
    return Row(
        row["municipality"],
        [
            figure(row["unit_cost_sek"]),
            figure(row["volume_days"]),
            figure(row["cost_sek"]),
            figure(row["difference_to_mean_percent"], PERCENT, signed=True),
            words(f"{SCENARIOS[row['scenario']]}, {STATUSES[row['status']]}"),
        ],
        questions.sources.of(row["cell_ids"], _unit_cost_basis(row), _grade_of(row)),
    )


def _unit_cost_basis(row: Record) -> str:
    count = row["reported_type_count"]
    if row["status"] == "reported":
        return "Priset är redovisat; kostnaden är beräknad som pris gånger dygn."
    if count > 1:
        return f"Priset är beräknat: kostnaden för {count} insatstyper (pris gånger dygn) delad med deras dygn."
    return "Priset är beräknat: kostnad delad med dygn."


# -- budget and outcome ----------------------------------------------------------------------------------------------------


COMPARED = ("outcome", "forecast")
ALONE = "one municipality"
NO_POPULATION = "Kronor per invånare visas när invånarantal har hämtats från Kolada (kommunlager fetch kolada)."


def budgets(questions: Questions) -> Section:
    """The boards' net cost against budget, by year; and how it moved from report to report."""
    rows = questions.ask("select * from marts.budget_comparison order by municipality, period_end, scenario")
    revisions = questions.ask(
        """select * from marts.forecast_revision where line_role = 'net_cost' and breakdown = 'board_total'
        order by municipality, period_start, period_end, comparison_basis, as_of, scenario"""
    )
    per_inhabitant = any(row["net_cost_per_inhabitant_sek"] is not None for row in rows)
    heads = [
        "Kommun",
        "Period",
        "Scenario",
        "Nettokostnad, kronor",
        "Budget, kronor",
        "Avvikelse, kronor",
        "Avvikelse",
        "Mot året före",
    ]
    panels, bars = [], []
    for year, own in _grouped(rows, lambda row: row["year"]).items():
        key = str(year)
        table_rows = []
        for municipality in questions.municipalities:
            theirs = [row for row in own if row["municipality"] == municipality]
            table_rows += [_budget_row(questions, row, per_inhabitant) for row in theirs] or [
                Row(municipality, missing="Ingen nettokostnad för året i de inlästa rapporterna.")
            ]
            bars += _budget_bars(questions, municipality, key, theirs)
        # What the reader looks at first: outcome or forecast, of the most municipalities, of the longest period.
        told = min(own, key=lambda row: (row["scenario"] not in COMPARED, row["comparability"] == ALONE, -_days(row)))
        with_deviation = sum(1 for row in own if row["deviation_sek"] is not None)
        moved = [_revision_row(questions, row) for row in revisions if row["year"] == year]
        panels.append(
            Panel(
                key=key,
                choice={"year": key},
                summary=f"Nettokostnad {key}: {len(own)} tal, {with_deviation} med avvikelse mot budget.",
                table=Table(
                    f"Nettokostnad {key}; kostnad är minus",
                    [*heads, *(["Kronor per invånare"] if per_inhabitant else [])],
                    table_rows,
                ),
                grade=told["comparability"],
                remark=told["comparability_note"] or "",
                about=f"{'utfall och prognos' if told['scenario'] in COMPARED else SCENARIOS[told['scenario']]} {_when(told)}",
                aside="" if per_inhabitant else NO_POPULATION,
                legend=[("mark-target", "Budget")],
                more=[_revision_table(key, moved)] if moved else [],
            )
        )
    panels.sort(key=lambda panel: (-_known_deviations(rows, panel.key), -int(panel.key)))
    chosen = sorted((panel.key for panel in panels), reverse=True)
    return Section("budget", [Field("year", "År", [Option(key, key) for key in chosen])], [Block("", panels, "budget", bars)])


def _known_deviations(rows: Iterable[Record], year: str) -> int:
    return len({row["municipality"] for row in rows if str(row["year"]) == year and row["deviation_sek"] is not None})


def _budget_row(questions: Questions, row: Record, per_inhabitant: bool) -> Row:
    basis = "Nettokostnad och budget är redovisade; avvikelse och förändring är beräknade."
    remark = f"Jämförbarhet: {GRADES[row['comparability']][0]}. {row['comparability_note'] or ''}"
    if row["net_cost_per_inhabitant_sek"] is not None:
        basis += " Kronor per invånare är vår beräkning."
        remark += f" Invånare den 31 december: {number(row['inhabitants'])}. Källa: Kolada."
    values = [
        words(_when(row)),
        words(SCENARIOS[row["scenario"]]),
        figure(row["net_cost_sek"]),
        figure(row["budget_net_cost_sek"]),
        figure(row["deviation_sek"], signed=True),
        figure(row["deviation_percent"], PERCENT, signed=True),
        figure(row["change_percent"], PERCENT, signed=True),
    ]
    cells = [row["cell_id"], row["budget_cell_id"], row["previous_year_cell_id"]]
    return Row(
        row["municipality"],
        [*values, *([figure(row["net_cost_per_inhabitant_sek"])] if per_inhabitant else [])],
        questions.sources.of(cells, basis, remark),
    )


def _budget_bars(questions: Questions, municipality: str, panel: str, rows: Sequence[Record]) -> list[ChartRow]:
    """A bar per outcome and forecast with its budget as a mark; a budget or plan without either is a bar of its own."""
    compared = [row for row in rows if row["scenario"] in COMPARED]
    periods = {_period_of(row) for row in compared}
    shown = compared + [row for row in rows if row not in compared and _period_of(row) not in periods]
    shared = {"panel": panel, "colour": questions.colour(municipality)}
    bars: list[ChartRow] = []
    for row in shown:
        said = f"{number(-row['net_cost_sek'])} kr"
        if row["deviation_percent"] is not None:
            said += f", {_more_or_less(row['deviation_percent'])}"
        budget = row["budget_net_cost_sek"]
        bars.append(
            {
                **shared,
                "name": f"{municipality}, {SCENARIOS[row['scenario']]} {_when(row)}",
                "said": said,
                "value": _millions(-row["net_cost_sek"]),
                "budget": None if budget is None else _millions(-budget),
                "is_plan": row not in compared,
            }
        )
    return bars or [{**shared, "name": municipality, "said": "ej publicerat", "value": None, "budget": None, "is_plan": True}]


def _more_or_less(deviation_percent: Decimal) -> str:
    share = number(abs(deviation_percent))
    if deviation_percent == 0:
        return "enligt budget"
    return f"{share}{PERCENT} {'mer' if deviation_percent < 0 else 'mindre'} än budget"


def _revision_table(year: str, rows: Sequence[Row]) -> Table:
    heads = [
        "Kommun",
        "Period",
        "Scenario",
        "Rapport",
        "Uppgifter till och med",
        "Belopp, kronor",
        "Ändring, kronor",
        "Mot dess budget, kronor",
    ]
    return Table(f"Så sade rapporterna om {year}, i den ordning de kom", heads, rows)


def _revision_row(questions: Questions, row: Record) -> Row:
    misprint = " (känt tryckfel, jämförs inte)" if row["is_registered_misprint"] else ""
    return Row(
        row["municipality"],
        [
            words(_when(row)),
            words(SCENARIOS[row["scenario"]]),
            words(questions.sources.titles([row["document_id"]]) + misprint),
            words(row["as_of"].isoformat()),
            figure(row["amount_sek"]),
            figure(row["change_sek"], signed=True),
            figure(row["deviation_from_budget_sek"], signed=True),
        ],
        questions.sources.of([row["cell_id"], row["budget_cell_id"]], "Beloppen är redovisade; ändringarna är beräknade."),
    )


# -- days or prices --------------------------------------------------------------------------------------------------------


def price_and_volume(questions: Questions) -> Section:
    """What the deviation of placements from budget comes from: the number of days, or the price of a day."""
    order = _PlacementTypes(questions).order
    rows = questions.ask("select * from marts.placement_price_volume_variance where is_latest order by municipality")
    rows.sort(key=lambda row: order.index(row["placement_type_code"]))
    comparisons = _grouped(rows, lambda row: (row["scenario"], *_period_of(row)))
    # What became of the year first, and of whole years the latest.
    order_of_panels = sorted(
        comparisons, key=lambda key: (key[0] != "outcome", not _is_whole_year(*key[1:]), -key[2].toordinal())
    )
    panels: list[Panel] = []
    bars: list[ChartRow] = []
    for comparison in order_of_panels:
        own, scenario = comparisons[comparison], SCENARIOS[comparison[0]]
        name = f"{scenario.capitalize()} {_when(own[0])}"
        table_rows = []
        for municipality in questions.municipalities:
            theirs = [row for row in own if row["municipality"] == municipality]
            table_rows += [_effect_row(questions, row) for row in theirs] or [
                Row(municipality, missing=f"Ingen rapport har dygn och pris för både budget och {scenario}.")
            ]
        longer = any(row["is_budget_price_of_longer_period"] for row in own)
        publishing = len({row["municipality"] for row in own})
        panels.append(
            Panel(
                key=name,
                choice={"what": name},
                summary=f"{name} mot budget: {publishing} av {len(questions.municipalities)} kommuner publicerar.",
                table=Table(
                    f"{name} mot budget; plus är dyrare, kronor",
                    [
                        "Kommun och insats",
                        "Volymeffekt",
                        "Priseffekt",
                        "Tillsammans",
                        "Dygn eller dagar",
                        "Budget, dygn",
                        "Pris, kronor",
                        "Budgetpris, kronor",
                    ],
                    table_rows,
                ),
                aside="Budgetens pris är helårets: rapporten trycker inget för delåret." if longer else "",
                legend=[("volume", "Volymeffekt"), ("price", "Priseffekt"), ("mark-target", "Tillsammans")],
            )
        )
        bars += [bar for row in own if row["placement_level"] == "group" for bar in _effect_bars(row, name)]
    options = [Option(panel.key, panel.key) for panel in panels]
    return Section("pris-volym", [Field("what", "Vad som ställs mot budget", options)], [Block("", panels, "price-volume", bars)])


def _effect_bars(row: Record, panel: str) -> list[ChartRow]:
    """The two effects of a group, what is said above them with the first."""
    name = f"{row['municipality']}, {row['placement_type']}"
    shared = {"panel": panel, "name": name, "said": f"{number(row['total_effect_sek'], signed=True)} kr"}
    total = _millions(row["total_effect_sek"])
    return [
        {**shared, "first": effect == "volume", "effect": effect, "value": _millions(amount), "total": total}
        | {"tip": f"{called}: {number(amount, signed=True)} kr"}
        for effect, called, amount in (
            ("volume", "Volymeffekt", row["volume_effect_sek"]),
            ("price", "Priseffekt", row["price_effect_sek"]),
        )
    ]


def _effect_row(questions: Questions, row: Record) -> Row:
    basis = "Dygn och pris är redovisade; effekterna är beräknade."
    if row["placement_level"] == "group":
        basis = (
            f"Dygn och pris är redovisade; effekterna är beräknade, för gruppen som summan av {row['type_count']} insatstyper."
        )
    return Row(
        f"{row['municipality']}: {row['placement_type']}" if row["placement_level"] == "group" else row["placement_type"],
        [
            *(figure(row[name], signed=True) for name in ("volume_effect_sek", "price_effect_sek", "total_effect_sek")),
            *(figure(row[name]) for name in ("volume_days", "budget_volume_days", "unit_cost_sek", "budget_unit_cost_sek")),
        ],
        questions.sources.of(row["cell_ids"], basis),
        level=0 if row["placement_level"] == "group" else 1,
    )


# -- indicators ------------------------------------------------------------------------------------------------------------

TARGET_STATUSES = Words(
    {
        "met": "nått",
        "not met": "inte nått",
        "year not over": "året är inte slut",
        "no direction": "ingen riktning är bättre",
        "target in words": "målet är i ord",
        "expected met": "väntas nås",
        "expected not met": "väntas inte nås",
        "no value": "inget värde än",
        "no target": "inget mål",
    }
)
DIRECTIONS = Words({"higher": "högre är bättre", "lower": "lägre är bättre", "none": "varken högre eller lägre är bättre"})
INDICATOR_UNITS = {"percent": "procent", "dygn_dagar": "dygn", "antal": "antal", "timmar": "timmar", "index": "index"}
SHAPES = (("circle", "●"), ("square", "■"), ("triangle-up", "▲"), ("diamond", "◆"))


def indicators(questions: Questions) -> Section:
    """What boards measure: value, target and distance, by what the indicators are about."""
    names = {row["indicator_code"]: row["name_sv"] for row in questions.ask("select * from marts.dim_indicator")}
    rows = questions.ask(
        """select * from marts.indicator_comparison
        order by municipality, indicator_code, year, period_end, scenario, period_start, concept"""
    )
    found: list[tuple[tuple[Any, ...], Option, Panel]] = []
    points: list[ChartRow] = []
    for concept, own in _grouped(rows, lambda row: row["concept"]).items():
        shown = [row for row in own if row["status"] != "not published"]
        # A chart has one unit. Where a board sets its target in words, the row is of no unit: it belongs to each.
        units = list(dict.fromkeys(row["unit"] for row in shown if row["unit"] in INDICATOR_UNITS)) or [""]
        for unit in units:
            key = f"{concept} {unit}".strip()
            of_unit = [row for row in shown if row["unit"] == unit or row["unit"] not in INDICATOR_UNITS]
            titles = list(dict.fromkeys(names[row["indicator_code"]] for row in of_unit if not unit or row["unit"] == unit))
            title = titles[0] + (" m.fl." if len(titles) > 1 else "")
            title += f" ({INDICATOR_UNITS[unit]})" if len(units) > 1 else ""
            drawn, legend = _indicator_points(questions, key, [row for row in of_unit if row["unit"] == unit], names)
            points += drawn
            reporting = {row["municipality"] for row in of_unit}
            panel = Panel(
                key=key,
                choice={"concept": key},
                summary=f"{title}: {len(reporting)} av {len(questions.municipalities)} kommuner redovisar.",
                table=Table(
                    f"{title}, {INDICATOR_UNITS[unit]}" if unit and len(units) == 1 else title,
                    ["Kommun", "Nyckeltal", "Period", "Scenario", "Värde", "Mål", "Avstånd", "Målet"],
                    [
                        table_row
                        for municipality in questions.municipalities
                        for table_row in _indicator_rows(questions, municipality, own, of_unit, names)
                    ],
                ),
                grade=own[0]["comparability"],
                remark=own[0]["comparability_note"] or "",
                legend=legend,
            )
            # First what several municipalities report, and has most distances to its target.
            known = sum(1 for row in of_unit if row["distance_to_target"] is not None)
            several = len(reporting) > 1
            option = Option(key, title, "Flera kommuner redovisar" if several else "En kommun redovisar")
            found.append(((not several, -known, key), option, panel))
    found.sort(key=lambda one: one[0])
    options = sorted((option for _, option, _ in found), key=lambda option: option.text.lower())
    options.sort(key=lambda option: option.group, reverse=True)
    panels = [panel for _, _, panel in found]
    return Section("nyckeltal", [Field("concept", "Nyckeltal", options)], [Block("", panels, "indicator", points)])


def _indicator_rows(
    questions: Questions, municipality: str, rows: Sequence[Record], of_unit: Sequence[Record], names: Mapping[str, str]
) -> list[Row]:
    """A municipality's rows of a concept in one unit; where it has them in another unit only, that is said."""
    theirs = [row for row in rows if row["municipality"] == municipality]
    shown = [_indicator_row(questions, row, names) for row in of_unit if row["municipality"] == municipality]
    others = {INDICATOR_UNITS.get(row["unit"], "") for row in theirs if row["status"] != "not published"}
    if others and not shown:
        shown = [Row(municipality, lead="Redovisas annorlunda:", missing=f"i {listed(sorted(others))}, se det nyckeltalet.")]
    return shown + _not_published(municipality, [row for row in theirs if row["status"] == "not published"])


def _indicator_row(questions: Questions, row: Record, names: Mapping[str, str]) -> Row:
    unit = PERCENT if row["unit"] == "percent" else ""
    remark = f"Kommunens egen definition: {row['definition']}. " if row["definition"] else ""
    return Row(
        row["municipality"],
        [
            words(names[row["indicator_code"]]),
            words(_when(row) if row["period_start"] else str(row["year"])),
            words(SCENARIOS[row["scenario"]]),
            words(row["value_text"]) if row["value"] is None and row["value_text"] else figure(row["value"], unit),
            words(row["target_text"]),
            figure(row["distance_to_target"], unit.replace("%", "procentenheter"), signed=True),
            words(TARGET_STATUSES[row["target_status"]]),
        ],
        questions.sources.of(
            [row["cell_id"], row["target_cell_id"]],
            "Värde och mål är redovisade; avståndet är beräknat.",
            f"{remark}{DIRECTIONS[row['direction']].capitalize()}. {_grade_of(row)}",
        ),
    )


def _not_published(municipality: str, rows: Sequence[Record]) -> list[Row]:
    """One row per reason, with the years it is given for."""
    theirs = [row for row in rows if row["municipality"] == municipality]
    reasons = _grouped(theirs, lambda row: row["not_published_reason"])
    return [Row(municipality, missing=f"{years([row['year'] for row in own])}. {reason}") for reason, own in reasons.items()]


def _indicator_points(
    questions: Questions, panel: str, rows: Sequence[Record], names: Mapping[str, str]
) -> tuple[list[ChartRow], list[tuple[str, str]]]:
    """Points for values and marks for targets, and the legend of the series: a colour per municipality, a shape per indicator."""
    points: list[ChartRow] = []
    legend: list[tuple[str, str]] = []
    for municipality in questions.municipalities:
        colour = questions.colour(municipality)
        theirs = [row for row in rows if row["municipality"] == municipality]
        codes = list(dict.fromkeys(row["indicator_code"] for row in theirs))
        for place, code in enumerate(codes):
            shape, sign = SHAPES[place % len(SHAPES)]
            name = f"{municipality}: {names[code]}"
            legend.append((f"colour-{colour}", f"{sign} {name}"))
            for row in (row for row in theirs if row["indicator_code"] == code):
                when = _when(row) if row["period_start"] else str(row["year"])
                text = f"{name}, {SCENARIOS[row['scenario']]} {when}"
                shared = {"panel": panel, "series": name, "colour": colour, "shape": shape, "when": when, "order": _order(row)}
                shared |= {"span": _span(row)}
                value, target = row["value"], row["target_value"]
                said = f": {row['value_text']}" if value is not None else ""
                said += f"; mål {row['target_text']}" if target is not None else ""
                points.append({**shared, "value": _float(value), "target": _float(target), "text": text + said})
    part = [("mark-part", "○ annan tid än kalenderåret")] if any(point["span"] != WHOLE_YEAR for point in points) else []
    return points, [*legend, *part, ("mark-target", "Mål")]


# -- reconciliation --------------------------------------------------------------------------------------------------------

CHECK_STATUSES = Words(
    {
        "agrees": "Stämmer",
        "rounding": "Stämmer inom avrundning",
        "registered source error": "Känt fel i rapporten",
        "restatement": "Ändrat i senare rapport",
        "reviewed warning": "Granskad varning",
        "note": "Anmärkning",
    }
)
CHECK_KINDS = Words(
    {
        "deviation": "avvikelse",
        "percentage": "procent",
        "total": "summa",
        "part": "delar",
        "net": "netto",
        "change": "förändring",
        "mean": "medelvärde",
        "periodised": "periodiserat",
        "index": "index",
        "repeated": "samma tal i annan tabell",
        "printed twice": "tryckt två gånger",
        "restated": "samma uppgift i annan rapport",
        "statement": "löpande text mot tabell",
        "limit": "gräns",
        "equal figures": "lika tal på flera ställen",
    }
)


def reconciliation(questions: Questions) -> Section:
    """How the checks of each report ended, each difference with its reason, and what guards the printed numbers."""
    rows = questions.ask(
        """select r.*, coalesce(u.name_sv, r.unit) as unit_name from marts.reconciliation as r
        left join seeds.unit as u on r.unit = u.unit order by r.document_id, r.line_no, r.check_id"""
    )
    reports = questions.ask("select * from marts.dim_document order by municipality, as_of desc, document_id")
    statuses = list(dict.fromkeys([*CHECK_STATUSES, *(row["status"] for row in rows)]))
    statuses = [status for status in statuses if any(row["status"] == status for row in rows)]
    table_rows, bars, differences = [], [], []
    for report in reports:
        own = [row for row in rows if row["document_id"] == report["document_id"]]
        counts = {status: sum(1 for row in own if row["status"] == status) for status in statuses}
        name = questions.sources.report(report["document_id"])
        table_rows.append(Row(name, [figure(len(own)), *(figure(counts[status]) for status in statuses)]))
        for place, status in enumerate(statuses):
            said = {"name": name, "said": f"{number(len(own))} kontroller", "first": place == 0}
            bar = {"panel": "all", **said, "place": place, "value": counts[status]}
            bars.append(bar | {"tip": f"{CHECK_STATUSES[status]}: {number(counts[status])}"})
        found = [row for row in own if row["status"] not in ("agrees", "rounding", "note")]
        if found:
            heads = ["Rad i rapporten", "Kontroll", "Gäller", "Tryckt", "Väntat", "Skillnad", "Enhet", "Vad vi vet"]
            differences.append(Table(f"{name}: {len(found)} skillnader", heads, [_difference_row(row) for row in found]))
    guarded = questions.ask(
        """select coalesce(s.name_sv, c.subject) as name, c.* from marts.reconciliation_coverage_by_subject as c
        left join seeds.subject as s on c.subject = s.subject order by c.numbers desc, name"""
    )
    by_subject = Table(
        "Vad som kontrollerar de tryckta talen, per slag av tabell",
        [
            "Slag av tabell",
            "Tryckta tal",
            "Räkning",
            "Tryckt igen",
            "Bara rimlighet",
            "Ingen kontroll",
            "Räkning eller tryckt igen",
        ],
        [
            Row(
                row["name"],
                [
                    *(
                        figure(row[column])
                        for column in ("numbers", "guarded_by_identity", "guarded_by_restatement", "guarded_by_bounds")
                    ),
                    figure(row["not_guarded"]),
                    figure(row["guarded_percent"], PERCENT),
                ],
            )
            for row in guarded
        ],
    )
    heads = ["Rapport", "Kontroller", *(CHECK_STATUSES[status] for status in statuses)]
    legend = [(f"status-{place}", CHECK_STATUSES[status]) for place, status in enumerate(statuses)]
    panel = Panel(
        key="all",
        choice={},
        summary="",
        table=Table("Kontroller per rapport, antal", heads, table_rows),
        legend=legend,
        more=[*differences, by_subject],
    )
    return Section("avstamning", (), [Block("", [panel], "reconciliation", bars)])


def _difference_row(row: Record) -> Row:
    where = f"{row['row_label']} / {row['column_label']}" if row["kind"] != "statement" else (row["column_label"] or "")
    return Row(
        f"rad{NO_BREAK_SPACE}{row['line_no']}" if row["line_no"] else "saknas",
        [
            words(f"{CHECK_STATUSES[row['status']]}: {CHECK_KINDS[row['kind']]}"),
            words(where),
            figure(row["printed"]),
            figure(row["expected"]),
            figure(row["difference"], signed=True),
            words(row["unit_name"]),
            words(row["reason"]),
        ],
    )


# -- coverage --------------------------------------------------------------------------------------------------------------


def coverage(questions: Questions) -> Section:
    """Which figures each municipality publishes: years by scenario, and the reports they stand in."""
    rows = questions.ask("select * from marts.coverage order by subject_name, municipality, scenario, year")
    table_rows = []
    for subject, own in _grouped(rows, lambda row: row["subject_name"]).items():
        values = []
        for municipality in questions.municipalities:
            theirs = [row for row in own if row["municipality"] == municipality and row["is_published"]]
            by_scenario = _grouped(theirs, lambda row: row["scenario"])
            said = [
                f"{SCENARIOS[scenario]} {years([row['year'] for row in by_scenario[scenario]])}"
                for scenario in SCENARIOS
                if scenario in by_scenario
            ]
            documents = dict.fromkeys(document for row in theirs for document in row["document_ids"] or ())
            count = sum(row["cell_count"] for row in theirs)
            note = f"{number(count)} tal i {questions.sources.titles(documents)}"
            if theirs:
                values.append(Value("; ".join(said), note=note))
            else:
                unread = max((row["missing_report_count"] for row in own if row["municipality"] == municipality), default=0)
                note = f"levererade rapporter som saknas i lagret: {number(unread)}" if unread else ""
                values.append(Value("ej publicerat", is_missing=True, note=note))
        table_rows.append(Row(subject, values))
    table = Table("Vad varje kommun publicerar i de inlästa rapporterna", ["Område", *questions.municipalities], table_rows)
    return Section("publicerat", (), [Block("", [Panel("all", {}, "", table)] if rows else [])])


# -- the same for several sections -----------------------------------------------------------------------------------------


def _grouped(rows: Iterable[Record], key: Callable[[Record], Any]) -> dict[Any, list[Record]]:
    """Rows by what they have in common, in the order they come."""
    groups: dict[Any, list[Record]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def _period_of(row: Record) -> tuple[date, date]:
    return row["period_start"], row["period_end"]


def _when(row: Record) -> str:
    return period(*_period_of(row))


def _latest_first(rows: Iterable[Record]) -> list[str]:
    found = sorted({_period_of(row) for row in rows}, key=lambda days: (days[1], days[0]), reverse=True)
    return [period(*days) for days in found]


def _order(row: Record) -> str:
    """Sorts periods in a chart: by their end, shorter ones of the same end last."""
    return f"{row['period_end'] or row['year']} {row['period_start'] or ''}"


def _grade_of(row: Record) -> str:
    return f"Jämförbarhet: {GRADES[row['comparability']][0]}, se noten under tabellen."


def _days(row: Record) -> int:
    """Days of the period."""
    return int((row["period_end"] - row["period_start"]).days)


def _is_whole_year(start: date, end: date) -> bool:
    return _span({"period_start": start, "period_end": end}) == WHOLE_YEAR


def _span(row: Record) -> str:
    """The part of the year a figure is for: only figures of the same part are joined by a line."""
    start, end = _period_of(row)
    return f"{start:%m-%d} {end:%m-%d}" if start and end else WHOLE_YEAR


def _float(value: Decimal | None) -> float | None:
    """A length in a chart: what is written beside it comes from the decimal itself."""
    return None if value is None else float(value)


def _millions(value: Decimal) -> float:
    """SEK as a length in million SEK."""
    return float(value / MILLION)
