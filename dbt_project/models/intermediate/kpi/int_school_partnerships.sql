-- A trade school is a partner from the day its first course was published or its first member joined.
with schools as (
    select * from {{ ref('dim_organization') }}
    where kind = 'trade_school'
),

first_days as (
    select
        provider_id as organization_id,
        {{ utc_date('min(published_at)') }} as first_on
    from {{ ref('dim_course') }}
    where published_at is not null
    group by all
    union all
    select
        organization_id,
        min(started_on) as first_on
    from {{ ref('dim_membership') }}
    group by all
),

partnerships as (
    select
        schools.organization_id,
        min(first_days.first_on) as partner_since
    from schools
    inner join first_days on schools.organization_id = first_days.organization_id
    group by all
)

select * from partnerships
