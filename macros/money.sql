{# An amount in SEK, in the one type money has. Cast after every aggregate: a sum widens the type, and engines disagree how. #}
{% macro sek(expression) -%}
    {{ two_decimals(expression) }}
{%- endmacro %}
