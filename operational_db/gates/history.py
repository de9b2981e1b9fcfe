"""What was known about people, and when: the facts of a gate at any instant of the past, or as they would be changed.

For previews and exceptions, which ask about many people or instants at once; a single decision is looked up by
`lookup`. The facts are the same by the same rules; a test holds both against each other.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Self
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from operational_db.gates.rules import EvidenceFact, GateFacts, GateTerms, WaiverFact
from operational_db.proficiency.repository import ProficiencyRepository, to_evidence
from operational_db.proficiency.rules import (
    Evidence,
    Revocation,
    known_at,
    track_name,
    utc_day,
    with_revocation_known,
)
from operational_db.tables.content import Lesson
from operational_db.tables.gates import GateWaiver, ProficiencyEvidence, TrainingTrack
from operational_db.tables.identity import Membership


@dataclass(frozen=True, slots=True)
class KnownEvidence:
    """A piece of evidence, the requirement it answers (`scope:…` or `track:…`) and the lesson that earned it."""

    evidence: Evidence
    key: str
    lesson_id: UUID | None = None
    lesson_version: str | None = None
    # All its revocations, the oldest first; none where only the present is asked about.
    revocations: Sequence[Revocation] = ()

    def as_of(self, as_known_at: datetime) -> Self | None:
        """As it was known at an instant; None when it was not on record yet."""
        seen = known_at([with_revocation_known(self.evidence, self.revocations, as_known_at)], as_known_at)
        return replace(self, evidence=seen[0]) if seen else None


@dataclass(frozen=True, slots=True)
class KnownWaiver:
    fact: WaiverFact
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Stay:
    """A membership: from its first day up to, but not including, its end; the team it was in."""

    started_on: date
    ended_on: date | None
    team_id: UUID | None

    def holds_on(self, day: date) -> bool:
        return self.started_on <= day and (self.ended_on is None or self.ended_on > day)


Change = Callable[[Sequence[KnownEvidence]], Sequence[KnownEvidence]]


@dataclass
class FactHistory:
    """Everything about some people of one organization that its gates may go by."""

    organization_id: UUID
    stays: dict[UUID, list[Stay]] = field(default_factory=dict)
    evidence: dict[UUID, list[KnownEvidence]] = field(default_factory=dict)
    waivers: dict[tuple[UUID, str], list[KnownWaiver]] = field(default_factory=dict)

    def facts(
        self,
        terms: GateTerms,
        person_id: UUID,
        *,
        at: datetime,
        as_known_at: datetime | None = None,
        resource: str | None = None,
        change: Change | None = None,
    ) -> GateFacts:
        """The facts at an instant, as known then (or at `as_known_at`).

        Parameters
        ----------
        change
            What a proposal makes of the evidence known; None leaves it as it is.
        """
        known = as_known_at or at
        day = utc_day(at)
        keys = {requirement.key for requirement in terms.requirements}
        found = [
            seen
            for each in self.evidence.get(person_id, ())
            if each.key in keys and (seen := each.as_of(known)) is not None
        ]
        evidence = found if change is None else change(found)
        waivers = [each.fact for each in self.waivers.get((person_id, terms.action), ()) if each.recorded_at <= known]
        return GateFacts(
            action=terms.action,
            person_id=person_id,
            organization_id=self.organization_id,
            is_member=any(stay.holds_on(day) for stay in self.stays.get(person_id, ())),
            evidence=tuple(sorted((_to_fact(each) for each in evidence), key=lambda fact: fact.id.int)),
            waivers=tuple(sorted(waivers, key=lambda fact: fact.id.int)),
            resource=resource,
        )

    def team_on(self, person_id: UUID, day: date) -> UUID | None:
        """The team the person is in on the day, else the last one she was in."""
        stays = [stay for stay in self.stays.get(person_id, ()) if stay.team_id is not None]
        current = [stay for stay in stays if stay.holds_on(day)]
        chosen = max(current or stays, key=lambda stay: stay.started_on, default=None)
        return None if chosen is None else chosen.team_id


def _to_fact(known: KnownEvidence) -> EvidenceFact:
    each = known.evidence
    return EvidenceFact(each.id, known.key, each.level, each.achieved_at, each.expires_on, each.revoked_from)


def load_history(
    session: Session,
    organization_id: UUID,
    person_ids: Collection[UUID],
    rules: Collection[GateTerms],
    *,
    known_from: datetime | None = None,
) -> FactHistory:
    """Memberships, waivers, and the evidence these rules ask for; one query each, whatever the number of people.

    Parameters
    ----------
    known_from
        The earliest instant whose knowledge is asked for; None when it is the present alone.
    """
    history = FactHistory(organization_id)
    if not person_ids:
        return history
    people = list(person_ids)
    for membership in session.scalars(
        select(Membership).where(Membership.organization_id == organization_id, Membership.person_id.in_(people))
    ):
        stay = Stay(membership.started_on, membership.ended_on, membership.team_id)
        history.stays.setdefault(membership.person_id, []).append(stay)
    for waiver in session.scalars(
        select(GateWaiver).where(GateWaiver.organization_id == organization_id, GateWaiver.person_id.in_(people))
    ):
        fact = WaiverFact(waiver.id, waiver.starts_on, waiver.ends_on, waiver.ended_at)
        known = KnownWaiver(fact, waiver.recorded_at)
        history.waivers.setdefault((waiver.person_id, waiver.action), []).append(known)
    _load_evidence(session, history, people, rules, known_from)
    return history


def _load_evidence(
    session: Session,
    history: FactHistory,
    people: Sequence[UUID],
    rules: Collection[GateTerms],
    known_from: datetime | None,
) -> None:
    wanted = [requirement for terms in rules for requirement in terms.requirements]
    scopes = {requirement.scope for requirement in wanted if requirement.scope is not None}
    tracks = _tracks(session, history.organization_id, {each.track for each in wanted if each.track is not None})
    statement = (
        select(ProficiencyEvidence, Lesson.organization_id)
        .outerjoin(Lesson, Lesson.id == ProficiencyEvidence.lesson_id)
        .where(
            ProficiencyEvidence.person_id.in_(people),
            or_(ProficiencyEvidence.scope.in_(scopes), ProficiencyEvidence.track_id.in_(tracks)),
        )
    )
    # Evidence of another organization's own lesson proves nothing here.
    rows = [
        row
        for row, owner in session.execute(statement)
        if row.scope is None or owner in (None, history.organization_id)
    ]
    revoked_since = {
        row.person_id
        for row in rows
        if known_from is not None and row.revoked_at is not None and row.revoked_at > known_from
    }
    revocations = ProficiencyRepository(session).revocations(revoked_since) if revoked_since else {}
    for row in rows:
        key = f"track:{tracks[row.track_id]}" if row.track_id is not None else f"scope:{row.scope}"
        evidence = replace(to_evidence(row), achieved_at=row.achieved_at.astimezone(UTC))
        known = KnownEvidence(evidence, key, row.lesson_id, row.lesson_version, revocations.get(row.id, ()))
        history.evidence.setdefault(row.person_id, []).append(known)


def _tracks(session: Session, organization_id: UUID, names: Collection[str]) -> Mapping[UUID, str]:
    """Ids of the tracks that the names mean to the organization: its own goes before the platform's."""
    if not names:
        return {}
    statement = (
        select(TrainingTrack)
        .where(or_(TrainingTrack.organization_id.is_(None), TrainingTrack.organization_id == organization_id))
        .order_by(TrainingTrack.organization_id.asc().nulls_first())
    )
    chosen = {track_name(track.persona, track.tier): track.id for track in session.scalars(statement)}
    return {track_id: name for name, track_id in chosen.items() if name in names}
