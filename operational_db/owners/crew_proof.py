"""The proof of a crew check as a file: its ledger entry with those of the certificates that carry it, and the proofs.

Made like an evidence bundle and checked by the same program; it holds nothing the asker was not told. Source:
embedded-training seed, auditor reporting; C2SP tlog-proof.
"""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import orjson
from sqlalchemy import Engine, cast, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from operational_db.database import read_only_session
from operational_db.errors import ConflictError
from operational_db.evidence.context import RecordContext
from operational_db.evidence.inclusion import write_inclusion_nodes
from operational_db.evidence.repository import EvidenceRepository, LoggedEntry
from operational_db.evidence.writer import BundleWriter
from operational_db.gates import crew_audit
from operational_db.gates.crew_documents import facts_from, rule_ids_from
from operational_db.identity.rules import Principal
from operational_db.ledger.canonical import entry_bytes, instant_text
from operational_db.ledger.checkpoints import latest_signed_checkpoint, parse_checkpoint
from operational_db.ledger.keys import LogSigner
from operational_db.ledger.notes import sign_note
from operational_db.ledger.seal import seal
from operational_db.owners.crew import decision_of, visible_decision
from operational_db.owners.views import CrewAnswer
from operational_db.tables.ledger import LedgerEvent, LedgerLeaf
from operational_db.types import new_id

ANSWER = "answer.json"
# Entries that say of a certificate that it was earned, checked, or lost.
CERTIFICATE_KINDS = (
    "certificate.issued",
    "certificate.renewed",
    "certificate.verified",
    "certificate.revoked",
    "certificate.withdrawn",
)


def proof_of(
    engine: Engine,
    principal: Principal,
    *,
    decision_id: UUID,
    signer: LogSigner,
    now: datetime,
    witness_vkeys: Sequence[str] = (),
) -> bytes:
    """The proof of a recorded check as a zip file, sealed up to now; for the owner's people and whoever asked.

    It holds the entries of the decision, of the rules it went by and of the certificates that carry it as they were at
    the time, a proof of each, the signed checkpoint, the answer in words, a manifest and the program that checks it.

    Raises
    ------
    NotFoundError
        When there is no such check, or none the principal may see.
    LedgerTamperedError
        When what is stored is no longer what was sealed; no proof is made then.
    """
    with read_only_session(engine) as session:
        visible_decision(session, principal, decision_id)
    seal(engine, signer, now=now, wait=True)
    folder = Path(tempfile.mkdtemp(prefix="crew-proof-"))
    try:
        contents, packed = folder / "contents", folder / "proof.zip"
        contents.mkdir()
        with read_only_session(engine) as session:
            event = visible_decision(session, principal, decision_id)
            checkpoint = latest_signed_checkpoint(session)
            if checkpoint is None:
                raise ConflictError("The ledger is not sealed yet. Try again in a moment.")
            parse_checkpoint(checkpoint.note, [signer.verifier])
            writer = BundleWriter(contents, checkpoint)
            writer.write_entries(_entries(session, event, checkpoint.tree_size))
            repository = EvidenceRepository(session)
            writer.write_records(RecordContext(repository, lambda _ids: {}).fill)
            writer.write_proofs(
                lambda indexes, write: write_inclusion_nodes(session, checkpoint.tree_size, indexes, write)
            )
            answer = decision_of(session, principal, decision_id=decision_id)
        (contents / ANSWER).write_bytes(orjson.dumps(_document(answer), option=orjson.OPT_INDENT_2) + b"\n")
        writer.write_fixed_files([signer.vkey, *witness_vkeys])
        told = {
            "bundle_id": str(new_id()),
            "exported_at": instant_text(now),
            "requested_by": None if principal.actor_id is None else str(principal.actor_id),
            "scope": {"kind": "crew_check", "decision_id": str(decision_id)},
        }
        writer.write_manifest(told, lambda text: sign_note(text, [signer.signer]))
        writer.pack(packed, now=now)
        return packed.read_bytes()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _entries(session: Session, event: LedgerEvent, tree_size: int) -> Iterator[LoggedEntry]:
    """The decision, its rules, and the certificates on record with it, by index; nothing that came after it."""
    body = orjson.loads(event.body)
    facts = facts_from(body["facts"])
    certificate_ids = {str(each.certificate_id) for person in facts.people for each in person.certificates}
    rule_ids = {str(each) for each in rule_ids_from(body["facts"])}
    people = {person.id for person in facts.people}
    content = cast(LedgerEvent.body, JSONB)
    is_rule = crew_audit.is_kind(crew_audit.RULE_SET) & content["rule_id"].astext.in_(rule_ids)
    is_certificate = (
        LedgerEvent.subject_id.in_(people)
        & LedgerEvent.kind.in_(CERTIFICATE_KINDS)
        & content["certificate_id"].astext.in_(certificate_ids)
        & (LedgerEvent.recorded_at <= event.recorded_at)
    )
    statement = (
        select(LedgerLeaf, LedgerEvent)
        .join(LedgerEvent, LedgerEvent.id == LedgerLeaf.event_id)
        .where(LedgerLeaf.leaf_index < tree_size, or_(LedgerEvent.id == event.id, is_rule, is_certificate))
        .order_by(LedgerLeaf.leaf_index)
    )
    for leaf, found in session.execute(statement):
        entry = entry_bytes(
            found.id,
            found.kind,
            found.version,
            found.subject_id,
            found.organization_id,
            found.occurred_at,
            found.recorded_at,
            found.body,
        )
        yield LoggedEntry(leaf.leaf_index, entry, leaf.leaf_hash)


def _document(answer: CrewAnswer) -> dict[str, object]:
    """The answer in words, as it was told to the owner."""
    decision = answer.decision
    return {
        "decision_id": str(answer.decision_id),
        "is_qualified": answer.is_qualified,
        "reason": str(answer.reason),
        "text": answer.text,
        "building_id": str(decision.building_id),
        "building": answer.building_name,
        "work_on": decision.work_on.isoformat(),
        "decided_at": instant_text(decision.decided_at),
        "valid_until": None if decision.valid_until is None else decision.valid_until.isoformat(),
        "units": [
            {
                "unit_id": None if unit.equipment_id is None else str(unit.equipment_id),
                "name": unit.name,
                "is_qualified": unit.is_qualified,
                "reason": str(unit.reason),
                "missing": list(unit.missing),
            }
            for unit in answer.units
        ],
        "certificates": [
            {
                "certificate_id": str(each.certificate_id),
                "person_id": str(each.person_id),
                "certification": f"{each.certification_code}: {each.certification_name}",
                "issued_by": each.issuing_organization,
                "last_day": None if each.expires_on is None else each.expires_on.isoformat(),
            }
            for each in answer.certificates
        ],
        "missing": [gap.text for gap in answer.gaps],
    }
