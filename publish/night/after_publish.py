"""What is made from the published warehouse, after it is published: each step is a name, and what is done with the file and the
dbt project it was built with.

A step is run again until it has succeeded for the file that is published: also after a run that was killed, or a rollback.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def _page(warehouse: Path, _: Path) -> None:
    from publish.products.page import page_path_of, write_page

    write_page(warehouse, page_path_of(warehouse))


def _export(warehouse: Path, _: Path) -> None:
    from publish.products.export import export, export_of

    export(warehouse, export_of(warehouse))


def _docs(warehouse: Path, project: Path) -> None:
    from publish.products.docs import docs_folder_of, write_docs

    write_docs(warehouse, docs_folder_of(warehouse), project)


AFTER_PUBLISH: tuple[tuple[str, Callable[[Path, Path], None]], ...] = (
    ("page", _page),
    ("export", _export),
    ("docs", _docs),
)
