-- A label no alias seed knows is named here: add a row to the alias seed, with its code or with a reason to ignore it.
select distinct
    document_id,
    table_no,
    table_title,
    line_no,
    municipality_code,
    subject,
    label
from {{ ref('int_labelled_cell') }}
where code is null
order by document_id, table_no, line_no
