with cells as (

    select * from {{ ref('int_report_cell') }}
    where printed_value is not null

),

-- A cell can stand twice in a check: as a term and as the divisor.
figures as (

    select distinct
        check_id,
        cell_id
    from {{ ref('int_check_part') }}
    where cell_id is not null and check_class in ('identity', 'restatement', 'bounds')

),

-- Checks that were made: a rule where the report prints no parts is none. An identity that may be reviewed away guards
-- no better than bounds do.
checks as (

    select
        check_id,
        case when check_class = 'identity' and grade != 'error' then 'bounds' else check_class end as guard
    from {{ ref('reconciliation') }}

),

unguarded as (

    select * from {{ ref('unguarded_figure') }}

),

counted as (

    select
        figures.cell_id,
        cast(count(case when checks.guard = 'identity' then 1 end) as integer) as identity_checks,
        cast(count(case when checks.guard = 'restatement' then 1 end) as integer) as restatement_checks,
        cast(count(case when checks.guard = 'bounds' then 1 end) as integer) as bounds_checks
    from figures
    inner join checks on figures.check_id = checks.check_id
    group by figures.cell_id

),

graded as (

    select
        cells.cell_id,
        cells.document_id,
        cells.subject,
        cells.table_no,
        cells.table_title,
        cells.row_label,
        cells.column_label,
        cells.unit,
        cells.line_no,
        coalesce(counted.identity_checks, 0) as identity_checks,
        coalesce(counted.restatement_checks, 0) as restatement_checks,
        coalesce(counted.bounds_checks, 0) as bounds_checks,
        case
            when counted.identity_checks > 0 then 'identity'
            when counted.restatement_checks > 0 then 'restatement'
            when counted.bounds_checks > 0 then 'bounds'
            else 'none'
        end as guarded_by
    from cells
    left join counted on cells.cell_id = counted.cell_id

),

final as (

    select
        graded.cell_id,
        graded.document_id,
        graded.subject,
        graded.table_no,
        graded.table_title,
        graded.row_label,
        graded.column_label,
        graded.identity_checks,
        graded.restatement_checks,
        graded.bounds_checks,
        graded.guarded_by,
        graded.guarded_by in ('identity', 'restatement') as is_guarded,
        case when graded.guarded_by not in ('identity', 'restatement') then unguarded.reason end
            as reason_not_guarded,
        graded.unit,
        graded.line_no
    from graded
    left join unguarded
        on
            graded.document_id = unguarded.document_id
            and graded.subject = unguarded.subject

)

select * from final
