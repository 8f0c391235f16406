{% set same_fact = ['municipality_code', 'code', 'scenario', 'period_start', 'period_end'] %}

with cells as (

    select
        *,
        {{ is_latest_vintage(same_fact) }} as is_latest
    from {{ ref('int_fact_cell') }}
    where dimension = 'activity' and measure = 'amount' and printed_value is not null and print_no = 1

),

municipalities as (

    select * from {{ ref('dim_municipality') }}

),

activities as (

    select * from {{ ref('activity') }}

),

final as (

    select
        cells.document_id,
        cells.municipality_code,
        municipalities.municipality,
        activities.breakdown,
        cells.code as activity_code,
        activities.name_sv as line,
        activities.line_role,
        activities.line_role in ('subtotal', 'net_cost', 'result') as is_total,
        cells.scenario,
        cells.period_start,
        cells.period_end,
        {{ sek('cells.base_value') }} as amount_sek,
        cells.is_registered_misprint,
        cells.is_latest,
        cells.cell_id
    from cells
    inner join activities on cells.code = activities.activity_code
    inner join municipalities on cells.municipality_code = municipalities.municipality_code

)

select * from final
