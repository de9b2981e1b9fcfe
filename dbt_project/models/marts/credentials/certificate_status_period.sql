{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='person_id') }}

-- What is known now about each day (`certificate_status` in credentials.rules, for all days at once). When a revocation
-- or a verification was learned is beside it: before that day the certificate was taken for what the events said then.
with events as (
    select * from {{ ref('fct_certificate_event') }}
    where
        event_kind in ('issued', 'renewed', 'verified', 'revoked', 'withdrawn')
    {% if is_incremental() -%}
    and person_id in (
        select new_events.person_id from {{ ref('fct_certificate_event') }} as new_events
        where
            {{ is_new('new_events.leaf_index') }}
            and new_events.event_kind in ('issued', 'renewed', 'verified', 'revoked', 'withdrawn')
    )
    {%- endif %}
),

certificates as (
    select
        certificate_id,
        arg_max(person_id, leaf_index) filter (where event_kind in ('issued', 'renewed')) as person_id,
        arg_max(certification_id, leaf_index) filter (where event_kind in ('issued', 'renewed')) as certification_id,
        arg_max(issued_on, leaf_index) filter (where event_kind in ('issued', 'renewed')) as issued_on,
        -- Null when it never expires, which arg_max would pass over.
        arg_max(coalesce(expires_on, date '9999-12-31'), leaf_index) filter (
            where event_kind in ('issued', 'renewed')
        ) as last_on,
        arg_max(is_verified, leaf_index) as is_verified,
        arg_max(occurred_on, leaf_index) filter (where is_verified is not null) as judged_on,
        arg_max(revoked_from, leaf_index) as revoked_from,
        arg_max(occurred_on, leaf_index) filter (where event_kind = 'revoked') as revoked_on,
        max(occurred_on) filter (where event_kind = 'withdrawn') as withdrawn_on,
        max(leaf_index) as leaf_index
    from events
    group by certificate_id
),

dated as (
    select
        *,
        case
            when withdrawn_on is null then {{ first_uncounted_on('last_on', 'revoked_from') }}
            else issued_on
        end as held_until,
        case
            when withdrawn_on is not null or revoked_from < issued_on then issued_on
            else revoked_from
        end as lost_from
    from certificates
    where issued_on is not null
),

periods as (
    select
        certificate_id,
        person_id,
        certification_id,
        case when is_verified then 'active' else 'pending_verification' end as status,
        issued_on as from_on,
        held_until as until_on,
        judged_on as learned_on,
        leaf_index
    from dated
    union all
    select
        certificate_id,
        person_id,
        certification_id,
        'expired' as status,
        {{ add_days('last_on', 1) }} as from_on,
        lost_from as until_on,
        judged_on as learned_on,
        leaf_index
    from dated
    where last_on < date '9999-12-31' and withdrawn_on is null
    union all
    select
        certificate_id,
        person_id,
        certification_id,
        'revoked' as status,
        lost_from as from_on,
        null as until_on,
        coalesce(withdrawn_on, revoked_on) as learned_on,
        leaf_index
    from dated
    where lost_from is not null
)

select
    certificate_id,
    person_id,
    certification_id,
    status,
    from_on,
    -- The last day, included; null while no end is known.
    case when until_on <= date '9999-12-31' then {{ add_days('until_on', -1) }} end as to_on,
    learned_on,
    leaf_index
from periods
where until_on is null or from_on < until_on
