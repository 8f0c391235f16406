with source as (

    select * from {{ source('raw', 'document') }}

),

renamed as (

    select
        document_id,
        -- What keys are made of: any number will do, as long as it is the same throughout a build.
        cast(row_number() over (order by document_id) as integer) as document_no,
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
