with landed as (
    select * from {{ source('dimensions', 'features') }}
),

renamed as (
    select
        {{ as_id('feature_id') }} as feature_id,
        {{ as_id('organization_id') }} as organization_id,
        cast(action as varchar) as action,
        cast(title as varchar) as title,
        {{ as_id('policy_id') }} as policy_id,
        {{ as_id('runbook_id') }} as runbook_id,
        {{ as_id('lesson_id') }} as lesson_id
    from landed
)

select * from renamed
