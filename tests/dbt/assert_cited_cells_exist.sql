-- Every figure leads back to the lines it was printed on. One test for all who cite cells: to have a country's cells at hand costs
-- more than to ask for one.
{% set citing = [
    ('fct_budget_line', ['cell_id']),
    ('fct_indicator_value', ['cell_id']),
    ('fct_sick_leave', ['cell_id']),
    ('fct_case_statistic', ['cell_id']),
    ('fct_income_support_month', ['cell_id']),
    ('fct_investment', ['cell_id']),
    ('budget_comparison', ['cell_id', 'budget_cell_id', 'previous_year_cell_id']),
    ('forecast_revision', ['cell_id', 'previous_cell_id', 'budget_cell_id']),
    ('indicator_comparison', ['cell_id', 'target_cell_id']),
    ('fct_placement', ['cell_ids']),
    ('fct_goal_assessment', ['cell_ids']),
    ('placement_price_volume_variance', ['cell_ids'])
] %}

with cited as (

    {% for model, columns in citing %}
        {% set outer_loop = loop %}
        {% for column in columns %}
            select
                '{{ model }}' as model,
                {{ unnested(column) if column == 'cell_ids' else column }} as cell_id
            from {{ ref(model) }}
            {% if not (loop.last and outer_loop.last) %}

                union all

            {% endif %}
        {% endfor %}
    {% endfor %}

)

select cited.*
from cited
left join {{ ref('stg_raw__table_cell') }} as cells on cited.cell_id = cells.cell_id
where cited.cell_id is not null and cells.cell_id is null
