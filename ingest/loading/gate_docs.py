"""The gate's Data Docs: Great Expectations' pages about the last load, as files to open in a browser.

The pages come with styles, scripts and a logo from public servers. Those references are taken out: opening a page about a
load tells nobody about it. What is left are tables with the project's few styles.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

SITE = "load"
EXTERNAL = re.compile(
    r"""<script[^>]*\ssrc=["']https?://[^>]*>\s*</script>|<link[^>]*\shref=["']https?://[^>]*>|<img[^>]*\ssrc=["']https?://[^>]*>""",
    re.IGNORECASE,
)
STYLE = """<style>
body { font-family: sans-serif; margin: 2rem; }
table { border-collapse: collapse; margin: 0.5rem 0 1.5rem; }
td, th { border: 1px solid #ccc; padding: 0.25rem 0.5rem; vertical-align: top; text-align: left; }
</style>"""


def add_site(context: Any, folder: Path) -> None:
    """Give a context one site of Data Docs, below `folder`."""
    for name in list(context.get_site_names()):
        context.delete_data_docs_site(name)
    backend = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}
    context.add_data_docs_site(
        SITE,
        {
            "class_name": "SiteBuilder",
            "store_backend": backend,
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            "show_how_to_buttons": False,
        },
    )


def write_site(context: Any, folder: Path, results: Mapping[str, tuple[int, int]]) -> None:
    """Write the pages about the validations that the context has run.

    `results` gives, for each frame, its checks and how many failed. They make the first page: that of the library is filled by
    the scripts that are taken out.
    """
    context.build_data_docs(site_names=[SITE])
    (folder / "index.html").write_text(_index(folder, results), encoding="utf-8")
    for page in folder.glob("*/**/*.html"):
        text = EXTERNAL.sub("", page.read_text(encoding="utf-8"))
        page.write_text(text.replace("</head>", f"{STYLE}</head>", 1), encoding="utf-8")


def write_batches(folder: Path, batches: Mapping[str, tuple[str, str]]) -> None:
    """The first page about a load in several batches: `batches` gives for each page's folder its first and last document."""
    rows = "".join(
        f'<tr><td><a href="{escape(name)}/index.html">{escape(name)}</a></td><td>{escape(first)}</td><td>{escape(last)}</td></tr>'
        for name, (first, last) in batches.items()
    )
    table = f"<table><tr><th>batch</th><th>from document</th><th>to document</th></tr>{rows}</table>"
    (folder / "index.html").write_text(_page(table), encoding="utf-8")


def _index(folder: Path, results: Mapping[str, tuple[int, int]]) -> str:
    rows = []
    for name, (checks, failed) in sorted(results.items()):
        page = next(folder.glob(f"validations/{name}/**/*.html"), None)
        link = f'<a href="{escape(page.relative_to(folder).as_posix())}">{escape(name)}</a>' if page else escape(name)
        rows.append(f"<tr><td>{link}</td><td>{checks}</td><td>{failed}</td></tr>")
    return _page("<table><tr><th>frame</th><th>checks</th><th>failed</th></tr>" + "".join(rows) + "</table>")


def _page(table: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Load gate</title>{STYLE}</head><body>'
        "<h1>Load gate</h1><p>What the last load was checked for, by Great Expectations, before it entered schema raw.</p>"
        f"{table}</body></html>\n"
    )
