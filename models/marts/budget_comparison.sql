with net_costs as (

    select
        fct.municipality_code,
        fct.document_id,
        fct.scenario,
        scenarios.comparison_basis,
        scenarios.basis_rank,
        fct.period_start,
        fct.period_end,
        fct.amount_sek as net_cost_sek,
        fct.cell_id
    from {{ ref('fct_budget_line') }} as fct
    inner join {{ ref('scenario') }} as scenarios on fct.scenario = scenarios.scenario
    where fct.line_role = 'net_cost' and fct.is_latest and scenarios.comparison_basis is not null

),

municipalities as (

    select * from {{ ref('dim_municipality') }}

),

comparability as (

    select * from {{ ref('comparability') }}

),

notes as (

    select * from {{ ref('int_comparability_note') }}
    where aspect = 'net_cost'

),

populations as (

    select * from {{ ref('int_population') }}

),

budgets as (

    select * from net_costs
    where scenario = 'budget'

),

-- Who stands beside whom: the municipalities with a figure of the same period and basis.
publishers as (

    select
        period_start,
        period_end,
        comparison_basis,
        municipality_code,
        min(scenario) as first_scenario,
        max(scenario) as last_scenario
    from net_costs
    group by period_start, period_end, comparison_basis, municipality_code

),

graded as (

    select
        publishers.period_start,
        publishers.period_end,
        publishers.comparison_basis,
        case when count(*) = 1 then 'one municipality' else max(by_board.grade) end as comparability,
        case
            when count(*) = 1
                then {{ sentences([
                    "'Redovisas för perioden bara av ' || min(municipalities.municipality) "
                    ~ "|| ': jämför över åren, inte mellan kommuner.'",
                    'min(notes.note)'
                ]) }}
            else {{ sentences([
                'max(by_board.note)',
                notes_together(),
                'case when min(publishers.first_scenario) != max(publishers.last_scenario) then max(by_scenario.note) end'
            ]) }}
        end as comparability_note
    from publishers
    inner join municipalities on publishers.municipality_code = municipalities.municipality_code
    left join notes on publishers.municipality_code = notes.municipality_code
    left join comparability as by_board on by_board.aspect = 'net_cost'
    left join comparability as by_scenario on by_scenario.aspect = 'scenario'
    group by publishers.period_start, publishers.period_end, publishers.comparison_basis

),

-- The year before on the same basis; an outcome is preferred to a forecast of the same year.
years_before as (

    select
        *,
        row_number() over (
            partition by municipality_code, comparison_basis, period_start, period_end order by basis_rank
        ) as preference_no
    from net_costs

),

matched as (

    select
        net_costs.*,
        budgets.net_cost_sek as budget_net_cost_sek,
        budgets.document_id as budget_document_id,
        budgets.cell_id as budget_cell_id,
        years_before.scenario as previous_year_scenario,
        years_before.net_cost_sek as previous_year_net_cost_sek,
        years_before.cell_id as previous_year_cell_id
    from net_costs
    left join budgets
        on
            case when net_costs.scenario in ('outcome', 'forecast') then net_costs.municipality_code end
            = budgets.municipality_code
            and net_costs.period_start = budgets.period_start
            and net_costs.period_end = budgets.period_end
    left join years_before
        on
            net_costs.municipality_code = years_before.municipality_code
            and net_costs.comparison_basis = years_before.comparison_basis
            and cast({{ dbt.dateadd('year', -1, 'net_costs.period_start') }} as date) = years_before.period_start
            and cast({{ dbt.dateadd('year', -1, 'net_costs.period_end') }} as date) = years_before.period_end
            and years_before.preference_no = 1

),

final as (

    select
        cast(extract(year from matched.period_end) as integer) as year,
        matched.period_start,
        matched.period_end,
        matched.municipality_code,
        municipalities.municipality,
        matched.scenario,
        matched.net_cost_sek,
        matched.budget_net_cost_sek,
        {{ sek('matched.net_cost_sek - matched.budget_net_cost_sek') }} as deviation_sek,
        cast(
            {{ decimal_divide(
                '100 * (matched.net_cost_sek - matched.budget_net_cost_sek)', 'abs(matched.budget_net_cost_sek)'
            ) }} as decimal(18, 2)
        ) as deviation_percent,
        matched.previous_year_scenario,
        matched.previous_year_net_cost_sek,
        {{ sek('matched.net_cost_sek - matched.previous_year_net_cost_sek') }} as change_sek,
        cast(
            {{ decimal_divide(
                '100 * (matched.net_cost_sek - matched.previous_year_net_cost_sek)',
                'matched.previous_year_net_cost_sek'
            ) }} as decimal(18, 2)
        ) as change_percent,
        populations.inhabitants,
        cast({{ decimal_divide('matched.net_cost_sek', 'populations.inhabitants') }} as decimal(18, 2))
            as net_cost_per_inhabitant_sek,
        case
            when populations.inhabitants > 0 then 'known'
            else 'population unknown: run kommunlager fetch kolada'
        end as per_inhabitant_status,
        graded.comparability,
        graded.comparability_note,
        matched.document_id,
        matched.cell_id,
        matched.budget_document_id,
        matched.budget_cell_id,
        matched.previous_year_cell_id
    from matched
    inner join municipalities on matched.municipality_code = municipalities.municipality_code
    inner join graded
        on
            matched.period_start = graded.period_start
            and matched.period_end = graded.period_end
            and matched.comparison_basis = graded.comparison_basis
    left join populations
        on
            matched.municipality_code = populations.municipality_code
            and cast(extract(year from matched.period_end) as integer) = populations.year

)

select * from final
