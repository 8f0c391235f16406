{{ config(materialized="view") }}

with figures as (

    {{ figures_named() }}

),

checks as (

    select * from {{ ref('int_check') }}

),

-- A figure can stand twice in a check, as a term and as the divisor.
final as (

    select distinct
        checks.check_id,
        figures.cell_id
    from figures
    inner join checks on figures.check_key = checks.check_key

)

select * from final
