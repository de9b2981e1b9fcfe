{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='course_id') }}

-- What a course leads to is a dimension and may change without an entry; the people it concerns then count as touched.
with courses as (
    select * from {{ ref('dim_course') }}
),

links as (
    select
        courses.course_id,
        courses.certification_id,
        {% if is_incremental() %}
        case
            when former.course_id is not null and former.certification_id is not distinct from courses.certification_id
                then former.changed_at_leaf_index
            else {{ var('to_leaf_index') }}
        end as changed_at_leaf_index,
        {% else %}
        cast({{ var('to_leaf_index') }} as bigint) as changed_at_leaf_index,
        {% endif %}
    from courses
    {% if is_incremental() %}
    left join {{ this }} as former on courses.course_id = former.course_id
    {% endif %}
)

select * from links
