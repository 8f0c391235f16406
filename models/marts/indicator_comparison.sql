with indicator_values as (

    select
        fct.*,
        indicators.concept,
        indicators.better,
        cast(extract(year from fct.period_end) as integer) as year
    from {{ ref('fct_indicator_value') }} as fct
    inner join {{ ref('dim_indicator') }} as indicators on fct.indicator_code = indicators.indicator_code
    where fct.is_latest

),

municipalities as (

    select * from {{ ref('dim_municipality') }}

),

comparability as (

    select * from {{ ref('comparability') }}
    where aspect = 'indicator_concept'

),

notes as (

    select * from {{ ref('int_comparability_note') }}
    where aspect = 'indicator_concept'

),

cells as (

    select * from {{ ref('stg_raw__table_cell') }}

),

measured as (

    select * from indicator_values
    where scenario != 'target'

),

targets as (

    select * from indicator_values
    where scenario = 'target'

),

-- A value is held against the target of the shortest period around its own: the year's, mostly.
with_target as (

    select
        measured.*,
        targets.cell_id as target_cell_id,
        targets.value as target_value,
        targets.value_text as target_text,
        targets.comparator as target_comparator,
        targets.unit as target_unit,
        targets.period_start < measured.period_start or targets.period_end > measured.period_end as is_part_of_target,
        row_number() over (
            partition by measured.cell_id order by targets.period_start desc, targets.period_end asc
        ) as nearest_no
    from measured
    left join targets
        on
            measured.municipality_code = targets.municipality_code
            and measured.indicator_code = targets.indicator_code
            and measured.period_start >= targets.period_start
            and measured.period_end <= targets.period_end

),

held_against as (

    select * from with_target
    where nearest_no = 1

),

-- A target that no value is held against stands alone.
reported as (

    select
        municipality_code,
        concept,
        year,
        period_start,
        period_end,
        indicator_code,
        better,
        unit,
        scenario,
        value,
        value_text,
        target_value,
        target_text,
        target_comparator,
        target_unit,
        is_part_of_target,
        document_id,
        cell_id,
        target_cell_id
    from held_against

    union all

    select
        targets.municipality_code,
        targets.concept,
        targets.year,
        targets.period_start,
        targets.period_end,
        targets.indicator_code,
        targets.better,
        targets.unit,
        targets.scenario,
        cast(null as decimal(18, 4)) as value,
        cast(null as string) as value_text,
        targets.value as target_value,
        targets.value_text as target_text,
        targets.comparator as target_comparator,
        targets.unit as target_unit,
        false as is_part_of_target,
        targets.document_id,
        cast(null as string) as cell_id,
        targets.cell_id as target_cell_id
    from targets
    left join held_against on targets.cell_id = held_against.target_cell_id
    where held_against.cell_id is null

),

-- Numbers in different units have no distance.
held as (

    select
        *,
        cast(case when unit = target_unit then value - target_value end as decimal(18, 4)) as distance_to_target,
        case
            when target_cell_id is null then 'no target'
            when value is null then 'no value'
            when target_value is null or unit != target_unit then 'target in words'
            when is_part_of_target then 'year not over'
        end as not_judged,
        case
            when target_comparator = '<' then value < target_value
            when target_comparator = '>' then value > target_value
            when target_comparator = '≤' then value <= target_value
            when target_comparator = '±' then abs(value) <= target_value
            when better = 'higher' then value >= target_value
            when better = 'lower' then value <= target_value
        end as is_met
    from reported

),

-- A part of the year is not judged by the target of the whole, and a forecast has met nothing yet.
judged as (

    select
        *,
        case
            when not_judged is not null then not_judged
            when is_met is null then 'no direction'
            when scenario = 'forecast' then case when is_met then 'expected met' else 'expected not met' end
            when is_met then 'met'
            else 'not met'
        end as target_status
    from held

),

publishers as (

    select distinct
        concept,
        municipality_code
    from reported

),

concepts as (

    select
        publishers.concept,
        case when count(*) = 1 then 'one municipality' else max(comparability.grade) end as comparability,
        case
            when count(*) = 1
                then
                    'Redovisas bara av ' || max(municipalities.municipality)
                    || ': jämför över åren, inte mellan kommuner.'
            else {{ sentences([
                'max(comparability.note)',
                notes_together()
            ]) }}
        end as comparability_note
    from publishers
    inner join municipalities on publishers.municipality_code = municipalities.municipality_code
    left join comparability on publishers.concept = comparability.code
    left join notes
        on publishers.concept = notes.code and publishers.municipality_code = notes.municipality_code
    group by publishers.concept

),

-- A warehouse may hold the reports of only some municipalities.
reporting as (

    select distinct municipality_code from {{ ref('dim_document') }}

),

-- What any municipality reports for a year is asked of every municipality.
asked as (

    select distinct
        concept,
        year
    from reported

),

final as (

    select
        asked.concept,
        asked.year,
        municipalities.municipality_code,
        municipalities.municipality,
        case
            when judged.concept is null then 'not published'
            when judged.scenario = 'target' then 'target only'
            else 'reported'
        end as status,
        judged.indicator_code,
        cells.row_label as definition,
        judged.better as direction,
        judged.unit,
        judged.scenario,
        judged.period_start,
        judged.period_end,
        judged.value,
        judged.value_text,
        judged.target_value,
        judged.target_text,
        judged.target_comparator,
        judged.distance_to_target,
        judged.target_status,
        concepts.comparability,
        concepts.comparability_note,
        case
            when judged.concept is not null then null
            when reporting.municipality_code is null then 'Ingen rapport från kommunen är inläst.'
            when publishers.municipality_code is not null then 'Ingen uppgift för året i de inlästa rapporterna.'
            else 'Redovisar ingen sådan indikator i de inlästa rapporterna.'
        end as not_published_reason,
        judged.document_id,
        judged.cell_id,
        judged.target_cell_id
    from asked
    cross join municipalities
    inner join concepts on asked.concept = concepts.concept
    left join judged
        on
            asked.concept = judged.concept
            and asked.year = judged.year
            and municipalities.municipality_code = judged.municipality_code
    left join cells on coalesce(judged.cell_id, judged.target_cell_id) = cells.cell_id
    left join publishers
        on asked.concept = publishers.concept and municipalities.municipality_code = publishers.municipality_code
    left join reporting on municipalities.municipality_code = reporting.municipality_code

)

select * from final
