with landed as (
    select * from {{ source('dimensions', 'income_contexts') }}
),

renamed as (
    select
        cast(source as varchar) as source,
        cast(trade as varchar) as trade,
        cast(jurisdiction as varchar) as jurisdiction,
        cast(cohort_year as integer) as cohort_year,
        cast(years_from_certification as integer) as years_from_certification,
        cast(median_income as double) as median_income,
        cast(currency as varchar) as currency,
        cast(person_count as bigint) as person_count
    from landed
)

select * from renamed
