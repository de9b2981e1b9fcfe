with versions as (
    select * from {{ ref('stg_lesson_versions') }}
),

lessons as (
    select * from {{ ref('stg_lessons') }}
),

entries as (
    select * from {{ ref('int_content_entries') }}
    where lesson_id is not null
),

reviews as (
    select
        lesson_id,
        lesson_version,
        review_id,
        min(occurred_at) filter (where entry = 'content_review_requested') as requested_at,
        bool_or(entry = 'content_reviewed') as is_decided
    from entries
    where review_id is not null
    group by all
),

review_counts as (
    select
        lesson_id,
        lesson_version,
        count(*) as review_count,
        count(*) filter (where not is_decided) as open_review_count,
        {{ utc_date('min(requested_at) filter (where not is_decided)') }} as oldest_open_review_on
    from reviews
    group by all
),

marks as (
    select
        lesson_id,
        lesson_version,
        count(distinct policy_id) filter (where entry = 'content_flagged') as flagged_policy_count,
        {{ utc_date("min(occurred_at) filter (where entry = 'content_flagged')") }} as flagged_on,
        max(leaf_index) as leaf_index
    from entries
    group by all
)

select
    versions.lesson_version_id,
    versions.lesson_id,
    lessons.organization_id,
    versions.lesson_version,
    versions.status,
    {{ utc_date('versions.published_at') }} as published_on,
    versions.refresh_due_on,
    coalesce(versions.status = 'published' and versions.refresh_due_on <= {{ as_of_on() }}, false) as is_refresh_due,
    case
        when versions.status = 'published'
            then cast({{ days_between(as_of_on(), 'versions.refresh_due_on') }} as integer)
    end as days_to_refresh,
    coalesce(review_counts.review_count, 0) as review_count,
    coalesce(review_counts.open_review_count, 0) as open_review_count,
    cast({{ days_between('review_counts.oldest_open_review_on', as_of_on()) }} as integer) as oldest_open_review_days,
    versions.status = 'published' and coalesce(marks.flagged_policy_count, 0) > 0 as is_flagged,
    case when versions.status = 'published' then marks.flagged_on end as flagged_on,
    marks.leaf_index
from versions
inner join lessons on versions.lesson_id = lessons.lesson_id
left join review_counts
    on versions.lesson_id = review_counts.lesson_id and versions.lesson_version = review_counts.lesson_version
left join marks
    on versions.lesson_id = marks.lesson_id and versions.lesson_version = marks.lesson_version
