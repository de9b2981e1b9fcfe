"""Use cases of hourly wages: set, take away, list, and a file of them. They leave the tables for nobody else.

A wage is in no ledger entry, log, address or report, and goes when its person is erased. Who manages costs in the
organization sees it, nobody else there or elsewhere. Source: training-platform seed, US-TC020.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy.orm import Session

from operational_db.errors import NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.imports.diff import Action
from operational_db.imports.findings import Findings
from operational_db.imports.history import read_typed
from operational_db.imports.layout import Column, ColumnType, FileLayout, Layout
from operational_db.imports.people import with_people
from operational_db.imports.reading import ReadingLimits, SourceFile
from operational_db.imports.report import KindCounts, build_report
from operational_db.paging import Page, PageRequest, every_item
from operational_db.roi.repository import RoiRepository
from operational_db.roi.rules import (
    CURRENCIES,
    LARGEST_WAGE,
    require_amount,
    require_currency,
    require_one_currency,
    require_start,
)
from operational_db.roi.views import WageView
from operational_db.tables.roi import HourlyWage

MOST_ROWS = 200_000
WAGES = "wages"
WAGE_LAYOUT = Layout.of(
    "wages",
    "What an hour of a person costs, from a day on. Rows that are there already change nothing; a row for the same "
    "person and day replaces the amount. Nothing is removed.",
    [
        FileLayout(
            kind=WAGES,
            description="One row per person and first day.",
            columns=(
                Column(
                    name="person",
                    type=ColumnType.IDENTIFIER,
                    description="E-mail address or id of a person of the organization.",
                    is_required=True,
                ),
                Column(name="starts_on", type=ColumnType.DATE, description="First day it holds.", is_required=True),
                Column(
                    name="amount",
                    type=ColumnType.DECIMAL,
                    description="Cost of an hour.",
                    is_required=True,
                    minimum=0.01,
                    maximum=float(LARGEST_WAGE),
                ),
                Column(
                    name="currency",
                    type=ColumnType.CHOICE,
                    description="ISO 4217 code, the same in all rows.",
                    is_required=True,
                    choices=tuple(sorted(code.lower() for code in CURRENCIES)),
                ),
            ),
        )
    ],
)


def set_wage(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    person_id: UUID,
    starts_on: date,
    amount: Decimal,
    currency: str,
    now: datetime,
) -> HourlyWage:
    """State what an hour of a member costs from a day on. Hours that were recorded keep their amount.

    Raises
    ------
    NotAuthorizedError, InvalidInputError
    NotFoundError
        When the person is no member of the organization.
    ConflictError
        When other amounts of the organization are in another currency.
    """
    principal.require(Permission.MANAGE_ROI, organization_id)
    require_start(starts_on, today=now.date())
    code = require_currency(currency)
    worth = require_amount(amount, "wage", is_zero_allowed=False, most=LARGEST_WAGE)
    repository = RoiRepository(session)
    repository.lock_money(organization_id)
    if not repository.is_member(organization_id, person_id):
        raise NotFoundError("Your organization has no member with this id. Check the id in the list of members.")
    require_one_currency(code, repository.currencies(organization_id, without=[(person_id, starts_on)]))
    wage = repository.wage(organization_id, person_id, starts_on)
    if wage is None:
        wage = HourlyWage(organization_id=organization_id, person_id=person_id, starts_on=starts_on)
        session.add(wage)
    wage.amount, wage.currency = worth, code
    session.flush()
    return wage


def remove_wage(
    session: Session, principal: Principal, *, organization_id: UUID, person_id: UUID, starts_on: date
) -> None:
    """Take a wage away; hours that were recorded keep their amount.

    Raises
    ------
    NotAuthorizedError
    NotFoundError
        When there is none of the person from this day.
    """
    principal.require(Permission.MANAGE_ROI, organization_id)
    repository = RoiRepository(session)
    repository.lock_money(organization_id)
    wage = repository.wage(organization_id, person_id, starts_on)
    if wage is None:
        raise NotFoundError("There is no wage of this person from this day. Look at the list of wages.")
    session.delete(wage)
    session.flush()


def wages_of(
    session: Session, principal: Principal, *, organization_id: UUID, page: PageRequest | None = None
) -> Page[WageView]:
    """The wages of the organization, by person, the latest first.

    Raises
    ------
    NotAuthorizedError
        For everybody who does not manage costs there.
    """
    principal.require(Permission.MANAGE_ROI, organization_id)
    found = RoiRepository(session).wages(organization_id, page or PageRequest())
    return found.map(lambda row: WageView(row[0].person_id, row[1], row[0].starts_on, row[0].amount, row[0].currency))


@dataclass(frozen=True)
class WageReport:
    """What a file of wages would do or did; no amount is in it."""

    is_dry_run: bool
    report: dict[str, Any]


def import_wages(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    content: Path | bytes,
    is_dry_run: bool,
    now: datetime,
) -> WageReport:
    """Set the wages of a file (`WAGE_LAYOUT`), in the caller's transaction; bad rows are refused one by one.

    Raises
    ------
    ImportRefusedError
        When the file as a whole cannot be read.
    NotAuthorizedError
    ConflictError
        When its currency, or the amounts of the organization, are not one and the same.
    """
    principal.require(Permission.MANAGE_ROI, organization_id)
    repository, findings = RoiRepository(session), Findings()
    if not is_dry_run:
        repository.lock_money(organization_id)
    with _file(content) as path:
        source = SourceFile(path, WAGE_LAYOUT.files[0])
        rows = read_typed(source, findings, ReadingLimits(held_rows=MOST_ROWS))
        read_count = rows.height + findings.refused_count(source.name)
        rows = _checked(rows, repository, findings, source.name, organization_id, today=now.date())
    held = every_item(partial(repository.wages, organization_id))
    known = {(wage.person_id, wage.starts_on): wage for wage, _ in held}
    counts = dict.fromkeys(Action, 0)
    wanted = []
    for person_id, starts_on, amount, code in rows.select("person_id", "starts_on", "amount", "currency").iter_rows():
        key = (UUID(person_id), starts_on)
        value = (Decimal(f"{amount:.2f}"), code.upper())
        before = known.get(key)
        action = Action.ADDED if before is None else Action.CHANGED
        if before is not None and (before.amount, before.currency) == value:
            action = Action.UNCHANGED
        counts[action] += 1
        if action is not Action.UNCHANGED:
            wanted.append((key, value))
    for code in {code for _, (_, code) in wanted}:
        others = repository.currencies(organization_id, without=[key for key, _ in wanted])
        require_one_currency(code, others | {other for _, (_, other) in wanted})
    if not is_dry_run:
        for (person_id, starts_on), (amount, code) in wanted:
            wage = known.get((person_id, starts_on))
            if wage is None:
                wage = HourlyWage(organization_id=organization_id, person_id=person_id, starts_on=starts_on)
                session.add(wage)
            wage.amount, wage.currency = amount, code
        session.flush()
    kinds = {
        WAGES: KindCounts.of_actions(
            {action.value: count for action, count in counts.items()},
            read=read_count,
            refused=findings.refused_count(source.name),
        )
    }
    return WageReport(is_dry_run, build_report(kinds, findings))


def _checked(
    rows: pl.DataFrame,
    repository: RoiRepository,
    findings: Findings,
    file: str,
    organization_id: UUID,
    *,
    today: date,
) -> pl.DataFrame:
    """Rows of known people with a day that can be meant, each person and day once."""
    rows = with_people(rows, repository.members(organization_id), findings, file)
    last = today.replace(year=today.year + 1, day=min(today.day, 28))
    is_far = (pl.col("starts_on") > last) | (pl.col("starts_on") < date(1990, 1, 1))
    findings.refuse_rows(
        rows.filter(is_far),
        file=file,
        column="starts_on",
        code="day_out_of_range",
        remedy="Give a day from 1990 on, at most a year ahead.",
    )
    rows = rows.filter(~is_far)
    is_repeated = pl.struct("person_id", "starts_on").is_duplicated()
    findings.refuse_rows(
        rows.filter(is_repeated),
        file=file,
        column="starts_on",
        code="duplicate_row",
        remedy="Several rows are for this person and day; keep one of them.",
    )
    return rows.filter(~is_repeated)


@contextmanager
def _file(content: Path | bytes) -> Iterator[Path]:
    """The file itself, or an upload in a private folder that is gone afterwards."""
    if isinstance(content, Path):
        if not content.is_file():
            raise NotFoundError(f"There is no file {content.name}.")
        yield content
        return
    with TemporaryDirectory(prefix="sitesync-wages-") as folder:
        path = Path(folder) / "wages.csv"
        path.write_bytes(content)
        yield path
