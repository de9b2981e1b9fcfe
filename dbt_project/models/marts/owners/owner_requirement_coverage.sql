with asked as (
    select * from {{ ref('int_unit_rules') }}
),

serviced as (
    select * from {{ ref('int_serviced_units') }}
),

answers as (
    select * from {{ ref('int_contractor_rules') }}
    where on_date = {{ as_of_on() }}
),

qualified as (
    select
        rule_id,
        contractor_id,
        until_on
    from {{ ref('int_crew_rule_people') }}
    where depth = 1 and on_date = {{ as_of_on() }}
),

visits as (
    select
        building_id,
        equipment_id,
        contractor_id,
        min(planned_on) as planned_on
    from {{ ref('fct_visit') }}
    where is_ahead
    group by all
),

next_visits as (
    select
        serviced.equipment_id,
        min(visits.planned_on) as next_visit_on
    from serviced
    inner join visits
        on
            serviced.building_id = visits.building_id
            and serviced.contractor_id = visits.contractor_id
            and coalesce(visits.equipment_id, serviced.equipment_id) = serviced.equipment_id
    group by all
),

joined as (
    select
        asked.owner_id,
        asked.building_id,
        asked.equipment_id,
        asked.rule_id,
        asked.mode,
        asked.leaf_index,
        answers.contractor_id,
        answers.is_covered,
        answers.covered_until,
        answers.qualified_count,
        answers.needed_count,
        next_visits.next_visit_on
    from asked
    left join serviced on asked.equipment_id = serviced.equipment_id
    left join answers
        on asked.rule_id = answers.rule_id and serviced.contractor_id = answers.contractor_id
    left join next_visits on asked.equipment_id = next_visits.equipment_id
),

-- Few different questions: counted once for all the units that ask them.
expiring as (
    select
        questions.rule_id,
        questions.contractor_id,
        questions.next_visit_on,
        cast(count(*) as bigint) as expiring_count
    from (
        select distinct
            joined.rule_id,
            joined.contractor_id,
            joined.next_visit_on
        from joined
    ) as questions
    inner join qualified
        on
            questions.rule_id = qualified.rule_id
            and questions.contractor_id = qualified.contractor_id
            and questions.next_visit_on > qualified.until_on
    group by all
)

select
    joined.owner_id,
    joined.building_id,
    joined.equipment_id,
    joined.rule_id,
    joined.mode,
    coalesce(bool_or(joined.is_covered), false) as is_covered,
    cast(count(joined.contractor_id) as bigint) as contractor_count,
    cast(coalesce(sum(joined.qualified_count), 0) as bigint) as qualified_count,
    -- One contractor covers it, and would not without one certain technician.
    count(*) filter (where joined.is_covered) = 1
    and coalesce(max(joined.needed_count) filter (where joined.is_covered), 0) > 0 as is_one_deep,
    joined.next_visit_on,
    coalesce(bool_or(joined.is_covered and joined.covered_until >= joined.next_visit_on), false) as is_covered_on_visit,
    cast(coalesce(sum(expiring.expiring_count), 0) as bigint) as expires_before_visit_count,
    max(joined.leaf_index) as leaf_index
from joined
left join expiring
    on
        joined.rule_id = expiring.rule_id
        and joined.contractor_id = expiring.contractor_id
        and joined.next_visit_on = expiring.next_visit_on
group by
    joined.owner_id,
    joined.building_id,
    joined.equipment_id,
    joined.rule_id,
    joined.mode,
    joined.next_visit_on
