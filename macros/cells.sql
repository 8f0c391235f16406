{# The document of a cell, from its id: document_id/table_no/row_no/column_no. #}
{% macro document_of(cell_id) -%}
    regexp_extract({{ cell_id }}, '^([^/]+)/', 1)
{%- endmacro %}
