with landed as (
    select * from {{ source('dimensions', 'roi_covariances') }}
),

renamed as (
    select
        {{ as_id('estimate_id') }} as estimate_id,
        cast(other_kind as varchar) as other_kind,
        cast(covariance as double) as covariance
    from landed
)

select * from renamed
