{{ config(materialized='table') }}

-- The team of the membership that began last, of those with a team: one for each person, so that months and costs of
-- somebody who changed teams count once, where she is or was last.
with memberships as (
    select * from {{ ref('dim_membership') }}
)

select
    organization_id,
    person_id,
    team_id
from memberships
where team_id is not null
qualify row_number() over (partition by organization_id, person_id order by started_on desc, membership_id asc) = 1
