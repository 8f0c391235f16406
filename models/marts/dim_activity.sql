with activities as (

    select * from {{ ref('activity') }}

),

final as (

    select
        activity_code,
        breakdown,
        name_sv,
        name_en,
        line_role
    from activities

)

select * from final
