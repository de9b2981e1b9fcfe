with landed as (
    select * from {{ source('dimensions', 'visits') }}
),

renamed as (
    select
        {{ as_id('visit_id') }} as visit_id,
        {{ as_id('contract_id') }} as contract_id,
        {{ as_id('building_id') }} as building_id,
        {{ as_id('equipment_id') }} as equipment_id,
        cast(planned_on as date) as planned_on,
        cast(status as varchar) as status,
        cast(crew_size as bigint) as crew_size
    from landed
)

select * from renamed
