"""Where things are, relative to the project."""

from __future__ import annotations

from pathlib import Path

PROJECT_DIR = Path(__file__).parent.parent
WAREHOUSE = PROJECT_DIR / "warehouse" / "kommunlager.duckdb"
"""The published file, which only a build that passed every test replaces."""
LOAD_DATABASE = PROJECT_DIR / "warehouse" / "development" / "kommunlager.duckdb"
"""Where `kommunlager load` writes by default: never into the file analysts read."""
