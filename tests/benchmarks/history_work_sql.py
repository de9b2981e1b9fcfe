"""SQL for the part of the large history that tells of work: lessons, gates, tips, meetings, education, jobs and cost.

It stands on the tables of `history_sql.py` and on what the product ships, which `ledger_fill.py` hands over as the
tables `shipped_lesson` (n, id, lesson_type, version, scope, policy_id, runbook_id), `shipped_track` (n, id, persona)
and `shipped_feature` (n, id, action, lesson_id, rule_id, scope). Shares are those of the simulated industry.
"""

ENTITIES = """
create table lesson_attempt as
select
    e.n, id_at(e.moment, 'lesson attempt', e.n) as id, e.person_id, e.organization_id, e.moment, l.id as lesson_id,
    l.lesson_type, l.version, l.scope, t.id as track_id, t.persona, e.passed,
    if(e.passed, 80 + 10 * below(e.n, 50, 3), 25 * below(e.n, 50, 4)) as score
from (
    select
        n, person_id, organization_id, days_after(opened_at, 1 + chance(n, 51)) as moment,
        chance(n, 52) < 0.85 as passed
    from enrollment where chance(n, 53) < 0.36
) as e
join shipped_lesson as l on l.n = below(e.n, 54, (select count(*) from shipped_lesson))
join shipped_track as t on t.n = below(e.n, 55, (select count(*) from shipped_track));

-- What a passed lesson proves: two levels of its scope, and of each fourth the track.
create table evidence as
select a.*, k.k, id_at(a.moment, 'evidence', a.n * 4 + k.k) as evidence_id, a.moment::date + 365 as expires_on
from lesson_attempt as a cross join range(3) as k(k)
where a.passed and (k.k < 2 or a.n % 4 = 0);

create table gate_request as
select
    e.n, e.person_id, e.organization_id, e.moment, f.action, f.rule_id, f.lesson_id, f.scope,
    chance(e.n, 60) < 0.72 as is_met, if(chance(e.n, 61) < 0.3, 'enforce', 'dry_run') as mode,
    id_at(e.moment, 'decision', e.n) as id, id_at(e.moment, 'cited', e.n) as evidence_id
from (
    select n, person_id, organization_id, days_after(opened_at, 2 + 40 * chance(n, 62)) as moment
    from enrollment where chance(n, 63) < 0.25
) as e
join shipped_feature as f on f.n = below(e.n, 64, (select count(*) from shipped_feature));

create table meeting as
select
    m.id as mentorship_id, m.person_id, m.organization_id, m.n, k.k, days_after(m.moment, 10 + 20 * k.k) as moment,
    id_at(days_after(m.moment, 10 + 20 * k.k), 'meeting', m.n * 8 + k.k) as id
from mentorship as m cross join range(5) as k(k)
where m.n % 8 > 0 and m.n % 32 <> 3;

-- A technician's month of jobs.
create table job_month as
select
    e.n, m.person_id, m.organization_id, date_trunc('month', e.opened_at) as month,
    days_after(date_trunc('month', e.opened_at) + interval 1 month, 3) as moment, 5 + below(e.n, 70, 40) as jobs
from enrollment as e join membership as m on m.person_id = e.person_id
where chance(e.n, 71) < 0.16 and m.role = 'technician' and m.ended_at is null;
"""

_SCOPED = "coalesce(',' || field('scope', if(k < 2, scope, null)), '')"

ENTRIES: dict[str, str] = {
    "lesson.opened": """
        select person_id, organization_id, days_after(moment, -0.01), '{' || field('lesson_id', lesson_id) || ','
        || field('lesson_type', lesson_type) || ',' || field('lesson_version', version) || ',"trigger":"assignment"}'
        from lesson_attempt
    """,
    "lesson.attempt_graded": """
        select a.person_id, a.organization_id, a.moment, '{' || field('attempt_id', a.id) || ',"attempt_number":1,'
        || field('lesson_id', a.lesson_id) || ',' || field('lesson_type', a.lesson_type) || ','
        || field('lesson_version', a.version) || ',"passed":' || if(a.passed, 'true', 'false') || ','
        || field('persona', a.persona) || ',' || field('policy_ids', l.policy_id) || ','
        || field('runbook_ids', l.runbook_id) || ',' || field('scope_tags', a.scope) || ','
        || field('score', a.score) || ',"seconds_taken":' || (60 + below(a.n, 56, 200)) || ','
        || field('track_id', a.track_id) || ',"trigger":"assignment"}'
        from lesson_attempt as a join shipped_lesson as l on l.id = a.lesson_id
    """,
    "proficiency.reached": f"""
        select person_id, organization_id, days_after(moment, 0.001 * k), '{{' || field('attempt_id', id)
        || ',"attempt_number":1,' || field('evidence_id', evidence_id) || ','
        || coalesce(field('expires_on', if(k = 1, day_text(expires_on), null)) || ',', '')
        || field('lesson_id', lesson_id) || ',' || field('lesson_version', version) || ','
        || field('level', if(k = 1, 'certified', 'completed')) || ',' || field('persona', persona)
        || {_SCOPED} || ',' || field('score', score)
        || coalesce(',' || field('track_id', if(k = 2, track_id, null)), '') || '}}'
        from evidence
    """,
    "proficiency.revoked": """
        select person_id, organization_id, days_after(moment, 120), '{' || field('evidence_id', evidence_id) || ','
        || field('revoked_from', day_text(days_after(moment, 120))) || ',"superseded":true}'
        from evidence where chance(n, 57) < 0.11
    """,
    "gate.decided": """
        select
            person_id, organization_id, moment, '{' || field('action', action) || ',"decision":' || to_json(
                '{' || field('action', action) || ',' || field('decided_at', strftime(moment, '%Y-%m-%dT%H:%M:%S.%fZ'))
                || ',"evidence_ids":[' || if(is_met, '"' || evidence_id || '"', '') || '],"is_allowed":'
                || if(is_met or mode = 'dry_run', 'true', 'false') || ',' || field('lesson_id', lesson_id) || ','
                || field('mode', mode) || ',' || field('organization_id', organization_id) || ','
                || field('outcome', if(is_met, 'allow', 'deny')) || ',' || field('person_id', person_id)
                || ',"policy_id":null,' || field('reason', if(is_met, 'requirements_met', 'never_trained'))
                || ',"requirements":[{"evidence_id":' || if(is_met, '"' || evidence_id || '"', 'null') || ',"is_met":'
                || if(is_met, 'true', 'false') || ',' || field('key', 'scope:' || scope)
                || ',"level":"proficient",' || field('reason', if(is_met, 'requirements_met', 'never_trained'))
                || ',"valid_until":null}],"resource":null,' || field('rule_id', rule_id)
                || ',"rule_version":1,"runbook_id":null,"valid_until":null,"waiver_id":null}'
            )::varchar
            || ',' || field('decision_id', id) || ',' || field('evidence_ids', if(is_met, evidence_id, ''))
            || ',"facts":' || to_json(
                '{' || field('action', action) || ',"evidence":[' || if(
                    is_met, '{' || field('evidence_id', evidence_id) || ',' || field('achieved_at', day_text(moment))
                    || ',"level":"proficient",' || field('scope', scope) || '}', ''
                ) || '],"is_member":true,' || field('organization_id', organization_id) || ','
                || field('person_id', person_id) || ',"resource":null,"waivers":[]}'
            )::varchar
            || ',' || field('mode', mode) || ',' || field('outcome', if(is_met, 'allow', 'deny')) || ','
            || field('reason', if(is_met, 'requirements_met', 'never_trained')) || ',' || field('rule_id', rule_id)
            || ',"rule_version":1}'
        from gate_request
    """,
    "tip.shown": """
        select e.person_id, e.organization_id, days_after(e.opened_at, 0.3),
        '{' || field('action', f.action) || ',' || field('feature_id', f.id) || '}'
        from enrollment as e join shipped_feature as f on f.n = below(e.n, 65, (select count(*) from shipped_feature))
        where chance(e.n, 66) < 0.125
    """,
    "tip.dismissed": """
        select e.person_id, e.organization_id, days_after(e.opened_at, 0.4),
        '{' || field('action', f.action) || ',' || field('feature_id', f.id) || '}'
        from enrollment as e join shipped_feature as f on f.n = below(e.n, 65, (select count(*) from shipped_feature))
        where chance(e.n, 66) < 0.009
    """,
    "near_miss.recorded": """
        select person_id, organization_id, days_after(moment, 3), '{' || field('action', action) || ','
        || field('near_miss_id', id_at(days_after(moment, 3), 'near miss', n)) || ',"near_miss_kind":"rollback"}'
        from gate_request where chance(n, 67) < 0.18
    """,
    "reinforcement.scheduled": """
        select person_id, organization_id, days_after(moment, 4), '{' || field('action', action) || ','
        || field('due_on', day_text(days_after(moment, 11))) || ',' || field('lesson_id', lesson_id) || ','
        || field('reinforcement_id', id_at(days_after(moment, 4), 'reinforcement', n)) || '}'
        from gate_request where chance(n, 67) < 0.1
    """,
    "reinforcement.finished": """
        select person_id, organization_id, days_after(moment, 12), '{' || field('action', action) || ','
        || field('lesson_id', lesson_id) || ',"passed":true,'
        || field('reinforcement_id', id_at(days_after(moment, 4), 'reinforcement', n)) || '}'
        from gate_request where chance(n, 67) < 0.09
    """,
    "ce_credit.logged": """
        select person_id, organization_id, days_after(issued_at, 30 + 60 * k),
        '{' || field('activity_on', day_text(days_after(issued_at, 30 + 60 * k))) || ',"activity_type":"webinar",'
        || field('ce_credit_id', id_at(days_after(issued_at, 30 + 60 * k), 'credit', n * 4 + k)) || ','
        || field('certificate_id', id) || ',' || field('certification_id', certification_id) || ',"credits":"2"}'
        from certificate, range(1) as credits(k) where chance(n, 72) < 0.45
    """,
    "renewal.opened": """
        select person_id, organization_id, days_after(issued_at, -20),
        '{' || field('certificate_id', renews_id) || ',' || field('certification_id', certification_id) || ','
        || field('renewal_id', id_at(days_after(issued_at, -20), 'wish', n)) || '}'
        from certificate where renews_id is not null and chance(n, 73) < 0.2
    """,
    "verification.requested": """
        select person_id, organization_id, days_after(issued_at, 50),
        '{' || field('asked_for', day_text(days_after(issued_at, 50))) || ',' || field('certificate_id', id) || ','
        || field('certification_id', certification_id) || ',"channel":"page","document_format":"link",'
        || '"outcome":"valid",' || field('request_id', id_at(days_after(issued_at, 50), 'question', n)) || '}'
        from certificate where chance(n, 74) < 0.05
    """,
    "mentorship.session_logged": """
        select person_id, organization_id, moment, '{' || field('held_on', day_text(moment))
        || ',"meeting_format":"video",' || field('mentorship_id', mentorship_id) || ',"minutes":60,'
        || field('session_id', id) || '}'
        from meeting
    """,
    "mentorship.rated": """
        select person_id, organization_id, days_after(moment, 0.2), '{' || field('mentorship_id', mentorship_id)
        || ',"rating":' || (3 + below(n * 8 + k, 75, 3)) || ',' || field('session_id', id) || ',"side":"mentee"}'
        from meeting where k < 3
    """,
    "outcome.month_recorded": """
        select person_id, organization_id, moment, '{"callback_count":' || below(n, 76, 3) || ',"callback_known_count":'
        || jobs || ',"first_time_fix_count":' || (jobs - below(n, 77, 5)) || ',"first_time_fix_known_count":' || jobs
        || ',"hours":"' || jobs * 2 || '.5","hours_known_count":' || jobs || ',"incident_count":0,"job_count":' || jobs
        || ',' || field('jobs_sha256', sha256(n::varchar)) || ',' || field('month', day_text(month))
        || ',"month_version":1,"rework_count":' || below(n, 78, 2) || ',"rework_known_count":' || jobs
        || ',"units_maintained":' || 2 * jobs || '}'
        from job_month
    """,
    "training.cost_recorded": """
        select person_id, organization_id, days_after(ended_at, 1), '{' || field('amount', 20 + below(n, 79, 400))
        || ',' || field('cost_id', id_at(days_after(ended_at, 1), 'cost', n)) || ',"cost_kind":"paid_hours",'
        || field('course_id', course_id) || ',"currency":"USD",' || field('incurred_on', day_text(ended_at)) || '}'
        from enrollment where outcome = 'completed' and chance(n, 80) < 0.1
    """,
}
