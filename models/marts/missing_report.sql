with missing_reports as (

    select * from {{ ref('stg_raw__missing_report') }}

),

municipalities as (

    select * from {{ ref('dim_municipality') }}

),

final as (

    select
        missing_reports.file_name,
        missing_reports.document_id,
        missing_reports.municipality_code,
        municipalities.municipality,
        missing_reports.source_sha256,
        missing_reports.step,
        missing_reports.reason,
        missing_reports.is_earlier_version_held
    from missing_reports
    left join municipalities on missing_reports.municipality_code = municipalities.municipality_code

)

select * from final
