-- Each row is a warning to look into: mend the extraction, register the report's error in source_error_ledger, or say in
-- warning_review why the figure stands (ledger_row is the row to copy). A review without its warning is to be removed.
with reviews as (

    select reviews.*
    from {{ ref('warning_review') }} as reviews
    inner join {{ ref('stg_raw__document') }} as documents on {{ document_of('reviews.cell_id') }} = documents.document_id

),

found as (

    select * from {{ ref('reconciliation') }}
    where status in ('warning', 'reviewed warning')

)

select
    'varning utan granskning' as problem,
    kind,
    cell_id,
    line_no,
    row_label,
    column_label,
    printed,
    expected,
    reason,
    check_id,
    kind || ',' || cell_id || ',' || {{ plain_number('printed') }} || ',VARFÖR,' || cast(current_date as string)
        as ledger_row
from found
where status = 'warning'

union all

select
    'granskning utan varning' as problem,
    reviews.kind,
    reviews.cell_id,
    null as line_no,
    null as row_label,
    null as column_label,
    reviews.printed,
    null as expected,
    reviews.reason,
    null as check_id,
    null as ledger_row
from reviews
left join found
    on
        reviews.kind = found.kind
        and reviews.cell_id = found.cell_id
        and reviews.printed = found.printed
        and found.status = 'reviewed warning'
where found.cell_id is null
