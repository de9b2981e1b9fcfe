"""What a dozen companies of the demo paid for training, and what their technicians' jobs yielded.

The truth is known here and nowhere else: what training changes in each outcome, by company (`KNOWN_EFFECTS` times
`Case.strength`), from a technician's first completed course on. In most companies it helps; in some it changes nothing;
in one those who train later were getting better before; one has too few technicians to tell.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from operational_db.demo.batch import COLUMNS, Batch
from operational_db.demo.chance import SEASON, Chance
from operational_db.demo.industry import DemoCompany, DemoPerson, Industry, at_nine
from operational_db.ledger.events import OutcomeMonthRecorded, OutcomeValued, TrainingCostRecorded
from operational_db.roi.rules import cost_of_minutes, month_of
from operational_db.tables.catalog import Course
from operational_db.tables.learning import Enrollment
from operational_db.tables.roi import HourlyWage, JobOutcome, OutcomeMonth, TrainingCost, UnitValue
from operational_db.types import CostKind, EnrollmentStatus, OutcomeKind

CURRENCY = "USD"
JOBS_PER_MONTH = 6.0
# Technicians are trained in turns: the first months after they start, one after the other; some not at all so far.
FIRST_TURN_DAYS, LAST_TURN_DAYS = 130, 560
UNTRAINED_SHARE = 0.2
COMPANY_SIZES = (24, 70)
NOT_TOLD_SHARE = 0.03
# Where there was a trend before training: gained in a month, and for how many months.
TREND, TREND_MONTHS = 0.04, 6.0
# In the unit of each outcome, at strength 1: shares, incidents a month, hours a job, units a month.
KNOWN_EFFECTS: dict[OutcomeKind, float] = {
    OutcomeKind.FIRST_TIME_FIX_RATE: 0.08,
    OutcomeKind.CALLBACK_RATE: -0.05,
    OutcomeKind.REWORK_RATE: -0.03,
    OutcomeKind.INCIDENTS: -0.05,
    OutcomeKind.HOURS_PER_JOB: -0.30,
    OutcomeKind.UNITS_MAINTAINED: 2.0,
}
UNIT_VALUES = {
    OutcomeKind.FIRST_TIME_FIX_RATE: (90, 160),
    OutcomeKind.CALLBACK_RATE: (180, 320),
    OutcomeKind.REWORK_RATE: (200, 400),
    OutcomeKind.INCIDENTS: (1500, 4000),
    OutcomeKind.HOURS_PER_JOB: (60, 95),
    OutcomeKind.UNITS_MAINTAINED: (10, 25),
}


class CaseKind(StrEnum):
    HELPS = "helps"
    CHANGES_NOTHING = "changes_nothing"
    # Who is trained was getting better for months before it, and training adds nothing.
    HAD_A_TREND = "had_a_trend"
    TOO_SMALL = "too_small"


@dataclass(frozen=True)
class Case:
    """What training does in one company."""

    kind: CaseKind
    strength: float


CASES = (
    *(Case(CaseKind.HELPS, strength) for strength in (1.0, 1.2, 0.9, 1.4, 1.0, 1.1, 1.3, 1.5)),
    Case(CaseKind.CHANGES_NOTHING, 0.0),
    Case(CaseKind.CHANGES_NOTHING, 0.0),
    Case(CaseKind.HAD_A_TREND, 0.0),
    Case(CaseKind.TOO_SMALL, 1.0),
)


@dataclass(frozen=True)
class Studied:
    """A company whose jobs are on record, and what training does there."""

    company: DemoCompany
    case: Case


def choose_companies(chance: Chance, industry: Industry) -> list[Studied]:
    """The companies with job results; sets from when each of their technicians trains (`DemoPerson.trains_from`).

    Companies that were there from the beginning, so that there is something to compare.
    """
    early = [each for each in industry.companies if each.joined_on <= industry.start + timedelta(days=60)]
    small = sorted(early, key=lambda each: len(each.people))[:1]
    # Of few companies the smallest may fit as well; it is studied once.
    fitting = [each for each in early if COMPANY_SIZES[0] <= len(each.people) <= COMPANY_SIZES[1] and each not in small]
    found: list[Studied] = []
    # A trend is told from chance in a large company only.
    largest = sorted(fitting, key=lambda each: -len(each.people))[:1]
    others = [each for each in fitting if each not in largest]
    for case in CASES:
        pool = {CaseKind.TOO_SMALL: small, CaseKind.HAD_A_TREND: largest}.get(case.kind, others)
        if pool:
            found.append(Studied(pool.pop(0), case))
    for studied in found:
        for person in studied.company.people:
            wait = chance.randrange(FIRST_TURN_DAYS, LAST_TURN_DAYS)
            is_trained = not chance.happens(UNTRAINED_SHARE)
            person.trains_from = (
                person.started_on + timedelta(days=wait) if is_trained else industry.today + timedelta(days=1)
            )
    return found


@dataclass(slots=True)
class _Nature:
    """What a technician's results are without training."""

    skill: float
    speed: float
    spell: float
    # Gained in each of the months before training.
    trend: float


@dataclass(slots=True)
class _Month:
    """The jobs of one technician in one month, summed as `operational_db.roi` sums them."""

    job_count: int = 0
    fixed: int = 0
    fixed_known: int = 0
    called: int = 0
    called_known: int = 0
    reworked: int = 0
    reworked_known: int = 0
    incidents: int = 0
    hours: Decimal = Decimal(0)
    hours_known: int = 0
    units: int = 0


class RoiBuilder:
    """Writes costs, wages, unit values and jobs of the studied companies."""

    def __init__(self, chance: Chance, batch: Batch, industry: Industry, now: datetime) -> None:
        self.chance = chance
        self.batch = batch
        self.industry = industry
        self.now = now
        self._number = 0

    def build(self, studied: list[Studied]) -> None:
        """Once the training of everybody is written: effects and costs follow from it."""
        companies = {each.company.id: each.company for each in studied}
        rates = {person.id: self._wages(company, person) for company in companies.values() for person in company.people}
        trained_on = self._pay_for_training(companies, rates)
        for each in studied:
            self._value(each.company)
            for person in each.company.people:
                self._work(each, person, trained_on.get((each.company.id, person.id)))

    # Money

    def _wages(self, company: DemoCompany, person: DemoPerson) -> list[tuple[date, Decimal]]:
        """What an hour of hers costs, and from when; with a raise each year."""
        chance = self.chance
        amount = Decimal(chance.randrange(2600, 4800)) / 100
        starts_on, found = person.started_on, []
        while starts_on <= self.industry.today:
            amount = amount.quantize(Decimal("0.01"))
            found.append((starts_on, amount))
            self.batch.add(HourlyWage, person.id, company.id, starts_on, amount, CURRENCY)
            starts_on += timedelta(days=365)
            amount *= 1 + Decimal(chance.randrange(15, 50)) / 1000
        return found

    def _pay_for_training(
        self, companies: Mapping[UUID, DemoCompany], rates: Mapping[UUID, list[tuple[date, Decimal]]]
    ) -> dict[tuple[UUID, UUID], date]:
        """Fees, hours and travel of every enrollment the companies sponsored; the first completion of each person."""
        chance = self.chance
        courses = _values(self.batch, Course, "id", "price", "estimated_hours", "delivery_method")
        terms = {row[0]: row[1:] for row in courses}
        trained_on: dict[tuple[UUID, UUID], date] = {}
        columns = ("id", "person_id", "course_id", "organization_id", "status", "enrolled_at", "ended_at")
        for enrollment_id, person_id, course_id, organization_id, status, enrolled_at, ended_at in _values(
            self.batch, Enrollment, *columns
        ):
            company = companies.get(organization_id)
            if company is None:
                continue
            price, hours, _ = terms[course_id]
            who = (company.id, person_id, course_id)
            if price:
                self._cost(*who, CostKind.FEE, enrolled_at, price, source_key=f"enrollment:{enrollment_id}:fee")
            if ended_at is None or status not in {EnrollmentStatus.COMPLETED, EnrollmentStatus.FAILED}:
                continue
            minutes = int(hours * 60)
            wage = next((rate for since, rate in reversed(rates[person_id]) if since <= ended_at.date()), None)
            if wage is not None and minutes:
                amount = cost_of_minutes(minutes, wage)
                key = f"enrollment:{enrollment_id}:paid_hours"
                self._cost(*who, CostKind.PAID_HOURS, ended_at, amount, minutes=minutes, source_key=key)
            if chance.happens(0.05):
                amount = Decimal(chance.randrange(3000, 22000)) / 100
                self._cost(*who, CostKind.TRAVEL, ended_at, amount, note="Trip to the training centre")
            if status is EnrollmentStatus.COMPLETED:
                key_of = (company.id, person_id)
                trained_on[key_of] = min(ended_at.date(), trained_on.get(key_of, date.max))
                if chance.happens(0.015):
                    amount = Decimal(chance.randrange(20000, 70000)) / 100
                    note = "Half a day of the instructor"
                    self._cost(company.id, None, course_id, CostKind.INSTRUCTOR, ended_at, amount, note=note)
        return trained_on

    def _cost(
        self,
        organization_id: UUID,
        person_id: UUID | None,
        course_id: UUID,
        kind: CostKind,
        at: datetime,
        amount: Decimal,
        *,
        minutes: int | None = None,
        note: str = "",
        source_key: str | None = None,
    ) -> None:
        cost_id = self.chance.new_id(at)
        self.batch.add(
            TrainingCost, cost_id, organization_id, person_id, course_id, kind, at.date(), minutes, amount, CURRENCY,
            note, source_key,
        )  # fmt: skip
        self.batch.events.append(
            TrainingCostRecorded(
                subject_id=person_id,
                organization_id=organization_id,
                occurred_at=at,
                cost_id=cost_id,
                cost_kind=kind,
                course_id=course_id,
                incurred_on=at.date(),
                amount=amount,
                currency=CURRENCY,
            )
        )

    def _value(self, company: DemoCompany) -> None:
        """What the company says a unit of each outcome is worth, from its first day on."""
        for kind, (low, high) in UNIT_VALUES.items():
            amount = Decimal(self.chance.randrange(low, high))
            self.batch.add(UnitValue, company.id, kind, company.joined_on, amount, CURRENCY)
            self.batch.events.append(
                OutcomeValued(
                    subject_id=None,
                    organization_id=company.id,
                    occurred_at=at_nine(company.joined_on) + timedelta(hours=3),
                    outcome_kind=kind,
                    starts_on=company.joined_on,
                    amount=amount,
                    currency=CURRENCY,
                )
            )

    # Jobs

    def _work(self, studied: Studied, person: DemoPerson, trained_on: date | None) -> None:
        """All jobs of one technician, month by month, up to yesterday."""
        chance = self.chance
        until = min(person.ended_on or date.max, self.industry.today)
        is_rising = studied.case.kind is CaseKind.HAD_A_TREND and trained_on is not None
        nature = _Nature(chance.gauss(0, 1), chance.gauss(0, 1), 0.0, TREND if is_rising else 0.0)
        month = month_of(person.started_on)
        while month < until:
            nature.spell = 0.6 * nature.spell + chance.gauss(0, 0.8)
            first = max(month, person.started_on)
            following = month_of(month + timedelta(days=32))
            self._work_month(studied, person, nature, (month, first, min(following, until)), trained_on)
            month = following

    def _work_month(
        self,
        studied: Studied,
        person: DemoPerson,
        nature: _Nature,
        span: tuple[date, date, date],
        trained_on: date | None,
    ) -> None:
        month, first, until = span
        days = (until - first).days
        count = self.chance.count(JOBS_PER_MONTH * days / 30)
        finished = sorted(first + timedelta(days=self.chance.randrange(days)) for _ in range(count)) if days else []
        sums = _Month()
        lines = []
        season = SEASON[month.month - 1] - 1
        for day in finished:
            is_trained = trained_on is not None and day > trained_on
            gain = studied.case.strength if is_trained else 0.0
            risen = 0.0 if trained_on is None else nature.trend * _months_risen(day, trained_on)
            lines.append(self._job(studied.company, person, day, nature, gain, risen, season, sums))
        if sums.job_count:
            self._write_month(studied.company, person, month, sums, "".join(lines))

    def _job(
        self,
        company: DemoCompany,
        person: DemoPerson,
        day: date,
        nature: _Nature,
        gain: float,
        risen: float,
        season: float,
        sums: _Month,
    ) -> str:
        """Write one job, add it to the month, and return its line for the month's hash."""
        chance = self.chance
        effect = {kind: gain * size for kind, size in KNOWN_EFFECTS.items()}
        skill = 0.05 * nature.skill + 0.02 * nature.spell + risen
        is_fixed = self._told(0.72 + skill - 0.06 * season + effect[OutcomeKind.FIRST_TIME_FIX_RATE])
        is_callback = self._told(0.16 - 0.5 * skill + 0.04 * season + effect[OutcomeKind.CALLBACK_RATE])
        is_rework = self._told(0.10 - 0.3 * skill + effect[OutcomeKind.REWORK_RATE])
        # Effects of a month are spread over its jobs.
        incidents = chance.count(max(0.002, 0.03 + effect[OutcomeKind.INCIDENTS] / JOBS_PER_MONTH))
        needed = 3.1 - 0.3 * nature.speed - 3.0 * risen + effect[OutcomeKind.HOURS_PER_JOB] + chance.gauss(0, 0.8)
        hours = None if chance.happens(NOT_TOLD_SHARE) else Decimal(max(25, round(needed * 100))) / 100
        per_job = 4.0 + 0.3 * nature.speed + 6 * risen + effect[OutcomeKind.UNITS_MAINTAINED] / JOBS_PER_MONTH
        units = chance.count(max(0.5, per_job))
        self._number += 1
        number = f"J{self._number:07d}"
        self.batch.add(
            JobOutcome, chance.new_id(at_nine(day)), company.id, person.id, number, day, is_fixed, is_callback,
            is_rework, incidents, hours, units,
        )  # fmt: skip
        sums.job_count += 1
        sums.fixed += is_fixed is True
        sums.fixed_known += is_fixed is not None
        sums.called += is_callback is True
        sums.called_known += is_callback is not None
        sums.reworked += is_rework is True
        sums.reworked_known += is_rework is not None
        sums.incidents += incidents
        sums.units += units
        if hours is not None:
            sums.hours += hours
            sums.hours_known += 1
        flags = "|".join("" if flag is None else str(flag).lower() for flag in (is_fixed, is_callback, is_rework))
        return f"{number}|{day}|{flags}|{incidents}|{'' if hours is None else f'{hours:.2f}'}|{units}\n"

    def _told(self, probability: float) -> bool | None:
        """Whether it happened; None where the source did not tell."""
        if self.chance.happens(NOT_TOLD_SHARE):
            return None
        return self.chance.happens(min(0.97, max(0.01, probability)))

    def _write_month(self, company: DemoCompany, person: DemoPerson, month: date, sums: _Month, lines: str) -> None:
        self.batch.add(
            OutcomeMonth, company.id, person.id, month, 1, sums.job_count, sums.fixed, sums.fixed_known, sums.called,
            sums.called_known, sums.reworked, sums.reworked_known, sums.incidents, sums.hours, sums.hours_known,
            sums.units,
        )  # fmt: skip
        self.batch.events.append(
            OutcomeMonthRecorded(
                subject_id=person.id,
                organization_id=company.id,
                occurred_at=datetime.combine(month, time(), UTC),
                month=month,
                month_version=1,
                job_count=sums.job_count,
                first_time_fix_count=sums.fixed,
                first_time_fix_known_count=sums.fixed_known,
                callback_count=sums.called,
                callback_known_count=sums.called_known,
                rework_count=sums.reworked,
                rework_known_count=sums.reworked_known,
                incident_count=sums.incidents,
                hours=sums.hours,
                hours_known_count=sums.hours_known,
                units_maintained=sums.units,
                jobs_sha256=hashlib.sha256(lines.encode()).hexdigest(),
            )
        )


def _months_risen(day: date, trained_on: date) -> float:
    """Months of the trend before training that have passed on a day."""
    return min(TREND_MONTHS, max(0.0, TREND_MONTHS - (trained_on - day).days / 30))


def _values(batch: Batch, entity: type, *names: str) -> list[tuple]:  # type: ignore[type-arg]
    """These columns of every row of a table written so far."""
    places = [COLUMNS[entity].index(name) for name in names]
    return [tuple(row[place] for place in places) for row in batch.rows[entity]]
