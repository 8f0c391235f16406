-- Each row is an extraction error to mend, or an error of the report to register in source_error_ledger. Its suspects are
-- the figures to look at first: those that fail most of their checks.
with suspects as (

    select
        check_id,
        {{ distinct_array("'line ' || coalesce(line_no || ': ' || printed_text, 'missing') || ' (' || cell_id || ')'") }}
            as first_suspects
    from {{ ref('reconciliation_suspect') }}
    where suspect_rank = 1
    group by check_id

)

select
    checks.document_id,
    checks.table_no,
    checks.line_no,
    checks.row_label,
    checks.column_label,
    checks.printed,
    checks.expected,
    checks.difference,
    checks.tolerance,
    checks.status,
    checks.reason,
    checks.cell_id,
    checks.check_id,
    suspects.first_suspects
from {{ ref('reconciliation') }} as checks
left join suspects on checks.check_id = suspects.check_id
where {{ stops_the_build('checks.status') }}
order by checks.document_id, checks.table_no, checks.cell_id
