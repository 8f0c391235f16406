-- An indicator has one unit: a number in another one is another indicator, or a wrong unit in a layout.
select
    fct.document_id,
    fct.indicator_code,
    fct.cell_id,
    fct.unit,
    dim.unit as indicator_unit
from {{ ref('fct_indicator_value') }} as fct
inner join {{ ref('dim_indicator') }} as dim on fct.indicator_code = dim.indicator_code
where fct.value is not null and fct.unit != dim.unit
