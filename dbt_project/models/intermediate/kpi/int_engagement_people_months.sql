{{ config(materialized='table') }}

with daily as (
    select * from {{ ref('stg_daily_engagement') }}
),

people_months as (
    select
        person_id,
        {{ month_start('on_date') }} as month_on,
        cast(sum(session_count) as bigint) as session_count,
        cast(sum(mobile_session_count) as bigint) as mobile_session_count,
        cast(sum(minutes) as bigint) as minutes
    from daily
    group by all
)

select * from people_months
