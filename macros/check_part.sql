{#
    The columns of a check's own facts, which stand on its result: `columns` are those that the relation has, `made` says how others
    are made. One that neither names is null, as all are of another part.
#}
{% macro check_facts(columns=[], made={}) -%}
{%- for fact, type in {
    'table_no': 'integer', 'row_no': 'integer', 'column_no': 'integer', 'rule_no': 'integer', 'rule_name': 'string',
    'kind': 'string', 'blank_is_zero': 'boolean', 'grade': 'string', 'reason': 'string', 'against_cell_key': 'bigint',
    'statement_id': 'string'
}.items() -%}
    cast({{ fact if fact in columns else made.get(fact, 'null') }} as {{ type }}) as {{ fact }}{{ ',\n        ' if not loop.last }}
{%- endfor -%}
{%- endmacro %}

{#
    One part of the checks in a relation that has their keys, places, kind, grade and reason. `value`: as printed, as believed;
    `bounds`: the lowest and highest the result may be; `where`: which rows, where the relation has several for a check.
#}
{% macro check_part(
    checks, operation, check_class, part_no, role, cell_key, value, precision, misprint, bounds=none, where=none
) -%}
    {%- set facts = ['table_no', 'row_no', 'column_no', 'rule_name', 'kind', 'grade', 'reason'] -%}
    select
        check_key,
        {{ check_facts(facts, {'blank_is_zero': 'false'}) if role == 'result' else check_facts() }},
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
