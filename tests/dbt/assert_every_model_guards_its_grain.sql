-- depends_on: {{ ref('dim_document') }}
-- Every model says what one row is and has the test for it (or all its rows go where that test is), every mart has its
-- contract and a unit for every figure, every generic test is used, every test stops the build, and the checks reach the
-- tests that fail for them.
{% set faults = [] %}
{% set gates = {
    'assert_everything_reconciles': 'reconciliation',
    'assert_every_warning_is_reviewed': 'reconciliation',
    'assert_every_cell_arrives': 'int_report_cell',
    'assert_every_check_is_made': 'int_check',
    'assert_registered_source_errors_still_stand': 'int_source_error_confirmation',
} %}
{% if execute %}
    {% set tested = [] %}
    {% set used = [] %}
    {% set exported = graph.exposures['exposure.' ~ project_name ~ '.exports'].depends_on.nodes %}
    {% for test in graph.nodes.values() | selectattr('resource_type', 'equalto', 'test') if test.test_metadata %}
        {% do used.append('test_' ~ test.test_metadata.name) %}
        {% if test.test_metadata.name == 'unique_grain' %}
            {% do tested.append(test.attached_node) %}
        {% endif %}
    {% endfor %}
    {% for test in graph.nodes.values() | selectattr('resource_type', 'equalto', 'test') %}
        {% if test.config.severity | upper != 'ERROR' or test.config.error_if != '!= 0' or test.config.fail_calc != 'count(*)' %}
            {% do faults.append(test.name ~ ': does not fail for every row') %}
        {% endif %}
    {% endfor %}
    {% for gate, model in gates.items() %}
        {% set held = graph.nodes.values() | selectattr('name', 'equalto', gate) | map(attribute='depends_on.nodes') | sum(start=[]) %}
        {% if 'model.' ~ project_name ~ '.' ~ model not in held %}
            {% do faults.append(gate ~ ': does not look at ' ~ model) %}
        {% endif %}
    {% endfor %}
    {% for model in graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') %}
        {% if not model.description.startswith('One row per ') %}
            {% do faults.append(model.name ~ ': the description does not say what one row is') %}
        {% endif %}
        {% set is_distinct = model.config.meta.get('grain') == 'all columns' and 'select distinct' in model.raw_code %}
        {# A model whose rows all stand in another, by the same key: that one's test is its own. #}
        {% set other = 'model.' ~ project_name ~ '.' ~ model.config.meta.get('grain_tested_in', '') %}
        {% set is_tested_there = other in tested and model.unique_id in graph.nodes[other].depends_on.nodes %}
        {% if model.unique_id not in tested and not is_distinct and not is_tested_there %}
            {% do faults.append(model.name ~ ': no unique_grain test') %}
        {% endif %}
        {% if 'marts' in model.fqn and model.unique_id not in exported %}
            {% do faults.append(model.name ~ ': not in the exposure exports, which takes every mart along') %}
        {% endif %}
        {% if 'marts' in model.fqn and not model.config.contract.enforced %}
            {% do faults.append(model.name ~ ': no contract') %}
        {% endif %}
        {% for column in model.columns.values() if not column.description %}
            {% do faults.append(model.name ~ '.' ~ column.name ~ ': no description') %}
        {% endfor %}
        {% for column in model.columns.values() if 'marts' in model.fqn %}
            {# A year, a month, a number of a table or line and a rank are names, not amounts. #}
            {% set is_name = column.name.split('_')[-1] in ['year', 'month', 'no', 'rank'] %}
            {% set is_amount = (column.data_type or '').split('(')[0] in ['decimal', 'integer', 'bigint'] and not is_name %}
            {% if is_amount and 'Unit: ' not in column.description %}
                {% do faults.append(model.name ~ '.' ~ column.name ~ ': no unit') %}
            {% endif %}
        {% endfor %}
    {% endfor %}
    {% set generic_tests = [
        'test_unique_grain', 'test_never_null', 'test_known_values', 'test_references', 'test_expression_is_true',
        'test_known_code'
    ] %}
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
