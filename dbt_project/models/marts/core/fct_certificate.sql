{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='person_id') }}

-- Recomputed person by person: a renewal shapes the certificate it continues, and a line is never split among people.
with recursive entries as (
    select *
    from {{ ref('int_certificate_entries') }}
    {% if is_incremental() %}
    where
        person_id in (
            select person_id from {{ ref('int_certificate_entries') }}
            where {{ is_new() }}
        )
    {% endif %}
),

issued as (
    select *
    from entries
    where entry = 'issued'
    qualify row_number() over (partition by certificate_id order by leaf_index desc) = 1
),

marks as (
    select
        certificate_id,
        arg_max(is_verified, leaf_index) as is_verified,
        arg_max(revoked_from, leaf_index) as revoked_from,
        bool_or(entry = 'withdrawn') as is_withdrawn,
        max(leaf_index) as leaf_index
    from entries
    group by certificate_id
),

held as (
    select
        issued.certificate_id,
        issued.person_id,
        issued.certification_id,
        issued.organization_id,
        issued.issued_on,
        issued.expires_on,
        issued.renews_id,
        issued.earned_through,
        marks.is_verified,
        marks.revoked_from,
        marks.is_withdrawn,
        marks.leaf_index
    from issued
    inner join marks on issued.certificate_id = marks.certificate_id
),

renewals as (
    select
        renews_id as certificate_id,
        arg_max(certificate_id, leaf_index) filter (where not is_withdrawn) as renewed_by_id,
        max(leaf_index) as leaf_index
    from held
    where renews_id is not null
    group by renews_id
),

lines as (
    select
        certificate_id,
        issued_on as first_earned_on
    from held
    where renews_id is null or renews_id not in (select marks.certificate_id from marks)
    union all
    select
        renewal.certificate_id,
        lines.first_earned_on
    from lines
    inner join held as renewal on lines.certificate_id = renewal.renews_id
),

certificates as (
    select
        held.certificate_id,
        held.person_id,
        held.certification_id,
        held.organization_id,
        held.issued_on,
        held.expires_on,
        lines.first_earned_on,
        held.renews_id,
        renewals.renewed_by_id,
        held.earned_through,
        held.is_verified,
        held.revoked_from,
        held.is_withdrawn,
        {{ certificate_status('held') }} as status,
        cast({{ days_between(as_of_on(), 'held.expires_on') }} as integer) as days_to_expiry,
        greatest(held.leaf_index, renewals.leaf_index) as leaf_index
    from held
    left join lines on held.certificate_id = lines.certificate_id
    left join renewals on held.certificate_id = renewals.certificate_id
)

select * from certificates
