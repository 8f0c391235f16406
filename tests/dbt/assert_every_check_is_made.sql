-- Every rule of a layout and every check of the parts reaches reconciliation: a check that a join loses would pass for ever,
-- and so would a rule none of whose terms is printed any longer. cell_id: where the result stands, or would stand.
with checks as {{ inlined() }} (

    select * from {{ ref('int_check') }}

),

reconciled as {{ inlined() }} (

    select
        check_id,
        document_id,
        table_no
    from {{ ref('reconciliation') }}

),

rules as (

    select * from {{ ref('stg_raw__table_rule') }}

),

asked_of_tables as (

    select
        document_id,
        table_no,
        count(*) as check_count
    from checks
    group by document_id, table_no

),

made_of_tables as (

    select
        document_id,
        table_no,
        count(*) as check_count
    from reconciled
    group by document_id, table_no

),

-- Few: in most tables all are made. Only theirs are told apart: a country's ids beside each other would not fit into memory.
incomplete_tables as (

    select
        asked.document_id,
        asked.table_no
    from asked_of_tables as asked
    left join made_of_tables as made
        on asked.document_id = made.document_id and asked.table_no = made.table_no
    where asked.check_count is distinct from made.check_count

),

made_there as (

    select reconciled.check_id
    from reconciled
    inner join incomplete_tables
        on reconciled.document_id = incomplete_tables.document_id and reconciled.table_no = incomplete_tables.table_no

),

not_made as (

    select checks.*
    from checks
    inner join incomplete_tables
        on checks.document_id = incomplete_tables.document_id and checks.table_no = incomplete_tables.table_no
    left join made_there on checks.check_id = made_there.check_id
    where made_there.check_id is null

),

present as (

    select parts.check_key
    from {{ ref('int_check_part') }} as parts
    inner join not_made on parts.check_key = not_made.check_key
    where parts.role != 'result' and parts.printed_value is not null

),

places as (

    select
        checks.document_id,
        checks.table_no,
        checks.rule_no,
        min(checks.cell_id) as cell_id,
        max(checks.check_class) as check_class,
        bool_or(not_made.check_key is null) as is_made
    from checks
    left join not_made on checks.check_key = not_made.check_key
    where checks.rule_no is not null
    group by checks.document_id, checks.table_no, checks.rule_no

)

select
    kind,
    null as rule_name,
    cell_id,
    check_id,
    'har delar men ingen utvärdering' as problem
from not_made
where check_class in ('identity', 'restatement') and check_key in (select present.check_key from present)

union all

select
    rules.kind,
    rules.rule_name,
    coalesce(places.cell_id, rules.document_id || '/' || rules.table_no || '/rule ' || rules.rule_no) as cell_id,
    null as check_id,
    'regeln kontrolleras ingenstans' as problem
from rules
left join places
    on
        rules.document_id = places.document_id
        and rules.table_no = places.table_no
        and rules.rule_no = places.rule_no
-- Bounds are held against figures that are all there: they need a place, and may be made nowhere.
where places.rule_no is null or (not places.is_made and places.check_class != 'bounds')
