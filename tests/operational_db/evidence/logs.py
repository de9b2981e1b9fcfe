"""A small log in memory and bundles of some of its entries, for tests that need no database.

Roots are computed here by RFC 6962's definition, recursively, and share no code with what is tested.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from operational_db.evidence.repository import LoggedEntry
from operational_db.evidence.verify_bundle import Record
from operational_db.evidence.writer import BundleWriter
from operational_db.ledger.canonical import body_text, entry_bytes
from operational_db.ledger.checkpoints import CheckpointText, SignedCheckpoint
from operational_db.ledger.events import Event, GateDecided, LessonAttemptGraded, ModuleCompleted, ProficiencyReached
from operational_db.ledger.notes import NoteSigner, SignedNote, sign_note
from operational_db.types import (
    GateMode,
    GateOutcome,
    LessonTrigger,
    LessonType,
    Persona,
    ProficiencyLevel,
    new_id,
)

ORIGIN = "tests.example/ledger"
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def create_signer(name: str = ORIGIN) -> NoteSigner:
    return NoteSigner(name, Ed25519PrivateKey.generate())


def create_attempt(person_id: UUID, *, score: str = "85.5", number: int = 1, at: datetime = AT) -> LessonAttemptGraded:
    return LessonAttemptGraded(
        subject_id=person_id,
        organization_id=new_id(),
        occurred_at=at,
        attempt_id=new_id(),
        lesson_id=new_id(),
        lesson_version="1.2.0",
        lesson_type=LessonType.MICRO_LESSON,
        persona=Persona.ENGINEER,
        track_id=new_id(),
        attempt_number=number,
        score=Decimal(score),
        passed=True,
        seconds_taken=95,
        trigger=LessonTrigger.GATE,
        scope_tags="data-export,pii",
        policy_ids=f"{new_id()}",
        runbook_ids=f"{new_id()}",
    )


def create_reached(attempt: LessonAttemptGraded) -> ProficiencyReached:
    return ProficiencyReached(
        subject_id=attempt.subject_id,
        organization_id=attempt.organization_id,
        occurred_at=attempt.occurred_at,
        evidence_id=new_id(),
        scope="data-export",
        track_id=None,
        persona=attempt.persona,
        level=ProficiencyLevel.CERTIFIED,
        lesson_id=attempt.lesson_id,
        lesson_version=attempt.lesson_version,
        attempt_id=attempt.attempt_id,
        attempt_number=attempt.attempt_number,
        score=attempt.score,
        expires_on=date(2027, 11, 2),
    )


def create_decision(person_id: UUID) -> GateDecided:
    return GateDecided(
        subject_id=person_id,
        organization_id=new_id(),
        occurred_at=AT,
        decision_id=new_id(),
        rule_id=new_id(),
        rule_version=3,
        action="data-export",
        resource=None,
        mode=GateMode.ENFORCE,
        outcome=GateOutcome.ALLOW,
        reason="requirements_met",
        evidence_ids=f"{new_id()},{new_id()}",
        facts='{"a":"\\u0001"}',
        decision="{}",
    )


def create_entries(count: int) -> list[bytes]:
    """Entries of several kinds, canonical as the ledger holds them."""
    events: list[Event] = []
    while len(events) < count:
        attempt = create_attempt(new_id(), number=len(events) + 1, at=AT + timedelta(minutes=len(events)))
        completed = ModuleCompleted(
            subject_id=new_id(),
            organization_id=None,
            occurred_at=AT,
            enrollment_id=new_id(),
            course_id=new_id(),
            module_id=new_id(),
            time_spent_minutes=None,
        )
        events += [attempt, create_reached(attempt), create_decision(new_id()), completed]
    return [to_entry(event) for event in events[:count]]


def to_entry(event: Event) -> bytes:
    return entry_bytes(
        new_id(),
        event.kind,
        event.version,
        event.subject_id,
        event.organization_id,
        event.occurred_at,
        AT,
        body_text(event),
    )


def root_of(leaves: Sequence[bytes]) -> bytes:
    """MTH of leaf hashes, by the definition in RFC 6962 section 2.1."""
    if len(leaves) == 1:
        return leaves[0]
    cut = 1
    while cut * 2 < len(leaves):
        cut *= 2
    return sha256(b"\x01" + root_of(leaves[:cut]) + root_of(leaves[cut:])).digest()


def hash_leaf(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def nodes_of(leaves: Sequence[bytes], wanted: frozenset[int], write: Callable[[bytes], object], start: int = 0) -> None:
    """The hashes of the subtrees without a wanted leaf, left to right."""
    if not any(start <= index < start + len(leaves) for index in wanted):
        write(root_of(leaves))
    elif len(leaves) > 1:
        cut = 1
        while cut * 2 < len(leaves):
            cut *= 2
        nodes_of(leaves[:cut], wanted, write, start)
        nodes_of(leaves[cut:], wanted, write, start + cut)


@dataclass(frozen=True)
class MadeBundle:
    folder: Path
    signer: NoteSigner
    indexes: tuple[int, ...]

    @property
    def vkey(self) -> str:
        return self.signer.verifier.vkey


def sign_checkpoint(
    entries: Sequence[bytes], signers: Sequence[NoteSigner], witness: NoteSigner | None = None
) -> bytes:
    text = str(CheckpointText(signers[0].name, len(entries), root_of([hash_leaf(entry) for entry in entries])))
    lines = [signer.sign(text) for signer in signers]
    if witness is not None:
        lines.append(witness.cosign(text, int(AT.timestamp())))
    return SignedNote(text, tuple(lines)).to_bytes()


def write_bundle(
    folder: Path,
    entries: Sequence[bytes],
    indexes: Sequence[int],
    *,
    signer: NoteSigner | None = None,
    witness: NoteSigner | None = None,
) -> MadeBundle:
    """An unpacked bundle of the entries at `indexes`, made by the product's writer."""
    signer = signer or create_signer()
    leaves = [hash_leaf(entry) for entry in entries]
    note = sign_checkpoint(entries, [signer], witness)
    checkpoint = SignedCheckpoint(signer.name, len(entries), root_of(leaves), note, AT, ())
    folder.mkdir(parents=True)
    writer = BundleWriter(folder, checkpoint)
    writer.write_entries(LoggedEntry(index, entries[index], leaves[index]) for index in indexes)
    writer.write_records(_fill)
    writer.write_proofs(lambda wanted, write: nodes_of(leaves, frozenset(wanted), write))
    writer.write_fixed_files([signer.verifier.vkey, *([witness.cosigning_verifier.vkey] if witness else [])])
    writer.write_manifest({"bundle_id": str(new_id())}, lambda text: sign_note(text, [signer]))
    return MadeBundle(folder, signer, tuple(indexes))


def _fill(records: Sequence[Record]) -> None:
    for record in records:
        record.update(
            user_name='=Ada "A.", Ünal\nLine',
            module_name="Lesson",
            track_name=None,
            policy_codes=None,
            runbook_codes="",
        )
