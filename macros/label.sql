{# The label of a cell (a relation's name), from the place its subject says: label_from of seed subject. #}
{% macro label_of(label_from, cell) -%}
    case {{ label_from }}
        when 'table_title' then {{ cell }}.table_title
        when 'table_title_and_row_label' then {{ cell }}.table_title || ' / ' || {{ cell }}.row_label
        else {{ cell }}.row_label
    end
{%- endmacro %}

{# What labels are compared by: their letters and digits, without the year where it is the figures' own (year_in_label). #}
{% macro label_key(label, year_in_label) -%}
    {{ normalise_label("case when " ~ year_in_label ~ " then " ~ without_years(label) ~ " else " ~ label ~ " end") }}
{%- endmacro %}
