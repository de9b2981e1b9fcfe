{{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{ forget_touched_pairs() }}') }}
-- depends_on: {{ ref('int_touched_pairs') }}

-- Due dates and last days become stretches of days here, so that a reporting day needs no look at a date any more.
with duties_by_day as (
    select
        *,
        case when due_on is not null then greatest(required_from, {{ add_days('due_on', 1) }}) end as past_due_from,
        case when due_on is not null then greatest(required_from, {{ add_days('due_on', -14) }}) end as due_soon_from
    from {{ ref('int_duties') }}
),

fulfilments_by_day as (
    select
        *,
        case
            when evidence = 'completion' or valid_until is null then counts_until
            else least(counts_until, {{ add_days('valid_until', -30) }})
        end as lasts_until
    from {{ ref('int_fulfilments') }}
),

required as (
    select
        organization_id,
        person_id,
        required_training_id,
        source,
        bit_or({{ calendar_bits('required_from', 'required_until') }}) as required_bits,
        bit_or({{ calendar_bits('past_due_from', 'required_until') }}) as past_due_bits,
        bit_or({{ calendar_bits('due_soon_from', 'required_until') }}) as due_soon_bits
    from duties_by_day
    group by all
),

completed as (
    select
        organization_id,
        person_id,
        required_training_id,
        bit_or({{ calendar_bits('counts_from', 'counts_until') }}) as completed_bits,
        bit_or({{ calendar_bits('counts_from', 'lasts_until') }}) as lasting_bits,
        bit_or({{ calendar_bits('counts_until', 'cast(null as date)') }}) as lapsed_bits,
        bit_or({{ calendar_bits('counts_until', add_days('counts_until', 1)) }}) as lapses_bits
    from fulfilments_by_day
    group by all
),

exempted as (
    select
        person_id,
        required_training_id,
        bit_or({{ calendar_bits('starts_on', 'holds_until') }}) as exempted_bits
    from {{ ref('int_exemptions') }}
    group by all
),

joined as (
    select
        required.organization_id,
        required.person_id,
        required.required_training_id,
        required.required_bits,
        required.past_due_bits,
        required.due_soon_bits,
        {{ both_bits('required.required_bits', 'coalesce(exempted.exempted_bits, 0)') }} as exempted_bits,
        {{ bits_without(
            both_bits('required.required_bits', 'coalesce(completed.completed_bits, 0)'),
            'coalesce(exempted.exempted_bits, 0)'
        ) }} as completed_bits,
        coalesce(completed.lasting_bits, 0) as lasting_bits,
        -- An assignment keeps its own due date, whatever lapsed before it.
        case when required.source = 'requirement' then coalesce(completed.lapsed_bits, 0) else 0 end as lapsed_bits,
        case when required.source = 'requirement' then coalesce(completed.lapses_bits, 0) else 0 end as lapses_bits
    from required
    left join completed
        on
            required.organization_id = completed.organization_id
            and required.person_id = completed.person_id
            and required.required_training_id = completed.required_training_id
    left join exempted
        on
            required.person_id = exempted.person_id
            and required.required_training_id = exempted.required_training_id
    where required.required_bits > 0
),

unmet as (
    select
        *,
        {{ bits_without(bits_without('required_bits', 'exempted_bits'), 'completed_bits') }} as unmet_bits,
        -- What lapsed is owed from the day it lapsed, anything else from its due date.
        {{ either_bits(
            bits_without('lapsed_bits', 'lapses_bits'), bits_without('past_due_bits', 'lapsed_bits')
        ) }} as owed_bits,
        {{ either_bits('lapses_bits', bits_without('due_soon_bits', 'lapsed_bits')) }} as soon_bits
    from joined
),

calendars as (
    select
        organization_id,
        person_id,
        required_training_id,
        required_bits,
        exempted_bits,
        completed_bits,
        {{ both_bits('unmet_bits', 'owed_bits') }} as overdue_bits,
        {{ bits_without(both_bits('unmet_bits', 'soon_bits'), 'owed_bits') }} as due_14_days_bits,
        {{ bits_without('completed_bits', 'lasting_bits') }} as expiring_30_days_bits,
        {{ both_bits('unmet_bits', 'lapsed_bits') }} as expired_bits
    from unmet
)

select * from calendars
