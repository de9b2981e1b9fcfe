with landed as (
    select * from {{ source('dimensions', 'service_contracts') }}
),

renamed as (
    select
        {{ as_id('contract_id') }} as contract_id,
        {{ as_id('owner_id') }} as owner_id,
        {{ as_id('contractor_id') }} as contractor_id,
        {{ as_id('building_id') }} as building_id,
        cast(started_on as date) as started_on,
        cast(ended_on as date) as ended_on
    from landed
)

select * from renamed
