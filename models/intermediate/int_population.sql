-- Kolada's key figure of all inhabitants on 31 December, both sexes together.
with kolada_values as (

    select * from {{ ref('stg_raw__kolada_value') }}
    where kpi_id = 'N01951' and gender = 'T' and kpi_value is not null

),

counted as (

    select
        municipality_code,
        year,
        cast(kpi_value as integer) as inhabitants
    from kolada_values

)

select * from counted
