with landed as (
    select * from {{ source('dimensions', 'equipment') }}
),

renamed as (
    select
        {{ as_id('equipment_id') }} as equipment_id,
        {{ as_id('building_id') }} as building_id,
        cast(name as varchar) as name,
        cast(equipment_type as varchar) as equipment_type,
        {{ as_id('manufacturer_id') }} as manufacturer_id,
        cast(model as varchar) as model,
        cast(register_id as varchar) as register_id,
        cast(status as varchar) as status,
        cast(installed_on as date) as installed_on,
        cast(inspected_on as date) as inspected_on
    from landed
)

select * from renamed
