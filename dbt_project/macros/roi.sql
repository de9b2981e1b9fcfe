{# What training returned: the definitions that the models of `roi` share, the same as `models.roi`. #}

{# Of each outcome what its weight counts: jobs whose result the source told, or months. #}
{% macro outcome_weights() -%}
    {{ return({
        'first_time_fix_rate': 'first_time_fix_known_count',
        'callback_rate': 'callback_known_count',
        'rework_rate': 'rework_known_count',
        'incidents': '1',
        'hours_per_job': 'hours_known_count',
        'units_maintained': '1',
    }) }}
{%- endmacro %}

{# 1 where more of an outcome is better, -1 where less is. #}
{% macro better_direction(outcome_kind) -%}
    case when {{ outcome_kind }} in ('first_time_fix_rate', 'units_maintained') then 1 else -1 end
{%- endmacro %}

{# (benefit - cost) / cost; null without a cost. #}
{% macro return_on(benefit, cost) -%}
    {{ share('(' ~ benefit ~ ' - ' ~ cost ~ ')', cost) }}
{%- endmacro %}
