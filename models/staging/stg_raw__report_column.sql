with source as (

    select * from {{ source('raw', 'report_column') }}

),

renamed as (

    select
        document_id,
        table_no,
        column_no,
        column_key,
        column_label,
        measure,
        scenario,
        period_start,
        period_end
    from source

)

select * from renamed
