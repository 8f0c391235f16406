{% set same_fact = ['municipality_code', 'code', 'column_code', 'scenario', 'period_start', 'period_end'] %}

with cells as (

    select
        *,
        {{ is_latest_vintage(same_fact) }} as is_latest
    from {{ ref('int_fact_cell') }}
    where dimension = 'case_statistic' and measure = 'value' and printed_value is not null and print_no = 1

),

municipalities as (

    select * from {{ ref('dim_municipality') }}

),

case_statistics as (

    select * from {{ ref('case_statistic') }}

),

case_types as (

    select * from {{ ref('case_type') }}

),

final as (

    select
        cells.document_id,
        cells.municipality_code,
        municipalities.municipality,
        cells.code as case_statistic_code,
        case_statistics.name_sv as case_statistic,
        case_statistics.case_type,
        case_types.name_sv as case_type_label,
        case_statistics.target_group,
        case_statistics.counted,
        cells.column_code as sex,
        cells.scenario,
        cast(extract(year from cells.period_end) as integer) as year,
        cells.period_start,
        cells.period_end,
        cast(cells.printed_value as integer) as case_count,
        cells.is_registered_misprint,
        cells.is_latest,
        cells.cell_id
    from cells
    inner join case_statistics on cells.code = case_statistics.case_statistic_code
    inner join case_types on case_statistics.case_type = case_types.case_type
    inner join municipalities on cells.municipality_code = municipalities.municipality_code

)

select * from final
