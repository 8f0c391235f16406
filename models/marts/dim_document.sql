with documents as (

    select * from {{ ref('stg_raw__document') }}

),

final as (

    select
        document_id,
        municipality_code,
        municipality,
        board,
        document_kind,
        title,
        fiscal_year,
        period_start,
        period_end,
        as_of,
        text_origin,
        line_count,
        source_sha256
    from documents

)

select * from final
