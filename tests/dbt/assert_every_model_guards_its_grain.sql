-- depends_on: {{ ref('dim_document') }}
-- Every model says what one row is and has the test for it, every mart has its contract, every generic test is used.
{% set faults = [] %}
{% if execute %}
    {% set tested = [] %}
    {% set used = [] %}
    {% for test in graph.nodes.values() | selectattr('resource_type', 'equalto', 'test') if test.test_metadata %}
        {% do used.append('test_' ~ test.test_metadata.name) %}
        {% if test.test_metadata.name == 'unique_grain' %}
            {% do tested.append(test.attached_node) %}
        {% endif %}
    {% endfor %}
    {% for model in graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') %}
        {% if not model.description.startswith('One row per ') %}
            {% do faults.append(model.name ~ ': the description does not say what one row is') %}
        {% endif %}
        {% if model.unique_id not in tested %}
            {% do faults.append(model.name ~ ': no unique_grain test') %}
        {% endif %}
        {% if 'marts' in model.fqn and not model.config.contract.enforced %}
            {% do faults.append(model.name ~ ': no contract') %}
        {% endif %}
        {% for column in model.columns.values() if not column.description %}
            {% do faults.append(model.name ~ '.' ~ column.name ~ ': no description') %}
        {% endfor %}
    {% endfor %}
    {% set generic_tests = ['test_unique_grain', 'test_never_null', 'test_expression_is_true', 'test_known_code'] %}
    {% for generic in generic_tests if generic not in used %}
        {% do faults.append(generic ~ ': attached to nothing') %}
    {% endfor %}
{% endif %}
select fault
from (
    select null as fault
    {%- for fault in faults %}
    union all
    select '{{ fault }}' as fault
    {%- endfor %}
) as faults
where fault is not null
