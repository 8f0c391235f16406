{# Every row makes the expression true; a row where it is NULL fails, for NULL proves nothing. #}
{% test expression_is_true(model, expression) %}

select *
from {{ model }}
where not coalesce({{ expression }}, false)

{% endtest %}
