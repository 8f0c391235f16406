{% set same_fact = ['dimension', 'code', 'measure', 'scenario', 'period_start', 'period_end'] %}

with cells as (

    -- `-` and `*` say that there is no value: they are no facts.
    select * from {{ ref('int_labelled_cell') }}
    where
        code is not null
        and measure in ('amount', 'volume', 'unit_price', 'value')
        and printed_text not in ('-', '–', '*', '**')

),

facts as (

    select
        cell_id,
        document_id,
        municipality_code,
        as_of,
        dimension,
        code,
        measure,
        scenario,
        -- A baseline may stand without its period: it is then what the report knew last.
        case when scenario = 'baseline' then coalesce(period_start, as_of) else period_start end as period_start,
        case when scenario = 'baseline' then coalesce(period_end, as_of) else period_end end as period_end,
        table_no,
        row_no,
        column_no,
        printed_text,
        printed_value,
        believed_value,
        printed_precision,
        is_registered_misprint,
        unit,
        factor_to_base,
        cast(printed_value * factor_to_base as decimal(28, 4)) as base_value
    from cells

),

ordered as (

    select
        *,
        -- A report may print the same fact twice; the first print that is no registered misprint speaks for it.
        row_number() over (
            partition by document_id, {{ same_fact | join(', ') }}
            order by is_registered_misprint, table_no, row_no, column_no
        ) as print_no
    from facts

)

select * from ordered
