with exemptions as (
    select * from {{ ref('int_exemptions') }}
),

of_day as (
    select
        person_id,
        required_training_id,
        bool_or(starts_on <= {{ as_of_on() }} and holds_until > {{ as_of_on() }}) as is_exempted,
        max(leaf_index) as leaf_index
    from exemptions
    group by all
)

select * from of_day
