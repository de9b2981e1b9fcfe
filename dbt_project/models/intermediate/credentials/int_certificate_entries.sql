{{ config(materialized='incremental', incremental_strategy='append') }}

-- Kept as a table: a person touched later is recomputed from all entries of all their certificates.
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

entries as (
    select
        leaf_index,
        'issued' as entry,
        certificate_id,
        certification_id,
        person_id,
        organization_id,
        issued_on,
        expires_on,
        earned_through,
        is_verified,
        enrollment_id,
        {{ as_id('null') }} as renews_id,
        cast(null as date) as revoked_from
    from issued
    union all
    select
        leaf_index,
        'issued' as entry,
        certificate_id,
        certification_id,
        person_id,
        organization_id,
        issued_on,
        expires_on,
        earned_through,
        is_verified,
        enrollment_id,
        renews_id,
        null as revoked_from
    from renewed
    union all
    select
        leaf_index,
        'verified' as entry,
        certificate_id,
        certification_id,
        person_id,
        organization_id,
        null as issued_on,
        null as expires_on,
        null as earned_through,
        is_verified,
        null as enrollment_id,
        null as renews_id,
        null as revoked_from
    from verified
    union all
    select
        leaf_index,
        'revoked' as entry,
        certificate_id,
        certification_id,
        person_id,
        organization_id,
        null as issued_on,
        null as expires_on,
        null as earned_through,
        null as is_verified,
        null as enrollment_id,
        null as renews_id,
        revoked_from
    from revoked
    union all
    select
        leaf_index,
        'withdrawn' as entry,
        certificate_id,
        certification_id,
        person_id,
        organization_id,
        null as issued_on,
        null as expires_on,
        null as earned_through,
        null as is_verified,
        null as enrollment_id,
        null as renews_id,
        null as revoked_from
    from withdrawn
)

select * from entries
