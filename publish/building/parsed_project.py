"""The dbt project as dbt has parsed it, kept beside the warehouse: parsing takes seconds and is done once for every project.

The file's name is a fingerprint of what the project and the program are made of. Any other file of the kind is of an earlier
project; each can be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

PREFIX = ".parsed-"
PARTS = ("models", "seeds", "packages", "publish")
"""The parts of a build's inputs (publish.building.inputs) that decide what parsing gives."""


def parsed_file_of(warehouse: Path, project: Path, parts: Mapping[str, str]) -> Path:
    """Where the parsed project is kept: its relations carry the warehouse's name, its nodes the project's path."""
    said = json.dumps([warehouse.name, str(project.resolve()), [parts[name] for name in PARTS]])
    return warehouse.with_name(f"{PREFIX}{hashlib.sha256(said.encode()).hexdigest()[:16]}.msgpack")


def read_parsed(path: Path) -> Manifest | None:
    """The parsed project, or None where there is none that can be read: then it has to be parsed."""
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    try:
        return Manifest.from_msgpack(path.read_bytes(), decoder=extended_mashumuro_decoder)
    except FileNotFoundError:
        return None
    except Exception:  # whatever a damaged file, or one that another dbt wrote, leads to
        return None


def keep_parsed(path: Path, target: Path) -> None:
    """Keep what dbt has just left of its parsing in its folder `target`, instead of an earlier project's."""
    made = path.with_name(f"{path.name}.partial")
    # Without it the next build is slower, and no more than that.
    with suppress(OSError):
        shutil.copyfile(target / "partial_parse.msgpack", made)
        os.replace(made, path)
        for other in path.parent.glob(f"{PREFIX}*"):
            if other != path:
                other.unlink()
