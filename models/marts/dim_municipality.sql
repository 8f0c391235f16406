with municipalities as (

    select * from {{ ref('municipality') }}

),

final as (

    select
        municipality_code,
        municipality,
        county_code,
        county
    from municipalities

)

select * from final
