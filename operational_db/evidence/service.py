"""Use cases of evidence: export a bundle, list the exports. Who may, and which names go in, is decided here.

An export is two transactions with the making of the file between them: the gate's decision is on record before
anything is read, the export itself before the file is given out.
"""

import logging
import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import ConflictError, InvalidInputError, NotFoundError
from operational_db.evidence.context import RecordContext
from operational_db.evidence.inclusion import write_inclusion_nodes
from operational_db.evidence.repository import EvidenceRepository, read_scope_entries
from operational_db.evidence.rules import EXPORT_ACTION, BundleKind, BundleScope, require_valid_scope
from operational_db.evidence.views import BundleFile, ExportView
from operational_db.evidence.writer import BundleWriter
from operational_db.gates.service import require_gate
from operational_db.identity.rules import Permission, Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.canonical import instant_text
from operational_db.ledger.checkpoints import SignedCheckpoint, latest_signed_checkpoint, parse_checkpoint
from operational_db.ledger.events import EvidenceExported
from operational_db.ledger.keys import LogSigner
from operational_db.ledger.notes import sign_note
from operational_db.ledger.seal import seal
from operational_db.paging import Page, PageRequest
from operational_db.tables.gates import EvidenceBundle
from operational_db.types import new_id

logger = logging.getLogger(__name__)

NO_PERSON = "There is no person with this id. Check the id or search by name."
NO_INCIDENT = "There is no incident with this id. Check the id."


def export_bundle(
    engine: Engine,
    principal: Principal,
    *,
    scope: BundleScope,
    signer: LogSigner,
    target: Path,
    now: datetime,
    witness_vkeys: Sequence[str] = (),
    has_names: bool = True,
) -> BundleFile:
    """Write a bundle of all that is on record within the scope, sealed up to now, as a zip file at `target`.

    A person's own records are hers: no gate stands before them. Otherwise the gate "evidence-export" decides first.

    Parameters
    ----------
    target
        The file to be written; it appears only once the export itself is in the ledger.
    witness_vkeys
        Keys of the witnesses whose cosignatures on the checkpoint the bundle's check should look for.
    has_names
        Whether records name the people whom the principal may see; without, they hold ids only.

    Raises
    ------
    InvalidInputError
        When the scope lacks something, or holds what does not belong to its kind.
    NotAuthorizedError
        When no role in the organization allows to export its evidence.
    NotFoundError
        When the person, incident or an entry of a figure is none the principal may see.
    GateDeniedError
        When the gate is closed; the lesson to take is in its details.
    LedgerTamperedError
        When what is stored is no longer what was sealed; no bundle is made then.
    ConflictError
        When the ledger holds nothing yet.
    """
    require_valid_scope(scope)
    with read_only_session(engine) as session:
        scope, incident_scope = _authorized(EvidenceRepository(session), principal, scope)
    if not _is_own(principal, scope):
        _require_open_gate(engine, principal, scope.organization_id, now)
    seal(engine, signer, now=now, wait=True)
    export = _Export(engine, principal, scope, incident_scope, new_id(), now, has_names)
    target = target.absolute()
    # Beside the file, so that moving it there is one step; only the owner can look inside.
    folder = Path(tempfile.mkdtemp(prefix=".evidence-", dir=target.parent))
    try:
        contents, packed = folder / "contents", folder / "bundle.zip"
        contents.mkdir()
        writer = export.write_contents(contents, signer)
        manifest_sha256 = export.write_manifest(writer, signer, witness_vkeys)
        writer.pack(packed, now=now)
        event_id = export.record(writer, manifest_sha256)
        packed.replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    logger.info("evidence.exported", extra={"bundle_id": str(export.bundle_id), "record_count": writer.record_count})
    return BundleFile(
        path=target,
        bundle_id=export.bundle_id,
        export_event_id=event_id,
        manifest_sha256=manifest_sha256,
        tree_size=writer.checkpoint.tree_size,
        root_hash=writer.checkpoint.root_hash,
        record_count=writer.record_count,
    )


def list_exports(
    session: Session, principal: Principal, *, organization_id: UUID | None, page: PageRequest | None = None
) -> Page[ExportView]:
    """Exports made of an organization's evidence, the latest first; those of the whole platform when none is named.

    Raises
    ------
    NotAuthorizedError
        When no role in the organization allows to export its evidence.
    """
    _require_export(principal, organization_id)
    return EvidenceRepository(session).exports(organization_id, page or PageRequest())


def entries_of_organization(
    session: Session, principal: Principal, *, organization_id: UUID, leaf_indexes: Collection[int]
) -> frozenset[int]:
    """Which of these entries are in the organization's part of the ledger, so that its evidence may hold them.

    A figure may rest on others as well: a course of another school that counts, say.

    Raises
    ------
    NotAuthorizedError
        When no role in the organization allows to export its evidence.
    """
    _require_export(principal, organization_id)
    return EvidenceRepository(session).entries_of_organization(organization_id, leaf_indexes)


def _authorized(
    repository: EvidenceRepository, principal: Principal, scope: BundleScope
) -> tuple[BundleScope, str | None]:
    """The scope as the principal may have it, and the certification scope of an incident."""
    if scope.kind is BundleKind.INCIDENT and scope.incident_id is not None:
        incident = repository.incident(scope.incident_id)
        is_elsewhere = scope.organization_id not in {None, incident.organization_id}
        if is_elsewhere or not principal.can(Permission.EXPORT_EVIDENCE, incident.organization_id):
            raise NotFoundError(NO_INCIDENT)
        return replace(scope, organization_id=incident.organization_id), incident.scope
    if _is_own(principal, scope):
        return scope, None
    if scope.organization_id is not None or scope.kind is not BundleKind.PERSON:
        _require_export(principal, scope.organization_id)
    if scope.organization_id is not None and not repository.organization_exists(scope.organization_id):
        raise NotFoundError("There is no organization with this id. Check the id.")
    if scope.kind is BundleKind.PERSON and scope.person_id is not None:
        _require_person(repository, principal, scope.person_id, scope.organization_id)
    return scope, None


def _require_export(principal: Principal, organization_id: UUID | None) -> None:
    if organization_id is None:
        principal.require(Permission.ADMINISTER)
    else:
        principal.require(Permission.EXPORT_EVIDENCE, organization_id)


def _require_person(
    repository: EvidenceRepository, principal: Principal, person_id: UUID, organization_id: UUID | None
) -> None:
    """An erased person is nobody any more; somebody else's people are not told apart from nobody."""
    if organization_id is None and not principal.is_unrestricted:
        principal.require(Permission.EXPORT_EVIDENCE)
        raise InvalidInputError("Name the organization for which the person's records are wanted.")
    person = repository.person(person_id)
    is_known = person is not None and person.erased_at is None
    if is_known and organization_id is not None:
        is_known = repository.was_member(person_id, organization_id)
    if not is_known:
        raise NotFoundError(NO_PERSON)


def _is_own(principal: Principal, scope: BundleScope) -> bool:
    return (
        scope.kind is BundleKind.PERSON
        and scope.organization_id is None
        and scope.person_id is not None
        and principal.is_person(scope.person_id)
    )


def _require_open_gate(engine: Engine, principal: Principal, organization_id: UUID | None, now: datetime) -> None:
    """An administrator who exports for an organization she is not of goes through the platform's own gate."""
    belongs = organization_id in principal.organization_ids
    with unit_of_work(engine) as session:
        require_gate(
            session, principal, action=EXPORT_ACTION, organization_id=organization_id if belongs else None, now=now
        )


def _checkpoint(session: Session, signer: LogSigner) -> SignedCheckpoint:
    checkpoint = latest_signed_checkpoint(session)
    if checkpoint is None:
        raise ConflictError("The ledger holds nothing yet, so there is nothing to give evidence of.")
    parse_checkpoint(checkpoint.note, [signer.verifier])
    return checkpoint


def _require_whole_figure(scope: BundleScope, indexes: Sequence[int]) -> None:
    missing = set(scope.leaf_indexes).difference(indexes)
    if missing:
        raise NotFoundError(
            f"Entry {min(missing)} is not in the organization's part of the ledger; {len(missing)} of the figure's "
            "entries cannot be given.",
            details={"leaf_index": min(missing), "missing_count": len(missing)},
        )


def _names_for(
    repository: EvidenceRepository, principal: Principal, scope: BundleScope
) -> Callable[[Collection[UUID]], Mapping[UUID, str]]:
    """Whose names the principal may be told: her own; the members' where she may see them; everybody's."""
    organization_id = scope.organization_id
    if _is_own(principal, scope):
        return lambda ids: repository.names_of_people(
            [found for found in ids if principal.is_person(found)], organization_id=None
        )
    if principal.can(Permission.VIEW_MEMBERS, organization_id):
        return lambda ids: repository.names_of_people(ids, organization_id=organization_id)
    return _no_names


def _no_names(ids: Collection[UUID]) -> Mapping[UUID, str]:
    return {}


@dataclass(frozen=True)
class _Export:
    """An export that is allowed, on its way."""

    engine: Engine
    principal: Principal
    scope: BundleScope
    incident_scope: str | None
    bundle_id: UUID
    now: datetime
    has_names: bool

    def write_contents(self, folder: Path, signer: LogSigner) -> BundleWriter:
        """Entries, records and proofs, from one consistent look at the database."""
        with read_only_session(self.engine) as session:
            checkpoint = _checkpoint(session, signer)
            repository = EvidenceRepository(session)
            writer = BundleWriter(folder, checkpoint)
            selected = read_scope_entries(
                session, self.scope, tree_size=checkpoint.tree_size, incident_scope=self.incident_scope
            )
            # Closed before the session is: a stream that breaks off still holds its connection.
            with closing(selected):
                writer.write_entries(selected)
            _require_whole_figure(self.scope, writer.indexes)
            names = _names_for(repository, self.principal, self.scope) if self.has_names else _no_names
            writer.write_records(RecordContext(repository, names).fill)
            writer.write_proofs(
                lambda indexes, write: write_inclusion_nodes(session, checkpoint.tree_size, indexes, write)
            )
        return writer

    def write_manifest(self, writer: BundleWriter, signer: LogSigner, witness_vkeys: Sequence[str]) -> bytes:
        """What does not come from the database, and last the manifest; returns its SHA-256."""
        writer.write_fixed_files([signer.vkey, *witness_vkeys])
        actor_id = self.principal.actor_id
        told = {
            "bundle_id": str(self.bundle_id),
            "exported_at": instant_text(self.now),
            "requested_by": None if actor_id is None else str(actor_id),
            "scope": self.scope.described(),
        }
        return writer.write_manifest(told, lambda text: sign_note(text, [signer.signer]))

    def record(self, writer: BundleWriter, manifest_sha256: bytes) -> UUID:
        """Put the export into the list and the ledger; returns the event's id."""
        event = EvidenceExported(
            subject_id=self.principal.actor_id,
            organization_id=self.scope.organization_id,
            occurred_at=self.now,
            bundle_id=self.bundle_id,
            bundle_scope=self.scope.kind.value,
            tree_size=writer.checkpoint.tree_size,
            record_count=writer.record_count,
            manifest_sha256=manifest_sha256.hex(),
        )
        row = EvidenceBundle(
            id=self.bundle_id,
            organization_id=self.scope.organization_id,
            requested_by=self.principal.actor_id,
            bundle_scope=self.scope.described(),
            tree_size=writer.checkpoint.tree_size,
            record_count=writer.record_count,
            manifest_sha256=manifest_sha256,
            exported_at=self.now,
            created_at=self.now,
            updated_at=self.now,
        )
        with unit_of_work(self.engine) as session:
            session.add(row)
            session.flush()
            return append_events(session, [event], now=self.now)[0]
