{% set same_series = ['municipality_code', 'activity_code', 'period_start', 'period_end', 'comparison_basis'] %}

with lines as (

    select
        fct.*,
        documents.as_of,
        scenarios.comparison_basis,
        scenarios.basis_rank
    from {{ ref('fct_budget_line') }} as fct
    inner join {{ ref('dim_document') }} as documents on fct.document_id = documents.document_id
    inner join {{ ref('scenario') }} as scenarios on fct.scenario = scenarios.scenario
    where fct.scenario in ('budget', 'forecast', 'outcome')

),

-- A forecast and the outcome it foretold are one series; the budget is another. A registered misprint is in neither.
in_order as (

    select
        *,
        row_number() over (
            partition by {{ same_series | join(', ') }}
            order by as_of asc, document_id desc, basis_rank desc
        ) as revision_no
    from lines
    where not is_registered_misprint

),

budgets as (

    select * from in_order
    where scenario = 'budget'

),

revised as (

    select
        lines.*,
        in_order.revision_no,
        earlier.document_id as previous_document_id,
        earlier.scenario as previous_scenario,
        earlier.amount_sek as previous_amount_sek,
        earlier.cell_id as previous_cell_id,
        budgets.amount_sek as budget_amount_sek,
        budgets.cell_id as budget_cell_id
    from lines
    left join in_order on lines.cell_id = in_order.cell_id
    left join in_order as earlier
        on
            in_order.municipality_code = earlier.municipality_code
            and in_order.activity_code = earlier.activity_code
            and in_order.period_start = earlier.period_start
            and in_order.period_end = earlier.period_end
            and in_order.comparison_basis = earlier.comparison_basis
            and in_order.revision_no = earlier.revision_no + 1
    left join budgets
        on
            case when in_order.scenario != 'budget' then in_order.document_id end = budgets.document_id
            and in_order.activity_code = budgets.activity_code
            and in_order.period_start = budgets.period_start
            and in_order.period_end = budgets.period_end

),

final as (

    select
        cast(extract(year from period_end) as integer) as year,
        period_start,
        period_end,
        municipality_code,
        municipality,
        breakdown,
        activity_code,
        line,
        line_role,
        comparison_basis,
        scenario,
        document_id,
        as_of,
        is_registered_misprint,
        cast(revision_no as integer) as revision_no,
        amount_sek,
        previous_document_id,
        previous_scenario,
        previous_amount_sek,
        {{ sek('amount_sek - previous_amount_sek') }} as change_sek,
        cast(
            {{ decimal_divide('100 * (amount_sek - previous_amount_sek)', 'abs(previous_amount_sek)') }}
            as decimal(18, 2)
        ) as change_percent,
        budget_amount_sek,
        {{ sek('amount_sek - budget_amount_sek') }} as deviation_from_budget_sek,
        cell_id,
        previous_cell_id,
        budget_cell_id
    from revised

)

select * from final
