{{ config(materialized='incremental', incremental_strategy='append') }}

-- Entries are never changed, so a refresh only adds the new ones.
with issued as (
    select * from {{ ref('stg_certificate_issued') }}
),

renewed as (
    select * from {{ ref('stg_certificate_renewed') }}
),

verified as (
    select * from {{ ref('stg_certificate_verified') }}
),

revoked as (
    select * from {{ ref('stg_certificate_revoked') }}
),

withdrawn as (
    select * from {{ ref('stg_certificate_withdrawn') }}
),

asked as (
    select * from {{ ref('stg_verification_entries') }}
    where entry = 'certificate_verification_opened'
),

badges as (
    select * from {{ ref('stg_badge_entries') }}
),

credits as (
    select * from {{ ref('stg_ce_credit_entries') }}
),

renewals as (
    select * from {{ ref('stg_renewal_entries') }}
),

registers as (
    select * from {{ ref('stg_register_entries') }}
    where certificate_id is not null
),

{% set columns = ['certificate_id', 'certification_id', 'person_id', 'organization_id', 'occurred_at'] %}
{% set details = {
    'issued_on': 'cast(null as date)',
    'expires_on': 'cast(null as date)',
    'revoked_from': 'cast(null as date)',
    'is_verified': 'cast(null as boolean)',
    'earned_through': 'cast(null as varchar)',
    'enrollment_id': as_id('null'),
    'path_id': as_id('null'),
    'track_id': as_id('null'),
    'renews_id': as_id('null'),
    'credits': 'cast(null as double)',
    'standing': 'cast(null as varchar)',
} %}
{% set new = ['issued_on', 'expires_on', 'is_verified', 'earned_through', 'enrollment_id', 'path_id', 'track_id'] %}
{% set parts = [
    ('issued', "'issued'", new),
    ('renewed', "'renewed'", new + ['renews_id']),
    ('verified', "'verified'", ['is_verified']),
    ('revoked', "'revoked'", ['revoked_from']),
    ('withdrawn', "'withdrawn'", []),
    ('asked', "'verification_opened'", []),
    ('badges', "'badge_issued'", []),
    ('credits', 'entry', ['credits']),
    ('renewals', "'renewal_opened'", []),
    ('registers', 'entry', ['expires_on', 'standing']),
] %}
entries as (
    {% for part, kind, known in parts -%}
    select
        leaf_index,
        {{ kind }} as event_kind,
        {{ columns | join(', ') }},
    {% for name, nothing in details.items() -%}
    {{ name if name in known else nothing ~ ' as ' ~ name }}{{ ',' if not loop.last }}
    {% endfor %}
    from {{ part }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    leaf_index,
    event_kind,
    certificate_id,
    certification_id,
    person_id,
    organization_id,
    occurred_at,
    {{ utc_date('occurred_at') }} as occurred_on,
    issued_on,
    expires_on,
    revoked_from,
    is_verified,
    earned_through,
    enrollment_id,
    path_id,
    track_id,
    renews_id,
    credits,
    standing
from entries
