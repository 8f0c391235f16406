with cells as (

    select * from {{ ref('int_printed_cell') }}
    where column_key in ('assessment', 'trend', 'department')

),

subjects as (

    select * from {{ ref('subject') }}
    where dimension = 'goal'

),

words as (

    select * from {{ ref('goal_word') }}

),

labels as (

    select
        cells.cell_id,
        cells.document_id,
        cells.municipality_code,
        cells.subject,
        cells.table_no,
        cells.table_title,
        cells.row_no,
        cells.row_label,
        cells.column_key,
        cells.line_no,
        cells.printed_text,
        {{ label_of('subjects.label_from', 'cells') }} as label
    from cells
    inner join subjects on cells.subject = subjects.subject

),

final as (

    select
        labels.cell_id,
        labels.document_id,
        labels.municipality_code,
        labels.subject,
        labels.table_no,
        labels.table_title,
        labels.row_no,
        labels.line_no,
        labels.label,
        {{ goal_number('labels.label') }} as goal_code,
        -- An operational goal has its own words and the number of the goal it serves.
        case
            when labels.subject = 'operational_goal' then labels.row_label
            else {{ goal_text('labels.label') }}
        end as goal,
        labels.column_key as aspect,
        labels.printed_text,
        -- A department has no fixed words.
        case when labels.column_key = 'department' then labels.printed_text else words.name_sv end as word
    from labels
    left join words
        on
            labels.column_key = words.aspect
            and {{ normalise_label('labels.printed_text') }} = {{ normalise_label('words.label') }}

)

select * from final
