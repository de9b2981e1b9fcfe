{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='mentorship_id') }}

{% set steps = [
    ('stg_mentorship_requested', 'pending'),
    ('stg_mentorship_accepted', 'active'),
    ('stg_mentorship_declined', 'declined'),
    ('stg_mentorship_completed', 'completed'),
    ('stg_mentorship_cancelled', 'cancelled'),
] %}

with steps as (
    {% for model, status in steps -%}
    select
        mentorship_id,
        mentor_id,
        mentee_id,
        '{{ status }}' as status,
        {{ utc_date('occurred_at') }} as occurred_on,
        leaf_index
    from {{ ref(model) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

new_states as (
    select
        mentorship_id,
        arg_max(mentor_id, leaf_index) as mentor_id,
        arg_max(mentee_id, leaf_index) as mentee_id,
        arg_max(status, leaf_index) as status,
        arg_max(occurred_on, leaf_index) filter (where status = 'pending') as requested_on,
        arg_max(occurred_on, leaf_index) filter (where status = 'active') as started_on,
        arg_max(occurred_on, leaf_index) filter (where status in ('declined', 'completed', 'cancelled')) as ended_on,
        max(leaf_index) as leaf_index
    from steps
    group by mentorship_id
),

mentorships as (
    {% if is_incremental() %}
    select
        new_states.mentorship_id,
        new_states.mentor_id,
        new_states.mentee_id,
        new_states.status,
        coalesce(new_states.requested_on, former.requested_on) as requested_on,
        coalesce(new_states.started_on, former.started_on) as started_on,
        coalesce(new_states.ended_on, former.ended_on) as ended_on,
        new_states.leaf_index
    from new_states
    left join {{ this }} as former on new_states.mentorship_id = former.mentorship_id
    {% else %}
    select * from new_states
    {% endif %}
)

select * from mentorships
