{# Dates and instants; everything is UTC. What differs between engines goes through adapter.dispatch. #}

{# The release's day as text, for macros. #}
{% macro as_of_day() -%}
    {{ return(modules.datetime.datetime.fromisoformat(var('as_of')).astimezone(modules.pytz.utc).date().isoformat()) }}
{%- endmacro %}

{# The release's day as SQL: every "today" of the models. #}
{% macro as_of_on() -%}
    cast('{{ as_of_day() }}' as date)
{%- endmacro %}

{% macro utc_date(instant) -%}
    {{ adapter.dispatch('utc_date')(instant) }}
{%- endmacro %}

{% macro default__utc_date(instant) -%}
    cast({{ instant }} at time zone 'UTC' as date)
{%- endmacro %}

{# Plain arithmetic instead of a time zone look-up per row: twenty times faster on millions of rows. #}
{% macro duckdb__utc_date(instant) -%}
    cast(make_timestamp(epoch_us({{ instant }})) as date)
{%- endmacro %}

{% macro add_days(day, count) -%}
    {{ adapter.dispatch('add_days')(day, count) }}
{%- endmacro %}

{% macro default__add_days(day, count) -%}
    cast({{ dbt.dateadd('day', count, day) }} as date)
{%- endmacro %}

{% macro duckdb__add_days(day, count) -%}
    ({{ day }} + cast({{ count }} as integer))
{%- endmacro %}

{# Whole days from the first to the second date. #}
{% macro days_between(first_day, last_day) -%}
    {{ dbt.datediff(first_day, last_day, 'day') }}
{%- endmacro %}

{% macro month_start(day) -%}
    cast({{ dbt.date_trunc('month', day) }} as date)
{%- endmacro %}

{% macro month_end(day) -%}
    {{ dbt.last_day(day, 'month') }}
{%- endmacro %}

{% macro add_months(day, count) -%}
    cast({{ dbt.dateadd('month', count, day) }} as date)
{%- endmacro %}

{# The middle value; the mean of the two middle ones for an even number. #}
{% macro median_value(expression) -%}
    {{ adapter.dispatch('median_value')(expression) }}
{%- endmacro %}

{% macro default__median_value(expression) -%}
    percentile_cont(0.5) within group (order by {{ expression }})
{%- endmacro %}

{% macro duckdb__median_value(expression) -%}
    median({{ expression }})
{%- endmacro %}
