"""Random histories with lessons, proficiency, gates, access, content and incidents among the entries of `histories`.

As there: every entry is about something an earlier entry made, dates are drawn freely, corrections happen.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from operational_db.gates.rules import GateTerms, Requirement
from operational_db.ledger.events import (
    AccessGranted,
    AccessRemoved,
    ContentFlagged,
    ContentPublished,
    ContentRetired,
    ContentReviewed,
    ContentReviewRequested,
    Event,
    EvidenceExported,
    GateDecided,
    GateRuleEnded,
    GateRuleSet,
    IncidentPersonInvolved,
    IncidentReported,
    LessonAssigned,
    LessonAttemptGraded,
    LessonCompleted,
    LessonOpened,
    MembershipStarted,
    NearMissRecorded,
    PersonErased,
    PolicyVersionPublished,
    ProficiencyReached,
    ProficiencyRevoked,
    ReinforcementFinished,
    ReinforcementScheduled,
    ReminderDelivered,
    TipDismissed,
    TipShown,
    WaiverEnded,
    WaiverGranted,
)
from operational_db.types import (
    GateMode,
    GateOutcome,
    LessonTrigger,
    LessonType,
    NearMissKind,
    NotificationChannel,
    Persona,
    ProficiencyLevel,
    ReviewArea,
    ReviewOutcome,
    ReviewReason,
    Role,
    TrackTier,
)
from tests.dbt_project.histories import ORGANIZATIONS, PEOPLE, TEAMS, History, dimensions, uid
from tests.dbt_project.landing import Dimensions

LESSONS = [uid(10, n) for n in range(4)]
VERSIONS = ("1.0.0", "1.1.0", "2.0.0")
POLICIES = [uid(11, n) for n in range(2)]
FEATURES = {"data-export": uid(12, 0), "rule-change": uid(12, 1)}
ACTIONS = ("data-export", "rule-change", "production-change")
SCOPES = ("data-export", "pii")
PERSONAS = (Persona.ENGINEER, Persona.OPERATIONS)
# The platform's tracks, and one that the first organization has of its own.
TRACKS: dict[tuple[UUID | None, Persona, TrackTier], UUID] = {
    (None, persona, tier): uid(13, 2 * n + m) for n, persona in enumerate(PERSONAS) for m, tier in enumerate(TrackTier)
}
TRACKS[(ORGANIZATIONS[0], Persona.ENGINEER, TrackTier.CORE)] = uid(13, 9)


def trust_dimensions() -> Dimensions:
    """The dimensions of `histories`, and those the trust entries refer to."""
    base = dimensions()
    base.lessons = [
        {"lesson_id": str(lesson), "code": f"L-{n}", "title": f"Lesson {n}", "lesson_type": "micro_lesson"}
        for n, lesson in enumerate(LESSONS)
    ]
    base.lesson_versions = [
        {
            "lesson_version_id": str(uid(14, 3 * n + m)),
            "lesson_id": str(lesson),
            "lesson_version": version,
            "status": status,
            "duration_minutes": 4.5,
            "pass_threshold": 80,
            "scope_tags": "data-export,pii",
            "locales": "en",
            "created_at": datetime(2025, 1, 1, tzinfo=UTC),
            "published_at": None if status == "in_review" else datetime(2025, 1 + m, 1, tzinfo=UTC),
            "refresh_due_on": None if status == "in_review" else date(2026, 3, 14 + n),
        }
        for n, lesson in enumerate(LESSONS)
        for m, (version, status) in enumerate(zip(VERSIONS, ("superseded", "published", "in_review"), strict=True))
    ]
    base.policies = [
        {
            "policy_id": str(policy),
            "code": f"POL-{n}",
            "title": f"Policy {n}",
            "is_critical": n == 0,
            "version_count": 1,
        }
        for n, policy in enumerate(POLICIES)
    ]
    base.tracks = [
        {
            "track_id": str(track),
            "organization_id": None if organization is None else str(organization),
            "persona": persona.value,
            "tier": tier.value,
            "title": f"{persona} {tier}",
            "lesson_count": 2,
            "required_lesson_count": 1,
        }
        for (organization, persona, tier), track in TRACKS.items()
    ]
    base.features = [
        {"feature_id": str(feature), "action": action, "title": action, "policy_id": str(POLICIES[0])}
        for action, feature in FEATURES.items()
    ]
    return base


@dataclass
class TrustHistory(History):
    """A history whose people also take lessons, ask gates, nearly go wrong and are involved in incidents."""

    lesson_attempts: list[LessonAttemptGraded] = field(default_factory=list)
    evidence: list[ProficiencyReached] = field(default_factory=list)
    rules: list[GateRuleSet] = field(default_factory=list)
    accesses: list[AccessGranted] = field(default_factory=list)
    waivers: list[WaiverGranted] = field(default_factory=list)
    incidents: list[IncidentReported] = field(default_factory=list)
    reinforcements: list[ReinforcementScheduled] = field(default_factory=list)
    reviews: list[ContentReviewRequested] = field(default_factory=list)
    flags: list[ContentFlagged] = field(default_factory=list)

    def makers(self) -> list[tuple[int, Callable[[], Event | None]]]:
        return [
            *super().makers(),
            (4, self._start_membership), (4, self._lesson), (6, self._lesson_attempt), (12, self._reach),
            (3, self._revoke), (2, self._set_rule), (1, self._end_rule), (10, self._decide), (6, self._grant_access),
            (2, self._remove_access), (3, self._waive), (1, self._end_waiver), (2, self._report_incident),
            (3, self._involve), (5, self._tip), (8, self._near_miss), (4, self._schedule), (4, self._finish),
            (2, self._publish), (3, self._review), (2, self._content), (1, self._account),
        ]  # fmt: skip

    def _start_membership(self) -> Event:
        organization = self.random.choice(ORGANIZATIONS)
        event = MembershipStarted(
            **self._common(self.random.choice(PEOPLE), organization),  # type: ignore[arg-type]
            membership_id=self.new(),
            role=self.random.choice([Role.TECHNICIAN, Role.TECHNICIAN, Role.MENTOR, Role.AUDITOR, Role.STUDENT]),
            team_id=self.random.choice([None, *TEAMS[organization]]),
            persona=self.random.choice([None, *PERSONAS]),
            started_on=self.day(),
        )
        self.memberships.append(event)
        return event

    def _someone(self) -> dict[str, object]:
        return self._common(self.random.choice(PEOPLE), self.random.choice([None, *ORGANIZATIONS]))

    def _member(self) -> dict[str, object]:
        """Somebody of one of the first two organizations, mostly a member."""
        members = [each for each in self.memberships if each.organization_id in ORGANIZATIONS[:2]]
        if members and self.random.random() < 0.8:
            member = self.random.choice(members)
            return self._common(member.subject_id, member.organization_id)
        return self._common(self.random.choice(PEOPLE), self.random.choice(ORGANIZATIONS[:2]))

    def _about_lesson(self) -> dict[str, object]:
        lesson = self.random.choice(LESSONS)
        return {"lesson_id": lesson, "lesson_version": self.random.choice(VERSIONS[:2])}

    def _lesson(self) -> Event:
        if self.random.random() < 0.2:
            return LessonAssigned(
                **self._member(),  # type: ignore[arg-type]
                assignment_id=self.new(),
                lesson_id=self.random.choice(LESSONS),
                action=self.random.choice(ACTIONS),
                due_on=self.day(),
            )
        about = {**self._someone(), **self._about_lesson(), "lesson_type": LessonType.MICRO_LESSON}
        if self.random.random() < 0.5:
            return LessonOpened(**about, trigger=self.random.choice(list(LessonTrigger)))  # type: ignore[arg-type]
        return LessonCompleted(**about, seconds_taken=self.random.randrange(300))  # type: ignore[arg-type]

    def _lesson_attempt(self) -> Event:
        score = self.random.choice([Decimal(60), Decimal("79.9"), Decimal(80), Decimal(100)])
        is_correction = self.lesson_attempts and self.random.random() < 0.2
        event = LessonAttemptGraded(
            **self._someone(),  # type: ignore[arg-type]
            **self._about_lesson(),  # type: ignore[arg-type]
            attempt_id=self.random.choice(self.lesson_attempts).attempt_id if is_correction else self.new(),
            lesson_type=LessonType.MICRO_LESSON,
            persona=self.random.choice([None, *PERSONAS]),
            track_id=self.random.choice([None, *TRACKS.values()]),
            attempt_number=1,
            score=score,
            passed=score >= 80,
            seconds_taken=self.random.randrange(600),
            trigger=self.random.choice(list(LessonTrigger)),
            scope_tags="data-export,pii",
            policy_ids=str(POLICIES[0]),
            runbook_ids="",
        )
        self.lesson_attempts.append(event)
        return event

    def _reach(self) -> Event:
        """A level; often the certification that was earned with the level before it, at the same instant."""
        is_pair = bool(self.evidence) and self.random.random() < 0.4
        former = self.random.choice(self.evidence) if is_pair else None
        envelope = self._member()
        scope = self.random.choice([None, *SCOPES])
        track = None if scope is not None else self.random.choice(list(TRACKS.values()))
        level = self.random.choice(list(ProficiencyLevel))
        about = self._about_lesson()
        if former is not None:
            envelope |= {"subject_id": former.subject_id, "occurred_at": former.occurred_at}
            scope, track, level = former.scope, former.track_id, ProficiencyLevel.CERTIFIED
            about = {"lesson_id": former.lesson_id, "lesson_version": former.lesson_version}
        event = ProficiencyReached(
            **envelope,  # type: ignore[arg-type]
            **about,  # type: ignore[arg-type]
            evidence_id=self.new(),
            scope=scope,
            track_id=track,
            persona=None,
            level=level,
            attempt_id=None,
            attempt_number=None,
            score=None,
            expires_on=self.day() if level is ProficiencyLevel.CERTIFIED else None,
        )
        self.evidence.append(event)
        return event

    def _revoke(self) -> Event | None:
        if not self.evidence:
            return None
        reached = self.random.choice(self.evidence)
        return ProficiencyRevoked(
            **self._common(reached.subject_id, reached.organization_id),  # type: ignore[arg-type]
            evidence_id=reached.evidence_id,
            revoked_from=self.day(),
            superseded=self.random.choice([True, None]),
        )

    def _requirement(self) -> Requirement:
        level = self.random.choice([ProficiencyLevel.COMPLETED, ProficiencyLevel.PROFICIENT])
        scope = self.random.choice([None, *SCOPES])
        track = None if scope is not None else f"{self.random.choice(PERSONAS)}/{self.random.choice(list(TrackTier))}"
        if self.random.random() < 0.5:
            return Requirement(level, scope, track, within_months=self.random.choice([1, 9, 12]))
        return Requirement(level, scope, track, within_days=self.random.choice([14, 30, 365]))

    def _set_rule(self) -> Event:
        organization = self.random.choice([None, None, *ORGANIZATIONS[:2]])
        action = self.random.choice(ACTIONS)
        version = 1 + sum(1 for r in self.rules if (r.organization_id, r.action) == (organization, action))
        wanted = {each.key: each for each in [self._requirement(), self._requirement()]}
        terms = GateTerms(
            action=action,
            mode=self.random.choice(list(GateMode)),
            requirements=tuple(wanted.values()),
            effective_from=self.day(),
            organization_id=organization,
            rule_id=self.new(),
            version=version,
        )
        event = GateRuleSet(
            **self._common(None, organization),  # type: ignore[arg-type]
            rule_id=terms.rule_id,  # type: ignore[arg-type]
            rule_version=version,
            action=action,
            mode=terms.mode,
            effective_from=terms.effective_from,
            rule=terms.canonical(),
        )
        self.rules.append(event)
        return event

    def _end_rule(self) -> Event | None:
        if not self.rules:
            return None
        rule = self.random.choice(self.rules)
        return GateRuleEnded(
            **self._common(None, rule.organization_id),  # type: ignore[arg-type]
            rule_id=rule.rule_id,
            rule_version=rule.rule_version,
            action=rule.action,
            ended_on=self.day(earliest=rule.effective_from, latest=max(rule.effective_from, date(2026, 6, 1))),
        )

    def _decide(self) -> Event:
        outcome = self.random.choice(list(GateOutcome))
        return GateDecided(
            **self._someone(),  # type: ignore[arg-type]
            decision_id=self.new(),
            rule_id=None,
            rule_version=None,
            action=self.random.choice(ACTIONS),
            resource=self.random.choice([None, "export-7"]),
            mode=self.random.choice(list(GateMode)),
            outcome=outcome,
            reason="requirements_met" if outcome is GateOutcome.ALLOW else "never_trained",
            evidence_ids="",
            facts="{}",
            decision="{}",
        )

    def _grant_access(self) -> Event:
        event = AccessGranted(
            **self._member(),  # type: ignore[arg-type]
            access_id=self.new(),
            action=self.random.choice(ACTIONS),
            granted_on=self.day(),
        )
        self.accesses.append(event)
        return event

    def _remove_access(self) -> Event | None:
        if not self.accesses:
            return None
        access = self.random.choice(self.accesses)
        return AccessRemoved(
            **self._common(access.subject_id, access.organization_id),  # type: ignore[arg-type]
            access_id=access.access_id,
            action=access.action,
            removed_on=self.day(earliest=access.granted_on, latest=max(access.granted_on, date(2026, 6, 1))),
        )

    def _waive(self) -> Event:
        starts_on = self.day()
        event = WaiverGranted(
            **self._member(),  # type: ignore[arg-type]
            waiver_id=self.new(),
            action=self.random.choice(ACTIONS),
            approver_id=PEOPLE[0],
            starts_on=starts_on,
            ends_on=self.day(earliest=starts_on, latest=max(starts_on, date(2026, 9, 1))),
        )
        self.waivers.append(event)
        return event

    def _end_waiver(self) -> Event | None:
        if not self.waivers:
            return None
        waiver = self.random.choice(self.waivers)
        return WaiverEnded(
            **self._common(waiver.subject_id, waiver.organization_id),  # type: ignore[arg-type]
            waiver_id=waiver.waiver_id,
            action=waiver.action,
            ended_on=self.day(earliest=waiver.starts_on, latest=max(waiver.starts_on, date(2026, 9, 1))),
        )

    def _report_incident(self) -> Event:
        event = IncidentReported(
            **self._common(None, self.random.choice(ORGANIZATIONS[:2])),  # type: ignore[arg-type]
            incident_id=self.new(),
            scope=self.random.choice(SCOPES),
        )
        self.incidents.append(event)
        return event

    def _involve(self) -> Event | None:
        if not self.incidents:
            return None
        incident = self.random.choice(self.incidents)
        return IncidentPersonInvolved(
            **self._common(self.random.choice(PEOPLE), incident.organization_id),  # type: ignore[arg-type]
            incident_id=incident.incident_id,
        )

    def _tip(self) -> Event:
        action = self.random.choice(list(FEATURES))
        kind = self.random.choice([TipShown, TipShown, TipDismissed])
        return kind(**self._someone(), feature_id=FEATURES[action], action=action)  # type: ignore[arg-type]

    def _near_miss(self) -> Event:
        return NearMissRecorded(
            **self._member(),  # type: ignore[arg-type]
            near_miss_id=self.new(),
            near_miss_kind=self.random.choice(list(NearMissKind)),
            action=self.random.choice(ACTIONS[:2]),
        )

    def _schedule(self) -> Event:
        event = ReinforcementScheduled(
            **self._member(),  # type: ignore[arg-type]
            reinforcement_id=self.new(),
            action=self.random.choice(ACTIONS[:2]),
            lesson_id=self.random.choice(LESSONS[:2]),
            due_on=self.day(),
        )
        self.reinforcements.append(event)
        return event

    def _finish(self) -> Event | None:
        if not self.reinforcements:
            return None
        scheduled = self.random.choice(self.reinforcements)
        return ReinforcementFinished(
            **self._common(scheduled.subject_id, scheduled.organization_id),  # type: ignore[arg-type]
            reinforcement_id=scheduled.reinforcement_id,
            action=scheduled.action,
            lesson_id=scheduled.lesson_id,
            passed=self.random.random() < 0.8,
        )

    def _publish(self) -> Event:
        about = {"lesson_id": self.random.choice(LESSONS), "lesson_version": self.random.choice(VERSIONS)}
        return ContentPublished(
            **self._common(None, None),  # type: ignore[arg-type]
            **about,  # type: ignore[arg-type]
            lesson_type=LessonType.MICRO_LESSON,
            refresh_due_on=self.day(),
            recertify_from=self.random.choice([None, self.day()]),
        )

    def _review(self) -> Event:
        area = self.random.choice(list(ReviewArea))
        if self.reviews and self.random.random() < 0.5:
            asked = self.random.choice(self.reviews)
            return ContentReviewed(
                **self._common(self.random.choice(PEOPLE), None),  # type: ignore[arg-type]
                review_id=asked.review_id,
                lesson_id=asked.lesson_id,
                lesson_version=asked.lesson_version,
                area=asked.area,
                outcome=self.random.choice(list(ReviewOutcome)),
            )
        flag = self.random.choice(self.flags) if self.flags and self.random.random() < 0.6 else None
        envelope = self._common(None, None)
        event = ContentReviewRequested(
            **(envelope if flag is None else {**envelope, "occurred_at": flag.occurred_at}),  # type: ignore[arg-type]
            review_id=self.new(),
            lesson_id=self.random.choice(LESSONS) if flag is None else flag.lesson_id,
            lesson_version=self.random.choice(VERSIONS) if flag is None else flag.lesson_version,
            area=area,
            reason=self.random.choice(list(ReviewReason)) if flag is None else ReviewReason.POLICY_CHANGE,
        )
        self.reviews.append(event)
        return event

    def _content(self) -> Event:
        envelope = self._common(None, None)
        version = {"lesson_id": self.random.choice(LESSONS), "lesson_version": self.random.choice(VERSIONS)}
        policy = {"policy_id": self.random.choice(POLICIES), "policy_version": "2.0.0"}
        chance = self.random.random()
        if chance < 0.4:
            self.flags.append(ContentFlagged(**envelope, **version, **policy))  # type: ignore[arg-type]
            return self.flags[-1]
        if chance < 0.6:
            return ContentRetired(**envelope, **version)  # type: ignore[arg-type]
        return PolicyVersionPublished(
            **envelope,  # type: ignore[arg-type]
            **policy,  # type: ignore[arg-type]
            changes_scope=chance < 0.7,
            changes_controls=False,
            effective_on=self.day(),
        )

    def _account(self) -> Event:
        envelope = self._member()
        chance = self.random.random()
        if chance < 0.4:
            return ReminderDelivered(
                **envelope,  # type: ignore[arg-type]
                notification_id=self.new(),
                channel=NotificationChannel.IN_APP,
                item_count=2,
            )
        if chance < 0.8:
            return EvidenceExported(
                **envelope,  # type: ignore[arg-type]
                bundle_id=self.new(),
                bundle_scope="person",
                tree_size=9,
                record_count=3,
                manifest_sha256="00",
            )
        return PersonErased(**envelope)  # type: ignore[arg-type]
