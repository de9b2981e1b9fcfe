{# Sources are views over the landed Parquet, made at the start of every run: paths are known at run time only. #}

{% macro create_landing_views() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'test', 'compile', 'show') and var('landing_path') -%}
        {{ adapter.dispatch('create_landing_views')() }}
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{% macro duckdb__create_landing_views() -%}
    create schema if not exists landing;
    {% for source in graph.sources.values() -%}
        {%- if source.source_name == 'ledger' -%}
            {%- set files = var('landing_path') ~ '/entries/kind=' ~ source.meta.kind ~ '/*.parquet' -%}
        {%- elif source.source_name == 'dimensions' -%}
            {%- set files = var('dimensions_path') ~ '/' ~ source.name ~ '.parquet' -%}
        {%- elif var('engagement_path') -%}
            {%- set files = var('engagement_path') ~ '/*.parquet' -%}
        {%- else -%}
            {%- set files = none -%}
        {%- endif %}
        create or replace view landing.{{ source.identifier }} as
        {% if files is not none and (source.source_name != 'engagement' or landing_has_files(files)) -%}
            select * from read_parquet('{{ files }}', hive_partitioning = false);
        {% else -%}
            select
                {% for column in source.columns.values() -%}
                    cast(null as {{ column.data_type }}) as {{ column.name }}{{ ',' if not loop.last }}
                {% endfor %}
            where false;
        {% endif %}
    {% endfor %}
{%- endmacro %}

{# An installation without any telemetry has no engagement file at all. #}
{% macro landing_has_files(pattern) -%}
    {{ return(run_query("select count(*) from glob('" ~ pattern ~ "')").rows[0][0] > 0) }}
{%- endmacro %}
