"""What is made from the published warehouse, after it is published: each step is a name and what is done with the file.

A step is run again until it has succeeded for the file that is published: also after a run that was killed, or a rollback.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def _export(warehouse: Path) -> None:
    from publish.export import export, export_of

    export(warehouse, export_of(warehouse))


def _docs(warehouse: Path) -> None:
    from publish.docs import docs_folder_of, write_docs

    write_docs(warehouse, docs_folder_of(warehouse))


AFTER_PUBLISH: tuple[tuple[str, Callable[[Path], None]], ...] = (
    ("export", _export),
    ("docs", _docs),
)
