-- A number between the lines of a table that is in no cell, label or head may be a lost row, and with it go the checks that
-- would have missed it. Compare the line with the page; mend the layout, or name the line under the table's `skip`.
select
    document_id,
    table_no,
    line_no,
    subject as numbers
from {{ source('raw', 'extraction_note') }}
where kind = 'unread'
