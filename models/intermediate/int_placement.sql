with cells as (

    select * from {{ ref('int_fact_cell') }}
    where dimension = 'placement_type' and print_no = 1

),

placement_types as (

    select * from {{ ref('placement_type') }}

),

measures as (

    select
        cells.document_id,
        cells.municipality_code,
        cells.as_of,
        cells.code as placement_type_code,
        placement_types.parent_code,
        cells.scenario,
        cells.period_start,
        cells.period_end,
        {{ two_decimals("max(case when cells.measure = 'volume' then cells.base_value end)") }} as volume_days,
        {{ sek("max(case when cells.measure = 'unit_price' then cells.base_value end)") }} as reported_unit_cost_sek,
        -- A cost is positive here: what the days cost.
        {{ sek("max(case when cells.measure = 'amount' then -cells.base_value end)") }} as reported_cost_sek,
        bool_or(cells.is_registered_misprint) as is_registered_misprint,
        {{ distinct_array('cells.cell_id') }} as cell_ids
    from cells
    inner join placement_types on cells.code = placement_types.placement_type_code
    group by
        cells.document_id,
        cells.municipality_code,
        cells.as_of,
        cells.code,
        placement_types.parent_code,
        cells.scenario,
        cells.period_start,
        cells.period_end

),

-- Volume, price and cost meet only within one scenario and period: days of one are never divided into cost of another.
derived as (

    select
        document_id,
        municipality_code,
        as_of,
        placement_type_code,
        parent_code,
        scenario,
        period_start,
        period_end,
        volume_days,
        coalesce(reported_unit_cost_sek, {{ sek(decimal_divide('reported_cost_sek', 'volume_days')) }})
            as unit_cost_sek,
        coalesce(reported_cost_sek, {{ sek('volume_days * reported_unit_cost_sek') }}) as cost_sek,
        case
            when reported_unit_cost_sek is not null then 'reported'
            when reported_cost_sek is not null and volume_days > 0 then 'derived'
        end as unit_cost_basis,
        is_registered_misprint,
        cell_ids
    from measures

)

select * from derived
