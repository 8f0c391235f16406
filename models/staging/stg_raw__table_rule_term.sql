with source as (

    select * from {{ source('raw', 'table_rule_term') }}

),

renamed as (

    select
        document_id,
        table_no,
        rule_no,
        term_no,
        role,
        term_table_no,
        row_no,
        column_no,
        column_shift,
        cast(weight as decimal(8, 6)) as weight
    from source

)

select * from renamed
