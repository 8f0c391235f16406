with indicators as (

    select * from {{ ref('indicator') }}

),

final as (

    select
        indicator_code,
        name_sv,
        name_en,
        concept,
        unit,
        better
    from indicators

)

select * from final
