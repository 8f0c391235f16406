with source as (

    select * from {{ source('raw', 'table_rule') }}

),

renamed as (

    select
        document_id,
        table_no,
        rule_no,
        name as rule_name,
        kind,
        operation,
        row_no,
        column_no,
        blank_is_zero,
        terms_are_exact,
        grade,
        reason
    from source

)

select * from renamed
