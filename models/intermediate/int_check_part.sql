{{ config(materialized="view") }}

with rule_parts as (

    select * from {{ ref('int_rule_check_part') }}

),

restatement_parts as (

    select * from {{ ref('int_restatement_check_part') }}

),

plausibility_parts as (

    select * from {{ ref('int_plausibility_check_part') }}

),

statement_parts as (

    select * from {{ ref('int_statement_check_part') }}

),

unioned as (

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
        part_no,
        role,
        weight,
        cell_id,
        printed_value,
        believed_value,
        printed_precision,
        is_registered_misprint
    from rule_parts

    union all

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
        part_no,
        role,
        weight,
        cell_id,
        printed_value,
        believed_value,
        printed_precision,
        is_registered_misprint
    from restatement_parts

    union all

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
        part_no,
        role,
        weight,
        cell_id,
        printed_value,
        believed_value,
        printed_precision,
        is_registered_misprint
    from plausibility_parts

    union all

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
        part_no,
        role,
        weight,
        cell_id,
        printed_value,
        believed_value,
        printed_precision,
        is_registered_misprint
    from statement_parts

)

select * from unioned
