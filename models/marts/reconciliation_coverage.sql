with cells as (

    select * from {{ ref('stg_raw__table_cell') }}
    where printed_value is not null

),

report_tables as (

    select * from {{ ref('stg_raw__report_table') }}

),

parts as {{ inlined() }} (

    select * from {{ ref('int_check_part') }}

),

-- A check is made where nothing of it is missing, mostly.
incomplete as (

    select * from {{ ref('int_check_evaluation') }}
    where variant = 'printed' and (present_term_count < term_count or term_count = 0 or result_value is null)

),

not_made as (

    select parts.check_id
    from parts
    inner join incomplete on parts.check_id = incomplete.check_id
    where parts.role = 'result' and not ({{ is_made('incomplete', 'parts') }})

),

-- A cell can stand twice in a check: as a term and as the divisor. An identity that may be reviewed away guards no
-- better than bounds do.
figures as (

    select distinct
        parts.check_id,
        parts.cell_id,
        case when parts.check_class = 'identity' and parts.grade != 'error' then 'bounds' else parts.check_class end
            as guard
    from parts
    left join not_made on parts.check_id = not_made.check_id
    where
        parts.cell_id is not null
        and parts.check_class in ('identity', 'restatement', 'bounds')
        and not_made.check_id is null

),

unguarded as (

    select * from {{ ref('unguarded_figure') }}

),

counted as (

    select
        cell_id,
        cast(count(case when guard = 'identity' then 1 end) as integer) as identity_checks,
        cast(count(case when guard = 'restatement' then 1 end) as integer) as restatement_checks,
        cast(count(case when guard = 'bounds' then 1 end) as integer) as bounds_checks
    from figures
    group by cell_id

),

graded as (

    select
        cells.cell_id,
        cells.document_id,
        report_tables.subject,
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
    inner join report_tables
        on cells.document_id = report_tables.document_id and cells.table_no = report_tables.table_no
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
