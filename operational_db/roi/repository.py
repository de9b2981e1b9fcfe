"""Queries on costs, wages, unit values, months and estimates. Nothing here decides who may see what."""

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Double, Text, and_, cast, func, or_, select, text
from sqlalchemy.orm import Session

from operational_db.paging import Page, PageRequest
from operational_db.roi.views import CostFilters
from operational_db.tables.catalog import Course
from operational_db.tables.identity import Membership, Organization, Person
from operational_db.tables.learning import Enrollment
from operational_db.tables.ledger import LedgerCheckpoint
from operational_db.tables.roi import HourlyWage, OutcomeMonth, RoiEstimate, TrainingCost, UnitValue
from operational_db.types import CourseVisibility, EnrollmentStatus, OutcomeKind, ProviderType

# Sums over the jobs of technicians and months. The hash is of one line a job, in the order of the numbers' characters:
# number|day|fixed at first visit|called back|reworked|incidents|hours|units, each line ended, nothing where not told.
_WRITE_MONTHS = text(
    """
    with affected as (
        select distinct person_id, month
        from unnest(cast(:person_ids as uuid[]), cast(:months as date[])) as given (person_id, month)
    ),
    sums as (
        select
            a.person_id, a.month, count(j.id) as job_count,
            count(*) filter (where j.is_first_time_fix) as first_time_fix_count,
            count(j.is_first_time_fix) as first_time_fix_known_count,
            count(*) filter (where j.is_callback) as callback_count,
            count(j.is_callback) as callback_known_count,
            count(*) filter (where j.is_rework) as rework_count,
            count(j.is_rework) as rework_known_count,
            coalesce(sum(j.incident_count), 0)::bigint as incident_count,
            coalesce(sum(j.hours), 0) as hours,
            count(j.hours) as hours_known_count,
            coalesce(sum(j.units_maintained), 0)::bigint as units_maintained,
            encode(sha256(convert_to(coalesce(string_agg(
                concat(
                    j.job_number, '|', j.finished_on, '|', j.is_first_time_fix::text, '|', j.is_callback::text, '|',
                    j.is_rework::text, '|', j.incident_count, '|', j.hours, '|', j.units_maintained, chr(10)
                ), '' order by j.job_number collate "C"
            ), ''), 'UTF8')), 'hex') as jobs_sha256
        from affected as a
        left join job_outcomes as j on
            j.organization_id = :organization_id and j.person_id = a.person_id
            and j.finished_on >= a.month and j.finished_on < (a.month + interval '1 month')::date
        group by a.person_id, a.month
    ),
    written as (
        insert into outcome_months as m (
            organization_id, person_id, month, job_count, first_time_fix_count, first_time_fix_known_count,
            callback_count, callback_known_count, rework_count, rework_known_count, incident_count, hours,
            hours_known_count, units_maintained
        )
        select
            :organization_id, person_id, month, job_count, first_time_fix_count, first_time_fix_known_count,
            callback_count, callback_known_count, rework_count, rework_known_count, incident_count, hours,
            hours_known_count, units_maintained
        from sums
        on conflict (organization_id, person_id, month) do update set
            version = m.version + 1, job_count = excluded.job_count,
            first_time_fix_count = excluded.first_time_fix_count,
            first_time_fix_known_count = excluded.first_time_fix_known_count,
            callback_count = excluded.callback_count, callback_known_count = excluded.callback_known_count,
            rework_count = excluded.rework_count, rework_known_count = excluded.rework_known_count,
            incident_count = excluded.incident_count, hours = excluded.hours,
            hours_known_count = excluded.hours_known_count, units_maintained = excluded.units_maintained,
            updated_at = now()
        returning person_id, month, version
    )
    select s.*, w.version from sums as s join written as w using (person_id, month) order by s.person_id, s.month
    """
)
# The months of the jobs a batch added or changed, as they are and as they were before it.
_MONTHS_OF_BATCH = text(
    """
    select j.person_id, date_trunc('month', j.finished_on)::date as month
    from job_outcomes as j
    join imported_records as r on r.record_id = j.id and r.kind = 'outcomes'
    where r.created_by_batch_id = :import_id or r.changed_by_batch_id = :import_id
    union
    select (c.before ->> 'person_id')::uuid, date_trunc('month', (c.before ->> 'finished_on')::date)::date
    from import_changes as c
    where c.batch_id = :import_id and c.kind = 'outcomes'
    """
)


class RoiRepository:
    """Holds its session."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def lock_money(self, organization_id: UUID) -> None:
        """Let writers of one organization's money wait for each other until the end of the transaction."""
        statement = text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")
        self.session.execute(statement, {"key": f"roi:{organization_id}"})

    def organization(self, organization_id: UUID) -> Organization | None:
        return self.session.get(Organization, organization_id)

    def organization_by_slug(self, slug: str) -> Organization | None:
        return self.session.scalar(select(Organization).where(Organization.slug == slug))

    def is_member(self, organization_id: UUID, person_id: UUID) -> bool:
        """Whether the person belongs or belonged to the organization and was not erased."""
        statement = (
            select(Membership.id)
            .join(Person, Person.id == Membership.person_id)
            .where(
                Membership.organization_id == organization_id,
                Membership.person_id == person_id,
                Person.erased_at.is_(None),
            )
            .limit(1)
        )
        return self.session.scalar(statement) is not None

    def members(self, organization_id: UUID) -> list[tuple[UUID, str, str | None]]:
        """Everybody who belongs or belonged to the organization and was not erased: id, name, address; by name."""
        statement = (
            select(Person.id, Person.display_name, Person.email)
            .where(
                Person.erased_at.is_(None),
                Person.id.in_(select(Membership.person_id).where(Membership.organization_id == organization_id)),
            )
            .order_by(Person.display_name, Person.id)
        )
        return [(row[0], row[1], row[2]) for row in self.session.execute(statement)]

    def course_for(self, organization_id: UUID, course_id: UUID) -> Course | None:
        """A course that is no other company's own."""
        return self.session.scalar(select(Course).where(Course.id == course_id, _is_usable(organization_id)))

    def courses_for(self, organization_id: UUID) -> list[tuple[UUID, str]]:
        """Courses the organization may book costs on: those it sponsored somebody in, and its own; by title."""
        sponsored = select(Enrollment.course_id).where(Enrollment.organization_id == organization_id)
        statement = (
            select(Course.id, Course.title)
            .where(_is_usable(organization_id), or_(Course.id.in_(sponsored), Course.provider_id == organization_id))
            .order_by(Course.title, Course.id)
        )
        return [(row[0], row[1]) for row in self.session.execute(statement)]

    # Costs

    def cost(self, cost_id: UUID, *, lock: bool = False) -> TrainingCost | None:
        statement = select(TrainingCost).where(TrainingCost.id == cost_id)
        return self.session.scalar(statement.with_for_update() if lock else statement)

    def cost_by_key(self, organization_id: UUID, source_key: str) -> TrainingCost | None:
        return self.session.scalar(
            select(TrainingCost).where(
                TrainingCost.organization_id == organization_id, TrainingCost.source_key == source_key
            )
        )

    def costs(
        self, organization_id: UUID, filters: CostFilters, page: PageRequest
    ) -> Page[tuple[TrainingCost, str | None, str | None]]:
        """Costs with the names of their person and course, the latest first."""
        conditions: list[ColumnElement[bool]] = [TrainingCost.organization_id == organization_id]
        if not filters.has_withdrawn:
            conditions.append(TrainingCost.withdrawn_at.is_(None))
        if filters.cost_kind is not None:
            conditions.append(TrainingCost.cost_kind == filters.cost_kind)
        if filters.person_id is not None:
            conditions.append(TrainingCost.person_id == filters.person_id)
        if filters.course_id is not None:
            conditions.append(TrainingCost.course_id == filters.course_id)
        if filters.from_on is not None:
            conditions.append(TrainingCost.incurred_on >= filters.from_on)
        if filters.to_on is not None:
            conditions.append(TrainingCost.incurred_on <= filters.to_on)
        total = self.session.scalar(select(func.count()).select_from(TrainingCost).where(*conditions)) or 0
        statement = (
            select(TrainingCost, Person.display_name, Course.title)
            .outerjoin(Person, Person.id == TrainingCost.person_id)
            .outerjoin(Course, Course.id == TrainingCost.course_id)
            .where(*conditions)
            .order_by(TrainingCost.incurred_on.desc(), TrainingCost.id.desc())
            .limit(page.size)
            .offset(page.offset)
        )
        items = [(row[0], row[1], row[2]) for row in self.session.execute(statement)]
        return Page(items, total, page.number, page.size)

    def known_costs(self, organization_id: UUID) -> Sequence[Any]:  # Any: rows of plain columns
        """Of every cost, withdrawn ones included: source_key, person_id, course_id, cost_kind, is_withdrawn."""
        return self.session.execute(
            select(
                TrainingCost.source_key,
                TrainingCost.person_id,
                TrainingCost.course_id,
                TrainingCost.cost_kind,
                TrainingCost.withdrawn_at.is_not(None).label("is_withdrawn"),
            ).where(TrainingCost.organization_id == organization_id)
        ).all()

    def sponsored_enrollments(self, organization_id: UUID, *, since: date | None) -> Sequence[Any]:  # Any: as above
        """Enrollments the organization sponsors with what their course costs and takes; erased people left out."""
        enrolled_on = func.date(func.timezone("UTC", Enrollment.enrolled_at))
        ended_on = func.date(func.timezone("UTC", Enrollment.ended_at))
        statement = (
            select(
                Enrollment.id,
                Enrollment.person_id,
                Person.display_name,
                Enrollment.course_id,
                Course.title,
                Enrollment.status,
                enrolled_on.label("enrolled_on"),
                ended_on.label("ended_on"),
                Course.pricing_model,
                Course.price,
                Course.currency,
                Course.estimated_hours,
            )
            .join(Person, Person.id == Enrollment.person_id)
            .join(Course, Course.id == Enrollment.course_id)
            .where(Enrollment.organization_id == organization_id, Person.erased_at.is_(None))
            .order_by(Enrollment.enrolled_at, Enrollment.id)
        )
        if since is not None:
            statement = statement.where(enrolled_on >= since)
        return self.session.execute(statement).all()

    def currencies(self, organization_id: UUID, *, without: Collection[object] = ()) -> set[str]:
        """Currencies of costs that count, of wages, and of unit values that are not zero.

        Parameters
        ----------
        without
            Keys of the wage (person, first day) or unit value (outcome, first day) that is about to be replaced.
        """
        costs = self.session.scalars(
            select(TrainingCost.currency)
            .where(TrainingCost.organization_id == organization_id, TrainingCost.withdrawn_at.is_(None))
            .distinct()
        )
        wages = self.session.execute(
            select(HourlyWage.person_id, HourlyWage.starts_on, HourlyWage.currency).where(
                HourlyWage.organization_id == organization_id
            )
        )
        values = [value for value in self.latest_unit_values(organization_id) if value.amount > 0]
        found = set(costs)
        found |= {currency for person_id, starts_on, currency in wages if (person_id, starts_on) not in without}
        return found | {v.currency for v in values if (v.outcome_kind, v.starts_on) not in without}

    # Wages

    def wage(self, organization_id: UUID, person_id: UUID, starts_on: date) -> HourlyWage | None:
        return self.session.get(HourlyWage, (person_id, organization_id, starts_on))

    def wage_on(self, organization_id: UUID, person_id: UUID, on: date) -> HourlyWage | None:
        """The wage in force on the day."""
        return self.session.scalar(
            select(HourlyWage)
            .where(
                HourlyWage.organization_id == organization_id,
                HourlyWage.person_id == person_id,
                HourlyWage.starts_on <= on,
            )
            .order_by(HourlyWage.starts_on.desc())
            .limit(1)
        )

    def wages(self, organization_id: UUID, page: PageRequest) -> Page[tuple[HourlyWage, str]]:
        """Wages with the name of their person, by name, the latest first."""
        statement = (
            select(HourlyWage, Person.display_name)
            .join(Person, Person.id == HourlyWage.person_id)
            .where(HourlyWage.organization_id == organization_id)
            .order_by(Person.display_name, HourlyWage.person_id, HourlyWage.starts_on.desc())
            .limit(page.size)
            .offset(page.offset)
        )
        counted = select(func.count()).select_from(HourlyWage).where(HourlyWage.organization_id == organization_id)
        items = [(row[0], row[1]) for row in self.session.execute(statement)]
        return Page(items, self.session.scalar(counted) or 0, page.number, page.size)

    # Unit values

    def unit_value(self, organization_id: UUID, kind: OutcomeKind, starts_on: date) -> UnitValue | None:
        return self.session.get(UnitValue, (organization_id, kind, starts_on))

    def unit_values_on(self, organization_id: UUID, on: date) -> list[UnitValue]:
        """The value of each outcome in force on the day."""
        return self._latest_values(organization_id, UnitValue.starts_on <= on)

    def latest_unit_values(self, organization_id: UUID) -> list[UnitValue]:
        """The last value of each outcome, those of days to come included."""
        return self._latest_values(organization_id)

    def _latest_values(self, organization_id: UUID, *conditions: ColumnElement[bool]) -> list[UnitValue]:
        statement = (
            select(UnitValue)
            .where(UnitValue.organization_id == organization_id, *conditions)
            .order_by(UnitValue.outcome_kind, UnitValue.starts_on)
        )
        return list({value.outcome_kind: value for value in self.session.scalars(statement)}.values())

    # Outcomes

    def write_months(
        self, organization_id: UUID, pairs: Sequence[tuple[UUID, date]]
    ) -> Sequence[Any]:  # Any: rows of plain columns
        """Sum the jobs of these technicians and months anew as the next version of each; the sums with their hash."""
        parameters = {
            "organization_id": organization_id,
            "person_ids": [person_id for person_id, _ in pairs],
            "months": [month for _, month in pairs],
        }
        return self.session.execute(_WRITE_MONTHS, parameters).all()

    def months_of_batch(self, import_id: UUID) -> list[tuple[UUID, date]]:
        """Technicians and months whose jobs an import added or changed."""
        found = self.session.execute(_MONTHS_OF_BATCH, {"import_id": import_id})
        return [(row.person_id, row.month) for row in found]

    def outcome_months(
        self, organization_id: UUID, names: Sequence[str], *, before: date | None
    ) -> Sequence[Any]:  # Any: rows of plain columns
        """These columns of the months with jobs, ids as text and decimals as floating point, in order."""
        columns = OutcomeMonth.__table__.c
        plain = {"person_id": cast(columns.person_id, Text), "hours": cast(columns.hours, Double)}
        statement = (
            select(*(plain.get(name, columns[name]) for name in names))
            .where(OutcomeMonth.organization_id == organization_id, OutcomeMonth.job_count > 0)
            .order_by(OutcomeMonth.person_id, OutcomeMonth.month)
        )
        if before is not None:
            statement = statement.where(OutcomeMonth.month < before)
        return self.session.execute(statement).all()

    def organizations_with_outcomes(self) -> Sequence[UUID]:
        return self.session.scalars(
            select(OutcomeMonth.organization_id).distinct().order_by(OutcomeMonth.organization_id)
        ).all()

    def first_completions(self, organization_id: UUID) -> Sequence[Any]:  # Any: as above
        """The first completion of each course by each person, of enrollments the organization sponsors."""
        ended_on = func.date(func.timezone("UTC", Enrollment.ended_at))
        return self.session.execute(
            select(Enrollment.person_id, Enrollment.course_id, func.min(ended_on).label("trained_on"))
            .where(
                Enrollment.organization_id == organization_id,
                Enrollment.status == EnrollmentStatus.COMPLETED,
            )
            .group_by(Enrollment.person_id, Enrollment.course_id)
        ).all()

    def teams(self, organization_id: UUID, *, on: date) -> dict[UUID, UUID]:
        """The team of each person on the day; of several the one joined last."""
        statement = (
            select(Membership.person_id, Membership.team_id)
            .where(
                Membership.organization_id == organization_id,
                Membership.team_id.is_not(None),
                Membership.started_on <= on,
                or_(Membership.ended_on.is_(None), Membership.ended_on > on),
            )
            .order_by(Membership.started_on, Membership.id)
        )
        return {row[0]: row[1] for row in self.session.execute(statement) if row[1] is not None}

    # Estimates

    def ledger_size(self) -> int:
        """Entries of the ledger up to its latest checkpoint."""
        return self.session.scalar(select(func.max(LedgerCheckpoint.tree_size))) or 0

    def current_estimates(self, organization_id: UUID, *, lock: bool = False) -> list[RoiEstimate]:
        statement = (
            select(RoiEstimate)
            .where(RoiEstimate.organization_id == organization_id, RoiEstimate.is_current)
            .order_by(RoiEstimate.course_id.nulls_first(), RoiEstimate.outcome_kind)
        )
        return list(self.session.scalars(statement.with_for_update() if lock else statement))

    def course_titles(self, course_ids: Collection[UUID]) -> dict[UUID, str]:
        if not course_ids:
            return {}
        found = self.session.execute(select(Course.id, Course.title).where(Course.id.in_(course_ids)))
        return {row[0]: row[1] for row in found}

    # Incomes


def _is_usable(organization_id: UUID) -> ColumnElement[bool]:
    is_shared = and_(Course.provider_type != ProviderType.COMPANY, Course.visibility == CourseVisibility.PUBLIC)
    sponsored = select(Enrollment.course_id).where(Enrollment.organization_id == organization_id)
    return or_(is_shared, Course.provider_id == organization_id, Course.id.in_(sponsored))


def decimal_of(value: float | None) -> Decimal | None:
    """A measure as it is kept, to six decimals."""
    return None if value is None else Decimal(f"{value:.6f}")
