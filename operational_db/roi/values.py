"""Use cases of unit values: what one callback avoided or one hour saved is worth to a company, from a day on."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.identity.rules import Permission, Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import OutcomeValued
from operational_db.roi.repository import RoiRepository
from operational_db.roi.rules import UNITS, require_amount, require_currency, require_one_currency, require_start
from operational_db.roi.views import UnitValueView
from operational_db.tables.roi import UnitValue
from operational_db.types import OutcomeKind


def set_unit_value(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    outcome_kind: OutcomeKind,
    amount: Decimal,
    currency: str,
    starts_on: date | None = None,
    now: datetime,
) -> UnitValue:
    """State the worth of one unit of an outcome from a day on, today unless given; zero leaves the outcome unvalued.

    Stating the same again changes nothing.

    Raises
    ------
    NotAuthorizedError, InvalidInputError
    ConflictError
        When other amounts of the organization are in another currency.
    """
    principal.require(Permission.MANAGE_ROI, organization_id)
    first_day = require_start(starts_on or now.date(), today=now.date())
    code, worth = require_currency(currency), require_amount(amount, "unit value")
    repository = RoiRepository(session)
    repository.lock_money(organization_id)
    if worth > 0:
        require_one_currency(code, repository.currencies(organization_id, without=[(outcome_kind, first_day)]))
    value = repository.unit_value(organization_id, outcome_kind, first_day)
    if value is not None and (value.amount, value.currency) == (worth, code):
        return value
    if value is None:
        value = UnitValue(organization_id=organization_id, outcome_kind=outcome_kind, starts_on=first_day)
        session.add(value)
    value.amount, value.currency = worth, code
    session.flush()
    event = OutcomeValued(
        subject_id=None,
        organization_id=organization_id,
        occurred_at=now,
        outcome_kind=outcome_kind,
        starts_on=first_day,
        amount=worth,
        currency=code,
    )
    append_events(session, [event], now=now)
    return value


def unit_values_of(session: Session, principal: Principal, *, organization_id: UUID, on: date) -> list[UnitValueView]:
    """The values in force on a day, in the order of the outcomes.

    Raises
    ------
    NotAuthorizedError
    """
    principal.require(Permission.VIEW_ROI, organization_id)
    found = {value.outcome_kind: value for value in RoiRepository(session).unit_values_on(organization_id, on)}
    return [
        UnitValueView(kind, UNITS[kind], found[kind].starts_on, found[kind].amount, found[kind].currency)
        for kind in OutcomeKind
        if kind in found
    ]
