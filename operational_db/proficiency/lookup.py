"""Published lessons and how long they certify, in prepared statements: whoever a gate denies waits for the way out too.

Everything else about proficiency is read in `repository`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import psycopg

from operational_db.prepared import PreparedStatement
from operational_db.proficiency.rules import ScopeRuleTerms, default_terms
from operational_db.types import LessonType, ProficiencyLevel, ValidityBasis

_LESSONS = PreparedStatement("""
select lesson.id, lesson.code, lesson.title, lesson.lesson_type::text, version.version, version.duration_minutes,
    version.scope_tags, version.pass_threshold
from lessons as lesson
join lesson_versions as version on version.lesson_id = lesson.id and version.status = 'published'
where (lesson.organization_id is null or lesson.organization_id = $1::uuid)
    and (version.scope_tags && $2::text[] or lesson.id = any($3::uuid[]) or lesson.course_id = $4::uuid)
order by lesson.id
""")
# The last one of a scope stays: own rules after the platform's, higher versions after lower ones.
_TERMS = PreparedStatement("""
select scope, certified_at_level::text, validity_basis::text, validity_months, calendar_month, calendar_day,
    minimum_active_days, renewal_window_days, grace_days
from scope_rules
where scope = any($1::text[]) and (organization_id is null or organization_id = $2::uuid)
    and effective_from <= $3::date and ($4::timestamptz is null or created_at <= $4::timestamptz)
order by organization_id nulls first, version
""")


@dataclass(frozen=True, slots=True)
class AvailableLesson:
    """A published lesson that an organization's people can take."""

    lesson_id: UUID
    code: str
    title: str
    lesson_type: LessonType
    version: str
    minutes: Decimal
    scope_tags: tuple[str, ...]
    pass_threshold: int


def published_lessons(
    connection: psycopg.Connection,
    organization_id: UUID | None,
    *,
    scopes: Collection[str] = (),
    lesson_ids: Collection[UUID] = (),
    course_id: UUID | None = None,
) -> list[AvailableLesson]:
    """Lessons of the platform or the organization that teach one of the scopes, are named, or are the course."""
    rows = _LESSONS.run(connection, (organization_id, list(scopes), list(lesson_ids), course_id))
    return [
        AvailableLesson(row[0], row[1], row[2], LessonType(row[3]), row[4], row[5], tuple(row[6]), row[7])
        for row in rows
    ]


def terms_of_scopes(
    connection: psycopg.Connection,
    scopes: Collection[str],
    organization_id: UUID | None,
    *,
    on: date,
    as_known_at: datetime | None = None,
) -> dict[str, ScopeRuleTerms]:
    """The terms of each scope on a day: the organization's own, else the platform's, else the seed's."""
    terms = {scope: default_terms(scope) for scope in scopes}
    for row in _TERMS.run(connection, (list(scopes), organization_id, on, as_known_at)):
        terms[row[0]] = ScopeRuleTerms(row[0], ProficiencyLevel(row[1]), ValidityBasis(row[2]), *row[3:])
    return terms
