-- A concept that several municipalities report is named here until it has its grade: add a row to seed comparability
-- with the aspect indicator_concept, and say in it what each of them counts.
select distinct
    concept,
    municipality,
    definition
from {{ ref('indicator_comparison') }}
where status != 'not published' and comparability is null
