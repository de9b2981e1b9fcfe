with landed as (
    select * from {{ source('dimensions', 'certifications') }}
),

renamed as (
    select
        {{ as_id('certification_id') }} as certification_id,
        cast(name as varchar) as name,
        cast(code as varchar) as code,
        cast(source as varchar) as source,
        cast(issuing_organization as varchar) as issuing_organization,
        cast(category as varchar) as category,
        cast(trade as varchar) as trade,
        cast(validity_period_months as integer) as validity_period_months
    from landed
)

select * from renamed
