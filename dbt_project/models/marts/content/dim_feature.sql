with features as (
    select * from {{ ref('stg_features') }}
)

select
    feature_id,
    organization_id,
    action,
    title,
    policy_id,
    lesson_id
from features
