with parts as (

    select * from {{ ref('int_check_part') }}

),

evaluations as (

    select * from {{ ref('int_check_evaluation') }}

),

cells as (

    select * from {{ ref('int_report_cell') }}

),

row_labels as (

    select
        document_id,
        table_no,
        row_no,
        min(row_label) as row_label
    from cells
    group by document_id, table_no, row_no

),

report_columns as (

    select * from {{ ref('stg_raw__report_column') }}

),

registered as (

    select * from {{ ref('source_error_ledger') }}

),

checks as (

    select * from parts
    where role = 'result'

),

evaluated as (

    select
        checks.check_id,
        checks.kind,
        checks.document_id,
        checks.table_no,
        row_labels.row_label,
        report_columns.column_label,
        as_printed.result_value as printed,
        -- A registered misprint is held against its parts as believed: it may have been made from another misprint.
        case when checks.is_registered_misprint then as_believed.expected_value else as_printed.expected_value end
            as expected,
        as_printed.tolerance,
        case
            when as_printed.present_term_count < as_printed.term_count and not checks.blank_is_zero then 'missing part'
            when as_printed.result_value is null then 'missing total'
            -- A misprint stays one where it agrees with another misprint it was made from.
            when as_believed.agrees and checks.is_registered_misprint then 'registered source error'
            when as_believed.agrees and as_printed.agrees_exactly then 'agrees'
            when as_believed.agrees and as_printed.agrees then 'rounding'
            when as_believed.agrees or as_believed.difference = registered.difference then 'registered source error'
            -- Also where NULL hides whether it agrees.
            else 'unexplained'
        end as status,
        checks.reason as rule_reason,
        registered.reason as registered_reason,
        checks.cell_id,
        cells.unit,
        cells.line_no
    from checks
    inner join evaluations as as_printed on checks.check_id = as_printed.check_id and as_printed.variant = 'printed'
    inner join evaluations as as_believed on checks.check_id = as_believed.check_id and as_believed.variant = 'believed'
    left join cells on checks.cell_id = cells.cell_id
    left join registered on checks.cell_id = registered.cell_id
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
    -- Where the report prints no parts at all there is nothing to hold the total against.
    where as_printed.present_term_count > 0

),

final as (

    select
        check_id,
        kind,
        document_id,
        table_no,
        row_label,
        column_label,
        printed,
        expected,
        cast(printed - expected as decimal(28, 4)) as difference,
        tolerance,
        unit,
        status,
        case
            when status = 'registered source error'
                then coalesce(registered_reason, 'Följer av ett registrerat fel i en av delarna: ' || rule_reason)
            else rule_reason
        end as reason,
        cell_id,
        line_no
    from evaluated

)

select * from final
