with cells as (

    select * from {{ ref('int_fact_cell') }}
    where dimension = 'placement_type' and print_no = 1 and measure in ('volume', 'unit_price')

),

-- Whatever has days as outcome or forecast is compared, once its price and both budget figures are found.
comparisons as (

    select
        document_id,
        municipality_code,
        as_of,
        code as placement_type_code,
        scenario,
        period_start,
        period_end
    from cells
    where scenario in ('outcome', 'forecast') and measure = 'volume'

),

-- Days belong to their period. A budgeted price is a rate: where the period has none of its own, that of the shortest
-- period around it holds, as in the reports (the year's price, for January to August).
figures as (

    select
        comparisons.*,
        cells.measure,
        cells.scenario = 'budget' as is_budget,
        cells.base_value,
        cells.cell_id,
        cells.is_registered_misprint,
        cells.period_start != comparisons.period_start or cells.period_end != comparisons.period_end
            as is_of_longer_period,
        row_number() over (
            partition by
                comparisons.document_id,
                comparisons.placement_type_code,
                comparisons.scenario,
                comparisons.period_start,
                comparisons.period_end,
                cells.measure,
                cells.scenario
            order by cells.period_start desc, cells.period_end asc
        ) as nearest_no
    from comparisons
    inner join cells
        on
            comparisons.document_id = cells.document_id
            and comparisons.placement_type_code = cells.code
            and cells.scenario in (comparisons.scenario, 'budget')
            and comparisons.period_start >= cells.period_start
            and comparisons.period_end <= cells.period_end
    where
        (cells.measure = 'unit_price' and cells.scenario = 'budget')
        or (comparisons.period_start = cells.period_start and comparisons.period_end = cells.period_end)

),

-- All four printed, none of them a registered misprint: or there is nothing to compare.
compared as (

    select
        document_id,
        municipality_code,
        as_of,
        placement_type_code,
        scenario,
        period_start,
        period_end,
        {{ two_decimals("max(case when measure = 'volume' and not is_budget then base_value end)") }} as volume_days,
        {{ two_decimals("max(case when measure = 'volume' and is_budget then base_value end)") }}
            as budget_volume_days,
        {{ sek("max(case when measure = 'unit_price' and not is_budget then base_value end)") }} as unit_cost_sek,
        {{ sek("max(case when measure = 'unit_price' and is_budget then base_value end)") }} as budget_unit_cost_sek,
        bool_or(is_of_longer_period) as is_budget_price_of_longer_period,
        {{ distinct_array('cell_id') }} as cell_ids
    from figures
    where nearest_no = 1
    group by
        document_id,
        municipality_code,
        as_of,
        placement_type_code,
        scenario,
        period_start,
        period_end
    having count(*) = 4 and not bool_or(is_registered_misprint)

)

select * from compared
