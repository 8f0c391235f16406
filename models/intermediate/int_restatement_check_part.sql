{% set same_fact = [
    'municipality_code', 'dimension', 'code', 'column_code', 'measure', 'scenario', 'period_start', 'period_end',
    'list_year'
] %}
{% set vintages %}(
            partition by {{ same_fact | join(', ') }} order by as_of, document_id, table_no, row_no, column_no
        ){% endset %}

with facts as {{ inlined() }} (

    select
        *,
        {{ row_hash(same_fact) }} as fact_hash,
        cast(believed_value * factor_to_base as decimal(28, 4)) as believed_base_value,
        cast(printed_precision * abs(factor_to_base) as decimal(28, 4)) as base_precision
    from {{ ref('int_fact_cell') }}
    where printed_value is not null

),

-- Most facts are printed once. Two facts with one hash do no harm: they are told apart below.
printed_again as (

    select fact_hash from facts
    group by fact_hash
    having count(*) > 1

),

reprinted as (

    select facts.*
    from facts
    inner join printed_again on facts.fact_hash = printed_again.fact_hash

),

-- Each print of a fact is held against the print before it.
pairs as (

    select
        *,
        lag(document_id) over {{ vintages }} as earlier_document_id,
        lag(cell_key) over {{ vintages }} as earlier_cell_key,
        lag(is_registered_misprint) over {{ vintages }} as earlier_is_registered_misprint,
        lag(base_value) over {{ vintages }} as earlier_base_value,
        lag(believed_base_value) over {{ vintages }} as earlier_believed_base_value,
        lag(base_precision) over {{ vintages }} as earlier_base_precision
    from reprinted

),

-- The earlier figure in the later one's unit and sign.
converted as (

    select
        *,
        {{ check_key('restatement', 'cell_key') }} as check_key,
        -- A report that contradicts itself is wrong somewhere; a later report may have corrected an earlier one.
        case when document_id = earlier_document_id then 'printed twice' else 'restated' end as kind,
        {{ decimal_divide('earlier_base_value', 'factor_to_base', 4) }} as earlier_printed_value,
        {{ decimal_divide('earlier_believed_base_value', 'factor_to_base', 4) }} as earlier_believed_value,
        {{ decimal_divide('earlier_base_precision', 'abs(factor_to_base)', 4) }} as earlier_precision
    from pairs
    where earlier_cell_key is not null

),

parts as (

    select
        check_key,
        {{ check_facts(['table_no', 'row_no', 'column_no', 'kind'], {
            'rule_name': "replace(kind, ' ', '_')", 'blank_is_zero': 'false', 'grade': "'error'",
            'reason': "'samma uppgift står tryckt på flera ställen'", 'against_cell_key': 'earlier_cell_key'
        }) }},
        0 as part_no,
        'result' as role,
        cell_key,
        printed_value,
        believed_value,
        printed_precision,
        is_registered_misprint
    from converted

    union all

    select
        check_key,
        {{ check_facts() }},
        1 as part_no,
        'term' as role,
        earlier_cell_key as cell_key,
        earlier_printed_value as printed_value,
        earlier_believed_value as believed_value,
        earlier_precision as printed_precision,
        earlier_is_registered_misprint as is_registered_misprint
    from converted

),

final as (

    select
        *,
        'restatement' as operation,
        false as terms_are_exact,
        'restatement' as check_class,
        cast(1 as decimal(8, 6)) as weight,
        cast(null as decimal(28, 4)) as low,
        cast(null as decimal(28, 4)) as high
    from parts

)

select * from final
