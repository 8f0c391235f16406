-- The test macros against rows with known faults: each must return exactly the faulty ones, and none of rows without. NULL is a
-- fault.
{% set keys = "(select 1 as a, 1 as b union all select 1, 2 union all select 2, 1)" %}
{% set codes = "(select 'x' as code)" %}
{% set fixtures = [
    ('unique_grain: each key once', 0, test_unique_grain(keys, ['a', 'b'])),
    ('unique_grain: a key twice', 1, test_unique_grain("(select 1 as a, 1 as b union all select 1, 1)", ['a', 'b'])),
    ('unique_grain: part of the key is not the key', 1, test_unique_grain(keys, ['a'])),
    ('unique_grain: a null in the key', 1, test_unique_grain("(select null as a, 3 as b)", ['a', 'b'])),
    ('unique_grain: two nulls', 1, test_unique_grain("(select null as a, 3 as b union all select null, 3)", ['a', 'b'])),
    ('never_null: all there, zero and empty text too', 0, test_never_null("(select 0 as a, '' as b)", ['a', 'b'])),
    ('never_null: a null in either column', 2, test_never_null(
        "(select 1 as a, 1 as b union all select 1, null union all select null, 1)", ['a', 'b']
    )),
    ('expression_is_true: true in every row', 0, test_expression_is_true(keys, ['a > 0', 'b > 0'])),
    ('expression_is_true: at the bound', 0, test_expression_is_true("(select 0.15 as a)", ['a <= 0.15'])),
    ('expression_is_true: just outside', 1, test_expression_is_true("(select 0.1501 as a)", ['a <= 0.15'])),
    ('expression_is_true: false, other sign, null', 3, test_expression_is_true(
        "(select 0 as a union all select -1 union all select null)", ['a > 0']
    )),
    ('expression_is_true: either of two', 2, test_expression_is_true(
        "(select 1 as a, 0 as b union all select 0, 1 union all select 1, 1)", ['a > 0', 'b > 0']
    )),
    ('known_values: all known, or none', 0, test_known_values(
        "(select 'x' as a, 1 as b union all select null, -1)", {'a': ['x', 'y'], 'b': [-1, 1]}
    )),
    ('known_values: unknown in either column, another case', 3, test_known_values(
        "(select 'z' as a, 1 as b union all select 'x', 2 union all select 'X', 1)", {'a': ['x', 'y'], 'b': [-1, 1]}
    )),
    ('references: all there, or none, known twice', 0, test_references(
        "(select 'x' as a, 2 as b union all select null, 1)", {'a': [codes, 'code'], 'b': [keys, 'a']}
    )),
    ('references: unknown in either column', 2, test_references(
        "(select 'y' as a, 2 as b union all select 'x', 3)", {'a': [codes, 'code'], 'b': [keys, 'a']}
    )),
    ('references: nothing is known', 1, test_references(
        "(select 'x' as a)", {'a': ["(select 'x' as code where false)", 'code']}
    )),
    ('known_code: known, or in no dimension for a reason', 0, test_known_code(
        "(select 'x' as code, null as reason union all select 'total', 'a total')", 'code', codes, 'code'
    )),
    ('known_code: unknown without reason', 1, test_known_code("(select 'y' as code, null as reason)", 'code', codes, 'code')),
    ('known_code: known with a reason', 1, test_known_code("(select 'x' as code, 'why' as reason)", 'code', codes, 'code')),
    ('known_code: no code', 2, test_known_code(
        "(select null as code, 'why' as reason union all select null, null)", 'code', codes, 'code'
    )),
    ('known_code: another case is another code', 1, test_known_code(
        "(select 'X' as code, null as reason)", 'code', codes, 'code'
    ))
] %}

with results as (

    {% for fixture, expected_failures, query in fixtures %}
        select
            '{{ fixture }}' as fixture,
            {{ expected_failures }} as expected_failures,
            count(*) as failures
        from ({{ query }}) as failing
        {% if not loop.last %}

            union all

        {% endif %}
    {% endfor %}

)

select * from results
where failures != expected_failures
