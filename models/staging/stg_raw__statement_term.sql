with source as (

    select * from {{ source('raw', 'statement_term') }}

),

renamed as (

    select
        document_id,
        statement_no,
        term_no,
        factor_no,
        role,
        table_no,
        row_no,
        column_no,
        weight
    from source

)

select * from renamed
