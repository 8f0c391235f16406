-- Every figure leads back to the lines it was printed on: the cell ids of an array cannot have a relationships test.
with cited as (

    select distinct {{ unnested('cell_ids') }} as cell_id
    from {{ ref('fct_placement') }}

    union

    select distinct {{ unnested('cell_ids') }} as cell_id
    from {{ ref('fct_goal_assessment') }}

    union

    select distinct {{ unnested('cell_ids') }} as cell_id
    from {{ ref('placement_price_volume_variance') }}

)

select cited.cell_id
from cited
left join {{ ref('stg_raw__table_cell') }} as cells on cited.cell_id = cells.cell_id
where cells.cell_id is null
