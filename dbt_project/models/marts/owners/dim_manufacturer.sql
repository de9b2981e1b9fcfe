with manufacturers as (
    select * from {{ ref('stg_manufacturers') }}
)

select
    manufacturer_id,
    name,
    is_maker
from manufacturers
