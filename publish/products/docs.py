"""Pages for analysts, written from a published warehouse, in Swedish and English.

    <folder>/datalexikon.html, data_dictionary.html                             every mart and column with type, unit and meaning
    <folder>/sa_laser_du_en_jamforelse.html, how_to_read_a_comparison.html      see guide.py
    <folder>/dbt_docs.html                                                      dbt's documentation, see dbt_docs.py
    <folder>/manifest.json                                                      checksums

Each page is one file that asks for nothing when it is opened. The meanings are those of dbt's manifest: English ones are kept in
the database as comments, Swedish ones in seed description_sv. The folder is replaced whole or left as it was (see folder.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from ingest.loading.database import open_for_reading
from publish.answers.catalog import Mart, read_built_at, read_marts, read_reports
from publish.products.dbt_docs import dbt_docs_page
from publish.products.folder import write_folder
from publish.products.guide import Guide
from publish.products.html import code, page, table, text

KIND = "kommunlager docs"
DICTIONARY, DICTIONARY_SV = "data_dictionary.html", "datalexikon.html"
GUIDE, GUIDE_SV = "how_to_read_a_comparison.html", "sa_laser_du_en_jamforelse.html"
DBT_DOCS = "dbt_docs.html"


def docs_folder_of(warehouse: Path) -> Path:
    """The folder of these pages beside a warehouse."""
    return warehouse.with_name(f"{warehouse.stem}_docs")


def write_docs(warehouse: Path, out: Path, project: Path | None = None) -> dict[str, Any]:
    """Write the pages into the folder `out`; returns its manifest.

    With the dbt project `project`, dbt's documentation of it is among them. Raises KommunlagerError as `write_folder` and
    `dbt_docs_page` do; `out` is then as it was.
    """
    with open_for_reading(warehouse) as connection:
        marts, reports, built_at = read_marts(connection, warehouse), read_reports(connection), read_built_at(connection)
        built = f"{built_at:%Y-%m-%d %H:%M} UTC" if built_at else "?"
        names = {mart.name for mart in marts}
        pages = {
            DICTIONARY: dictionary_page(marts, built).encode(),
            DICTIONARY_SV: dictionary_page_sv(marts, built).encode(),
            GUIDE: Guide(connection, names, "en").page(reports, built).encode(),
            GUIDE_SV: Guide(connection, names, "sv").page(reports, built).encode(),
        }
    if project is not None:
        pages[DBT_DOCS] = dbt_docs_page(warehouse, project, built_at)
    return write_folder(out, KIND, {"built_at": built_at}, pages)


def dictionary_page(marts: Sequence[Mart], built: str) -> str:
    """The data dictionary: a section per mart, a row per column."""
    intro = f"The marts of the warehouse built {escape(built)}."
    parts = [text(intro, "What a column means is what its comment in the database says."), _links(marts)]
    for mart in marts:
        rows = [
            [f"<td>{html}</td>" for html in (code(c.name), code(c.type), escape(c.unit or ""), escape(c.description))]
            for c in mart.columns
        ]
        count = f"{mart.rows:,} {'row' if mart.rows == 1 else 'rows'}."
        parts += [_section(mart, mart.description, count), table(["Column", "Type", "Unit", "Meaning"], rows)]
    return page("en", "Kommunlager: data dictionary", parts)


def dictionary_page_sv(marts: Sequence[Mart], built: str) -> str:
    """The same in Swedish; what has no Swedish meaning has its English one."""
    intro = f"Tabellerna för analys i lagret som byggdes {escape(built)}."
    parts = [text(intro, "I databasen står samma sak på engelska, som kommentarer till tabeller och kolumner."), _links(marts)]
    for mart in marts:
        rows = [
            [
                f"<td>{html}</td>"
                for html in (
                    code(c.name),
                    code(c.type),
                    escape(c.unit_sv or c.unit or ""),
                    escape(c.description_sv or c.description),
                )
            ]
            for c in mart.columns
        ]
        count = f"{mart.rows:,} {'rad' if mart.rows == 1 else 'rader'}.".replace(",", "\u00a0")
        parts += [
            _section(mart, mart.description_sv or mart.description, count),
            table(["Kolumn", "Typ", "Enhet", "Betydelse"], rows),
        ]
    return page("sv", "Kommunlager: datalexikon", parts)


def _links(marts: Sequence[Mart]) -> str:
    links = "".join(f'<a href="#{escape(mart.name)}">{escape(mart.name)}</a><br>' for mart in marts)
    return f"<nav>{links}</nav>"


def _section(mart: Mart, description: str, count: str) -> str:
    return f'<h2 id="{escape(mart.name)}">marts.{escape(mart.name)}</h2>\n<p>{escape(description)} {count}</p>'
