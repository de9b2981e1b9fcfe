{{ config(materialized='table') }}

-- Whether a contractor's technicians together meet a rule (`decide_crew` in gates.crew, asked about all of them at
-- once), through which day, and without whom they would not. On the release's day and the one it is compared with.
{% set levels = range(deepest_crew_rule(), 0, -1) | list %}
with asked as (
    select
        unit_rules.owner_id,
        unit_rules.rule_id,
        serviced.contractor_id,
        cast(count(distinct unit_rules.equipment_id) as bigint) as unit_count,
        max(unit_rules.leaf_index) as leaf_index
    from {{ ref('int_unit_rules') }} as unit_rules
    inner join {{ ref('int_serviced_units') }} as serviced
        on unit_rules.equipment_id = serviced.equipment_id
    group by all
),

parts as (
    select * from {{ ref('int_crew_rule_parts') }}
),

alone as (
    select * from {{ ref('int_crew_rule_people') }}
),

ranked as (
    select
        alone.*,
        parts.people_needed,
        parts.path as asking_path,
        parts.parent_path as asking_parent_path,
        parts.depth as asking_depth,
        row_number() over (
            partition by alone.on_date, alone.rule_id, alone.contractor_id, alone.path
            order by alone.until_on desc, alone.person_id asc
        ) as place,
        count(*) over (
            partition by alone.on_date, alone.rule_id, alone.contractor_id, alone.path
        ) as people_count
    from alone
    inner join parts on alone.rule_id = parts.rule_id and alone.parent_path = parts.path
    where parts.word = 'at_least'
),

-- What is asked of the crew itself: a certification of anybody in it, or so many people.
met_directly as (
    select
        alone.on_date,
        alone.rule_id,
        alone.contractor_id,
        parts.path,
        parts.parent_path,
        parts.depth,
        max(alone.until_on) as until_on
    from alone
    inner join parts on alone.rule_id = parts.rule_id and alone.path = parts.path
    where parts.word = 'certification'
    group by all
    union all
    select
        on_date,
        rule_id,
        contractor_id,
        asking_path as path,
        asking_parent_path as parent_path,
        asking_depth as depth,
        until_on
    from ranked
    where place = people_needed
),

needed_directly as (
    select
        alone.on_date,
        alone.rule_id,
        alone.contractor_id,
        parts.path,
        parts.parent_path,
        parts.depth,
        min(alone.person_id) as person_id
    from alone
    inner join parts on alone.rule_id = parts.rule_id and alone.path = parts.path
    where parts.word = 'certification'
    group by all
    having count(*) = 1
    union all
    select
        on_date,
        rule_id,
        contractor_id,
        asking_path as path,
        asking_parent_path as parent_path,
        asking_depth as depth,
        person_id
    from ranked
    where people_count = people_needed
),

{% for level in levels -%}
met_{{ level }} as (
    select *
    from met_directly
    where depth = {{ level }}
    {% if not loop.first -%}
    union all
    select
        below.on_date,
        parts.rule_id,
        below.contractor_id,
        parts.path,
        parts.parent_path,
        parts.depth,
        case when parts.word = 'any' then max(below.until_on) else min(below.until_on) end as until_on
    from parts
    inner join met_{{ level + 1 }} as below
        on parts.rule_id = below.rule_id and parts.path = below.parent_path
    where parts.depth = {{ level }} and parts.word in ('all', 'any')
    group by
        below.on_date,
        parts.rule_id,
        below.contractor_id,
        parts.path,
        parts.parent_path,
        parts.depth,
        parts.word,
        parts.part_count
    having parts.word = 'any' or count(*) = parts.part_count
    {%- endif %}
),

needed_{{ level }} as (
    select *
    from needed_directly
    where depth = {{ level }}
    {% if not loop.first -%}
    union all
    -- All of it breaks with any of its parts, any of it only with every part that is met.
    select
        below.on_date,
        parts.rule_id,
        below.contractor_id,
        parts.path,
        parts.parent_path,
        parts.depth,
        below.person_id
    from parts
    inner join needed_{{ level + 1 }} as below
        on parts.rule_id = below.rule_id and parts.path = below.parent_path
    inner join met_{{ level }} as met
        on
            parts.rule_id = met.rule_id
            and parts.path = met.path
            and below.on_date = met.on_date
            and below.contractor_id = met.contractor_id
    inner join (
        select
            on_date,
            rule_id,
            contractor_id,
            parent_path,
            count(*) as met_count
        from met_{{ level + 1 }}
        group by all
    ) as parts_met
        on
            parts.rule_id = parts_met.rule_id
            and parts.path = parts_met.parent_path
            and below.on_date = parts_met.on_date
            and below.contractor_id = parts_met.contractor_id
    where parts.depth = {{ level }} and parts.word in ('all', 'any')
    group by
        below.on_date,
        parts.rule_id,
        below.contractor_id,
        parts.path,
        parts.parent_path,
        parts.depth,
        parts.word,
        parts_met.met_count,
        below.person_id
    having parts.word = 'all' or count(*) = parts_met.met_count
    {%- endif %}
),

{% endfor -%}

days as (
    select {{ as_of_on() }} as on_date
    union all
    select {{ add_days(as_of_on(), -trend_days()) }} as on_date
),

people as (
    select
        on_date,
        rule_id,
        contractor_id,
        cast(count(*) as bigint) as qualified_count
    from alone
    where depth = 1
    group by all
),

needed as (
    select
        on_date,
        rule_id,
        contractor_id,
        cast(count(*) as bigint) as needed_count
    from needed_1
    group by all
)

select
    days.on_date,
    asked.owner_id,
    asked.rule_id,
    asked.contractor_id,
    asked.unit_count,
    met.until_on is not null as is_covered,
    met.until_on as covered_until,
    coalesce(people.qualified_count, 0) as qualified_count,
    coalesce(needed.needed_count, 0) as needed_count,
    asked.leaf_index
from asked
cross join days
left join met_1 as met
    on asked.rule_id = met.rule_id and asked.contractor_id = met.contractor_id and days.on_date = met.on_date
left join people
    on
        asked.rule_id = people.rule_id
        and asked.contractor_id = people.contractor_id
        and days.on_date = people.on_date
left join needed
    on
        asked.rule_id = needed.rule_id
        and asked.contractor_id = needed.contractor_id
        and days.on_date = needed.on_date
