{{ config(materialized="view") }}

with parts as (

    select
        *,
        {{ asked_of_key('check_key') }} as asked_cell_key
    from {{ ref('int_check_part') }}
    where role = 'result'

),

documents as (

    select * from {{ ref('stg_raw__document') }}

),

final as (

    select
        parts.check_key,
        case {{ asker_of_key('parts.check_key') }}
            when 'rule'
                then
                    parts.document_id || '/' || parts.table_no || '/rule ' || parts.rule_no
                    || '/' || parts.row_no || '/' || parts.column_no
            when 'statement' then parts.statement_id
            when 'restatement'
                then
                    parts.cell_id || ' = '
                    || {{ cell_id_of_key('earlier_documents.document_id', 'parts.against_cell_key') }}
            else parts.kind || ' ' || {{ cell_id_of_key('parts.document_id', 'parts.asked_cell_key') }}
        end as check_id,
        parts.document_id,
        parts.table_no,
        parts.row_no,
        parts.column_no,
        parts.rule_no,
        parts.rule_name,
        parts.kind,
        parts.operation,
        parts.blank_is_zero,
        parts.grade,
        parts.reason,
        parts.check_class,
        parts.cell_key,
        parts.cell_id,
        parts.printed_value,
        parts.believed_value,
        parts.is_registered_misprint
    from parts
    left join documents as earlier_documents
        on {{ document_of_key('parts.against_cell_key') }} = earlier_documents.document_no

)

select * from final
