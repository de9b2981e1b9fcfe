with costs as (
    select * from {{ ref('int_training_costs') }}
)

select
    organization_id,
    team_id,
    course_id,
    person_id,
    {{ month_start('incurred_on') }} as month,
    cost_kind,
    currency,
    cast(sum(amount) as decimal(18, 2)) as amount,
    cast(count(*) as bigint) as cost_count,
    max(leaf_index) as leaf_index
from costs
group by all
