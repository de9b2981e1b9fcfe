with entries as (
    select * from {{ ref('int_practice_entries') }}
    where feature_id is not null
),

daily as (
    select
        organization_id,
        {{ utc_date('occurred_at') }} as on_date,
        action,
        feature_id,
        count(*) filter (where entry = 'tip_shown') as shown_count,
        count(*) filter (where entry = 'tip_dismissed') as dismissed_count,
        count(distinct person_id) as people_count,
        max(leaf_index) as leaf_index
    from entries
    group by all
)

select * from daily
