{#
    Everything that engines write differently. A model calls the macro; the default is Spark's way, duckdb__ is ours.
#}

{# Letters and digits only, lower case: how a label is compared with the labels of the alias seeds. #}
{% macro normalise_label(text) -%}
    {{ return(adapter.dispatch('normalise_label')(text)) }}
{%- endmacro %}

{% macro default__normalise_label(text) -%}
    regexp_replace(lower({{ text }}), '[^\\p{L}\\p{N}]+', '')
{%- endmacro %}

{% macro duckdb__normalise_label(text) -%}
    regexp_replace(lower({{ text }}), '[^\p{L}\p{N}]+', '', 'g')
{%- endmacro %}


{# A label without its years: `Anmälningar 2024` and `Anmälningar 2025` are one. A year is 1900-2099 on its own, not in a number. #}
{% macro without_years(text) -%}
    {{ return(adapter.dispatch('without_years')(text)) }}
{%- endmacro %}

{% macro default__without_years(text) -%}
    regexp_replace({{ text }}, '\\b(19|20)[0-9]{2}\\b', '')
{%- endmacro %}

{% macro duckdb__without_years(text) -%}
    regexp_replace({{ text }}, '\b(19|20)[0-9]{2}\b', '', 'g')
{%- endmacro %}


{# The number a goal is printed with, `1.1` in `1.1. En ekonomi i balans`; null where there is none. #}
{% macro goal_number(text) -%}
    nullif(regexp_extract({{ text }}, '([0-9]+[.][0-9]+)', 1), '')
{%- endmacro %}

{# A number as a seed file writes it: no zeroes at the end. #}
{% macro plain_number(number) -%}
    regexp_replace(cast({{ number }} as string), '[.]?0+$', '')
{%- endmacro %}

{# What follows that number: a heading of goals that ended up before it is not the goal. Null where there is no number. #}
{% macro goal_text(text) -%}
    nullif(regexp_extract({{ text }}, '[0-9]+[.][0-9]+[.]? *(.*)$', 1), '')
{%- endmacro %}


{# How many decimals a printed number shows: 0 for `5 866`, 2 for `-10,21%`, 1 for `8.4`. #}
{% macro printed_decimals(text) -%}
    {{ return(adapter.dispatch('printed_decimals')(text)) }}
{%- endmacro %}

{% macro default__printed_decimals(text) -%}
    length(regexp_extract({{ text }}, '[0-9][,.]([0-9]+)', 1))
{%- endmacro %}


{# The different values of a group, sorted, as an array: the ids of the cells a figure was made from, say. #}
{% macro distinct_array(cell_id) -%}
    {{ return(adapter.dispatch('distinct_array')(cell_id)) }}
{%- endmacro %}

{% macro default__distinct_array(cell_id) -%}
    sort_array(collect_set({{ cell_id }}))
{%- endmacro %}

{% macro duckdb__distinct_array(cell_id) -%}
    list_sort(list_distinct(list({{ cell_id }})))
{%- endmacro %}


{# The same, from rows that already hold such arrays. #}
{% macro merged_array(cell_ids) -%}
    {{ return(adapter.dispatch('merged_array')(cell_ids)) }}
{%- endmacro %}

{% macro default__merged_array(cell_ids) -%}
    sort_array(array_distinct(flatten(collect_list({{ cell_ids }}))))
{%- endmacro %}

{% macro duckdb__merged_array(cell_ids) -%}
    list_sort(list_distinct(flatten(list({{ cell_ids }}))))
{%- endmacro %}


{#
    A quotient in exact decimals, rounded half away from zero to `scale` decimals (five at most); null when the denominator is 0 or
    null. DuckDB's `/` gives DOUBLE, so there the division is one of whole numbers: of 64 bits where neither has more than nine
    digits before its comma, which is twenty times as fast as of the 128 bits that larger ones take. Further decimals of the
    arguments than four are rounded away first.
#}
{% macro decimal_divide(numerator, denominator, scale=2) -%}
    {{ return(adapter.dispatch('decimal_divide')(numerator, denominator, scale)) }}
{%- endmacro %}

{% macro default__decimal_divide(numerator, denominator, scale) -%}
    cast(round(({{ numerator }}) / nullif({{ denominator }}, 0), {{ scale }}) as decimal(28, {{ scale }}))
{%- endmacro %}

{% macro duckdb__decimal_divide(numerator, denominator, scale) -%}
    case
        when abs({{ numerator }}) <= 999999999 and abs({{ denominator }}) <= 999999999
            then {{ _whole_divide(numerator, denominator, scale, 'decimal(13, 4)', 'bigint') }}
        when abs({{ numerator }}) > 999999999 or abs({{ denominator }}) > 999999999
            then {{ _whole_divide(numerator, denominator, scale, 'decimal(38, 4)', 'hugeint') }}
    end
{%- endmacro %}

{% macro _whole_divide(numerator, denominator, scale, exact, whole) -%}
{%- set n -%} cast(cast({{ numerator }} as {{ exact }}) * 10000 as {{ whole }}) {%- endset -%}
{%- set d -%} nullif(cast(cast({{ denominator }} as {{ exact }}) * 10000 as {{ whole }}), 0) {%- endset -%}
    cast(
        cast(
            sign({{ n }}) * sign({{ d }}) * ((2 * {{ 10 ** scale }} * abs({{ n }}) + abs({{ d }})) // (2 * abs({{ d }})))
            as decimal(28, 0)
        ) * cast({{ '%.*f' | format(scale, 10 ** (0 - scale)) }} as decimal(28, {{ scale }}))
        as decimal(28, {{ scale }})
    )
{%- endmacro %}


{#
    An exact decimal of at most four decimals, rounded half away from zero to two. DuckDB rounds one of 128 bits sixty times as
    slowly as one of 64, which hold all but absurd figures.
#}
{% macro two_decimals(expression) -%}
    {{ return(adapter.dispatch('two_decimals')(expression)) }}
{%- endmacro %}

{% macro default__two_decimals(expression) -%}
    cast({{ expression }} as decimal(18, 2))
{%- endmacro %}

{% macro duckdb__two_decimals(expression) -%}
    coalesce(
        cast(try_cast({{ expression }} as decimal(18, 4)) as decimal(18, 2)), cast({{ expression }} as decimal(18, 2))
    )
{%- endmacro %}


{# How often a whole number goes into another, neither of them negative: what `/` is in other languages. #}
{% macro whole_quotient(numerator, denominator) -%}
    {{ return(adapter.dispatch('whole_quotient')(numerator, denominator)) }}
{%- endmacro %}

{% macro default__whole_quotient(numerator, denominator) -%}
    ({{ numerator }} div {{ denominator }})
{%- endmacro %}

{% macro duckdb__whole_quotient(numerator, denominator) -%}
    ({{ numerator }} // {{ denominator }})
{%- endmacro %}


{# One row per element of an array; only in a select list. #}
{% macro unnested(array_column) -%}
    {{ return(adapter.dispatch('unnested')(array_column)) }}
{%- endmacro %}

{% macro default__unnested(array_column) -%}
    explode({{ array_column }})
{%- endmacro %}

{% macro duckdb__unnested(array_column) -%}
    unnest({{ array_column }})
{%- endmacro %}


{# Before a CTE that is read more than once and is cheaper read again than kept: kept, all its rows would be in memory. #}
{% macro inlined() -%}
    {{ return(adapter.dispatch('inlined')()) }}
{%- endmacro %}

{% macro default__inlined() -%}
{%- endmacro %}

{% macro duckdb__inlined() -%}
    not materialized
{%- endmacro %}


{# A number for the columns of a row, nulls included: equal rows have the same, others hardly ever. #}
{% macro row_hash(columns) -%}
    {{ return(adapter.dispatch('row_hash')(columns)) }}
{%- endmacro %}

{% macro default__row_hash(columns) -%}
    xxhash64({{ columns | join(', ') }})
{%- endmacro %}

{% macro duckdb__row_hash(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}
