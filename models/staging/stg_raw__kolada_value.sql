with source as (

    select * from {{ source('raw', 'kolada_value') }}

),

renamed as (

    select
        kpi_id,
        kpi_title,
        municipality_code,
        year,
        gender,
        value as kpi_value,
        fetched_on
    from source

)

select * from renamed
