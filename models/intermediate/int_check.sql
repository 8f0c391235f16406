{{ config(materialized="view") }}

with parts as (

    select * from {{ ref('int_check_part') }}

),

final as (

    select
        check_key,
        check_id,
        document_id,
        table_no,
        row_no,
        column_no,
        rule_no,
        rule_name,
        kind,
        operation,
        blank_is_zero,
        grade,
        reason,
        check_class,
        cell_key,
        cell_id,
        printed_value,
        believed_value,
        is_registered_misprint
    from parts
    where role = 'result'

)

select * from final
