{#
    The columns say what one row is: together unique, and none of them null. Rows are compared by a number for each, and only those
    with the same number by their columns: all of a country's keys side by side would not fit into memory.
#}
{% test unique_grain(model, columns) %}

with suspected as (

    select {{ row_hash(columns) }} as row_hash
    from {{ model }}
    group by row_hash
    having
        count(*) > 1
        or bool_or(
            {%- for column in columns %}
            {%- if not loop.first %} or{% endif %} {{ column }} is null
            {%- endfor %} )

)

select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
where {{ row_hash(columns) }} in (select row_hash from suspected)
group by {{ columns | join(', ') }}
having
    count(*) > 1
    {%- for column in columns %}
    or {{ column }} is null
    {%- endfor %}

{% endtest %}
