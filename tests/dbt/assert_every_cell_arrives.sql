-- The control total: each table has as many cells here as the reading found on the page. A cell lost on the way takes the
-- checks with it that would have missed it; a join that loses one would too.
with arrived as (

    select
        document_id,
        table_no,
        count(*) as cell_count
    from {{ ref('int_report_cell') }}
    group by document_id, table_no

)

select
    tables.document_id,
    tables.table_no,
    tables.table_title,
    tables.first_line,
    tables.cell_count as cells_read,
    coalesce(arrived.cell_count, 0) as cells_arrived
from {{ ref('stg_raw__report_table') }} as tables
left join arrived on tables.document_id = arrived.document_id and tables.table_no = arrived.table_no
where tables.cell_count != coalesce(arrived.cell_count, 0)
