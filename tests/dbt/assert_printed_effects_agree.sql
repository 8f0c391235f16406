-- Reports say in their text what days and prices did to the cost. What the cells they speak of give (reconciliation
-- judges the printed figure by it) has to be what placement_price_volume_variance says. A statement of an effect that
-- is not named here is a fault too: say which groups it sums.
{% set child = ['child_placement', 'child_open_care', 'child_custody'] %}
{% set adult = ['protected_housing', 'adult_addiction'] %}
{# Name of the statement: the effect, its groups, the scenario, and -1 where the text speaks of a saving. #}
{% set effects = {
    'volume_effect': ('volume_effect_sek', child + adult, 'outcome', 1),
    'child_volume_effect': ('volume_effect_sek', child, 'outcome', 1),
    'adult_volume_effect': ('volume_effect_sek', adult, 'outcome', -1),
    'child_price_effect': ('price_effect_sek', child, 'outcome', 1),
    'child_price_effect_forecast': ('price_effect_sek', child, 'forecast', 1),
    'adult_price_effect': ('price_effect_sek', adult, 'outcome', 1),
    'protected_price_effect': ('price_effect_sek', ['protected_housing'], 'outcome', 1),
    'addiction_price_effect': ('price_effect_sek', ['adult_addiction'], 'outcome', -1),
} %}

with variances as (

    select
        variance.*,
        documents.fiscal_year
    from {{ ref('placement_price_volume_variance') }} as variance
    inner join {{ ref('dim_document') }} as documents on variance.document_id = documents.document_id
    where variance.placement_level = 'group'

),

by_statement as (

    {% for name, (effect, groups, scenario, sign) in effects.items() %}
        select
            '{{ name }}' as statement_name,
            document_id,
            {{ sek(sign ~ ' * sum(' ~ effect ~ ')') }} as effect_sek,
            count(*) as group_count,
            {{ groups | length }} as expected_group_count
        from variances
        where
            scenario = '{{ scenario }}'
            and year = fiscal_year
            and placement_type_code in (
                {% for group in groups %}
                    '{{ group }}'{{ ',' if not loop.last }}
                {% endfor %}
            )
        group by document_id
        {% if not loop.last %}

            union all

        {% endif %}
    {% endfor %}

),

cells_spoken_of as (

    select
        check_key,
        sum(weight * believed_value) as expected
    from {{ ref('int_statement_check_part') }}
    where role = 'term'
    group by check_key

),

statements as (

    select
        statements.statement_id,
        statements.document_id,
        statements.statement_name,
        statements.line_no,
        {{ sek('cells_spoken_of.expected * units.factor_to_base') }} as stated_sek
    from {{ ref('stg_raw__statement') }} as statements
    inner join {{ ref('unit') }} as units on statements.unit = units.unit
    inner join {{ ref('stg_raw__document') }} as documents on statements.document_id = documents.document_id
    left join cells_spoken_of
        on
            {{ check_key('statement', statement_key('documents.document_no', 'statements.statement_no')) }}
            = cells_spoken_of.check_key
    where statements.statement_name like '%volume_effect%' or statements.statement_name like '%price_effect%'

)

-- The same effect said again is name-2, name-3.
select
    statements.statement_id,
    statements.line_no,
    statements.stated_sek,
    by_statement.effect_sek,
    by_statement.group_count,
    by_statement.expected_group_count
from statements
left join by_statement
    on
        statements.document_id = by_statement.document_id
        and (
            statements.statement_name = by_statement.statement_name
            or statements.statement_name like by_statement.statement_name || '-%'
        )
where
    not coalesce(
        statements.stated_sek = by_statement.effect_sek
        and by_statement.group_count = by_statement.expected_group_count,
        false
    )
