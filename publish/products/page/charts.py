"""How the charts look: Altair specifications, each over the rows of every panel, of which the signal `panel` chooses.

Bars have their texts above them instead of an axis of names: it is as wide as the chart, also on a phone. Charts are as wide as
their place, and every one has its table beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from publish.products.page.colours import INK, MUNICIPALITY_COLOURS, MUTED, PRICE_COLOUR, RULE, STATUS_COLOURS, VOLUME_COLOUR
from publish.products.page.sections import WHOLE_YEAR
from publish.products.page.tables import ChartRow

ROW_HEIGHT, BAR_HEIGHT = 66, 16
NAME_SHIFT, SAID_SHIFT, BAR_SHIFT = -22, -5, 14

CONFIG: dict[str, Any] = {
    "font": "system-ui, sans-serif",
    "background": "transparent",
    "aria": False,  # the page says in words what the chart shows
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "titleColor": MUTED,
        "titleFontWeight": "normal",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "gridColor": RULE,
        "domainColor": RULE,
        "tickColor": RULE,
    },
    "text": {"fontSize": 13},
}


def specification(chart: str, rows: Sequence[ChartRow]) -> dict[str, Any]:
    """The Vega-Lite specification of a chart over these rows."""
    return _finished(CHARTS[chart](alt.Data(values=list(rows))))


def vega_lite_version() -> str:
    """The version the specifications are written for, as `major.minor`."""
    return ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])


def _finished(chart: alt.LayerChart) -> dict[str, Any]:
    panel = alt.param(name="panel", value="")
    sized = chart.add_params(panel).properties(width="container")
    finished: dict[str, Any] = sized.configure(**CONFIG).to_dict()
    del finished["$schema"]  # an address, which nothing needs
    return finished


def _chosen(data: alt.Data) -> alt.Chart:
    return alt.Chart(data).transform_filter("datum.panel === panel")


# -- parts of several charts -----------------------------------------------------------------------------------------------


def _colour(colours: Sequence[str]) -> alt.Color:
    """The colour with the number that the row has."""
    return alt.Color("colour:O", scale=alt.Scale(domain=list(range(len(colours))), range=list(colours)), legend=None)


def _amount(title: str) -> alt.X:
    return alt.X("value:Q", title=title, scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=5, format=",.0f"))


def _row() -> alt.Y:
    """A row per name, in the order of the data."""
    return alt.Y("name:N", sort=None, axis=None, scale=alt.Scale(paddingInner=0, paddingOuter=0))


def _bars(base: alt.Chart) -> alt.Chart:
    return base.mark_bar(size=BAR_HEIGHT, yOffset=BAR_SHIFT)


def _marks(base: alt.Chart, field: str) -> alt.Chart:
    """A mark across each bar."""
    return base.mark_tick(yOffset=BAR_SHIFT, size=26, thickness=3, color=INK).encode(x=f"{field}:Q", y=_row())


def _with_texts(base: alt.Chart, *layers: alt.Chart) -> alt.LayerChart:
    """The layers, above each row's bar its name and what is said of it, from the chart's left edge.

    The texts come first: the order of the rows is theirs, for those without a bar are no row of the bars.
    """
    texts = [
        base.mark_text(align="left", baseline="middle", yOffset=shift, color=colour, fontWeight=weight).encode(
            x=alt.value(0), y=_row(), text=f"{field}:N"
        )
        for field, shift, colour, weight in (("name", NAME_SHIFT, MUTED, "normal"), ("said", SAID_SHIFT, INK, "bold"))
    ]
    return alt.layer(*texts, *layers).properties(height=alt.Step(ROW_HEIGHT))


def _when() -> alt.X:
    """Periods in the order of their ends; some are named only where there is no room for all."""
    return alt.X("when:O", sort=alt.SortField("order"), title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True))


def _height(title: str | None) -> alt.Y:
    """An upright axis with its title lying at its top."""
    place = {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "start", "titleX": 0, "titleY": -14}
    axis = alt.Axis(tickCount=5, format=",~r", **(place if title else {}))
    return alt.Y("value:Q", title=title, scale=alt.Scale(zero=True), axis=axis)


# -- the charts ------------------------------------------------------------------------------------------------------------


def _unit_cost(data: alt.Data) -> alt.LayerChart:
    base = _chosen(data)
    bars = _bars(base).encode(x=_amount("Kronor per dygn eller dag"), y=_row(), color=_colour(MUNICIPALITY_COLOURS))
    return _with_texts(base, bars)


def _unit_cost_years(data: alt.Data) -> alt.LayerChart:
    bases = ["outcome", "budget", "plan"]
    opacity = alt.Opacity("basis:O", sort=bases, scale=alt.Scale(domain=bases, range=[1, 0.6, 0.35]), legend=None)
    shape = alt.Shape("basis:N", scale=alt.Scale(domain=bases, range=["circle", "square", "diamond"]), legend=None)
    points = _chosen(data).mark_point(filled=True, size=90)
    encoded = points.encode(
        x=_when(),
        y=_height("Kronor per dygn eller dag"),
        color=_colour(MUNICIPALITY_COLOURS),
        opacity=opacity,
        shape=shape,
        tooltip=alt.Tooltip("text:N", title="Pris"),
    )
    return alt.layer(encoded).properties(height=240)


def _budget(data: alt.Data) -> alt.LayerChart:
    base = _chosen(data)
    faded = alt.condition("datum.is_plan", alt.value(0.35), alt.value(1))
    amount = _amount("Nettokostnad, miljoner kronor")
    bars = _bars(base).encode(x=amount, y=_row(), color=_colour(MUNICIPALITY_COLOURS), opacity=faded)
    return _with_texts(base, bars, _marks(base, "budget"))


def _price_volume(data: alt.Data) -> alt.LayerChart:
    base = _chosen(data)
    effects = alt.Scale(domain=["volume", "price"], range=[VOLUME_COLOUR, PRICE_COLOUR])
    colour = alt.Color("effect:N", scale=effects, legend=None)
    amount = _amount("Miljoner kronor; till höger dyrare än budget")
    bars = _bars(base).encode(x=amount, y=_row(), color=colour, tooltip=alt.Tooltip("tip:N", title="Effekt"))
    zero = alt.Chart(alt.Data(values=[{}])).mark_rule(color=MUTED, opacity=0.4).encode(x=alt.datum(0))
    return _with_texts(base.transform_filter("datum.first"), zero, bars, _marks(base.transform_filter("datum.first"), "total"))


def _indicator(data: alt.Data) -> alt.LayerChart:
    base = _chosen(data).encode(x=_when(), color=_colour(MUNICIPALITY_COLOURS))
    tooltip = alt.Tooltip("text:N", title="Nyckeltal")
    shape = alt.Shape("shape:N", scale=None)
    # Of the same part of the year: eight months of a count are no fall from twelve.
    lines = base.mark_line(strokeWidth=1.5, opacity=0.5).encode(y=_height(None), detail=["series:N", "span:N"])
    hollow = alt.condition(f"datum.span === '{WHOLE_YEAR}'", alt.value(1), alt.value(0))
    filled = base.mark_point(size=80, filled=True, opacity=1).encode(y=_height(None), shape=shape, fillOpacity=hollow)
    outlines = base.mark_point(size=80, filled=False, opacity=1).encode(y=_height(None), shape=shape, tooltip=tooltip)
    ticks = base.mark_tick(size=30, thickness=3, orient="horizontal", opacity=1)
    targets = ticks.encode(y="target:Q", color=alt.value(INK), tooltip=tooltip)
    return alt.layer(lines, filled, outlines, targets).properties(height=240)


def _reconciliation(data: alt.Data) -> alt.LayerChart:
    base = _chosen(data)
    statuses = alt.Scale(domain=list(range(len(STATUS_COLOURS))), range=STATUS_COLOURS)
    colour = alt.Color("place:O", scale=statuses, legend=None)
    tooltip = alt.Tooltip("tip:N", title="Kontroller")
    bars = _bars(base).encode(x=_amount("Kontroller"), y=_row(), color=colour, order="place:O", tooltip=tooltip)
    return _with_texts(base.transform_filter("datum.first"), bars)


CHARTS = {
    "unit-cost": _unit_cost,
    "unit-cost-years": _unit_cost_years,
    "budget": _budget,
    "price-volume": _price_volume,
    "indicator": _indicator,
    "reconciliation": _reconciliation,
}
