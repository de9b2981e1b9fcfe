"""What happened in the demo over two years: training taken, certificates earned, lapsed and renewed.

The same pure rules as the services decide (pass mark, expiry); only the people's choices are drawn by chance.
Nothing here lies after `now`; what would have is left open.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from operational_db.compliance.rules import category_of_course
from operational_db.credentials.rules import CertificateFacts, expires_on
from operational_db.demo.batch import Batch
from operational_db.demo.buildings import EstateBuilder
from operational_db.demo.catalogue import PASSING_SCORE, Catalogue, DemoCertification, DemoCourse
from operational_db.demo.chance import SEASON, Chance
from operational_db.demo.content import DemoContent
from operational_db.demo.credentials import CredentialBuilder, Graduate, Renewed
from operational_db.demo.holdings import Holding, Holdings
from operational_db.demo.industry import (
    HISTORY_DAYS,
    DemoCompany,
    DemoPerson,
    DemoRequirement,
    DemoSchool,
    Industry,
    IndustryBuilder,
    at_nine,
)
from operational_db.demo.mentorship import MatchScorer, MentorshipBuilder
from operational_db.demo.publishing import Publisher
from operational_db.demo.roi import RoiBuilder, choose_companies
from operational_db.demo.trust import TrustBuilder
from operational_db.demo.visits import VisitBuilder
from operational_db.learning.rules import is_passing
from operational_db.ledger.events import (
    AttemptGraded,
    CertificateIssued,
    CertificateRenewed,
    CertificateRevoked,
    EnrollmentCompleted,
    EnrollmentDropped,
    EnrollmentFailed,
    EnrollmentOpened,
    ExemptionGranted,
    MembershipEnded,
    MembershipStarted,
    ModuleCompleted,
    TrainingAssigned,
)
from operational_db.tables.compliance import AssignmentRecipient, Exemption, TrainingAssignment
from operational_db.tables.credentials import Certificate
from operational_db.tables.identity import Membership, Person
from operational_db.tables.learning import AssessmentAttempt, DailyEngagement, Enrollment, ModuleCompletion
from operational_db.types import EarnedThrough, EnrollmentStatus, Role
from operational_db.types import VerificationStatus as Verification

ELECTIVES_PER_MONTH = 0.7
# Days between two modules of a course: technicians fit them into their weeks, students follow a term.
TECHNICIAN_PACE = (0, 0, 1, 1, 2, 4, 7)
STUDENT_PACE = (10, 14, 21, 28, 35)
EXEMPTION_REASONS = ("Parental leave", "Long-term sick leave", "Equivalent training abroad, papers on file")


@dataclass(slots=True)
class HeldCertificate:
    id: UUID
    issued_on: date
    expires_on: date | None
    first_earned_on: date
    revoked_from: date | None = None


@dataclass(slots=True)
class Outcome:
    """How one enrollment ended; `ended_at` is None while it is open."""

    status: EnrollmentStatus
    enrollment_id: UUID
    ended_at: datetime | None


class HistoryBuilder:
    """Lives through the two years person by person; the batch is sorted by time before it is written."""

    def __init__(self, chance: Chance, batch: Batch, industry: Industry, now: datetime) -> None:
        self.chance = chance
        self.batch = batch
        self.industry = industry
        self.catalogue: Catalogue = industry.catalogue
        self.now = now
        self._cycles: dict[tuple[UUID, UUID], tuple[int, datetime | None]] = {}
        self._held: dict[tuple[UUID, UUID], HeldCertificate] = {}
        self._engagement: dict[tuple[UUID, UUID, date], list[object]] = {}
        self._certificate_number = 100_000
        self.holdings = Holdings()
        self.graduates: list[Graduate] = []
        self.renewed: list[Renewed] = []

    # One enrollment

    def take(
        self,
        person: DemoPerson,
        course: DemoCourse,
        begins: datetime,
        organization_id: UUID,
        *,
        drop: float = 0.05,
        pace: tuple[int, ...] = TECHNICIAN_PACE,
    ) -> Outcome | None:
        """One person takes one course from `begins` on; None when that cycle cannot begin."""
        chance = self.chance
        key = (person.id, course.id)
        cycle, busy_until = self._cycles.get(key, (0, datetime.min.replace(tzinfo=UTC)))
        if begins >= self.now or busy_until is None or begins <= busy_until:
            return None
        if begins.date() < person.first_training_on:
            return None
        enrollment_id = chance.new_id(begins)
        self.batch.events.append(
            EnrollmentOpened(
                subject_id=person.id,
                organization_id=organization_id,
                occurred_at=begins,
                enrollment_id=enrollment_id,
                course_id=course.id,
                cycle_number=cycle + 1,
            )
        )
        work = _Enrollment(person, course, organization_id, enrollment_id, cycle + 1, begins)
        drops = chance.happens(drop)
        modules = len(course.module_ids)
        stop_after = chance.randrange(modules) if drops else modules
        moment = begins
        status, ended_at, final = EnrollmentStatus.IN_PROGRESS, None, None
        for index in range(modules):
            moment = chance.during_work(moment.date() + timedelta(days=chance.choice(pace)))
            moment = max(moment, work.last + timedelta(minutes=course.module_minutes[index]))
            if moment >= self.now or index == stop_after:
                break
            self._complete_module(work, index, moment)
        else:
            status, ended_at, final = self._take_exam(work, moment)
        if drops:
            ended_at = moment + timedelta(days=chance.randrange(3, 25))
            status = EnrollmentStatus.DROPPED
            if ended_at >= self.now:
                status, ended_at = EnrollmentStatus.IN_PROGRESS, None
            else:
                self.batch.events.append(
                    EnrollmentDropped(
                        subject_id=person.id,
                        organization_id=organization_id,
                        occurred_at=ended_at,
                        enrollment_id=enrollment_id,
                        course_id=course.id,
                    )
                )
        if status is EnrollmentStatus.IN_PROGRESS and work.last == begins:
            status = EnrollmentStatus.ENROLLED
        self._cycles[key] = (cycle + 1, ended_at)
        self.batch.add(
            Enrollment,
            enrollment_id,
            person.id,
            course.id,
            cycle + 1,
            status,
            organization_id,
            work.minutes,
            begins,
            work.last,
            ended_at,
            final,
        )
        if status is EnrollmentStatus.COMPLETED and ended_at is not None and course.certification is not None:
            self._earn(person, course.certification, ended_at, organization_id, enrollment_id)
        return Outcome(status, enrollment_id, ended_at)

    def _complete_module(self, work: "_Enrollment", index: int, moment: datetime) -> None:
        minutes = max(3, round(work.course.module_minutes[index] * self.chance.uniform(0.6, 1.5)))
        work.last = moment
        work.minutes += minutes
        module_id = work.course.module_ids[index]
        self.batch.add(ModuleCompletion, self.chance.new_id(moment), work.id, module_id, moment, minutes)
        self.batch.events.append(
            ModuleCompleted(
                subject_id=work.person.id,
                organization_id=work.organization_id,
                occurred_at=moment,
                enrollment_id=work.id,
                course_id=work.course.id,
                module_id=module_id,
                time_spent_minutes=minutes,
            )
        )
        self._engage(work, moment, minutes)

    def _take_exam(
        self, work: "_Enrollment", moment: datetime
    ) -> tuple[EnrollmentStatus, datetime | None, Decimal | None]:
        """Up to three attempts, each some days after the other; the third failure fails the enrollment."""
        chance = self.chance
        for number in (1, 2, 3):
            wait = timedelta(days=chance.choice((1, 2, 3, 5))) if number > 1 else timedelta()
            moment = moment + wait + timedelta(minutes=chance.randrange(5, 50))
            if moment >= self.now:
                return EnrollmentStatus.IN_PROGRESS, None, None
            score = Decimal(chance.percent(work.person.ability + 4 * (number - 1), 9))
            has_passed = is_passing(score, PASSING_SCORE)
            self._grade(work, number, moment, score, has_passed=has_passed)
            if has_passed:
                self.batch.events.append(
                    EnrollmentCompleted(
                        subject_id=work.person.id,
                        organization_id=work.organization_id,
                        occurred_at=moment,
                        enrollment_id=work.id,
                        course_id=work.course.id,
                        final_score=score,
                        ce_credits=work.course.ce_credits,
                    )
                )
                return EnrollmentStatus.COMPLETED, moment, score
        self.batch.events.append(
            EnrollmentFailed(
                subject_id=work.person.id,
                organization_id=work.organization_id,
                occurred_at=moment,
                enrollment_id=work.id,
                course_id=work.course.id,
            )
        )
        return EnrollmentStatus.FAILED, moment, None

    def _grade(self, work: "_Enrollment", number: int, moment: datetime, score: Decimal, *, has_passed: bool) -> None:
        attempt_id = self.chance.new_id(moment)
        minutes = self.chance.randrange(5, 40)
        work.last = moment
        work.minutes += minutes
        course = work.course
        self.batch.add(
            AssessmentAttempt, attempt_id, work.id, course.assessment_id, number, moment, score, has_passed, minutes
        )
        self.batch.events.append(
            AttemptGraded(
                subject_id=work.person.id,
                organization_id=work.organization_id,
                occurred_at=moment,
                attempt_id=attempt_id,
                enrollment_id=work.id,
                course_id=course.id,
                assessment_id=course.assessment_id,
                attempt_number=number,
                score=score,
                passed=has_passed,
            )
        )
        self._engage(work, moment, minutes)

    def _engage(self, work: "_Enrollment", moment: datetime, minutes: int) -> None:
        """Sessions of the day; the share on mobile devices grows from a quarter to well over a third."""
        progress = (moment.date() - self.industry.start).days / 730
        is_mobile = self.chance.happens(0.24 + 0.14 * progress)
        key = (work.person.id, work.course.id, moment.date())
        day = self._engagement.get(key)
        clicks = 4 + minutes // 2
        if day is None:
            self._engagement[key] = [work.organization_id, clicks, 1, int(is_mobile), minutes]
            return
        for position, amount in ((1, clicks), (2, 1), (3, int(is_mobile)), (4, minutes)):
            value = day[position]
            day[position] = (value if isinstance(value, int) else 0) + amount

    # Certificates

    def hold_before(self, person: DemoPerson, certification: DemoCertification, company: DemoCompany) -> None:
        """A certificate a person brought along when the company joined, checked and entered on the first day."""
        months = certification.validity_months
        age_days = self.chance.randrange(5, min(700, (months or 24) * 30))
        issued_on = person.started_on - timedelta(days=age_days)
        expiry = expires_on(issued_on, months)
        at = at_nine(person.started_on) + timedelta(hours=2)
        held = HeldCertificate(self.chance.new_id(at), issued_on, expiry, issued_on)
        self._held[(person.id, certification.id)] = held
        self._add_certificate(person, certification, held, at, EarnedThrough.EXTERNAL, company.id)
        self.batch.events.append(
            CertificateIssued(
                subject_id=person.id,
                organization_id=company.id,
                occurred_at=at,
                certificate_id=held.id,
                certification_id=certification.id,
                issued_on=issued_on,
                expires_on=expiry,
                earned_through=EarnedThrough.EXTERNAL,
                is_verified=True,
            )
        )

    def _earn(
        self,
        person: DemoPerson,
        certification: DemoCertification,
        at: datetime,
        organization_id: UUID,
        enrollment_id: UUID,
    ) -> None:
        """Issue what the course leads to; it continues the line of a certificate already held."""
        former = self._held.get((person.id, certification.id))
        if former is not None and former.revoked_from is not None:
            former = None
        issued_on = at.date()
        expiry = expires_on(issued_on, certification.validity_months)
        first = former.first_earned_on if former else issued_on
        held = HeldCertificate(self.chance.new_id(at), issued_on, expiry, first)
        self._held[(person.id, certification.id)] = held
        revoked_at = None
        if self.chance.happens(0.002):
            revoked_at = at + timedelta(days=self.chance.randrange(10, 200))
            if revoked_at < self.now:
                held.revoked_from = revoked_at.date()
        self._add_certificate(
            person,
            certification,
            held,
            at,
            EarnedThrough.SITESYNC_COURSE,
            organization_id,
            enrollment_id,
            former,
            revoked_at,
        )
        if former is None:
            self.batch.events.append(
                CertificateIssued(
                    subject_id=person.id,
                    organization_id=organization_id,
                    occurred_at=at,
                    certificate_id=held.id,
                    certification_id=certification.id,
                    issued_on=issued_on,
                    expires_on=expiry,
                    earned_through=EarnedThrough.SITESYNC_COURSE,
                    is_verified=True,
                    enrollment_id=enrollment_id,
                )
            )
        else:
            self.batch.events.append(
                CertificateRenewed(
                    subject_id=person.id,
                    organization_id=organization_id,
                    occurred_at=at,
                    certificate_id=held.id,
                    renews_id=former.id,
                    certification_id=certification.id,
                    issued_on=issued_on,
                    expires_on=expiry,
                    earned_through=EarnedThrough.SITESYNC_COURSE,
                    is_verified=True,
                    enrollment_id=enrollment_id,
                )
            )
        if held.revoked_from is not None and revoked_at is not None:
            self.batch.events.append(
                CertificateRevoked(
                    subject_id=person.id,
                    organization_id=organization_id,
                    occurred_at=revoked_at,
                    certificate_id=held.id,
                    certification_id=certification.id,
                    revoked_from=held.revoked_from,
                )
            )

    def _add_certificate(
        self,
        person: DemoPerson,
        certification: DemoCertification,
        held: HeldCertificate,
        at: datetime,
        earned_through: EarnedThrough,
        organization_id: UUID,
        enrollment_id: UUID | None = None,
        former: HeldCertificate | None = None,
        revoked_at: datetime | None = None,
    ) -> None:
        self._certificate_number += 1
        is_revoked = held.revoked_from is not None
        facts = CertificateFacts(
            held.id,
            person.id,
            certification.id,
            held.issued_on,
            held.expires_on,
            held.revoked_from,
            is_withdrawn=False,
            is_verified=True,
        )
        holding = Holding(at, revoked_at if is_revoked else None, facts, organization_id, held.first_earned_on)
        self.holdings.add(holding)
        if former is not None:
            self.renewed.append(Renewed(former.id, holding))
        self.batch.add(
            Certificate,
            held.id,
            person.id,
            certification.id,
            held.issued_on,
            held.expires_on,
            held.first_earned_on,
            f"{certification.code}-{self._certificate_number}",
            Verification.VERIFIED,
            at,
            earned_through,
            enrollment_id,
            former.id if former else None,
            revoked_at if is_revoked else None,
            held.revoked_from,
            "Issued in error" if is_revoked else None,
            None,
            None,
            None,
            at,
        )

    # A technician's years

    def live(self, company: DemoCompany, person: DemoPerson) -> None:
        """Everything one technician did at one company: what was required, then what was chosen."""
        until = person.ended_on or self.industry.today
        for requirement in company.requirements:
            if requirement.team_id in {None, person.team_id}:
                self._meet(company, person, requirement, until)
        self._choose(company, person, until)

    def _meet(self, company: DemoCompany, person: DemoPerson, requirement: DemoRequirement, until: date) -> None:
        chance = self.chance
        since = max(person.first_training_on, requirement.effective_from)
        if requirement.course is not None:
            self._train_until_done(company, person, requirement.course, since, requirement.due_within_days, until)
            return
        certification = requirement.certification
        if certification is None:
            return
        key = (person.id, certification.id)
        if key not in self._held and chance.happens(0.75 * person.diligence):
            self.hold_before(person, certification, company)
        course = self.catalogue.leading_to(certification)
        if key not in self._held:
            self._train_until_done(company, person, course, since, requirement.due_within_days, until)
        while (held := self._held.get(key)) is not None and held.expires_on is not None:
            renew_by = min(held.expires_on, held.revoked_from or held.expires_on)
            if renew_by > until or not chance.happens(0.55 + 0.44 * person.diligence):
                return
            # The diligent start weeks before the last day; others after it, when somebody has noticed.
            lead = chance.randrange(8, 60) if chance.happens(person.diligence) else -chance.randrange(2, 55)
            begins = max(renew_by - timedelta(days=lead), since)
            if begins >= until:
                return
            self.take(person, course, chance.during_work(begins), company.id, drop=0.01)
            if self._held.get(key) is held:
                return

    def _train_until_done(
        self, company: DemoCompany, person: DemoPerson, course: DemoCourse, since: date, due_days: int, until: date
    ) -> None:
        """First training: in time with the person's diligence, late or never otherwise; a failure is tried again."""
        chance = self.chance
        if not chance.happens(0.60 + 0.39 * person.diligence):
            return
        wait = (
            chance.randrange(max(1, due_days - 6))
            if chance.happens(person.diligence)
            else due_days + chance.randrange(60)
        )
        begins = since + timedelta(days=wait)
        for _ in range(3):
            if begins >= until:
                return
            outcome = self.take(person, course, chance.during_work(begins), company.id, drop=0.03)
            if outcome is None or outcome.ended_at is None or outcome.status is EnrollmentStatus.COMPLETED:
                return
            begins = outcome.ended_at.date() + timedelta(days=chance.randrange(7, 40))

    def _choose(self, company: DemoCompany, person: DemoPerson, until: date) -> None:
        chance = self.chance
        electives = self.catalogue.electives(company.trade)
        first = person.first_training_on
        month = first.replace(day=1)
        while month <= until:
            next_month = (month + timedelta(days=32)).replace(day=1)
            growth = 0.75 + 0.5 * (month - self.industry.start).days / 730
            mean = ELECTIVES_PER_MONTH * person.appetite * SEASON[month.month - 1] * growth
            for _ in range(min(6, chance.count(mean))):
                day = chance.day_between(max(month, first), min(next_month - timedelta(days=1), until))
                self.take(person, chance.choice(electives), chance.during_work(day), company.id)
            month = next_month

    # What managers did

    def manage(self, company: DemoCompany) -> None:
        """Quarterly assignments and the few exemptions of a company."""
        chance, today = self.chance, self.industry.today
        day = company.joined_on + timedelta(days=chance.randrange(20, 80))
        electives = self.catalogue.electives(company.trade)
        while day < today:
            self._assign(company, chance.choice(electives), day)
            day += timedelta(days=chance.randrange(70, 120))
        for person in chance.some(company.people, 1 + len(company.people) // 30):
            if person.ended_on is None:
                self._exempt(company, person, chance.choice(company.requirements))

    def _assign(self, company: DemoCompany, course: DemoCourse, day: date) -> None:
        """One course for one team or for all technicians, due four to six weeks later."""
        chance = self.chance
        at = chance.during_work(day)
        if at >= self.now:
            return
        team_id = chance.choice(company.team_ids) if chance.happens(0.7) else None
        due_on = day + timedelta(days=chance.choice((28, 35, 42)))
        assignment_id = chance.new_id(at)
        minimum_score = Decimal(80) if chance.happens(0.2) else None
        is_mandatory = chance.happens(0.8)
        self.batch.add(
            TrainingAssignment,
            assignment_id,
            company.id,
            course.id,
            Role.TECHNICIAN if team_id is None else None,
            team_id,
            due_on,
            is_mandatory,
            minimum_score,
            company.manager_id,
            at,
        )
        for person in company.people:
            is_there = person.started_on <= day and (person.ended_on is None or person.ended_on > day)
            if not is_there or team_id not in {None, person.team_id}:
                continue
            recipient_id = chance.new_id(at)
            self.batch.events.append(
                TrainingAssigned(
                    subject_id=person.id,
                    organization_id=company.id,
                    occurred_at=at,
                    assignment_id=assignment_id,
                    recipient_id=recipient_id,
                    course_id=course.id,
                    requirement_id=None,
                    category=category_of_course(course.category),
                    due_on=due_on,
                    is_mandatory=is_mandatory,
                    minimum_score=minimum_score,
                )
            )
            completed_at = self._do_assigned(company, person, course, day, due_on, minimum_score)
            self.batch.add(AssignmentRecipient, recipient_id, assignment_id, person.id, at, due_on, completed_at)

    def _do_assigned(
        self,
        company: DemoCompany,
        person: DemoPerson,
        course: DemoCourse,
        day: date,
        due_on: date,
        minimum_score: Decimal | None,
    ) -> datetime | None:
        chance = self.chance
        if not chance.happens(0.35 + 0.64 * person.diligence):
            return None
        window = (due_on - day).days - 8
        wait = 1 + chance.randrange(window) if chance.happens(person.diligence) else window + chance.randrange(40)
        begins = day + timedelta(days=wait)
        if person.ended_on is not None and begins >= person.ended_on:
            return None
        for _ in range(2):
            outcome = self.take(person, course, chance.during_work(begins), company.id, drop=0.02)
            if outcome is None or outcome.ended_at is None:
                return None
            is_enough = minimum_score is None or self._final_score() >= minimum_score
            if outcome.status is EnrollmentStatus.COMPLETED and is_enough:
                return outcome.ended_at
            begins = outcome.ended_at.date() + timedelta(days=chance.randrange(4, 20))
        return None

    def _final_score(self) -> Decimal:
        """The final score of the enrollment written last."""
        score = self.batch.rows[Enrollment][-1][-1]
        return score if isinstance(score, Decimal) else Decimal(0)

    def _exempt(self, company: DemoCompany, person: DemoPerson, requirement: DemoRequirement) -> None:
        chance, today = self.chance, self.industry.today
        starts_on = chance.day_between(max(person.started_on, today - timedelta(days=300)), today - timedelta(days=1))
        ends_on = starts_on + timedelta(days=chance.randrange(60, 365))
        at = chance.during_work(starts_on)
        exemption_id = chance.new_id(at)
        reason = chance.choice(EXEMPTION_REASONS)
        self.batch.add(
            Exemption,
            exemption_id,
            company.id,
            person.id,
            requirement.id,
            reason,
            company.manager_id,
            starts_on,
            ends_on,
        )
        self.batch.events.append(
            ExemptionGranted(
                subject_id=person.id,
                organization_id=company.id,
                occurred_at=at,
                exemption_id=exemption_id,
                requirement_id=requirement.id,
                recipient_id=None,
                approver_id=company.manager_id,
                starts_on=starts_on,
                ends_on=ends_on,
            )
        )

    # Schools

    def teach(self, school: DemoSchool) -> list[tuple[date, UUID]]:
        """Intakes of students, six courses over three terms each; some finish, some leave.

        Returns the day and the person of every graduate who is hired by a company.
        """
        start, today = self.industry.start, self.industry.today
        first = date(start.year, 9, 1) if start.month <= 9 else date(start.year + 1, 2, 1)
        terms: list[date] = []
        term = first
        while term < today:
            terms.append(term)
            term = date(term.year + 1, 2, 1) if term.month == 9 else date(term.year, 9, 1)
        hired: list[tuple[date, UUID]] = []
        for index, intake in enumerate(terms):
            for _ in range(self.chance.whole(38, low=14, high=80, sigma=0.35)):
                self._study(school, intake, terms[index : index + 3], hired)
        return hired

    def _study(self, school: DemoSchool, intake: date, terms: list[date], hired: list[tuple[date, UUID]]) -> None:
        chance, today = self.chance, self.industry.today
        person = DemoPerson(
            chance.new_id(at_nine(intake)),
            intake,
            None,
            None,
            Role.STUDENT,
            ability=chance.gauss(70 + 14 * school.quality, 7),
            diligence=school.quality,
            appetite=1.0,
        )
        done = 0
        finished_at = at_nine(intake)
        left_on: date | None = None
        for number, term in enumerate(terms):
            for course in school.courses[2 * number : 2 * number + 2]:
                begins = chance.during_work(term + timedelta(days=chance.randrange(-10, 21)))
                begins = max(begins, at_nine(intake) + timedelta(hours=1))
                drop = 0.22 - 0.16 * school.quality
                outcome = self.take(person, course, begins, school.id, drop=drop, pace=STUDENT_PACE)
                if outcome is not None and outcome.status is EnrollmentStatus.COMPLETED and outcome.ended_at:
                    done += 1
                    finished_at = max(finished_at, outcome.ended_at)
                if outcome is not None and outcome.status is EnrollmentStatus.DROPPED and chance.happens(0.6):
                    left_on = outcome.ended_at.date() if outcome.ended_at else None
            if left_on is not None:
                break
        graduates = done == len(school.courses)
        if graduates:
            left_on = min(terms[-1] + timedelta(days=130), today)
            self.graduates.append(Graduate(person.id, school.path_id, school.id, school.trade, finished_at))
        self._add_student(school, person, intake, left_on)
        if graduates and left_on is not None and left_on < today - timedelta(days=70) and chance.happens(0.72):
            hired.append((left_on + timedelta(days=chance.randrange(3, 60)), person.id))

    def _add_student(self, school: DemoSchool, person: DemoPerson, intake: date, left_on: date | None) -> None:
        membership_id = self.chance.new_id(at_nine(intake))
        self.batch.add(Person, person.id, self.name_person(), None, "America/Chicago", True)
        self.batch.add(
            Membership, membership_id, person.id, school.id, None, Role.STUDENT, None, intake, left_on
        )  # fmt: skip
        self.batch.events.append(
            MembershipStarted(
                subject_id=person.id,
                organization_id=school.id,
                occurred_at=at_nine(intake),
                membership_id=membership_id,
                role=Role.STUDENT,
                team_id=None,
                persona=None,
                started_on=intake,
            )
        )
        if left_on is not None:
            self.batch.events.append(
                MembershipEnded(
                    subject_id=person.id,
                    organization_id=school.id,
                    occurred_at=at_nine(left_on),
                    membership_id=membership_id,
                    ended_on=left_on,
                )
            )

    name_person: Callable[[], str]

    def write_engagement(self) -> None:
        """Move the gathered days into the batch."""
        for (person_id, course_id, on_date), counters in self._engagement.items():
            self.batch.add(DailyEngagement, person_id, course_id, on_date, *counters)


@dataclass(slots=True)
class _Enrollment:
    """The enrollment being lived through."""

    person: DemoPerson
    course: DemoCourse
    organization_id: UUID
    id: UUID
    cycle_number: int
    last: datetime
    minutes: int = 0


def first_instant(now: datetime) -> datetime:
    """When the simulated history begins: what the product ships is in place from then on."""
    return at_nine(now.date() - timedelta(days=HISTORY_DAYS))


def simulate(
    seed: int,
    now: datetime,
    content: DemoContent,
    progress: Callable[[str, int, int], None] | None = None,
    match_scorer: MatchScorer | None = None,
) -> Batch:
    """The whole batch for one seed number, one `now` (UTC) and what is shipped; events in the order of their time.

    `progress` is called with a label, the number of companies done and their total. Without a `match_scorer` nobody is
    shown a list of mentors; people ask all the same.
    """
    chance = Chance(seed)
    batch = Batch()
    builder = IndustryBuilder(chance, Chance(f"personas {seed}"), batch, now.date())
    industry = builder.build()
    history = HistoryBuilder(chance, batch, industry, now)
    history.name_person = builder.person_name
    graduates: list[tuple[date, UUID, str]] = []
    for school in industry.schools:
        hired = history.teach(school)
        graduates.extend((day, person_id, school.trade) for day, person_id in hired)
    for day, person_id, trade in graduates:
        company = chance.choice([c for c in industry.companies if c.trade == trade and c.joined_on <= day])
        builder.hire(company, day, person_id=person_id)
    trust_chance = Chance(f"trust {seed}")
    publisher = Publisher(
        trust_chance, batch, content, industry.reviewer_id, Chance(f"languages {seed}"), first_instant(now), now
    )
    trust = TrustBuilder(trust_chance, batch, industry, content, publisher.publish(), now)
    roi_chance = Chance(f"roi {seed}")
    studied = choose_companies(roi_chance, industry)
    for index, company in enumerate(industry.companies):
        for person in company.people:
            history.live(company, person)
        history.manage(company)
        trust.live(company)
        if progress is not None:
            progress("Simulating", index + 1, len(industry.companies))
    history.write_engagement()
    MentorshipBuilder(Chance(f"mentoring {seed}"), batch, industry, now, match_scorer).build()
    RoiBuilder(roi_chance, batch, industry, now).build(studied)
    credentials = CredentialBuilder(Chance(f"credentials {seed}"), batch, industry, content, history.holdings, now)
    credentials.build(history.graduates, history.renewed)
    estate_chance = Chance(f"estates {seed}")
    estates = EstateBuilder(estate_chance, batch, industry).build()
    visits = VisitBuilder(estate_chance, batch, industry, history.holdings, now)
    for estate in estates:
        visits.live(estate)
    batch.events.sort(key=lambda event: event.occurred_at)
    return batch
