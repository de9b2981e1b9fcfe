"""A small release made by hand, with exactly the marts' columns, and the operational records its ids stand for.

One company (24 people, three teams, four requirements), a second company that must never be seen by the first, one
school with three courses, and two years of KPIs. Every figure the tests assert is counted from these rows.
"""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import duckdb

from operational_db.releases.manifest import MANIFEST_ADAPTER, CheckResult, ReleaseManifest, manifest_path
from operational_db.releases.reader import MARTS_SCHEMA
from operational_db.releases.verification import RECONCILIATIONS
from operational_db.settings import Settings
from tests.app.dashboards.release_columns import COLUMNS

AS_OF = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
TODAY = AS_OF.date()
LEDGER_SIZE = 1_204_551
ROOT_HASH = hashlib.sha256(b"fixture").hexdigest()

Row = dict[str, object]


def fixed_id(group: int, number: int) -> UUID:
    """The same id for the same thing in every run."""
    return UUID(int=(0x0190A000_0000_7000_8000 << 48) | (group << 32) | number)


PLATFORM, COMPANY, OTHER_COMPANY, SCHOOL = (fixed_id(1, n) for n in range(4))
TEAMS = {fixed_id(2, 0): "Modernisation", fixed_id(2, 1): "Service north", fixed_id(2, 2): "Service south"}
PEOPLE = [fixed_id(3, n) for n in range(24)]
OTHER_PEOPLE = [fixed_id(4, n) for n in range(5)]
STUDENTS = [fixed_id(5, n) for n in range(60)]
MANAGER, SUPERVISOR = PEOPLE[0], PEOPLE[1]
SCHOOL_ADMIN, PRODUCT_MANAGER, PLATFORM_ADMIN = fixed_id(6, 0), fixed_id(6, 1), fixed_id(6, 2)
OTHER_MANAGER = OTHER_PEOPLE[0]
FALL_PROTECTION, CONTROLLER = fixed_id(7, 0), fixed_id(7, 1)
FALL_COURSE, CODE_COURSE, CONTROLLER_COURSE, LEADING_COURSE = (fixed_id(8, n) for n in range(4))
SCHOOL_COURSES = [fixed_id(9, n) for n in range(3)]
NEEDS_FALL, NEEDS_CODE, NEEDS_CONTROLLER, NEEDS_LEADING, OTHER_NEEDS_FALL = (fixed_id(10, n) for n in range(5))

FIRST_NAMES = ("Ada", "Bea", "Cem", "Dina", "Emil", "Fatou", "Goran", "Hana", "Ivo", "Jada", "Kofi", "Lena")
LAST_NAMES = ("Novak", "Okafor", "Petit", "Quist", "Rossi", "Sato", "Tran", "Usman", "Vogel", "Weiss")


def name_of(person_id: UUID) -> str:
    """The made-up name of a person."""
    number = person_id.int & 0xFFFF_FFFF_FFFF
    mixed = int.from_bytes(hashlib.sha256(str(number).encode()).digest()[:4])
    return f"{FIRST_NAMES[mixed % 12]} {LAST_NAMES[mixed // 12 % 10]} {number % 100}"


def month(back: int) -> date:
    """First day of the month `back` months before this one."""
    index = TODAY.year * 12 + TODAY.month - 1 - back
    return date(index // 12, index % 12 + 1, 1)


def _people() -> list[Row]:
    everybody = [*PEOPLE, *OTHER_PEOPLE, *STUDENTS, SCHOOL_ADMIN, PRODUCT_MANAGER, PLATFORM_ADMIN]
    return [
        {"person_id": p, "display_name": name_of(p), "is_simulated": True, "timezone": "America/New_York"}
        for p in everybody
    ]


def _organizations() -> list[Row]:
    names = (
        (PLATFORM, "SiteSync", "platform"),
        (COMPANY, "Harbour Lift Service", "service_company"),
        (OTHER_COMPANY, "Quiet Elevators", "service_company"),
        (SCHOOL, "Riverside Trade School", "trade_school"),
    )
    return [
        {"organization_id": i, "name": n, "kind": k, "region": "NY", "timezone": "UTC", "is_simulated": True}
        for i, n, k in names
    ]


def team_of(index: int) -> UUID | None:
    """Team of the person with this index in the company; the manager has none."""
    return None if index == 0 else list(TEAMS)[index % 3]


def _memberships() -> list[Row]:
    held = [(p, COMPANY, team_of(i), "technician") for i, p in enumerate(PEOPLE)]
    held[0] = (MANAGER, COMPANY, None, "company_manager")
    held[1] = (SUPERVISOR, COMPANY, team_of(1), "supervisor")
    held += [(p, OTHER_COMPANY, None, "technician") for p in OTHER_PEOPLE[1:]]
    held += [(OTHER_MANAGER, OTHER_COMPANY, None, "company_manager"), (SCHOOL_ADMIN, SCHOOL, None, "school_admin")]
    held += [(p, SCHOOL, None, "student") for p in STUDENTS]
    held += [(PRODUCT_MANAGER, PLATFORM, None, "product_team"), (PLATFORM_ADMIN, PLATFORM, None, "platform_admin")]
    return [
        {
            "membership_id": fixed_id(11, n),
            "person_id": person,
            "organization_id": organization,
            "team_id": team,
            "role": role,
            "persona": None,
            "started_on": date(2024, 1, 8) + timedelta(days=n),
            "ended_on": None,
            "is_current": True,
            "leaf_index": n,
        }
        for n, (person, organization, team, role) in enumerate(held)
    ]


def _certifications() -> list[Row]:
    facts = (
        (FALL_PROTECTION, "Fall protection", "FP-1", "safety"),
        (CONTROLLER, "Traction controller, level 2", "TC-2", "equipment"),
    )
    return [
        {
            "certification_id": i,
            "name": n,
            "code": c,
            "source": "industry_body",
            "issuing_organization": "Trade Safety Board",
            "category": k,
            "trade": "elevators",
            "validity_period_months": 24,
        }
        for i, n, c, k in facts
    ]


def _courses() -> list[Row]:
    own = [
        (FALL_COURSE, "Working at height", "safety_certification", "safety", FALL_PROTECTION, "sitesync", None),
        (CODE_COURSE, "Elevator code refresher", "code_compliance", "compliance", None, "sitesync", None),
        (
            CONTROLLER_COURSE,
            "Traction controllers",
            "manufacturer_equipment",
            "equipment",
            CONTROLLER,
            "sitesync",
            None,
        ),
        (LEADING_COURSE, "Leading a crew", "management", "management", None, "company", COMPANY),
    ]
    titles = ("Electricity one", "Hydraulics", "Code and safety")
    school = [
        (c, t, "apprenticeship", "general", None, "trade_school", SCHOOL)
        for c, t in zip(SCHOOL_COURSES, titles, strict=True)
    ]
    return [
        {
            "course_id": course,
            "title": title,
            "slug": title.lower().replace(" ", "-"),
            "provider_type": provider_type,
            "provider_id": provider,
            "provider_name": "Riverside Trade School" if provider == SCHOOL else "SiteSync",
            "category": category,
            "compliance_category": compliance_category,
            "trade": "elevators",
            "level": "beginner",
            "delivery_method": "online_self_paced",
            "estimated_hours": 8,
            "certification_id": certification,
            "ce_credits": 2,
            "session_starts_on": None,
            "status": "published",
            "module_count": 4,
            "published_at": datetime(2024, 1, 1, tzinfo=UTC),
        }
        for course, title, category, compliance_category, certification, provider_type, provider in own + school
    ]


def _required() -> list[Row]:
    """Every seventh required training is overdue, others spread over done, in progress, pending and exempt."""
    rows: list[Row] = []
    needs = (
        (NEEDS_FALL, "safety", None, FALL_PROTECTION, range(24)),
        (NEEDS_CODE, "compliance", CODE_COURSE, None, range(24)),
        (NEEDS_CONTROLLER, "equipment", None, CONTROLLER, range(2, 24)),
        (NEEDS_LEADING, "management", LEADING_COURSE, None, range(2)),
    )
    for k, (requirement, category, course, certification, people) in enumerate(needs):
        for i in people:
            status = ("completed", "completed", "overdue", "completed", "in_progress", "completed", "pending")[
                (i + 2 * k) % 7
            ]
            if i == 23:
                status = "exempted"
            due_on = TODAY + timedelta(days={"overdue": -9 - i, "pending": 8 + i, "in_progress": 10}.get(status, 30))
            is_done = status == "completed"
            valid_until = TODAY + timedelta(days=5 + 20 * (i % 9)) if is_done and certification else None
            rows.append(
                {
                    "organization_id": COMPANY,
                    "person_id": PEOPLE[i],
                    "required_training_id": requirement,
                    "source": "requirement",
                    "category": category,
                    "course_id": course,
                    "certification_id": certification,
                    "team_id": team_of(i),
                    "role": "technician",
                    "due_on": due_on,
                    "status": status,
                    "completed_on": TODAY - timedelta(days=100 + i) if is_done else None,
                    "valid_until": valid_until,
                    "lapsed_on": TODAY - timedelta(days=9 + i) if status == "overdue" and certification else None,
                    "days_overdue": (TODAY - due_on).days if status == "overdue" else None,
                    "leaf_index": 1000 + len(rows),
                }
            )
    rows += [
        {
            **rows[0],
            "organization_id": OTHER_COMPANY,
            "person_id": person,
            "required_training_id": OTHER_NEEDS_FALL,
            "team_id": None,
            "status": "overdue",
            "due_on": TODAY - timedelta(days=40),
            "completed_on": None,
            "valid_until": None,
            "lapsed_on": TODAY - timedelta(days=40),
            "days_overdue": 40,
        }
        for person in OTHER_PEOPLE
    ]
    return rows


def _certificates(required: list[Row]) -> list[Row]:
    rows: list[Row] = []
    for number, need in enumerate(n for n in required if n["certification_id"] is not None):
        is_done = need["status"] == "completed"
        expires_on = need["valid_until"] if is_done else TODAY - timedelta(days=12 + number)
        if need["status"] in {"pending", "exempted"} or not isinstance(expires_on, date):
            continue
        rows.append(
            {
                "certificate_id": fixed_id(12, number),
                "person_id": need["person_id"],
                "certification_id": need["certification_id"],
                "organization_id": need["organization_id"],
                "issued_on": expires_on - timedelta(days=730),
                "expires_on": expires_on,
                "first_earned_on": expires_on - timedelta(days=730),
                "renews_id": None,
                "renewed_by_id": None,
                "earned_through": "sitesync_course",
                "is_verified": True,
                "revoked_from": None,
                "is_withdrawn": False,
                "status": "active" if is_done else "expired",
                "days_to_expiry": (expires_on - TODAY).days,
                "leaf_index": 3000 + number,
            }
        )
    return rows


def _enrollment(number: int, person: UUID, course: UUID, organization: UUID, status: str, start: date) -> Row:
    is_open = status in {"enrolled", "in_progress"}
    ended_on = None if is_open else start + timedelta(days=40 + number % 60)
    at = datetime(start.year, start.month, start.day, 9, tzinfo=UTC)
    return {
        "enrollment_id": fixed_id(13, number),
        "person_id": person,
        "course_id": course,
        "organization_id": organization,
        "cycle_number": 1,
        "status": status,
        "enrolled_at": at,
        "started_at": at,
        "ended_at": None if ended_on is None else at + timedelta(days=(ended_on - start).days),
        "enrolled_on": start,
        "ended_on": ended_on,
        "days_to_end": None if ended_on is None else (ended_on - start).days,
        "completed_module_count": 4 if status == "completed" else number % 4,
        "attempt_count": 2,
        "scored_attempt_count": 2,
        "passed_attempt_count": 1,
        "best_score": 60 + number % 40,
        "final_score": 60 + number % 40 if status == "completed" else None,
        "ce_credits": 2 if status == "completed" else 0,
        "time_spent_minutes": 300 + number,
        "last_event_at": at + timedelta(days=20),
        "leaf_index": 5000 + number,
    }


SCHOOL_STATUSES = ("completed", "completed", "in_progress", "dropped", "completed", "failed")


def _enrollments(required: list[Row]) -> list[Row]:
    rows: list[Row] = []
    for need in required:
        if need["status"] in {"completed", "in_progress"}:
            certification = need["certification_id"]
            course = FALL_COURSE if certification == FALL_PROTECTION else CONTROLLER_COURSE
            person = need["person_id"]
            assert isinstance(person, UUID)
            course_id = need["course_id"] if isinstance(need["course_id"], UUID) else course
            rows.append(_enrollment(len(rows), person, course_id, COMPANY, str(need["status"]), date(2026, 6, 1)))
    for k, course in enumerate(SCHOOL_COURSES):
        for i, student in enumerate(STUDENTS):
            start = date(2026, 2, 1) if i % 2 else date(2025, 10, 1)
            status = SCHOOL_STATUSES[(i + k) % 6]
            rows.append(_enrollment(len(rows), student, course, SCHOOL, status, start))
    return rows


def _attempts(enrollments: list[Row]) -> list[Row]:
    rows: list[Row] = []
    for enrollment in enrollments:
        for attempt in (1, 2):
            score = 45 + (len(rows) * 7) % 55
            submitted_at = enrollment["enrolled_at"]
            assert isinstance(submitted_at, datetime)
            submitted_at += timedelta(days=10 * attempt)
            rows.append(
                {
                    "attempt_id": fixed_id(14, len(rows)),
                    "enrollment_id": enrollment["enrollment_id"],
                    "person_id": enrollment["person_id"],
                    "course_id": enrollment["course_id"],
                    "assessment_id": fixed_id(15, 1),
                    "organization_id": enrollment["organization_id"],
                    "attempt_number": attempt,
                    "submitted_at": submitted_at,
                    "submitted_on": submitted_at.date(),
                    "score": score,
                    "is_passed": score >= 70,
                    "is_banked": False,
                    "is_scored": True,
                    "counts_for_pass_rate": True,
                    "leaf_index": 9000 + len(rows),
                }
            )
    return rows


def _assignments(required: list[Row]) -> list[Row]:
    started = [n for n in required if n["status"] in {"in_progress", "overdue"} and n["course_id"] is not None]
    return [
        {
            "recipient_id": fixed_id(16, number),
            "assignment_id": fixed_id(17, number),
            "person_id": need["person_id"],
            "organization_id": need["organization_id"],
            "course_id": need["course_id"],
            "requirement_id": need["required_training_id"],
            "category": need["category"],
            "assigned_at": AS_OF - timedelta(days=40),
            "due_on": need["due_on"],
            "is_mandatory": True,
            "minimum_score": None,
            "status": need["status"],
            "completed_at": None,
            "is_cancelled": False,
            "leaf_index": 12000 + number,
        }
        for number, need in enumerate(started)
    ]


def _criteria() -> list[Row]:
    facts = (
        ("course_catalog_size", "Course catalog size", "courses", 200, 214),
        ("training_completions_per_month", "Training completions", "per month", 5000, 4210),
        ("certifications_tracked", "Certifications tracked", "certificates", 10000, 11820),
        ("trade_school_partnerships", "Trade school partnerships", "schools", 10, 12),
        ("active_mentorships", "Active mentorships", "mentorships", 500, 512),
        ("company_adoption", "Company adoption", "companies", 100, 97),
        ("mobile_learning_rate", "Mobile learning", "share", 0.4, 0.43),
        ("ce_credits_per_year", "CE credits issued", "credits per year", 10000, 15300),
    )
    return [
        {
            "criterion_code": code,
            "label": label,
            "unit": unit,
            "target": target,
            "value": value,
            "is_met": value >= target,
            "measured_from": month(1),
            # What is counted over a month is that of the last whole one.
            "measured_to": TODAY if unit not in {"per month", "share"} else TODAY - timedelta(days=TODAY.day),
            "numerator": 43 if unit == "share" else value,
            "denominator": 100 if unit == "share" else None,
            "explanation": f"Counted from the records: {label.lower()}.",
        }
        for code, label, unit, target, value in facts
    ]


def _monthly() -> dict[str, list[Row]]:
    engagement: list[Row] = []
    certification: list[Row] = []
    trend: list[Row] = []
    learning: list[Row] = []
    for back in range(23, -1, -1):
        at, n = month(back), 24 - back
        engagement.append(
            {
                "month_on": at,
                "enrolled_count": 5000 + 50 * n,
                "ended_count": 5000,
                "completed_count": 3000 + 50 * n,
                "course_completion_rate": 0.6 + n / 200,
                "session_count": 20000 + 300 * n,
                "average_session_minutes": 21.5,
                "active_people_count": 4000 + 10 * n,
                "returning_people_count": 2800,
                "return_rate": 0.68,
                "scored_attempt_count": 9000,
                "passed_attempt_count": 7000,
                "assessment_pass_rate": 7 / 9,
            }
        )
        certification.append(
            {
                "month_on": at,
                "new_certificate_count": 300 + n,
                "renewed_count": 200,
                "due_for_renewal_count": 250,
                "renewal_rate": 0.8,
                "verification_request_count": 40 + n,
            }
        )
        learning += [
            {
                "organization_id": SCHOOL,
                "course_id": course,
                "month_on": at,
                "active_people_count": 40,
                "session_count": 400,
                "mobile_session_count": 150,
                "minutes": 9000,
                "interaction_count": 7000,
            }
            for course in SCHOOL_COURSES
        ]
        trend += [
            {"criterion_code": c["criterion_code"], "month_on": at, "value": float(str(c["value"])) * (0.5 + n / 48)}
            for c in _criteria()
        ]
    return {
        "kpi_engagement_monthly": engagement,
        "kpi_certification_monthly": certification,
        "kpi_success_trend": trend,
        "fct_engagement_month": learning,
    }


def _imports() -> list[Row]:
    def batch(number: int, state: str, organization: UUID | None, refused: int) -> Row:
        started = AS_OF - timedelta(days=3 * number + 1)
        return {
            "import_id": fixed_id(18, number),
            "importer": "history" if number else "licences",
            "format": "oulad" if number else "cslb",
            "source": f"file {number}",
            "organization_id": organization,
            "state": state,
            "started_at": started,
            "finished_at": started + timedelta(seconds=41),
            "undone_at": started + timedelta(hours=1) if state == "undone" else None,
            "read_count": 32_593,
            "added_count": 0 if state == "refused" else 32_000,
            "changed_count": 12,
            "unchanged_count": 400,
            "refused_count": refused,
        }

    return [batch(0, "applied", None, 0), batch(1, "applied", SCHOOL, 181), batch(2, "refused", SCHOOL, 32_593)]


def rows_of_marts() -> dict[str, list[Row]]:
    """The hand-made rows; aggregates are computed from them by `write_release`."""
    required = _required()
    enrollments = _enrollments(required)
    return {
        "dim_person": _people(),
        "dim_organization": _organizations(),
        "dim_team": [{"team_id": i, "organization_id": COMPANY, "name": n} for i, n in TEAMS.items()],
        "dim_certification": _certifications(),
        "dim_course": _courses(),
        "dim_membership": _memberships(),
        "fct_required_training": required,
        "fct_certificate": _certificates(required),
        "fct_enrollment": enrollments,
        "fct_attempt": _attempts(enrollments),
        "fct_assignment": _assignments(required),
        "kpi_success_criteria": _criteria(),
        "import_history": _imports(),
        "release_information": [
            {
                "ledger_size": LEDGER_SIZE,
                "root_hash": ROOT_HASH,
                "as_of": AS_OF,
                "built_at": AS_OF,
                "is_simulated": True,
            }
        ],
        **_monthly(),
    }


_COUNTS = """
    count(*) as required_count,
    count(*) filter (where status = 'exempted') as exempted_count,
    count(*) filter (where status = 'completed') as completed_count,
    count(*) filter (where status = 'in_progress') as in_progress_count,
    count(*) filter (where status = 'pending') as pending_count,
    count(*) filter (where status = 'overdue') as overdue_count,
    count(*) filter (where status = 'completed')
        / nullif(count(*) - count(*) filter (where status = 'exempted'), 0) as compliance_rate,
    count(*) filter (where status in ('pending', 'in_progress') and due_on between $today and $today + 14)
        as due_14_days_count,
    count(*) filter (where status = 'completed' and valid_until between $today and $today + 30)
        as expiring_30_days_count,
    count(*) filter (where status not in ('completed', 'exempted') and lapsed_on is not null) as expired_count,
    count(distinct person_id) as people_count,
    count(distinct person_id) filter (where status = 'overdue') as people_overdue_count,
    max(leaf_index) as leaf_index,
"""

AGGREGATES = {
    "compliance_by_person": f"select organization_id, person_id, $today as as_of_on, {_COUNTS} "
    "from marts.fct_required_training group by all",
    "compliance_by_team": f"select organization_id, team_id, $today as as_of_on, {_COUNTS} "
    "from marts.fct_required_training group by all",
    "compliance_by_category": f"select organization_id, category, $today as as_of_on, {_COUNTS} "
    "from marts.fct_required_training group by all",
    "compliance_by_organization": f"select organization_id, $today as as_of_on, {_COUNTS} "
    "from marts.fct_required_training group by all",
    "compliance_trend": """
        select organization_id, day as as_of_on, required_count, exempted_count,
               completed_count - back as completed_count,
               (completed_count - back) / (required_count - exempted_count) as compliance_rate,
               overdue_count + back as overdue_count, due_14_days_count, expiring_30_days_count + back % 2 as
               expiring_30_days_count, greatest(expired_count - back, 0) as expired_count
        from marts.compliance_by_organization
        cross join (
            select range as back,
                   case when range = 0 then $today
                        else (date_trunc('month', $today::date) - to_months(range::int - 1) - interval 1 day)::date
                   end as day
            from range(14)
        )
        """,
    "compliance_forecast": """
        select organization_id, $today + days as as_of_on, $today + days as on_date, days as horizon_days,
               required_count, exempted_count, completed_count - days // 15 as completed_count,
               (completed_count - days // 15) / (required_count - exempted_count) as compliance_rate,
               days // 15 as lapsing_count, 40 as pace_due_count, 20 as pace_renewed_count, 0.5 as renewal_pace,
               (completed_count - days // 30) / (required_count - exempted_count) as expected_rate,
               (completed_count - days // 20) / (required_count - exempted_count) as low,
               completed_count / (required_count - exempted_count) as high
        from marts.compliance_by_organization cross join (values (30), (60), (90)) as horizon (days)
        """,
    "skill_matrix": """
        with held as (
            select f.* from marts.fct_certificate as f where not is_withdrawn
            qualify row_number() over (
                partition by person_id, certification_id order by status, expires_on desc, certificate_id
            ) = 1
        ),
        required as (
            select organization_id, person_id, certification_id, max(leaf_index) as leaf_index
            from marts.fct_required_training where source = 'requirement' and certification_id is not null group by all
        )
        select m.organization_id, m.team_id, m.person_id, k.certification_id, h.certificate_id,
               coalesce(h.status, 'missing') as status, h.expires_on,
               date_diff('day', $today::date, h.expires_on) as days_to_expiry, r.person_id is not null as is_required,
               coalesce(h.leaf_index, r.leaf_index) as leaf_index
        from marts.dim_membership as m
        cross join marts.dim_certification as k
        left join held as h on h.person_id = m.person_id and h.certification_id = k.certification_id
        left join required as r
            on r.organization_id = m.organization_id and r.person_id = m.person_id
            and r.certification_id = k.certification_id
        where m.is_current and (h.person_id is not null or r.person_id is not null)
        """,
    "skill_depth": """
        select organization_id, certification_id, count(*) filter (where status = 'active') as holder_count,
               count(*) filter (where status = 'active') = 1 as is_one_deep,
               count(*) filter (where is_required) as required_count,
               count(*) filter (where is_required and status <> 'active') as short_count,
               count(*) filter (where status = 'active' and days_to_expiry <= 90) as expiring_90_days_count,
               min(expires_on) filter (where status = 'active') as next_expiry_on, max(leaf_index) as leaf_index
        from marts.skill_matrix group by all
        """,
    "expiry_calendar": """
        select organization_id, expires_on as on_date, certification_id, count(*) as expiring_count,
               count(*) filter (where is_required) as required_count, max(leaf_index) as leaf_index
        from marts.skill_matrix where status = 'active' and expires_on is not null group by all
        """,
    "renewal_monthly": """
        select organization_id, date_trunc('month', $today::date) - to_months(range::int) as month, 4 as due_count,
               3 as renewed_count, 2 as renewed_in_time_count, 0.75 as renewal_rate, 12.0 as median_lead_days
        from marts.dim_organization cross join range(15)
        """,
    "school_progress": """
        select c.provider_id as organization_id, course_id, date_trunc('month', enrolled_on)::date as cohort_on,
               count(*) as enrolled_count,
               count(*) filter (where e.status in ('enrolled', 'in_progress')) as active_count,
               count(*) filter (where e.status = 'completed') as completed_count,
               count(*) filter (where e.status = 'dropped') as dropped_count,
               count(*) filter (where e.status = 'failed') as failed_count,
               count(*) filter (where e.status = 'completed') / count(*) as completion_rate,
               2 * count(*) as attempt_count, count(*) as passed_attempt_count, 0.5 as pass_rate,
               median(days_to_end) filter (where e.status = 'completed') as median_days_to_complete,
               max(leaf_index) as leaf_index
        from marts.fct_enrollment as e join marts.dim_course as c using (course_id)
        where c.provider_type = 'trade_school' group by all
        """,
    "school_dropout_curve": """
        select organization_id, course_id, cohort_on, week as week_number,
               enrolled_count - (dropped_count * week) // 30 as remaining_count, enrolled_count,
               (enrolled_count - (dropped_count * week) // 30) / enrolled_count as remaining_rate
        from marts.school_progress cross join (select range as week from range(0, 31))
        """,
}


def write_release(settings: Settings, *, marts: dict[str, list[Row]] | None = None, name: str = "") -> ReleaseManifest:
    """Write the release and make it the current one; `marts` replaces single marts, for example by no rows at all."""
    # Their rows name people and organizations of this module.
    from tests.app.dashboards import mentoring_figures as mentoring
    from tests.app.dashboards import owner_figures as owners
    from tests.app.dashboards import return_figures as returns
    from tests.app.dashboards import trust_figures as trust

    name = name or f"warehouse_20261121T140500Z_{LEDGER_SIZE}"
    path = settings.warehouse_path / f"{name}.duckdb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create schema {MARTS_SCHEMA}")
        for mart, columns in COLUMNS.items():
            connection.execute(f"create table marts.{mart} ({columns})")
        own = {
            **rows_of_marts(),
            **trust.rows_of_trust(),
            **owners.rows_of_owners(),
            **returns.rows_of_returns(),
            **mentoring.rows_of_mentoring(),
        }
        own["dim_organization"] = [*own["dim_organization"], *owners.organizations()]
        own["dim_person"] = [*own["dim_person"], *owners.people()]
        for mart, rows in {**own, **(marts or {})}.items():
            if rows:
                marks = ", ".join(f"${column}" for column in rows[0])
                sql = f"insert into marts.{mart} ({', '.join(rows[0])}) values ({marks})"
                connection.executemany(sql, rows)
        for mart, sql in {**AGGREGATES, **trust.AGGREGATES}.items():
            parameters = {"today": TODAY} if "$today" in sql else None
            connection.execute(f"insert into marts.{mart} by name {sql}", parameters)
        counts = {mart: len(connection.execute(f"select 1 from marts.{mart}").fetchall()) for mart in COLUMNS}
    check = CheckResult(name="contiguity", passed=True, blocking=True, message="Every entry follows the one before.")
    compared = [
        CheckResult(name, passed=True, blocking=False, message="The same figures come from the ledger.")
        for name in RECONCILIATIONS
    ]
    manifest = ReleaseManifest(
        name=name,
        path=path,
        ledger_size=LEDGER_SIZE,
        root_hash=ROOT_HASH,
        as_of=AS_OF,
        built_at=AS_OF,
        is_simulated=True,
        checks=(check, *compared),
        row_counts=counts,
    )
    manifest_path(path).write_bytes(MANIFEST_ADAPTER.dump_json(manifest))
    (settings.warehouse_path / "current.json").write_text(json.dumps({"name": name}))
    return manifest
