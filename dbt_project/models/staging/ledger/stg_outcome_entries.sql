{% set kinds = {
    'outcome_valued': ['outcome_kind', 'starts_on', 'amount', 'currency'],
    'outcome_month_recorded': [
        'month', 'month_version', 'job_count', 'first_time_fix_count', 'first_time_fix_known_count',
        'callback_count', 'callback_known_count', 'rework_count', 'rework_known_count', 'incident_count',
        'hours', 'hours_known_count', 'units_maintained', 'jobs_sha256',
    ],
    'roi_estimated': [
        'estimate_id', 'outcome_kind', 'course_id', 'state', 'effect', 'low', 'high', 'panel_sha256', 'ledger_size',
    ],
} %}

with entries as (
    {{ subject_entries(kinds) }}
),

renamed as (
    select
        entries.leaf_index,
        entries.entry,
        {{ as_id('entries.subject_id') }} as person_id,
        {{ as_id('entries.organization_id') }} as organization_id,
        entries.outcome_kind,
        cast(entries.starts_on as date) as starts_on,
        cast(entries.amount as decimal(14, 2)) as amount,
        entries.currency,
        cast(entries.month as date) as month,
        cast(entries.month_version as integer) as month_version,
        cast(entries.job_count as bigint) as job_count,
        cast(entries.first_time_fix_count as bigint) as first_time_fix_count,
        cast(entries.first_time_fix_known_count as bigint) as first_time_fix_known_count,
        cast(entries.callback_count as bigint) as callback_count,
        cast(entries.callback_known_count as bigint) as callback_known_count,
        cast(entries.rework_count as bigint) as rework_count,
        cast(entries.rework_known_count as bigint) as rework_known_count,
        cast(entries.incident_count as bigint) as incident_count,
        cast(entries.hours as decimal(14, 2)) as hours,
        cast(entries.hours_known_count as bigint) as hours_known_count,
        cast(entries.units_maintained as bigint) as units_maintained,
        entries.jobs_sha256,
        {{ as_id('entries.estimate_id') }} as estimate_id,
        {{ as_id('entries.course_id') }} as course_id,
        entries.state,
        cast(entries.effect as double) as effect,
        cast(entries.low as double) as low,
        cast(entries.high as double) as high,
        entries.panel_sha256,
        cast(entries.ledger_size as bigint) as ledger_size,
        entries.occurred_at,
        entries.recorded_at
    from entries
)

select * from renamed
