-- What one unit is worth to an organization on the release's day; a value of nothing is none.
with entries as (
    select * from {{ ref('int_roi_entries') }}
    where entry = 'outcome_valued' and starts_on <= {{ as_of_on() }}
),

in_force as (
    select
        organization_id,
        outcome_kind,
        starts_on,
        amount,
        currency,
        leaf_index
    from entries
    qualify row_number() over (partition by organization_id, outcome_kind order by starts_on desc, leaf_index desc) = 1
)

select * from in_force
where amount > 0
