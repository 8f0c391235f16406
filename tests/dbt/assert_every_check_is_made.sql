-- Every rule of a layout and every check of the parts reaches reconciliation: a check that a join loses would pass for ever,
-- and so would a rule none of whose terms is printed any longer. cell_id: where the result stands, or would stand.
with checks as {{ inlined() }} (

    select * from {{ ref('int_check') }}

),

reconciled as (

    select
        check_id,
        document_id,
        table_no
    from {{ ref('reconciliation') }}

),

rules as (

    select * from {{ ref('stg_raw__table_rule') }}

),

-- No check stands in reconciliation twice (its grain): where a table has as many there as are asked for, all are made. Only
-- elsewhere are ids compared, which are long texts. What stands in the running text has no table.
short_tables as (

    select
        document_id,
        table_no,
        count(*) as check_count
    from checks
    group by document_id, table_no

    except

    select
        document_id,
        table_no,
        count(*) as check_count
    from reconciled
    group by document_id, table_no

),

made_there as (

    select reconciled.check_id
    from reconciled
    inner join short_tables
        on
            reconciled.document_id = short_tables.document_id
            and reconciled.table_no is not distinct from short_tables.table_no

),

not_made as (

    select checks.*
    from checks
    inner join short_tables
        on
            checks.document_id = short_tables.document_id
            and checks.table_no is not distinct from short_tables.table_no
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
        min(checks.cell_key) as cell_key,
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
    coalesce(
        {{ cell_id_of_key('rules.document_id', 'places.cell_key') }},
        rules.document_id || '/' || rules.table_no || '/rule ' || rules.rule_no
    ) as cell_id,
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
