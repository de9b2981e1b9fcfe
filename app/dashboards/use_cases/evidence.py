"""Evidence as pages hand it out and check it: bundles, former exports, the ledger's state, dropped files."""

import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine

from app.evidence import discard, make_bundle, temporary_target
from operational_db.database import read_only_session
from operational_db.errors import InvalidInputError
from operational_db.evidence.rules import BundleKind, BundleScope
from operational_db.evidence.service import entries_of_organization, list_exports
from operational_db.evidence.verify_bundle import KEYS, verify_bundle
from operational_db.evidence.views import ExportView
from operational_db.identity.rules import Principal
from operational_db.ledger.checkpoints import (
    SignedCheckpoint,
    latest_cosigned_checkpoint,
    latest_signed_checkpoint,
    signed_checkpoint_at,
)
from operational_db.ledger.keys import KeyRecord, list_keys, log_verifiers
from operational_db.ledger.notes import MalformedNoteError, UnverifiedNoteError
from operational_db.ledger.proofs import ProofReader, is_consistent, parse_tlog_proof
from operational_db.ledger.repository import pending_count
from operational_db.ledger.witness_client import parse_witnesses
from operational_db.paging import Page
from operational_db.settings import Settings

# A bundle of five hundred people and two years has some ten megabytes; what unpacks to more than this is none of ours.
LARGEST_UNPACKED = 1024 * 1024 * 1024
MOST_FILES = 20_000


@dataclass(frozen=True)
class MadeBundle:
    """A finished bundle in memory, to be handed out once."""

    file_name: str
    content: bytes
    manifest_sha256: str
    tree_size: int
    record_count: int


def hand_out_bundle(
    engine: Engine, settings: Settings, principal: Principal, *, scope: BundleScope, has_names: bool, now: datetime
) -> MadeBundle:
    """Export a bundle, behind the gate `evidence-export`; nothing of it stays on the server.

    Raises
    ------
    GateDeniedError, DomainError
        Nothing was handed out then.
    """
    target = temporary_target(settings)
    try:
        made = make_bundle(engine, settings, principal, scope, target=target, now=now, has_names=has_names)
        content = made.path.read_bytes()
    finally:
        discard(target)
    return MadeBundle(
        f"sitesync-evidence-{now:%Y%m%d-%H%M}.zip",
        content,
        made.manifest_sha256.hex(),
        made.tree_size,
        made.record_count,
    )


@dataclass(frozen=True)
class FigureScope:
    """What a figure's bundle is about, and how many entries behind it are not the organization's to give."""

    scope: BundleScope
    left_out_count: int


def figure_scope(
    engine: Engine,
    principal: Principal,
    *,
    organization_id: UUID,
    name: str,
    value: str,
    leaf_indexes: Sequence[int],
) -> FigureScope:
    """The entries behind a figure that are in the organization's part of the ledger.

    Raises
    ------
    DomainError
        When the database is down, or the principal may not export there.
    """
    with read_only_session(engine) as session:
        own = entries_of_organization(session, principal, organization_id=organization_id, leaf_indexes=leaf_indexes)
    scope = BundleScope(
        BundleKind.FIGURE, organization_id, figure=name, figure_value=value, leaf_indexes=tuple(sorted(own))
    )
    return FigureScope(scope, len(leaf_indexes) - len(own))


def exports(engine: Engine, principal: Principal, *, organization_id: UUID | None) -> Page[ExportView]:
    """Former exports, the latest first.

    Raises
    ------
    DomainError
        When the database is down, or the principal may not know.
    """
    with read_only_session(engine) as session:
        return list_exports(session, principal, organization_id=organization_id)


@dataclass(frozen=True)
class LedgerState:
    """The published log as it stands."""

    checkpoint: SignedCheckpoint | None
    cosigned: SignedCheckpoint | None
    waiting_count: int
    keys: Sequence[KeyRecord]
    witness_count: int


def ledger_state(engine: Engine, settings: Settings) -> LedgerState:
    """Size, signature, cosignatures and keys.

    Raises
    ------
    DomainError
        When the database is down.
    """
    with read_only_session(engine) as session:
        checkpoint, cosigned = latest_signed_checkpoint(session), latest_cosigned_checkpoint(session)
        waiting = pending_count(session)
    witnesses = parse_witnesses(settings.ledger_witnesses)
    return LedgerState(checkpoint, cosigned, waiting, list_keys(settings), len(witnesses))


@dataclass(frozen=True)
class Check:
    """One check with its outcome: passed, failed, or none (`is_passed` None) that could be made."""

    is_passed: bool | None
    text: str


def check_bundle(settings: Settings, content: bytes) -> list[Check]:
    """Unpack a dropped bundle and run the very checks it ships with, against this installation's own keys.

    Raises
    ------
    InvalidInputError
        When the file is no bundle.
    """
    with tempfile.TemporaryDirectory(prefix="sitesync-verify-") as name:
        folder = _unpack(content, Path(name))
        ours = [verifier.vkey for verifier in log_verifiers(settings)]
        brought = (folder / KEYS).read_text(errors="replace") if (folder / KEYS).is_file() else ""
        # Keys are rotated: an older bundle brings the key of its time.
        known = next((vkey for vkey in ours if vkey in brought), ours[-1] if ours else None)
        report = verify_bundle(folder, known)
    return [_to_check(line) for line in report.lines]


def _to_check(line: str) -> Check:
    outcome, _, text = line.partition(" ")
    return Check({"ok": True, "TAMPERED": False}.get(outcome), text.strip())


def _unpack(content: bytes, folder: Path) -> Path:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > MOST_FILES or sum(member.file_size for member in members) > LARGEST_UNPACKED:
                raise InvalidInputError("This archive unpacks to more than a bundle ever holds. Nothing was read.")
            for member in members:
                if not (folder / member.filename).resolve().is_relative_to(folder.resolve()):
                    raise InvalidInputError("This archive names files outside of its own folder. Nothing was read.")
            archive.extractall(folder)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise InvalidInputError(
            "This file is no zip archive that can be read. Drop the bundle as it was exported."
        ) from error
    manifests = sorted(folder.rglob("manifest.json"), key=lambda path: len(path.parts))
    if not manifests:
        raise InvalidInputError("This archive holds no manifest.json, so it is no evidence bundle.")
    return manifests[0].parent


def check_proof(engine: Engine, settings: Settings, content: bytes) -> list[Check]:
    """Check a `tlog-proof@v1` file: its form, the signature, the entry's inclusion, and that our log continues it.

    Raises
    ------
    InvalidInputError
        When it is no such file.
    DomainError
        When the database is down.
    """
    try:
        text = content.decode()
        proof = parse_tlog_proof(text)
    except (UnicodeDecodeError, MalformedNoteError) as error:
        raise InvalidInputError(f"This file is no proof that can be read. {error}") from error
    size = proof.checkpoint.tree_size
    checks = [Check(True, f"Its form is right: entry {proof.leaf_index:,} under a checkpoint of {size:,} entries.")]
    try:
        parse_tlog_proof(text, log_verifiers(settings))
        checks.append(Check(True, "The checkpoint is signed by this installation's log."))
    except UnverifiedNoteError:
        checks.append(Check(False, "The checkpoint is not signed by this installation's log."))
    with read_only_session(engine) as session:
        newest = latest_signed_checkpoint(session)
        if newest is None or newest.tree_size < size or proof.leaf_index >= size:
            checks.append(Check(False, "The log of this installation has no checkpoint of this size."))
            return checks
        reader = ProofReader(session, newest.tree_size)
        is_included = proof.is_of(reader.leaf_hash(proof.leaf_index))
        is_continued = is_consistent(
            size, proof.checkpoint.root_hash, newest.tree_size, newest.root_hash, reader.consistency(size)
        )
        is_known = signed_checkpoint_at(session, size) is not None
    leads = "leads" if is_included else "does not lead"
    continues = "continues" if is_continued else "does not continue"
    checks.append(Check(is_included, f"The proof {leads} from the entry in our log to the checkpoint's root."))
    checks.append(Check(is_continued, f"The log, now {newest.tree_size:,} entries, {continues} this checkpoint."))
    if not is_known:
        checks.append(Check(None, "No copy of this very checkpoint is kept here."))
    return checks
