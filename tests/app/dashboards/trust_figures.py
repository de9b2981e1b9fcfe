"""Rows of the security and content marts for the hand-made figures: tracks, access, decisions, incidents, lessons.

Of the 24 people of the company, 12 are engineers (people 2 to 13) and 10 are in operations (14 to 23).
"""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from tests.app.dashboards import release_fixture as figures

Row = dict[str, object]

ENGINEERING_CORE, ENGINEERING_ADVANCED, OPERATIONS_CORE = (figures.fixed_id(20, n) for n in range(3))
DATA_EXPORT_LESSON, CHANGE_LESSON = figures.fixed_id(21, 0), figures.fixed_id(21, 1)
LESSON_VERSIONS = [figures.fixed_id(22, n) for n in range(4)]
POLICY, FEATURE, INCIDENT = figures.fixed_id(23, 0), figures.fixed_id(24, 0), figures.fixed_id(25, 0)
NEVER, LAPSED, SUPERSEDED, WAIVED = figures.PEOPLE[2:6]
WITH_ACCESS = figures.PEOPLE[2:12]


def _at(days_ago: int, hour: int = 10) -> datetime:
    return datetime.combine(figures.TODAY - timedelta(days=days_ago), time(hour), UTC)


def _tracks() -> list[Row]:
    facts = (
        (ENGINEERING_CORE, "engineer", "core", "Engineering core"),
        (ENGINEERING_ADVANCED, "engineer", "advanced", "Engineering advanced"),
        (OPERATIONS_CORE, "operations", "core", "Operations core"),
    )
    return [
        {
            "track_id": i,
            "organization_id": None,
            "persona": p,
            "tier": t,
            "title": n,
            "lesson_count": 4,
            "required_lesson_count": 3,
        }
        for i, p, t, n in facts
    ]


def _training() -> list[Row]:
    """Every third person is not trained; of these every second was once. One in nine ends within 30 days."""
    needed = [(i, "engineer", tier, track) for i in range(2, 14) for tier, track in _ENGINEERING]
    needed += [(i, "operations", "core", OPERATIONS_CORE) for i in range(14, 24)]
    rows: list[Row] = []
    for i, persona, tier, track in needed:
        is_trained = i % 3 != 0
        days = 10 if i % 9 == 1 else 200
        was_trained = is_trained or i % 2 == 0
        rows.append(
            {
                "organization_id": figures.COMPANY,
                "person_id": figures.PEOPLE[i],
                "persona": persona,
                "tier": tier,
                "track_id": track,
                "level": "completed" if is_trained else None,
                "first_trained_on": figures.TODAY - timedelta(days=300) if was_trained else None,
                "valid_until": figures.TODAY + timedelta(days=days if is_trained else -40) if was_trained else None,
                "is_trained": is_trained,
                "days_to_expiry": days if is_trained else None,
                "leaf_index": 20000 + len(rows),
            }
        )
    return rows


_ENGINEERING = (("core", ENGINEERING_CORE), ("advanced", ENGINEERING_ADVANCED))


def _access() -> list[Row]:
    held = [(figures.COMPANY, person) for person in WITH_ACCESS] + [(figures.OTHER_COMPANY, figures.OTHER_PEOPLE[1])]
    return [
        {
            "access_id": figures.fixed_id(26, number),
            "person_id": person,
            "organization_id": organization,
            "action": "data-export",
            "granted_on": figures.TODAY - timedelta(days=60),
            "removed_on": None,
            "is_current": True,
            "leaf_index": 21000 + number,
        }
        for number, (organization, person) in enumerate(held)
    ]


def _exceptions() -> list[Row]:
    facts = (
        (figures.COMPANY, NEVER, "never_trained", 60, None),
        (figures.COMPANY, LAPSED, "lapsed", 20, None),
        (figures.COMPANY, SUPERSEDED, "superseded_version", 5, None),
        (figures.COMPANY, WAIVED, "waived", 60, figures.TODAY + timedelta(days=10)),
        (figures.OTHER_COMPANY, figures.OTHER_PEOPLE[1], "never_trained", 60, None),
    )
    return [
        {
            "organization_id": organization,
            "person_id": person,
            "action": "data-export",
            "reason": reason,
            "since_on": figures.TODAY - timedelta(days=days),
            "waived_through": waived_through,
            "unmet_count": 1,
            "leaf_index": 22000,
        }
        for organization, person, reason, days, waived_through in facts
    ]


def _decisions() -> list[Row]:
    """Thirty decisions in the last 20 days, three in five allowed, and one of the other company."""
    kinds = (
        ("enforce", "allow", "requirements_met"),
        ("enforce", "allow", "requirements_met"),
        ("enforce", "deny", "never_trained"),
        ("dry_run", "deny", "outside_window"),
        ("enforce", "allow", "waived"),
    )
    rows: list[Row] = []
    for number in range(31):
        mode, outcome, reason = kinds[number % 5]
        is_ours = number < 30
        rows.append(
            {
                "decision_id": figures.fixed_id(27, number),
                "person_id": figures.PEOPLE[2 + number % 10] if is_ours else figures.OTHER_PEOPLE[1],
                "organization_id": figures.COMPANY if is_ours else figures.OTHER_COMPANY,
                "action": "data-export" if number % 2 else "production-change",
                "resource": None,
                "rule_id": figures.fixed_id(28, 0),
                "rule_version": 1,
                "mode": mode,
                "outcome": outcome,
                "reason": reason,
                "evidence_ids": "",
                "decided_at": _at(number % 20),
                "decided_on": figures.TODAY - timedelta(days=number % 20),
                "leaf_index": 23000 + number,
            }
        )
    return rows


def _incident_people() -> list[Row]:
    answers = ((NEVER, False, False), (LAPSED, True, False), (figures.PEOPLE[8], True, True))
    return [
        {
            "incident_id": INCIDENT,
            "person_id": person,
            "organization_id": figures.COMPANY,
            "scope": "data-export",
            "happened_at": _at(9),
            "happened_on": figures.TODAY - timedelta(days=9),
            "was_known_certified": then,
            "was_certified": now,
            "evidence_count": int(then),
            "leaf_index": 24000,
        }
        for person, then, now in answers
    ]


def _lessons() -> list[Row]:
    facts = (
        (
            DATA_EXPORT_LESSON,
            None,
            "DATA-EXPORT",
            "Secure Data Export: Preventing Unauthorized Leakage",
            "data-export,pii",
        ),
        (CHANGE_LESSON, figures.COMPANY, "OUR-CHANGES", "How we change production", "prod-change"),
    )
    return [
        {
            "lesson_id": lesson,
            "organization_id": organization,
            "code": code,
            "title": title,
            "lesson_type": "micro_lesson",
            "owner_id": None,
            "course_id": None,
            "published_version": "1.0.0",
            "duration_minutes": 4.5,
            "pass_threshold": 80,
            "scope_tags": tags,
            "published_at": _at(200),
            "refresh_due_on": figures.TODAY + timedelta(days=165),
            "version_count": 2,
        }
        for lesson, organization, code, title, tags in facts
    ]


def _lifecycle() -> list[Row]:
    def version(number: int, lesson: UUID, organization: UUID | None, name: str, status: str, **fields: object) -> Row:
        return {
            "lesson_version_id": LESSON_VERSIONS[number],
            "lesson_id": lesson,
            "organization_id": organization,
            "lesson_version": name,
            "status": status,
            "published_on": None,
            "refresh_due_on": None,
            "is_refresh_due": False,
            "days_to_refresh": None,
            "review_count": 2,
            "open_review_count": 0,
            "oldest_open_review_days": None,
            "is_flagged": False,
            "flagged_on": None,
            "leaf_index": 25000 + number,
            **fields,
        }

    day = figures.TODAY
    published: Row = {"published_on": day - timedelta(days=200), "refresh_due_on": day + timedelta(days=165)}
    flagged: Row = {"is_flagged": True, "flagged_on": day - timedelta(days=3), "open_review_count": 1}
    return [
        version(0, DATA_EXPORT_LESSON, None, "1.0.0", "superseded"),
        version(1, DATA_EXPORT_LESSON, None, "1.1.0", "published", days_to_refresh=165, **published),
        version(
            2,
            CHANGE_LESSON,
            figures.COMPANY,
            "1.0.0",
            "published",
            days_to_refresh=165,
            oldest_open_review_days=3,
            **published,
            **flagged,
        ),
        version(
            3, CHANGE_LESSON, figures.COMPANY, "1.1.0", "in_review", open_review_count=2, oldest_open_review_days=8
        ),
    ]


def rows_of_trust() -> dict[str, list[Row]]:
    """The hand-made rows by mart; sums over them are made by `AGGREGATES`."""
    return {
        "dim_track": _tracks(),
        "training_by_person_track": _training(),
        "fct_access": _access(),
        "training_exception": _exceptions(),
        "fct_gate_decision": _decisions(),
        "fct_incident_person": _incident_people(),
        "access_log": _access_log(),
        "dim_lesson": _lessons(),
        "content_lifecycle": _lifecycle(),
        "dim_policy": [
            {
                "policy_id": POLICY,
                "organization_id": None,
                "code": "POL-DA-003",
                "title": "Data export",
                "is_critical": True,
                "latest_version": "1.0.0",
                "latest_effective_on": figures.TODAY,
                "version_count": 1,
            }
        ],
        "dim_feature": [
            {
                "feature_id": FEATURE,
                "organization_id": None,
                "action": "data-export",
                "title": "Export data",
                "policy_id": POLICY,
                "lesson_id": DATA_EXPORT_LESSON,
            }
        ],
        "tip_daily": [
            {
                "organization_id": figures.COMPANY,
                "on_date": figures.TODAY,
                "action": "data-export",
                "feature_id": FEATURE,
                "shown_count": 9,
                "dismissed_count": 2,
                "people_count": 5,
                "leaf_index": 26000,
            }
        ],
        "reinforcement_effect": [
            {
                "organization_id": figures.COMPANY,
                "action": "data-export",
                "lesson_id": DATA_EXPORT_LESSON,
                "scheduled_count": 6,
                "passed_count": 5,
                "put_off_count": 1,
                "taken_count": 4,
                "taken_without_next_count": 3,
                "left_count": 2,
                "left_without_next_count": 1,
                "taken_without_next_share": 0.75,
                "left_without_next_share": 0.5,
                "leaf_index": 26001,
            }
        ],
    }


def _access_log() -> list[Row]:
    """One of each kind of ours, the latest the day before; a rule of the platform's; and one of another company."""
    rows: list[Row] = [
        {
            "entry": "access_granted",
            "person_id": figures.PEOPLE[2],
            "action": "data-export",
            "holds_from": _at(40).date(),
        },
        {
            "entry": "access_removed",
            "person_id": figures.PEOPLE[2],
            "action": "data-export",
            "holds_until": _at(30).date(),
        },
        {
            "entry": "waiver_granted",
            "person_id": figures.PEOPLE[3],
            "approver_id": figures.MANAGER,
            "action": "data-export",
            "holds_from": _at(20).date(),
            "holds_until": _at(6).date(),
        },
        {
            "entry": "waiver_ended",
            "person_id": figures.PEOPLE[3],
            "action": "data-export",
            "holds_until": _at(10).date(),
        },
        {
            "entry": "gate_rule_set",
            "organization_id": None,
            "action": "data-export",
            "version": "1",
            "mode": "dry_run",
            "holds_from": _at(200).date(),
        },
        {"entry": "gate_rule_ended", "action": "data-export", "version": "2", "holds_until": _at(5).date()},
        {
            "entry": "evidence_exported",
            "person_id": figures.MANAGER,
            "bundle_scope": "organization",
            "record_count": 12,
        },
        {"entry": "person_erased", "person_id": UUID(int=99)},
        {
            "entry": "evidence_exported",
            "organization_id": figures.OTHER_COMPANY,
            "bundle_scope": "period",
            "record_count": 3,
        },
        {"entry": "evidence_exported", "organization_id": None, "bundle_scope": "person", "record_count": 7},
    ]
    ages = [40, 30, 20, 10, 200, 5, 1, 2, 1, 1]
    columns = ("person_id", "approver_id", "action", "policy_id", "version", "mode", "holds_from", "holds_until")
    defaults: Row = dict.fromkeys((*columns, "bundle_scope", "record_count"))
    return [
        {
            **defaults,
            "organization_id": figures.COMPANY,
            **row,
            "leaf_index": 27000 + number,
            "occurred_at": figures.AS_OF - timedelta(days=age),
        }
        for number, (row, age) in enumerate(zip(rows, ages, strict=True))
    ]


AGGREGATES = {
    "coverage_by_persona_track": """
        select organization_id, persona, tier, track_id, count(*) as required_count,
               count(*) filter (where is_trained) as trained_count,
               count(*) filter (where is_trained) / count(*) as coverage_rate,
               count(*) filter (where not is_trained and first_trained_on is not null) as lapsed_count,
               count(*) filter (where days_to_expiry between 0 and 30) as expiring_30_days_count,
               avg(days_to_expiry) as average_days_to_expiry, max(leaf_index) as leaf_index
        from marts.training_by_person_track group by all
        """,
    "gate_decision_daily": """
        select organization_id, decided_on as on_date, action, mode, outcome, reason, count(*) as decision_count,
               count(distinct person_id) as people_count, max(leaf_index) as leaf_index
        from marts.fct_gate_decision group by all
        """,
}
