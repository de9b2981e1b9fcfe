"""SQL that makes a large random history in DuckDB: people and catalogue first, then the entries that tell of them.

Everything follows from `hash` of a row's number, so the same size gives the same history. Shares of the event kinds are
those of the simulated industry with one school's history on top. Here is learning; `history_work_sql.py` has the rest.
How much, and where it goes: `ledger_fill.py`.
"""

# Ids are shaped like the product's (UUID version 7, ordered by the time a record came up), as text.
MACROS = """
create macro chance(number, salt) as (hash(number, salt) % 1000003) / 1000003.0;
create macro below(number, salt, size) as (hash(number, salt) % size)::integer;
create macro id_at(instant, name, number) as (
    printf('%012x', epoch_ms(instant)) || '7' || substr(md5(name || number), 1, 3)
    || '8' || substr(md5(name || number), 4, 15)
)::uuid::varchar;
create macro days_after(instant, days) as instant + to_microseconds((days * 86400e6)::bigint);
create macro day_text(instant) as strftime(instant, '%Y-%m-%d');
create macro field(name, value) as '"' || name || '":"' || value || '"';
"""

# Sizes come in as variables: start and now (instants), people, organizations, schools, courses, certifications.
ENTITIES = """
create table organization as
select
    n, id_at(getvariable('start'), 'organization', n) as id,
    case
        when n = 0 then 'platform' when n = 1 then 'building_owner' when n = 2 then 'manufacturer'
        when n < 3 + getvariable('schools') then 'trade_school' else 'service_company'
    end as kind
from range(getvariable('organizations')) as t(n);

create table team as
select o.n * 5 + t.k as n, o.id as organization_id, t.k, id_at(getvariable('start'), 'team', o.n * 5 + t.k) as id
from organization as o cross join range(5) as t(k);

create table certification as
select n, id_at(getvariable('start'), 'certification', n) as id, if(n % 5 = 4, null, 12) as months
from range(getvariable('certifications')) as t(n);

create table course as
select
    c.n, id_at(getvariable('start'), 'course', c.n) as id, o.id as provider_id, o.n as provider,
    o.kind as provider_kind,
    c.n // 2 % 4 = 0 as leads, k.id as certification_id, k.months
from (
    select n, case when n % 2 = 0 then 3 + (n // 2) % getvariable('schools') when n % 10 = 1 then 2 end as provider
    from range(getvariable('courses')) as t(n)
) as c
left join organization as o on o.n = c.provider
join certification as k on k.n = c.n // 8 % getvariable('certifications');

-- Few large organizations and many small ones; the first five people run the platform, two the buildings.
create table person as
select
    n, id_at(joined_at, 'person', n) as id, organization_n, joined_at,
    row_number() over (partition by organization_n order by n) - 1 as rank
from (
    select
        n, days_after(getvariable('start'), 300 * chance(n, 1) * chance(n, 2)) as joined_at,
        case
            when n < 5 then 0 when n < 7 then 1
            when chance(n, 3) < 0.25 then 3 + floor(getvariable('schools') * chance(n, 4) ** 2)::integer
            else 3 + getvariable('schools') + floor(
                (getvariable('organizations') - getvariable('schools') - 3) * chance(n, 4) ** 2
            )::integer
        end as organization_n
    from range(getvariable('people')) as t(n)
);

create table membership as
select
    p.n, id_at(p.joined_at, 'membership', p.n) as id, p.id as person_id, o.id as organization_id, o.kind, p.joined_at,
    case
        when o.kind = 'platform' and p.n % 5 = 0 then 'platform_admin'
        when o.kind = 'platform' and p.n % 5 = 1 then 'content_reviewer'
        when o.kind = 'platform' then 'product_team'
        when o.kind = 'building_owner' then 'building_owner'
        when p.rank = 0 then if(o.kind = 'trade_school', 'school_admin', 'company_manager')
        when p.rank = 1 then 'auditor'
        when p.rank % 15 = 2 then if(o.kind = 'trade_school', 'instructor', 'supervisor')
        when p.rank % 20 = 3 then 'mentor'
        else if(o.kind = 'trade_school', 'student', 'technician')
    end as role,
    case when o.kind in ('trade_school', 'service_company') and p.rank > 1 then t.id end as team_id,
    case
        when o.kind = 'service_company'
            then ['engineer', 'operations', 'security', 'compliance_risk', 'partner_integrator'][p.n % 5 + 1]
    end as persona,
    case when p.rank > 3 and chance(p.n, 5) < 0.1 then days_after(p.joined_at, 60 + 300 * chance(p.n, 6)) end
    as ended_at
from person as p
join organization as o on o.n = p.organization_n
left join team as t on t.n = o.n * 5 + below(p.n, 7, 5);

create table requirement as
select
    r.n, id_at(r.set_at, 'requirement', r.n) as id, o.id as organization_id, r.set_at,
    ['safety', 'equipment', 'compliance', 'management', 'general'][r.n % 5 + 1] as category,
    case when r.k >= 3 then c.id end as course_id,
    case when r.k < 3 then k.id end as certification_id
from (
    select
        o.n * 5 + t.k as n, o.n as organization_n, t.k,
        days_after(getvariable('start'), 300 * chance(o.n * 5 + t.k, 8)) as set_at
    from organization as o cross join range(5) as t(k)
    where o.kind = 'service_company'
) as r
join organization as o on o.n = r.organization_n
join course as c on c.n = (1 + 2 * below(r.n, 9, getvariable('courses') // 2)) % getvariable('courses')
join certification as k on k.n = below(r.n, 10, getvariable('certifications'));

create table enrollment as
select
    e.n, id_at(e.opened_at, 'enrollment', e.n) as id, p.id as person_id, o.id as organization_id,
    c.id as course_id, c.n as course, c.leads, c.certification_id, c.months, e.opened_at, e.outcome,
    row_number() over (partition by e.person, c.n order by e.opened_at) as cycle_number,
    case when e.outcome <> 'open' then days_after(e.opened_at, 15 + 100 * chance(e.n, 11)) end as ended_at
from (
    select
        n, below(n, 12, getvariable('people')) as person,
        days_after(getvariable('start'), getvariable('days') * chance(n, 13)) as opened_at,
        case when chance(n, 14) < 0.76 then 'completed' when chance(n, 14) < 0.87 then 'dropped'
             when chance(n, 14) < 0.94 then 'failed' else 'open' end as outcome
    from range(getvariable('enrollments')) as t(n)
) as e
join person as p on p.n = e.person
join organization as o on o.n = p.organization_n
-- Students learn at their own school, everybody else what the product and the manufacturer offer.
join course as c on c.n = if(
    o.kind = 'trade_school',
    2 * ((o.n - 3) + getvariable('schools') * below(e.n, 15, getvariable('courses') // 2 // getvariable('schools'))),
    1 + 2 * below(e.n, 15, getvariable('courses') // 2)
);

create table certificate as
select
    id_at(ended_at, 'certificate', n) as id, n, person_id, organization_id, certification_id, months,
    id as enrollment_id,
    ended_at as issued_at, 'sitesync_course' as earned_through, true as is_verified, null::varchar as renews_id
from enrollment where leads and outcome = 'completed';

insert into certificate
select
    id_at(opened_at, 'external', e.n), e.n, person_id, organization_id, k.id, k.months, null, opened_at, 'external',
    false, null
from enrollment as e join certification as k on k.n = below(e.n, 16, getvariable('certifications'))
where chance(e.n, 17) < 0.02;

insert into certificate
select
    id_at(days_after(issued_at, 340), 'renewal', c.id), n, person_id, organization_id, certification_id, months, null,
    days_after(issued_at, 340), 'external', true, id
from certificate as c where is_verified and months is not null and chance(n, 18) < 0.8;

create table recipient as
select
    n, id_at(moment, 'recipient', n) as id, id_at(moment, 'assignment', n) as assignment_id, person_id,
    organization_id, course_id, moment,
    ['safety', 'equipment', 'compliance', 'management', 'general'][n % 5 + 1] as category
from (select *, days_after(opened_at, -10 * chance(n, 19)) as moment from enrollment where chance(n, 20) < 0.13);

create table mentorship as
select
    m.n, id_at(m.moment, 'mentorship', m.n) as id, m.person_id, m.organization_id, p.id as mentor_id, m.moment
from (
    select *, days_after(opened_at, 1) as moment, below(n, 21, getvariable('people')) as mentor
    from enrollment where chance(n, 22) < 0.025
) as m
join person as p on p.n = m.mentor
where p.id <> m.person_id;
"""

# kind, subject, organization, instant, body (canonical JSON: keys ascending, no blanks), for the entries of one kind.
ENTRIES: dict[str, str] = {
    "membership.started": """
        select person_id, organization_id, joined_at, '{' || field('membership_id', id) || ','
        || coalesce(field('persona', persona) || ',', '') || field('role', role)
        || ',' || field('started_on', day_text(joined_at)) || coalesce(',' || field('team_id', team_id), '') || '}'
        from membership
    """,
    "membership.ended": """
        select person_id, organization_id, ended_at,
        '{' || field('ended_on', day_text(ended_at)) || ',' || field('membership_id', id) || '}'
        from membership where ended_at is not null
    """,
    "requirement.set": """
        select null, organization_id, set_at, '{' || field('category', category) || ','
        || coalesce(field('certification_id', certification_id), field('course_id', course_id))
        || ',"due_within_days":30,' || field('effective_from', day_text(set_at)) || ','
        || field('requirement_id', id) || '}'
        from requirement
    """,
    "requirement.ended": """
        select null, organization_id, days_after(set_at, 200),
        '{' || field('ended_on', day_text(days_after(set_at, 200))) || ',' || field('requirement_id', id) || '}'
        from requirement where n % 40 = 0
    """,
    "enrollment.opened": """
        select person_id, organization_id, opened_at, '{' || field('course_id', course_id) || ',"cycle_number":'
        || cycle_number || ',' || field('enrollment_id', id) || '}'
        from enrollment
    """,
    "module.completed": """
        select person_id, organization_id, days_after(opened_at, 0.1 + 14 * (k + chance(n * 8 + k, 30)) / 8),
        '{' || field('course_id', course_id) || ',' || field('enrollment_id', id) || ','
        || field('module_id', id_at(getvariable('start'), 'module', course * 8 + k))
        || ',"time_spent_minutes":' || (5 + below(n * 8 + k, 31, 85)) || '}'
        from enrollment, unnest(range(if(outcome = 'completed', 1, 0) + below(n, 32, 3))) as modules(k)
    """,
    "attempt.graded": """
        select person_id, organization_id, moment, '{'
        || field('assessment_id', id_at(getvariable('start'), 'assessment', course * 4 + k)) || ','
        || field('attempt_id', id_at(moment, 'attempt', n * 8 + k)) || ',"attempt_number":1,'
        || field('course_id', course_id) || ',' || field('enrollment_id', id)
        || ',"is_banked":' || if(chance(n * 8 + k, 33) < 0.01, 'true', 'false')
        || if(is_scored, ',"passed":' || if(score >= 70, 'true', 'false') || ',' || field('score', score), '') || '}'
        from (
            select
                *, days_after(opened_at, 0.2 + 14 * (k + chance(n * 8 + k, 34)) / 4) as moment,
                20 + below(n * 8 + k, 35, 81) as score, chance(n * 8 + k, 36) >= 0.001 as is_scored
            from enrollment, unnest(range(1 + below(n, 37, 4))) as attempts(k)
        )
    """,
    "enrollment.completed": """
        select person_id, organization_id, ended_at, '{"ce_credits":"1.5",' || field('course_id', course_id) || ','
        || field('enrollment_id', id) || ',' || field('final_score', 70 + below(n, 38, 31)) || '}'
        from enrollment where outcome = 'completed'
    """,
    "enrollment.dropped": """
        select person_id, organization_id, ended_at,
        '{' || field('course_id', course_id) || ',' || field('enrollment_id', id) || '}'
        from enrollment where outcome = 'dropped'
    """,
    "enrollment.failed": """
        select person_id, organization_id, ended_at,
        '{' || field('course_id', course_id) || ',' || field('enrollment_id', id) || '}'
        from enrollment where outcome = 'failed'
    """,
    "certificate.issued": """
        select person_id, organization_id, issued_at, '{' || field('certificate_id', id) || ','
        || field('certification_id', certification_id) || ',' || field('earned_through', earned_through)
        || coalesce(',' || field('enrollment_id', enrollment_id), '')
        || coalesce(',' || field('expires_on', day_text(issued_at + to_months(months))), '')
        || ',"is_verified":' || if(is_verified, 'true', 'false') || ','
        || field('issued_on', day_text(issued_at)) || '}'
        from certificate where renews_id is null
    """,
    "certificate.renewed": """
        select person_id, organization_id, issued_at, '{' || field('certificate_id', id) || ','
        || field('certification_id', certification_id) || ',' || field('earned_through', earned_through)
        || ',' || field('expires_on', day_text(issued_at + to_months(months)))
        || ',"is_verified":true,' || field('issued_on', day_text(issued_at)) || ','
        || field('renews_id', renews_id) || '}'
        from certificate where renews_id is not null
    """,
    "certificate.verified": """
        select person_id, organization_id, days_after(issued_at, 2), '{' || field('certificate_id', id) || ','
        || field('certification_id', certification_id) || ',"is_verified":true}'
        from certificate where not is_verified and chance(n, 40) < 0.7
    """,
    "certificate.withdrawn": """
        select person_id, organization_id, days_after(issued_at, 3),
        '{' || field('certificate_id', id) || ',' || field('certification_id', certification_id) || '}'
        from certificate where not is_verified and chance(n, 40) >= 0.95
    """,
    "certificate.revoked": """
        select person_id, organization_id, moment, '{' || field('certificate_id', id) || ','
        || field('certification_id', certification_id) || ',' || field('revoked_from', day_text(moment)) || '}'
        from (select *, days_after(issued_at, 100) as moment from certificate where earned_through = 'sitesync_course')
        where chance(n, 41) < 0.01
    """,
    "training.assigned": """
        select person_id, organization_id, moment, '{' || field('assignment_id', assignment_id) || ','
        || field('category', category) || ',' || field('course_id', course_id) || ','
        || field('due_on', day_text(days_after(moment, 45))) || ',"is_mandatory":true,'
        || field('recipient_id', id) || '}'
        from recipient
    """,
    "training.assignment_cancelled": """
        select person_id, organization_id, days_after(moment, 5),
        '{' || field('assignment_id', assignment_id) || ',' || field('recipient_id', id) || '}'
        from recipient where n % 29 = 0
    """,
    "exemption.granted": """
        select r.person_id, r.organization_id, days_after(r.moment, 1), '{' || field('approver_id', p.id) || ','
        || field('ends_on', day_text(days_after(r.moment, 91))) || ','
        || field('exemption_id', id_at(r.moment, 'exemption', r.n)) || ',' || field('recipient_id', r.id) || ','
        || field('starts_on', day_text(days_after(r.moment, 1))) || '}'
        from recipient as r join person as p on p.n = r.n % getvariable('people') where r.n % 31 = 1
    """,
    "exemption.ended": """
        select person_id, organization_id, days_after(moment, 40),
        '{' || field('ended_on', day_text(days_after(moment, 40))) || ','
        || field('exemption_id', id_at(moment, 'exemption', n)) || '}'
        from recipient where n % 31 = 1 and n % 7 = 0
    """,
    "mentorship.requested": """
        select person_id, organization_id, moment,
        '{' || field('mentor_id', mentor_id) || ',' || field('mentorship_id', id)
        || ',"mentorship_type":"general"}'
        from mentorship
    """,
    "mentorship.accepted": """
        select person_id, organization_id, days_after(moment, 1),
        '{' || field('mentor_id', mentor_id) || ',' || field('mentorship_id', id) || '}'
        from mentorship where n % 8 > 0
    """,
    "mentorship.declined": """
        select person_id, organization_id, days_after(moment, 1),
        '{' || field('mentor_id', mentor_id) || ',' || field('mentorship_id', id) || '}'
        from mentorship where n % 8 = 0
    """,
    "mentorship.completed": """
        select person_id, organization_id, days_after(moment, 120),
        '{' || field('mentor_id', mentor_id) || ',' || field('mentorship_id', id) || '}'
        from mentorship where n % 8 in (1, 2)
    """,
    "mentorship.cancelled": """
        select person_id, organization_id, days_after(moment, 30),
        '{' || field('mentor_id', mentor_id) || ',' || field('mentorship_id', id) || '}'
        from mentorship where n % 32 = 3
    """,
}

# In the order of their instants, one stretch of time after another so that no sort outgrows memory. The ledger takes
# the wanted number of them; ids ascend with the instants, and the sequencer goes by the ids.
LEDGER = (
    "create table entry (kind varchar, subject_id varchar, organization_id varchar, moment timestamptz, body varchar)"
)
LEDGER_STRETCH = """
insert into entry
select * from ({kinds}) where moment >= $first and moment < $last order by moment
"""
LEDGER_ROWS = """
select
    printf('%012x', epoch_ms(moment)) || '7000' || '8' || printf('%015x', rowid) as id,
    kind, 1 as version, subject_id, organization_id, moment as occurred_at, moment as recorded_at, body
from entry where rowid < getvariable('entries')
"""

# Rows of the operational tables that the warehouse takes its dimensions from, and that rights are read from.
OPERATIONAL: dict[str, str] = {
    "people": "select id, 'Person ' || n as display_name, true as is_simulated from person",
    "organizations": """
        select id, replace(kind, '_', ' ') || ' ' || n as name, 'organization-' || n as slug, kind, true as is_simulated
        from organization
    """,
    "teams": "select id, organization_id, 'Team ' || (k + 1) as name from team",
    "memberships": """
        select
            id, person_id, organization_id, team_id, role, persona, joined_at::date as started_on,
            ended_at::date as ended_on
        from membership
    """,
    "certification_registry": """
        select id, 'Certification ' || n as name, 'C-' || n as code, 'industry_body' as source,
        'Industry board' as issuing_organization,
        ['equipment', 'safety', 'compliance', 'management'][n % 4 + 1] as category, months as validity_period_months
        from certification
    """,
    "courses": """
        select
            id, 'Course ' || n as title, 'course-' || n as slug,
            case provider_kind when 'trade_school' then 'trade_school' when 'manufacturer' then 'manufacturer'
            else 'sitesync' end as provider_type,
            provider_id, coalesce('Provider ' || provider, 'SiteSync') as provider_name,
            ['safety_certification', 'manufacturer_equipment', 'code_compliance', 'management', 'technology'][n % 5 + 1]
            as category,
            'online_self_paced' as delivery_method, 4 as estimated_hours, leads as leads_to_certification,
            if(leads, certification_id, null) as certification_id, 1.5 as ce_credits, 'published' as status,
            getvariable('start') as published_at
        from course
    """,
    "course_modules": """
        select id_at(getvariable('start'), 'module', c.n * 8 + t.k) as id, c.id as course_id,
        'Module ' || (t.k + 1) as title, t.k as order_index
        from course as c cross join range(4) as t(k)
    """,
    "course_assessments": """
        select id_at(getvariable('start'), 'assessment', c.n * 4 + t.k) as id, c.id as course_id,
        'Quiz ' || (t.k + 1) as title, 'quiz' as assessment_type
        from course as c cross join range(4) as t(k)
    """,
    "training_requirements": """
        select id, organization_id, course_id, certification_id, category, 30 as due_within_days,
        set_at::date as effective_from
        from requirement
    """,
}
