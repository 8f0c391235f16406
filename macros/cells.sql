{# The id of a cell: `cell` is a relation that says where it stands. #}
{% macro cell_id(cell) -%}
    {{ cell }}.document_id || '/' || {{ cell }}.table_no || '/' || {{ cell }}.row_no || '/' || {{ cell }}.column_no
{%- endmacro %}

{# The document of a cell, from its id. #}
{% macro document_of(cell_id) -%}
    regexp_extract({{ cell_id }}, '^([^/]+)/', 1)
{%- endmacro %}
