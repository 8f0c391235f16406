with statements as (

    select * from {{ ref('stg_raw__statement') }}

),

terms as (

    select * from {{ ref('stg_raw__statement_term') }}

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
        terms.document_id || '/' || terms.table_no || '/' || terms.row_no || '/' || terms.column_no as cell_id,
        coalesce(cells.is_registered_misprint, false) as is_registered_misprint,
        cast(cells.printed_value * abs(cells.factor_to_base) as decimal(18, 4)) as base_value,
        cast(cells.believed_value * abs(cells.factor_to_base) as decimal(18, 4)) as believed_base_value,
        cast(cells.printed_precision * abs(cells.factor_to_base) as decimal(18, 4)) as base_precision
    from terms
    left join cells
        on
            terms.document_id = cells.document_id
            and terms.table_no = cells.table_no
            and terms.row_no = cells.row_no
            and terms.column_no = cells.column_no

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
        case when two.factor_no is null then one.cell_id end as cell_id,
        two.factor_no is null and one.is_registered_misprint as is_registered_misprint,
        cast(
            case
                when two.factor_no is null then one.base_value
                else cast(one.base_value as decimal(28, 4)) * two.base_value
            end as decimal(28, 4)
        ) as base_value,
        cast(
            case
                when two.factor_no is null then one.believed_base_value
                else cast(one.believed_base_value as decimal(28, 4)) * two.believed_base_value
            end as decimal(28, 4)
        ) as believed_base_value,
        cast(
            case
                when two.factor_no is null then one.base_precision
                else
                    cast(abs(one.base_value) as decimal(28, 4)) * two.base_precision
                    + cast(abs(two.base_value) as decimal(28, 4)) * one.base_precision
                    + one.base_precision * two.base_precision * 0.5
            end as decimal(28, 4)
        ) as base_precision
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
        statement_id,
        0 as part_no,
        'result' as role,
        1 as weight,
        statement_id as cell_id,
        printed_value,
        believed_value,
        printed_precision,
        is_registered_misprint
    from checks

    union all

    select
        checks.statement_id,
        products.term_no as part_no,
        products.role,
        products.weight,
        products.cell_id,
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
        parts.statement_id as check_id,
        checks.document_id,
        checks.table_no,
        cast(null as integer) as row_no,
        checks.column_no,
        checks.rule_name,
        'statement' as kind,
        checks.check_operation as operation,
        false as blank_is_zero,
        false as terms_are_exact,
        'error' as grade,
        checks.reason,
        'identity' as check_class,
        parts.part_no,
        parts.role,
        parts.weight,
        parts.cell_id,
        parts.printed_value,
        parts.believed_value,
        parts.printed_precision,
        parts.is_registered_misprint,
        cast(null as decimal(28, 4)) as low,
        cast(null as decimal(28, 4)) as high
    from parts
    inner join checks on parts.statement_id = checks.statement_id

)

select * from final
