with decisions as (
    select * from {{ ref('fct_gate_decision') }}
),

daily as (
    select
        organization_id,
        decided_on as on_date,
        action,
        mode,
        outcome,
        reason,
        count(*) as decision_count,
        count(distinct person_id) as people_count,
        max(leaf_index) as leaf_index
    from decisions
    group by all
)

select * from daily
