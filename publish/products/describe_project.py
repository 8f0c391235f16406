"""dbt's documentation of a project, in a process of its own.

    python -m publish.products.describe_project PROJECT_DIR WORK_DIR PARSED

dbt leaves index.html, manifest.json and catalog.json in WORK_DIR/target. PARSED is the file that keeps the parsed project
(publish.building.parsed_project); the profile reads the warehouse's path from KOMMUNLAGER_PUBLISHED. Exit 0 where it could be
described; what is wrong goes to standard error.
"""

from __future__ import annotations

import sys
from pathlib import Path

from publish.building.dbt_command import ParseError, arguments, invoke, make_quick, parsed_project


def main() -> int:
    """Let dbt write its files."""
    project, work, kept = (Path(argument) for argument in sys.argv[1:4])
    make_quick()
    asked_with = [*arguments(project, work), "--target", "published"]
    try:
        manifest = parsed_project(kept, asked_with, work)
    except ParseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if invoke(["docs", "generate", *asked_with], manifest).success else 1


if __name__ == "__main__":
    sys.exit(main())
