with source as (

    select * from {{ source('raw', 'missing_report') }}

),

final as (

    select
        file_name,
        document_id,
        municipality_code,
        source_sha256,
        step,
        reason,
        is_earlier_version_held
    from source

)

select * from final
