with asked as {{ inlined() }} (

    select * from {{ ref('int_check') }}

),

checks as {{ inlined() }} (

    select
        check_id,
        check_class in ('identity', 'restatement') and grade = 'error' as is_exact,
        {{ stops_the_build('status') }} as is_failing
    from {{ ref('reconciliation') }}

),

-- Distinct only once they are few: mostly, no check fails.
figures as {{ inlined() }} (

    {{ figures_named() }}

),

statements as (

    select * from {{ ref('stg_raw__statement') }}

),

failing as (

    select
        asked.check_id,
        asked.check_key
    from asked
    inner join checks on asked.check_id = checks.check_id
    where checks.is_failing

),

suspected as (

    select distinct
        failing.check_id,
        figures.cell_id
    from figures
    inner join failing on figures.check_key = failing.check_key

),

suspected_cells as (

    select distinct cell_id from suspected

),

figures_of_suspected_cells as (

    select distinct
        figures.check_key,
        figures.cell_id
    from figures
    inner join suspected_cells on figures.cell_id = suspected_cells.cell_id

),

cells as (

    select cells.*
    from {{ ref('stg_raw__table_cell') }} as cells
    inner join suspected_cells on cells.cell_id = suspected_cells.cell_id

),

checks_of_suspected_cells as (

    select distinct check_key from figures_of_suspected_cells

),

their_checks as (

    select
        checks_of_suspected_cells.check_key,
        checks.is_exact,
        checks.is_failing
    from asked
    inner join checks_of_suspected_cells on asked.check_key = checks_of_suspected_cells.check_key
    inner join checks on asked.check_id = checks.check_id

),

-- A wrong figure fails all its identities and restatements; one beside it in a failing check still passes the others it
-- takes part in. Bounds, and identities that may be reviewed away, say too little to count.
counted as (

    select
        figures.cell_id,
        cast(sum(case when checks.is_exact and checks.is_failing then 1 else 0 end) as integer) as failing_check_count,
        cast(sum(case when checks.is_exact and not checks.is_failing then 1 else 0 end) as integer)
            as passing_check_count
    from figures_of_suspected_cells as figures
    inner join their_checks as checks on figures.check_key = checks.check_key
    group by figures.cell_id

),

final as (

    select
        suspected.check_id,
        suspected.cell_id,
        cast(
            rank() over (
                partition by suspected.check_id
                order by counted.failing_check_count - counted.passing_check_count desc
            ) as integer
        ) as suspect_rank,
        counted.failing_check_count,
        counted.passing_check_count,
        coalesce(cells.document_id, statements.document_id) as document_id,
        cells.table_no,
        coalesce(cells.line_no, statements.line_no) as line_no,
        coalesce(cells.row_label, statements.statement_name) as row_label,
        cells.column_label,
        coalesce(cells.printed_text, statements.printed_text) as printed_text
    from suspected
    inner join counted on suspected.cell_id = counted.cell_id
    left join cells on suspected.cell_id = cells.cell_id
    left join statements on suspected.cell_id = statements.statement_id

)

select * from final
