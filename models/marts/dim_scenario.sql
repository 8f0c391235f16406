with scenarios as (

    select * from {{ ref('scenario') }}

),

final as (

    select
        scenario,
        name_sv,
        name_en,
        comparison_basis
    from scenarios

)

select * from final
