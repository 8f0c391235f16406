{#
    Ids of cells and checks are long, and no two are the same. DuckDB would keep a dictionary of them; Zstandard writes them in
    little more than half the time and in a third of the room, and they are read as fast. Beside what dbt says of a mart's columns.
#}
{% macro duckdb__get_table_columns_and_constraints() -%}
    {%- set columns = [] -%}
    {%- for column in adapter.render_raw_columns_constraints(raw_columns=model['columns']) -%}
        {%- set is_id = column.split()[0].endswith(('cell_id', 'check_id')) -%}
        {%- do columns.append(column ~ (' using compression zstd' if is_id else '')) -%}
    {%- endfor -%}
    ({{ (columns + adapter.render_raw_model_constraints(raw_constraints=model['constraints'])) | join(', ') }})
{%- endmacro %}
