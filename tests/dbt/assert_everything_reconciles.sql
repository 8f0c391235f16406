-- Each row is an extraction error to mend, or an error of the report to register in source_error_ledger.
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
    check_id
from {{ ref('reconciliation') }}
where {{ stops_the_build('status') }}
order by document_id, table_no, cell_id
