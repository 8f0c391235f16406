with cells as (

    select * from {{ ref('int_report_cell') }}
    where
        printed_value is not null
        and measure in ('amount', 'volume', 'unit_price', 'value')
        and scenario is not null
        and period_end is not null

),

municipalities as (

    select * from {{ ref('dim_municipality') }}

),

subjects as (

    select * from {{ ref('subject') }}

),

topics as (

    select * from {{ ref('topic') }}

),

figures as (

    select
        cells.municipality_code,
        cells.document_id,
        -- One kind of table holds days beside costs.
        case when cells.measure = 'volume' then 'placement_volume' else subjects.topic end as topic,
        cast(extract(year from cells.period_end) as integer) as year,
        cells.scenario
    from cells
    inner join subjects on cells.subject = subjects.subject

),

published as (

    select
        municipality_code,
        topic,
        year,
        scenario,
        cast(count(*) as integer) as cell_count,
        {{ distinct_array('document_id') }} as document_ids
    from figures
    group by municipality_code, topic, year, scenario

),

missing_reports as (

    select
        municipality_code,
        cast(count(*) as integer) as report_count
    from {{ ref('missing_report') }}
    group by municipality_code

),

-- What any municipality publishes is asked of every municipality.
asked as (

    select distinct
        topic,
        year,
        scenario
    from published

),

final as (

    select
        municipalities.municipality_code,
        municipalities.municipality,
        asked.topic as subject,
        topics.name_sv as subject_name,
        asked.year,
        asked.scenario,
        published.cell_count is not null as is_published,
        coalesce(published.cell_count, 0) as cell_count,
        published.document_ids,
        coalesce(missing_reports.report_count, 0) as missing_report_count
    from asked
    cross join municipalities
    inner join topics on asked.topic = topics.topic
    left join published
        on
            municipalities.municipality_code = published.municipality_code
            and asked.topic = published.topic
            and asked.year = published.year
            and asked.scenario = published.scenario
    left join missing_reports on municipalities.municipality_code = missing_reports.municipality_code

)

select * from final
