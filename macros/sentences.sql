{# Sentences one after the other, without those that are null; null where all are. #}
{% macro sentences(parts) -%}
    nullif(trim({% for part in parts %}coalesce({{ part }} || ' ', ''){% if not loop.last %} || {% endif %}{% endfor %}), '')
{%- endmacro %}
