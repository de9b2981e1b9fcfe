with landed as (
    select * from {{ source('engagement', 'daily_engagement') }}
),

undone_imports as (
    select * from {{ ref('stg_import_undone') }}
),

renamed as (
    select
        {{ as_id('landed.person_id') }} as person_id,
        {{ as_id('landed.course_id') }} as course_id,
        cast(landed.on_date as date) as on_date,
        {{ as_id('landed.organization_id') }} as organization_id,
        cast(landed.interaction_count as integer) as interaction_count,
        cast(landed.session_count as integer) as session_count,
        cast(landed.mobile_session_count as integer) as mobile_session_count,
        cast(landed.minutes as integer) as minutes
    from landed
    left join undone_imports on landed.import_id = undone_imports.undone_import_text
    where undone_imports.undone_import_text is null
)

select * from renamed
