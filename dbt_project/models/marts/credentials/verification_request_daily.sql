with requests as (
    select * from {{ ref('int_verification_requests') }}
)

select
    on_date,
    channel,
    document_format,
    outcome,
    cast(count(*) as bigint) as request_count,
    cast(count(distinct certificate_id) as bigint) as certificate_count,
    max(leaf_index) as leaf_index
from requests
group by all
