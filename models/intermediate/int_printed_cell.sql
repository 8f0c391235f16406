{{ config(materialized="view") }}

with cells as (

    select * from {{ ref('stg_raw__table_cell') }}

),

report_tables as (

    select * from {{ ref('stg_raw__report_table') }}

),

report_columns as (

    select * from {{ ref('stg_raw__report_column') }}

),

documents as (

    select * from {{ ref('stg_raw__document') }}

),

units as (

    select * from {{ ref('unit') }}

),

misprints as (

    select * from {{ ref('source_error_ledger') }}
    where treatment = 'misprint'

),

joined as (

    select
        cells.cell_id,
        {{ cell_key('cells') }} as cell_key,
        cells.document_id,
        documents.municipality_code,
        documents.as_of,
        report_tables.subject,
        cells.table_no,
        cells.table_title,
        cells.row_no,
        cells.row_label,
        cells.column_no,
        report_columns.column_key,
        cells.column_label,
        cells.line_no,
        cells.measure,
        cells.scenario,
        cells.period_start,
        cells.period_end,
        cells.printed_text,
        cells.printed_value,
        coalesce(misprints.expected, cells.printed_value) as believed_value,
        misprints.cell_id is not null as is_registered_misprint,
        cells.unit,
        units.base_unit,
        -- Turns a printed figure into the base unit, and money into income positive, cost negative.
        units.factor_to_base * case when cells.measure = 'amount' and report_tables.cost_sign = 1 then -1 else 1 end
            as factor_to_base,
        -- People and cases are whole: a count is exact, everything else was rounded to its last printed digit.
        case
            when cells.printed_value is null then null
            when units.is_count then cast(0 as decimal(18, 4))
            else {{ printed_precision('cells.printed_text') }}
        end as printed_precision
    from cells
    inner join report_tables
        on cells.document_id = report_tables.document_id and cells.table_no = report_tables.table_no
    inner join report_columns
        on
            cells.document_id = report_columns.document_id
            and cells.table_no = report_columns.table_no
            and cells.column_no = report_columns.column_no
    inner join documents on cells.document_id = documents.document_id
    inner join units on cells.unit = units.unit
    left join misprints on cells.cell_id = misprints.cell_id

)

select * from joined
