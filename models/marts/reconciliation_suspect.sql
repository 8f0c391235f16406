with checks as (

    select
        check_id,
        check_class in ('identity', 'restatement') and grade = 'error' as is_exact,
        {{ stops_the_build('status') }} as is_failing
    from {{ ref('reconciliation') }}

),

figures as (

    select * from {{ ref('int_check_figure') }}

),

-- A wrong figure fails all its identities and restatements; one beside it in a failing check still passes the others it
-- takes part in. Bounds, and identities that may be reviewed away, say too little to count.
counted as (

    select
        figures.cell_id,
        cast(sum(case when checks.is_exact and checks.is_failing then 1 else 0 end) as integer) as failing_check_count,
        cast(sum(case when checks.is_exact and not checks.is_failing then 1 else 0 end) as integer)
            as passing_check_count
    from figures
    inner join checks on figures.check_id = checks.check_id
    group by figures.cell_id

),

final as (

    select
        checks.check_id,
        figures.cell_id,
        cast(
            rank() over (
                partition by checks.check_id
                order by counted.failing_check_count - counted.passing_check_count desc
            ) as integer
        ) as suspect_rank,
        counted.failing_check_count,
        counted.passing_check_count,
        figures.document_id,
        figures.table_no,
        figures.line_no,
        figures.row_label,
        figures.column_label,
        figures.printed_text
    from checks
    inner join figures on checks.check_id = figures.check_id
    inner join counted on figures.cell_id = counted.cell_id
    where checks.is_failing

)

select * from final
