with checks as {{ inlined() }} (

    select * from {{ ref('int_check') }}

),

evaluations as {{ inlined() }} (

    select * from {{ ref('int_check_evaluation') }}

),

-- A check without a misprint says as believed what it says as printed.
judged as (

    select
        as_printed.check_key,
        as_printed.result_value,
        as_printed.expected_value,
        as_printed.tolerance,
        as_printed.term_count,
        as_printed.present_term_count,
        as_printed.agrees_exactly,
        as_printed.agrees,
        case when as_believed.check_key is null then as_printed.expected_value else as_believed.expected_value end
            as believed_expected_value,
        case when as_believed.check_key is null then as_printed.difference else as_believed.difference end
            as believed_difference,
        case when as_believed.check_key is null then as_printed.agrees else as_believed.agrees end as believed_agrees
    from evaluations as as_printed
    left join evaluations as as_believed
        on as_printed.check_key = as_believed.check_key and as_believed.variant = 'believed'
    where as_printed.variant = 'printed'

),

documents as (

    select * from {{ ref('stg_raw__document') }}

),

cells as {{ inlined() }} (

    select
        cells.*,
        {{ cell_key('cells') }} as cell_key
    from {{ ref('stg_raw__table_cell') }} as cells
    inner join documents on cells.document_id = documents.document_id

),

statements as (

    select * from {{ ref('stg_raw__statement') }}

),

report_columns as (

    select * from {{ ref('stg_raw__report_column') }}

),

registered as (

    select * from {{ ref('source_error_ledger') }}

),

reviews as (

    select * from {{ ref('warning_review') }}

),

-- Where no total is printed, the other cells of its row say what the row is.
row_labels as (

    select
        cells.document_id,
        cells.table_no,
        cells.row_no,
        min(cells.row_label) as row_label
    from cells
    inner join checks
        on
            cells.document_id = checks.document_id
            and cells.table_no = checks.table_no
            and cells.row_no = checks.row_no
            and checks.printed_value is null
    group by cells.document_id, cells.table_no, cells.row_no

),

evaluated as (

    select
        checks.check_id,
        checks.check_class,
        checks.rule_name,
        checks.kind,
        checks.grade,
        checks.document_id,
        checks.table_no,
        coalesce(cells.row_label, row_labels.row_label, statements.statement_name) as row_label,
        report_columns.column_label,
        judged.result_value as printed,
        -- A registered misprint is held against its parts as believed: it may have been made from another misprint.
        case when checks.is_registered_misprint then judged.believed_expected_value else judged.expected_value end
            as expected,
        judged.tolerance,
        case
            when judged.present_term_count < judged.term_count and not checks.blank_is_zero then 'missing part'
            when judged.result_value is null then 'missing total'
            -- A misprint stays one where it agrees with another misprint it was made from. It may well be plausible.
            when
                judged.believed_agrees and checks.is_registered_misprint
                and checks.check_class in ('identity', 'restatement')
                then 'registered source error'
            when judged.believed_agrees and judged.agrees_exactly then 'agrees'
            when judged.believed_agrees and judged.agrees then 'rounding'
            when judged.believed_agrees then 'registered source error'
            when
                judged.believed_difference = registered.difference
                and registered.treatment = 'restatement' and checks.check_class = 'restatement'
                then 'restatement'
            when judged.believed_difference = registered.difference and registered.treatment != 'restatement'
                then 'registered source error'
            when checks.grade = 'note' then 'note'
            when checks.grade = 'warning' and reviews.cell_id is not null then 'reviewed warning'
            when checks.grade = 'warning' then 'warning'
            -- Also where NULL hides whether it agrees.
            else 'unexplained'
        end as status,
        checks.reason as rule_reason,
        registered.reason as registered_reason,
        reviews.reason as review_reason,
        checks.cell_id,
        coalesce(cells.unit, statements.unit) as unit,
        coalesce(cells.line_no, statements.line_no) as line_no
    from checks
    inner join judged on checks.check_key = judged.check_key
    left join cells on checks.cell_key = cells.cell_key
    left join statements on checks.cell_id = statements.statement_id
    left join registered on checks.cell_id = registered.cell_id
    -- A review holds for the figure it was written about.
    left join reviews
        on
            checks.kind = reviews.kind
            and checks.cell_id = reviews.cell_id
            and judged.result_value = reviews.printed
    left join row_labels
        on
            checks.document_id = row_labels.document_id
            and checks.table_no = row_labels.table_no
            and checks.row_no = row_labels.row_no
    left join report_columns
        on
            checks.document_id = report_columns.document_id
            and checks.table_no = report_columns.table_no
            and checks.column_no = report_columns.column_no
    where {{ is_made('judged', 'checks') }}

),

final as (

    select
        check_id,
        check_class,
        rule_name,
        kind,
        grade,
        document_id,
        table_no,
        row_label,
        column_label,
        printed,
        expected,
        cast(printed - expected as decimal(28, 4)) as difference,
        tolerance,
        case when check_class in ('identity', 'restatement') or kind in ('limit', 'value bound') then unit end as unit,
        status,
        case
            when status = 'reviewed warning' then review_reason
            when status = 'restatement' then registered_reason
            when status = 'registered source error'
                then coalesce(registered_reason, 'Följer av ett registrerat fel i en av delarna: ' || rule_reason)
            else rule_reason
        end as reason,
        cell_id,
        line_no
    from evaluated

)

select * from final
