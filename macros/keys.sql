{#
    Numbers that stand for places and checks, because texts cost far more to write, to join and to tell apart. Their digits say
    what they are made of, so that no two things have one number (assert_keys_have_room: everything fits):

        check_key   asker 1 | document_no 6 | table_no 3 | row_no 4 | column_no 2 | rule_no 3
        cell_key              document_no   | table_no   | row_no   | column_no
        table_key             document_no   | table_no

    A figure of the running text stands in table 0, in the row of its statement_no. A document_no holds for one build.
#}
{% macro table_key(document_no, table_no) -%}
    cast({{ document_no }} as bigint) * 1000 + {{ table_no }}
{%- endmacro %}

{# Also of a place where nothing is printed. #}
{% macro place_key(table_key, row_no, column_no) -%}
    ({{ table_key }}) * 1000000 + ({{ row_no }}) * 100 + {{ column_no }}
{%- endmacro %}

{# `cell`: a relation that says where, joined to `documents`. #}
{% macro cell_key(cell) -%}
    {{ place_key(table_key('documents.document_no', cell ~ '.table_no'), cell ~ '.row_no', cell ~ '.column_no') }}
{%- endmacro %}

{% macro statement_key(document_no, statement_no) -%}
    {{ place_key(table_key(document_no, 0), statement_no, 0) }}
{%- endmacro %}

{# Each wants a figure checked once, a table's rules by their rule_no. #}
{% macro _askers() -%}
    {{ return(['rule', 'restatement', 'value bound', 'unit cost', 'placement cost', 'equal figures', 'statement']) }}
{%- endmacro %}

{# `asker`: what wants the figure with the cell_key checked. #}
{% macro check_key(asker, cell_key, rule_no=0) -%}
    {{ _askers().index(asker) + 1 }} * cast(1000000000000000000 as bigint) + ({{ cell_key }}) * 1000 + {{ rule_no }}
{%- endmacro %}

{% macro asker_of_key(check_key) -%}
    case {{ whole_quotient(check_key, 1000000000000000000) }}
    {%- for asker in _askers() %} when {{ loop.index }} then '{{ asker }}'{% endfor %} end
{%- endmacro %}

{# The cell_key of the figure that is wanted checked; it may be a term of the check, as the cost is that days have to fit. #}
{% macro asked_of_key(check_key) -%}
    {{ whole_quotient(check_key, 1000) }} % 1000000000000000
{%- endmacro %}

{% macro document_of_key(cell_key) -%}
    {{ whole_quotient(cell_key, 1000000000) }}
{%- endmacro %}

{% macro table_of_key(cell_key) -%}
    {{ whole_quotient(cell_key, 1000000) }}
{%- endmacro %}

{# The id of the cell with the key, printed or not. #}
{% macro cell_id_of_key(document_id, cell_key) -%}
    {{ document_id }} || '/' || {{ table_of_key(cell_key) }} % 1000 || '/' || {{ whole_quotient(cell_key, 100) }} % 10000
    || '/' || {{ cell_key }} % 100
{%- endmacro %}
