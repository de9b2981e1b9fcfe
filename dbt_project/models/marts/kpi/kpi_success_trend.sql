with kpi_values as (
    select * from {{ ref('int_kpi_values') }}
)

select
    criterion_code,
    month_on,
    value
from kpi_values
