{% set same_row = ['document_id', 'placement_type_code', 'scenario', 'period_start', 'period_end'] %}
{% set same_fact = ['municipality_code', 'placement_type_code', 'scenario', 'period_start', 'period_end'] %}

with compared as (

    select * from {{ ref('int_placement_price_volume') }}

),

placement_types as (

    select * from {{ ref('dim_placement_type') }}

),

municipalities as (

    select * from {{ ref('dim_municipality') }}

),

-- The groups a report is complete for, with the number of their types.
complete_groups as (

    select * from {{ ref('int_placement_rollup') }}

),

printed as (

    select
        compared.*,
        {{ sek('(volume_days - budget_volume_days) * budget_unit_cost_sek') }} as volume_effect_sek,
        {{ sek('(unit_cost_sek - budget_unit_cost_sek) * volume_days') }} as price_effect_sek,
        1 as type_count
    from compared

),

-- A group is the sum of its types, so that a dearer mix of them is an effect of volume and not of price.
summed as (

    select
        printed.document_id,
        printed.municipality_code,
        printed.as_of,
        placement_types.parent_code as placement_type_code,
        printed.scenario,
        printed.period_start,
        printed.period_end,
        {{ two_decimals('sum(printed.volume_days)') }} as volume_days,
        {{ two_decimals('sum(printed.budget_volume_days)') }} as budget_volume_days,
        {{ sek('null') }} as unit_cost_sek,
        {{ sek('null') }} as budget_unit_cost_sek,
        bool_or(printed.is_budget_price_of_longer_period) as is_budget_price_of_longer_period,
        {{ merged_array('printed.cell_ids') }} as cell_ids,
        {{ sek('sum(printed.volume_effect_sek)') }} as volume_effect_sek,
        {{ sek('sum(printed.price_effect_sek)') }} as price_effect_sek,
        cast(count(*) as integer) as type_count
    from printed
    inner join placement_types on printed.placement_type_code = placement_types.placement_type_code
    inner join complete_groups
        on
            printed.document_id = complete_groups.document_id
            and placement_types.parent_code = complete_groups.placement_type_code
            and printed.scenario = complete_groups.scenario
            and printed.period_start = complete_groups.period_start
            and printed.period_end = complete_groups.period_end
    group by
        printed.document_id,
        printed.municipality_code,
        printed.as_of,
        placement_types.parent_code,
        printed.scenario,
        printed.period_start,
        printed.period_end,
        complete_groups.reported_type_count
    having count(*) = complete_groups.reported_type_count

),

all_levels as (

    select
        *,
        false as is_sum
    from printed

    union all

    select
        *,
        true as is_sum
    from summed

),

-- A report may print a group beside its types: their sum goes before.
chosen as (

    select
        *,
        row_number() over (partition by {{ same_row | join(', ') }} order by is_sum desc) as choice_no
    from all_levels

),

latest as (

    select
        *,
        row_number() over (partition by {{ same_fact | join(', ') }} order by as_of desc, document_id asc) = 1
            as is_latest
    from chosen
    where choice_no = 1

),

final as (

    select
        cast(extract(year from latest.period_end) as integer) as year,
        latest.period_start,
        latest.period_end,
        latest.municipality_code,
        municipalities.municipality,
        latest.placement_type_code,
        placement_types.name_sv as placement_type,
        placement_types.level as placement_level,
        latest.scenario,
        latest.volume_days,
        latest.budget_volume_days,
        latest.unit_cost_sek,
        latest.budget_unit_cost_sek,
        latest.is_budget_price_of_longer_period,
        latest.volume_effect_sek,
        latest.price_effect_sek,
        {{ sek('latest.volume_effect_sek + latest.price_effect_sek') }} as total_effect_sek,
        latest.type_count,
        latest.document_id,
        latest.is_latest,
        latest.cell_ids
    from latest
    inner join municipalities on latest.municipality_code = municipalities.municipality_code
    inner join placement_types on latest.placement_type_code = placement_types.placement_type_code

)

select * from final
