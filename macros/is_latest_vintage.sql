{#
    True on the row of the newest document among those that report the same fact (`same_fact`: its columns).
    A registered misprint is never the latest word. Needs is_registered_misprint, as_of and document_id in the row.
#}
{% macro is_latest_vintage(same_fact) -%}
    not is_registered_misprint
    and row_number() over (
        partition by {{ same_fact | join(', ') }}, is_registered_misprint
        order by as_of desc, document_id asc
    ) = 1
{%- endmacro %}
