with people as (
    select * from {{ ref('training_by_person_track') }}
),

coverage as (
    select
        organization_id,
        persona,
        tier,
        track_id,
        count(*) as required_count,
        count(*) filter (where is_trained) as trained_count,
        {{ coverage_rate('count(*) filter (where is_trained)', 'count(*)') }} as coverage_rate,
        count(*) filter (where not is_trained and first_trained_on is not null) as lapsed_count,
        count(*) filter (where is_trained and days_to_expiry <= 30) as expiring_30_days_count,
        avg(days_to_expiry) filter (where is_trained) as average_days_to_expiry,
        max(leaf_index) as leaf_index
    from people
    group by organization_id, persona, tier, track_id
)

select * from coverage
