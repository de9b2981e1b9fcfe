with landed as (
    select * from {{ source('dimensions', 'teams') }}
),

renamed as (
    select
        {{ as_id('team_id') }} as team_id,
        {{ as_id('organization_id') }} as organization_id,
        cast(name as varchar) as name
    from landed
)

select * from renamed
