with aliases as (

    select
        'placement_type' as dimension,
        municipality_code,
        subject,
        label,
        placement_type_code as code
    from {{ ref('placement_type_alias') }}

    union all

    select
        'activity' as dimension,
        municipality_code,
        subject,
        label,
        activity_code as code
    from {{ ref('activity_alias') }}

    union all

    select
        'indicator' as dimension,
        municipality_code,
        subject,
        label,
        indicator_code as code
    from {{ ref('indicator_alias') }}

),

normalised as (

    select
        *,
        {{ normalise_label('label') }} as normalised_label
    from aliases

)

select * from normalised
