{{ config(materialized='table') }}

-- The tree of each rule as rows: certifications joined by all, any and at least so many of crew.
with recursive parts as (
    select
        rule_id,
        cast(requirement as json) as part,
        '1' as path,
        cast(null as varchar) as parent_path,
        1 as depth
    from {{ ref('int_crew_rules') }}
    union all
    select
        parents.rule_id,
        parents.part,
        parents.parent_path || '.' || parents.position as path,
        parents.parent_path,
        parents.depth
    from (
        select
            rule_id,
            {{ json_array_rows('children', 'parts') }} as part,
            {{ json_array_positions('children', 'parts') }} as position,
            path as parent_path,
            depth + 1 as depth
        from (
            select
                *,
                {{ json_under_one_key('part', ['all', 'any'], 'of_crew', 'parts') }} as children
            from parts
        ) as known
        where children is not null
    ) as parents
),

counted as (
    select
        parent_path,
        rule_id,
        cast(count(*) as integer) as part_count
    from parts
    where parent_path is not null
    group by parent_path, rule_id
)

select
    parts.rule_id,
    parts.path,
    parts.parent_path,
    parts.depth,
    case
        when {{ json_text('parts.part', 'certification') }} is not null then 'certification'
        when {{ json_text('parts.part', 'at_least') }} is not null then 'at_least'
        when {{ json_text('parts.part', 'all') }} is not null then 'all'
        when {{ json_text('parts.part', 'any') }} is not null then 'any'
    end as word,
    {{ as_id(json_text('parts.part', 'certification')) }} as certification_id,
    cast({{ json_text('parts.part', 'at_least') }} as integer) as people_needed,
    coalesce(counted.part_count, 0) as part_count
from parts
left join counted on parts.rule_id = counted.rule_id and parts.path = counted.parent_path
