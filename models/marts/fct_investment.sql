{% set same_fact = ['municipality_code', 'code', 'scenario', 'period_start', 'period_end', 'list_year'] %}

with cells as (

    select
        *,
        {{ is_latest_vintage(same_fact) }} as is_latest
    from {{ ref('int_fact_cell') }}
    where dimension = 'investment_line' and measure = 'amount' and printed_value is not null and print_no = 1

),

municipalities as (

    select * from {{ ref('dim_municipality') }}

),

investment_lines as (

    select * from {{ ref('investment_line') }}

),

final as (

    select
        cells.document_id,
        cells.municipality_code,
        municipalities.municipality,
        investment_lines.breakdown,
        cells.code as investment_line_code,
        investment_lines.name_sv as line,
        investment_lines.line_role,
        investment_lines.line_role in ('subtotal', 'total') as is_total,
        cells.scenario,
        cells.covers,
        cells.period_start,
        cells.period_end,
        cells.list_year,
        -- An expenditure is positive here, whatever sign the report prints.
        {{ sek('-cells.base_value') }} as amount_sek,
        cells.is_registered_misprint,
        cells.is_latest,
        cells.cell_id
    from cells
    inner join investment_lines on cells.code = investment_lines.investment_line_code
    inner join municipalities on cells.municipality_code = municipalities.municipality_code

)

select * from final
