{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='course_id') }}

-- What a course leads to is a dimension and may change without an entry; the people it concerns then count as touched.
with courses as (
    select
        course_id,
        certification_id,
        cast({{ var('to_leaf_index', 0) }} as bigint) as ledger_size
    from {{ ref('dim_course') }}
),

former as (
    {% if is_incremental() %}
    select
        course_id,
        certification_id,
        changed_at_leaf_index
    from {{ this }}
    {% else %}
    select
        course_id,
        certification_id,
        ledger_size as changed_at_leaf_index
    from courses
    where false
    {% endif %}
),

links as (
    select
        courses.course_id,
        courses.certification_id,
        case
            when former.course_id is null then courses.ledger_size
            when
                coalesce(cast(former.certification_id as varchar), '')
                = coalesce(cast(courses.certification_id as varchar), '')
                then former.changed_at_leaf_index
            else courses.ledger_size
        end as changed_at_leaf_index
    from courses
    left join former on courses.course_id = former.course_id
)

select * from links
