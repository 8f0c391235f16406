-- Every rule of a layout and every check of the parts reaches reconciliation: a check that a join loses would pass for ever.
with parts as (

    select
        check_id,
        kind,
        count(case when role != 'result' and printed_value is not null then 1 end) as present_terms
    from {{ ref('int_check_part') }}
    -- Bounds are held against figures that are all there.
    where check_class in ('identity', 'restatement')
    group by check_id, kind

),

checks as (

    select * from {{ ref('reconciliation') }}

),

rules as (

    select distinct kind
    from {{ ref('stg_raw__table_rule') }}

)

select
    parts.kind,
    parts.check_id,
    'har delar men ingen utvärdering' as problem
from parts
left join checks on parts.check_id = checks.check_id
where checks.check_id is null and parts.present_terms > 0

union all

select
    rules.kind,
    null as check_id,
    'regelns slag kontrolleras ingenstans' as problem
from rules
left join {{ ref('int_check_part') }} as parts on rules.kind = parts.kind
where parts.check_id is null
