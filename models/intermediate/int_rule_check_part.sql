with documents as (

    select * from {{ ref('stg_raw__document') }}

),

rules as (

    select
        rules.*,
        documents.document_no,
        {{ table_key('documents.document_no', 'rules.table_no') }} as table_key
    from {{ ref('stg_raw__table_rule') }} as rules
    inner join documents on rules.document_id = documents.document_id

),

terms as (

    select * from {{ ref('stg_raw__table_rule_term') }}

),

cells as {{ inlined() }} (

    select
        *,
        {{ table_of_key('cell_key') }} as table_key
    from {{ ref('int_report_cell') }}

),

-- A cell without a number, printed or believed, is for a check what an empty place is.
figures as (

    select * from cells
    where coalesce(printed_value, believed_value) is not null

),

table_rows as (

    select distinct
        table_key,
        row_no
    from cells

),

numeric_columns as (

    select distinct
        table_key,
        column_no
    from cells
    where printed_value is not null

),

-- One check for each place where a rule's result stands. A place that the rule names exists even when it is empty. What
-- decides whether a rule is joined stands in the equation: beside it, engines compare every rule with every row.
checks as (

    select
        rules.document_id,
        rules.document_no,
        rules.table_key,
        rules.table_no,
        rules.rule_no,
        rules.rule_name,
        rules.kind,
        rules.operation,
        rules.blank_is_zero,
        rules.terms_are_exact,
        rules.grade,
        rules.reason,
        case when rules.operation in ('at_most', 'between') then 'bounds' else 'identity' end as check_class,
        coalesce(rules.row_no, table_rows.row_no) as row_no,
        coalesce(rules.column_no, numeric_columns.column_no) as column_no
    from rules
    left join table_rows
        on case when rules.row_no is null then rules.table_key end = table_rows.table_key
    left join numeric_columns
        on case when rules.column_no is null then rules.table_key end = numeric_columns.table_key

),

keyed as (

    select
        *,
        {{ place_key('table_key', 'row_no', 'column_no') }} as cell_key,
        {{ check_key('rule', place_key('table_key', 'row_no', 'column_no'), 'rule_no') }} as check_key
    from checks

),

parts as (

    select
        check_key,
        {{ check_facts([
            'table_no', 'row_no', 'column_no', 'rule_no', 'rule_name', 'kind', 'blank_is_zero', 'grade', 'reason'
        ]) }},
        operation,
        terms_are_exact,
        check_class,
        0 as part_no,
        'result' as role,
        cast(1 as decimal(8, 6)) as weight,
        cell_key
    from keyed

    union all

    -- A term without a row or column of its own stands in the result's.
    select
        keyed.check_key,
        {{ check_facts() }},
        keyed.operation,
        keyed.terms_are_exact,
        keyed.check_class,
        terms.term_no as part_no,
        terms.role,
        terms.weight,
        {{ place_key(
            table_key('keyed.document_no', 'terms.term_table_no'),
            'coalesce(terms.row_no, keyed.row_no)',
            'coalesce(terms.column_no, keyed.column_no + terms.column_shift)'
        ) }} as cell_key
    from keyed
    inner join terms
        on
            keyed.document_id = terms.document_id
            and keyed.table_no = terms.table_no
            and keyed.rule_no = terms.rule_no

),

filled as (

    select
        parts.*,
        figures.printed_value,
        figures.believed_value,
        figures.printed_precision,
        coalesce(figures.is_registered_misprint, false) as is_registered_misprint,
        cast(null as decimal(28, 4)) as low,
        cast(null as decimal(28, 4)) as high
    from parts
    left join figures on parts.cell_key = figures.cell_key

)

select * from filled
