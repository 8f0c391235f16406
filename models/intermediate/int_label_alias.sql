{% set dimensions = [
    'placement_type', 'activity', 'indicator', 'sick_leave_group', 'case_statistic', 'income_support', 'investment_line'
] %}

with aliases as (

    {% for dimension in dimensions %}
        select
            '{{ dimension }}' as dimension,
            municipality_code,
            subject,
            label,
            {{ dimension }}_code as code
        from {{ ref(dimension ~ '_alias') }}
        {% if not loop.last %}

            union all

        {% endif %}
    {% endfor %}

),

subjects as (

    select * from {{ ref('subject') }}

),

normalised as (

    select
        aliases.dimension,
        aliases.municipality_code,
        aliases.subject,
        aliases.label,
        aliases.code,
        {{ label_key('aliases.label', 'subjects.year_in_label') }} as normalised_label
    from aliases
    inner join subjects on aliases.subject = subjects.subject

)

select * from normalised
