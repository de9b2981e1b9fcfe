{# Every ratio of the project goes through here: a share from 0 to 1, null when the group is empty. #}
{% macro share(numerator, denominator) -%}
    cast({{ numerator }} as double) / nullif({{ denominator }}, 0)
{%- endmacro %}
