-- Each contractor's figures for one owner; the coverage of requirements is of the units it services there.
with contracts as (
    select distinct
        owner_id,
        contractor_id
    from {{ ref('dim_service_contract') }}
    where is_current
),

coverage as (
    select
        on_date,
        owner_id,
        contractor_id,
        cast(sum(unit_count) as bigint) as requirement_count,
        cast(coalesce(sum(unit_count) filter (where is_covered), 0) as bigint) as covered_count,
        cast(count(*) filter (where is_covered and needed_count > 0) as bigint) as one_deep_count
    from {{ ref('int_contractor_rules') }}
    group by all
)

select
    training.on_date,
    contracts.owner_id,
    contracts.contractor_id,
    training.technician_count,
    coalesce(coverage.requirement_count, 0) as requirement_count,
    coalesce(coverage.covered_count, 0) as covered_count,
    {{ share('coverage.covered_count', 'coverage.requirement_count') }} as requirement_coverage,
    coalesce(coverage.one_deep_count, 0) as one_deep_count,
    training.certificates_in_date_rate,
    training.training_hours_per_technician,
    training.training_spend_per_technician,
    training.currency
from contracts
inner join {{ ref('int_contractor_training') }} as training
    on contracts.contractor_id = training.contractor_id
left join coverage
    on
        contracts.owner_id = coverage.owner_id
        and contracts.contractor_id = coverage.contractor_id
        and training.on_date = coverage.on_date
