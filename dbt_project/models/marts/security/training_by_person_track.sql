with members as (
    select
        organization_id,
        person_id,
        persona,
        max(leaf_index) as leaf_index
    from {{ ref('dim_membership') }}
    where is_current and persona is not null
    group by organization_id, person_id, persona
),

personas as (
    select distinct
        organization_id,
        persona
    from members
),

-- An organization's own track stands in for the platform's of the same persona and tier.
tracks as (
    select
        personas.organization_id,
        personas.persona,
        tracks.tier,
        tracks.track_id
    from personas
    inner join {{ ref('dim_track') }} as tracks on personas.persona = tracks.persona
    where tracks.organization_id is null or tracks.organization_id = personas.organization_id
    qualify row_number() over (
        partition by personas.organization_id, personas.persona, tracks.tier
        order by tracks.organization_id is null
    ) = 1
),

standing as (
    select
        person_id,
        track_id,
        bool_or(is_in_date) as is_trained,
        arg_max(level, {{ level_rank('level') }}) filter (
            where is_in_date
        ) as level,
        min(achieved_on) as first_trained_on,
        max(certified_until) filter (where is_in_date) as valid_until,
        max(leaf_index) as leaf_index
    from {{ ref('fct_proficiency') }}
    where
        track_id is not null
        and {{ is_trained_level('level') }}
        and achieved_on <= {{ as_of_on() }}
    group by person_id, track_id
),

people as (
    select
        members.organization_id,
        members.person_id,
        members.persona,
        tracks.tier,
        tracks.track_id,
        standing.level,
        standing.first_trained_on,
        standing.valid_until,
        coalesce(standing.is_trained, false) as is_trained,
        cast({{ days_between(as_of_on(), 'standing.valid_until') }} as integer) as days_to_expiry,
        greatest(members.leaf_index, standing.leaf_index) as leaf_index
    from members
    inner join tracks on members.organization_id = tracks.organization_id and members.persona = tracks.persona
    left join standing on members.person_id = standing.person_id and tracks.track_id = standing.track_id
)

select * from people
