-- What guards figures that no identity guards: bounds of single figures, unit costs, and equal figures.
with cells as (

    select * from {{ ref('int_report_cell') }}
    where printed_value is not null

),

labelled as (

    select * from {{ ref('int_labelled_cell') }}
    where printed_value is not null

),

facts as (

    select * from {{ ref('int_fact_cell') }}
    where printed_value is not null and print_no = 1

),

value_bounds as (

    select * from {{ ref('value_bound') }}

),

unit_cost_bounds as (

    select * from {{ ref('unit_cost_bound') }}

),

placement_cost_bounds as (

    select * from {{ ref('placement_cost_bound') }}

),

coded as (

    select
        cells.*,
        labelled.code
    from cells
    left join labelled on cells.cell_id = labelled.cell_id

),

-- The bounds of a code go before those of its whole subject.
bounded_values as (

    select
        coded.*,
        'value bound' as kind,
        value_bounds.low,
        value_bounds.high,
        value_bounds.grade,
        value_bounds.reason,
        row_number() over (partition by coded.cell_id order by value_bounds.code nulls last) as choice
    from coded
    inner join value_bounds
        on
            coded.subject = value_bounds.subject
            and coded.measure = value_bounds.measure
            and coded.unit = value_bounds.unit
            and coded.code = coalesce(value_bounds.code, coded.code)
            and (value_bounds.code is null or coded.code is not null)

),

bounded_prices as (

    select
        labelled.*,
        'unit cost' as kind,
        unit_cost_bounds.low_sek as low,
        unit_cost_bounds.high_sek as high,
        'warning' as grade,
        unit_cost_bounds.reason
    from labelled
    inner join unit_cost_bounds on labelled.code = unit_cost_bounds.placement_type_code
    where labelled.dimension = 'placement_type' and labelled.measure = 'unit_price'

),

bounded as (

    select
        kind || ' ' || cell_id as check_id,
        document_id,
        table_no,
        row_no,
        column_no,
        kind,
        grade,
        reason,
        cell_id,
        printed_value,
        believed_value,
        printed_precision,
        is_registered_misprint,
        low,
        high
    from bounded_values
    where choice = 1

    union all

    select
        kind || ' ' || cell_id as check_id,
        document_id,
        table_no,
        row_no,
        column_no,
        kind,
        grade,
        reason,
        cell_id,
        printed_value,
        believed_value,
        printed_precision,
        is_registered_misprint,
        low,
        high
    from bounded_prices

),

-- A cost and the days it paid for, in one row of a table.
costed_days as (

    select
        'unit cost ' || costs.cell_id as check_id,
        'unit cost' as kind,
        unit_cost_bounds.low_sek as low,
        unit_cost_bounds.high_sek as high,
        'warning' as grade,
        unit_cost_bounds.reason,
        days.document_id,
        days.table_no,
        days.row_no,
        days.column_no,
        days.cell_id,
        days.printed_value,
        days.believed_value,
        days.printed_precision,
        days.is_registered_misprint,
        costs.cell_id as cost_cell_id,
        abs(costs.printed_value * costs.factor_to_base) as cost_printed,
        abs(costs.believed_value * costs.factor_to_base) as cost_believed,
        costs.is_registered_misprint as cost_is_registered_misprint
    from labelled as days
    inner join labelled as costs
        on
            days.document_id = costs.document_id
            and days.table_no = costs.table_no
            and days.row_no = costs.row_no
            and costs.measure = 'amount'
    inner join unit_cost_bounds on days.code = unit_cost_bounds.placement_type_code
    where days.dimension = 'placement_type' and days.measure = 'volume'

),

-- Volume x price of every type of placement, beside what the report says that placements cost.
priced_volumes as (

    select
        'placement cost ' || costs.cell_id as check_id,
        'placement cost' as kind,
        placement_cost_bounds.low,
        placement_cost_bounds.high,
        'warning' as grade,
        placement_cost_bounds.reason,
        costs.document_id,
        costs.table_no,
        costs.row_no,
        costs.column_no,
        costs.cell_id,
        costs.printed_value * costs.factor_to_base as printed_value,
        costs.believed_value * costs.factor_to_base as believed_value,
        costs.is_registered_misprint,
        volumes.cell_id as volume_cell_id,
        prices.cell_id as price_cell_id,
        volumes.printed_value * prices.printed_value as product_printed,
        volumes.believed_value * prices.believed_value as product_believed,
        prices.printed_value as price_printed,
        prices.believed_value as price_believed,
        volumes.is_registered_misprint as volume_is_registered_misprint,
        prices.is_registered_misprint as price_is_registered_misprint,
        row_number() over (partition by costs.cell_id order by volumes.table_no, volumes.row_no) as pair_no
    from facts as costs
    inner join placement_cost_bounds
        on
            costs.municipality_code = placement_cost_bounds.municipality_code
            and costs.dimension = 'activity'
            and costs.code = placement_cost_bounds.activity_code
    inner join facts as volumes
        on
            costs.document_id = volumes.document_id
            and costs.scenario = volumes.scenario
            and costs.period_start = volumes.period_start
            and costs.period_end = volumes.period_end
            and volumes.dimension = 'placement_type'
            and volumes.measure = 'volume'
    inner join facts as prices
        on
            volumes.document_id = prices.document_id
            and volumes.code = prices.code
            and volumes.scenario = prices.scenario
            and volumes.period_start = prices.period_start
            and volumes.period_end = prices.period_end
            and prices.dimension = 'placement_type'
            and prices.measure = 'unit_price'

),

-- The same figure for three periods or scenarios of one series.
series as (

    select
        *,
        row_number() over (
            partition by document_id, dimension, code, measure order by table_no, row_no, column_no
        ) as place
    from facts
    where dimension in ('placement_type', 'activity') and measure in ('amount', 'volume', 'unit_price')

),

likenesses as (

    select
        'equal figures ' || series.cell_id as check_id,
        'equal figures' as kind,
        'warning' as grade,
        'Tre lika tal i en serie kan vara ett tal som kopierats.' as reason,
        series.document_id,
        series.table_no,
        series.row_no,
        series.column_no,
        series.cell_id,
        series.printed_value,
        series.believed_value,
        series.printed_precision,
        series.is_registered_misprint,
        later.place - series.place as part_no,
        later.cell_id as later_cell_id,
        later.printed_value as later_printed,
        later.believed_value as later_believed,
        later.printed_precision as later_precision,
        later.is_registered_misprint as later_is_registered_misprint
    from series
    inner join series as later
        on
            series.document_id = later.document_id
            and series.dimension = later.dimension
            and series.code = later.code
            and series.measure = later.measure
            and series.place < later.place

),

parts as (

    select
        check_id,
        document_id,
        table_no,
        row_no,
        column_no,
        kind,
        'between' as operation,
        grade,
        reason,
        'bounds' as check_class,
        0 as part_no,
        'result' as role,
        cell_id as cell_id,
        printed_value as printed_value,
        believed_value as believed_value,
        printed_precision as printed_precision,
        is_registered_misprint as is_registered_misprint
    from bounded

    union all

    select
        check_id,
        document_id,
        table_no,
        row_no,
        column_no,
        kind,
        'between' as operation,
        grade,
        reason,
        'bounds' as check_class,
        1 as part_no,
        'term' as role,
        null as cell_id,
        low as printed_value,
        low as believed_value,
        0 as printed_precision,
        false as is_registered_misprint
    from bounded

    union all

    select
        check_id,
        document_id,
        table_no,
        row_no,
        column_no,
        kind,
        'between' as operation,
        grade,
        reason,
        'bounds' as check_class,
        2 as part_no,
        'term' as role,
        null as cell_id,
        high as printed_value,
        high as believed_value,
        0 as printed_precision,
        false as is_registered_misprint
    from bounded

    union all

    select
        check_id,
        document_id,
        table_no,
        row_no,
        column_no,
        kind,
        'ratio_between' as operation,
        grade,
        reason,
        'bounds' as check_class,
        0 as part_no,
        'result' as role,
        cell_id as cell_id,
        printed_value as printed_value,
        believed_value as believed_value,
        printed_precision as printed_precision,
        is_registered_misprint as is_registered_misprint
    from costed_days

    union all

    select
        check_id,
        document_id,
        table_no,
        row_no,
        column_no,
        kind,
        'ratio_between' as operation,
        grade,
        reason,
        'bounds' as check_class,
        1 as part_no,
        'term' as role,
        null as cell_id,
        low as printed_value,
        low as believed_value,
        0 as printed_precision,
        false as is_registered_misprint
    from costed_days

    union all

    select
        check_id,
        document_id,
        table_no,
        row_no,
        column_no,
        kind,
        'ratio_between' as operation,
        grade,
        reason,
        'bounds' as check_class,
        2 as part_no,
        'term' as role,
        null as cell_id,
        high as printed_value,
        high as believed_value,
        0 as printed_precision,
        false as is_registered_misprint
    from costed_days

    union all

    select
        check_id,
        document_id,
        table_no,
        row_no,
        column_no,
        kind,
        'ratio_between' as operation,
        grade,
        reason,
        'bounds' as check_class,
        3 as part_no,
        'numerator' as role,
        cost_cell_id as cell_id,
        cost_printed as printed_value,
        cost_believed as believed_value,
        0 as printed_precision,
        cost_is_registered_misprint as is_registered_misprint
    from costed_days

    union all

    select distinct
        check_id,
        document_id,
        table_no,
        row_no,
        column_no,
        kind,
        'ratio_between' as operation,
        grade,
        reason,
        'bounds' as check_class,
        0 as part_no,
        'result' as role,
        cell_id as cell_id,
        printed_value as printed_value,
        believed_value as believed_value,
        0 as printed_precision,
        is_registered_misprint as is_registered_misprint
    from priced_volumes

    union all

    select distinct
        check_id,
        document_id,
        table_no,
        row_no,
        column_no,
        kind,
        'ratio_between' as operation,
        grade,
        reason,
        'bounds' as check_class,
        1 as part_no,
        'term' as role,
        null as cell_id,
        low as printed_value,
        low as believed_value,
        0 as printed_precision,
        false as is_registered_misprint
    from priced_volumes

    union all

    select distinct
        check_id,
        document_id,
        table_no,
        row_no,
        column_no,
        kind,
        'ratio_between' as operation,
        grade,
        reason,
        'bounds' as check_class,
        2 as part_no,
        'term' as role,
        null as cell_id,
        high as printed_value,
        high as believed_value,
        0 as printed_precision,
        false as is_registered_misprint
    from priced_volumes

    union all

    select
        check_id,
        document_id,
        table_no,
        row_no,
        column_no,
        kind,
        'ratio_between' as operation,
        grade,
        reason,
        'bounds' as check_class,
        2 * pair_no + 1 as part_no,
        'numerator' as role,
        volume_cell_id as cell_id,
        product_printed as printed_value,
        product_believed as believed_value,
        0 as printed_precision,
        volume_is_registered_misprint as is_registered_misprint
    from priced_volumes

    union all

    select
        check_id,
        document_id,
        table_no,
        row_no,
        column_no,
        kind,
        'ratio_between' as operation,
        grade,
        reason,
        'bounds' as check_class,
        2 * pair_no + 2 as part_no,
        'factor' as role,
        price_cell_id as cell_id,
        price_printed as printed_value,
        price_believed as believed_value,
        0 as printed_precision,
        price_is_registered_misprint as is_registered_misprint
    from priced_volumes

    union all

    select distinct
        check_id,
        document_id,
        table_no,
        row_no,
        column_no,
        kind,
        'distinct' as operation,
        grade,
        reason,
        'suspicion' as check_class,
        0 as part_no,
        'result' as role,
        cell_id as cell_id,
        printed_value as printed_value,
        believed_value as believed_value,
        printed_precision as printed_precision,
        is_registered_misprint as is_registered_misprint
    from likenesses

    union all

    select
        check_id,
        document_id,
        table_no,
        row_no,
        column_no,
        kind,
        'distinct' as operation,
        grade,
        reason,
        'suspicion' as check_class,
        part_no as part_no,
        'term' as role,
        later_cell_id as cell_id,
        later_printed as printed_value,
        later_believed as believed_value,
        later_precision as printed_precision,
        later_is_registered_misprint as is_registered_misprint
    from likenesses

),

final as (

    select
        check_id,
        document_id,
        table_no,
        row_no,
        column_no,
        kind,
        operation,
        false as blank_is_zero,
        grade,
        reason,
        check_class,
        cast(part_no as integer) as part_no,
        role,
        cast(1 as decimal(8, 6)) as weight,
        cell_id,
        cast(printed_value as decimal(28, 4)) as printed_value,
        cast(believed_value as decimal(28, 4)) as believed_value,
        cast(printed_precision as decimal(18, 4)) as printed_precision,
        is_registered_misprint
    from parts

)

select * from final
