-- A ledger row that nothing shows any longer hides the next error: remove it, or find out what changed.
select
    cell_id,
    treatment,
    problem
from {{ ref('int_source_error_confirmation') }}
where problem is not null
