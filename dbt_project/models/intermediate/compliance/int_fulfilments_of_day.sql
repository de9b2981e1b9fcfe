with fulfilments as (
    select * from {{ ref('int_fulfilments') }}
),

-- A completed course is preferred over a certificate that stands for it, then the certificate that lasts longest.
counting as (
    select
        organization_id,
        person_id,
        required_training_id,
        counts_from as completed_on,
        completed_at,
        valid_until
    from fulfilments
    where counts_from <= {{ as_of_on() }} and (counts_until is null or counts_until > {{ as_of_on() }})
    qualify row_number() over (
        partition by organization_id, person_id, required_training_id
        order by
            evidence desc, coalesce(valid_until, cast('9999-12-31' as date)) desc, counts_from desc, leaf_index desc
    ) = 1
),

ever as (
    select
        organization_id,
        person_id,
        required_training_id,
        max(counts_until) filter (where counts_until <= {{ as_of_on() }}) as last_lapsed_on,
        max(leaf_index) as leaf_index
    from fulfilments
    group by all
),

of_day as (
    select
        ever.organization_id,
        ever.person_id,
        ever.required_training_id,
        counting.required_training_id is not null as is_completed,
        counting.completed_on,
        counting.completed_at,
        counting.valid_until,
        case when counting.required_training_id is null then ever.last_lapsed_on end as lapsed_on,
        ever.leaf_index
    from ever
    left join counting
        on
            ever.organization_id = counting.organization_id
            and ever.person_id = counting.person_id
            and ever.required_training_id = counting.required_training_id
)

select * from of_day
