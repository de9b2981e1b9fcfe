{{ config(materialized='incremental', incremental_strategy='append') }}

-- Who was let in, out or past a rule, who changed the rules, who took evidence away and whose data were erased. An
-- erasure concerns every organization the person ever belonged to: one row for each.
with accounts as (
    select * from {{ ref('stg_account_entries') }}
),

exports as (
    select
        leaf_index,
        entry,
        organization_id,
        person_id,
        cast(null as {{ var('id_type') }}) as approver_id,
        cast(null as varchar) as action,
        cast(null as {{ var('id_type') }}) as policy_id,
        cast(null as varchar) as version,
        cast(null as varchar) as mode,
        cast(null as date) as holds_from,
        cast(null as date) as holds_until,
        bundle_scope,
        record_count,
        occurred_at
    from accounts
    where entry = 'evidence_exported'
),

organizations_of_people as (
    select
        person_id,
        organization_id,
        min(started_on) as started_on
    from {{ ref('dim_membership') }}
    group by person_id, organization_id
),

erasures as (
    select
        accounts.leaf_index,
        accounts.entry,
        members.organization_id,
        accounts.person_id,
        cast(null as {{ var('id_type') }}) as approver_id,
        cast(null as varchar) as action,
        cast(null as {{ var('id_type') }}) as policy_id,
        cast(null as varchar) as version,
        cast(null as varchar) as mode,
        cast(null as date) as holds_from,
        cast(null as date) as holds_until,
        cast(null as varchar) as bundle_scope,
        cast(null as bigint) as record_count,
        accounts.occurred_at
    from accounts
    left join organizations_of_people as members
        on
            accounts.person_id = members.person_id
            and members.started_on <= cast(accounts.occurred_at as date)
    where accounts.entry = 'person_erased'
),

access as (
    select
        leaf_index,
        entry,
        organization_id,
        person_id,
        approver_id,
        action,
        cast(null as {{ var('id_type') }}) as policy_id,
        cast(null as varchar) as version,
        cast(null as varchar) as mode,
        coalesce(granted_on, starts_on) as holds_from,
        coalesce({{ add_days('ends_on', 1) }}, removed_on, ended_on) as holds_until,
        cast(null as varchar) as bundle_scope,
        cast(null as bigint) as record_count,
        occurred_at
    from {{ ref('stg_access_entries') }}
),

rules as (
    select
        leaf_index,
        entry,
        organization_id,
        person_id,
        cast(null as {{ var('id_type') }}) as approver_id,
        action,
        cast(null as {{ var('id_type') }}) as policy_id,
        cast(rule_version as varchar) as version,
        mode,
        effective_from as holds_from,
        ended_on as holds_until,
        cast(null as varchar) as bundle_scope,
        cast(null as bigint) as record_count,
        occurred_at
    from {{ ref('stg_gate_rule_entries') }}
),

policies as (
    select
        leaf_index,
        entry,
        organization_id,
        person_id,
        cast(null as {{ var('id_type') }}) as approver_id,
        cast(null as varchar) as action,
        policy_id,
        policy_version as version,
        cast(null as varchar) as mode,
        effective_on as holds_from,
        cast(null as date) as holds_until,
        cast(null as varchar) as bundle_scope,
        cast(null as bigint) as record_count,
        occurred_at
    from {{ ref('stg_content_entries') }}
    where entry = 'policy_version_published'
),

logged as (
    select * from exports
    union all
    select * from erasures
    union all
    select * from access
    union all
    select * from rules
    union all
    select * from policies
)

select
    leaf_index,
    entry,
    organization_id,
    person_id,
    approver_id,
    action,
    policy_id,
    version,
    mode,
    holds_from,
    holds_until,
    bundle_scope,
    cast(record_count as bigint) as record_count,
    occurred_at
from logged
