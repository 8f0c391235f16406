-- Where to look first when a check fails: the figures that fail most of their checks and pass fewest.
select distinct
    document_id,
    table_no,
    line_no,
    row_label,
    column_label,
    printed_text,
    failing_check_count,
    passing_check_count,
    cell_id
from {{ ref('reconciliation_suspect') }}
where suspect_rank = 1
order by failing_check_count - passing_check_count desc, cell_id asc
