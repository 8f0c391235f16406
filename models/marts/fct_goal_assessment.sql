with cells as (

    select * from {{ ref('int_goal_cell') }}

),

documents as (

    select * from {{ ref('dim_document') }}

),

goals as (

    select
        document_id,
        municipality_code,
        subject as kind,
        goal_code,
        goal,
        max(case when aspect = 'department' then word end) as department,
        max(case when aspect = 'assessment' then word end) as assessment,
        max(case when aspect = 'trend' then word end) as trend,
        {{ distinct_array('cell_id') }} as cell_ids
    from cells
    group by document_id, municipality_code, subject, table_no, row_no, goal_code, goal

),

final as (

    select
        goals.document_id,
        goals.municipality_code,
        documents.municipality,
        documents.period_start,
        documents.period_end,
        goals.kind,
        goals.goal_code,
        goals.goal,
        goals.department,
        goals.assessment,
        goals.trend,
        goals.cell_ids
    from goals
    inner join documents on goals.document_id = documents.document_id

)

select * from final
