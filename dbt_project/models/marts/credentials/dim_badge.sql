with badges as (
    select * from {{ ref('stg_badges') }}
),

certificates as (
    select
        certificate_id,
        person_id,
        certification_id,
        organization_id
    from {{ ref('fct_certificate') }}
)

select
    badges.badge_id,
    badges.certificate_id,
    certificates.person_id,
    certificates.certification_id,
    certificates.organization_id,
    badges.issued_at,
    badges.is_public
from badges
-- A badge given out after the ledger was cut waits for the next release.
inner join certificates on badges.certificate_id = certificates.certificate_id
