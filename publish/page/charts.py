"""How the charts look: Altair specifications, each over the rows of every panel, of which the signal `panel` chooses.

Bars have their text above them instead of an axis of names: it is as wide as the chart, also on a phone. Charts are as wide as
their place; colours are told apart without colour vision, and every chart has its table beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from publish.page.tables import ChartRow

MUNICIPALITY_COLOURS = ["#1b5e8c", "#c26a1b", "#4f7f5b", "#7d4e8a", "#a33b3b", "#4c5c68", "#8a7a1d", "#2a8a8a"]
STATUS_COLOURS = ["#8fb4a0", "#c9dccf", "#b3432b", "#d98e48", "#7d6aa8", "#9aa3a8", "#202020", "#606060"]
VOLUME_COLOUR, PRICE_COLOUR = "#1b5e8c", "#c26a1b"
INK, MUTED, RULE = "#1f2a33", "#5a6670", "#dfe4e8"
ROW_HEIGHT, BAR_HEIGHT = 48, 16
TEXT_SHIFT, BAR_SHIFT = -11, 8

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
    "text": {"fontSize": 13, "color": INK},
}


def specification(chart: str, rows: Sequence[ChartRow]) -> dict[str, Any]:
    """The Vega-Lite specification of a chart over these rows."""
    return _finished(CHARTS[chart](alt.Data(values=list(rows))))


def vega_lite_version() -> str:
    """The version the specifications are written for, as `major.minor`."""
    return ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])


def _finished(chart: alt.LayerChart) -> dict[str, Any]:
    panel = alt.param(name="panel", value="")
    sized = chart.add_params(panel).properties(width="container", autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
    finished: dict[str, Any] = sized.configure(**CONFIG).to_dict()
    del finished["$schema"]  # an address, which nothing needs
    return finished


def _chosen(data: alt.Data) -> alt.Chart:
    return alt.Chart(data).transform_filter("datum.panel === panel")


def _colour(colours: Sequence[str]) -> alt.Color:
    return alt.Color("colour:O", scale=alt.Scale(domain=list(range(len(colours))), range=list(colours)), legend=None)


def _rows(band: bool = True) -> alt.Y:
    """A row per text, in the order of the data."""
    return alt.Y("text:N", sort=None, axis=None, scale=alt.Scale(paddingInner=0.0, paddingOuter=0.0))


def _row_texts(base: alt.Chart, x: Any) -> alt.Chart:
    return base.mark_text(align="left", baseline="middle", yOffset=TEXT_SHIFT).encode(
        x=x, y=_rows(), text="text:N", detail="text:N"
    )


def _unit_cost(data: alt.Data) -> alt.LayerChart:
    base = _chosen(data)
    amount = alt.X(
        "value:Q", title="Kronor per dygn eller dag", scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=5, format=",.0f")
    )
    bars = base.mark_bar(size=BAR_HEIGHT, yOffset=BAR_SHIFT).encode(x=amount, y=_rows(), color=_colour(MUNICIPALITY_COLOURS))
    return alt.layer(bars, _row_texts(base, alt.value(0))).properties(height=alt.Step(ROW_HEIGHT))


def _years(data: alt.Data, panel_height: int = 220) -> alt.LayerChart:
    base = _chosen(data).encode(
        x=alt.X("when:O", sort=alt.SortField("order"), title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
        y=alt.Y(
            "value:Q", title="Kronor per dygn eller dag", scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=5, format=",.0f")
        ),
        color=_colour(MUNICIPALITY_COLOURS),
    )
    solid = alt.Opacity("basis:N", scale=alt.Scale(domain=["outcome", "budget", "plan"], range=[1, 0.55, 0.3]), legend=None)
    tooltip = [
        alt.Tooltip(f"{name}:N", title=title)
        for name, title in (("municipality", "Kommun"), ("when", "Period"), ("scenario", "Scenario"), ("text", "Pris"))
    ]
    shape = alt.Shape(
        "basis:N", scale=alt.Scale(domain=["outcome", "budget", "plan"], range=["circle", "square", "diamond"]), legend=None
    )
    points = base.mark_point(filled=True, size=90).encode(opacity=solid, shape=shape, tooltip=tooltip)
    return alt.layer(points).properties(height=panel_height)


def _budget(data: alt.Data) -> alt.LayerChart:
    base = _chosen(data)
    amount = alt.X(
        "value:Q", title="Nettokostnad, miljoner kronor", scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=5, format=",.0f")
    )
    faded = alt.condition("datum.is_plan", alt.value(0.35), alt.value(1))
    bars = base.mark_bar(size=BAR_HEIGHT, yOffset=BAR_SHIFT).encode(
        x=amount, y=_rows(), color=_colour(MUNICIPALITY_COLOURS), opacity=faded
    )
    marks = base.mark_tick(yOffset=BAR_SHIFT, size=26, thickness=3, color=INK).encode(x="budget:Q", y=_rows())
    return alt.layer(bars, marks, _row_texts(base, alt.value(0))).properties(height=alt.Step(ROW_HEIGHT))


def _price_volume(data: alt.Data) -> alt.LayerChart:
    base = _chosen(data)
    amount = alt.X("value:Q", title="Miljoner kronor; till höger dyrare än budget", axis=alt.Axis(tickCount=6, format=",.0f"))
    colour = alt.Color("effect:N", scale=alt.Scale(range=[PRICE_COLOUR, VOLUME_COLOUR]), legend=None)
    bars = base.mark_bar(size=BAR_HEIGHT, yOffset=BAR_SHIFT).encode(
        x=amount, y=_rows(), color=colour, tooltip=alt.Tooltip("tip:N", title="Effekt")
    )
    zero = alt.Chart(alt.Data(values=[{}])).mark_rule(color=MUTED).encode(x=alt.datum(0))
    totals = base.mark_tick(yOffset=BAR_SHIFT, size=26, thickness=3, color=INK).encode(x="total:Q", y=_rows())
    return alt.layer(zero, bars, totals, _row_texts(base, alt.value(0))).properties(height=alt.Step(ROW_HEIGHT))


def _indicator(data: alt.Data) -> alt.LayerChart:
    base = _chosen(data).encode(
        x=alt.X("when:O", sort=alt.SortField("order"), title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
        color=_colour(MUNICIPALITY_COLOURS),
        detail="series:N",
    )
    scale = alt.Y("value:Q", title=None, scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=5))
    tooltip = alt.Tooltip("text:N", title="Nyckeltal")
    lines = base.mark_line(strokeWidth=1.5, opacity=0.5).encode(y=scale)
    points = base.mark_point(filled=True, size=80).encode(y=scale, shape=alt.Shape("shape:N", scale=None), tooltip=tooltip)
    targets = base.mark_tick(size=30, thickness=3, orient="horizontal").encode(
        y="target:Q", color=alt.value(INK), tooltip=tooltip
    )
    return alt.layer(lines, points, targets).properties(height=240)


def _reconciliation(data: alt.Data) -> alt.LayerChart:
    base = _chosen(data)
    colour = alt.Color("place:O", scale=alt.Scale(domain=list(range(len(STATUS_COLOURS))), range=STATUS_COLOURS), legend=None)
    amount = alt.X("value:Q", title="Kontroller", axis=alt.Axis(tickCount=5, format=",.0f"))
    bars = base.mark_bar(size=BAR_HEIGHT, yOffset=BAR_SHIFT).encode(
        x=amount,
        y=_rows(),
        color=colour,
        order="place:O",
        tooltip=[alt.Tooltip("status:N", title="Utfall"), alt.Tooltip("value:Q", title="Antal")],
    )
    return alt.layer(bars, _row_texts(base, alt.value(0))).properties(height=alt.Step(ROW_HEIGHT))


CHARTS = {
    "unit-cost": _unit_cost,
    "unit-cost-years": _years,
    "budget": _budget,
    "price-volume": _price_volume,
    "indicator": _indicator,
    "reconciliation": _reconciliation,
}
