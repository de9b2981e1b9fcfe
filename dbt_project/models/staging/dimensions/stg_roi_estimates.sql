with landed as (
    select * from {{ source('dimensions', 'roi_estimates') }}
),

renamed as (
    select
        {{ as_id('estimate_id') }} as estimate_id,
        {{ as_id('organization_id') }} as organization_id,
        {{ as_id('course_id') }} as course_id,
        cast(outcome_kind as varchar) as outcome_kind,
        cast(exposure as double) as exposure,
        cast(half_width as double) as half_width,
        cast(without_training as double) as without_training,
        cast(trained_count as bigint) as trained_count,
        cast(compared_count as bigint) as compared_count,
        cast(month_count as bigint) as month_count,
        cast(pre_trend_p as double) as pre_trend_p,
        cast(placebo_p as double) as placebo_p,
        cast(reason as varchar) as reason,
        cast(what_would_change as varchar) as what_would_change,
        cast(estimated_at as timestamp with time zone) as estimated_at
    from landed
)

select * from renamed
