{# A requirement of a crew is at most so many levels deep (`gates.crew_requirements.DEEPEST`). #}
{% macro deepest_crew_rule() -%}
    {{ return(6) }}
{%- endmacro %}

{# How rules name a model: single spaces, lower case (`gates.crew.model_key`). #}
{% macro model_key(model) -%}
    lower(trim({{ adapter.dispatch('single_spaces')(model) }}))
{%- endmacro %}

{% macro default__single_spaces(words) -%}
    regexp_replace({{ words }}, '\s+', ' ', 'g')
{%- endmacro %}

{# Figures of a contractor are compared with how they were so many days before. #}
{% macro trend_days() -%}
    {{ return(90) }}
{%- endmacro %}

{# A figure is compared with those of others when at least so many have one: nobody is to be told apart. #}
{% macro fewest_compared_contractors() -%}
    5
{%- endmacro %}
