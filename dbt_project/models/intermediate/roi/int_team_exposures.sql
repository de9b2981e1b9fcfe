-- Of the jobs (rates, hours) and months (incidents, units) after training that are on record, each team's share.
with panel as (
    select * from {{ ref('outcome_panel') }}
    where is_after_training
),

weights as (
    {% for kind, weight in outcome_weights().items() -%}
    select
        organization_id,
        team_id,
        '{{ kind }}' as outcome_kind,
        cast(sum({{ weight }}) as double) as weight
    from panel
    group by all
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

shares as (
    select
        organization_id,
        team_id,
        outcome_kind,
        {{ share('weight', 'sum(weight) over (partition by organization_id, outcome_kind)') }} as exposure_share
    from weights
)

select * from shares
where team_id is not null
