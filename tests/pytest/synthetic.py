"""Small made-up extractions and a small dbt project: what the tests of load, gate, build and commands work on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from textwrap import dedent
from typing import Any

from ingest.model import Cell, Column, Document, Extraction, Note, Rule, RuleTerm, Statement, StatementTerm, Table


def document(document_id: str = "provby_namnden_2024", **changes: Any) -> Document:
    facts: dict[str, Any] = {
        "document_id": document_id,
        "municipality_code": "9901",
        "municipality": "Provby",
        "board": "Socialnämnden",
        "kind": "annual_report",
        "title": "Verksamhetsberättelse 2024",
        "fiscal_year": 2024,
        "period_start": date(2024, 1, 1),
        "period_end": date(2024, 12, 31),
        "as_of": date(2024, 12, 31),
        "text_origin": "native",
        "line_count": 100,
        "source_sha256": "0" * 64,
        "layout": "provby",
    }
    return Document(**{**facts, **changes})


def cell(row_no: int, column_no: int, text: str, value: str | None, **changes: Any) -> Cell:
    facts: dict[str, Any] = {
        "table_no": 1,
        "row_no": row_no,
        "row_label": f'Rad {row_no}, med å, "ä" och ö',
        "column_no": column_no,
        "value_text": text,
        "value": None if value is None else Decimal(value),
        "unit": "tkr",
        "line_no": 10 + row_no,
        "page_no": None,
        "method": "printed",
        "measure": "amount",
        "scenario": "outcome" if column_no == 1 else "budget",
        "period_start": date(2024, 1, 1),
        "period_end": date(2024, 12, 31),
    }
    return Cell(**{**facts, **changes})


def extraction(document_id: str = "provby_namnden_2024") -> Extraction:
    """A document with a money table of two rows and two columns, one cell empty, and a table without cells."""
    whole_2024 = {"period_start": date(2024, 1, 1), "period_end": date(2024, 12, 31)}
    return Extraction(
        document=document(document_id),
        tables=[
            Table(1, "driftredovisning", "Driftredovisning", "running_costs", "tkr", -1, 10, 14, 4),
            Table(2, "uppdrag", "Uppdrag", "assignment", "text", None, 20, 22, 0),
        ],
        columns=[
            Column(1, 1, "utfall", "Utfall 2024", "amount", "outcome", **whole_2024),
            Column(1, 2, "budget", "Budget 2024", "amount", "budget", **whole_2024),
            Column(2, 1, "status", "Status", "text", None, None, None),
        ],
        cells=[
            cell(1, 1, "-1 234", "-1234"),
            cell(1, 2, "-1 200,5", "-1200.5"),
            cell(2, 1, "-", None),
            cell(2, 2, "<166", "166"),
        ],
        rules=[Rule(1, 1, "deviation", "deviation", "sum", None, 1, False, False, "error", "avvikelse")],
        rule_terms=[RuleTerm(1, 1, 1, "term", 1, None, 2, 0, Decimal(1))],
        notes=[Note(1, 1, 1, 11, "decided", "Intäkter", 0, "the rules and limits of the table choose")],
        statements=[
            Statement(1, "result", "1 200", Decimal(1200), "tkr", Decimal(100), "sum", 30, None, "Årets resultat."),
            Statement(2, "goals", "två", Decimal(2), "antal", Decimal(0), "count", 31, None, "Antal mål."),
        ],
        statement_terms=[StatementTerm(1, 1, 1, "term", 1, 1, 1, -1), StatementTerm(2, 1, 1, "term", 1, 1, 1, 1)],
    )


def dbt_project(folder: Path, test_query: str = "select 1 as wrong where false", slow: bool = False) -> Path:
    """A dbt project with two marts and one data test; `slow` makes one mart take minutes. Returns its folder."""
    files = {
        "dbt_project.yml": """
            name: provby
            profile: provby
            model-paths: [models]
            test-paths: [tests]
            macro-paths: [macros]
            models: {provby: {+schema: marts, +materialized: table}}
        """,
        "profiles.yml": """
            provby:
              target: build
              outputs:
                build: &file {type: duckdb, path: "{{ env_var('KOMMUNLAGER_DATABASE') }}", threads: 2}
                tests: {<<: *file, config_options: {access_mode: read_only}}
        """,
        "macros/schema.sql": "{% macro generate_schema_name(name, node) %}{{ name or 'main' }}{% endmacro %}",
        "models/sources.yml": """
            sources:
              - name: raw
                tables: [{name: document}, {name: table_cell}]
        """,
        "models/unit_tests.yml": """
            unit_tests:
              - name: a_document_keeps_its_title
                model: dim_document
                given: [{input: "source('raw', 'document')", rows: [{document_id: a, title: A}]}]
                expect: {rows: [{document_id: a, title: A}]}
            """,
        "models/dim_document.sql": "select document_id, title from {{ source('raw', 'document') }}",
        "models/reconciliation.sql": "select 'agrees' as status, cell_id from {{ source('raw', 'table_cell') }}"
        + (" where (select sum(a.i * b.i) from range(300000) as a(i), range(3000000) as b(i)) > 0" if slow else ""),
        "tests/documents_are_named.sql": test_query,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text).lstrip() + "\n", encoding="utf-8")
    return folder
