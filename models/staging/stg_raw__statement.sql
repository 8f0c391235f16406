with source as (

    select * from {{ source('raw', 'statement') }}

),

renamed as (

    select
        statement_id,
        document_id,
        statement_no,
        name as statement_name,
        -- The same statement said again is name-2, name-3: one rule of the layout.
        regexp_extract(name, '^([^-]+)', 1) as rule_name,
        value_text as printed_text,
        value as printed_value,
        unit,
        precision as printed_precision,
        operation,
        line_no,
        page_no,
        reason
    from source

)

select * from renamed
