{% set same_fact = ['municipality_code', 'code', 'scenario', 'period_start', 'period_end'] %}

with cells as (

    select
        *,
        {{ is_latest_vintage(same_fact) }} as is_latest
    from {{ ref('int_fact_cell') }}
    where dimension = 'sick_leave_group' and measure = 'value' and printed_value is not null and print_no = 1

),

municipalities as (

    select * from {{ ref('dim_municipality') }}

),

sick_leave_groups as (

    select * from {{ ref('sick_leave_group') }}

),

final as (

    select
        cells.document_id,
        cells.municipality_code,
        municipalities.municipality,
        cells.code as sick_leave_group_code,
        sick_leave_groups.scope,
        sick_leave_groups.population,
        sick_leave_groups.breakdown,
        sick_leave_groups.name_sv as breakdown_label,
        cells.scenario,
        cells.period_start,
        cells.period_end,
        cells.printed_value as sick_leave_percent,
        cells.is_registered_misprint,
        cells.is_latest,
        cells.cell_id
    from cells
    inner join sick_leave_groups on cells.code = sick_leave_groups.sick_leave_group_code
    inner join municipalities on cells.municipality_code = municipalities.municipality_code

)

select * from final
