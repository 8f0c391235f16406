{{ config(materialized="view") }}

{% set askers = [
    ref('int_rule_check_part'), ref('int_restatement_check_part'), ref('int_plausibility_check_part'),
    ref('int_statement_check_part')
] %}

with unioned as (

    {% for asker in askers %}
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
            is_registered_misprint,
            low,
            high
        from {{ asker }}
        {% if not loop.last %}

            union all

        {% endif %}
    {% endfor %}

)

select * from unioned
