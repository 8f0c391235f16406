-- The test macros against rows with known faults: each must return exactly the faulty ones. NULL is a fault.
with results as (

    select
        'unique_grain: a duplicate and a null key' as fixture,
        2 as expected_failures,
        count(*) as failures
    from (
        {{ test_unique_grain(
            "(select 1 as a, 1 as b union all select 1, 1 union all select 1, 2 union all select null, 3)", ['a', 'b']
        ) }}
    ) as failing

    union all

    select
        'never_null: a null in either column' as fixture,
        2 as expected_failures,
        count(*) as failures
    from (
        {{ test_never_null("(select 1 as a, 1 as b union all select 1, null union all select null, 1)", ['a', 'b']) }}
    ) as failing

    union all

    select
        'expression_is_true: one false, one null' as fixture,
        2 as expected_failures,
        count(*) as failures
    from (
        {{ test_expression_is_true("(select 1 as a union all select -1 union all select null)", 'a > 0') }}
    ) as failing

    union all

    select
        'known_code: unknown without reason, known with reason, no code' as fixture,
        3 as expected_failures,
        count(*) as failures
    from (
        {{ test_known_code(
            "(select 'x' as code, null as reason union all select 'y', null union all select 'x', 'why'"
            ~ " union all select 'total', 'a total' union all select null, 'why')",
            'code',
            "(select 'x' as code)",
            'code'
        ) }}
    ) as failing

)

select * from results
where failures != expected_failures
