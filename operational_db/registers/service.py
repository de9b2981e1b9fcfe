"""Use cases of register entries: look one up, claim it with proof, decide about a claim, see what is flagged.

A claim that is approved hands the licence over: a certificate of the claimant takes the place of the pseudonymous
holder's, and what the register says of the entry later applies to it. Linking many at once is in `linking`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.credentials.access import shared_organization
from operational_db.credentials.repository import CredentialsRepository
from operational_db.documents.service import require_document
from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.paging import Page, PageRequest
from operational_db.registers.handing_over import hand_over
from operational_db.registers.repository import ClaimRow, EntryRow, RegistersRepository
from operational_db.tables.credentials import RegisterClaim, RegisterEntry
from operational_db.types import RegisterStanding, new_id

LONGEST_REASON = 2000
# What somebody has to look at.
FLAGGED = (
    RegisterStanding.SUSPENDED,
    RegisterStanding.REVOKED,
    RegisterStanding.CONTRADICTORY,
    RegisterStanding.MISSING,
)


@dataclass(frozen=True)
class EntryView:
    """What a register says of a licence in one classification; `changed_on` is the register's own day."""

    entry_id: UUID
    register: str
    licence_number: str
    classification: str
    certification_id: UUID
    certification: str
    standing: RegisterStanding
    status_text: str
    issued_on: date
    expires_on: date | None
    changed_on: date | None
    is_claimed: bool
    # Who it counts for; only for who may know.
    subject_id: UUID | None = None
    subject: str | None = None


@dataclass(frozen=True)
class ClaimView:
    """A claim on an entry, with the proof handed in, and the decision once there is one."""

    claim_id: UUID
    entry: EntryView
    person_id: UUID
    person: str
    document_id: UUID | None
    document_name: str | None
    claimed_at: datetime
    is_own: bool
    decided_at: datetime | None
    decided_by: str | None
    is_approved: bool | None
    reason: str | None


def entries_of_licence(session: Session, *, register: str, licence_number: str) -> list[EntryView]:
    """What the register says of a licence; registers are public, so anybody signed in may ask.

    Raises
    ------
    NotFoundError
        When the register has none with the number.
    """
    rows = RegistersRepository(session).entries_of_licence(register, licence_number.strip())
    if not rows:
        raise _no_licence()
    return [to_entry_view(row, is_subject_shown=False) for row in rows]


def claim_entry(
    session: Session,
    principal: Principal,
    *,
    register: str,
    licence_number: str,
    document_id: UUID,
    person_id: UUID,
    entry_id: UUID | None = None,
    now: datetime,
) -> list[RegisterClaim]:
    """Say that a licence is the person's, with a document that proves it; a claim for each of its classifications.

    The person claims, or who may verify her certificates. The same claim again returns the open one.

    Parameters
    ----------
    entry_id
        Only this entry of the licence.

    Raises
    ------
    NotFoundError
        When the register has no such licence, or the person or her document is nothing the principal may act on.
    ConflictError
        When it is hers or somebody else's already, was revoked, or waits with another document.
    """
    organizations = CredentialsRepository(session).organization_ids_of(person_id, on=now.date())
    if not principal.may_act_for(Permission.VERIFY_CERTIFICATES, person_id, organizations):
        raise NotFoundError("There is no person with this id among your members. Check the id or search by name.")
    require_document(session, principal, document_id=document_id, person_id=person_id, on=now.date())
    repository = RegistersRepository(session)
    rows = repository.entries_of_licence(register, licence_number.strip())
    found = [row.entry for row in rows if entry_id is None or row.entry.id == entry_id]
    if not found:
        raise _no_licence()
    entries = [repository.lock_entry(entry.id) for entry in sorted(found, key=lambda entry: entry.id)]
    claimable = [entry for entry in entries if entry.claimed_by_id is None]
    if not claimable:
        _require_unclaimed(entries[0], person_id)
    for entry in claimable:
        require_not_revoked(entry)
    claims = []
    for entry in claimable:
        former = repository.open_claim(entry.id, person_id)
        if former is not None and former.document_id != document_id:
            raise ConflictError(
                "This claim already waits for a decision with another document. Wait for it, then claim again.",
                details={"claim_id": str(former.id)},
            )
        claims.append(former or _add_claim(session, principal, entry, person_id, document_id, organizations, now=now))
    session.flush()
    return claims


def queue(
    session: Session, principal: Principal, organization_id: UUID | None, *, on: date, page: PageRequest
) -> Page[ClaimView]:
    """Open claims of an organization's members, the oldest first; of everybody for the platform's administrators.

    Raises
    ------
    NotAuthorizedError
        When the principal may not verify certificates there.
    """
    if organization_id is None and not principal.is_unrestricted:
        raise NotAuthorizedError("Only the platform sees the claims of everybody. Name your organization.")
    if organization_id is not None:
        principal.require(Permission.VERIFY_CERTIFICATES, organization_id)
    found = RegistersRepository(session).queue(organization_id, on=on, page=page)
    return found.map(lambda row: _to_claim_view(row, principal))


def my_claims(session: Session, principal: Principal) -> list[ClaimView]:
    """The principal's own claims, the latest first."""
    rows = RegistersRepository(session).claims_of(principal.person_id)
    return [_to_claim_view(row, principal) for row in rows]


def decide_claim(
    session: Session,
    principal: Principal,
    *,
    claim_id: UUID,
    is_approved: bool,
    reason: str | None = None,
    now: datetime,
) -> RegisterClaim:
    """Say whether the proof holds; an approved claim hands the licence over, and other claims on it end.

    Needs VERIFY_CERTIFICATES in an organization the claimant belongs to; nobody decides about her own. The same
    decision by the same person changes nothing.

    Raises
    ------
    NotFoundError
        When there is none with the id among those the principal may decide.
    NotAuthorizedError
        When it is her own.
    InvalidInputError
        When a refusal gives no reason.
    ConflictError
        When it was decided otherwise, or the licence is somebody else's or revoked by now.
    """
    repository = RegistersRepository(session)
    claim = repository.claim(claim_id)
    if claim is None:
        raise _no_claim()
    organizations = CredentialsRepository(session).organization_ids_of(claim.person_id, on=now.date())
    if not principal.may_act_for(Permission.VERIFY_CERTIFICATES, claim.person_id, organizations):
        raise _no_claim()
    if principal.is_person(claim.person_id):
        raise NotAuthorizedError("Nobody decides about her own claim. Ask a manager of your organization to check it.")
    text = (reason or "").strip() or None
    if not is_approved and text is None:
        raise InvalidInputError("Say why the proof does not hold; the claimant will want to mend it.")
    if text is not None and len(text) > LONGEST_REASON:
        raise InvalidInputError(f"A reason has at most {LONGEST_REASON} characters.")
    repository.hold_register(repository.register_of(claim.entry_id))
    entry = repository.lock_entry(claim.entry_id)
    session.refresh(claim)
    if claim.decided_at is not None:
        if claim.is_approved is is_approved and claim.decided_by_id == principal.actor_id:
            return claim
        raise ConflictError("This claim was decided before you. Look at the decision; claim again if it was wrong.")
    decide(claim, principal.actor_id, is_approved=is_approved, reason=text, now=now)
    session.flush()
    if is_approved:
        organization_id = shared_organization(principal, organizations) or claim.organization_id
        hand_over(session, principal, entry, claim, organization_id=organization_id, now=now)
    return claim


def flagged_entries(
    session: Session,
    principal: Principal,
    organization_id: UUID,
    *,
    standing: RegisterStanding | None,
    on: date,
    page: PageRequest,
) -> Page[EntryView]:
    """Licences of members that a register suspended, revoked, contradicts itself about or no longer lists.

    Raises
    ------
    NotAuthorizedError
        Without VERIFY_CERTIFICATES or VIEW_COMPLIANCE in the organization.
    """
    if not principal.can(Permission.VIEW_COMPLIANCE, organization_id):
        principal.require(Permission.VERIFY_CERTIFICATES, organization_id)
    standings = FLAGGED if standing is None else (standing,)
    found = RegistersRepository(session).entries_of_members(organization_id, standings, on=on, page=page)
    return found.map(lambda row: to_entry_view(row, is_subject_shown=True))


def decide(
    claim: RegisterClaim, decided_by_id: UUID | None, *, is_approved: bool, reason: str | None, now: datetime
) -> None:
    """Write a decision into the claim."""
    claim.decided_at = now
    claim.decided_by_id = decided_by_id
    claim.is_approved = is_approved
    claim.reason = reason
    claim.updated_at = now


def require_not_revoked(entry: RegisterEntry) -> None:
    """Make sure that there is something to claim.

    Raises
    ------
    ConflictError
    """
    if entry.standing is RegisterStanding.REVOKED:
        raise ConflictError("The register has revoked this licence; there is nothing to claim. Ask the board about it.")


def to_entry_view(row: EntryRow, *, is_subject_shown: bool) -> EntryView:
    entry = row.entry
    licence_number, _, classification = entry.external_id.partition("|")
    return EntryView(
        entry_id=entry.id,
        register=entry.register,
        licence_number=licence_number,
        classification=classification,
        certification_id=entry.certification_id,
        certification=row.certification,
        standing=entry.standing,
        status_text=entry.status_text,
        issued_on=entry.issued_on,
        expires_on=entry.expires_on,
        changed_on=entry.changed_on,
        is_claimed=entry.claimed_by_id is not None,
        subject_id=row.subject_id if is_subject_shown else None,
        subject=row.subject if is_subject_shown else None,
    )


def _add_claim(
    session: Session,
    principal: Principal,
    entry: RegisterEntry,
    person_id: UUID,
    document_id: UUID | None,
    organizations: frozenset[UUID],
    *,
    now: datetime,
) -> RegisterClaim:
    claim = RegisterClaim(
        id=new_id(),
        entry_id=entry.id,
        person_id=person_id,
        organization_id=None if principal.is_person(person_id) else shared_organization(principal, organizations),
        document_id=document_id,
        claimed_at=now,
        claimed_by_id=principal.actor_id,
        created_at=now,
        updated_at=now,
    )
    session.add(claim)
    return claim


def _require_unclaimed(entry: RegisterEntry, person_id: UUID) -> None:
    if entry.claimed_by_id == person_id:
        raise ConflictError("This licence is already among the person's certificates.")
    raise ConflictError(
        "Somebody else has proved to hold this licence. If that is wrong, ask the platform to look at it."
    )


def _to_claim_view(row: ClaimRow, principal: Principal) -> ClaimView:
    claim = row.claim
    entry = EntryRow(row.entry, row.certification, claim.person_id, row.person)
    return ClaimView(
        claim_id=claim.id,
        entry=to_entry_view(entry, is_subject_shown=False),
        person_id=claim.person_id,
        person=row.person,
        document_id=claim.document_id,
        document_name=row.document_name,
        claimed_at=claim.claimed_at,
        is_own=principal.is_person(claim.person_id),
        decided_at=claim.decided_at,
        decided_by=row.decided_by,
        is_approved=claim.is_approved,
        reason=claim.reason,
    )


def _no_licence() -> NotFoundError:
    return NotFoundError("The register has no licence with this number. Check the number and the register.")


def _no_claim() -> NotFoundError:
    return NotFoundError("There is no claim with this id among those you may decide. Look at the queue.")
