{{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{ forget_touched_pairs() }}') }}

-- The certificate of each kind that says most about a member, and what is required and not held at all.
with touched as (
    select * from {{ ref('int_touched_pairs') }}
),

members as (
    select
        members.organization_id,
        members.person_id,
        max(members.leaf_index) as leaf_index
    from {{ ref('dim_membership') }} as members
    inner join touched
        on members.organization_id = touched.organization_id and members.person_id = touched.person_id
    where members.is_current
    group by members.organization_id, members.person_id
),

held as (
    select *
    from {{ ref('fct_certificate') }}
    where not is_withdrawn and person_id in (select touched.person_id from touched)
    qualify row_number() over (
        partition by person_id, certification_id
        order by
            case status when 'active' then 1 when 'pending_verification' then 2 when 'expired' then 3 else 4 end,
            coalesce(expires_on, date '9999-12-31') desc,
            certificate_id
    ) = 1
),

required as (
    select
        required.organization_id,
        required.person_id,
        required.certification_id,
        max(required.leaf_index) as leaf_index
    from {{ ref('fct_required_training') }} as required
    inner join touched
        on required.organization_id = touched.organization_id and required.person_id = touched.person_id
    where required.source = 'requirement' and required.certification_id is not null
    group by required.organization_id, required.person_id, required.certification_id
),

cells as (
    select
        members.organization_id,
        members.person_id,
        held.certification_id
    from members
    inner join held on members.person_id = held.person_id
    union
    select
        required.organization_id,
        required.person_id,
        required.certification_id
    from required
    inner join members
        on required.organization_id = members.organization_id and required.person_id = members.person_id
),

teams as (
    select * from {{ ref('int_current_teams') }}
),

skills as (
    select
        cells.organization_id,
        teams.team_id,
        cells.person_id,
        cells.certification_id,
        held.certificate_id,
        coalesce(held.status, 'missing') as status,
        held.expires_on,
        held.days_to_expiry,
        required.person_id is not null as is_required,
        greatest(members.leaf_index, held.leaf_index, required.leaf_index) as leaf_index
    from cells
    inner join members on cells.organization_id = members.organization_id and cells.person_id = members.person_id
    left join held on cells.person_id = held.person_id and cells.certification_id = held.certification_id
    left join required
        on
            cells.organization_id = required.organization_id
            and cells.person_id = required.person_id
            and cells.certification_id = required.certification_id
    left join teams on cells.organization_id = teams.organization_id and cells.person_id = teams.person_id
)

select * from skills
