with answers as (
    select * from {{ ref('int_contractor_rules') }}
    where on_date = {{ as_of_on() }}
),

visits as (
    select
        owner_id,
        contractor_id,
        min(planned_on) as next_visit_on
    from {{ ref('fct_visit') }}
    where is_ahead
    group by owner_id, contractor_id
),

qualified as (
    select
        rule_id,
        contractor_id,
        until_on
    from {{ ref('int_crew_rule_people') }}
    where depth = 1 and on_date = {{ as_of_on() }}
),

expiring as (
    select
        answers.rule_id,
        answers.contractor_id,
        cast(count(*) as bigint) as expiring_count
    from answers
    inner join visits
        on answers.owner_id = visits.owner_id and answers.contractor_id = visits.contractor_id
    inner join qualified
        on
            answers.rule_id = qualified.rule_id
            and answers.contractor_id = qualified.contractor_id
            and visits.next_visit_on > qualified.until_on
    group by all
)

select
    answers.owner_id,
    answers.contractor_id,
    answers.rule_id,
    answers.unit_count,
    answers.is_covered,
    nullif(answers.covered_until, date '9999-12-31') as covered_until,
    answers.qualified_count,
    answers.is_covered and answers.needed_count > 0 as is_one_deep,
    visits.next_visit_on,
    coalesce(expiring.expiring_count, 0) as expires_before_visit_count,
    answers.leaf_index
from answers
left join visits on answers.owner_id = visits.owner_id and answers.contractor_id = visits.contractor_id
left join expiring on answers.rule_id = expiring.rule_id and answers.contractor_id = expiring.contractor_id
