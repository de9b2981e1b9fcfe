{# Measures of mentorship, each defined once. #}

{# Requests accepted of those answered or given up: one that still waits counts neither way. #}
{% macro acceptance_rate(accepted, requested, pending) -%}
    {{ share(accepted, '(' ~ requested ~ ' - ' ~ pending ~ ')') }}
{%- endmacro %}

{# An average of ratings is told of at least so many, so that nobody's own can be told from it. #}
{% macro fewest_ratings_shown() -%}
    5
{%- endmacro %}

{# How busy a mentor is asked is counted over so many days, the release's own included. #}
{% macro mentor_load_days() -%}
    90
{%- endmacro %}

{# One row for each word of a text parted by blanks; used alone in a select list. #}
{% macro word_rows(words) -%}
    {{ adapter.dispatch('word_rows')(words) }}
{%- endmacro %}

{% macro default__word_rows(words) -%}
    regexp_split_to_table({{ words }}, ' ')
{%- endmacro %}

{% macro duckdb__word_rows(words) -%}
    unnest(string_split({{ words }}, ' '))
{%- endmacro %}
