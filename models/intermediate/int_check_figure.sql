{{ config(materialized="view") }}

with parts as (

    select * from {{ ref('int_check_part') }}
    where cell_id is not null

),

statements as (

    select * from {{ ref('stg_raw__statement') }}

),

statement_terms as (

    select * from {{ ref('stg_raw__statement_term') }}

),

-- A product of two figures is one part of its statement and no cell, but each of the two can be wrong.
figures as (

    select
        check_id,
        cell_id
    from parts

    union

    select
        statements.statement_id as check_id,
        terms.document_id || '/' || terms.table_no || '/' || terms.row_no || '/' || terms.column_no as cell_id
    from statement_terms as terms
    inner join statements
        on terms.document_id = statements.document_id and terms.statement_no = statements.statement_no

)

select * from figures
