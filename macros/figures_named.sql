{#
    Every check with each figure it names, as often as it does: a query. A product of two figures is one part of its statement and
    no cell, but each of the two can be wrong.
#}
{% macro figures_named() -%}
    select
        check_key,
        cell_id
    from {{ ref('int_check_part') }}
    where cell_key is not null

    union all

    select
        {{ check_key('statement', statement_key('documents.document_no', 'terms.statement_no')) }} as check_key,
        {{ cell_id('terms') }} as cell_id
    from {{ ref('stg_raw__statement_term') }} as terms
    inner join {{ ref('stg_raw__document') }} as documents on terms.document_id = documents.document_id
{%- endmacro %}
