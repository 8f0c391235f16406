with cells as (

    select * from {{ ref('reconciliation_coverage') }}

),

counted as (

    select
        subject,
        cast(count(*) as integer) as numbers,
        cast(count(case when guarded_by = 'identity' then 1 end) as integer) as guarded_by_identity,
        cast(count(case when guarded_by = 'restatement' then 1 end) as integer) as guarded_by_restatement,
        cast(count(case when guarded_by = 'bounds' then 1 end) as integer) as guarded_by_bounds,
        cast(count(case when guarded_by = 'none' then 1 end) as integer) as not_guarded
    from cells
    group by subject

),

final as (

    select
        *,
        cast(
            {{ decimal_divide('100 * (guarded_by_identity + guarded_by_restatement)', 'numbers', 1) }} as decimal(5, 1)
        ) as guarded_percent
    from counted

)

select * from final
