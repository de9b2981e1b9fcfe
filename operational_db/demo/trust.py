"""Trust in the demo: people train for their personas, products give access, gates decide, near-misses teach, incidents
happen.

Each person's two years are lived through in the order of time, because a gate may only know what was proved by then.
Decisions are made by `gates.rules` and recorded as the gates record them, so that they replay byte for byte.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from operational_db.demo.batch import Batch
from operational_db.demo.chance import Chance
from operational_db.demo.content import DemoContent, DemoLesson
from operational_db.demo.industry import DemoCompany, DemoPerson, Industry, at_nine
from operational_db.demo.learner import Learner, Teacher
from operational_db.demo.publishing import Publishing
from operational_db.gates.desk import to_event
from operational_db.gates.lookup import Found
from operational_db.gates.rules import GateDecision, GateFacts, GateTerms, WaiverFact, decide
from operational_db.gates.service import RULE_CHANGE
from operational_db.gates.shipped import DATA_EXPORT, EVIDENCE_EXPORT, PRODUCTION_CHANGE
from operational_db.ledger.events import (
    AccessGranted,
    AccessRemoved,
    GateRuleSet,
    IncidentPersonInvolved,
    IncidentReported,
    NearMissRecorded,
    ReinforcementFinished,
    ReinforcementScheduled,
    TipDismissed,
    TipShown,
    WaiverEnded,
    WaiverGranted,
)
from operational_db.reinforcement.rules import first_state, is_learned, is_repeated, review
from operational_db.tables.content import NearMiss, Reinforcement, TipDismissal
from operational_db.tables.gates import AccessGrant, GateRule, GateWaiver, Incident, IncidentPerson
from operational_db.types import GateMode, GateOutcome, LessonTrigger, NearMissKind, Persona, Role, TrackTier

# Share of people with access to an action: by persona, and for a company's manager.
ACCESS_SHARES: dict[str, dict[Persona | None, float]] = {
    DATA_EXPORT: {Persona.ENGINEER: 0.5, Persona.COMPLIANCE_RISK: 0.6, Persona.PARTNER_INTEGRATOR: 0.5, None: 0.8},
    PRODUCTION_CHANGE: {Persona.OPERATIONS: 0.45, Persona.ENGINEER: 0.25},
    EVIDENCE_EXPORT: {Persona.COMPLIANCE_RISK: 0.8, None: 0.9},
    RULE_CHANGE: {Persona.SECURITY: 0.5, None: 0.6},
}
# How often a month somebody with access does it.
USES_PER_MONTH = {DATA_EXPORT: 1.2, PRODUCTION_CHANGE: 1.4, EVIDENCE_EXPORT: 0.3, RULE_CHANGE: 0.15}
PRODUCTS = {
    DATA_EXPORT: "customer-portal",
    PRODUCTION_CHANGE: "deployment",
    EVIDENCE_EXPORT: "sitesync",
    RULE_CHANGE: "sitesync",
}
NEAR_MISSES = {
    DATA_EXPORT: (NearMissKind.PERMISSION_DENIED, NearMissKind.FAILED_GATE, NearMissKind.PERMISSION_DENIED),
    PRODUCTION_CHANGE: (NearMissKind.ROLLBACK, NearMissKind.ALERT_NOISE, NearMissKind.ROLLBACK),
}
# Near-misses after a passed reinforcement, of what they were; it wears off.
EFFECT, EFFECT_DAYS, EFFECT_AFTER = 0.65, 120, 0.9
WAIVER_REASONS = (
    "Covers the on-call shift until the course date",
    "New in the role, works under supervision",
    "Renewal booked, system migration cannot wait",
)
INCIDENTS = (
    (DATA_EXPORT, "data-export", "Customer list sent to the wrong recipient"),
    (DATA_EXPORT, "data-export", "Export held more columns than the ticket asked for"),
    (PRODUCTION_CHANGE, "prod-change", "Controller settings changed outside the window"),
    (PRODUCTION_CHANGE, "prod-change", "Rollback left stale schedules behind"),
)
LARGE_COMPANY = 30
Step = Callable[[datetime], None]


@dataclass
class _Access:
    """One person's access to one action, and all that hangs on it."""

    action: str
    granted_at: datetime
    removed_on: date | None
    rate: float
    waivers: list[tuple[datetime, WaiverFact]] = field(default_factory=list)
    near_misses: list[datetime] = field(default_factory=list)
    calm_until: datetime | None = None
    is_reinforcing: bool = False
    is_tip_dismissed: bool = False


class Agenda:
    """What one person is going to do, in the order of time; a step may put further ones on it."""

    def __init__(self, until: datetime) -> None:
        self._until = until
        self._steps: list[tuple[datetime, int, Step]] = []
        self._count = 0

    def add(self, at: datetime, step: Step) -> None:
        if at < self._until:
            self._count += 1
            heapq.heappush(self._steps, (at, self._count, step))

    def run(self) -> None:
        while self._steps:
            at, _, step = heapq.heappop(self._steps)
            step(at)


class TrustBuilder:
    """Writes the trust history of the whole industry into the batch."""

    def __init__(
        self,
        chance: Chance,
        batch: Batch,
        industry: Industry,
        content: DemoContent,
        publishing: Publishing,
        now: datetime,
    ) -> None:
        self.chance = chance
        self.batch = batch
        self.industry = industry
        self.content = content
        self.publishing = publishing
        self.now = now
        self.teacher = Teacher(chance, batch, content, publishing, now)
        self._rules: dict[tuple[UUID, str], GateTerms] = {}
        self._near_miss_number = 0

    def live(self, company: DemoCompany) -> None:
        """One company: its rules, then each of its people, then what went wrong."""
        self._set_rules(company)
        manager = DemoPerson(
            company.manager_id, company.joined_on, None, None, Role.COMPANY_MANAGER, 88.0, 0.9, 1.0, None
        )
        exposed: list[tuple[Learner, dict[str, _Access]]] = []
        for person in (manager, *company.staff, *company.people):
            if person.persona is None and person is not manager:
                continue
            learner = Learner(company, person)
            exposed.append((learner, self._live(learner)))
        self._have_incidents(company, exposed)
        for learner, _ in exposed:
            self.teacher.write(learner)

    # Rules

    def _set_rules(self, company: DemoCompany) -> None:
        """Companies that care turn the shipped rules on, data export first, after months of trying them out."""
        chance = self.chance
        for action, share in ((DATA_EXPORT, 0.75), (PRODUCTION_CHANGE, 0.5), (RULE_CHANGE, 0.15)):
            shipped = self.content.rules.get(action)
            if shipped is None or not chance.happens(share * company.quality):
                continue
            day = company.joined_on + timedelta(days=chance.randrange(90, 330))
            if day >= self.industry.today:
                continue
            at = chance.during_work(day)
            rule_id = chance.new_id(at)
            terms = replace(
                shipped,
                organization_id=company.id,
                rule_id=rule_id,
                version=1,
                mode=GateMode.ENFORCE,
                effective_from=day + timedelta(days=1),
            )
            self._rules[company.id, action] = terms
            self.batch.add(
                GateRule,
                rule_id,
                company.id,
                action,
                1,
                terms.mode,
                [requirement.to_document() for requirement in terms.requirements],
                terms.policy_id,
                terms.runbook_id,
                terms.lesson_id,
                terms.effective_from,
                company.manager_id,
                at,
            )
            self.batch.events.append(
                GateRuleSet(
                    subject_id=None,
                    organization_id=company.id,
                    occurred_at=at,
                    rule_id=rule_id,
                    rule_version=1,
                    action=action,
                    mode=terms.mode,
                    effective_from=terms.effective_from,
                    rule=terms.canonical(),
                )
            )

    def _rule(self, company: DemoCompany, action: str, at: datetime) -> GateTerms | None:
        own = self._rules.get((company.id, action))
        return own if own is not None and own.effective_from <= at.date() else self.content.rules.get(action)

    # One person

    def _live(self, learner: Learner) -> dict[str, _Access]:
        person, chance = learner.person, self.chance
        agenda = Agenda(self.now)
        for track in self.content.tracks:
            if track.persona is person.persona:
                self._plan_track(learner, agenda, track.tier)
        accesses: dict[str, _Access] = {}
        for action, shares in ACCESS_SHARES.items():
            if action in self.content.rules and chance.happens(shares.get(person.persona, 0.0)):
                access = self._grant(learner, action)
                if access is not None:
                    accesses[action] = access
                    self._plan_uses(learner, agenda, access)
        agenda.add(self.publishing.change.published_at, lambda at: self._certify_again(learner, agenda, at))
        agenda.run()
        return accesses

    def _certify_again(self, learner: Learner, agenda: Agenda, at: datetime) -> None:
        """The reliable take the new versions before the changed policy takes effect, others weeks later or never."""
        lessons = self.teacher.change_policy(learner, at)
        chance, diligence = self.chance, learner.person.diligence
        if lessons and chance.happens(0.45 + 0.5 * diligence):
            in_time = chance.happens(diligence)
            days = chance.randrange(1, 14) if in_time else chance.randrange(14, 80)
            begins = self._at_work(self.publishing.change.taught_at + timedelta(days=days))
            agenda.add(begins, lambda then: self._study(learner, agenda, lessons, then, LessonTrigger.REMINDER, None))

    def _plan_track(self, learner: Learner, agenda: Agenda, tier: TrackTier) -> None:
        """Core within the first weeks; Advanced later, by those who want it. Renewed when it is about to lapse."""
        person, chance = learner.person, self.chance
        share = 0.45 + 0.54 * person.diligence if tier is TrackTier.CORE else 0.5 * person.diligence
        track = self.content.track(f"{person.persona}/{tier}")
        if track is None or not chance.happens(share):
            return
        lessons = self.teacher.lessons_of(track)
        wait = chance.randrange(3, 45) if tier is TrackTier.CORE else chance.randrange(60, 240)
        if not chance.happens(person.diligence):
            wait += chance.randrange(30, 150)

        def begin(at: datetime) -> None:
            self._study(learner, agenda, lessons, at, LessonTrigger.ASSIGNMENT, renew)

        def renew(at: datetime) -> None:
            # Eleven to thirteen months later; the careless let it lapse, some for good.
            if chance.happens(0.5 + 0.49 * person.diligence):
                early = chance.happens(person.diligence)
                days = 365 - chance.randrange(4, 40) if early else 365 + chance.randrange(3, 70)
                trigger = LessonTrigger.REMINDER
                agenda.add(
                    self._at_work(at + timedelta(days=days)),
                    lambda then: self._study(learner, agenda, lessons, then, trigger, renew),
                )

        agenda.add(self._at_work(at_nine(person.started_on) + timedelta(days=wait)), begin)

    def _study(
        self,
        learner: Learner,
        agenda: Agenda,
        lessons: Sequence[DemoLesson],
        at: datetime,
        trigger: LessonTrigger,
        then: Step | None,
    ) -> None:
        """One lesson after the other, some days apart; who fails for good comes back weeks later, or does not."""
        if not lessons:
            if then is not None:
                then(at)
            return
        chance = self.chance
        passed_at = self.teacher.take(learner, lessons[0], at, trigger)
        if passed_at is None:
            if chance.happens(0.8):
                later = self._at_work(at + timedelta(days=chance.randrange(5, 25)))
                agenda.add(later, lambda again: self._study(learner, agenda, lessons, again, trigger, then))
            return
        days = chance.choice((0, 0, 0, 1, 2, 6))
        following = (
            passed_at + timedelta(minutes=chance.randrange(2, 30))
            if days == 0
            else self._at_work(passed_at + timedelta(days=days))
        )
        agenda.add(following, lambda next_at: self._study(learner, agenda, lessons[1:], next_at, trigger, then))

    def _at_work(self, moment: datetime) -> datetime:
        return self.chance.during_work(moment.date())

    # Access

    def _grant(self, learner: Learner, action: str) -> _Access | None:
        chance, person, company = self.chance, learner.person, learner.company
        last = min(self.industry.today, person.ended_on or self.industry.today)
        day = person.started_on + timedelta(days=chance.randrange(10, 160))
        if day >= last:
            return None
        at = chance.during_work(day)
        removed_on: date | None = None
        if person.ended_on is not None:
            # Not every access goes with the person: the list of exceptions shows the others.
            removed_on = person.ended_on if chance.happens(0.85) else None
        elif chance.happens(0.08):
            removed_on = chance.day_between(day + timedelta(days=20), max(last, day + timedelta(days=21)))
            removed_on = removed_on if removed_on < self.industry.today else None
        access_id = chance.new_id(at)
        self.batch.add(AccessGrant, access_id, company.id, person.id, action, PRODUCTS[action], day, removed_on)
        common = {"subject_id": person.id, "organization_id": company.id, "access_id": access_id, "action": action}
        self.batch.events.append(AccessGranted(occurred_at=at, granted_on=day, **common))  # type: ignore[arg-type]
        if removed_on is not None:
            removed_at = max(at, at_nine(removed_on))
            self.batch.events.append(
                AccessRemoved(occurred_at=removed_at, removed_on=removed_on, **common)  # type: ignore[arg-type]
            )
        rate = 0.16 * chance.lognormvariate(0, 0.7) if action in NEAR_MISSES else 0.0
        return _Access(action, at, removed_on, rate)

    def _plan_uses(self, learner: Learner, agenda: Agenda, access: _Access) -> None:
        """The reliable train before they use it; near-misses come at their own rate."""
        chance, person = self.chance, learner.person
        if chance.happens(0.35 + 0.5 * person.diligence):
            self._plan_training(learner, agenda, access.action, access.granted_at, (-8, 12), LessonTrigger.ASSIGNMENT)
        agenda.add(self._next(access.granted_at, USES_PER_MONTH[access.action]), self._user(learner, agenda, access))
        if access.rate:
            agenda.add(self._next(access.granted_at, access.rate), self._misser(learner, agenda, access))

    def _next(self, at: datetime, per_month: float) -> datetime:
        return self._at_work(at + timedelta(days=1 + self.chance.expovariate(per_month / 30)))

    def _plan_training(
        self,
        learner: Learner,
        agenda: Agenda,
        action: str,
        at: datetime,
        days: tuple[int, int],
        trigger: LessonTrigger,
        then: Step | None = None,
    ) -> None:
        """Everything the gate asks for that does not count at present, within so many days."""
        rule = self._rule(learner.company, action, at)
        if rule is None:
            return
        wanted_at = self._at_work(at + timedelta(days=self.chance.randrange(*days)))
        earliest = at + timedelta(minutes=3) if days[0] >= 0 else at_nine(learner.person.started_on)
        begins = max(wanted_at, earliest)

        def begin(then_at: datetime) -> None:
            facts = self._facts(learner, rule, _Access(action, at, None, 0.0), then_at)
            missing = set(decide(rule, facts, then_at).missing)
            wanted = {
                lesson.id: lesson
                for requirement in rule.requirements
                if requirement.key in missing
                for lesson in self.teacher.lessons_for(requirement)
            }
            self._study(learner, agenda, list(wanted.values()), then_at, trigger, then)

        agenda.add(begins, begin)

    # Gates

    def _facts(self, learner: Learner, rule: GateTerms, access: _Access, at: datetime) -> GateFacts:
        # The last that was known of each.
        known = {fact.id: fact for since, fact in access.waivers if since <= at}
        waivers = tuple(sorted(known.values(), key=lambda fact: fact.id.int))
        return GateFacts(
            action=access.action,
            person_id=learner.person.id,
            organization_id=learner.company.id,
            is_member=learner.is_member(at.date()),
            evidence=learner.facts_on(rule.requirements, at),
            waivers=waivers,
        )

    def _user(self, learner: Learner, agenda: Agenda, access: _Access) -> Step:
        """Uses the feature and comes again: sees the tip, is decided about, and trains when the gate says no."""

        def use(at: datetime) -> None:
            if not learner.is_member(at.date()) or (access.removed_on is not None and at.date() >= access.removed_on):
                return
            self._show_tip(learner, access, at)
            decision = self._decide(learner, access, at + timedelta(seconds=self.chance.randrange(5, 60)))
            if decision is not None and decision.outcome is GateOutcome.DENY:
                self._answer_denial(learner, agenda, access, decision)
            agenda.add(self._next(at, USES_PER_MONTH[access.action]), use)

        return use

    def _decide(self, learner: Learner, access: _Access, at: datetime) -> GateDecision | None:
        rule = self._rule(learner.company, access.action, at)
        if rule is None or at >= self.now:
            return None
        found = Found(rule, self._facts(learner, rule, access, at), at)
        decision = replace(decide(rule, found.facts, at), decision_id=self.chance.new_id(at))
        self.batch.events.append(to_event(decision, found))
        return decision

    def _answer_denial(self, learner: Learner, agenda: Agenda, access: _Access, decision: GateDecision) -> None:
        chance, at = self.chance, decision.decided_at
        if decision.mode is GateMode.DRY_RUN:
            if chance.happens(0.12 * learner.person.diligence):
                self._plan_training(learner, agenda, access.action, at, (1, 30), LessonTrigger.TIP)
            return
        if chance.happens(0.05) and learner.person.id != learner.company.manager_id:
            self._waive(learner, agenda, access, at + timedelta(hours=chance.randrange(1, 30)))
            return
        if chance.happens(0.85):
            days = (0, 1) if chance.happens(0.6) else (1, 12)

            def ask_again(then: datetime) -> None:
                self._decide(learner, access, then + timedelta(minutes=1))

            self._plan_training(learner, agenda, access.action, at, days, LessonTrigger.GATE, ask_again)

    def _waive(self, learner: Learner, agenda: Agenda, access: _Access, at: datetime) -> None:
        chance, person, company = self.chance, learner.person, learner.company
        if at >= self.now or any(fact.ends_on >= at.date() for _, fact in access.waivers):
            return
        waiver_id = chance.new_id(at)
        starts_on = at.date()
        ends_on = starts_on + timedelta(days=chance.choice((14, 30, 60, 90)))
        ended_at: datetime | None = None
        if chance.happens(0.15):
            ended_at = at + timedelta(days=chance.randrange(3, 13))
            ended_at = ended_at if ended_at < self.now else None
        self.batch.add(
            GateWaiver,
            waiver_id,
            company.id,
            person.id,
            access.action,
            chance.choice(WAIVER_REASONS),
            company.manager_id,
            starts_on,
            ends_on,
            at,
            ended_at,
        )
        self.batch.events.append(
            WaiverGranted(
                subject_id=person.id,
                organization_id=company.id,
                occurred_at=at,
                waiver_id=waiver_id,
                action=access.action,
                approver_id=company.manager_id,
                starts_on=starts_on,
                ends_on=ends_on,
            )
        )
        access.waivers.append((at, WaiverFact(waiver_id, starts_on, ends_on)))
        if ended_at is not None:
            self.batch.events.append(
                WaiverEnded(
                    subject_id=person.id,
                    organization_id=company.id,
                    occurred_at=ended_at,
                    waiver_id=waiver_id,
                    action=access.action,
                    ended_on=ended_at.date(),
                )
            )
            # Nobody knows of the end before it comes.
            ended = WaiverFact(waiver_id, starts_on, ends_on, ended_at)
            agenda.add(ended_at, lambda then: access.waivers.append((then, ended)))

    def _show_tip(self, learner: Learner, access: _Access, at: datetime) -> None:
        feature = self.content.features.get(access.action)
        if feature is None or access.is_tip_dismissed:
            return
        common = {
            "subject_id": learner.person.id,
            "organization_id": learner.company.id,
            "feature_id": feature.id,
            "action": feature.action,
        }
        self.batch.events.append(TipShown(occurred_at=at, **common))  # type: ignore[arg-type]
        if self.chance.happens(0.07):
            access.is_tip_dismissed = True
            dismissed_at = at + timedelta(seconds=self.chance.randrange(2, 5))
            self.batch.events.append(TipDismissed(occurred_at=dismissed_at, **common))  # type: ignore[arg-type]
            self.batch.add(TipDismissal, learner.person.id, feature.id, dismissed_at)

    # Near-misses and what they teach

    def _misser(self, learner: Learner, agenda: Agenda, access: _Access) -> Step:
        """Nearly goes wrong, often twice in a bad week, and less often after having learned from it."""

        def miss(at: datetime) -> None:
            if not learner.is_member(at.date()) or (access.removed_on is not None and at.date() >= access.removed_on):
                return
            self._near_miss(learner, agenda, access, at)
            factor = 1.0
            if access.calm_until is not None:
                factor = EFFECT if at < access.calm_until else EFFECT_AFTER
            follows = self.chance.happens(0.3 * factor)
            agenda.add(self._next(at, 5.0 if follows else access.rate * factor), miss)

        return miss

    def _near_miss(self, learner: Learner, agenda: Agenda, access: _Access, at: datetime) -> None:
        chance = self.chance
        self._near_miss_number += 1
        near_miss_id = chance.new_id(at)
        kind = chance.choice(NEAR_MISSES[access.action])
        external_id = f"{PRODUCTS[access.action]}-{self._near_miss_number}"
        person, company = learner.person, learner.company
        self.batch.add(NearMiss, near_miss_id, company.id, person.id, kind, access.action, external_id, at)
        self.batch.events.append(
            NearMissRecorded(
                subject_id=person.id,
                organization_id=company.id,
                occurred_at=at,
                near_miss_id=near_miss_id,
                near_miss_kind=kind,
                action=access.action,
            )
        )
        access.near_misses.append(at)
        feature = self.content.features.get(access.action)
        lesson = None if feature is None else self.teacher.lessons.get(feature.lesson_id or UUID(int=0))
        if lesson is not None and not access.is_reinforcing and is_repeated(access.near_misses, now=at):
            self._reinforce(learner, agenda, access, lesson, at, at, first_state(near_miss_id, now=at))

    def _reinforce(
        self,
        learner: Learner,
        agenda: Agenda,
        access: _Access,
        lesson: DemoLesson,
        at: datetime,
        due_at: datetime,
        state: dict[str, object],
    ) -> None:
        """The micro-lesson comes up at an entry after it is due; passed, it comes again until it sits."""
        chance, person, company = self.chance, learner.person, learner.company
        reinforcement_id = chance.new_id(at)
        common = {
            "subject_id": person.id,
            "organization_id": company.id,
            "reinforcement_id": reinforcement_id,
            "action": access.action,
            "lesson_id": lesson.id,
        }
        self.batch.events.append(
            ReinforcementScheduled(occurred_at=at, due_on=due_at.date(), **common)  # type: ignore[arg-type]
        )
        access.is_reinforcing = True
        offered_at = self._at_work(max(due_at, at) + timedelta(days=chance.randrange(1, 8)))

        def write(
            scheduler_state: dict[str, object],
            seen_at: datetime | None,
            finished_at: datetime | None,
            passed: bool | None,
        ) -> None:
            self.batch.add(
                Reinforcement, reinforcement_id, company.id, person.id, access.action, lesson.id, due_at,
                scheduler_state, seen_at, finished_at, passed,
            )  # fmt: skip

        def offer(seen_at: datetime) -> None:
            is_put_off = chance.happens(0.12)
            finished_at: datetime | None = None
            if learner.is_member(seen_at.date()):
                finished_at = (
                    seen_at + timedelta(minutes=2)
                    if is_put_off
                    else self.teacher.take(learner, lesson, seen_at, LessonTrigger.REINFORCEMENT)
                )
            if finished_at is None:
                write(state, seen_at, None, None)
                return
            self.batch.events.append(
                ReinforcementFinished(occurred_at=finished_at, passed=not is_put_off, **common)  # type: ignore[arg-type]
            )
            new_state, next_due = review(state, is_passed=not is_put_off, now=finished_at)
            write(new_state, seen_at, finished_at, not is_put_off)
            access.is_reinforcing = False
            if not is_put_off:
                access.calm_until = finished_at + timedelta(days=EFFECT_DAYS)
                if not is_learned(next_due, now=finished_at):
                    self._reinforce(learner, agenda, access, lesson, finished_at, next_due, new_state)

        if offered_at >= self.now:
            write(state, None, None, None)
        agenda.add(offered_at, offer)

    # Incidents

    def _have_incidents(self, company: DemoCompany, exposed: list[tuple[Learner, dict[str, _Access]]]) -> None:
        """Two or three at larger companies; involved are people who had the access then."""
        chance = self.chance
        if len(company.people) < LARGE_COMPANY:
            return
        for _ in range(2 + chance.randrange(2)):
            action, scope, title = chance.choice(INCIDENTS)
            day = chance.day_between(company.joined_on + timedelta(days=60), self.industry.today - timedelta(days=4))
            at = chance.during_work(day)
            there = [
                learner
                for learner, accesses in exposed
                if action in accesses and accesses[action].granted_at < at and learner.is_member(day)
            ]
            if not there:
                continue
            incident_id = chance.new_id(at)
            reported_at = at + timedelta(hours=chance.randrange(1, 40))
            self.batch.add(
                Incident, incident_id, company.id, title, "", scope, action, at,
                at + timedelta(hours=chance.randrange(1, 9)), company.manager_id, reported_at,
            )  # fmt: skip
            self.batch.events.append(
                IncidentReported(
                    subject_id=None, organization_id=company.id, occurred_at=at, incident_id=incident_id, scope=scope
                )
            )
            for learner in chance.some(there, 1 + chance.randrange(4)):
                self.batch.add(IncidentPerson, incident_id, learner.person.id, "")
                self.batch.events.append(
                    IncidentPersonInvolved(
                        subject_id=learner.person.id,
                        organization_id=company.id,
                        occurred_at=at,
                        incident_id=incident_id,
                    )
                )
