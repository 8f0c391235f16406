with documents as (

    select * from {{ ref('stg_raw__document') }}

),

-- The ledger speaks of every report; a warehouse may hold only some of them.
registered as (

    select ledger.*
    from {{ ref('source_error_ledger') }} as ledger
    inner join documents on {{ document_of('ledger.cell_id') }} = documents.document_id
    left join documents as compared on ledger.against_document_id = compared.document_id
    where ledger.against_document_id is null or compared.document_id is not null

),

-- The registered figures as they are printed: few of a country's.
figures as (

    select
        cells.cell_id,
        {{ cell_key('cells') }} as cell_key,
        cells.printed_value
    from {{ ref('stg_raw__table_cell') }} as cells
    inner join documents on cells.document_id = documents.document_id
    where cells.cell_id in (select registered.cell_id from registered)

    union all

    select
        statements.statement_id as cell_id,
        {{ statement_key('documents.document_no', 'statements.statement_no') }} as cell_key,
        statements.printed_value
    from {{ ref('stg_raw__statement') }} as statements
    inner join documents on statements.document_id = documents.document_id
    where statements.statement_id in (select registered.cell_id from registered)

),

checks as (

    select * from {{ ref('int_check') }}

),

evaluations as {{ inlined() }} (

    select * from {{ ref('int_check_evaluation') }}

),

as_believed as (

    select * from evaluations
    where variant = 'believed'

),

-- A misprint is confirmed by a check that holds when all misprints are put right, and fails with this one as printed.
confirmed_misprints as (

    select distinct alone.variant as cell_id
    from evaluations as alone
    inner join registered on alone.variant = registered.cell_id
    inner join as_believed on alone.check_key = as_believed.check_key
    where as_believed.agrees and not alone.agrees

),

results as (

    select
        registered.cell_id,
        registered.difference as registered_difference,
        (checks.check_class = 'restatement') = (registered.treatment = 'restatement') as is_of_the_treatment,
        checks.check_key
    from checks
    inner join figures on checks.cell_key = figures.cell_key
    inner join registered on figures.cell_id = registered.cell_id

),

-- What the checks of registered figures say as believed: without a misprint, what they say as printed.
registered_checks as (

    select
        results.cell_id,
        results.registered_difference,
        results.is_of_the_treatment,
        case when as_believed.check_key is null then as_printed.difference else as_believed.difference end
            as difference,
        case when as_believed.check_key is null then as_printed.agrees else as_believed.agrees end as agrees
    from evaluations as as_printed
    inner join results on as_printed.check_key = results.check_key
    left join as_believed on as_printed.check_key = as_believed.check_key
    where as_printed.variant = 'printed'

),

-- A difference or a restatement is confirmed by a check of its cell that fails by exactly what is registered.
confirmed_differences as (

    select distinct cell_id
    from registered_checks
    where difference = registered_difference and not agrees and is_of_the_treatment

),

final as (

    select
        registered.cell_id,
        registered.treatment,
        case
            when figures.cell_id is null then 'cellen finns inte'
            when not coalesce(figures.printed_value = registered.printed, false) then 'cellen trycker ett annat tal'
            when registered.printed - registered.expected != registered.difference then 'talen i raden går inte ihop'
            when registered.treatment = 'misprint' and confirmed_misprints.cell_id is null
                then 'ingen kontroll visar felet längre'
            when registered.treatment != 'misprint' and confirmed_differences.cell_id is null
                then 'ingen kontroll visar skillnaden längre'
        end as problem
    from registered
    left join figures on registered.cell_id = figures.cell_id
    left join confirmed_misprints on registered.cell_id = confirmed_misprints.cell_id
    left join confirmed_differences on registered.cell_id = confirmed_differences.cell_id

)

select * from final
