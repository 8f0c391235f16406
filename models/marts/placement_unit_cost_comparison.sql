with unit_costs as (

    select * from {{ ref('int_placement_unit_cost') }}

),

municipalities as (

    select * from {{ ref('dim_municipality') }}

),

placement_types as (

    select * from {{ ref('dim_placement_type') }}

),

not_published as (

    select * from {{ ref('placement_not_published') }}

),

comparability as (

    select * from {{ ref('comparability') }}

),

notes as (

    select * from {{ ref('int_comparability_note') }}
    where aspect = 'placement_type'

),

comparisons as (

    select
        unit_costs.placement_type_code,
        unit_costs.period_start,
        unit_costs.period_end,
        unit_costs.comparison_basis,
        count(*) as publisher_count,
        sum(unit_costs.unit_cost_sek) as unit_cost_sum,
        case when count(distinct unit_costs.scenario) > 1 then 'outcome_and_forecast' end as mixed_scenario,
        min(municipalities.municipality) as a_publisher,
        {{ notes_together() }} as publishers_note
    from unit_costs
    inner join municipalities on unit_costs.municipality_code = municipalities.municipality_code
    left join notes
        on
            unit_costs.placement_type_code = notes.code
            and unit_costs.municipality_code = notes.municipality_code
    group by
        unit_costs.placement_type_code,
        unit_costs.period_start,
        unit_costs.period_end,
        unit_costs.comparison_basis

),

-- The weaker grade of the two counts: that of the type's definition and that of setting outcome against forecast. Who
-- stands alone is compared with nobody.
graded as (

    select
        comparisons.*,
        case
            when comparisons.publisher_count = 1 then 'one municipality'
            when 'indicative' in (by_type.grade, by_scenario.grade) then 'indicative'
            when 'near' in (by_type.grade, by_scenario.grade) and by_type.grade is not null then 'near'
            else by_type.grade
        end as comparability,
        case
            when comparisons.publisher_count = 1
                then {{ sentences([
                    "'Redovisas för perioden bara av ' || comparisons.a_publisher || ': jämför över åren, inte mellan kommuner.'",
                    'comparisons.publishers_note'
                ]) }}
            else {{ sentences(['by_type.note', 'comparisons.publishers_note', 'by_scenario.note']) }}
        end as comparability_note
    from comparisons
    left join comparability as by_type
        on by_type.aspect = 'placement_type' and comparisons.placement_type_code = by_type.code
    left join comparability as by_scenario
        on by_scenario.aspect = 'scenario' and comparisons.mixed_scenario = by_scenario.code

),

publishers as (

    select distinct
        municipality_code,
        placement_type_code
    from unit_costs

),

-- A warehouse may hold the reports of only some municipalities.
reporting as (

    select distinct municipality_code from {{ ref('dim_document') }}

),

final as (

    select
        cast(extract(year from graded.period_end) as integer) as year,
        graded.period_start,
        graded.period_end,
        graded.placement_type_code,
        placement_types.name_sv as placement_type,
        placement_types.level as placement_level,
        graded.comparison_basis,
        municipalities.municipality_code,
        municipalities.municipality,
        unit_costs.scenario,
        coalesce(unit_costs.status, 'not published') as status,
        unit_costs.volume_days,
        unit_costs.cost_sek,
        unit_costs.unit_cost_sek,
        cast(unit_costs.reported_type_count as integer) as reported_type_count,
        graded.comparability,
        graded.comparability_note,
        case
            when graded.publisher_count > 1
                then cast({{ decimal_divide(
                    '100 * (unit_costs.unit_cost_sek * graded.publisher_count - graded.unit_cost_sum)',
                    'graded.unit_cost_sum'
                ) }} as decimal(18, 2))
        end as difference_to_mean_percent,
        case
            when unit_costs.unit_cost_sek is not null then null
            when reporting.municipality_code is null then 'Ingen rapport från kommunen är inläst.'
            when publishers.municipality_code is not null then 'Ingen uppgift för perioden i de inlästa rapporterna.'
            else coalesce(for_type.reason, for_all_types.reason)
        end as not_published_reason,
        unit_costs.document_id,
        unit_costs.cell_ids
    from graded
    cross join municipalities
    inner join placement_types on graded.placement_type_code = placement_types.placement_type_code
    left join unit_costs
        on
            graded.placement_type_code = unit_costs.placement_type_code
            and graded.period_start = unit_costs.period_start
            and graded.period_end = unit_costs.period_end
            and graded.comparison_basis = unit_costs.comparison_basis
            and municipalities.municipality_code = unit_costs.municipality_code
    left join publishers
        on
            graded.placement_type_code = publishers.placement_type_code
            and municipalities.municipality_code = publishers.municipality_code
    left join reporting on municipalities.municipality_code = reporting.municipality_code
    left join not_published as for_type
        on
            graded.placement_type_code = for_type.placement_type_code
            and municipalities.municipality_code = for_type.municipality_code
    left join not_published as for_all_types
        on
            for_all_types.placement_type_code is null
            and municipalities.municipality_code = for_all_types.municipality_code

)

select * from final
