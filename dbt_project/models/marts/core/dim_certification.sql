with certifications as (
    select * from {{ ref('stg_certifications') }}
)

select
    certification_id,
    name,
    code,
    source,
    issuing_organization,
    category,
    trade,
    validity_period_months
from certifications
