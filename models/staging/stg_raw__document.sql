with source as (

    select * from {{ source('raw', 'document') }}

),

renamed as (

    select
        document_id,
        municipality_code,
        municipality,
        board,
        kind as document_kind,
        title,
        fiscal_year,
        period_start,
        period_end,
        as_of,
        text_origin,
        line_count,
        source_sha256
    from source

)

select * from renamed
