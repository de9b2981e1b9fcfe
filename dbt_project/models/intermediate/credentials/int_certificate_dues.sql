{{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{ forget_touched_pairs() }}') }}

-- Certificates with a last day, for each organization whose member the holder was on that day. What was revoked before
-- its last day was not due any more.
with touched as (
    select * from {{ ref('int_touched_pairs') }}
),

members as (
    select
        members.organization_id,
        members.person_id,
        members.started_on,
        members.ended_on
    from {{ ref('dim_membership') }} as members
    inner join touched
        on members.organization_id = touched.organization_id and members.person_id = touched.person_id
),

certificates as (
    select *
    from {{ ref('fct_certificate') }}
    where
        is_verified
        and not is_withdrawn
        and person_id in (select touched.person_id from touched)
),

dues as (
    select distinct
        members.organization_id,
        due.certificate_id,
        due.person_id,
        due.certification_id,
        due.expires_on as due_on,
        renewal.issued_on as renewed_on
    from certificates as due
    inner join members
        on
            due.person_id = members.person_id
            and due.expires_on >= members.started_on
            and due.expires_on < coalesce(members.ended_on, date '9999-12-31')
    left join certificates as renewal on due.renewed_by_id = renewal.certificate_id
    where due.revoked_from is null or due.revoked_from > due.expires_on
)

select
    organization_id,
    certificate_id,
    person_id,
    certification_id,
    due_on,
    renewed_on,
    -- Days before the last day; negative when it was renewed after it.
    cast({{ days_between('renewed_on', 'due_on') }} as integer) as lead_days
from dues
