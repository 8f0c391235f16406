-- Each row is an extraction error to mend, or an error of the report to register in source_error_ledger: ledger_row is
-- the row to copy, once the report's text has been read and the reason is known.
select
    document_id,
    table_no,
    line_no,
    row_label,
    column_label,
    printed,
    expected,
    difference,
    tolerance,
    status,
    reason,
    cell_id,
    check_id,
    cell_id || ',difference,' || {{ plain_number('printed') }} || ',' || {{ plain_number('expected') }}
    || ',' || {{ plain_number('difference') }} || ',VARFÖR,' || cast(line_no as string) || ',,open,'
    || cast(current_date as string) as ledger_row
from {{ ref('reconciliation') }}
-- A warning stops the build in assert_every_warning_is_reviewed.
where {{ stops_the_build('status') }} and coalesce(status, '') != 'warning'
order by document_id, table_no, cell_id
