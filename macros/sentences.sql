{# Sentences one after the other, without those that are null; null where all are. #}
{% macro sentences(parts) -%}
    nullif(trim({% for part in parts %}coalesce({{ part }} || ' ', ''){% if not loop.last %} || {% endif %}{% endfor %}), '')
{%- endmacro %}

{#
    The notes of the municipalities that are compared, in a group of them; of many the place where they stand: put together they
    would grow with every municipality, on the rows of each.
#}
{% macro notes_together() -%}
    case
        when count(notes.note) <= {{ var('notes_put_together') }}
            then {{ dbt.listagg('notes.note', "' '", 'order by municipalities.municipality') }}
        else 'Anmärkningar om ' || count(notes.note) || ' kommuner står i seeds.comparability_note.'
    end
{%- endmacro %}
