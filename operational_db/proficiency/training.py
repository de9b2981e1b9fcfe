"""The shortest way to what somebody lacks: the fewest lessons after which requirements of a rule are met.

Many people are answered together: what is published and what tracks ask is read once for an organization, what people
passed once for all of them. Who may know it is decided by the callers.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Self
from uuid import UUID

import psycopg
from sqlalchemy.orm import Session

from operational_db.database import psycopg_connection
from operational_db.gates.rules import GateDecision, Requirement
from operational_db.proficiency import rules
from operational_db.proficiency.lookup import AvailableLesson, published_lessons, terms_of_scopes
from operational_db.proficiency.path import Ways, shortest_path
from operational_db.proficiency.repository import ProficiencyRepository
from operational_db.proficiency.rules import LessonPass, TrackStep
from operational_db.proficiency.views import LessonStep, RequiredTraining, TrainingReason
from operational_db.tables.gates import ProficiencyEvidence, TrainingTrack
from operational_db.types import LessonType, ProficiencyLevel


@dataclass(frozen=True)
class TrainingGap:
    """Requirements a person does not meet, of a rule that is asked in an organization."""

    unmet: tuple[Requirement, ...]
    person_id: UUID
    organization_id: UUID | None

    @classmethod
    def of_decision(cls, decision: GateDecision) -> Self:
        """The requirements that a decision found unmet."""
        unmet = tuple(result.requirement for result in decision.requirements if not result.is_met)
        return cls(unmet, decision.person_id, decision.organization_id)

    @property
    def is_of_scopes(self) -> bool:
        """Whether it is in scopes alone, so that the way out of it is the same for everybody."""
        return all(each.track is None for each in self.unmet)


def training_for_gaps(session: Session, gaps: Sequence[TrainingGap], *, now: datetime) -> list[RequiredTraining]:
    """The fewest lessons for each gap, in their order.

    Of several ways of the same length the one with fewer minutes. A simulation is the way to `proficient`; a scope
    whose rule certifies at `completed` is also reached by a quiz, because certified is the higher level.
    """
    session.flush()
    return _training(psycopg_connection(session.connection()), ProficiencyRepository(session), gaps, now)


def training_for_scopes(
    connection: psycopg.Connection, gaps: Sequence[TrainingGap], *, now: datetime
) -> list[RequiredTraining]:
    """As `training_for_gaps`, for gaps in scopes alone, on the driver's connection.

    Raises
    ------
    ValueError
        When a gap is in a track.
    """
    if not all(gap.is_of_scopes for gap in gaps):
        raise ValueError("The way through a track depends on what the person passed: ask training_for_gaps.")
    return _training(connection, None, gaps, now)


def _training(
    connection: psycopg.Connection, repository: ProficiencyRepository | None, gaps: Sequence[TrainingGap], now: datetime
) -> list[RequiredTraining]:
    of_organization: dict[UUID | None, list[TrainingGap]] = defaultdict(list)
    for gap in gaps:
        if gap.unmet:
            of_organization[gap.organization_id].append(gap)
    finders = {
        organization_id: _WayFinder(connection, repository, found, organization_id, now)
        for organization_id, found in of_organization.items()
    }
    return [
        finders[gap.organization_id].training(gap)
        if gap.unmet
        else RequiredTraining((), Decimal(0), TrainingReason.NOTHING_MISSING)
        for gap in gaps
    ]


class _WayFinder:
    """The ways to meet requirements with the lessons that are published for an organization."""

    def __init__(
        self,
        connection: psycopg.Connection,
        repository: ProficiencyRepository | None,
        gaps: Sequence[TrainingGap],
        organization_id: UUID | None,
        now: datetime,
    ) -> None:
        requirements = {requirement for gap in gaps for requirement in gap.unmet}
        scopes = {each.scope for each in requirements if each.scope is not None}
        names = {each.track for each in requirements if each.track is not None}
        self._tracks: dict[str, TrainingTrack | None] = {}
        self._steps: dict[str, list[TrackStep]] = {}
        self._held: Mapping[UUID, Sequence[ProficiencyEvidence]] = {}
        self._passes: Mapping[UUID, Sequence[LessonPass]] = {}
        if repository is not None and names:
            self._read_tracks(repository, names, gaps, organization_id)
        in_tracks = {step.lesson_id for steps in self._steps.values() for step in steps}
        found = published_lessons(connection, organization_id, scopes=scopes, lesson_ids=in_tracks)
        self._lessons: dict[UUID, AvailableLesson] = {lesson.lesson_id: lesson for lesson in found}
        self._terms = terms_of_scopes(connection, scopes | names, organization_id, on=now.date())
        # A way through scopes alone is everybody's.
        self._of_scopes: dict[tuple[Requirement, ...], RequiredTraining] = {}

    def _read_tracks(
        self,
        repository: ProficiencyRepository,
        names: Collection[str],
        gaps: Sequence[TrainingGap],
        organization_id: UUID | None,
    ) -> None:
        """What the tracks ask, and what those who are asked for it passed of them."""
        for name in names:
            track = self._tracks[name] = repository.track(*rules.parse_track_name(name), organization_id)
            self._steps[name] = [] if track is None else repository.steps(track.id)
        people = {gap.person_id for gap in gaps if not gap.is_of_scopes}
        track_ids = [track.id for track in self._tracks.values() if track is not None]
        if people and track_ids:
            in_tracks = {step.lesson_id for steps in self._steps.values() for step in steps}
            self._held = repository.track_evidence_of(people, track_ids)
            self._passes = repository.passes_of(people, in_tracks)

    def training(self, gap: TrainingGap) -> RequiredTraining:
        """The shortest of the ways."""
        if not gap.is_of_scopes:
            return self._training(gap)
        known = self._of_scopes.get(gap.unmet)
        if known is None:
            known = self._of_scopes[gap.unmet] = self._training(gap)
        return known

    def _training(self, gap: TrainingGap) -> RequiredTraining:
        ways = [self._ways(requirement, gap.person_id) for requirement in gap.unmet]
        unreachable = tuple(each.key for each, way in zip(gap.unmet, ways, strict=True) if not way)
        reachable = [(each, way) for each, way in zip(gap.unmet, ways, strict=True) if way]
        minutes = {lesson_id: lesson.minutes for lesson_id, lesson in self._lessons.items()}
        chosen = shortest_path([way for _, way in reachable], minutes) or frozenset()
        steps: list[LessonStep] = []
        for requirement, way in reachable:
            wanted = {lesson_id for each in way for lesson_id in each} & chosen - {step.lesson_id for step in steps}
            for lesson in sorted((self._lessons[lesson_id] for lesson_id in wanted), key=lambda each: each.code):
                steps.append(
                    LessonStep(
                        lesson_id=lesson.lesson_id,
                        code=lesson.code,
                        title=lesson.title,
                        lesson_type=lesson.lesson_type,
                        minutes=lesson.minutes,
                        for_scope=requirement.scope or requirement.track or "",
                    )
                )
        return RequiredTraining(
            lessons=tuple(steps),
            estimated_minutes=sum((step.minutes for step in steps), Decimal(0)),
            reason=TrainingReason.NO_LESSON if unreachable else TrainingReason.LESSONS,
            missing=tuple(each.key for each in gap.unmet),
            unreachable=unreachable,
        )

    def _ways(self, requirement: Requirement, person_id: UUID) -> Ways:
        """The sets of published lessons each of which meets the requirement."""
        if requirement.scope is not None:
            return [
                frozenset({lesson.lesson_id})
                for lesson in self._lessons.values()
                if requirement.scope in lesson.scope_tags
                and lesson.lesson_type is not LessonType.WALKTHROUGH
                and self._reaches(requirement.scope, rules.level_of_result(lesson.lesson_type, True), requirement.level)
            ]
        name = requirement.track or ""
        track, steps = self._tracks[name], self._steps[name]
        if track is None:
            return []
        held = [row for row in self._held.get(person_id, ()) if row.track_id == track.id and row.revoked_at is None]
        on_track = {step.lesson_id for step in steps}
        passes = [each for each in self._passes.get(person_id, ()) if each.lesson_id in on_track]
        ways: set[frozenset[UUID]] = set()
        for level in (ProficiencyLevel.COMPLETED, ProficiencyLevel.PROFICIENT):
            if self._reaches(name, level, requirement.level):
                since = rules.reached_at(((row.level, row.achieved_at) for row in held), level)
                ways |= set(rules.track_alternatives(steps, level, rules.passed_since(passes, since)))
        # What was all passed since but is not recorded as reached leaves no lesson to name.
        return [way for way in ways if way and way <= self._lessons.keys()]

    def _reaches(self, target: str, level: ProficiencyLevel, wanted: ProficiencyLevel) -> bool:
        """Whether reaching a level, with the certification it may earn, meets what is wanted."""
        return rules.is_at_least(level, wanted) or rules.is_at_least(level, self._terms[target].certified_at_level)
