{{ config(materialized='table') }}

-- Which technicians of a contractor meet which part of a rule alone, and through which day. On two days: the release's,
-- and the one its figures are compared with.
{% set levels = range(deepest_crew_rule(), 0, -1) | list %}
with days as (
    select {{ as_of_on() }} as on_date
    union all
    select {{ add_days(as_of_on(), -trend_days()) }} as on_date
),

asked as (
    select distinct
        unit_rules.rule_id,
        serviced.contractor_id
    from {{ ref('int_unit_rules') }} as unit_rules
    inner join {{ ref('int_serviced_units') }} as serviced
        on unit_rules.equipment_id = serviced.equipment_id
),

technicians as (
    select distinct
        days.on_date,
        members.organization_id as contractor_id,
        members.person_id
    from {{ ref('dim_membership') }} as members
    inner join days
        on
            members.started_on <= days.on_date
            and (members.ended_on is null or members.ended_on > days.on_date)
    where
        members.role = 'technician'
        and members.organization_id in (select asked.contractor_id from asked)
),

held as (
    select
        technicians.on_date,
        technicians.contractor_id,
        technicians.person_id,
        certificates.certification_id,
        max(coalesce(
            {{ add_days(first_uncounted_on('certificates.expires_on', 'certificates.revoked_from'), -1) }},
            date '9999-12-31'
        )) as until_on
    from {{ ref('fct_certificate') }} as certificates
    inner join technicians on certificates.person_id = technicians.person_id
    where {{ certificate_counts('certificates', 'technicians.on_date') }}
    group by all
),

parts as (
    select * from {{ ref('int_crew_rule_parts') }}
),

alone_by_certificate as (
    select
        held.on_date,
        parts.rule_id,
        asked.contractor_id,
        parts.path,
        parts.parent_path,
        parts.depth,
        held.person_id,
        held.until_on
    from parts
    inner join asked on parts.rule_id = asked.rule_id
    inner join held
        on asked.contractor_id = held.contractor_id and parts.certification_id = held.certification_id
    where parts.word = 'certification'
),

{% for level in levels -%}
alone_{{ level }} as (
    select *
    from alone_by_certificate
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
        below.person_id,
        case when parts.word = 'any' then max(below.until_on) else min(below.until_on) end as until_on
    from parts
    inner join alone_{{ level + 1 }} as below
        on parts.rule_id = below.rule_id and parts.path = below.parent_path
    where parts.depth = {{ level }}
    group by
        below.on_date,
        parts.rule_id,
        below.contractor_id,
        parts.path,
        parts.parent_path,
        parts.depth,
        parts.word,
        parts.part_count,
        below.person_id
    having parts.word in ('any', 'at_least') or count(*) = parts.part_count
    {%- endif %}
),

{% endfor -%}

alone as (
    {% for level in levels -%}
    select * from alone_{{ level }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from alone
