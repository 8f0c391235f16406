-- Every rule of a layout and every check of the parts reaches reconciliation: a check that a join loses would pass for ever,
-- and so would a rule none of whose terms is printed any longer. cell_id: where the result stands, or would stand.
with parts as (

    select * from {{ ref('int_check_part') }}

),

checks as (

    select * from {{ ref('reconciliation') }}

),

rules as (

    select
        rule_name,
        kind,
        document_id || '/' || table_no || '/rule ' || rule_no as rule_id
    from {{ ref('stg_raw__table_rule') }}

),

-- Few: mostly, all are made.
parts_not_made as (

    select parts.*
    from parts
    left join checks on parts.check_id = checks.check_id
    where checks.check_id is null

),

not_made as (

    select
        check_id,
        kind,
        check_class,
        max(case when role = 'result' then cell_id end) as cell_id,
        count(case when role != 'result' and printed_value is not null then 1 end) as present_terms
    from parts_not_made
    group by check_id, kind, check_class

),

places as (

    select
        regexp_extract(parts.check_id, '^([^/]+/[0-9]+/rule [0-9]+)/', 1) as rule_id,
        min(parts.cell_id) as cell_id,
        max(parts.check_class) as check_class,
        bool_or(not_made.check_id is null) as is_made
    from {{ ref('int_rule_check_part') }} as parts
    left join not_made on parts.check_id = not_made.check_id
    where parts.role = 'result'
    group by 1

)

select
    kind,
    null as rule_name,
    cell_id,
    check_id,
    'har delar men ingen utvärdering' as problem
from not_made
where check_class in ('identity', 'restatement') and present_terms > 0

union all

select
    rules.kind,
    rules.rule_name,
    coalesce(places.cell_id, rules.rule_id) as cell_id,
    null as check_id,
    'regeln kontrolleras ingenstans' as problem
from rules
left join places on rules.rule_id = places.rule_id
-- Bounds are held against figures that are all there: they need a place, and may be made nowhere.
where places.rule_id is null or (not places.is_made and places.check_class != 'bounds')
