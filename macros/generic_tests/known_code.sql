{# The column's code stands in the dimension, or the row says in `reason` why it stands for nothing there. #}
{% test known_code(model, column_name, to, field) %}

select aliases.*
from {{ model }} as aliases
left join {{ to }} as dimension on aliases.{{ column_name }} = dimension.{{ field }}
where
    aliases.{{ column_name }} is null
    or (dimension.{{ field }} is null) != (aliases.reason is not null)

{% endtest %}
