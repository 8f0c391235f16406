with documents as (

    select * from {{ ref('stg_raw__document') }}

),

statements as (

    select
        statements.*,
        {{ statement_key('documents.document_no', 'statements.statement_no') }} as cell_key
    from {{ ref('stg_raw__statement') }} as statements
    inner join documents on statements.document_id = documents.document_id

),

terms as (

    select
        terms.*,
        {{ cell_key('terms') }} as cell_key
    from {{ ref('stg_raw__statement_term') }} as terms
    inner join documents on terms.document_id = documents.document_id

),

cells as (

    select * from {{ ref('int_report_cell') }}

),

units as (

    select * from {{ ref('unit') }}

),

misprints as (

    select * from {{ ref('source_error_ledger') }}
    where treatment = 'misprint'

),

-- A statement speaks of costs and days as they are printed: the sign of a table is turned for facts only.
factors as (

    select
        terms.document_id,
        terms.statement_no,
        terms.term_no,
        terms.factor_no,
        terms.role,
        terms.weight,
        terms.table_no,
        terms.column_no,
        terms.cell_key,
        coalesce(cells.is_registered_misprint, false) as is_registered_misprint,
        cast(cells.printed_value * abs(cells.factor_to_base) as decimal(18, 4)) as base_value,
        cast(cells.believed_value * abs(cells.factor_to_base) as decimal(18, 4)) as believed_base_value,
        cast(cells.printed_precision * abs(cells.factor_to_base) as decimal(18, 4)) as base_precision
    from terms
    left join cells on terms.cell_key = cells.cell_key

),

-- A product is off by what its factors can be off, each with the other's size; it is no cell, and no misprint.
-- Wide enough for a misread figure a thousand times too large: it has to fail the check, not the query.
products as (

    select
        one.document_id,
        one.statement_no,
        one.term_no,
        one.role,
        one.weight,
        one.table_no,
        one.column_no,
        case when two.factor_no is null then one.cell_key end as cell_key,
        two.factor_no is null and one.is_registered_misprint as is_registered_misprint,
        -- Each branch of its own: a product has eight decimals, and rounding 128 bits is slow.
        case
            when two.factor_no is null then cast(one.base_value as decimal(28, 4))
            else cast(cast(one.base_value as decimal(28, 4)) * two.base_value as decimal(28, 4))
        end as base_value,
        case
            when two.factor_no is null then cast(one.believed_base_value as decimal(28, 4))
            else cast(cast(one.believed_base_value as decimal(28, 4)) * two.believed_base_value as decimal(28, 4))
        end as believed_base_value,
        case
            when two.factor_no is null then cast(one.base_precision as decimal(28, 4))
            else cast(
                cast(abs(one.base_value) as decimal(28, 4)) * two.base_precision
                + cast(abs(two.base_value) as decimal(28, 4)) * one.base_precision
                + one.base_precision * two.base_precision * 0.5
                as decimal(28, 4)
            )
        end as base_precision
    from factors as one
    left join factors as two
        on
            one.document_id = two.document_id
            and one.statement_no = two.statement_no
            and one.term_no = two.term_no
            and two.factor_no = 2
    where one.factor_no = 1

),

term_counts as (

    select
        document_id,
        statement_no,
        count(*) as term_count
    from terms
    group by document_id, statement_no

),

-- The statement stands, among the checks, where the first cell it speaks of stands; its row has no number.
checks as (

    select
        statements.statement_id,
        statements.cell_key,
        {{ check_key('statement', 'statements.cell_key') }} as check_key,
        statements.document_id,
        statements.statement_no,
        statements.rule_name,
        statements.reason,
        statements.printed_value,
        statements.printed_precision,
        statements.operation,
        units.factor_to_base,
        products.table_no,
        products.column_no,
        coalesce(misprints.expected, statements.printed_value) as believed_value,
        misprints.cell_id is not null as is_registered_misprint,
        -- What only says a cell again has to be that cell, at the coarser precision of the two.
        case
            when statements.operation = 'count' then 'sum'
            when statements.operation = 'sum' and term_counts.term_count = 1 then 'restatement'
            else statements.operation
        end as check_operation
    from statements
    inner join units on statements.unit = units.unit
    inner join products
        on
            statements.document_id = products.document_id
            and statements.statement_no = products.statement_no
            and products.term_no = 1
    inner join term_counts
        on statements.document_id = term_counts.document_id and statements.statement_no = term_counts.statement_no
    left join misprints on statements.statement_id = misprints.cell_id

),

parts as (

    select
        check_key,
        {{ check_facts(
            ['table_no', 'column_no', 'rule_name', 'reason', 'statement_id'],
            {'kind': "'statement'", 'blank_is_zero': 'false', 'grade': "'error'"}
        ) }},
        check_operation as operation,
        0 as part_no,
        'result' as role,
        1 as weight,
        cell_key,
        printed_value,
        believed_value,
        printed_precision,
        is_registered_misprint
    from checks

    union all

    select
        checks.check_key,
        {{ check_facts() }},
        checks.check_operation as operation,
        products.term_no as part_no,
        products.role,
        products.weight,
        products.cell_key,
        case
            when checks.operation = 'count' then 1
            else {{ decimal_divide('products.base_value', 'checks.factor_to_base', 4) }}
        end as printed_value,
        case
            when checks.operation = 'count' then 1
            else {{ decimal_divide('products.believed_base_value', 'checks.factor_to_base', 4) }}
        end as believed_value,
        case
            when checks.operation = 'count' then 0
            else {{ decimal_divide('products.base_precision', 'checks.factor_to_base', 4) }}
        end as printed_precision,
        products.is_registered_misprint
    from checks
    inner join products
        on checks.document_id = products.document_id and checks.statement_no = products.statement_no

),

final as (

    select
        *,
        false as terms_are_exact,
        'identity' as check_class,
        cast(null as decimal(28, 4)) as low,
        cast(null as decimal(28, 4)) as high
    from parts

)

select * from final
