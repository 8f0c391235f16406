with cells as (

    select * from {{ ref('int_report_cell') }}
    where measure is not null and measure != 'text'

),

subjects as (

    select * from {{ ref('subject') }}
    where dimension is not null

),

aliases as (

    select * from {{ ref('int_label_alias') }}

),

labels as (

    select
        cells.*,
        subjects.dimension,
        case subjects.label_from when 'table_title' then cells.table_title else cells.row_label end as label
    from cells
    inner join subjects on cells.subject = subjects.subject

),

coded as (

    select
        labels.*,
        aliases.code
    from labels
    left join aliases
        on
            labels.municipality_code = aliases.municipality_code
            and labels.subject = aliases.subject
            and {{ normalise_label('labels.label') }} = aliases.normalised_label

)

select * from coded
