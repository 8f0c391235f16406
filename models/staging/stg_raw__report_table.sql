with source as (

    select * from {{ source('raw', 'report_table') }}

),

renamed as (

    select
        document_id,
        table_no,
        table_key,
        table_title,
        subject,
        unit,
        cost_sign,
        first_line,
        last_line,
        cell_count
    from source

)

select * from renamed
