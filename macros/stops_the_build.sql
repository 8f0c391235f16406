{# Whether a check of reconciliation with this status stops the build; what is not known to be settled does, NULL too. #}
{% macro stops_the_build(status) -%}
    coalesce(
        {{ status }} not in (
            'agrees', 'rounding', 'registered source error', 'restatement', 'reviewed warning', 'note'
        ),
        true
    )
{%- endmacro %}
