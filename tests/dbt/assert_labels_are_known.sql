-- A label no seed knows is named here: add a row to the alias seed, with its code or with a reason to ignore it. The
-- same for a column's head among the sexes (seed sex) and for the word of an assessment or a trend (seed goal_word).
with unknown_cells as (

    select
        cell_key,
        false as is_of_column
    from {{ ref('int_report_cell') }}
    where dimension is not null and code is null

    union all

    select
        cell_key,
        true as is_of_column
    from {{ ref('int_report_cell') }}
    where
        column_dimension is not null
        and column_code is null
        and measure in ('amount', 'volume', 'unit_price', 'value')

),

unknown as (

    select
        cells.document_id,
        cells.table_no,
        cells.line_no,
        cells.municipality_code,
        cells.subject,
        case
            when unknown_cells.is_of_column then cells.column_label
            else {{ label_of('subjects.label_from', 'cells') }}
        end as label
    from {{ ref('int_printed_cell') }} as cells
    inner join unknown_cells on cells.cell_key = unknown_cells.cell_key
    inner join {{ ref('subject') }} as subjects on cells.subject = subjects.subject

    union all

    select
        document_id,
        table_no,
        line_no,
        municipality_code,
        subject,
        label
    from {{ ref('int_goal_cell') }}
    where goal_code is null or goal is null

    union all

    select
        document_id,
        table_no,
        line_no,
        municipality_code,
        subject,
        printed_text as label
    from {{ ref('int_goal_cell') }}
    where word is null

)

select distinct
    unknown.document_id,
    unknown.table_no,
    report_tables.table_title,
    unknown.line_no,
    unknown.municipality_code,
    unknown.subject,
    unknown.label
from unknown
left join {{ ref('stg_raw__report_table') }} as report_tables
    on unknown.document_id = report_tables.document_id and unknown.table_no = report_tables.table_no
order by unknown.document_id, unknown.table_no, unknown.line_no
