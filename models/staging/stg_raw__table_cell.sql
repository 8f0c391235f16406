with source as (

    select * from {{ source('raw', 'table_cell') }}

),

renamed as (

    select
        cell_id,
        document_id,
        table_no,
        table_title,
        row_no,
        row_label,
        column_no,
        column_label,
        value_text as printed_text,
        value as printed_value,
        unit,
        line_no,
        page_no,
        method,
        measure,
        scenario,
        period_start,
        period_end
    from source

)

select * from renamed
