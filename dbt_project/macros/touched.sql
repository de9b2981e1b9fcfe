{# Compliance rows are recomputed for whole (organization, person) pairs: rows of touched pairs go before new ones come,
   so that a pair that has nothing left to do keeps no row. Used as a pre-hook with the append strategy. #}
{% macro forget_touched_pairs() -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where (organization_id, person_id) in (select (organization_id, person_id) from {{ ref('int_touched_pairs') }})
    {%- endif -%}
{%- endmacro %}
