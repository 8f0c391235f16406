with checks as (

    select
        check_id,
        check_class in ('identity', 'restatement') as is_exact,
        {{ stops_the_build('status') }} as is_failing
    from {{ ref('reconciliation') }}

),

parts as (

    select distinct
        check_id,
        cell_id
    from {{ ref('int_check_part') }}
    where cell_id is not null

),

cells as (

    select * from {{ ref('int_report_cell') }}

),

-- A wrong figure fails all its identities and restatements; one beside it in a failing check still passes the others it
-- takes part in. Bounds say too little to count.
counted as (

    select
        parts.cell_id,
        cast(sum(case when checks.is_exact and checks.is_failing then 1 else 0 end) as integer) as failing_check_count,
        cast(sum(case when checks.is_exact and not checks.is_failing then 1 else 0 end) as integer) as passing_check_count
    from parts
    inner join checks on parts.check_id = checks.check_id
    group by parts.cell_id

),

final as (

    select
        checks.check_id,
        parts.cell_id,
        cast(
            rank() over (
                partition by checks.check_id
                order by counted.failing_check_count - counted.passing_check_count desc
            ) as integer
        ) as suspect_rank,
        counted.failing_check_count,
        counted.passing_check_count,
        cells.document_id,
        cells.table_no,
        cells.line_no,
        cells.row_label,
        cells.column_label,
        cells.printed_text
    from checks
    inner join parts on checks.check_id = parts.check_id
    inner join counted on parts.cell_id = counted.cell_id
    left join cells on parts.cell_id = cells.cell_id
    where checks.is_failing

)

select * from final
