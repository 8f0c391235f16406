{#
    The rows of unit tests as SQL. dbt's own macros of these names write every column of every row, each through four macros
    more; these write what a row says, so that a test is rendered and parsed in a third of the time. What they accept is the same.
#}

{# The columns' types once, without a row; then the rows, each with the columns it names. #}
{% macro get_fixture_sql(rows, column_name_to_data_types) -%}
{%- set types = {} -%}
{%- for column in adapter.get_columns_in_relation(this) -%}
    {%- do types.update({column.name | lower: column.data_type}) -%}
{%- endfor -%}
{%- if not types -%}
    {{ exceptions.raise_compiler_error("Unit test fixture of " ~ this ~ ": build it first, it says the columns' types") }}
{%- endif -%}
select {% for name, type in types.items() %}cast(null as {{ type }}) as {{ name }}{{ ', ' if not loop.last }}{% endfor %}
where false
{%- for row in rows %}
union all by name
select {% for name, value in format_row(row, types).items() %}{{ value }} as {{ name }}{{ ', ' if not loop.last }}{% endfor %}
{%- endfor -%}
{%- endmacro %}

{# A row's values as SQL, each cast to its column's type. #}
{% macro format_row(row, column_name_to_data_types) -%}
    {%- set formatted = {} -%}
    {%- for name, value in row.items() -%}
        {%- set type = column_name_to_data_types[name | lower] -%}
        {%- if not type -%}
            {{ exceptions.raise_compiler_error(
                "Unit test fixture: no column " ~ name ~ "; there are " ~ column_name_to_data_types.keys() | join(', ')
            ) }}
        {%- endif -%}
        {%- if value is string -%}
            {%- set literal = "'" ~ value | replace("'", "''") ~ "'" -%}
            {#- A key may be written as a name: any number will do for it. -#}
            {%- if name.endswith('_key') and type == 'BIGINT' and not modules.re.fullmatch('[0-9]+', value) -%}
                {%- set literal = row_hash([literal]) ~ ' % 1000000000000000000' -%}
            {%- endif -%}
        {%- else -%}
            {%- set literal = 'null' if value is none else value -%}
        {%- endif -%}
        {%- do formatted.update({name | lower: 'cast(' ~ literal ~ ' as ' ~ type ~ ')'}) -%}
    {%- endfor -%}
    {{ return(formatted) }}
{%- endmacro %}
