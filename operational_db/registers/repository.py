"""Queries on register entries and claims. Nothing here decides who may see what."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session, aliased

from operational_db.identity.repository import is_open_on
from operational_db.paging import Page, PageRequest
from operational_db.tables.credentials import (
    Certificate,
    Certification,
    Document,
    RegisterClaim,
    RegisterEntry,
)
from operational_db.tables.identity import Membership, Person
from operational_db.tables.imports import ImportedRecord
from operational_db.types import RegisterStanding

# Separates licence and classification in an entry's id.
KEY_SEPARATOR = "|"
_HOLDER, _DECIDER = aliased(Person), aliased(Person)


@dataclass(frozen=True)
class ClaimRow:
    """A claim with what it is about and the names of the people in it."""

    claim: RegisterClaim
    entry: RegisterEntry
    certification: str
    person: str
    document_name: str | None
    decided_by: str | None


@dataclass(frozen=True)
class EntryRow:
    """An entry with the kind of certificate, and who it counts for."""

    entry: RegisterEntry
    certification: str
    subject_id: UUID
    subject: str


class RegistersRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def entries_of_licence(self, register: str, licence_number: str) -> list[EntryRow]:
        """The entries of one licence, one for each classification."""
        statement = _entries().where(
            RegisterEntry.register == register,
            func.split_part(RegisterEntry.external_id, KEY_SEPARATOR, 1) == licence_number,
        )
        return self._entry_rows(statement.order_by(RegisterEntry.external_id))

    def entries_of_licences(self, register: str, licence_numbers: Collection[str]) -> dict[str, list[RegisterEntry]]:
        """Entries of many licences by their number."""
        number = func.split_part(RegisterEntry.external_id, KEY_SEPARATOR, 1)
        statement = select(RegisterEntry).where(
            RegisterEntry.register == register, number.in_(sorted(set(licence_numbers)))
        )
        found: dict[str, list[RegisterEntry]] = {}
        for entry in self.session.scalars(statement.order_by(RegisterEntry.external_id)):
            found.setdefault(entry.external_id.partition(KEY_SEPARATOR)[0], []).append(entry)
        return found

    def entries_of_members(
        self, organization_id: UUID, standings: Collection[RegisterStanding], *, on: date, page: PageRequest
    ) -> Page[EntryRow]:
        """Entries that count for members of the organization, those in these standings, worst kind first."""
        members = select(Membership.person_id).where(Membership.organization_id == organization_id, is_open_on(on))
        subject = func.coalesce(RegisterEntry.claimed_by_id, RegisterEntry.person_id)
        matching = _entries().where(subject.in_(members), RegisterEntry.standing.in_(list(standings)))
        total = self.session.scalar(
            select(func.count()).select_from(matching.with_only_columns(RegisterEntry.id).subquery())
        )
        ordered = matching.order_by(RegisterEntry.standing, RegisterEntry.register, RegisterEntry.external_id)
        rows = self._entry_rows(ordered.limit(page.size).offset(page.offset))
        return Page(rows, total or 0, page.number, page.size)

    def standing_counts(self) -> list[tuple[str, RegisterStanding, int]]:
        """How many entries of each register are in each standing."""
        statement = select(RegisterEntry.register, RegisterEntry.standing, func.count())
        grouped = statement.group_by(RegisterEntry.register, RegisterEntry.standing)
        ordered = grouped.order_by(RegisterEntry.register, RegisterEntry.standing)
        return [(register, standing, count) for register, standing, count in self.session.execute(ordered)]

    def register_of(self, entry_id: UUID) -> str:
        return self.session.scalars(select(RegisterEntry.register).where(RegisterEntry.id == entry_id)).one()

    def hold_register(self, register: str) -> None:
        """Let an import of the register wait until the transaction ends; taken before any entry is locked."""
        self.session.execute(select(func.pg_advisory_xact_lock_shared(func.hashtextextended(register, 0))))

    def lock_entry(self, entry_id: UUID) -> RegisterEntry:
        """The entry, locked and read afresh: of two who claim it, one is first."""
        statement = select(RegisterEntry).where(RegisterEntry.id == entry_id).with_for_update()
        return self.session.scalars(statement.execution_options(populate_existing=True)).one()

    def claim(self, claim_id: UUID) -> RegisterClaim | None:
        return self.session.get(RegisterClaim, claim_id)

    def open_claim(self, entry_id: UUID, person_id: UUID) -> RegisterClaim | None:
        statement = select(RegisterClaim).where(
            RegisterClaim.entry_id == entry_id,
            RegisterClaim.person_id == person_id,
            RegisterClaim.decided_at.is_(None),
        )
        return self.session.scalar(statement)

    def open_claims_on(self, entry_id: UUID) -> Sequence[RegisterClaim]:
        statement = select(RegisterClaim).where(RegisterClaim.entry_id == entry_id, RegisterClaim.decided_at.is_(None))
        return self.session.scalars(statement.with_for_update()).all()

    def queue(self, organization_id: UUID | None, *, on: date, page: PageRequest) -> Page[ClaimRow]:
        """Open claims of the organization's members (of everybody when none is named), the oldest first."""
        matching = _claims().where(RegisterClaim.decided_at.is_(None))
        if organization_id is not None:
            members = select(Membership.person_id).where(Membership.organization_id == organization_id, is_open_on(on))
            matching = matching.where(RegisterClaim.person_id.in_(members))
        total = self.session.scalar(
            select(func.count()).select_from(matching.with_only_columns(RegisterClaim.id).subquery())
        )
        ordered = matching.order_by(RegisterClaim.claimed_at, RegisterClaim.id)
        rows = self._claim_rows(ordered.limit(page.size).offset(page.offset))
        return Page(rows, total or 0, page.number, page.size)

    def claims_of(self, person_id: UUID) -> list[ClaimRow]:
        """All claims of a person, the latest first."""
        statement = _claims().where(RegisterClaim.person_id == person_id)
        return self._claim_rows(statement.order_by(RegisterClaim.claimed_at.desc(), RegisterClaim.id))

    def current_certificate(self, entry: RegisterEntry) -> Certificate | None:
        """The certificate of the entry's current cycle: the one that no other of the entry renews."""
        later = aliased(Certificate)
        renewed = select(later.id).where(later.renews_id == Certificate.id, later.register_entry_id == entry.id)
        statement = select(Certificate).where(
            Certificate.register_entry_id == entry.id, Certificate.withdrawn_at.is_(None), ~renewed.exists()
        )
        statement = statement.order_by(Certificate.expires_on.desc().nulls_first(), Certificate.id.desc()).limit(1)
        return self.session.scalar(statement.with_for_update().execution_options(populate_existing=True))

    def hand_over_record(self, register: str, former_id: UUID, certificate_id: UUID) -> None:
        """From now on the register's record of the licence stands for the claimant's certificate."""
        self.session.execute(
            update(ImportedRecord)
            .where(
                ImportedRecord.source == register,
                ImportedRecord.kind == "certificates",
                ImportedRecord.record_id == former_id,
            )
            .values(record_id=certificate_id)
        )

    def has_unclaimed(self, person_id: UUID) -> bool:
        """Whether an entry of this holder still waits for somebody to claim it."""
        statement = select(RegisterEntry.id).where(
            RegisterEntry.person_id == person_id, RegisterEntry.claimed_by_id.is_(None)
        )
        return self.session.scalar(statement.limit(1)) is not None

    def open_memberships(self, person_id: UUID, *, on: date) -> Sequence[Membership]:
        return self.session.scalars(select(Membership).where(Membership.person_id == person_id, is_open_on(on))).all()

    def members(self, organization_id: UUID, *, on: date) -> dict[str, UUID]:
        """Members of the organization by id and by address in small letters."""
        statement = (
            select(Person.id, Person.email)
            .join(Membership, Membership.person_id == Person.id)
            .where(Membership.organization_id == organization_id, is_open_on(on))
        )
        found: dict[str, UUID] = {}
        for person_id, email in self.session.execute(statement):
            found[str(person_id)] = person_id
            if email is not None:
                found[email.lower()] = person_id
        return found

    def _entry_rows(self, statement: Select[RegisterEntry, str, UUID, str]) -> list[EntryRow]:
        return [EntryRow(*row) for row in self.session.execute(statement)]

    def _claim_rows(
        self, statement: Select[RegisterClaim, RegisterEntry, str, str, str | None, str | None]
    ) -> list[ClaimRow]:
        return [ClaimRow(*row) for row in self.session.execute(statement)]


def _entries() -> Select[RegisterEntry, str, UUID, str]:
    return (
        select(RegisterEntry, Certification.name, _HOLDER.id, _HOLDER.display_name)
        .join(Certification, Certification.id == RegisterEntry.certification_id)
        .join(_HOLDER, _HOLDER.id == func.coalesce(RegisterEntry.claimed_by_id, RegisterEntry.person_id))
    )


def _claims() -> Select[RegisterClaim, RegisterEntry, str, str, str | None, str | None]:
    return (
        select(
            RegisterClaim,
            RegisterEntry,
            Certification.name,
            _HOLDER.display_name,
            Document.file_name,
            _DECIDER.display_name,
        )
        .join(RegisterEntry, RegisterEntry.id == RegisterClaim.entry_id)
        .join(Certification, Certification.id == RegisterEntry.certification_id)
        .join(_HOLDER, _HOLDER.id == RegisterClaim.person_id)
        .outerjoin(Document, Document.id == RegisterClaim.document_id)
        .outerjoin(_DECIDER, _DECIDER.id == RegisterClaim.decided_by_id)
    )
