{{ config(materialized="view") }}

-- A figure can stand twice in a check, as a term and as the divisor.
with final as (

    select distinct
        check_id,
        cell_id
    from ({{ figures_named() }}) as named

)

select * from final
