{# The arguments of check_part. #}
{% set kinds_of_part = [
    ('bounded', 'between', 'bounds', 0, 'result', 'cell_key', ('printed_value', 'believed_value'),
        'printed_precision', 'is_registered_misprint', ('low', 'high')),
    ('costed_days', 'ratio_between', 'bounds', 0, 'result', 'cell_key', ('printed_value', 'believed_value'),
        'printed_precision', 'is_registered_misprint', ('low', 'high')),
    ('costed_days', 'ratio_between', 'bounds', 1, 'numerator', 'cost_cell_key', ('cost_printed', 'cost_believed'), 0,
        'cost_is_registered_misprint'),
    ('priced_volumes', 'ratio_between', 'bounds', 0, 'result', 'cell_key', ('printed_value', 'believed_value'), 0,
        'is_registered_misprint', ('low', 'high'), 'pair_no = 1'),
    ('priced_volumes', 'ratio_between', 'bounds', '2 * pair_no - 1', 'numerator', 'volume_cell_key',
        ('product_printed', 'product_believed'), 0, 'volume_is_registered_misprint'),
    ('priced_volumes', 'ratio_between', 'bounds', '2 * pair_no', 'factor', 'price_cell_key',
        ('price_printed', 'price_believed'), 0, 'price_is_registered_misprint'),
    ('watched', 'distinct', 'suspicion', 0, 'result', 'cell_key', ('printed_value', 'believed_value'),
        'printed_precision', 'is_registered_misprint'),
    ('likenesses', 'distinct', 'suspicion', 'place_after', 'term', 'later_cell_key', ('later_printed', 'later_believed'),
        'later_precision', 'later_is_registered_misprint')
] %}

-- What guards figures that no identity guards: bounds of single figures, unit costs, and equal figures.
with cells as {{ inlined() }} (

    select * from {{ ref('int_report_cell') }}
    where printed_value is not null

),

facts as {{ inlined() }} (

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

kinds_of_figure as (

    select distinct
        subject,
        measure,
        unit,
        code
    from cells

),

-- The bounds of a code go before those of its whole subject.
bounds_of_kinds as (

    select
        kinds_of_figure.*,
        value_bounds.name as rule_name,
        value_bounds.low,
        value_bounds.high,
        value_bounds.grade,
        value_bounds.reason,
        row_number() over (
            partition by
                kinds_of_figure.subject, kinds_of_figure.measure, kinds_of_figure.unit, kinds_of_figure.code
            order by value_bounds.code nulls last
        ) as choice
    from kinds_of_figure
    inner join value_bounds
        on
            kinds_of_figure.subject = value_bounds.subject
            and kinds_of_figure.measure = value_bounds.measure
            and kinds_of_figure.unit = value_bounds.unit
            and (value_bounds.code is null or kinds_of_figure.code = value_bounds.code)

),

bounded_values as (

    select
        cells.*,
        bounds_of_kinds.rule_name,
        'value bound' as kind,
        bounds_of_kinds.low,
        bounds_of_kinds.high,
        bounds_of_kinds.grade,
        bounds_of_kinds.reason
    from cells
    inner join bounds_of_kinds
        on
            cells.subject = bounds_of_kinds.subject
            and cells.measure = bounds_of_kinds.measure
            and cells.unit = bounds_of_kinds.unit
            and coalesce(cells.code, '') = coalesce(bounds_of_kinds.code, '')
    where bounds_of_kinds.choice = 1

),

bounded_prices as (

    select
        cells.*,
        'unit_cost_' || cells.code as rule_name,
        'unit cost' as kind,
        unit_cost_bounds.low_sek as low,
        unit_cost_bounds.high_sek as high,
        'warning' as grade,
        unit_cost_bounds.reason
    from cells
    inner join unit_cost_bounds on cells.code = unit_cost_bounds.placement_type_code
    where cells.dimension = 'placement_type' and cells.measure = 'unit_price'

),

bounded as (

    select
        {{ check_key('value bound', 'cell_key') }} as check_key,
        rule_name,
        table_no,
        row_no,
        column_no,
        cell_key,
        kind,
        grade,
        reason,
        printed_value,
        believed_value,
        printed_precision,
        is_registered_misprint,
        low,
        high
    from bounded_values

    union all

    select
        {{ check_key('unit cost', 'cell_key') }} as check_key,
        rule_name,
        table_no,
        row_no,
        column_no,
        cell_key,
        kind,
        grade,
        reason,
        printed_value,
        believed_value,
        printed_precision,
        is_registered_misprint,
        low,
        high
    from bounded_prices

),

-- A cost and the days it paid for, in one row of a table: of its own period, and scenario where there are several.
costs_and_days as (

    select
        {{ check_key('unit cost', 'spent.cell_key') }} as check_key,
        'unit_cost_' || stays.code as rule_name,
        'unit cost' as kind,
        unit_cost_bounds.low_sek as low,
        unit_cost_bounds.high_sek as high,
        'warning' as grade,
        unit_cost_bounds.reason,
        stays.table_no,
        stays.row_no,
        stays.column_no,
        stays.cell_key,
        stays.printed_value,
        stays.believed_value,
        stays.printed_precision,
        stays.is_registered_misprint,
        spent.cell_key as cost_cell_key,
        abs(spent.printed_value * spent.factor_to_base) as cost_printed,
        abs(spent.believed_value * spent.factor_to_base) as cost_believed,
        spent.is_registered_misprint as cost_is_registered_misprint,
        row_number() over (
            partition by spent.cell_key order by coalesce(stays.scenario = spent.scenario, false) desc, stays.column_no
        ) as choice
    from cells as stays
    inner join cells as spent
        on
            stays.document_id = spent.document_id
            and stays.table_no = spent.table_no
            and stays.row_no = spent.row_no
            and spent.measure = 'amount'
            and stays.period_start = spent.period_start
            and stays.period_end = spent.period_end
    inner join unit_cost_bounds on stays.code = unit_cost_bounds.placement_type_code
    where stays.dimension = 'placement_type' and stays.measure = 'volume'

),

costed_days as (

    select * from costs_and_days
    where choice = 1

),

-- Volume x price of every type of placement, beside what the report says that placements cost.
priced_volumes as (

    select
        {{ check_key('placement cost', 'spent.cell_key') }} as check_key,
        'placement_cost' as rule_name,
        'placement cost' as kind,
        placement_cost_bounds.low,
        placement_cost_bounds.high,
        'warning' as grade,
        placement_cost_bounds.reason,
        spent.table_no,
        spent.row_no,
        spent.column_no,
        spent.cell_key,
        spent.printed_value * spent.factor_to_base as printed_value,
        spent.believed_value * spent.factor_to_base as believed_value,
        spent.is_registered_misprint,
        volumes.cell_key as volume_cell_key,
        prices.cell_key as price_cell_key,
        -- A misread figure can be a thousand times too large: it has to fail the check, not the query.
        cast(volumes.printed_value as decimal(28, 4)) * prices.printed_value as product_printed,
        cast(volumes.believed_value as decimal(28, 4)) * prices.believed_value as product_believed,
        prices.printed_value as price_printed,
        prices.believed_value as price_believed,
        volumes.is_registered_misprint as volume_is_registered_misprint,
        prices.is_registered_misprint as price_is_registered_misprint,
        row_number() over (partition by spent.cell_key order by volumes.table_no, volumes.row_no) as pair_no
    from facts as spent
    inner join placement_cost_bounds
        on
            spent.municipality_code = placement_cost_bounds.municipality_code
            and spent.dimension = 'activity'
            and spent.code = placement_cost_bounds.activity_code
    inner join facts as volumes
        on
            spent.document_id = volumes.document_id
            and spent.scenario = volumes.scenario
            and spent.period_start = volumes.period_start
            and spent.period_end = volumes.period_end
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

-- The same figure for three periods or scenarios of one series: each figure that others follow is held against them.
listed as (

    select
        *,
        row_number() over (partition by document_id, dimension, code, measure order by cell_key) as series_no,
        lead(cell_key) over (partition by document_id, dimension, code, measure order by cell_key) as next_cell_key
    from facts
    where dimension in ('placement_type', 'activity') and measure in ('amount', 'volume', 'unit_price')

),

watched as (

    select
        {{ check_key('equal figures', 'cell_key') }} as check_key,
        'equal_figures' as rule_name,
        'equal figures' as kind,
        'warning' as grade,
        'Tre lika tal i en serie kan vara ett tal som kopierats.' as reason,
        table_no,
        row_no,
        column_no,
        cell_key,
        printed_value,
        believed_value,
        printed_precision,
        is_registered_misprint
    from listed
    where next_cell_key is not null

),

likenable as (

    select
        *,
        printed_value as value
    from listed

    union all

    select
        *,
        believed_value as value
    from listed
    where believed_value != printed_value

),

-- Of those that follow only what is the same, as printed or as believed: a country has millions that are not.
likenesses as (

    select distinct
        {{ check_key('equal figures', 'earlier.cell_key') }} as check_key,
        later.series_no - earlier.series_no as place_after,
        later.cell_key as later_cell_key,
        later.printed_value as later_printed,
        later.believed_value as later_believed,
        later.printed_precision as later_precision,
        later.is_registered_misprint as later_is_registered_misprint
    from likenable as earlier
    inner join likenable as later
        on
            earlier.document_id = later.document_id
            and earlier.dimension = later.dimension
            and earlier.code = later.code
            and earlier.measure = later.measure
            and earlier.value = later.value
            and earlier.series_no < later.series_no

),

parts as (

    {% for kind_of_part in kinds_of_part %}
        {{ check_part(*kind_of_part) }}
        {% if not loop.last %}

            union all

        {% endif %}
    {% endfor %}

),

final as (

    select
        *,
        false as terms_are_exact,
        cast(1 as decimal(8, 6)) as weight
    from parts

)

select * from final
