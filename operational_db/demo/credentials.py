"""What the demo's people do about their certificates beside earning them in courses.

Programmes and a track lead to certificates, credits are logged in each cycle, certificates from elsewhere are reported
and checked, renewals set out for, and third parties ask whether a certificate counts. Its own chance, so that the rest
of the industry of a seed number stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from operational_db.credentials.rules import CertificateFacts, certificate_status, expires_on
from operational_db.demo.batch import Batch, DemoDocument
from operational_db.demo.catalogue import CE_TERMS, DemoCertification
from operational_db.demo.chance import SEASON, Chance
from operational_db.demo.content import DemoContent
from operational_db.demo.holdings import Holding, Holdings
from operational_db.demo.industry import DemoCompany, DemoPerson, Industry, at_nine
from operational_db.ledger.events import (
    CeCreditLogged,
    CertificateIssued,
    CertificateRenewed,
    CertificateVerified,
    ProficiencyReached,
    RenewalOpened,
    VerificationCaseOpened,
    VerificationRequested,
)
from operational_db.tables.credentials import (
    CeCredit,
    Certificate,
    CertificateRenewal,
    Certification,
    LearningPathCertification,
    TrackCertification,
    VerificationCase,
)
from operational_db.types import (
    CeActivityType,
    CertificateStatus,
    CertificationCategory,
    CertificationSource,
    EarnedThrough,
    Persona,
    ProficiencyLevel,
    TrackTier,
    VerificationChannel,
    VerificationOutcome,
    VerificationStatus,
)

REPORTED_COUNT = 210
OPEN_CASE_COUNT = 36
REQUESTS_PER_DAY = 1.6
BADGE_COUNT = 240
OPEN_RENEWAL_COUNT = 60
REJECTIONS = (
    "The document names another person.",
    "The date of issue cannot be read.",
    "The issuer does not know the number.",
)
ACTIVITIES = (
    (CeActivityType.WEBINAR, "Evening webinar on code changes"),
    (CeActivityType.WEBINAR, "Manufacturer update on controllers"),
    (CeActivityType.CONFERENCE, "Regional trade conference"),
    (CeActivityType.OTHER, "Code committee meeting"),
    (CeActivityType.OTHER, "Toolbox lecture series"),
)
OUTCOMES = {
    CertificateStatus.ACTIVE: VerificationOutcome.VALID,
    CertificateStatus.EXPIRED: VerificationOutcome.EXPIRED,
    CertificateStatus.REVOKED: VerificationOutcome.REVOKED,
    CertificateStatus.PENDING_VERIFICATION: VerificationOutcome.PENDING,
}
# How third parties ask, and what they hand in.
ASKED_THROUGH = (
    (VerificationChannel.PAGE, "link", 60),
    (VerificationChannel.API, "number", 22),
    (VerificationChannel.API, "open-badge-3", 12),
    (VerificationChannel.API, "vc-jwt", 6),
)


@dataclass(frozen=True, slots=True)
class Graduate:
    """Somebody who finished all courses of a school's programme."""

    person_id: UUID
    path_id: UUID
    school_id: UUID
    trade: str
    finished_at: datetime


@dataclass(frozen=True, slots=True)
class Renewed:
    """A certificate and the one that continues it."""

    former_id: UUID
    renewed: Holding


class CredentialBuilder:
    """Lives through what `history` left open; call `build` after everybody's courses are done."""

    def __init__(
        self,
        chance: Chance,
        batch: Batch,
        industry: Industry,
        content: DemoContent,
        holdings: Holdings,
        now: datetime,
    ) -> None:
        self.chance = chance
        self.batch = batch
        self.industry = industry
        self.content = content
        self.holdings = holdings
        self.now = now
        self._numbers = 900_000

    def build(self, graduates: Sequence[Graduate], renewed: Sequence[Renewed]) -> None:
        """Everything, in the order in which one rests on the other."""
        self._finish_programmes(graduates)
        self._finish_track()
        self._report_certificates()
        self._log_credits()
        self._open_renewals(renewed)
        self._ask()
        self._choose_badges()

    # Programmes and tracks

    def _add_certification(self, code: str, name: str, trade: str, months: int | None) -> DemoCertification:
        start = at_nine(self.industry.start)
        category = CertificationCategory.MANAGEMENT if trade == "all" else CertificationCategory.COMPLIANCE
        certification = DemoCertification(self.chance.new_id(start), code, category, trade, months)
        self.batch.add(
            Certification, certification.id, name, code, f"Shows that the holder finished: {name}.",
            CertificationSource.SITESYNC, "SiteSync", None, category, trade, None, True, months, None, False, "medium",
            *CE_TERMS.get(code, (Decimal(0), Decimal(0), None)),
        )  # fmt: skip
        return certification

    def _finish_programmes(self, graduates: Sequence[Graduate]) -> None:
        """The programme of each trade earns its certificate, once, with the last course (`issue_for_path`)."""
        kinds = {
            trade: self._add_certification(f"PROG-{trade[:4].upper()}", f"{trade.capitalize()} programme", trade, None)
            for trade in dict.fromkeys(school.trade for school in self.industry.schools)
        }
        for school in self.industry.schools:
            self.batch.add(LearningPathCertification, school.path_id, kinds[school.trade].id)
        for each in graduates:
            self._issue(
                each.person_id, kinds[each.trade], each.finished_at, each.school_id, path_id=each.path_id, former=None
            )

    def _finish_track(self) -> None:
        """Whoever is certified in the security core track holds its certificate (`issue_for_track`)."""
        track = next(
            (each for each in self.content.tracks if (each.persona, each.tier) == (Persona.SECURITY, TrackTier.CORE)),
            None,
        )
        if track is None:
            return
        kind = self._add_certification("TRACK-SEC", "Security core track", "all", 12)
        self.batch.add(TrackCertification, track.id, kind.id)
        reached = [
            each
            for each in self.batch.events
            if isinstance(each, ProficiencyReached)
            and each.track_id == track.id
            and each.level is ProficiencyLevel.CERTIFIED
        ]
        held: dict[UUID, Holding] = {}
        for event in sorted(reached, key=lambda each: each.occurred_at):
            person_id = event.subject_id
            if person_id is None or event.organization_id is None:
                continue
            former = held.get(person_id)
            if former is None or former.facts.issued_on != event.occurred_at.date():
                held[person_id] = self._issue(
                    person_id, kind, event.occurred_at, event.organization_id, track_id=track.id, former=former
                )

    def _issue(
        self,
        person_id: UUID,
        kind: DemoCertification,
        at: datetime,
        organization_id: UUID,
        *,
        path_id: UUID | None = None,
        track_id: UUID | None = None,
        former: Holding | None,
    ) -> Holding:
        issued_on = at.date()
        expiry = expires_on(issued_on, kind.validity_months)
        facts = CertificateFacts(
            self.chance.new_id(at), person_id, kind.id, issued_on, expiry, None, is_withdrawn=False, is_verified=True
        )
        first = former.first_earned_on if former is not None else issued_on
        holding = Holding(at, None, facts, organization_id, first)
        self.holdings.add(holding)
        former_id = former.facts.certificate_id if former is not None else None
        self.batch.add(
            Certificate, facts.certificate_id, person_id, kind.id, issued_on, expiry, first, self._number(kind),
            VerificationStatus.VERIFIED, at, EarnedThrough.SITESYNC_COURSE, None, former_id, None, None, None,
            path_id, track_id, None, at,
        )  # fmt: skip
        said = {
            "subject_id": person_id,
            "organization_id": organization_id,
            "occurred_at": at,
            "certificate_id": facts.certificate_id,
            "certification_id": kind.id,
            "issued_on": issued_on,
            "expires_on": expiry,
            "earned_through": EarnedThrough.SITESYNC_COURSE,
            "is_verified": True,
            "path_id": path_id,
            "track_id": track_id,
        }
        if former_id is None:
            self.batch.events.append(CertificateIssued(**said))  # type: ignore[arg-type]  # checked by the kind itself
        else:
            self.batch.events.append(CertificateRenewed(**said, renews_id=former_id))  # type: ignore[arg-type]
        return holding

    def _number(self, kind: DemoCertification) -> str:
        self._numbers += 1
        return f"{kind.code}-{self._numbers}"

    # Reported certificates

    def _report_certificates(self) -> None:
        """Certificates from elsewhere with a picture: most were checked long since, some wait in the queue."""
        chance = self.chance
        kinds = [self.industry.catalogue.certifications[code] for code in ("SAFE-CONF", "SAFE-AID", "SAFE-REFR")]
        companies = [company for company in self.industry.companies if company.people]
        # The largest companies have open cases, so that a queue is something to look at.
        crowded = sorted(companies, key=lambda company: -len(company.people))[:6]
        for index in range(REPORTED_COUNT):
            is_open = index < OPEN_CASE_COUNT
            company = crowded[index % len(crowded)] if is_open else chance.choice(companies)
            person = chance.choice(company.people)
            fitting = [
                kind
                for kind in kinds
                if kind.trade in {"all", company.trade}
                and all(each.facts.certification_id != kind.id for each in self.holdings.by_person.get(person.id, ()))
            ]
            if person.ended_on is None and fitting:
                self._report(company, person, chance.choice(fitting), is_open=is_open)

    def _report(self, company: DemoCompany, person: DemoPerson, kind: DemoCertification, *, is_open: bool) -> None:
        chance, today = self.chance, self.industry.today
        first = today - timedelta(days=18) if is_open else person.started_on
        at = chance.during_work(max(person.started_on, chance.day_between(first, today - timedelta(days=1))))
        decided_at = at + timedelta(days=chance.randrange(1, 12), hours=2)
        if decided_at >= self.now or is_open:
            decided_at = self.now
        is_decided = decided_at < self.now
        is_approved = is_decided and chance.happens(0.86)
        issued_on = at.date() - timedelta(days=chance.randrange(5, 200))
        expiry = expires_on(issued_on, kind.validity_months)
        certificate_id, case_id = chance.new_id(at), chance.new_id(at)
        verification = VerificationStatus.PENDING
        if is_decided:
            verification = VerificationStatus.VERIFIED if is_approved else VerificationStatus.FAILED
        facts = CertificateFacts(
            certificate_id, person.id, kind.id, issued_on, expiry, None, is_withdrawn=False, is_verified=is_approved
        )
        known_at = decided_at if is_decided else at
        self.holdings.add(Holding(known_at, None, facts, company.id, issued_on))
        self.batch.add(
            Certificate, certificate_id, person.id, kind.id, issued_on, expiry, issued_on, self._number(kind),
            verification, decided_at if is_decided else None, EarnedThrough.EXTERNAL, None, None, None, None, None,
            None, None, company.manager_id if is_decided else None, at,
        )  # fmt: skip
        self.batch.add(
            VerificationCase, case_id, certificate_id, at, person.id, decided_at if is_decided else None,
            company.manager_id if is_decided else None, is_approved if is_decided else None,
            chance.choice(REJECTIONS) if is_decided and not is_approved else None,
        )  # fmt: skip
        self.batch.documents.append(DemoDocument(person.id, certificate_id, case_id, kind.code, at))
        self.batch.events.append(
            CertificateIssued(
                subject_id=person.id,
                organization_id=company.id,
                occurred_at=at,
                certificate_id=certificate_id,
                certification_id=kind.id,
                issued_on=issued_on,
                expires_on=expiry,
                earned_through=EarnedThrough.EXTERNAL,
                is_verified=False,
            )
        )
        self.batch.events.append(
            VerificationCaseOpened(
                subject_id=person.id,
                organization_id=company.id,
                occurred_at=at,
                case_id=case_id,
                certificate_id=certificate_id,
                certification_id=kind.id,
            )
        )
        if is_decided:
            self.batch.events.append(
                CertificateVerified(
                    subject_id=person.id,
                    organization_id=company.id,
                    occurred_at=decided_at,
                    certificate_id=certificate_id,
                    certification_id=kind.id,
                    is_verified=is_approved,
                )
            )

    # Continuing education

    def _log_credits(self) -> None:
        """In a cycle that was renewed at least what its kind asks for, in a running one as much as time allowed."""
        terms = {
            kind.id: CE_TERMS[code][0]
            for code, kind in self.industry.catalogue.certifications.items()
            if code in CE_TERMS
        }
        for held in self.holdings.by_person.values():
            by_kind: dict[UUID, list[Holding]] = {}
            for each in held:
                if each.facts.certification_id in terms:
                    by_kind.setdefault(each.facts.certification_id, []).append(each)
            for kind_id, line in by_kind.items():
                line.sort(key=lambda each: each.facts.issued_on)
                for index, each in enumerate(line):
                    following = line[index + 1] if index + 1 < len(line) else None
                    self._log_cycle(each, following, terms[kind_id])

    def _log_cycle(self, holding: Holding, following: Holding | None, required: Decimal) -> None:
        chance = self.chance
        first = holding.facts.issued_on + timedelta(days=1)
        last = following.facts.issued_on if following is not None else self.industry.today - timedelta(days=1)
        if last <= first:
            return
        share = 1.0 if following is not None else min(1.0, (last - first).days / 700) * chance.uniform(0.3, 1.3)
        wanted, logged = float(required) * share, 0.0
        days: set[date] = set()
        while logged < wanted:
            day = chance.day_between(first, last)
            if day in days:
                day = next((d for n in range((last - first).days) if (d := first + timedelta(n)) not in days), day)
            if day in days:
                return
            days.add(day)
            credits = chance.choice((1, 2, 2, 3, 4))
            logged += credits
            self._log(holding, day, Decimal(credits))

    def _log(self, holding: Holding, day: date, credits: Decimal) -> None:
        at = max(at_nine(day) + timedelta(hours=self.chance.randrange(1, 9)), holding.known_at + timedelta(minutes=5))
        if at >= self.now:
            return
        facts = holding.facts
        credit_id = self.chance.new_id(at)
        activity, text = self.chance.choice(ACTIVITIES)
        self.batch.add(
            CeCredit, credit_id, facts.person_id, facts.certification_id, facts.certificate_id, credits, activity, text,
            day, at,
        )  # fmt: skip
        self.batch.events.append(
            CeCreditLogged(
                subject_id=facts.person_id,
                organization_id=holding.organization_id,
                occurred_at=at,
                ce_credit_id=credit_id,
                certificate_id=facts.certificate_id,
                certification_id=facts.certification_id,
                credits=credits,
                activity_type=activity,
                activity_id=None,
                activity_on=day,
            )
        )

    # Renewals

    def _open_renewals(self, renewed: Sequence[Renewed]) -> None:
        """Some set out to renew before they did; of what lapses within weeks some have set out."""
        chance, today = self.chance, self.industry.today
        for each in chance.some(renewed, len(renewed) // 5):
            at = each.renewed.known_at - timedelta(days=chance.randrange(1, 20))
            former = each.renewed.facts
            self._open_renewal(each.former_id, each.renewed, at, each.renewed.known_at, former.certificate_id)
        former_ids = {each.former_id for each in renewed}
        lapsing = [
            each
            for held in self.holdings.by_person.values()
            for each in held
            if each.facts.is_verified
            and each.facts.revoked_from is None
            and each.facts.certificate_id not in former_ids
            and each.facts.expires_on is not None
            and today <= each.facts.expires_on <= today + timedelta(days=60)
        ]
        for holding in chance.some(lapsing, OPEN_RENEWAL_COUNT):
            at = chance.during_work(today - timedelta(days=chance.randrange(1, 14)))
            self._open_renewal(holding.facts.certificate_id, holding, at, None, None)

    def _open_renewal(
        self,
        certificate_id: UUID,
        holding: Holding,
        at: datetime,
        closed_at: datetime | None,
        renewed_by_id: UUID | None,
    ) -> None:
        renewal_id = self.chance.new_id(at)
        person_id = holding.facts.person_id
        self.batch.add(
            CertificateRenewal, renewal_id, certificate_id, holding.organization_id, at, person_id, closed_at,
            renewed_by_id,
        )  # fmt: skip
        self.batch.events.append(
            RenewalOpened(
                subject_id=person_id,
                organization_id=holding.organization_id,
                occurred_at=at,
                renewal_id=renewal_id,
                certificate_id=certificate_id,
                certification_id=holding.facts.certification_id,
            )
        )

    # Third parties

    def _ask(self) -> None:
        """Requests of third parties, growing over the two years; a few hand in what is none of ours."""
        chance, start = self.chance, self.industry.start
        held = sorted(
            (each for of_person in self.holdings.by_person.values() for each in of_person),
            key=lambda each: each.known_at,
        )
        known = 0
        for day in range((self.industry.today - start).days):
            on = start + timedelta(days=day)
            while known < len(held) and held[known].known_at < at_nine(on) - timedelta(hours=4):
                known += 1
            mean = REQUESTS_PER_DAY * (0.3 + 1.4 * day / 730) * SEASON[on.month - 1]
            for _ in range(chance.count(mean) if known else 0):
                self._request(held[chance.randrange(known)], chance.during_work(on))

    def _request(self, holding: Holding, at: datetime) -> None:
        chance = self.chance
        channel, document_format, _ = chance.choices(ASKED_THROUGH, [weight for *_, weight in ASKED_THROUGH])[0]
        asked_for = at.date() + timedelta(days=chance.choice((0, 0, 0, 0, 0, 0, 7, 30)))
        certificate_id: UUID | None = holding.facts.certificate_id
        facts = holding.facts
        if holding.revoked_at is None or holding.revoked_at > at:
            facts = replace(facts, revoked_from=None)
        outcome = OUTCOMES[certificate_status(facts, on=asked_for)]
        if chance.happens(0.04):
            certificate_id, outcome = None, VerificationOutcome.UNKNOWN
            if document_format in {"open-badge-3", "vc-jwt"}:
                outcome = VerificationOutcome.INVALID
        is_ours = certificate_id is not None
        self.batch.events.append(
            VerificationRequested(
                subject_id=facts.person_id if is_ours else None,
                organization_id=holding.organization_id if is_ours else None,
                occurred_at=at,
                request_id=chance.new_id(at),
                certificate_id=certificate_id,
                certification_id=facts.certification_id if is_ours else None,
                channel=channel,
                document_format=document_format,
                asked_for=asked_for,
                outcome=outcome,
            )
        )

    def _choose_badges(self) -> None:
        """Holders who want a badge; what was revoked gets none."""
        verified = [
            each.facts.certificate_id
            for held in self.holdings.by_person.values()
            for each in held
            if each.facts.is_verified and each.facts.revoked_from is None and each.known_at < self.now
        ]
        self.batch.badge_certificate_ids.extend(sorted(self.chance.some(verified, BADGE_COUNT)))
