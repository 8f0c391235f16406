with parts as {{ inlined() }} (

    select * from {{ ref('int_check_part') }}

),

-- Every check is evaluated as printed, as believed (registered misprints put right), and, for each misprint in it, with
-- that one alone as printed: only then does it show that the misprint makes a difference.
doubtful_parts as (

    select
        check_key,
        cell_id,
        is_registered_misprint
    from parts
    where is_registered_misprint or printed_value is distinct from believed_value

),

-- Most checks hold no misprint: they are evaluated once, for printed and believed figures are the same.
variants as (

    select distinct
        check_key,
        'believed' as variant
    from doubtful_parts

    union

    select
        check_key,
        cell_id as variant
    from doubtful_parts
    where is_registered_misprint

),

valued as {{ inlined() }} (

    select
        *,
        'printed' as variant,
        printed_value as part_value
    from parts

    union all

    select
        parts.*,
        variants.variant,
        case when variants.variant = parts.cell_id then parts.printed_value else parts.believed_value end as part_value
    from parts
    inner join variants on parts.check_key = variants.check_key

),

-- Only a constant needs a multiplication, which is slow in exact decimals and is rounded to four of them.
weighted as {{ inlined() }} (

    select
        check_key,
        variant,
        operation,
        role,
        part_value,
        printed_precision,
        terms_are_exact,
        low,
        high,
        case
            when weight = 1 then part_value
            when weight = -1 then -part_value
            else cast(weight * part_value as decimal(28, 4))
        end as weighted_value,
        case
            when abs(weight) = 1 then printed_precision else cast(abs(weight) * printed_precision as decimal(18, 4))
        end as weighted_precision,
        operation = 'distinct' or (operation = 'between' and low is not null) as is_whole_check
    from valued

),

results as (

    select
        check_key,
        variant,
        part_value
    from valued
    where operation = 'distinct' and role = 'result' and part_value != 0

),

equal_terms as (

    select
        valued.check_key,
        valued.variant,
        count(*) as equal_term_count
    from valued
    inner join results
        on
            valued.check_key = results.check_key
            and valued.variant = results.variant
            and valued.part_value = results.part_value
    where valued.operation = 'distinct' and valued.role = 'term'
    group by valued.check_key, valued.variant

),

-- Precisions are summed whole here and halved in the tolerance: a printed figure is off by at most half its last digit.
-- The bounds of a result count as terms.
added_up as (

    select
        check_key,
        variant,
        any_value(operation) as operation,
        max(case when role = 'result' then part_value end) as result_part_value,
        max(case when role = 'result' then printed_precision end) as result_precision,
        cast(sum(case when role = 'term' then weighted_value else 0 end) as decimal(28, 4)) as term_sum,
        cast(sum(case when role = 'divisor' then weighted_value else 0 end) as decimal(28, 4)) as divisor_sum,
        cast(sum(
            case when role = 'term' and not coalesce(terms_are_exact, false) then weighted_precision else 0 end
        ) as decimal(18, 4)) as term_precision,
        max(case when role = 'term' then weighted_precision end) as coarsest_term_precision,
        coalesce(max(low), min(case when role = 'term' then weighted_value end)) as lowest_term,
        coalesce(max(high), max(case when role = 'term' then weighted_value end)) as highest_term,
        cast(sum(case when role = 'numerator' then part_value end) as decimal(28, 4)) as numerator_sum,
        cast(sum(case when role = 'divisor' then printed_precision else 0 end) as decimal(18, 4)) as divisor_precision,
        cast(count(case when role != 'result' then 1 end) + count(low) + count(high) as integer) as term_count,
        cast(count(case when role != 'result' then part_value end) + count(low) + count(high) as integer)
            as present_term_count
    from weighted
    where not is_whole_check
    group by check_key, variant

),

-- A figure and its bounds are one part, and figures that are only to be distinct are counted above: nothing to add up.
summed as (

    select * from added_up

    union all

    select
        check_key,
        variant,
        operation,
        part_value as result_part_value,
        printed_precision as result_precision,
        cast(0 as decimal(28, 4)) as term_sum,
        cast(0 as decimal(28, 4)) as divisor_sum,
        cast(0 as decimal(18, 4)) as term_precision,
        cast(0 as decimal(18, 4)) as coarsest_term_precision,
        low as lowest_term,
        high as highest_term,
        cast(null as decimal(28, 4)) as numerator_sum,
        cast(0 as decimal(18, 4)) as divisor_precision,
        case when operation = 'distinct' then 0 else 2 end as term_count,
        case when operation = 'distinct' then 0 else 2 end as present_term_count
    from weighted
    where is_whole_check and role = 'result'

),

-- What is held against bounds can be a ratio, e.g. a cost per day: of the numerators to the result.
tested as (

    select
        summed.*,
        coalesce(equal_terms.equal_term_count, 0) as equal_term_count,
        case
            when summed.operation = 'ratio_between'
                then {{ decimal_divide('summed.numerator_sum', 'abs(summed.result_part_value)', 4) }}
            else summed.result_part_value
        end as result_value
    from summed
    left join equal_terms on summed.check_key = equal_terms.check_key and summed.variant = equal_terms.variant

),

expected as (

    select
        *,
        cast(
            case operation
                when 'sum' then term_sum
                when 'restatement' then term_sum
                when 'mean' then {{ decimal_divide('term_sum', 'present_term_count', 4) }}
                when 'percent' then {{ decimal_divide('100 * term_sum', 'divisor_sum', 4) }}
                when 'at_most' then least(result_value, term_sum)
                when 'between' then greatest(lowest_term, least(highest_term, result_value))
                when 'ratio_between' then greatest(lowest_term, least(highest_term, result_value))
            end as decimal(28, 4)
        ) as expected_value,
        -- Each branch of its own: together they would be as wide as the widest, and rounding 128 bits is slow.
        case operation
            when 'sum' then cast(term_precision * 0.5 as decimal(18, 4))
            when 'at_most' then cast(term_precision * 0.5 as decimal(18, 4))
            when 'between' then cast(coarsest_term_precision * 0.5 as decimal(18, 4))
            when 'ratio_between' then 0
            when 'distinct' then 0
            when 'mean'
                then cast({{ decimal_divide('term_precision', '2 * present_term_count', 4) }} as decimal(18, 4))
            -- The same fact at two precisions agrees at the coarser; at one precision it has to be the same.
            when 'restatement'
                then
                    case
                        when term_precision = result_precision then 0
                        else cast(greatest(term_precision, result_precision) * 0.5 as decimal(18, 4))
                    end
            -- |S/D| moves by at most (dS + |S/D| dD) / (|D| - dD) when S is off by dS and D by dD.
            when 'percent' then cast({{ decimal_divide(
                '50 * (term_precision * abs(divisor_sum) + abs(term_sum) * divisor_precision)',
                'abs(divisor_sum) * (abs(divisor_sum) - divisor_precision * 0.5)',
                4
            ) }} as decimal(18, 4))
        end as term_tolerance,
        case
            when operation in ('restatement', 'ratio_between', 'distinct') then 0
            else cast(result_precision * 0.5 as decimal(18, 4))
        end as result_tolerance
    from tested

),

final as (

    select
        check_key,
        variant,
        result_value,
        expected_value,
        cast(result_value - expected_value as decimal(28, 4)) as difference,
        cast(term_tolerance + result_tolerance as decimal(18, 4)) as tolerance,
        term_count,
        present_term_count,
        -- A third equal figure is one too many.
        case
            when operation = 'distinct' then equal_term_count < 2
            else abs(result_value - expected_value) <= result_tolerance
        end as agrees_exactly,
        case
            when operation = 'distinct' then equal_term_count < 2
            else abs(result_value - expected_value) <= term_tolerance + result_tolerance
        end as agrees
    from expected

)

select * from final
