with notes as (

    select * from {{ ref('comparability_note') }}

),

municipalities as (

    select * from {{ ref('municipality') }}

),

named as (

    select
        notes.aspect,
        notes.code,
        notes.municipality_code,
        municipalities.municipality || ': ' || notes.note as note
    from notes
    inner join municipalities on notes.municipality_code = municipalities.municipality_code

)

select * from named
