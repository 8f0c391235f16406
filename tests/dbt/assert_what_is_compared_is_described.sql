-- Whatever several municipalities report has its grade in seed comparability, and unless that is `same` each of them has
-- its note in seed comparability_note: what its figure is. A municipality that is added is named here until its rows are
-- there.
with compared as (

    select distinct
        'placement_type' as aspect,
        placement_type_code as code,
        municipality_code
    from {{ ref('placement_unit_cost_comparison') }}
    where status != 'not published' and comparability is distinct from 'one municipality'

    union all

    select distinct
        'net_cost' as aspect,
        'net_cost' as code,
        municipality_code
    from {{ ref('budget_comparison') }}
    where comparability is distinct from 'one municipality'

    union all

    select distinct
        'indicator_concept' as aspect,
        concept as code,
        municipality_code
    from {{ ref('indicator_comparison') }}
    where status != 'not published' and comparability is distinct from 'one municipality'

),

grades as (

    select * from {{ ref('comparability') }}

),

notes as (

    select * from {{ ref('comparability_note') }}

)

select
    compared.aspect,
    compared.code,
    compared.municipality_code,
    case when grades.grade is null then 'add a row to seeds/comparability.csv' end as missing_grade,
    case when notes.note is null then 'add a row to seeds/comparability_note.csv' end as missing_note
from compared
left join grades on compared.aspect = grades.aspect and compared.code = grades.code
left join notes
    on
        compared.aspect = notes.aspect
        and compared.code = notes.code
        and compared.municipality_code = notes.municipality_code
where grades.grade is null or (grades.grade != 'same' and notes.note is null)
