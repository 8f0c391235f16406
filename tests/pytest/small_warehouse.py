"""A small made-up warehouse with raw rows, marts of every kind of column, comments, checks and lineage."""

from __future__ import annotations

from pathlib import Path

import duckdb

import ingest

RAW = (Path(ingest.__file__).parent / "loading" / "raw_schema.sql").read_text(encoding="utf-8")
DOCUMENT = "provby_namnden_2024"
LINES = ["Rubrik", "", "Intäkter 1 234 -", "Kostnader -1 200 =1+1", "Kostnaderna var två."]

ROWS = f"""
insert into raw.document values ('{DOCUMENT}', '9901', 'Provby', 'Socialnämnden', 'annual_report', 'Berättelse 2024', 2024,
    '2024-01-01', '2024-12-31', '2024-12-31', 'native', 5, $sha256, 'provby');
insert into raw.report_table values ('{DOCUMENT}', 1, 'drift', 'Drift', 'running_costs', 'tkr', -1, 1, 4, 4);
insert into raw.table_cell values
    ('{DOCUMENT}/1/1/1', '{DOCUMENT}', 1, 'Drift', 1, 'Intäkter', 1, 'Utfall', '1 234', 1234, 'tkr', 3, null, 'printed',
        'amount', 'outcome', '2024-01-01', '2024-12-31'),
    ('{DOCUMENT}/1/1/2', '{DOCUMENT}', 1, 'Drift', 1, 'Intäkter', 2, 'Budget', '-', null, 'tkr', 3, null, 'printed',
        'amount', 'budget', '2024-01-01', '2024-12-31'),
    ('{DOCUMENT}/1/2/1', '{DOCUMENT}', 1, 'Drift', 2, 'Kostnader', 1, 'Utfall', '-1 200', -1200, 'tkr', 4, 2, 'arithmetic',
        'amount', 'outcome', '2024-01-01', '2024-12-31'),
    ('{DOCUMENT}/1/2/2', '{DOCUMENT}', 1, 'Drift', 2, 'Kostnader', 2, 'Budget', '=1+1', null, 'text', 4, 2, 'printed',
        'amount', 'budget', '2024-01-01', '2024-12-31');
insert into raw.extraction_note values ('{DOCUMENT}', 1, 1, 2, 4, 'decided', 'Kostnader', 0, '2 readings');
insert into raw.statement values
    ('{DOCUMENT}/statement/costs', '{DOCUMENT}', 1, 'costs', 'två', 2, 'antal', 0, 'count', 5, null, 'Antal rader.');
insert into raw.statement_term values ('{DOCUMENT}', 1, 1, 1, 'term', 1, 1, 1, 1), ('{DOCUMENT}', 1, 2, 1, 'term', 1, 2, 1, 1);
insert into raw.load_check values ('2026-01-02 03:04:05', '{DOCUMENT}', 'any', true, 1, 0, null);
"""

MARTS = f"""
create schema marts;
create table marts.fct_cost (
    year integer, municipality varchar, municipality_code varchar, cost_sek decimal(18, 2), share_percent decimal(18, 4),
    big hugeint, exact decimal(38, 4), is_latest boolean, period_end date, value_text varchar, days integer, cell_id varchar,
    cell_ids varchar[]
);
comment on table marts.fct_cost is 'What things cost.';
comment on column marts.fct_cost.cost_sek is 'Cost, negative. Unit: SEK.';
comment on column marts.fct_cost.share_percent is 'Share. Unit: percent of all; null for none.';
comment on column marts.fct_cost.days is 'Days. Unit: days.';
insert into marts.fct_cost values
    (2024, 'Provby', '0188', -1200000.00, 12.5, 170141183460469231731, 1234567890123456789012345678.1234, true, '2024-12-31',
        '=1+1', 1234, '{DOCUMENT}/1/2/1', ['{DOCUMENT}/1/1/1', '{DOCUMENT}/1/2/1']),
    (2023, 'Provby', '0188', null, null, null, null, false, '2023-12-31', '-', null, null, null),
    (2025, 'Upplands Väsby', '0114', 0.50, 100, 5, 5, true, '2025-12-31', '-15%', 0, '{DOCUMENT}/9/9/9', []);
create table marts.coverage (municipalities varchar[]);
insert into marts.coverage values (['Provby', 'Upplands Väsby']);
create table marts.empty (n integer);
create table marts.reconciliation (check_id varchar, rule_name varchar, kind varchar, cell_id varchar, status varchar,
    printed decimal(28, 4), expected decimal(28, 4), difference decimal(28, 4), unit varchar, reason varchar);
insert into marts.reconciliation values
    ('a', 'net_cost', 'net', '{DOCUMENT}/1/2/1', 'registered source error', -1200, -1201, 1, 'tkr', 'Fel i rapporten.'),
    ('b', 'all_lines', 'total', '{DOCUMENT}/1/1/1', 'agrees', 1234, 1234, 0, 'tkr', 'Summan.');
create table marts.reconciliation_coverage (cell_id varchar, guarded_by varchar);
insert into marts.reconciliation_coverage values ('{DOCUMENT}/1/2/1', 'identity');
create schema intermediate;
create table intermediate.int_check (check_key bigint, check_id varchar);
insert into intermediate.int_check values (1, 'b');
create table intermediate.int_check_part (check_key bigint, role varchar, cell_id varchar);
insert into intermediate.int_check_part values (1, 'result', '{DOCUMENT}/1/1/1'), (1, 'term', '{DOCUMENT}/1/2/1');
create schema meta;
create table meta.model_parent (model varchar, parent varchar);
insert into meta.model_parent values ('marts.fct_cost', 'intermediate.int_cost'), ('intermediate.int_cost', 'staging.stg_cell'),
    ('staging.stg_cell', 'raw.table_cell'), ('intermediate.int_cost', 'seeds.unit'), ('marts.other', 'raw.document');
"""


def small_warehouse(path: Path, sha256: str = "0" * 64) -> Path:
    """Make the warehouse; `sha256` is that of its one report. Returns its path."""
    with duckdb.connect(path) as connection:
        connection.execute(RAW)
        connection.execute(ROWS.replace("$sha256", f"'{sha256}'"))
        connection.execute(MARTS)
    return path
