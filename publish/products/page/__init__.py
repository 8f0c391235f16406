"""The comparison page: one HTML file for analysts and boards, in Swedish, that needs no network and no server.

    sources.py     the printed cells a figure comes from, with their line and what is known against them
    sections.py    questions to the marts -> panels: tables as they are read, and the rows of the charts beside them
    colours.py     the palette
    charts.py      how the charts look, as Altair specifications; they draw whichever panel is chosen
    render.py      template, style, scripts and Vega in one file, with a policy that forbids every request

Every figure is formatted here, from the warehouse's exact decimals; the page's own script only shows and hides.
"""

from publish.products.page.render import page_path_of, write_page

__all__ = ["page_path_of", "write_page"]
