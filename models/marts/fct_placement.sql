{% set same_fact = ['municipality_code', 'placement_type_code', 'scenario', 'period_start', 'period_end'] %}

with placements as (

    select * from {{ ref('int_placement') }}

),

final as (

    select
        document_id,
        municipality_code,
        placement_type_code,
        scenario,
        period_start,
        period_end,
        volume_days,
        unit_cost_sek,
        cost_sek,
        unit_cost_basis,
        is_registered_misprint,
        {{ is_latest_vintage(same_fact) }} as is_latest,
        cell_ids
    from placements

)

select * from final
