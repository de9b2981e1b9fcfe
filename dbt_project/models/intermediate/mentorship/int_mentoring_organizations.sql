{{ config(materialized='table') }}

-- Where somebody worked or learned on the day of a request or showing, and mentors on the release's day: of several the
-- organization she joined first, the platform last (`mentorship.profile_repository`). Who belonged nowhere has no row.
with occasions as (
    select
        mentee_id as person_id,
        requested_on as on_date
    from {{ ref('int_mentorships') }}
    union
    select
        mentor_id as person_id,
        requested_on as on_date
    from {{ ref('int_mentorships') }}
    union
    select
        mentor_id as person_id,
        {{ as_of_on() }} as on_date
    from {{ ref('int_mentorships') }}
    union
    select
        person_id,
        case entry when 'mentors_shown' then occurred_on else {{ as_of_on() }} end as on_date
    from {{ ref('int_mentoring_entries') }}
),

memberships as (
    select
        members.person_id,
        members.organization_id,
        members.started_on,
        members.ended_on,
        organizations.kind = 'platform' as is_platform
    from {{ ref('dim_membership') }} as members
    inner join {{ ref('dim_organization') }} as organizations
        on members.organization_id = organizations.organization_id
)

select
    occasions.person_id,
    occasions.on_date,
    memberships.organization_id
from occasions
inner join memberships
    on
        occasions.person_id = memberships.person_id
        and occasions.on_date >= memberships.started_on
        and coalesce(occasions.on_date < memberships.ended_on, true)
qualify
    row_number() over (
        partition by occasions.person_id, occasions.on_date
        order by memberships.is_platform, memberships.started_on, memberships.organization_id
    ) = 1
