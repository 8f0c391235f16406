"""The same change through the whole nightly build: proof that the checks in memory say what the build says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ingest.loading.store import read_extraction, write_extraction
from ingest.model import Extraction
from mutation.checks import Change, Failure
from publish.building.build import ROWS_SHOWN, BuildError, build
from publish.paths import PROJECT_DIR

CHARACTERS_SHOWN = 59
"""Of a text in a failing row: the build cuts it at 60, and ends it with a mark of that."""


def changed(extraction: Extraction, change: Change) -> Extraction:
    """The extraction as it would be if the change stood in the report."""
    document = extraction.document.document_id
    unseen = {(table, row) for at, table, row in change.unseen_rows if at == document}
    cells = []
    for cell in extraction.cells:
        cell_id = f"{document}/{cell.table_no}/{cell.row_no}/{cell.column_no}"
        to = change.cells.get(cell_id)
        if to:
            cells.append(cell._replace(value_text=to.text, value=to.value))
        elif cell_id not in change.cells:
            cells.append(cell)
    counts = Counter(cell.table_no for cell in cells)
    return replace(
        extraction,
        # A reading that does not see a cell does not count it either.
        tables=[table._replace(cell_count=counts[table.table_no]) for table in extraction.tables],
        cells=cells,
        rules=[rule for rule in extraction.rules if (rule.table_no, rule.row_no) not in unseen],
        rule_terms=[term for term in extraction.rule_terms if (term.term_table_no, term.row_no) not in unseen],
    )


def disagreements(folders: Sequence[Path], change: Change, failures: Sequence[Failure], scratch: Path) -> list[str]:
    """Build the warehouse from the changed reports; how what it says differs from `failures`, empty when it does not.

    The build has to fail, each test with as many rows as expected, and name the cell of each row that it shows.
    """
    for folder in folders:
        write_extraction(changed(read_extraction(folder), change), scratch / "extracted")
    try:
        build(sorted((scratch / "extracted").iterdir()), scratch / "warehouse" / "kommunlager.duckdb", PROJECT_DIR)
    except BuildError as error:
        said = str(error)
    else:
        return ["the build is green"]
    rows = Counter(failure.test for failure in failures)
    blocks = {test: _block(said, test) for test in rows}
    wrong = [
        f"{test}: {count} rows expected:\n{blocks[test]}"
        for test, count in rows.items()
        if f"Got {count} result" not in blocks[test]
    ]
    wrong += [
        f"{failure.test}: {failure.cell} is not named"
        for failure in failures
        if rows[failure.test] <= ROWS_SHOWN and failure.cell[:CHARACTERS_SHOWN] not in blocks[failure.test]
    ]
    return wrong


def _block(said: str, test: str) -> str:
    """What the build says of one failed test."""
    match = re.search(rf"^  test {test} .*?(?=\n\n|\Z)", said, re.DOTALL | re.MULTILINE)
    return match[0] if match else ""
