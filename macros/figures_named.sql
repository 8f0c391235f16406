{#
    Every check with each figure it names, as often as it does: a query. A product of two figures is one part of its statement and
    no cell, but each of the two can be wrong.
#}
{% macro figures_named() -%}
    select
        check_id,
        cell_id
    from {{ ref('int_check_part') }}
    where cell_id is not null

    union all

    select
        statements.statement_id as check_id,
        terms.document_id || '/' || terms.table_no || '/' || terms.row_no || '/' || terms.column_no as cell_id
    from {{ ref('stg_raw__statement_term') }} as terms
    inner join {{ ref('stg_raw__statement') }} as statements
        on terms.document_id = statements.document_id and terms.statement_no = statements.statement_no
{%- endmacro %}
