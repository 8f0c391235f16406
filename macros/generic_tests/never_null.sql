{# Each of the columns has a value in every row. One test for all of them: a test costs more than a column. #}
{% test never_null(model, columns) %}

select *
from {{ model }}
where
    {%- for column in columns %}
    {% if not loop.first %}or {% endif %}{{ column }} is null
    {%- endfor %}

{% endtest %}
