{#
    Relations are named by schema and table only: DuckDB's first part is the name of the file, and a view that says it breaks
    where the file is named otherwise (a kept version, a copy of an analyst).
#}
{% macro ref() -%}
    {{ return(builtins.ref(*varargs, **kwargs).include(database=false)) }}
{%- endmacro %}

{% macro source() -%}
    {{ return(builtins.source(*varargs, **kwargs).include(database=false)) }}
{%- endmacro %}
