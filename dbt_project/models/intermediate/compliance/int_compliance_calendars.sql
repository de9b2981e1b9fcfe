{{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{ forget_touched_pairs() }}') }}
-- depends_on: {{ ref('int_touched_pairs') }}

with required as (
    select
        organization_id,
        person_id,
        required_training_id,
        bit_or({{ calendar_bits('required_from', 'required_until') }}) as required_bits
    from {{ ref('int_duties') }}
    group by all
),

completed as (
    select
        organization_id,
        person_id,
        required_training_id,
        bit_or({{ calendar_bits('counts_from', 'counts_until') }}) as completed_bits
    from {{ ref('int_fulfilments') }}
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

calendars as (
    select
        required.organization_id,
        required.person_id,
        required.required_training_id,
        required.required_bits,
        {{ both_bits('required.required_bits', 'coalesce(exempted.exempted_bits, 0)') }} as exempted_bits,
        {{ bits_without(
            both_bits('required.required_bits', 'coalesce(completed.completed_bits, 0)'),
            'coalesce(exempted.exempted_bits, 0)'
        ) }} as completed_bits
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
)

select * from calendars
