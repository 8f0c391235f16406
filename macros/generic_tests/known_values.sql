{# Each of the columns holds one of its values, or none. One test for all of them: a test costs more than a column. #}
{% test known_values(model, columns) %}

select *
from {{ model }}
where
    {%- for column, values in columns.items() %}
    {% if not loop.first %}or {% endif %}{{ column }} not in (
        {%- for value in values -%}
            {{ dbt.string_literal(value) if value is string else value }}{{ ', ' if not loop.last }}
        {%- endfor -%}
    )
    {%- endfor %}

{% endtest %}
