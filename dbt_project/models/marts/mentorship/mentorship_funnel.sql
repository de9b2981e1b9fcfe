-- By the month of the request and the organization the mentee then belonged to; later steps count in the month of
-- their request, so that each row adds up.
with mentorships as (
    select
        *,
        status in ('active', 'completed') or (status = 'cancelled' and started_on is not null) as is_accepted
    from {{ ref('fct_mentorship') }}
),

requests as (
    select
        organization_id,
        {{ month_start('requested_on') }} as month,
        count(*) as requested_count,
        count(*) filter (where is_from_list) as requested_from_list_count,
        count(*) filter (where status = 'pending') as pending_count,
        count(*) filter (where is_accepted) as accepted_count,
        count(*) filter (where status = 'declined') as declined_count,
        count(*) filter (where status = 'expired') as expired_count,
        count(*) filter (where status = 'cancelled' and not is_accepted) as withdrawn_count,
        count(*) filter (where status = 'active') as active_count,
        count(*) filter (where status = 'completed') as completed_count,
        count(*) filter (where status = 'cancelled' and is_accepted) as ended_early_count,
        cast({{ median_value('days_to_answer') }} as double) as median_days_to_answer,
        max(leaf_index) as leaf_index
    from mentorships
    group by all
),

lists as (
    select
        coalesce(shown.organization_id, organizations.organization_id) as organization_id,
        {{ month_start('shown.occurred_on') }} as month,
        count(distinct shown.showing_id) as shown_count,
        max(shown.leaf_index) as leaf_index
    from {{ ref('int_mentoring_entries') }} as shown
    left join {{ ref('int_mentoring_organizations') }} as organizations
        on shown.person_id = organizations.person_id and shown.occurred_on = organizations.on_date
    where shown.entry = 'mentors_shown'
    group by all
),

months as (
    select
        organization_id,
        month
    from requests
    union
    select
        organization_id,
        month
    from lists
)

select
    months.organization_id,
    months.month,
    cast(coalesce(lists.shown_count, 0) as bigint) as shown_count,
    {% for counted in [
        'requested', 'requested_from_list', 'pending', 'accepted', 'declined', 'expired', 'withdrawn', 'active',
        'completed', 'ended_early',
    ] -%}
    cast(coalesce(requests.{{ counted }}_count, 0) as bigint) as {{ counted }}_count,
    {% endfor -%}
    {{ acceptance_rate('requests.accepted_count', 'requests.requested_count', 'requests.pending_count') }}
        as acceptance_rate,
    {{ completion_rate('requests.completed_count', '(requests.completed_count + requests.ended_early_count)') }}
        as completion_rate,
    requests.median_days_to_answer,
    greatest(requests.leaf_index, lists.leaf_index) as leaf_index
from months
left join requests
    on months.month = requests.month and months.organization_id is not distinct from requests.organization_id
left join lists
    on months.month = lists.month and months.organization_id is not distinct from lists.organization_id
