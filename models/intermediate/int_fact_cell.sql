{% set same_fact = [
    'dimension', 'code', 'column_code', 'measure', 'scenario', 'period_start', 'period_end', 'list_year'
] %}

with cells as (

    -- `-` and `*` say that there is no value: they are no facts.
    select * from {{ ref('int_report_cell') }}
    where
        code is not null
        and measure in ('amount', 'volume', 'unit_price', 'value')
        and printed_text not in ('-', '–', '*', '**')

),

all_years_columns as (

    select * from {{ ref('all_years_column') }}

),

investment_lines as (

    select * from {{ ref('investment_line') }}

),

facts as (

    select
        {{ cell_id('cells') }} as cell_id,
        cells.cell_key,
        cells.document_id,
        cells.municipality_code,
        cells.as_of,
        cells.dimension,
        cells.code,
        cells.column_code,
        cells.measure,
        cells.scenario,
        case when all_years_columns.column_label is null then 'period' else 'all_years' end as covers,
        -- A baseline may stand without its period: it is then what the report knew last.
        case when cells.scenario = 'baseline' then coalesce(cells.period_start, cells.as_of) else cells.period_start end
            as period_start,
        case when cells.scenario = 'baseline' then coalesce(cells.period_end, cells.as_of) else cells.period_end end
            as period_end,
        -- The next year's report lists other investments: its total over all years is another fact.
        case
            when all_years_columns.column_label is not null and investment_lines.line_role = 'total'
                then cast(extract(year from cells.as_of) as integer)
        end as list_year,
        cells.table_no,
        cells.row_no,
        cells.column_no,
        cells.printed_text,
        cells.printed_value,
        cells.believed_value,
        cells.printed_precision,
        cells.is_registered_misprint,
        cells.unit,
        cells.factor_to_base,
        cast(cells.printed_value * cells.factor_to_base as decimal(28, 4)) as base_value
    from cells
    left join all_years_columns
        on
            cells.municipality_code = all_years_columns.municipality_code
            and cells.subject = all_years_columns.subject
            and {{ normalise_label('cells.column_label') }} = {{ normalise_label('all_years_columns.column_label') }}
    left join investment_lines
        on case when cells.dimension = 'investment_line' then cells.code end = investment_lines.investment_line_code

),

hashed as {{ inlined() }} (

    select
        *,
        {{ row_hash(['document_id'] + same_fact) }} as fact_hash
    from facts

),

-- Most facts are printed once in a report. Two facts with one hash do no harm: they are told apart below.
printed_again as (

    select fact_hash from hashed
    group by fact_hash
    having count(*) > 1

),

-- A report may print the same fact twice; the first print that is no registered misprint speaks for it.
numbered as (

    select
        cell_key,
        row_number() over (
            partition by document_id, {{ same_fact | join(', ') }} order by is_registered_misprint, cell_key
        ) as print_no
    from hashed
    where fact_hash in (select printed_again.fact_hash from printed_again)

),

final as (

    select
        facts.*,
        coalesce(numbered.print_no, 1) as print_no
    from facts
    left join numbered on facts.cell_key = numbered.cell_key

)

select * from final
