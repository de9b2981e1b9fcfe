with tracks as (
    select * from {{ ref('stg_tracks') }}
)

select
    track_id,
    organization_id,
    persona,
    tier,
    title,
    lesson_count,
    required_lesson_count
from tracks
