-- depends_on: {{ ref('dim_document') }}
-- Every mart and column has its Swedish description in seed description_sv, with a unit where the English one has a unit, and
-- the seed describes nothing that is not there.
{% set described = [] %}
{% if execute %}
    {% for model in graph.nodes.values() | sort(attribute='name') if model.resource_type == 'model' and 'marts' in model.fqn %}
        {% do described.append((model.name, '*', false)) %}
        {% for column in model.columns.values() %}
            {% do described.append((model.name, column.name, 'Unit: ' in column.description)) %}
        {% endfor %}
    {% endfor %}
{% else %}
    {% do described.append(('', '', false)) %}
{% endif %}

with described as (

    {% for mart, column_name, has_unit in described %}
        select
            '{{ mart }}' as mart,
            '{{ column_name }}' as column_name,
            {{ has_unit | lower }} as has_unit
        {% if not loop.last %}

            union all

        {% endif %}
    {% endfor %}

),

descriptions as (

    select * from {{ ref('description_sv') }}

),

matched as (

    select
        described.mart,
        described.column_name,
        described.has_unit,
        coalesce(own.mart, shared.mart) as described_by,
        coalesce(own.description, shared.description) as description
    from described
    left join descriptions as own
        on described.mart = own.mart and described.column_name = own.column_name
    left join descriptions as shared
        on
            shared.mart = '*'
            and described.column_name != '*'
            and described.column_name = shared.column_name

)

select
    mart,
    column_name,
    'has no Swedish description, or one without its unit: mend seeds/description_sv.csv' as fault
from matched
where description is null or has_unit != (description like '%Enhet: %')

union all

select
    descriptions.mart,
    descriptions.column_name,
    'is in no mart: take it out of seeds/description_sv.csv' as fault
from descriptions
left join matched
    on descriptions.mart = matched.described_by and descriptions.column_name = matched.column_name
where matched.mart is null
