with entries as (
    select * from {{ ref('int_access_entries') }}
    where waiver_id is not null
),

waivers as (
    select
        waiver_id,
        arg_max(person_id, leaf_index) as person_id,
        arg_max(organization_id, leaf_index) as organization_id,
        arg_max(action, leaf_index) as action,
        arg_max(holds_from, leaf_index) filter (where entry = 'waiver_granted') as holds_from,
        least(
            arg_max(holds_until, leaf_index) filter (where entry = 'waiver_granted'),
            arg_max(holds_until, leaf_index) filter (where entry = 'waiver_ended')
        ) as holds_until,
        max(leaf_index) as leaf_index
    from entries
    group by waiver_id
)

select * from waivers
