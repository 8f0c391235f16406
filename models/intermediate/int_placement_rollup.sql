with placements as (

    select * from {{ ref('int_placement') }}
    where parent_code is not null

),

-- A sum over fewer types than the report prints would look cheaper or dearer than it is: all have both, or no roll-up.
summed as (

    select
        document_id,
        municipality_code,
        as_of,
        parent_code as placement_type_code,
        scenario,
        period_start,
        period_end,
        cast(sum(volume_days) as decimal(18, 2)) as volume_days,
        {{ sek('sum(cost_sek)') }} as cost_sek,
        cast(count(*) as integer) as reported_type_count,
        bool_or(is_registered_misprint) as is_registered_misprint,
        {{ merged_cell_id_array('cell_ids') }} as cell_ids
    from placements
    group by document_id, municipality_code, as_of, parent_code, scenario, period_start, period_end
    having count(*) = count(case when volume_days is not null and cost_sek is not null then 1 end)

),

weighted as (

    select
        *,
        {{ sek(decimal_divide('cost_sek', 'volume_days')) }} as unit_cost_sek
    from summed

)

select * from weighted
