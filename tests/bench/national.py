"""Synthetic reports of many municipalities over twenty years, as extracted data, and the seeds that know them.

They are the project's own extracted reports again and again: for each municipality with its money, days and counts multiplied
by a whole number, and its periods moved. Prices, percentages and indices stay as they are, so that every ratio
holds. What does not survive that is left out: rules and statements that hold only within rounding (the rounding would be
multiplied too), and cells of registered errors. All checks that remain have to pass.

Reports of one municipality never speak of the same fact with different figures: those that share facts are moved together, and
each move ends in periods that no other move has. Municipalities are copies of the real ones in turn, so that a quarter of
them publishes no care days and a quarter has them only on the upper level.
"""

from __future__ import annotations

import csv
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from ingest.loading.gate import PRINTED_NUMBER
from ingest.loading.store import FILES, read_extraction, write_files
from ingest.model import Cell, Extraction

MUNICIPALITIES = 290
REPORTS = 80
"""Reports of a municipality: four a year for twenty years."""
FACTORS = 5
"""Figures are multiplied by 1, 2, 3, ..., so that municipalities differ and the file compresses no better than real ones."""
DAYS_AHEAD = 4300
"""How far the newest copy is moved ahead, so that all of them fall into the days of dim_day."""
MOVES = {True: 211, False: 91}
"""Days between copies, of several reports that belong together and of one: no two copies have a period in common."""
UNSCALED = frozenset({"percent", "index", "kr_per_dygn", "timmar", "date", "text", "other"})
"""Units whose figures stay: prices and ratios do not grow with a municipality."""
ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
PROJECT_FILES = ("models", "macros", "tests", "dbt_project.yml", "profiles.yml")


@dataclass(frozen=True)
class Template:
    """A municipality to copy: its reports, and how many days each copy of them is older than the copy before."""

    code: str
    reports: Sequence[Extraction]
    days: int

    def moved(self, day: date, copy: int) -> date:
        return day + timedelta(DAYS_AHEAD - self.days * copy)


def templates(folders: Sequence[Path], warehouse: Path) -> list[Template]:
    """The real municipalities, their reports cleaned by what reconciliation says of them in `warehouse`."""
    clean = _Cleaner(warehouse)
    reports: dict[str, list[Extraction]] = {}
    for folder in folders:
        extraction = clean(read_extraction(folder))
        reports.setdefault(extraction.document.municipality_code, []).append(extraction)
    return [Template(code, several, MOVES[len(several) > 1]) for code, several in sorted(reports.items())]


def write_reports(made_from: Sequence[Template], municipalities: int, root: Path) -> list[Path]:
    """Write the reports of so many municipalities below `root`; returns their folders."""
    texts = _Texts(made_from)
    # Every second municipality is like the one with most reports, the rest like the others in turn.
    largest = max(made_from, key=lambda template: len(template.reports))
    others = [template for template in made_from if template is not largest]
    folders = []
    for number in range(1, municipalities + 1):
        template = largest if number % 2 else others[number // 2 % len(others)]
        for copy in range(-(-REPORTS // len(template.reports))):
            for document_id, files in texts.of(template, number, copy):
                folder = root / document_id
                folder.mkdir(parents=True)
                for name, text in files.items():
                    (folder / name).write_text(text, encoding="utf-8", newline="")
                folders.append(folder)
    return folders


def code_of(number: int) -> str:
    """The municipality code of the number-th synthetic municipality."""
    return f"{9000 + number}" if number < 1000 else f"{number}"


def write_project(project: Path, made_from: Sequence[Template], municipalities: int, root: Path) -> Path:
    """A dbt project as `project`, whose seeds know the synthetic municipalities as they know the real ones."""
    largest = max(made_from, key=lambda template: len(template.reports))
    others = [template for template in made_from if template is not largest]
    copies: dict[str, list[str]] = {template.code: [] for template in made_from}
    for number in range(1, municipalities + 1):
        template = largest if number % 2 else others[number // 2 % len(others)]
        copies[template.code].append(code_of(number))
    root.mkdir(parents=True)
    for name in PROJECT_FILES:
        (root / name).symlink_to(project / name)
    shutil.copytree(project / "seeds", root / "seeds")
    for path in sorted((root / "seeds").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = list(csv.reader(file))
        if "municipality_code" not in header:
            continue
        at = header.index("municipality_code")
        name_at = header.index("municipality") if "municipality" in header else None
        county_at = header.index("county_code") if "county_code" in header else None
        with path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            for row in rows:
                for code in copies.get(row[at], []):
                    new = list(row)
                    new[at] = code
                    if name_at is not None:
                        new[name_at] = f"Kommun {code}"
                    if county_at is not None:
                        new[county_at] = code[:2]
                    writer.writerow(new)
    _rewrite(root / "seeds" / "value_bound.csv", _widened)
    _rewrite(root / "seeds" / "comparability.csv", lambda rows: rows + _grades(root / "seeds", rows))
    return root


def _rewrite(path: Path, change: Callable[[list[dict[str, str]]], list[dict[str, str]]]) -> None:
    rows = _rows(path)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(change(rows))


def _widened(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Bounds of what was multiplied, multiplied."""
    return [
        row if row["unit"] in UNSCALED or not row["high"] else {**row, "high": f"{FACTORS * Decimal(row['high'])}"}
        for row in rows
    ]


def _grades(seeds: Path, rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """A grade for what only one real municipality reports: here many do, in the same way."""
    graded = {(row["aspect"], row["code"]) for row in rows}
    used = {("placement_type", row["placement_type_code"]) for row in _rows(seeds / "placement_type.csv")} | {
        ("indicator_concept", row["concept"]) for row in _rows(seeds / "indicator.csv")
    }
    return [
        {**dict.fromkeys(rows[0], ""), "aspect": aspect, "code": code, "grade": "same"} for aspect, code in sorted(used - graded)
    ]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class _Cleaner:
    """Leaves out of a report what its reconciliation says would not survive multiplication."""

    def __init__(self, warehouse: Path) -> None:
        with duckdb.connect(warehouse, read_only=True) as connection:
            rows = connection.execute(
                """
                with believed as (
                    from intermediate.int_check_evaluation where variant in ('believed', 'printed')
                    qualify row_number() over (partition by check_key order by variant) = 1
                )
                select asked.check_id, asked.check_class, asked.cell_id, cells.unit, believed.agrees, believed.agrees_exactly,
                    believed.difference, believed.present_term_count, checks.status
                from intermediate.int_check as asked
                join believed on asked.check_key = believed.check_key
                left join marts.reconciliation as checks on asked.check_id = checks.check_id
                left join raw.table_cell as cells on asked.cell_id = cells.cell_id
                """
            ).fetchall()
            figures = connection.execute("select check_id, cell_id from intermediate.int_check_figure").fetchall()
            # A total over all years is told apart by the year of its report only; months of income support are calendar months.
            self._lost_cells = {
                cell_id
                for (cell_id,) in connection.execute(
                    "select cell_id from intermediate.int_fact_cell where list_year is not null or dimension = 'income_support'"
                ).fetchall()
            }
            self._believed: dict[str, Decimal] = dict(
                connection.execute(
                    "select cell_id, expected from seeds.source_error_ledger where treatment = 'misprint'"
                ).fetchall()
            )
        self._checks_of: dict[str, set[str]] = {}
        for check_id, cell_id in figures:
            self._checks_of.setdefault(cell_id, set()).add(check_id)
        self._bad: set[str] = set()
        for check_id, check_class, cell_id, unit, _, exactly, difference, present, status in rows:
            if status is None or (check_class == "identity" and not present):
                continue
            survives = bool(exactly) if unit in UNSCALED or check_class != "identity" else difference == 0
            if check_class == "identity" and not survives:
                self._bad.add(check_id)
            elif check_class != "identity" and status != "agrees":
                self._lost_cells.add(cell_id)
        for cell_id in self._lost_cells:
            self._bad |= self._checks_of.get(cell_id, set())

    def __call__(self, extraction: Extraction) -> Extraction:
        document = extraction.document.document_id
        bad_rules = {
            tuple(map(int, found)) for check in self._bad for found in re.findall(rf"^{document}/(\d+)/rule (\d+)/", check)
        }
        rules, numbers, last = [], {}, {}
        for rule in extraction.rules:
            if (rule.table_no, rule.rule_no) not in bad_rules:
                last[rule.table_no] = last.get(rule.table_no, 0) + 1
                numbers[rule.table_no, rule.rule_no] = last[rule.table_no]
                rules.append(rule._replace(rule_no=last[rule.table_no]))
        terms = [
            term._replace(rule_no=numbers[term.table_no, term.rule_no])
            for term in extraction.rule_terms
            if (term.table_no, term.rule_no) in numbers
        ]
        kept = [s for s in extraction.statements if f"{document}/statement/{s.name}" not in self._bad]
        kept = [s for s in kept if f"{document}/statement/{s.name}" not in self._believed]
        statement_no = {statement.statement_no: number for number, statement in enumerate(kept, start=1)}
        return replace(
            extraction,
            cells=[self._cell(document, cell) for cell in extraction.cells],
            rules=rules,
            rule_terms=terms,
            statements=[s._replace(statement_no=statement_no[s.statement_no]) for s in kept],
            statement_terms=[
                term._replace(statement_no=statement_no[term.statement_no])
                for term in extraction.statement_terms
                if term.statement_no in statement_no
            ],
        )

    def _cell(self, document: str, cell: Cell) -> Cell:
        cell_id = f"{document}/{cell.table_no}/{cell.row_no}/{cell.column_no}"
        if cell_id in self._lost_cells:
            return cell._replace(value=None, value_text="-")
        if cell_id in self._believed:
            value = self._believed[cell_id].normalize()
            return cell._replace(value=value, value_text=printed(cell.value_text, value))
        return cell


def printed(like: str, value: Decimal) -> str:
    """A number printed as another text prints its own: decimals, sign, unit and marks; thousands parted by spaces."""
    match = PRINTED_NUMBER.fullmatch(like)
    assert match, like
    decimals = len(match["decimals"] or "")
    text = f"{abs(value):,.{decimals}f}".replace(",", " ").replace(".", ",")
    sign = (match["sign"] if match["sign"] in ("-", "−", "–") else None) or "-"
    before = like[: match.start("sign")] if match["sign"] else like[: match.start("whole")]
    after = like[match.end("decimals") if match["decimals"] else match.end("whole") :]
    return f"{before}{sign if value < 0 else ''}{text}{after}"


def scaled(extraction: Extraction, factor: int) -> Extraction:
    """The report of a municipality so many times as large."""

    def cell(cell: Cell) -> Cell:
        if cell.value is None or cell.unit in UNSCALED or not PRINTED_NUMBER.fullmatch(cell.value_text):
            return cell
        value = factor * cell.value
        return cell._replace(value=value, value_text=printed(cell.value_text, value))

    return replace(
        extraction,
        cells=[cell(c) for c in extraction.cells],
        statements=[
            s._replace(value=factor * s.value, value_text=f"{factor * s.value:f}".replace(".", ","))
            if s.operation == "sum" and s.unit not in UNSCALED
            else s
            for s in extraction.statements
        ],
    )


class _Texts:
    """The files of the copies: those of one template and factor differ in their dates and in the document's name only."""

    def __init__(self, made_from: Sequence[Template]) -> None:
        self._pieces = cache(self._cut)
        self._template = {template.code: template for template in made_from}

    def of(self, template: Template, number: int, copy: int) -> Iterator[tuple[str, dict[str, str]]]:
        """The names and files of a municipality's reports that are moved together."""
        move = cache(lambda text: template.moved(date.fromisoformat(text), copy).isoformat())
        for position, extraction in enumerate(template.reports):
            document = extraction.document
            document_id = f"kommun{number:03}_{document.document_id.split('_', 1)[1]}_{copy:02}"
            files = {
                name: "".join(move(piece) if is_date else piece for piece, is_date in pieces)
                for name, pieces in self._pieces(template.code, position, 1 + number % FACTORS).items()
            }
            moved = replace(
                document,
                document_id=document_id,
                municipality_code=code_of(number),
                municipality=f"Kommun {code_of(number)}",
                fiscal_year=template.moved(document.period_start, copy).year,
                period_start=template.moved(document.period_start, copy),
                period_end=template.moved(document.period_end, copy),
                as_of=template.moved(document.as_of, copy),
            )
            files["document.csv"] = _as_csv(moved)
            yield document_id, files

    def _cut(self, code: str, position: int, factor: int) -> Mapping[str, list[tuple[str, bool]]]:
        """The files of a report, cut before and after each date; True with those."""
        extraction = scaled(self._template[code].reports[position], factor)
        with tempfile.TemporaryDirectory() as scratch:
            folder = write_files(extraction, Path(scratch))
            texts = {name: (folder / name).read_text(encoding="utf-8") for name in FILES if name != "document.csv"}
        return {name: list(_pieces(text)) for name, text in texts.items()}


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    end = 0
    for match in ISO_DATE.finditer(text):
        yield text[end : match.start()], False
        yield match[0], True
        end = match.end()
    yield text[end:], False


def _as_csv(document: Any) -> str:
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(vars(document))
        writer.writerow("" if value is None else value for value in vars(document).values())
        file.seek(0)
        return file.read()
