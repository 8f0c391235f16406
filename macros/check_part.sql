{#
    One part of the checks in a relation that has their keys, places, kind, grade and reason. `value`: as printed, as believed;
    `bounds`: the lowest and highest the result may be; `where`: which rows, where the relation has several for a check.
#}
{% macro check_part(
    checks, operation, check_class, part_no, role, cell_key, value, precision, misprint, bounds=none, where=none
) -%}
    select
        check_key,
{%- for fact, type in {
    'table_no': 'integer', 'row_no': 'integer', 'column_no': 'integer', 'rule_name': 'string',
    'kind': 'string', 'grade': 'string', 'reason': 'string'
}.items() %}
        {{ fact if role == 'result' else 'cast(null as ' ~ type ~ ') as ' ~ fact }},
{%- endfor %}
        {{ 'false' if role == 'result' else 'cast(null as boolean)' }} as blank_is_zero,
        '{{ operation }}' as operation,
        '{{ check_class }}' as check_class,
        cast({{ part_no }} as integer) as part_no,
        '{{ role }}' as role,
        {{ cell_key }} as cell_key,
        cast({{ value[0] }} as decimal(28, 4)) as printed_value,
        cast({{ value[1] }} as decimal(28, 4)) as believed_value,
        cast({{ precision }} as decimal(18, 4)) as printed_precision,
        cast({{ misprint }} as boolean) as is_registered_misprint,
        cast({{ bounds[0] if bounds else 'null' }} as decimal(28, 4)) as low,
        cast({{ bounds[1] if bounds else 'null' }} as decimal(28, 4)) as high
    from {{ checks }}
{%- if where %}
    where {{ where }}
{%- endif %}
{%- endmacro %}
