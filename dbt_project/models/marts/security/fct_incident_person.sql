with entries as (
    select * from {{ ref('int_incident_entries') }}
),

incidents as (
    select
        incident_id,
        arg_max(organization_id, leaf_index) as organization_id,
        arg_max(scope, leaf_index) as scope,
        arg_max(occurred_at, leaf_index) as happened_at,
        max(leaf_index) as leaf_index
    from entries
    where entry = 'incident_reported'
    group by incident_id
),

involved as (
    select
        incident_id,
        person_id,
        max(leaf_index) as leaf_index
    from entries
    where entry = 'incident_person_involved'
    group by incident_id, person_id
),

certified as (
    select * from {{ ref('fct_proficiency') }}
    where level = 'certified' and scope is not null
),

people as (
    select
        incidents.incident_id,
        involved.person_id,
        incidents.organization_id,
        incidents.scope,
        incidents.happened_at,
        {{ utc_date('incidents.happened_at') }} as happened_on,
        greatest(incidents.leaf_index, involved.leaf_index) as leaf_index
    from incidents
    inner join involved on incidents.incident_id = involved.incident_id
),

judged as (
    select
        people.incident_id,
        people.person_id,
        people.organization_id,
        people.scope,
        people.happened_at,
        people.happened_on,
        -- Without any certification there is a row without evidence, which certifies nothing.
        coalesce(bool_or(
            certified.recorded_at <= people.happened_at
            and coalesce(certified.expires_on >= people.happened_on, true)
            and (
                coalesce(certified.revoked_from > people.happened_on, true)
                or certified.revoked_at > people.happened_at
            )
        ), false) as was_known_certified,
        coalesce(bool_or(
            certified.evidence_id is not null
            and coalesce(certified.expires_on >= people.happened_on, true)
            and coalesce(certified.revoked_from > people.happened_on, true)
        ), false) as was_certified,
        count(certified.evidence_id) as evidence_count,
        greatest(max(people.leaf_index), max(certified.leaf_index)) as leaf_index
    from people
    left join certified
        on
            people.person_id = certified.person_id
            and people.scope = certified.scope
            and people.happened_at >= certified.achieved_at
    group by all
)

select * from judged
