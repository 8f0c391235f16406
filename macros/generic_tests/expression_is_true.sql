{# Every row makes each of the expressions true; a row where one is NULL fails, for NULL proves nothing. #}
{% test expression_is_true(model, expressions) %}

select *
from {{ model }}
where
    {%- for expression in expressions %}
    {% if not loop.first %}or {% endif %}not coalesce({{ expression }}, false)
    {%- endfor %}

{% endtest %}
