-- Whatever a return can be asked of: an organization with costs or unit values, each course it paid for or that was
-- estimated there, and each team.
with costs as (
    select * from {{ ref('int_training_costs') }}
),

organizations as (
    select organization_id from costs
    union
    select organization_id from {{ ref('int_unit_values') }}
),

courses as (
    select
        organization_id,
        course_id
    from costs
    where course_id is not null
    union
    select
        organization_id,
        course_id
    from {{ ref('roi_effect') }}
    where course_id is not null
),

teams as (
    select distinct
        organization_id,
        team_id
    from {{ ref('int_last_teams') }}
)

select
    'company' as level,
    organization_id,
    cast(null as {{ var('id_type') }}) as course_id,
    cast(null as {{ var('id_type') }}) as team_id
from organizations
union all
select
    'course' as level,
    organization_id,
    course_id,
    cast(null as {{ var('id_type') }}) as team_id
from courses
union all
select
    'team' as level,
    teams.organization_id,
    cast(null as {{ var('id_type') }}) as course_id,
    teams.team_id
from teams
inner join organizations on teams.organization_id = organizations.organization_id
