with placement_types as (

    select * from {{ ref('placement_type') }}

),

final as (

    select
        placement_type_code,
        name_sv,
        name_en,
        parent_code,
        level,
        target_group,
        volume_unit
    from placement_types

)

select * from final
