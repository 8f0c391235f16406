{% set one_per = ['municipality_code', 'placement_type_code', 'period_start', 'period_end', 'comparison_basis'] %}

with reported_level as (

    select
        document_id,
        municipality_code,
        as_of,
        placement_type_code,
        scenario,
        period_start,
        period_end,
        volume_days,
        cost_sek,
        unit_cost_sek,
        unit_cost_basis as status,
        1 as reported_type_count,
        false as is_rolled_up,
        is_registered_misprint,
        cell_ids
    from {{ ref('int_placement') }}
    where unit_cost_sek is not null

),

upper_level as (

    select
        document_id,
        municipality_code,
        as_of,
        placement_type_code,
        scenario,
        period_start,
        period_end,
        volume_days,
        cost_sek,
        unit_cost_sek,
        'derived' as status,
        reported_type_count,
        true as is_rolled_up,
        is_registered_misprint,
        cell_ids
    from {{ ref('int_placement_rollup') }}
    where unit_cost_sek is not null

),

all_levels as (

    select * from reported_level
    union all
    select * from upper_level

),

scenarios as (

    select * from {{ ref('scenario') }}
    where comparison_basis is not null

),

-- One figure speaks for a municipality: outcome before forecast, then the newest document, and of that the figure
-- printed for a group before the sum of its types. A misprint never speaks.
ranked as (

    select
        all_levels.*,
        scenarios.comparison_basis,
        row_number() over (
            partition by {{ one_per | join(', ') }}
            order by
                scenarios.basis_rank asc, all_levels.as_of desc, all_levels.document_id asc, all_levels.is_rolled_up asc
        ) as speaks_no
    from all_levels
    inner join scenarios on all_levels.scenario = scenarios.scenario
    where not all_levels.is_registered_misprint

)

select * from ranked
where speaks_no = 1
