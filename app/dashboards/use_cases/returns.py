"""What the page of returns writes and reads live: costs, wages, unit values, job results, estimates. No Streamlit."""

import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from app.dashboards.actions import Receipt
from app.dashboards.formats import to_number, to_plural
from app.learned.roi import estimate_organization
from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import NotFoundError
from operational_db.identity.rules import Principal
from operational_db.identity.service import list_organizations
from operational_db.imports.outcomes_service import OutcomeRequest, run_outcome_import
from operational_db.paging import Page, PageRequest
from operational_db.roi import costs, values, wages
from operational_db.roi.views import CostFilters, CostView, ProposedCost, UnitValueView, WageView
from operational_db.types import CostKind, OutcomeKind


@dataclass(frozen=True)
class Choices:
    """Names by id of whom and what a cost may be booked on."""

    people: Mapping[UUID, str]
    courses: Mapping[UUID, str]


def choices(engine: Engine, principal: Principal, *, organization_id: UUID) -> Choices:
    """People and courses of the organization.

    Raises
    ------
    DomainError
    """
    with read_only_session(engine) as session:
        people, courses = costs.booking_choices(session, principal, organization_id=organization_id)
    return Choices(dict(people), dict(courses))


def costs_of(
    engine: Engine, principal: Principal, *, organization_id: UUID, filters: CostFilters, page: PageRequest
) -> Page[CostView]:
    """Recorded costs, the latest first.

    Raises
    ------
    DomainError
    """
    with read_only_session(engine) as session:
        return costs.list_costs(session, principal, organization_id=organization_id, filters=filters, page=page)


def record_cost(
    engine: Engine,
    principal: Principal,
    *,
    organization_id: UUID,
    cost_kind: CostKind,
    incurred_on: date,
    amount: Decimal,
    currency: str,
    person_id: UUID | None,
    course_id: UUID | None,
    note: str,
    now: datetime,
) -> Receipt:
    """Record a fee, travel or an instructor's time.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        costs.record_cost(
            session,
            principal,
            organization_id=organization_id,
            cost_kind=cost_kind,
            incurred_on=incurred_on,
            amount=amount,
            currency=currency,
            person_id=person_id,
            course_id=course_id,
            note=note,
            now=now,
        )
    return Receipt("The cost was recorded.", now, 1)


def record_hours(
    engine: Engine,
    principal: Principal,
    *,
    organization_id: UUID,
    person_id: UUID,
    minutes: int,
    incurred_on: date,
    course_id: UUID | None,
    note: str,
    now: datetime,
) -> Receipt:
    """Record paid time at the wage in force. Raises as `record_cost`."""
    with unit_of_work(engine) as session:
        costs.record_paid_hours(
            session,
            principal,
            organization_id=organization_id,
            person_id=person_id,
            minutes=minutes,
            incurred_on=incurred_on,
            course_id=course_id,
            note=note,
            now=now,
        )
    return Receipt("The paid hours were recorded at the wage in force.", now, 1)


def withdraw_cost(engine: Engine, principal: Principal, *, cost_id: UUID, now: datetime) -> Receipt:
    """Take a cost back. Raises as `record_cost`."""
    with unit_of_work(engine) as session:
        costs.withdraw_cost(session, principal, cost_id=cost_id, now=now)
    return Receipt("The cost was taken back; it counts no more.", now, 1)


def proposals(engine: Engine, principal: Principal, *, organization_id: UUID, now: datetime) -> Sequence[ProposedCost]:
    """What enrollments suggest as costs.

    Raises
    ------
    DomainError
    """
    with read_only_session(engine) as session:
        return costs.propose_costs(session, principal, organization_id=organization_id, now=now)


def take_proposals(
    engine: Engine, principal: Principal, *, organization_id: UUID, keys: Collection[str], now: datetime
) -> Receipt:
    """Record these proposals. Raises as `record_cost`."""
    with unit_of_work(engine) as session:
        made = costs.record_proposed_costs(session, principal, organization_id=organization_id, keys=keys, now=now)
        count = len(made)
    return Receipt(f"{to_plural(count, 'cost was', 'costs were')} recorded from enrollments.", now, count)


def wages_of(engine: Engine, principal: Principal, *, organization_id: UUID, page: PageRequest) -> Page[WageView]:
    """Every hourly wage.

    Raises
    ------
    DomainError
    """
    with read_only_session(engine) as session:
        return wages.wages_of(session, principal, organization_id=organization_id, page=page)


def set_wage(
    engine: Engine,
    principal: Principal,
    *,
    organization_id: UUID,
    person_id: UUID,
    starts_on: date,
    amount: Decimal,
    currency: str,
    now: datetime,
) -> Receipt:
    """State a wage from a day on. Raises as `record_cost`."""
    with unit_of_work(engine) as session:
        wages.set_wage(
            session,
            principal,
            organization_id=organization_id,
            person_id=person_id,
            starts_on=starts_on,
            amount=amount,
            currency=currency,
            now=now,
        )
    return Receipt("The wage was set. Hours recorded before keep their amount.", now, 0)


def remove_wage(
    engine: Engine, principal: Principal, *, organization_id: UUID, wage: WageView, now: datetime
) -> Receipt:
    """Take a wage away. Raises as `record_cost`."""
    with unit_of_work(engine) as session:
        wages.remove_wage(
            session, principal, organization_id=organization_id, person_id=wage.person_id, starts_on=wage.starts_on
        )
    return Receipt("The wage was taken away. Hours recorded before keep their amount.", now, 0)


def read_wages(
    engine: Engine, principal: Principal, *, organization_id: UUID, content: bytes, now: datetime
) -> dict[str, Any]:  # Any: reports are JSON
    """What a file of wages would change; writes nothing.

    Raises
    ------
    DomainError
    """
    with read_only_session(engine) as session:
        return wages.import_wages(
            session, principal, organization_id=organization_id, content=content, is_dry_run=True, now=now
        ).report


def bring_in_wages(
    engine: Engine, principal: Principal, *, organization_id: UUID, content: bytes, now: datetime
) -> Receipt:
    """Set the wages of a file. Raises as `record_cost`."""
    with unit_of_work(engine) as session:
        report = wages.import_wages(
            session, principal, organization_id=organization_id, content=content, is_dry_run=False, now=now
        ).report
    return Receipt(
        f"{to_plural(int(report['added']), 'wage was', 'wages were')} added, {to_number(int(report['changed']))} "
        f"changed; {to_plural(int(report['refused']), 'row was', 'rows were')} refused.",
        now,
        0,
    )


def unit_values(engine: Engine, principal: Principal, *, organization_id: UUID, on: date) -> Sequence[UnitValueView]:
    """The values in force.

    Raises
    ------
    DomainError
    """
    with read_only_session(engine) as session:
        return values.unit_values_of(session, principal, organization_id=organization_id, on=on)


def set_unit_value(
    engine: Engine,
    principal: Principal,
    *,
    organization_id: UUID,
    outcome_kind: OutcomeKind,
    amount: Decimal,
    currency: str,
    starts_on: date,
    now: datetime,
) -> Receipt:
    """State the worth of a unit from a day on. Raises as `record_cost`."""
    with unit_of_work(engine) as session:
        values.set_unit_value(
            session,
            principal,
            organization_id=organization_id,
            outcome_kind=outcome_kind,
            amount=amount,
            currency=currency,
            starts_on=starts_on,
            now=now,
        )
    return Receipt("The unit value was set.", now, 1)


@dataclass(frozen=True)
class Upload:
    """A file of jobs as it was handed in."""

    name: str
    content: bytes


def read_jobs(
    engine: Engine, principal: Principal, *, organization_id: UUID, upload: Upload, now: datetime
) -> dict[str, Any]:  # Any: reports are JSON
    """The report of an import that is only tried: nothing is written.

    Raises
    ------
    ImportRefusedError, DomainError
        When the file cannot be trusted as a whole, or the principal may not.
    """
    return _run(engine, principal, organization_id, upload, is_dry_run=True, now=now)


def bring_in_jobs(
    engine: Engine, principal: Principal, *, organization_id: UUID, upload: Upload, now: datetime
) -> Receipt:
    """Import results of jobs, in one transaction.

    Raises
    ------
    ImportRefusedError, DomainError
        Nothing was changed then.
    """
    report = _run(engine, principal, organization_id, upload, is_dry_run=False, now=now)
    return Receipt(
        f"{to_plural(int(report['added']), 'job was', 'jobs were')} added, {to_number(int(report['changed']))} "
        f"corrected; {to_plural(int(report['refused']), 'row was', 'rows were')} refused.",
        now,
        1,
    )


def _run(
    engine: Engine, principal: Principal, organization_id: UUID, upload: Upload, *, is_dry_run: bool, now: datetime
) -> dict[str, Any]:  # Any: reports are JSON
    with read_only_session(engine) as session:
        found = {each.organization_id: each.slug for each in list_organizations(session, principal)}
    if organization_id not in found:
        raise NotFoundError("There is no such organization among yours.")
    with tempfile.TemporaryDirectory(prefix="sitesync-import-") as folder:
        # The last part of the name alone: a name may not lead out of the folder.
        path = Path(folder) / Path(upload.name).name
        path.write_bytes(upload.content)
        request = OutcomeRequest(path=path, organization_slug=found[organization_id])
        return run_outcome_import(engine, principal, request, is_dry_run=is_dry_run, now=now).report


def estimate(engine: Engine, principal: Principal, *, organization_id: UUID, now: datetime) -> Receipt:
    """Estimate anew what training changed. Raises as `record_cost`."""
    with unit_of_work(engine) as session:
        made = estimate_organization(session, principal, organization_id=organization_id, now=now)
    if not made.new_count:
        return Receipt("Estimated anew: everything came out as before.", now, 0)
    return Receipt(f"{to_plural(made.new_count, 'estimate')} came out anew.", now, made.new_count)
