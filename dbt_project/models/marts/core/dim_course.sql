with courses as (
    select * from {{ ref('stg_courses') }}
),

modules as (
    select * from {{ ref('stg_course_modules') }}
),

described as (
    select
        courses.course_id,
        courses.title,
        courses.slug,
        courses.provider_type,
        courses.provider_id,
        courses.provider_name,
        courses.category,
        case courses.category
            when 'manufacturer_equipment' then 'equipment'
            when 'safety_certification' then 'safety'
            when 'code_compliance' then 'compliance'
            when 'management' then 'management'
            else 'general'
        end as compliance_category,
        courses.trade,
        courses.level,
        courses.delivery_method,
        courses.estimated_hours,
        case when courses.leads_to_certification then courses.certification_id end as certification_id,
        courses.ce_credits,
        courses.session_starts_on,
        courses.status,
        coalesce(modules.module_count, 0) as module_count,
        courses.published_at
    from courses
    left join modules on courses.course_id = modules.course_id
)

select * from described
