"""The life of the shipped content over the two years: yearly and half-yearly refreshes, reviews, one changed policy.

Versions and reviews are written as the services of `content` would; which version a learner met on a day is asked here.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from operational_db.content.rules import VersionChange, next_version, refresh_due_on
from operational_db.demo.batch import Batch
from operational_db.demo.chance import Chance
from operational_db.demo.content import DemoContent, DemoLesson
from operational_db.ledger.events import (
    ContentFlagged,
    ContentPublished,
    ContentReviewed,
    ContentReviewRequested,
    PolicyVersionPublished,
)
from operational_db.tables.content import LessonPolicy, LessonReview, LessonRunbook, LessonVersion, PolicyVersion
from operational_db.types import LessonStatus, ReviewArea, ReviewOutcome, ReviewReason

CHANGED_POLICY = "POL-DA-003"
CHANGE_SUMMARY = "Exports that leave the region need the approval of the data protection officer as well."
# Days before today: the policy's new version, the lessons that teach it, the day it takes effect.
CHANGE_PUBLISHED, CHANGE_TAUGHT, CHANGE_EFFECTIVE = 150, 130, 118
# So many lessons were not looked at when their refresh was due; so many are being revised at present.
OVERDUE_COUNT, IN_REVIEW_COUNT = 2, 2
REVIEW_AREAS = (ReviewArea.SECURITY_COMPLIANCE, ReviewArea.UX)


@dataclass(frozen=True, slots=True)
class VersionInPlace:
    id: UUID
    version: str
    published_at: datetime


@dataclass(frozen=True)
class PolicyChangeOfDemo:
    """The one policy that changed its controls, and the lessons that teach it."""

    policy_id: UUID | None
    published_at: datetime
    taught_at: datetime
    effective_on: date
    lesson_ids: frozenset[UUID]


@dataclass
class Publishing:
    """Which version of each lesson was in place when, and what the changed policy outdated."""

    change: PolicyChangeOfDemo
    versions: dict[UUID, list[VersionInPlace]] = field(default_factory=dict)

    def version_at(self, lesson: DemoLesson, at: datetime) -> VersionInPlace:
        versions = self.versions[lesson.id]
        place = bisect_right([each.published_at for each in versions], at)
        return versions[max(0, place - 1)]

    def outdated_from(self, lesson: DemoLesson, version: str, *, known_at: datetime) -> date | None:
        """First day on which evidence of this version no longer counts, as far as anybody knows of it."""
        change = self.change
        if lesson.id not in change.lesson_ids or known_at < change.published_at:
            return None
        taught = next((each for each in self.versions[lesson.id] if each.published_at >= change.taught_at), None)
        is_old = taught is None or tuple(map(int, version.split("."))) < tuple(map(int, taught.version.split(".")))
        return change.effective_on if is_old else None


class Publisher:
    """Writes the versions, reviews and policy versions of the history."""

    def __init__(
        self,
        chance: Chance,
        batch: Batch,
        content: DemoContent,
        reviewer_id: UUID | None,
        languages: Chance,
        start: datetime,
        now: datetime,
    ) -> None:
        self.chance = chance
        self.batch = batch
        self.content = content
        self.reviewer_id = reviewer_id
        # Drawn apart, so that reviews of languages change nothing else in the history of a seed number.
        self.languages = languages
        self.start = start
        self.now = now

    def publish(self) -> Publishing:
        """Two years of content; the batch names the shipped versions that gave way to others."""
        change = self._change_policy()
        publishing = Publishing(change)
        overdue = {each.id for each in self.chance.some(self._without(change), OVERDUE_COUNT)}
        for lesson in self.content.lessons:
            publishing.versions[lesson.id] = self._live(lesson, change, is_forgotten=lesson.id in overdue)
        revised = [each for each in self._without(change) if each.id not in overdue]
        for lesson in self.chance.some(revised, IN_REVIEW_COUNT):
            self._revise(lesson, publishing.versions[lesson.id][-1])
        return publishing

    def _without(self, change: PolicyChangeOfDemo) -> list[DemoLesson]:
        return [each for each in self.content.lessons if each.id not in change.lesson_ids]

    def _at(self, days_ago: int) -> datetime:
        return datetime.combine(self.now.date() - timedelta(days=days_ago), time(9), UTC)

    def _change_policy(self) -> PolicyChangeOfDemo:
        policy_id = self.content.policies.get(CHANGED_POLICY)
        published_at, effective_on = self._at(CHANGE_PUBLISHED), self._at(CHANGE_EFFECTIVE).date()
        lessons = frozenset(each.id for each in self.content.lessons if policy_id in each.policy_ids)
        if policy_id is not None:
            version_id = self.chance.new_id(published_at)
            self.batch.add(
                PolicyVersion, version_id, policy_id, "2.0.0", CHANGE_SUMMARY, False, True, effective_on, published_at
            )
            self.batch.events.append(
                PolicyVersionPublished(
                    subject_id=None,
                    organization_id=None,
                    occurred_at=published_at,
                    policy_id=policy_id,
                    policy_version="2.0.0",
                    changes_scope=False,
                    changes_controls=True,
                    effective_on=effective_on,
                )
            )
        return PolicyChangeOfDemo(policy_id, published_at, self._at(CHANGE_TAUGHT), effective_on, lessons)

    def _live(self, lesson: DemoLesson, change: PolicyChangeOfDemo, *, is_forgotten: bool) -> list[VersionInPlace]:
        """Every version of a lesson, each refreshed some days before it was due."""
        places = [VersionInPlace(lesson.version_id, lesson.version, self.start)]
        is_taught = lesson.id not in change.lesson_ids
        while True:
            due = refresh_due_on(places[-1].published_at.date(), lesson.refresh_months)
            at = datetime.combine(due - timedelta(days=self.chance.randrange(3, 15)), time(10), UTC)
            kind, reason = VersionChange.MINOR, ReviewReason.REFRESH
            if not is_taught and at >= change.published_at:
                at, kind, reason, is_taught = change.taught_at, VersionChange.MAJOR, ReviewReason.POLICY_CHANGE, True
                self._flag(lesson, places[-1], change)
            is_last = refresh_due_on(at.date(), lesson.refresh_months) > self.now.date()
            if at >= self.now - timedelta(days=1) or (is_forgotten and is_last):
                break
            places.append(self._replace(lesson, places[-1], at, kind, reason, change))
        self._write(lesson, places, change)
        return places

    def _flag(self, lesson: DemoLesson, place: VersionInPlace, change: PolicyChangeOfDemo) -> None:
        if change.policy_id is None:
            return
        self.batch.events.append(
            ContentFlagged(
                subject_id=None,
                organization_id=None,
                occurred_at=change.published_at,
                lesson_id=lesson.id,
                lesson_version=place.version,
                policy_id=change.policy_id,
                policy_version="2.0.0",
            )
        )

    def _replace(
        self,
        lesson: DemoLesson,
        former: VersionInPlace,
        at: datetime,
        kind: VersionChange,
        reason: ReviewReason,
        change: PolicyChangeOfDemo,
    ) -> VersionInPlace:
        """The next version, reviewed from both sides and in its languages in the weeks before it was published."""
        version = VersionInPlace(self.chance.new_id(at), next_version(former.version, kind), at)
        is_change = reason is ReviewReason.POLICY_CHANGE
        if is_change:
            # Of the version in place: whether it still says what the policy asks for.
            self._review(lesson, former, reason, change.published_at, self._within(change.published_at, at))
        asked_at = max(
            at - timedelta(days=self.chance.randrange(8, 15)), change.published_at if is_change else self.start
        )
        self._review(lesson, version, ReviewReason.PUBLICATION, asked_at, self._within(asked_at, at))
        self.batch.events.append(
            ContentPublished(
                subject_id=None,
                organization_id=None,
                occurred_at=at,
                lesson_id=lesson.id,
                lesson_version=version.version,
                lesson_type=lesson.lesson_type,
                refresh_due_on=refresh_due_on(at.date(), lesson.refresh_months),
                recertify_from=change.effective_on if is_change else None,
            )
        )
        return version

    def _within(self, first: datetime, last: datetime) -> datetime:
        return first + (last - first) * self.chance.uniform(0.3, 0.95)

    def _review(
        self,
        lesson: DemoLesson,
        place: VersionInPlace,
        reason: ReviewReason,
        asked_at: datetime,
        decided_at: datetime | None,
    ) -> None:
        asked: list[tuple[ReviewArea, str | None, Chance]] = [(area, None, self.chance) for area in REVIEW_AREAS]
        if reason is ReviewReason.PUBLICATION:
            asked += [(ReviewArea.LOCALIZATION, locale, self.languages) for locale in lesson.further_locales]
        for area, locale, chance in asked:
            review_id = chance.new_id(asked_at)
            outcome = None if decided_at is None else ReviewOutcome.APPROVED
            self.batch.add(
                LessonReview,
                review_id,
                place.id,
                area,
                reason,
                locale,
                None,
                asked_at,
                outcome,
                None if decided_at is None else self.reviewer_id,
                decided_at,
            )
            self.batch.events.append(
                ContentReviewRequested(
                    subject_id=None,
                    organization_id=None,
                    occurred_at=asked_at,
                    review_id=review_id,
                    lesson_id=lesson.id,
                    lesson_version=place.version,
                    area=area,
                    reason=reason,
                )
            )
            if decided_at is not None:
                self.batch.events.append(
                    ContentReviewed(
                        subject_id=self.reviewer_id,
                        organization_id=None,
                        occurred_at=decided_at,
                        review_id=review_id,
                        lesson_id=lesson.id,
                        lesson_version=place.version,
                        area=area,
                        outcome=ReviewOutcome.APPROVED,
                    )
                )

    def _revise(self, lesson: DemoLesson, place: VersionInPlace) -> None:
        """A version that is being reviewed at present: security has not said anything yet."""
        asked_at = self._at(self.chance.randrange(2, 20))
        version = VersionInPlace(
            self.chance.new_id(asked_at), next_version(place.version, VersionChange.MINOR), asked_at
        )
        self._add_version(lesson, version, LessonStatus.IN_REVIEW, None, None)
        self._review(lesson, version, ReviewReason.PUBLICATION, asked_at, None)

    def _write(self, lesson: DemoLesson, places: list[VersionInPlace], change: PolicyChangeOfDemo) -> None:
        if len(places) > 1:
            self.batch.superseded_version_ids.append(lesson.version_id)
        for place in places[1:]:
            is_taught = lesson.id in change.lesson_ids and place.published_at >= change.taught_at
            status = LessonStatus.PUBLISHED if place is places[-1] else LessonStatus.SUPERSEDED
            is_change = is_taught and place.published_at == change.taught_at
            self._add_version(lesson, place, status, change if is_taught else None, change if is_change else None)

    def _add_version(
        self,
        lesson: DemoLesson,
        place: VersionInPlace,
        status: LessonStatus,
        taught: PolicyChangeOfDemo | None,
        recertified: PolicyChangeOfDemo | None,
    ) -> None:
        columns = lesson.columns
        is_published = status is not LessonStatus.IN_REVIEW
        self.batch.add(
            LessonVersion,
            place.id,
            lesson.id,
            place.version,
            status,
            *(
                columns[name]
                for name in (
                    "objective", "duration_minutes", "pass_threshold", "body", "scope_tags", "locales",
                    "expected_outcomes", "telemetry_hooks", "refresh_months", "rollout_plan", "fallback",
                )
            ),
            place.published_at if is_published else None,
            refresh_due_on(place.published_at.date(), lesson.refresh_months) if is_published else None,
            None if recertified is None else recertified.effective_on,
            place.published_at,
            place.published_at,
        )  # fmt: skip
        for policy_id in lesson.policy_ids:
            is_new = taught is not None and policy_id == taught.policy_id
            self.batch.add(LessonPolicy, place.id, policy_id, "2.0.0" if is_new else "1.0.0")
        for runbook_id in lesson.runbook_ids:
            self.batch.add(LessonRunbook, place.id, runbook_id)
