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

-- Versions of policies after which knowing the former one is no longer enough (`content.recertification`).
new_rules as (
    select distinct
        policy_id,
        policy_version
    from {{ ref('int_content_entries') }}
    where entry = 'policy_version_published' and (changes_scope or changes_controls)
),

reviews as (
    select
        lesson_id,
        lesson_version,
        review_id,
        min(occurred_at) filter (where entry = 'content_review_requested') as requested_at,
        bool_or(entry = 'content_review_requested' and reason = 'policy_change') as is_about_policy,
        bool_or(entry = 'content_reviewed') as is_decided,
        bool_or(entry = 'content_reviewed' and outcome = 'approved') as is_approved
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

-- The looks a changed policy asks for are asked for when it flags the version.
looks as (
    select
        lesson_id,
        lesson_version,
        requested_at,
        bool_and(is_approved) as is_approved
    from reviews
    where is_about_policy
    group by all
),

-- A flag stays until every side approved the version as it is, and for good where scope or controls changed.
flags as (
    select
        entries.lesson_id,
        entries.lesson_version,
        {{ utc_date('min(entries.occurred_at)') }} as flagged_on
    from entries
    left join new_rules
        on entries.policy_id = new_rules.policy_id and entries.policy_version = new_rules.policy_version
    left join looks
        on
            entries.lesson_id = looks.lesson_id
            and entries.lesson_version = looks.lesson_version
            and entries.occurred_at = looks.requested_at
    where
        entries.entry = 'content_flagged'
        and (new_rules.policy_id is not null or not coalesce(looks.is_approved, false))
    group by all
),

marks as (
    select
        lesson_id,
        lesson_version,
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
    versions.status = 'published' and flags.lesson_id is not null as is_flagged,
    case when versions.status = 'published' then flags.flagged_on end as flagged_on,
    marks.leaf_index
from versions
inner join lessons on versions.lesson_id = lessons.lesson_id
left join review_counts
    on versions.lesson_id = review_counts.lesson_id and versions.lesson_version = review_counts.lesson_version
left join flags
    on versions.lesson_id = flags.lesson_id and versions.lesson_version = flags.lesson_version
left join marks
    on versions.lesson_id = marks.lesson_id and versions.lesson_version = marks.lesson_version
