{# Sources are views over the landed Parquet, made at the start of every run: paths and the range of new entries are
   known at run time only. The views of the models stay the same from run to run, so a refresh need not make them again. #}

{% macro create_landing_views() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'test', 'compile', 'show') and var('landing_path') -%}
        {{ adapter.dispatch('create_landing_views')() }}
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{% macro duckdb__create_landing_views() -%}
    {%- set entry_files = landed_entry_files() -%}
    create schema if not exists landing;
    {% for source in graph.sources.values() -%}
        create or replace view landing.{{ source.identifier }} as
        {% if source.source_name == 'ledger' -%}
            {%- set first = 0 if source.meta.get('is_whole') else var('from_leaf_index') %}
            select * from {{ read_landed(entry_files_of(entry_files, source.meta.kind, first)) }}
            where leaf_index >= {{ first }} and leaf_index < {{ var('to_leaf_index') }};
        {%- elif source.source_name == 'dimensions' %}
            select * from {{ read_landed([var('dimensions_path') ~ '/' ~ source.name ~ '.parquet']) }};
        {%- elif var('engagement_path') and landed_files(var('engagement_path') ~ '/*.parquet') %}
            select * from {{ read_landed([var('engagement_path') ~ '/*.parquet']) }};
        {%- else %}
            select
                {% for column in source.columns.values() -%}
                    cast(null as {{ column.data_type }}) as {{ column.name }}{{ ',' if not loop.last }}
                {% endfor %}
            where false;
        {%- endif %}
    {% endfor %}
{%- endmacro %}

{% macro read_landed(files) -%}
    read_parquet(['{{ files | join("', '") }}'], hive_partitioning = false)
{%- endmacro %}

{% macro landed_files(pattern) -%}
    {{ return(run_query("select file from glob('" ~ pattern ~ "') order by file").columns[0].values()) }}
{%- endmacro %}

{# Parquet files of entries; a segment's manifest is written last, so files of a segment without one do not exist. #}
{% macro landed_entry_files() -%}
    {%- set root = var('landing_path') ~ '/entries/' -%}
    {%- set segments = [] -%}
    {%- for manifest in landed_files(root ~ 'segments/*.json') -%}
        {%- do segments.append(manifest.split('/')[-1][:-5]) -%}
    {%- endfor -%}
    {%- set files = [] -%}
    {%- for file in landed_files(root ~ 'kind=*/*.parquet') -%}
        {%- set name = file.split('/')[-1][:-8] -%}
        {%- if name == 'schema' or name in segments -%}
            {%- do files.append({'path': file, 'kind': file.split('/')[-2][5:], 'name': name}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(files) }}
{%- endmacro %}

{# The kind's files that reach into the range: old segments are not even opened. #}
{% macro entry_files_of(files, kind, first) -%}
    {%- set chosen = [] -%}
    {%- for file in files if file.kind == kind -%}
        {%- if file.name == 'schema' or file.name.split('-')[1] | int > first | int -%}
            {%- do chosen.append(file.path) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(chosen) }}
{%- endmacro %}
