{# leaf_index is the watermark: a build reads the entries from var from_leaf_index up to, not including, to_leaf_index. #}

{# Rows whose last shaping entry is among the new ones. #}
{% macro is_new(column='leaf_index') -%}
    {{ column }} >= {{ var('from_leaf_index') }}
{%- endmacro %}

{# The file a build runs in must end exactly where the new entries begin, and hold the same day: an incremental run
   cannot re-date what it does not touch. Stops the run with a sentence that says what to do. #}
{% macro check_watermark() -%}
    {%- if execute and flags.WHICH in ('build', 'run') and var('landing_path') -%}
        {%- set first = var('from_leaf_index') | int -%}
        {%- if first > var('to_leaf_index') | int -%}
            {{ exceptions.raise_compiler_error('from_leaf_index lies behind to_leaf_index.') }}
        {%- endif -%}
        {%- set release = adapter.get_relation(database=target.database, schema='marts', identifier='release_information') -%}
        {%- if flags.FULL_REFRESH or release is none -%}
            {%- if first != 0 -%}
                {{ exceptions.raise_compiler_error('A full build reads the ledger from entry 0, not from ' ~ first ~ '.') }}
            {%- endif -%}
        {%- else -%}
            {%- set former = run_query('select ledger_size, cast(as_of as date) from ' ~ release).rows[0] -%}
            {%- if former[0] | int != first -%}
                {{ exceptions.raise_compiler_error('The copied release holds ' ~ former[0] ~ ' entries, the new ones begin at ' ~ first ~ '; run with --full-refresh and from_leaf_index 0.') }}
            {%- endif -%}
            {%- if former[1] | string != as_of_day() -%}
                {{ exceptions.raise_compiler_error('The copied release is of ' ~ former[1] ~ ', this build of ' ~ as_of_day() ~ '; a new day needs --full-refresh.') }}
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
    select 1
{%- endmacro %}
