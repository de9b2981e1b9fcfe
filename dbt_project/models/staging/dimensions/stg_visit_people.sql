with landed as (
    select * from {{ source('dimensions', 'visit_people') }}
),

renamed as (
    select
        {{ as_id('visit_id') }} as visit_id,
        {{ as_id('person_id') }} as person_id
    from landed
)

select * from renamed
