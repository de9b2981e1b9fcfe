"""Queries for evidence bundles: the entries a scope selects, what their ids stand for in words, and former exports.

Entries leave the database as a stream in the order of the ledger. Who may ask is decided in `service`.
"""

import json
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import LiteralString
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import ColumnElement, Select, and_, func, select, true
from sqlalchemy.orm import Session

from operational_db.database import psycopg_connection
from operational_db.errors import DatabaseUnavailableError, NotFoundError
from operational_db.evidence.rules import (
    ACTION_KINDS,
    HELD_KINDS,
    INCIDENT_KINDS,
    PRIVATE_KINDS,
    SCOPED_KINDS,
    BundleKind,
    BundleScope,
)
from operational_db.evidence.views import ExportView
from operational_db.paging import Page, PageRequest
from operational_db.tables.catalog import Course, CourseAssessment, CourseModule
from operational_db.tables.content import Lesson, LessonPolicy, LessonRunbook, LessonVersion, Policy, Runbook
from operational_db.tables.credentials import Certification
from operational_db.tables.gates import EvidenceBundle, GateRule, Incident, TrainingTrack
from operational_db.tables.identity import Membership, Organization, Person

# `m` are the people of the organization, with the first day after each left it.
_MEMBERS: LiteralString = """
    with member as (
        select
            person_id,
            case when bool_or(ended_on is null) then 'infinity'::date else max(ended_on) end as left_on
        from memberships where organization_id = {organization} group by person_id
    )
"""
_OWN_ENTRIES: LiteralString = """
    {members}
    select l.leaf_index
    from ledger_leaves as l
    join ledger_events as e on e.id = l.event_id
    left join member as m on m.person_id = e.subject_id
    where l.leaf_index = any(%(indexes)s::bigint[]) and {of_organization}
"""
_SELECT: LiteralString = """
    {members}
    select
        l.leaf_index,
        ledger_entry_bytes(
            e.id, e.kind, e.version, e.subject_id, e.organization_id, e.occurred_at, e.recorded_at, e.body
        ),
        l.leaf_hash
    from ledger_events as e
    join ledger_leaves as l on l.event_id = e.id
    left join member as m on m.person_id = e.subject_id
    where l.leaf_index < {tree_size} and {conditions}
    order by l.leaf_index
"""
# What the organization recorded, and what its people held before they left it, wherever that was recorded.
_OF_ORGANIZATION: LiteralString = """(
    e.organization_id = {organization}
    or (e.kind = any({held}) and m.person_id is not null and e.occurred_at < m.left_on::timestamptz)
)"""
_OF_SCOPE: LiteralString = """(
    (e.kind = any({scoped}) and (
        e.body::jsonb ->> 'scope' = {scope}
        or {scope} = any(string_to_array(e.body::jsonb ->> 'scope_tags', ','))
    ))
    or (e.kind = 'proficiency.revoked' and e.body::jsonb ->> 'evidence_id' in (
        select id::text from proficiency_evidence where scope = {scope}
    ))
    or (e.kind = any({by_action}) and e.body::jsonb ->> 'action' in (
        select action from gate_rules
        where requirements @> {requirement}::jsonb
        and (organization_id is null or {organization}::uuid is null or organization_id = {organization})
    ))
)"""
_OF_INCIDENT: LiteralString = """(
    (e.kind = any({incidents}) and e.body::jsonb ->> 'incident_id' = {incident}::text)
    or (e.subject_id in (select person_id from incident_people where incident_id = {incident}) and {of_scope})
)"""


@dataclass(frozen=True)
class LoggedEntry:
    """An entry's place, its canonical bytes as the tables give them now, and the hash it was sealed with."""

    leaf_index: int
    entry: bytes
    leaf_hash: bytes


def read_scope_entries(
    session: Session, scope: BundleScope, *, tree_size: int, incident_scope: str | None = None
) -> Generator[LoggedEntry, None, None]:
    """The entries of a scope among the first `tree_size`, by index; the connection is busy until the last one is read.

    Parameters
    ----------
    incident_scope
        The certification scope an incident's bundle is about.

    Raises
    ------
    DatabaseUnavailableError
        When the connection is lost on the way.
    """
    query = sql.SQL(_SELECT).format(
        members=sql.SQL(_MEMBERS).format(organization=sql.Literal(scope.organization_id)),
        tree_size=sql.Literal(tree_size),
        conditions=sql.SQL(" and ").join(_conditions(scope, incident_scope)),
    )
    # COPY, and not a cursor: a query behind a cursor gets no parallel workers.
    statement = sql.SQL("copy ({}) to stdout (format binary)").format(query)
    try:
        with psycopg_connection(session.connection()).cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(["int8", "bytea", "bytea"])
            for leaf_index, entry, leaf_hash in copy.rows():
                yield LoggedEntry(leaf_index, entry, leaf_hash)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailableError(
            "The database was lost while evidence was read; nothing was exported. Try again in a moment."
        ) from error


def _conditions(scope: BundleScope, incident_scope: str | None) -> Iterator[sql.Composable]:
    organization = sql.Literal(scope.organization_id)
    if scope.organization_id is not None:
        yield _of_organization(organization)
    if scope.starts_at is not None:
        yield sql.SQL("e.occurred_at >= {}").format(sql.Literal(scope.starts_at))
    if scope.ends_at is not None:
        yield sql.SQL("e.occurred_at < {}").format(sql.Literal(scope.ends_at))
    if scope.kind is BundleKind.FIGURE:
        yield sql.SQL("l.leaf_index = any({}::bigint[])").format(sql.Literal(list(scope.leaf_indexes)))
    elif scope.kind is BundleKind.PERSON:
        yield sql.SQL("e.subject_id = {}").format(sql.Literal(scope.person_id))
    if scope.kind not in {BundleKind.FIGURE, BundleKind.PERSON} or (
        scope.kind is BundleKind.PERSON and scope.organization_id is not None
    ):
        yield sql.SQL("e.kind <> all({})").format(sql.Literal(list(PRIVATE_KINDS)))
    if scope.kind is BundleKind.CERTIFICATION_SCOPE:
        yield _of_scope(str(scope.certification_scope), organization)
    elif scope.kind is BundleKind.INCIDENT:
        yield sql.SQL(_OF_INCIDENT).format(
            incidents=sql.Literal(list(INCIDENT_KINDS)),
            incident=sql.Literal(scope.incident_id),
            of_scope=_of_scope(str(incident_scope), organization),
        )


def _of_organization(organization: sql.Composable) -> sql.Composed:
    return sql.SQL(_OF_ORGANIZATION).format(organization=organization, held=sql.Literal(list(HELD_KINDS)))


def _of_scope(name: str, organization: sql.Composable) -> sql.Composed:
    return sql.SQL(_OF_SCOPE).format(
        scope=sql.Literal(name),
        scoped=sql.Literal(list(SCOPED_KINDS)),
        by_action=sql.Literal(list(ACTION_KINDS)),
        requirement=sql.Literal(json.dumps([{"scope": name}])),
        organization=organization,
    )


class EvidenceRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def organization_exists(self, organization_id: UUID) -> bool:
        return self.session.get(Organization, organization_id) is not None

    def person(self, person_id: UUID) -> Person | None:
        return self.session.get(Person, person_id)

    def was_member(self, person_id: UUID, organization_id: UUID) -> bool:
        """Whether the person ever belonged to the organization."""
        statement = select(Membership.id).where(
            Membership.person_id == person_id, Membership.organization_id == organization_id
        )
        return self.session.scalar(statement.limit(1)) is not None

    def entries_of_organization(self, organization_id: UUID, leaf_indexes: Collection[int]) -> frozenset[int]:
        """The entries among these that a bundle of the organization may hold."""
        organization = sql.Literal(organization_id)
        query = sql.SQL(_OWN_ENTRIES).format(
            members=sql.SQL(_MEMBERS).format(organization=organization), of_organization=_of_organization(organization)
        )
        connection = psycopg_connection(self.session.connection())
        with connection.cursor() as cursor:
            cursor.execute(query, {"indexes": list(leaf_indexes)})
            return frozenset(index for (index,) in cursor)

    def incident(self, incident_id: UUID) -> Incident:
        """The incident.

        Raises
        ------
        NotFoundError
            When none has the id.
        """
        incident = self.session.get(Incident, incident_id)
        if incident is None:
            raise NotFoundError("There is no incident with this id. Check the id.")
        return incident

    def names_of_people(self, ids: Collection[UUID], *, organization_id: UUID | None) -> Mapping[UUID, str]:
        """Names of those who were not erased and, when an organization is named, ever belonged to it."""
        statement = select(Person.id, Person.display_name).where(Person.id.in_(ids), Person.erased_at.is_(None))
        if organization_id is not None:
            members = select(Membership.person_id).where(Membership.organization_id == organization_id)
            statement = statement.where(Person.id.in_(members))
        return self._by_id(statement)

    def names_of_modules(self, module_type: str, ids: Collection[UUID]) -> Mapping[UUID, str]:
        """Title of lessons, assessments, modules, courses or certifications; lessons and certifications by code too."""
        statements = {
            "lesson": select(Lesson.id, Lesson.code + ": " + Lesson.title).where(Lesson.id.in_(ids)),
            "assessment": select(CourseAssessment.id, CourseAssessment.title).where(CourseAssessment.id.in_(ids)),
            "module": select(CourseModule.id, CourseModule.title).where(CourseModule.id.in_(ids)),
            "course": select(Course.id, Course.title).where(Course.id.in_(ids)),
            "certification": select(Certification.id, Certification.code + ": " + Certification.name).where(
                Certification.id.in_(ids)
            ),
        }
        return self._by_id(statements[module_type])

    def names_of_tracks(self, ids: Collection[UUID]) -> Mapping[UUID, str]:
        statement = select(TrainingTrack).where(TrainingTrack.id.in_(ids))
        return {track.id: f"{track.persona}/{track.tier}" for track in self.session.scalars(statement)}

    def codes_of_policies(self, ids: Collection[UUID]) -> Mapping[UUID, str]:
        return self._by_id(select(Policy.id, Policy.code).where(Policy.id.in_(ids)))

    def codes_of_runbooks(self, ids: Collection[UUID]) -> Mapping[UUID, str]:
        return self._by_id(select(Runbook.id, Runbook.code).where(Runbook.id.in_(ids)))

    def codes_of_lesson(self, lesson_id: UUID, version: str) -> tuple[Sequence[str], Sequence[str]]:
        """Codes of the policies and of the runbooks that a version of a lesson teaches."""
        is_version = and_(LessonVersion.lesson_id == lesson_id, LessonVersion.version == version)
        policies = (
            select(Policy.code)
            .join(LessonPolicy, LessonPolicy.policy_id == Policy.id)
            .join(LessonVersion, LessonVersion.id == LessonPolicy.lesson_version_id)
            .where(is_version)
        )
        runbooks = (
            select(Runbook.code)
            .join(LessonRunbook, LessonRunbook.runbook_id == Runbook.id)
            .join(LessonVersion, LessonVersion.id == LessonRunbook.lesson_version_id)
            .where(is_version)
        )
        return (
            self.session.scalars(policies.order_by(Policy.code)).all(),
            self.session.scalars(runbooks.order_by(Runbook.code)).all(),
        )

    def codes_of_rule(self, rule_id: UUID) -> tuple[Sequence[str], Sequence[str]]:
        """Codes of the policy and of the runbook a gate's rule is tied to."""
        statement = (
            select(Policy.code, Runbook.code)
            .select_from(GateRule)
            .outerjoin(Policy, Policy.id == GateRule.policy_id)
            .outerjoin(Runbook, Runbook.id == GateRule.runbook_id)
            .where(GateRule.id == rule_id)
        )
        row = self.session.execute(statement).one_or_none()
        if row is None:
            return (), ()
        policy, runbook = row
        return ([] if policy is None else [policy]), ([] if runbook is None else [runbook])

    def exports(self, organization_id: UUID | None, page: PageRequest) -> Page[ExportView]:
        """Exports made for an organization, the latest first; all there were when none is named."""
        of_organization: ColumnElement[bool] = true()
        if organization_id is not None:
            of_organization = EvidenceBundle.organization_id == organization_id
        total = self.session.scalar(select(func.count()).select_from(EvidenceBundle).where(of_organization)) or 0
        statement = (
            select(EvidenceBundle, Person.display_name)
            .outerjoin(Person, Person.id == EvidenceBundle.requested_by)
            .where(of_organization)
            .order_by(EvidenceBundle.exported_at.desc(), EvidenceBundle.id.desc())
            .limit(page.size)
            .offset(page.offset)
        )
        views = [
            ExportView(
                id=bundle.id,
                organization_id=bundle.organization_id,
                requested_by=bundle.requested_by,
                requester_name=name,
                scope=bundle.bundle_scope,
                tree_size=bundle.tree_size,
                record_count=bundle.record_count,
                manifest_sha256=bundle.manifest_sha256,
                exported_at=bundle.exported_at,
            )
            for bundle, name in self.session.execute(statement)
        ]
        return Page(views, total, page.number, page.size)

    def _by_id(self, statement: Select[UUID, str]) -> Mapping[UUID, str]:
        return {found_id: text for found_id, text in self.session.execute(statement)}
