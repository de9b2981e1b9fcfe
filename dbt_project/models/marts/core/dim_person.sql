with people as (
    select * from {{ ref('stg_people') }}
)

select
    person_id,
    display_name,
    is_simulated,
    timezone
from people
