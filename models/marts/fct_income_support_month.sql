{% set same_fact = ['municipality_code', 'code', 'scenario', 'period_start', 'period_end'] %}

with cells as (

    -- A printed mean or total of months is another measure, and no month.
    select
        *,
        {{ is_latest_vintage(same_fact) }} as is_latest
    from {{ ref('int_fact_cell') }}
    where dimension = 'income_support' and measure = 'amount' and printed_value is not null and print_no = 1

),

municipalities as (

    select * from {{ ref('dim_municipality') }}

),

income_supports as (

    select * from {{ ref('income_support') }}

),

final as (

    select
        cells.document_id,
        cells.municipality_code,
        municipalities.municipality,
        cells.code as income_support_code,
        income_supports.name_sv as income_support,
        cells.scenario,
        cast(extract(year from cells.period_end) as integer) as year,
        cast(extract(month from cells.period_end) as integer) as month,
        cells.period_start,
        cells.period_end,
        -- A cost is positive here: what is paid out.
        {{ sek('-cells.base_value') }} as amount_sek,
        cells.is_registered_misprint,
        cells.is_latest,
        cells.cell_id
    from cells
    inner join income_supports on cells.code = income_supports.income_support_code
    inner join municipalities on cells.municipality_code = municipalities.municipality_code

)

select * from final
