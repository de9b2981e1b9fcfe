with landed as (
    select * from {{ source('dimensions', 'learned_models') }}
),

renamed as (
    select
        {{ as_id('model_id') }} as model_id,
        cast(model_kind as varchar) as model_kind,
        cast(model_version as integer) as model_version,
        cast(headline as varchar) as headline,
        cast(ledger_size as bigint) as ledger_size,
        cast(trained_at as timestamp with time zone) as trained_at,
        cast(promoted_at as timestamp with time zone) as promoted_at,
        cast(retired_at as timestamp with time zone) as retired_at
    from landed
)

select * from renamed
