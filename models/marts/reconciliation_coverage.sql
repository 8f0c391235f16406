with documents as (

    select * from {{ ref('stg_raw__document') }}

),

cells as (

    select
        cells.*,
        {{ cell_key('cells') }} as cell_key
    from {{ ref('stg_raw__table_cell') }} as cells
    inner join documents on cells.document_id = documents.document_id
    where cells.printed_value is not null

),

report_tables as (

    select * from {{ ref('stg_raw__report_table') }}

),

parts as {{ inlined() }} (

    select * from {{ ref('int_check_part') }}

),

checks as {{ inlined() }} (

    select * from {{ ref('int_check') }}

),

-- A check is made where nothing of it is missing, mostly.
incomplete as (

    select * from {{ ref('int_check_evaluation') }}
    where variant = 'printed' and (present_term_count < term_count or term_count = 0 or result_value is null)

),

not_made as (

    select checks.check_key
    from checks
    inner join incomplete on checks.check_key = incomplete.check_key
    where not ({{ is_made('incomplete', 'checks') }})

),

-- An identity that may be reviewed away guards no better than bounds do.
reviewable as (

    select check_key from checks
    where check_class = 'identity' and grade != 'error'

),

-- A cell can stand twice in a check: as a term and as the divisor.
figures as (

    select distinct
        parts.check_key,
        parts.cell_key,
        case when reviewable.check_key is null then parts.check_class else 'bounds' end as guard
    from parts
    left join not_made on parts.check_key = not_made.check_key
    left join reviewable on parts.check_key = reviewable.check_key
    where
        parts.cell_key is not null
        and parts.check_class in ('identity', 'restatement', 'bounds')
        and not_made.check_key is null

),

unguarded as (

    select * from {{ ref('unguarded_figure') }}

),

counted as (

    select
        cell_key,
        cast(count(case when guard = 'identity' then 1 end) as integer) as identity_checks,
        cast(count(case when guard = 'restatement' then 1 end) as integer) as restatement_checks,
        cast(count(case when guard = 'bounds' then 1 end) as integer) as bounds_checks
    from figures
    group by cell_key

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
    left join counted on cells.cell_key = counted.cell_key

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
