-- What the keys of cells and checks are made of fits into their digits (macros/keys.sql): with a larger number two things could
-- have one key. Give the digits more room there, and here.
{% set limits = [
    ('stg_raw__document', 'document_no', 1, 999999),
    ('stg_raw__report_table', 'table_no', 1, 999),
    ('stg_raw__report_column', 'column_no', 1, 49),
    ('stg_raw__table_cell', 'row_no', 1, 9999),
    ('stg_raw__table_cell', 'column_no', 1, 49),
    ('stg_raw__table_rule', 'rule_no', 1, 999),
    ('stg_raw__statement', 'statement_no', 1, 9999),
] %}
{# A place beside the table's columns would otherwise have the key of one in the next row, or the row before. #}
{% set shifts = ('stg_raw__table_rule_term', 'column_shift', -49, 49) %}

with extremes as (

    {% for model, column, low, high in limits + [shifts] %}
        select
            '{{ model }}' as model,
            '{{ column }}' as column_name,
            min({{ column }}) as lowest,
            max({{ column }}) as highest,
            {{ low }} as low,
            {{ high }} as high
        from {{ ref(model) }}
        {% if not loop.last %}

            union all

        {% endif %}
    {% endfor %}

)

-- Of an empty table there is nothing to say.
select * from extremes
where lowest < low or highest > high
