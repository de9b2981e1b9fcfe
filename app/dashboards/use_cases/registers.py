"""Government registers of licences: claim one, decide about claims, link technicians in bulk, see what is flagged."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from sqlalchemy import Engine

from app.dashboards.actions import Receipt
from app.dashboards.formats import to_plural
from app.dashboards.use_cases.certificates import Upload
from operational_db.database import read_only_session, unit_of_work
from operational_db.documents.service import add_document
from operational_db.documents.store import FileStore
from operational_db.identity.rules import Principal
from operational_db.imports.findings import Finding
from operational_db.paging import Page, PageRequest, every_item
from operational_db.registers import linking, service
from operational_db.registers.linking import LinkReport
from operational_db.registers.service import ClaimView, EntryView

# Registers that licences are read from, as people know them.
REGISTERS = {"cslb": "California Contractors State License Board"}


def entries_of(engine: Engine, *, register: str, licence_number: str) -> list[EntryView]:
    """What the register says of a licence.

    Raises
    ------
    DomainError
        When it has none with the number, or the database is down.
    """
    with read_only_session(engine) as session:
        return service.entries_of_licence(session, register=register, licence_number=licence_number)


def claim(
    engine: Engine,
    principal: Principal,
    store: FileStore,
    *,
    register: str,
    licence_number: str,
    upload: Upload,
    now: datetime,
) -> Receipt:
    """Say that a licence is the viewer's own, with a document that proves it.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        document = add_document(
            session,
            principal,
            store,
            person_id=principal.person_id,
            file_name=upload.name,
            content=upload.content,
            now=now,
        )
        claims = service.claim_entry(
            session,
            principal,
            register=register,
            licence_number=licence_number,
            document_id=document.id,
            person_id=principal.person_id,
            now=now,
        )
    return Receipt(f"Licence {licence_number} is claimed; your company checks the proof.", now, len(claims))


def my_claims(engine: Engine, principal: Principal) -> list[ClaimView]:
    """The viewer's own claims, the latest first.

    Raises
    ------
    DomainError
        When the database is down.
    """
    with read_only_session(engine) as session:
        return service.my_claims(session, principal)


def queue(
    engine: Engine, principal: Principal, *, organization_id: UUID, on: date, page: PageRequest
) -> Page[ClaimView]:
    """Open claims of members, the oldest first.

    Raises
    ------
    DomainError
        When the viewer may not verify here, or the database is down.
    """
    with read_only_session(engine) as session:
        return service.queue(session, principal, organization_id, on=on, page=page)


def decide(
    engine: Engine,
    principal: Principal,
    *,
    claim_id: UUID,
    is_approved: bool,
    reason: str | None,
    what: str,
    now: datetime,
) -> Receipt:
    """Say whether the proof of a claim holds; a refusal says why.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        service.decide_claim(
            session, principal, claim_id=claim_id, is_approved=is_approved, reason=reason or None, now=now
        )
    return Receipt(f"{what} was handed over." if is_approved else f"{what} was refused.", now, 1)


def flagged(engine: Engine, principal: Principal, *, organization_id: UUID, on: date) -> list[EntryView]:
    """All members' licences that a register suspended, revoked, contradicts itself about or no longer lists.

    Raises
    ------
    DomainError
        When the viewer may not know, or the database is down.
    """
    with read_only_session(engine) as session:
        return every_item(
            lambda page: service.flagged_entries(session, principal, organization_id, standing=None, on=on, page=page)
        )


def preview_links(
    engine: Engine, principal: Principal, *, organization_id: UUID, upload: Upload, now: datetime
) -> LinkReport:
    """What a table of technicians and licence numbers would link, and what is wrong with its rows; changes nothing.

    Raises
    ------
    DomainError
        When the file as a whole is refused, the viewer may not link, or the database is down.
    """
    with unit_of_work(engine) as session:
        rows, unreadable = _read(upload)
        return linking.link_technicians(
            session,
            principal,
            organization_id=organization_id,
            rows=rows,
            unreadable=unreadable,
            is_dry_run=True,
            now=now,
        )


def link(engine: Engine, principal: Principal, *, organization_id: UUID, upload: Upload, now: datetime) -> Receipt:
    """Link what can be linked.

    Raises
    ------
    DomainError
        When the file as a whole is refused, the viewer may not link, or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        rows, unreadable = _read(upload)
        report = linking.link_technicians(
            session, principal, organization_id=organization_id, rows=rows, unreadable=unreadable, now=now
        )
    linked = to_plural(report.linked_count, "technician was", "technicians were")
    return Receipt(f"{linked} linked; {to_plural(report.refused_count, 'row')} refused.", now, report.entry_count)


def _read(upload: Upload) -> tuple[Sequence[linking.LinkRow], Sequence[Finding]]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / Path(upload.name).name
        path.write_bytes(upload.content)
        return linking.read_links(path)
