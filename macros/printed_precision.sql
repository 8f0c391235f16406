{# The worth of a printed number's last digit, in its own unit: 1 for `5 866`, 0.01 for `-10,21%`. #}
{% macro printed_precision(text) -%}
    cast(
        case {{ printed_decimals(text) }} when 0 then 1 when 1 then 0.1 when 2 then 0.01 when 3 then 0.001 else 0.0001 end
        as decimal(18, 4)
    )
{%- endmacro %}
