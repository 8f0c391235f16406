with rules as (

    select * from {{ ref('stg_raw__table_rule') }}

),

terms as (

    select * from {{ ref('stg_raw__table_rule_term') }}

),

cells as {{ inlined() }} (

    select * from {{ ref('int_report_cell') }}

),

-- A cell without a number, printed or believed, is for a check what an empty place is.
figures as (

    select * from cells
    where coalesce(printed_value, believed_value) is not null

),

table_rows as (

    select distinct
        document_id,
        table_no,
        row_no
    from cells

),

numeric_columns as (

    select distinct
        document_id,
        table_no,
        column_no
    from cells
    where printed_value is not null

),

-- One check for each place where a rule's result stands. A place that the rule names exists even when it is empty. What
-- decides whether a rule is joined stands in the equation: beside it, engines compare every rule with every row.
checks as (

    select
        rules.document_id || '/' || rules.table_no || '/rule ' || rules.rule_no
        || '/' || coalesce(rules.row_no, table_rows.row_no)
        || '/' || coalesce(rules.column_no, numeric_columns.column_no) as check_id,
        rules.document_id,
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
        on
            rules.document_id = table_rows.document_id
            and case when rules.row_no is null then rules.table_no end = table_rows.table_no
    left join numeric_columns
        on
            rules.document_id = numeric_columns.document_id
            and case when rules.column_no is null then rules.table_no end = numeric_columns.table_no

),

parts as (

    select
        check_id,
        document_id,
        table_no,
        row_no,
        column_no,
        rule_name,
        kind,
        operation,
        blank_is_zero,
        terms_are_exact,
        grade,
        reason,
        check_class,
        0 as part_no,
        'result' as role,
        cast(1 as decimal(8, 6)) as weight,
        table_no as part_table_no,
        row_no as part_row_no,
        column_no as part_column_no
    from checks

    union all

    -- A term without a row or column of its own stands in the result's.
    select
        checks.check_id,
        checks.document_id,
        checks.table_no,
        checks.row_no,
        checks.column_no,
        checks.rule_name,
        checks.kind,
        checks.operation,
        checks.blank_is_zero,
        checks.terms_are_exact,
        checks.grade,
        checks.reason,
        checks.check_class,
        terms.term_no as part_no,
        terms.role,
        terms.weight,
        terms.term_table_no as part_table_no,
        coalesce(terms.row_no, checks.row_no) as part_row_no,
        coalesce(terms.column_no, checks.column_no + terms.column_shift) as part_column_no
    from checks
    inner join terms
        on
            checks.document_id = terms.document_id
            and checks.table_no = terms.table_no
            and checks.rule_no = terms.rule_no

),

-- An empty place keeps the id it would have had, so that a missing figure can be pointed at.
filled as (

    select
        parts.check_id,
        parts.document_id,
        parts.table_no,
        parts.row_no,
        parts.column_no,
        parts.rule_name,
        parts.kind,
        parts.operation,
        parts.blank_is_zero,
        parts.terms_are_exact,
        parts.grade,
        parts.reason,
        parts.check_class,
        parts.part_no,
        parts.role,
        parts.weight,
        parts.document_id || '/' || parts.part_table_no || '/' || parts.part_row_no || '/' || parts.part_column_no
            as cell_id,
        figures.printed_value,
        figures.believed_value,
        figures.printed_precision,
        coalesce(figures.is_registered_misprint, false) as is_registered_misprint,
        cast(null as decimal(28, 4)) as low,
        cast(null as decimal(28, 4)) as high
    from parts
    left join figures
        on
            parts.document_id = figures.document_id
            and parts.part_table_no = figures.table_no
            and parts.part_row_no = figures.row_no
            and parts.part_column_no = figures.column_no

)

select * from filled
