{# The days compliance is reported for besides today: 13 month ends back, and 30, 60 and 90 days ahead.

   "On which of these days does it hold?" is kept as one whole number with a bit per day: a required training then takes
   one row instead of seventeen. #}

{% macro reporting_days() -%}
    {%- set today = modules.datetime.date.fromisoformat(as_of_day()) -%}
    {%- set one_day = modules.datetime.timedelta(days=1) -%}
    {%- set days = [] -%}
    {%- set month = namespace(start=today.replace(day=1)) -%}
    {%- for _ in range(13) -%}
        {%- do days.insert(0, {'on': (month.start - one_day).isoformat(), 'is_forecast': false}) -%}
        {%- set month.start = (month.start - one_day).replace(day=1) -%}
    {%- endfor -%}
    {%- do days.append({'on': today.isoformat(), 'is_forecast': false}) -%}
    {%- for ahead in (30, 60, 90) -%}
        {%- do days.append({'on': (today + modules.datetime.timedelta(days=ahead)).isoformat(), 'is_forecast': true}) -%}
    {%- endfor -%}
    {{ return(days) }}
{%- endmacro %}

{# One bit per reporting day on which [held_from, held_until) holds; an open end is null. #}
{% macro calendar_bits(held_from, held_until) -%}
    cast(
        {%- for day in reporting_days() %}
        case
            when {{ held_from }} <= cast('{{ day.on }}' as date)
                and ({{ held_until }} is null or {{ held_until }} > cast('{{ day.on }}' as date)) then {{ 2 ** loop.index0 }}
            else 0
        end{{ ' +' if not loop.last }}
        {%- endfor %}
        as integer
    )
{%- endmacro %}

{# The bit of the release's own day: the last that is no forecast. #}
{% macro today_bit() -%}
    {%- set found = namespace(bit=0) -%}
    {%- for day in reporting_days() if not day.is_forecast -%}
        {%- set found.bit = 2 ** loop.index0 -%}
    {%- endfor -%}
    {{ return(found.bit) }}
{%- endmacro %}

{% macro both_bits(first_bits, second_bits) -%}
    {{ adapter.dispatch('both_bits')(first_bits, second_bits) }}
{%- endmacro %}

{% macro default__both_bits(first_bits, second_bits) -%}
    ({{ first_bits }} & {{ second_bits }})
{%- endmacro %}

{% macro either_bits(first_bits, second_bits) -%}
    ({{ first_bits }} + {{ bits_without(second_bits, first_bits) }})
{%- endmacro %}

{% macro bits_without(bits, excluded_bits) -%}
    ({{ bits }} - {{ both_bits(bits, excluded_bits) }})
{%- endmacro %}

{# First days of the last 24 months, the release's own last. #}
{% macro kpi_months() -%}
    {%- set today = modules.datetime.date.fromisoformat(as_of_day()) -%}
    {%- set months = [] -%}
    {%- for back in range(23, -1, -1) -%}
        {%- set index = today.year * 12 + today.month - 1 - back -%}
        {%- do months.append(modules.datetime.date(index // 12, index % 12 + 1, 1).isoformat()) -%}
    {%- endfor -%}
    {{ return(months) }}
{%- endmacro %}
