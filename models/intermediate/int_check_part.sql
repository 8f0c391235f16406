{{ config(materialized="view") }}

{% set askers = [
    ref('int_rule_check_part'), ref('int_restatement_check_part'), ref('int_plausibility_check_part'),
    ref('int_statement_check_part')
] %}

with unioned as (

    {% for asker in askers %}
        select
            check_key,
            table_no,
            row_no,
            column_no,
            rule_no,
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
            cell_key,
            against_cell_key,
            statement_id,
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

),

documents as (

    select * from {{ ref('stg_raw__document') }}

),

final as (

    select
        unioned.*,
        documents.document_id,
        case
            when {{ table_of_key('unioned.cell_key') }} % 1000 = 0 then unioned.statement_id
            else {{ cell_id_of_key('documents.document_id', 'unioned.cell_key') }}
        end as cell_id
    from unioned
    left join documents on {{ document_of_key('unioned.cell_key') }} = documents.document_no

)

select * from final
