-- Published statistics: context beside an organization's own estimate, and no part of it.
with incomes as (
    select * from {{ ref('stg_income_contexts') }}
)

select
    source,
    trade,
    jurisdiction,
    cohort_year,
    years_from_certification,
    median_income,
    currency,
    person_count
from incomes
