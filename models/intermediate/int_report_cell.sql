with cells as (

    select * from {{ ref('int_printed_cell') }}

),

-- Kinds of tables whose labels stand for a dimension.
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
        cells.*,
        subjects.dimension,
        case when subjects.subject is not null then {{ label_of('subjects.label_from', 'cells') }} end as label,
        subjects.year_in_label,
        subjects.column_dimension
    from cells
    left join subjects on case when cells.measure != 'text' then cells.subject end = subjects.subject

),

-- What is only printed (titles, labels, lines) is not carried along: texts cost more to write than all figures.
coded as (

    select
        labels.cell_key,
        labels.document_id,
        labels.municipality_code,
        labels.as_of,
        labels.subject,
        labels.table_no,
        labels.row_no,
        labels.column_no,
        labels.column_label,
        labels.measure,
        labels.scenario,
        labels.period_start,
        labels.period_end,
        labels.printed_text,
        labels.printed_value,
        labels.believed_value,
        labels.is_registered_misprint,
        labels.unit,
        labels.factor_to_base,
        labels.printed_precision,
        labels.dimension,
        labels.column_dimension,
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
