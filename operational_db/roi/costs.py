"""Use cases of training cost: record an amount or paid hours, take one back, list, and propose from enrollments.

Nothing costs by itself: enrolling somebody in a course with a price records no cost. Proposals say what enrollments
suggest, and only what a manager takes from them is recorded. Source: training-platform seed, US-TC020.
"""

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.errors import ConflictError, InvalidInputError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import Event, TrainingCostRecorded, TrainingCostWithdrawn
from operational_db.paging import Page, PageRequest, every_item
from operational_db.roi.repository import RoiRepository
from operational_db.roi.rules import (
    cost_of_minutes,
    require_amount,
    require_currency,
    require_minutes,
    require_note,
    require_one_currency,
    require_past_day,
)
from operational_db.roi.views import CostFilters, CostView, ProposedCost
from operational_db.tables.roi import HourlyWage, TrainingCost
from operational_db.types import CostKind, EnrollmentStatus, PricingModel

LONGEST_KEY = 200
NO_COST = "There is no cost with this id that you may see. Check the id in the list of costs."
NO_MEMBER = "Your organization has no member with this id. Check the id in the list of members."
NO_COURSE = "There is no course with this id that you may see. Check the id in the catalogue."
# Time was spent in the course however it ended, unless the person left it.
_ENDED = frozenset({EnrollmentStatus.COMPLETED, EnrollmentStatus.FAILED})


def record_cost(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    cost_kind: CostKind,
    incurred_on: date,
    amount: Decimal,
    currency: str,
    person_id: UUID | None = None,
    course_id: UUID | None = None,
    note: str = "",
    source_key: str | None = None,
    now: datetime,
) -> TrainingCost:
    """Record an amount paid for training: of a person, of a course as a whole, or of a person in a course.

    Parameters
    ----------
    source_key
        The number the amount has where it comes from; the same amount again under it changes nothing.

    Raises
    ------
    NotAuthorizedError
    NotFoundError
        When the person is no member or the course is another company's.
    InvalidInputError
        When the amount is negative, the currency unknown, the day to come, or it names neither person nor course.
    ConflictError
        When other amounts of the organization are in another currency, or the number stands for something else.
    """
    principal.require(Permission.MANAGE_ROI, organization_id)
    if cost_kind is CostKind.PAID_HOURS:
        raise InvalidInputError("Paid hours are recorded by their minutes; the wage in force gives the amount.")
    repository = RoiRepository(session)
    repository.lock_money(organization_id)
    return _record(
        repository,
        TrainingCost(
            organization_id=organization_id,
            person_id=person_id,
            course_id=course_id,
            cost_kind=cost_kind,
            incurred_on=incurred_on,
            amount=amount,
            currency=currency,
            note=note,
            source_key=source_key,
        ),
        now=now,
    )


def record_paid_hours(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    person_id: UUID,
    minutes: int,
    incurred_on: date,
    course_id: UUID | None = None,
    note: str = "",
    source_key: str | None = None,
    now: datetime,
) -> TrainingCost:
    """Record paid time in training, at the person's wage in force on the day. A later change of the wage changes none.

    Raises
    ------
    InvalidInputError
        When no wage of the person is on record for the day; else as `record_cost`.
    """
    principal.require(Permission.MANAGE_ROI, organization_id)
    require_minutes(minutes)
    repository = RoiRepository(session)
    repository.lock_money(organization_id)
    if not repository.is_member(organization_id, person_id):
        raise NotFoundError(NO_MEMBER)
    wage = repository.wage_on(organization_id, person_id, incurred_on)
    if wage is None:
        raise InvalidInputError(
            f"No wage of this person is on record for {incurred_on:%d %b %Y}. Set one that starts on that day or "
            "before, then record the hours."
        )
    return _record(
        repository,
        TrainingCost(
            organization_id=organization_id,
            person_id=person_id,
            course_id=course_id,
            cost_kind=CostKind.PAID_HOURS,
            incurred_on=incurred_on,
            minutes=minutes,
            amount=cost_of_minutes(minutes, wage.amount),
            currency=wage.currency,
            note=note,
            source_key=source_key,
        ),
        now=now,
    )


def withdraw_cost(session: Session, principal: Principal, *, cost_id: UUID, now: datetime) -> TrainingCost:
    """Take a cost back: it counts no more; that it was recorded stays in the ledger.

    Raises
    ------
    NotFoundError, NotAuthorizedError
    ConflictError
        When it was taken back before.
    """
    cost = RoiRepository(session).cost(cost_id, lock=True)
    if cost is None or not (
        principal.can(Permission.VIEW_ROI, cost.organization_id)
        or principal.can(Permission.MANAGE_ROI, cost.organization_id)
    ):
        raise NotFoundError(NO_COST)
    principal.require(Permission.MANAGE_ROI, cost.organization_id)
    if cost.withdrawn_at is not None:
        raise ConflictError("This cost was already taken back.")
    cost.withdrawn_at = now
    session.flush()
    event = TrainingCostWithdrawn(
        subject_id=cost.person_id, organization_id=cost.organization_id, occurred_at=now, cost_id=cost.id
    )
    append_events(session, [event], now=now)
    return cost


def list_costs(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    filters: CostFilters | None = None,
    page: PageRequest | None = None,
) -> Page[CostView]:
    """Recorded costs, the latest first. Whose paid hours they are, and how many, sees only who may see wages.

    Raises
    ------
    NotAuthorizedError
    """
    principal.require(Permission.VIEW_ROI, organization_id)
    may_see_wages = principal.can(Permission.MANAGE_ROI, organization_id)
    filters = filters or CostFilters()
    if filters.person_id is not None and not may_see_wages:
        # A filter by person would tell whose hours they are.
        principal.require(Permission.MANAGE_ROI, organization_id)
    found = RoiRepository(session).costs(organization_id, filters, page or PageRequest())
    return found.map(lambda item: _view(*item, may_see_wages=may_see_wages))


def cost_of(session: Session, principal: Principal, *, cost_id: UUID) -> CostView:
    """One cost.

    Raises
    ------
    NotFoundError
    """
    repository = RoiRepository(session)
    cost = repository.cost(cost_id)
    if cost is None or not principal.can(Permission.VIEW_ROI, cost.organization_id):
        raise NotFoundError(NO_COST)
    name = next((name for key, name, _ in repository.members(cost.organization_id) if key == cost.person_id), None)
    titles = repository.course_titles([cost.course_id] if cost.course_id else [])
    title = titles.get(cost.course_id) if cost.course_id else None
    return _view(cost, name, title, may_see_wages=principal.can(Permission.MANAGE_ROI, cost.organization_id))


def booking_choices(
    session: Session, principal: Principal, *, organization_id: UUID
) -> tuple[list[tuple[UUID, str]], list[tuple[UUID, str]]]:
    """People and courses a cost may be booked on, each with its name.

    Raises
    ------
    NotAuthorizedError
    """
    principal.require(Permission.MANAGE_ROI, organization_id)
    repository = RoiRepository(session)
    people = [(person_id, name) for person_id, name, _ in repository.members(organization_id)]
    return people, repository.courses_for(organization_id)


def propose_costs(
    session: Session, principal: Principal, *, organization_id: UUID, since: date | None = None, now: datetime
) -> list[ProposedCost]:
    """What the organization's enrollments suggest and nobody recorded yet: fees and paid hours. Writes nothing.

    The fee is the course's price, on the day of enrollment. The hours are those the course is estimated to take, at
    the wage in force on the day it was completed or failed. Left out is what was recorded for the person and course
    already, by hand or by an earlier proposal, and what was taken back.

    Parameters
    ----------
    since
        First day of enrollment to look at.

    Raises
    ------
    NotAuthorizedError
    """
    principal.require(Permission.MANAGE_ROI, organization_id)
    return _proposals(RoiRepository(session), organization_id, since, today=now.date())


def record_proposed_costs(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    keys: Collection[str] | None = None,
    since: date | None = None,
    now: datetime,
) -> list[TrainingCost]:
    """Record the proposals with these keys, or all that have no problem. Doing it again records nothing.

    Raises
    ------
    NotAuthorizedError
    InvalidInputError
        When a key stands for no proposal, or for one with a problem; nothing is recorded then.
    """
    principal.require(Permission.MANAGE_ROI, organization_id)
    repository = RoiRepository(session)
    repository.lock_money(organization_id)
    proposals = {item.key: item for item in _proposals(repository, organization_id, since, today=now.date())}
    if keys is None:
        wanted = [item for item in proposals.values() if item.problem is None]
    else:
        unknown = sorted(set(keys) - proposals.keys())
        if unknown:
            raise InvalidInputError(
                f"{len(unknown)} of the proposals are not there any more: they were recorded or changed meanwhile. "
                "Look at the proposals again."
            )
        wanted = [proposals[key] for key in dict.fromkeys(keys)]
        faulty = next((item for item in wanted if item.problem is not None), None)
        if faulty is not None:
            raise InvalidInputError(f"A proposal cannot be recorded: {faulty.problem}")
    made = [
        TrainingCost(
            organization_id=organization_id,
            person_id=item.person_id,
            course_id=item.course_id,
            cost_kind=item.cost_kind,
            incurred_on=item.incurred_on,
            minutes=item.minutes,
            amount=item.amount,
            currency=item.currency,
            source_key=item.key,
        )
        for item in wanted
    ]
    session.add_all(made)
    session.flush()
    append_events(session, [_recorded(cost, now) for cost in made], now=now)
    return made


def _proposals(
    repository: RoiRepository, organization_id: UUID, since: date | None, *, today: date
) -> list[ProposedCost]:
    known = repository.known_costs(organization_id)
    keys = {row.source_key for row in known if row.source_key is not None}
    by_hand = {(row.person_id, row.course_id, row.cost_kind) for row in known if not row.is_withdrawn}
    wages: dict[UUID, list[HourlyWage]] = {}
    for wage, _ in every_item(partial(repository.wages, organization_id)):
        wages.setdefault(wage.person_id, []).append(wage)
    currencies = repository.currencies(organization_id)
    found: list[ProposedCost] = []
    for row in repository.sponsored_enrollments(organization_id, since=since):
        for item in (_fee(row), _hours(row, wages)):
            if item is None or item.key in keys or (row.person_id, row.course_id, item.cost_kind) in by_hand:
                continue
            found.append(item)
    # Without any amount yet, the currency of most proposals is the organization's.
    named = [item.currency for item in found if item.currency is not None]
    home = next(iter(currencies)) if len(currencies) == 1 else max(set(named), key=named.count) if named else None
    return [_checked(item, home, today) for item in found]


def _fee(row: Any) -> ProposedCost | None:  # Any: a row of `sponsored_enrollments`
    if row.pricing_model is PricingModel.FREE or not row.price:
        return None
    return ProposedCost(
        key=f"enrollment:{row.id}:fee",
        cost_kind=CostKind.FEE,
        incurred_on=row.enrolled_on,
        person_id=row.person_id,
        person_name=row.display_name,
        course_id=row.course_id,
        course_title=row.title,
        minutes=None,
        amount=row.price,
        currency=row.currency.upper(),
        problem=None,
    )


def _hours(row: Any, wages: dict[UUID, list[HourlyWage]]) -> ProposedCost | None:  # Any: as above
    if row.status not in _ENDED or not row.estimated_hours or row.ended_on is None:
        return None
    minutes = int(row.estimated_hours * 60)
    # The latest come first.
    wage = next((each for each in wages.get(row.person_id, ()) if each.starts_on <= row.ended_on), None)
    return ProposedCost(
        key=f"enrollment:{row.id}:paid_hours",
        cost_kind=CostKind.PAID_HOURS,
        incurred_on=row.ended_on,
        person_id=row.person_id,
        person_name=row.display_name,
        course_id=row.course_id,
        course_title=row.title,
        minutes=minutes,
        amount=cost_of_minutes(minutes, wage.amount) if wage else None,
        currency=wage.currency if wage else None,
        problem=None if wage else "no wage of the person is on record for that day. Set it in the list of wages.",
    )


def _checked(item: ProposedCost, home: str | None, today: date) -> ProposedCost:
    problem = item.problem
    if problem is None and item.currency != home:
        problem = f"it is in {item.currency}, other amounts are in {home}. Record it in {home} by hand."
    if problem is None and item.incurred_on > today:
        problem = "its day is still to come."
    return item if problem is item.problem else ProposedCost(**{**vars(item), "problem": problem})


def _record(repository: RoiRepository, cost: TrainingCost, *, now: datetime) -> TrainingCost:
    """Check what both ways of recording have in common, then write cost and event; the caller holds the lock."""
    session = repository.session
    cost.currency = require_currency(cost.currency)
    cost.amount = require_amount(cost.amount, "amount")
    cost.note = require_note(cost.note)
    require_past_day(cost.incurred_on, "day of the cost", today=now.date())
    if cost.person_id is None and cost.course_id is None:
        raise InvalidInputError("A cost belongs to a person, to a course, or to both. Name at least one.")
    if cost.person_id is not None and not repository.is_member(cost.organization_id, cost.person_id):
        raise NotFoundError(NO_MEMBER)
    if cost.course_id is not None and repository.course_for(cost.organization_id, cost.course_id) is None:
        raise NotFoundError(NO_COURSE)
    if cost.source_key is not None:
        known = _known(repository, cost)
        if known is not None:
            return known
    require_one_currency(cost.currency, repository.currencies(cost.organization_id))
    session.add(cost)
    session.flush()
    append_events(session, [_recorded(cost, now)], now=now)
    return cost


_COMPARED = ("person_id", "course_id", "cost_kind", "incurred_on", "minutes", "amount", "currency")


def _known(repository: RoiRepository, cost: TrainingCost) -> TrainingCost | None:
    """The cost that came in under the same number before, when it is the same."""
    key = (cost.source_key or "").strip()
    if not key or len(key) > LONGEST_KEY:
        raise InvalidInputError(f"The number of the amount has 1 to {LONGEST_KEY} characters.")
    cost.source_key = key
    known = repository.cost_by_key(cost.organization_id, key)
    if known is None:
        return None
    if known.withdrawn_at is not None:
        raise ConflictError(
            "The amount with this number was recorded and taken back. Record it again without the number.",
            details={"cost_id": str(known.id)},
        )
    if any(getattr(known, name) != getattr(cost, name) for name in _COMPARED):
        raise ConflictError(
            "Another cost has this number and differs. Take that one back first, or check the number.",
            details={"cost_id": str(known.id)},
        )
    return known


def _recorded(cost: TrainingCost, now: datetime) -> Event:
    return TrainingCostRecorded(
        subject_id=cost.person_id,
        organization_id=cost.organization_id,
        occurred_at=now,
        import_id=cost.import_id,
        cost_id=cost.id,
        cost_kind=cost.cost_kind,
        course_id=cost.course_id,
        incurred_on=cost.incurred_on,
        amount=cost.amount,
        currency=cost.currency,
    )


def _view(cost: TrainingCost, person_name: str | None, course_title: str | None, *, may_see_wages: bool) -> CostView:
    is_hidden = cost.cost_kind is CostKind.PAID_HOURS and not may_see_wages
    return CostView(
        cost_id=cost.id,
        organization_id=cost.organization_id,
        cost_kind=cost.cost_kind,
        incurred_on=cost.incurred_on,
        person_id=None if is_hidden else cost.person_id,
        person_name=None if is_hidden else person_name,
        course_id=cost.course_id,
        course_title=course_title,
        minutes=None if is_hidden else cost.minutes,
        amount=cost.amount,
        currency=cost.currency,
        note=cost.note,
        withdrawn_at=cost.withdrawn_at,
    )
