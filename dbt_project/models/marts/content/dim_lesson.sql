with lessons as (
    select * from {{ ref('stg_lessons') }}
),

versions as (
    select
        lesson_id,
        arg_max(lesson_version, published_at) filter (where status = 'published') as published_version,
        arg_max(duration_minutes, published_at) filter (where status = 'published') as duration_minutes,
        arg_max(pass_threshold, published_at) filter (where status = 'published') as pass_threshold,
        arg_max(scope_tags, published_at) filter (where status = 'published') as scope_tags,
        max(published_at) filter (where status = 'published') as published_at,
        max(refresh_due_on) filter (where status = 'published') as refresh_due_on,
        count(*) as version_count
    from {{ ref('stg_lesson_versions') }}
    group by lesson_id
)

select
    lessons.lesson_id,
    lessons.organization_id,
    lessons.code,
    lessons.title,
    lessons.lesson_type,
    lessons.owner_id,
    lessons.course_id,
    versions.published_version,
    versions.duration_minutes,
    versions.pass_threshold,
    versions.scope_tags,
    versions.published_at,
    versions.refresh_due_on,
    coalesce(versions.version_count, 0) as version_count
from lessons
left join versions on lessons.lesson_id = versions.lesson_id
