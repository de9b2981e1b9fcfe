"""One person who learns in the flow of work: lessons taken, levels reached, certifications earned, lapsed and revoked.

The rules are those of `proficiency.rules` and `assessment.rules`; only what people do is drawn by chance. What gates,
near-misses and incidents do with it is in `trust`.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from operational_db.assessment.rules import is_passing, percent
from operational_db.demo.batch import Batch
from operational_db.demo.chance import Chance
from operational_db.demo.content import DemoContent, DemoLesson, DemoTrack
from operational_db.demo.industry import DemoCompany, DemoPerson
from operational_db.demo.publishing import Publishing
from operational_db.gates.rules import EvidenceFact, Requirement
from operational_db.ledger.events import (
    LessonAttemptGraded,
    LessonCompleted,
    LessonOpened,
    ProficiencyReached,
    ProficiencyRevoked,
)
from operational_db.proficiency.rules import (
    SUPERSEDED_REASON,
    LessonPass,
    expires_on,
    has_reached_track,
    is_at_least,
    level_of_result,
    passed_since,
)
from operational_db.tables.content import LessonAttempt
from operational_db.tables.gates import ProficiencyEvidence
from operational_db.types import LessonTrigger, LessonType, Persona, ProficiencyLevel

TRIES = 3


@dataclass(slots=True)
class Held:
    """Evidence as it will be written; a revocation may still change it."""

    id: UUID
    scope: str | None
    track: DemoTrack | None
    level: ProficiencyLevel
    achieved_at: datetime
    expires_on: date | None
    lesson_id: UUID
    lesson_version: str
    attempt_id: UUID
    attempt_number: int
    score: Decimal
    revoked_at: datetime | None = None
    revoked_from: date | None = None

    @property
    def key(self) -> str:
        return f"scope:{self.scope}" if self.track is None else f"track:{self.track.name}"


@dataclass
class Learner:
    """A person of a company, with everything she proved so far."""

    company: DemoCompany
    person: DemoPerson
    held: dict[str, list[Held]] = field(default_factory=dict)
    passes: list[tuple[LessonPass, UUID]] = field(default_factory=list)
    attempt_counts: dict[UUID, int] = field(default_factory=dict)
    # Nobody takes two lessons at once: the next one starts after the last try at the one before.
    busy_until: datetime | None = None

    def is_member(self, day: date) -> bool:
        return self.person.started_on <= day and (self.person.ended_on is None or self.person.ended_on > day)

    def facts_on(self, requirements: tuple[Requirement, ...], at: datetime) -> tuple[EvidenceFact, ...]:
        """What a gate finds at an instant, as `gates.lookup` would."""
        found = [
            EvidenceFact(
                each.id,
                key,
                each.level,
                each.achieved_at,
                each.expires_on,
                each.revoked_from if each.revoked_at is not None and each.revoked_at <= at else None,
            )
            for key in dict.fromkeys(requirement.key for requirement in requirements)
            for each in self.held.get(key, ())
            if each.achieved_at <= at
        ]
        return tuple(sorted(found, key=lambda fact: fact.id.int))


class Teacher:
    """Takes learners through lessons and writes down what comes of it."""

    def __init__(
        self, chance: Chance, batch: Batch, content: DemoContent, publishing: Publishing, now: datetime
    ) -> None:
        self.chance = chance
        self.batch = batch
        self.content = content
        self.publishing = publishing
        self.now = now
        self.lessons = {lesson.id: lesson for lesson in content.lessons}
        self.tracks_of = {
            lesson.id: [track for track in content.tracks if any(step.lesson_id == lesson.id for step in track.steps)]
            for lesson in content.lessons
        }

    # One lesson

    def take(self, learner: Learner, lesson: DemoLesson, begins: datetime, trigger: LessonTrigger) -> datetime | None:
        """One sitting at a lesson and, after a failure, further ones; when it was passed, None when it was not yet."""
        chance = self.chance
        if learner.busy_until is not None:
            begins = max(begins, learner.busy_until + timedelta(minutes=1))
        moment = begins
        for number in range(TRIES):
            moment += timedelta(seconds=round(float(lesson.minutes) * 60 * chance.uniform(0.5, 1.3)))
            seconds = 20 * lesson.item_count + chance.randrange(15 * lesson.item_count + 20)
            handed_in = moment + timedelta(seconds=seconds)
            if handed_in >= self.now or not learner.is_member(handed_in.date()):
                return None
            learner.busy_until = handed_in
            if number == 0:
                self._open(learner, lesson, begins, trigger)
            if self._attempt(learner, lesson, moment, seconds, number, trigger):
                return handed_in
            # The remediation at once, or after a night; after three failures people leave it for now.
            moment = handed_in + timedelta(minutes=chance.choice((6, 25, 90, 1440, 2900)))
        return None

    def _open(self, learner: Learner, lesson: DemoLesson, at: datetime, trigger: LessonTrigger) -> None:
        self.batch.events.append(
            LessonOpened(
                subject_id=learner.person.id,
                organization_id=learner.company.id,
                occurred_at=at,
                lesson_id=lesson.id,
                lesson_version=self.publishing.version_at(lesson, at).version,
                lesson_type=lesson.lesson_type,
                trigger=trigger,
            )
        )

    def _attempt(
        self, learner: Learner, lesson: DemoLesson, moment: datetime, seconds: int, number: int, trigger: LessonTrigger
    ) -> bool:
        chance = self.chance
        version = self.publishing.version_at(lesson, moment)
        handed_in = moment + timedelta(seconds=seconds)
        attempt_id = chance.new_id(moment)
        attempt_number = learner.attempt_counts.get(lesson.id, 0) + 1
        learner.attempt_counts[lesson.id] = attempt_number
        is_walkthrough = lesson.lesson_type is LessonType.WALKTHROUGH
        # Whoever has just read why an answer was wrong knows better.
        ease = min(0.985, learner.person.ability / 100 + 0.06 + 0.07 * number)
        right = lesson.item_count if is_walkthrough else sum(chance.happens(ease) for _ in range(lesson.item_count))
        score = percent(right, lesson.item_count)
        has_passed = is_passing(right, lesson.item_count, lesson.pass_threshold)
        self.batch.add(
            LessonAttempt,
            attempt_id,
            version.id,
            learner.person.id,
            learner.company.id,
            trigger,
            attempt_number,
            moment,
            handed_in,
            score,
            has_passed,
            seconds,
        )
        self._tell(
            learner, lesson, version.version, attempt_id, attempt_number, score, has_passed, handed_in, seconds, trigger
        )
        if has_passed:
            self._prove(learner, lesson, version.version, attempt_id, attempt_number, score, handed_in)
        return has_passed

    def _tell(
        self,
        learner: Learner,
        lesson: DemoLesson,
        version: str,
        attempt_id: UUID,
        attempt_number: int,
        score: Decimal,
        has_passed: bool,
        at: datetime,
        seconds: int,
        trigger: LessonTrigger,
    ) -> None:
        person = learner.person
        if lesson.lesson_type is LessonType.WALKTHROUGH:
            self.batch.events.append(
                LessonCompleted(
                    subject_id=person.id,
                    organization_id=learner.company.id,
                    occurred_at=at,
                    lesson_id=lesson.id,
                    lesson_version=version,
                    lesson_type=lesson.lesson_type,
                    seconds_taken=seconds,
                )
            )
            return
        self.batch.events.append(
            LessonAttemptGraded(
                subject_id=person.id,
                organization_id=learner.company.id,
                occurred_at=at,
                attempt_id=attempt_id,
                lesson_id=lesson.id,
                lesson_version=version,
                lesson_type=lesson.lesson_type,
                persona=person.persona,
                track_id=self._track_for(lesson, person.persona),
                attempt_number=attempt_number,
                score=score,
                passed=has_passed,
                seconds_taken=seconds,
                trigger=trigger,
                scope_tags=",".join(sorted(lesson.scope_tags)),
                policy_ids=",".join(sorted(map(str, lesson.policy_ids))),
                runbook_ids=",".join(sorted(map(str, lesson.runbook_ids))),
            )
        )

    def _track_for(self, lesson: DemoLesson, persona: Persona | None) -> UUID | None:
        """The persona's track that the lesson is on, Core first (as `content.repository.track_for`)."""
        tracks = [track for track in self.tracks_of[lesson.id] if track.persona is persona]
        return min(tracks, key=lambda track: (track.tier != "core", track.id)).id if tracks else None

    # What a pass proves (as `proficiency.service.record_evidence`)

    def _prove(
        self,
        learner: Learner,
        lesson: DemoLesson,
        version: str,
        attempt_id: UUID,
        attempt_number: int,
        score: Decimal,
        at: datetime,
    ) -> None:
        level = level_of_result(lesson.lesson_type, True)
        new: list[Held] = []

        def reach(reached: ProficiencyLevel, scope: str | None, track: DemoTrack | None, terms_of: str) -> None:
            key = f"scope:{scope}" if track is None else f"track:{track.name}"
            former = learner.held.setdefault(key, [])
            terms = self.content.terms(terms_of)
            levels: list[tuple[ProficiencyLevel, date | None]] = [(reached, None)]
            if is_at_least(reached, terms.certified_at_level):
                renewed = [
                    each.expires_on for each in former if each.expires_on is not None and each.revoked_at is None
                ]
                levels.append((ProficiencyLevel.CERTIFIED, expires_on(terms, at.date(), max(renewed, default=None))))
            for one, last in levels:
                held = Held(
                    self.chance.new_id(at), scope, track, one, at, last, lesson.id, version, attempt_id, attempt_number,
                    score,
                )  # fmt: skip
                former.append(held)
                new.append(held)

        if lesson.lesson_type is not LessonType.WALKTHROUGH:
            for scope in dict.fromkeys(lesson.scope_tags):
                reach(level, scope, None, scope)
        learner.passes.append((LessonPass(lesson.id, level, at), attempt_id))
        passes = [each for each, _ in learner.passes]
        for track in self.tracks_of[lesson.id]:
            standing = [each for each in learner.held.get(f"track:{track.name}", ()) if each.revoked_at is None]
            for wanted in (ProficiencyLevel.PROFICIENT, ProficiencyLevel.COMPLETED):
                since = max(
                    (
                        each.achieved_at
                        for each in standing
                        if each.level is not ProficiencyLevel.CERTIFIED and is_at_least(each.level, wanted)
                    ),
                    default=None,
                )
                if has_reached_track(track.steps, wanted, passed_since(passes, since)):
                    reach(wanted, None, track, track.name)
                    break
        self._tell_reached(learner, new)
        outdated = self.publishing.outdated_from(lesson, version, known_at=at)
        if outdated is not None:
            self.revoke(learner, [each for each in new if each.track is None], outdated, at)

    def _tell_reached(self, learner: Learner, new: list[Held]) -> None:
        self.batch.events.extend(
            ProficiencyReached(
                subject_id=learner.person.id,
                organization_id=learner.company.id,
                occurred_at=each.achieved_at,
                evidence_id=each.id,
                scope=each.scope,
                track_id=None if each.track is None else each.track.id,
                persona=learner.person.persona if each.track is None else each.track.persona,
                level=each.level,
                lesson_id=each.lesson_id,
                lesson_version=each.lesson_version,
                attempt_id=each.attempt_id,
                attempt_number=each.attempt_number,
                score=each.score,
                expires_on=each.expires_on,
            )
            for each in new
        )

    def change_policy(self, learner: Learner, at: datetime) -> list[DemoLesson]:
        """A policy changed its controls: what its lessons proved until then ends on the day it takes effect.

        Returns the lessons that have to be taken again.
        """
        change = self.publishing.change
        by_attempt: dict[UUID, list[Held]] = {}
        for held in learner.held.values():
            for each in held:
                if each.track is None and each.lesson_id in change.lesson_ids and each.revoked_at is None:
                    by_attempt.setdefault(each.attempt_id, []).append(each)
        # What had ended before that day by itself stays as it was.
        ending = [
            each
            for achievement in by_attempt.values()
            if all(one.expires_on is None or one.expires_on >= change.effective_on for one in achievement)
            for each in achievement
        ]
        self.revoke(learner, ending, change.effective_on, at)
        return [self.lessons[lesson_id] for lesson_id in sorted({each.lesson_id for each in ending})]

    def revoke(self, learner: Learner, evidence: list[Held], revoked_from: date, at: datetime) -> None:
        """Evidence ends as superseded, and with it the tracks that were reached with those passes."""
        attempts = {each.attempt_id for each in evidence}
        lessons = {each.lesson_id: each.achieved_at for each in evidence}
        learner.passes = [each for each in learner.passes if each[1] not in attempts]
        lost = [
            each
            for held in learner.held.values()
            for each in held
            if each.track is not None
            and each.revoked_at is None
            and any(
                step.lesson_id in lessons and step.is_required and lessons[step.lesson_id] <= each.achieved_at
                for step in each.track.steps
            )
        ]
        for each in (*evidence, *lost):
            each.revoked_at, each.revoked_from = at, revoked_from
            self.batch.events.append(
                ProficiencyRevoked(
                    subject_id=learner.person.id,
                    organization_id=learner.company.id,
                    occurred_at=at,
                    evidence_id=each.id,
                    revoked_from=revoked_from,
                    superseded=True,
                )
            )

    def write(self, learner: Learner) -> None:
        """Everything the person proved, as it stands at the end."""
        for held in learner.held.values():
            for each in held:
                self.batch.add(
                    ProficiencyEvidence,
                    each.id,
                    learner.person.id,
                    learner.company.id,
                    each.scope,
                    None if each.track is None else each.track.id,
                    learner.person.persona if each.track is None else each.track.persona,
                    each.level,
                    each.lesson_id,
                    each.lesson_version,
                    each.attempt_id,
                    each.attempt_number,
                    each.score,
                    each.achieved_at,
                    each.achieved_at,
                    each.expires_on,
                    each.revoked_at,
                    each.revoked_from,
                    None if each.revoked_at is None else SUPERSEDED_REASON,
                )

    # What to take

    def lessons_for(self, requirement: Requirement) -> list[DemoLesson]:
        """The lessons after which a requirement is met, the shorter ones first."""
        if requirement.track is not None:
            track = self.content.track(requirement.track)
            return [] if track is None else self.lessons_of(track)
        tagged = [each for each in self.content.lessons if requirement.scope in each.scope_tags]
        quizzes = [each for each in tagged if each.lesson_type in {LessonType.MICRO_LESSON, LessonType.QUIZ}]
        simulations = [each for each in tagged if each.is_simulation]
        chosen = sorted(quizzes, key=lambda each: (each.minutes, each.code))[:1]
        if is_at_least(requirement.level, ProficiencyLevel.PROFICIENT):
            chosen += simulations[:1]
        return chosen

    def lessons_of(self, track: DemoTrack) -> list[DemoLesson]:
        """Everything the track cannot be completed without."""
        return [
            self.lessons[step.lesson_id] for step in track.steps if step.is_required and step.lesson_id in self.lessons
        ]
