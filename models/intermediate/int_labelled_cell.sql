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

sexes as (

    select * from {{ ref('sex') }}

),

labels as (

    select
        cells.cell_id,
        cells.document_id,
        cells.municipality_code,
        cells.as_of,
        cells.subject,
        cells.table_no,
        cells.row_no,
        cells.column_no,
        cells.column_key,
        cells.column_label,
        cells.line_no,
        cells.measure,
        cells.scenario,
        cells.period_start,
        cells.period_end,
        cells.printed_text,
        cells.printed_value,
        cells.believed_value,
        cells.printed_precision,
        cells.is_registered_misprint,
        cells.unit,
        cells.factor_to_base,
        subjects.dimension,
        {{ label_of('subjects.label_from', 'cells') }} as label,
        subjects.year_in_label,
        subjects.column_dimension
    from cells
    inner join subjects on cells.subject = subjects.subject

),

coded as (

    select
        labels.*,
        aliases.code,
        sexes.sex as column_code
    from labels
    left join aliases
        on
            labels.municipality_code = aliases.municipality_code
            and labels.subject = aliases.subject
            and {{ label_key('labels.label', 'labels.year_in_label') }} = aliases.normalised_label
    left join sexes on case when labels.column_dimension = 'sex' then labels.column_key end = sexes.column_key

)

select * from coded
