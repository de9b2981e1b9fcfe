{# `where: touched` on a test of a large fact: in an incremental run only the rows the new entries shaped are tested,
   the others were when they were built. #}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where', '') -%}
    {%- if where == 'touched' -%}
        {%- if var('from_leaf_index') | int > 0 -%}
            (select * from {{ relation }} where {{ is_new() }}) dbt_subquery
        {%- else -%}
            {{ relation }}
        {%- endif -%}
    {%- elif where -%}
        (select * from {{ relation }} where {{ where }}) dbt_subquery
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}
