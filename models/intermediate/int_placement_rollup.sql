with placements as (

    select * from {{ ref('int_placement') }}
    where parent_code is not null

),

-- The types of a group that a municipality is known to use: those that any of its reports prints.
known_types as (

    select
        municipality_code,
        parent_code,
        count(distinct placement_type_code) as known_type_count
    from placements
    group by municipality_code, parent_code

),

-- A sum over fewer types than the municipality uses would look cheaper or dearer than it is: all have both days and
-- cost, or there is no roll-up.
summed as (

    select
        placements.document_id,
        placements.municipality_code,
        placements.as_of,
        placements.parent_code as placement_type_code,
        placements.scenario,
        placements.period_start,
        placements.period_end,
        {{ two_decimals('sum(placements.volume_days)') }} as volume_days,
        {{ sek('sum(placements.cost_sek)') }} as cost_sek,
        cast(count(*) as integer) as reported_type_count,
        bool_or(placements.is_registered_misprint) as is_registered_misprint,
        {{ merged_array('placements.cell_ids') }} as cell_ids
    from placements
    inner join known_types
        on
            placements.municipality_code = known_types.municipality_code
            and placements.parent_code = known_types.parent_code
    group by
        placements.document_id,
        placements.municipality_code,
        placements.as_of,
        placements.parent_code,
        placements.scenario,
        placements.period_start,
        placements.period_end,
        known_types.known_type_count
    having
        count(case when placements.volume_days is not null and placements.cost_sek is not null then 1 end)
        = known_types.known_type_count

),

weighted as (

    select
        *,
        {{ sek(decimal_divide('cost_sek', 'volume_days')) }} as unit_cost_sek
    from summed

)

select * from weighted
