-- Whatever a return can be asked of: an organization with costs or unit values, each course it paid for or that was
-- estimated there, and each team.
with costs as (
    select * from {{ ref('int_training_costs') }}
),

organizations as (
    select
        organization_id,
        max(leaf_index) as leaf_index
    from (
        select
            organization_id,
            leaf_index
        from costs
        union all
        select
            organization_id,
            leaf_index
        from {{ ref('int_unit_values') }}
    ) as recorded
    group by all
),

courses as (
    select
        organization_id,
        course_id,
        max(leaf_index) as leaf_index
    from (
        select
            organization_id,
            course_id,
            leaf_index
        from costs
        union all
        select
            organization_id,
            course_id,
            leaf_index
        from {{ ref('roi_effect') }}
    ) as recorded
    where course_id is not null
    group by all
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
    cast(null as {{ var('id_type') }}) as team_id,
    leaf_index
from organizations
union all
select
    'course' as level,
    organization_id,
    course_id,
    cast(null as {{ var('id_type') }}) as team_id,
    leaf_index
from courses
union all
select
    'team' as level,
    teams.organization_id,
    cast(null as {{ var('id_type') }}) as course_id,
    teams.team_id,
    organizations.leaf_index
from teams
inner join organizations on teams.organization_id = organizations.organization_id
