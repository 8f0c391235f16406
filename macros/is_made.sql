{#
    Whether a check is made, from its evaluation as printed and its result's part: where the report prints no parts at all there
    is nothing to hold the total against. Bounds need all their figures, and miss none (what has to be there, the identities
    say), but for a cost for no days at all. A figure that no other is like has no parts.
#}
{% macro is_made(evaluation, part) -%}
    (
        {{ part }}.operation = 'distinct' and {{ evaluation }}.result_value is not null
        or {{ evaluation }}.present_term_count > 0
        and (
            {{ part }}.check_class in ('identity', 'restatement')
            or {{ part }}.operation = 'ratio_between'
            or (
                {{ evaluation }}.present_term_count = {{ evaluation }}.term_count
                and {{ evaluation }}.result_value is not null
            )
        )
    )
{%- endmacro %}
