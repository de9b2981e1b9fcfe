-- What the two sides say of whole mentorships, by the month they last said it.
with mentorships as (
    select * from {{ ref('fct_mentorship') }}
)

{% for side in ['mentee', 'mentor'] -%}
select
    organization_id,
    {{ month_start(side ~ '_rated_on') }} as month,
    '{{ side }}' as side,
    cast(count(*) as bigint) as rating_count,
    cast(sum({{ side }}_rating) as bigint) as rating_sum,
    max(leaf_index) as leaf_index
from mentorships
where {{ side }}_rating is not null
group by all
{{ 'union all' if not loop.last }}
{% endfor %}
