with landed as (
    select * from {{ source('dimensions', 'policies') }}
),

renamed as (
    select
        {{ as_id('policy_id') }} as policy_id,
        {{ as_id('organization_id') }} as organization_id,
        cast(code as varchar) as code,
        cast(title as varchar) as title,
        cast(is_critical as boolean) as is_critical,
        cast(latest_version as varchar) as latest_version,
        cast(latest_effective_on as date) as latest_effective_on,
        cast(version_count as bigint) as version_count
    from landed
)

select * from renamed
