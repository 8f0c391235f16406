-- A mart's column says its unit: a figure printed in any other would be wrong without a word. Indicators carry theirs.
{% set mart_units = {
    'fct_budget_line': 'SEK',
    'fct_sick_leave': 'percent',
    'fct_case_statistic': 'count',
    'fct_income_support_month': 'SEK',
    'fct_investment': 'SEK',
} %}

with facts as (

    {% for mart, base_unit in mart_units.items() %}
        select
            '{{ mart }}' as mart,
            cell_id,
            '{{ base_unit }}' as base_unit
        from {{ ref(mart) }}
        {% if not loop.last %}

            union all

        {% endif %}
    {% endfor %}

)

select
    facts.mart,
    facts.cell_id,
    facts.base_unit,
    cells.unit
from facts
inner join {{ ref('int_printed_cell') }} as cells on facts.cell_id = cells.cell_id
where facts.base_unit != cells.base_unit
