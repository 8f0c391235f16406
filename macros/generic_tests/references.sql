{#
    Each of the columns holds a value that its relation has in a column of its own ([relation, column]), or none. One test for all of
    them: a test costs more than a column.
#}
{% test references(model, columns) %}

select referring.*
from {{ model }} as referring
{%- for column, (relation, known_in) in columns.items() %}
left join (select distinct {{ known_in }} as known_value from {{ relation }}) as known_{{ loop.index }}
    on referring.{{ column }} = known_{{ loop.index }}.known_value
{%- endfor %}
where
    {%- for column in columns %}
    {% if not loop.first %}or {% endif %}(referring.{{ column }} is not null and known_{{ loop.index }}.known_value is null)
    {%- endfor %}

{% endtest %}
