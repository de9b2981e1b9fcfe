with landed as (
    select * from {{ source('dimensions', 'courses') }}
),

renamed as (
    select
        {{ as_id('course_id') }} as course_id,
        cast(title as varchar) as title,
        cast(slug as varchar) as slug,
        cast(provider_type as varchar) as provider_type,
        {{ as_id('provider_id') }} as provider_id,
        cast(provider_name as varchar) as provider_name,
        cast(category as varchar) as category,
        cast(trade as varchar) as trade,
        cast(level as varchar) as level,
        cast(delivery_method as varchar) as delivery_method,
        cast(estimated_hours as double) as estimated_hours,
        cast(leads_to_certification as boolean) as leads_to_certification,
        {{ as_id('certification_id') }} as certification_id,
        cast(ce_credits as decimal(10, 2)) as ce_credits,
        cast(session_starts_on as date) as session_starts_on,
        cast(status as varchar) as status,
        cast(published_at as timestamp with time zone) as published_at,
        cast(price as double) as price,
        cast(currency as varchar) as currency
    from landed
)

select * from renamed
