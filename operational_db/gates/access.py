"""Who may do which action in which other product: single grants and whole access lists, safe to repeat (D8).

Having access is not being allowed: the gate decides. Who has access and lacks training is told by `exceptions`.
"""

import re
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import polars as pl
from sqlalchemy.orm import Session

from operational_db.errors import ConflictError, ImportRefusedError, InvalidInputError, NotFoundError
from operational_db.gates import access_list
from operational_db.gates.access_list import AccessRow, AccessWanted
from operational_db.gates.access_repository import AccessRepository
from operational_db.gates.access_views import AccessReport, GrantView
from operational_db.identity.rules import Permission, Principal
from operational_db.imports.findings import Findings
from operational_db.imports.report import KindCounts, build_report
from operational_db.ledger.append import append_events
from operational_db.ledger.events import AccessGranted, AccessRemoved, Event, ImportApplied
from operational_db.paging import Page, PageRequest
from operational_db.tables.gates import AccessGrant
from operational_db.tables.imports import ImportBatch
from operational_db.types import ImportState, new_id

MAX_REMOVAL_SHARE = 0.2
API_SOURCE = "api"
_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?")


def require_name(text: str, what: str) -> str:
    """The name of an action or a product as it is kept.

    Raises
    ------
    InvalidInputError
        When it is not 1-100 small letters, digits, '-', '_' and '.'.
    """
    if _NAME.fullmatch(text) is None:
        raise InvalidInputError(
            f"The {what} is no name. Write 1 to 100 small letters, digits, '-', '_' or '.', such as data-export."
        )
    return text


def grant_access(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    person_id: UUID,
    action: str,
    source: str = API_SOURCE,
    granted_on: date | None = None,
    now: datetime,
) -> AccessGrant:
    """Note that a product lets a member do an action; noting it again changes nothing.

    Raises
    ------
    NotAuthorizedError, InvalidInputError
    NotFoundError
        When the person is no member of the organization.
    """
    principal.require(Permission.MANAGE_ACCESS_LISTS, organization_id)
    require_name(action, "action")
    require_name(source, "source")
    first_day = granted_on or now.date()
    if first_day > now.date():
        raise InvalidInputError("Access that has not begun is none yet. Give the day it began, today at the latest.")
    repository = AccessRepository(session)
    repository.lock_organization(organization_id)
    if not repository.is_member(organization_id, person_id, on=now.date()):
        raise NotFoundError("Your organization has no member with this id. Check the id in the list of members.")
    found = repository.open_grant(organization_id, person_id, action, source)
    if found is not None:
        return found
    grant = _new_grant(organization_id, action, source, AccessWanted(person_id, first_day))
    session.add(grant)
    session.flush()
    append_events(session, [_granted(grant, now)], now=now)
    return grant


def remove_access(session: Session, principal: Principal, *, grant_id: UUID, now: datetime) -> AccessGrant:
    """Note that a product no longer lets a person do an action, from today.

    Raises
    ------
    NotFoundError, NotAuthorizedError
    ConflictError
        When it was removed before.
    """
    repository = AccessRepository(session)
    missing = NotFoundError("There is no access with this id that you may see. Check the id in the access list.")
    grant = repository.grant(grant_id)
    if grant is None or not (
        principal.can(Permission.MANAGE_ACCESS_LISTS, grant.organization_id)
        or principal.can(Permission.VIEW_GATES, grant.organization_id)
    ):
        raise missing
    principal.require(Permission.MANAGE_ACCESS_LISTS, grant.organization_id)
    if grant.removed_on is not None:
        raise ConflictError(f"This access was already removed on {grant.removed_on:%d %b %Y}.")
    _remove(grant, now)
    session.flush()
    append_events(session, [_removed(grant, now)], now=now)
    return grant


def list_access(
    session: Session,
    principal: Principal,
    organization_id: UUID,
    *,
    action: str | None = None,
    person_id: UUID | None = None,
    page: PageRequest,
) -> Page[GrantView]:
    """The organization's open grants. Needs VIEW_GATES or MANAGE_ACCESS_LISTS."""
    if not principal.can(Permission.MANAGE_ACCESS_LISTS, organization_id):
        principal.require(Permission.VIEW_GATES, organization_id)
    return AccessRepository(session).grants(organization_id, action=action, person_id=person_id, page=page)


def import_access_list(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    action: str,
    rows: Sequence[AccessRow] | Path | bytes,
    source: str = API_SOURCE,
    is_dry_run: bool = False,
    max_removal_share: float = MAX_REMOVAL_SHARE,
    now: datetime,
) -> AccessReport:
    """Make a product's list for one action what the rows say: new people get it, people no longer named lose it.

    Importing the same rows again changes nothing. Bad rows are refused one by one; a person named in a refused row
    keeps what she had.

    Parameters
    ----------
    rows
        Rows as data, or a CSV file or its content (`access_list.ACCESS_LAYOUT`).
    max_removal_share
        Share (0-1) of the list that may be missing before the import is stopped.

    Raises
    ------
    ImportRefusedError
        When a file as a whole cannot be read, or more people than the share would lose their access; nothing changed.
    NotAuthorizedError, InvalidInputError, NotFoundError
    """
    principal.require(Permission.MANAGE_ACCESS_LISTS, organization_id)
    require_name(action, "action")
    require_name(source, "source")
    findings = Findings()
    frame, file = _read(rows, findings)
    repository = AccessRepository(session)
    if not is_dry_run:
        repository.lock_organization(organization_id)
    person_ids, accounts = access_list.references(frame)
    people = repository.people_meant(organization_id, person_ids, accounts, on=now.date())
    checked = access_list.check(frame, people, findings, file=file, today=now.date())
    held = repository.open_grants_of_list(organization_id, action, source)
    added = [wanted for wanted in checked.wanted if wanted.person_id not in held]
    removed = [grant for person_id, grant in held.items() if person_id not in checked.seen]
    report = AccessReport(
        import_id=None if is_dry_run else new_id(),
        is_dry_run=is_dry_run,
        action=action,
        source=source,
        read_count=checked.read_count + _unread(findings, file, frame),
        unchanged_count=len(checked.wanted) - len(added),
        refused_count=findings.refused_count(file),
        added_person_ids=tuple(sorted(wanted.person_id for wanted in added)),
        removed_person_ids=tuple(sorted(grant.person_id for grant in removed)),
        findings=tuple(findings.refused),
    )
    _stop_when_too_many_lose_it(report, len(held), max_removal_share)
    if report.import_id is not None and (added or removed):
        grants = [_new_grant(organization_id, action, source, wanted) for wanted in added]
        _apply(repository, principal, report, findings, organization_id, grants, removed, now=now)
    return report


def _read(rows: Sequence[AccessRow] | Path | bytes, findings: Findings) -> tuple[pl.DataFrame, str]:
    if isinstance(rows, Path):
        if not rows.is_file():
            raise NotFoundError(f"There is no file {rows.name}.")
        return access_list.read_csv(rows, findings), rows.name
    if isinstance(rows, bytes):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "access.csv"
            path.write_bytes(rows)
            return access_list.read_csv(path, findings), path.name
    return access_list.frame_of(rows), "rows"


def _unread(findings: Findings, file: str, frame: pl.DataFrame) -> int:
    """Lines that could not even be cut into columns."""
    return len(findings.refused_lines.get(file, set()) - set(frame["line"].to_list()))


def _stop_when_too_many_lose_it(report: AccessReport, held_count: int, max_share: float) -> None:
    if held_count and report.removed_count / held_count > max_share:
        share = report.removed_count / held_count
        raise ImportRefusedError(
            f"Nothing was changed: {report.removed_count:,} of {held_count:,} people on this list are not in the rows "
            f"({share:.0%}). More than {max_share:.0%} looks like a wrong or cut list. Check it, or raise the share "
            "that may be removed.",
            details={"removed_count": report.removed_count, "held_count": held_count, "max_removal_share": max_share},
        )


def _apply(
    repository: AccessRepository,
    principal: Principal,
    report: AccessReport,
    findings: Findings,
    organization_id: UUID,
    added: Sequence[AccessGrant],
    removed: Sequence[AccessGrant],
    *,
    now: datetime,
) -> None:
    session = repository.session
    counts = KindCounts(
        read=report.read_count,
        added=report.added_count,
        changed=report.removed_count,
        unchanged=report.unchanged_count,
        refused=report.refused_count,
        missing=report.removed_count,
    )
    batch = ImportBatch(
        id=report.import_id,
        importer="access",
        format=report.action,
        source=report.source,
        organization_id=organization_id,
        state=ImportState.APPLIED,
        started_at=now,
        finished_at=now,
        started_by=principal.actor_id,
        report=build_report({"access_grants": counts}, findings),
    )
    session.add(batch)
    session.add_all(added)
    session.flush()
    repository.link_to_import(batch, added, removed)
    for grant in removed:
        _remove(grant, now)
    session.flush()
    events: list[Event] = [_granted(grant, now, batch.id) for grant in added]
    events += [_removed(grant, now, batch.id) for grant in removed]
    applied = ImportApplied(
        subject_id=None,
        organization_id=organization_id,
        occurred_at=now,
        import_id=batch.id,
        importer="access",
        format=report.action,
        added_count=report.added_count,
        changed_count=report.removed_count,
        refused_count=report.refused_count,
    )
    append_events(session, [*events, applied], now=now)


def _new_grant(organization_id: UUID, action: str, source: str, wanted: AccessWanted) -> AccessGrant:
    return AccessGrant(
        id=new_id(),
        organization_id=organization_id,
        person_id=wanted.person_id,
        action=action,
        source=source,
        granted_on=wanted.granted_on,
    )


def _remove(grant: AccessGrant, now: datetime) -> None:
    grant.removed_on = max(now.date(), grant.granted_on)


def _granted(grant: AccessGrant, now: datetime, import_id: UUID | None = None) -> AccessGranted:
    return AccessGranted(
        subject_id=grant.person_id,
        organization_id=grant.organization_id,
        occurred_at=now,
        import_id=import_id,
        access_id=grant.id,
        action=grant.action,
        granted_on=grant.granted_on,
    )


def _removed(grant: AccessGrant, now: datetime, import_id: UUID | None = None) -> AccessRemoved:
    if grant.removed_on is None:
        raise ValueError("An access that is still there was not removed.")
    return AccessRemoved(
        subject_id=grant.person_id,
        organization_id=grant.organization_id,
        occurred_at=now,
        import_id=import_id,
        access_id=grant.id,
        action=grant.action,
        removed_on=grant.removed_on,
    )


def report_as_dict(report: AccessReport) -> dict[str, object]:
    """For printing and for the API: counts first, then who and why."""
    return {
        **asdict(report),
        "added_count": report.added_count,
        "removed_count": report.removed_count,
    }
