"""The gate's Data Docs: Great Expectations' pages about the last load, as files to open in a browser.

The pages come with styles, scripts and a logo from public servers. Those references are taken out: opening a page about a
load tells nobody about it. What is left are tables with the project's few styles.
"""

from __future__ import annotations

import re
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


def write_site(context: Any, folder: Path) -> None:
    """Write the pages about the validations that the context has run."""
    context.build_data_docs(site_names=[SITE])
    for page in folder.rglob("*.html"):
        text = EXTERNAL.sub("", page.read_text(encoding="utf-8"))
        page.write_text(text.replace("</head>", f"{STYLE}</head>", 1), encoding="utf-8")
