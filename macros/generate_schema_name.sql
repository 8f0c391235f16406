{# Schemas are exactly staging, intermediate, marts and seeds: an analyst finds the same names in every build. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
