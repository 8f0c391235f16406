{% set same_fact = ['municipality_code', 'code', 'scenario', 'period_start', 'period_end'] %}

with cells as (

    select
        *,
        {{ is_latest_vintage(same_fact) }} as is_latest
    from {{ ref('int_fact_cell') }}
    where dimension = 'indicator' and measure = 'value' and print_no = 1

),

indicators as (

    select * from {{ ref('indicator') }}

),

final as (

    select
        cells.document_id,
        cells.municipality_code,
        cells.code as indicator_code,
        cells.scenario,
        cells.period_start,
        cells.period_end,
        cells.printed_value as value,
        cells.printed_text as value_text,
        -- What a target demands of the value: below, at most, above, or within that distance of zero.
        case
            when lower(cells.printed_text) like 'inom %' then '≤'
            when cells.printed_text like '<%' then '<'
            when cells.printed_text like '>%' then '>'
            when cells.printed_text like '±%' or cells.printed_text like '+/-%' then '±'
        end as comparator,
        cells.unit,
        cells.is_registered_misprint,
        cells.is_latest,
        cells.cell_id
    from cells
    inner join indicators on cells.code = indicators.indicator_code

)

select * from final
