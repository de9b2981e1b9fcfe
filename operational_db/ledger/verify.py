"""Recomputes the whole ledger from its stored columns and names the first thing that does not fit.

Independent of the database's own functions: bytes, hashes, tiles and roots are all made here, and signatures are
checked with keys from outside the database. What only an outside witness of a checkpoint can notice (everything
rewritten and signed anew by whoever holds the key) is beyond it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from operational_db.database import psycopg_connection
from operational_db.errors import LedgerTamperedError
from operational_db.ledger.canonical import entry_bytes
from operational_db.ledger.checkpoints import CheckpointText
from operational_db.ledger.merkle import Frontier, leaf_hash
from operational_db.ledger.notes import Verifier
from operational_db.ledger.verify_tiles import TileWalk

CHUNK = 20_000
STREAMED = {"yield_per": 2_000}


class ProblemKind(StrEnum):
    MISSING_LEAF = "missing_leaf"
    DELETED_EVENT = "deleted_event"
    CHANGED_EVENT = "changed_event"
    EXCHANGED_LEAVES = "exchanged_leaves"
    CHANGED_LEAVES = "changed_leaves"
    CHANGED_CHECKPOINT = "changed_checkpoint"
    MISSING_CHECKPOINT = "missing_checkpoint"
    UNPLACED_EVENT = "unplaced_event"
    WRONG_QUEUE = "wrong_queue"
    WRONG_TILE = "wrong_tile"
    WRONG_SIGNATURE = "wrong_signature"
    MISSING_SIGNATURE = "missing_signature"
    UNKNOWN_KEY = "unknown_key"
    WRONG_COSIGNATURE = "wrong_cosignature"
    FORGOTTEN_CHECKPOINT = "forgotten_checkpoint"


@dataclass(frozen=True)
class LedgerProblem:
    """The first thing that does not fit. `leaf_index` and `event_id` name the entry, where one entry is to blame."""

    kind: ProblemKind
    message: str
    leaf_index: int | None = None
    event_id: UUID | None = None


@dataclass(frozen=True)
class VerifyReport:
    """What was verified: size and root of the newest checkpoint, and the first problem, if there is one."""

    tree_size: int
    root_hash: bytes
    checkpoint_count: int
    pending_count: int
    problem: LedgerProblem | None
    signatures: "SignatureCount | None" = None

    @property
    def is_intact(self) -> bool:
        return self.problem is None

    def require_intact(self) -> None:
        """Raise `LedgerTamperedError` with the problem's message and place, if there is one."""
        if self.problem is not None:
            details = {"leaf_index": self.problem.leaf_index, "event_id": str(self.problem.event_id or "")}
            raise LedgerTamperedError(self.problem.message, details=details)


@dataclass(frozen=True)
class LogTrust:
    """What is known of the log outside its database: its keys, its witnesses' keys, what it signed last."""

    keys: tuple[Verifier, ...]
    witnesses: tuple[Verifier, ...] = ()
    last_signed: CheckpointText | None = None


@dataclass
class SignatureCount:
    """What was verified: signatures of the log, cosignatures; those of witnesses nobody named are ignored."""

    signed_size: int = 0
    own: int = 0
    cosignatures: int = 0
    ignored: int = 0


def verify_ledger(
    engine: Engine, *, trust: LogTrust | None = None, progress: Callable[[int, int], None] | None = None
) -> VerifyReport:
    """Check contiguity, every leaf's hash, every tile, every checkpoint's root, and that no event is left out.

    That each checkpoint's root is made of the same leaves as the next one's is the consistency of the log with every
    checkpoint it ever made. Reads one consistent state in chunks; memory does not grow with the ledger but for 32 bytes
    per 256 entries.

    Parameters
    ----------
    trust
        With it, the signatures on all checkpoints are checked too; without, they are not looked at.
    progress
        Called with leaves verified and leaves in all, once a chunk.
    """
    with engine.connect() as connection:
        connection.execute(text("set transaction isolation level repeatable read, read only"))
        pending_count = int(connection.scalar(text("select count(*) from ledger_pending")) or 0)
        signed_size = connection.scalar(text("select max(tree_size) from ledger_signatures where not is_witness"))
        tiles = TileWalk(connection, signed_size or 0)
        walk = _Walk(_read_checkpoints(connection))
        signatures = None if trust is None else SignatureCount(signed_size or 0)
        problem = (
            _walk_leaves(connection, walk, tiles, progress)
            or walk.finish()
            or _check_queue(connection, walk.size)
            or _check_tiles(tiles)
        )
        if problem is None and trust is not None and signatures is not None:
            problem = _check_signatures(connection, trust, signatures)
        if problem is not None and problem.event_id is None:
            problem = _with_event(connection, _narrowed(problem, tiles))
        checkpoint_count = int(connection.scalar(text("select count(*) from ledger_checkpoints")) or 0)
        last = connection.execute(
            text("select tree_size, root_hash from ledger_checkpoints order by tree_size desc limit 1")
        ).one_or_none()
        connection.rollback()
    return VerifyReport(
        tree_size=last.tree_size if last else 0,
        root_hash=last.root_hash if last else Frontier().root(),
        checkpoint_count=checkpoint_count,
        pending_count=pending_count,
        problem=problem,
        signatures=signatures,
    )


class _StoredCheckpoint(NamedTuple):
    tree_size: int
    root_hash: bytes
    frontier: Sequence[bytes]


class _StoredLeaf(NamedTuple):
    leaf_index: int
    event_id: UUID
    leaf_hash: bytes
    id: UUID | None
    kind: str
    version: int
    subject_id: UUID | None
    organization_id: UUID | None
    occurred_at: datetime | None
    recorded_at: datetime | None
    body: str

    def recomputed_hash(self) -> bytes | None:
        """None when the stored columns cannot even be those of an event."""
        if self.id is None or self.occurred_at is None or self.recorded_at is None:
            return None
        return leaf_hash(
            entry_bytes(
                self.id,
                self.kind,
                self.version,
                self.subject_id,
                self.organization_id,
                self.occurred_at,
                self.recorded_at,
                self.body,
            )
        )


@dataclass
class _Walk:
    """Goes along the leaves in order and stops to compare at each checkpoint."""

    checkpoints: Iterator[_StoredCheckpoint]
    frontier: Frontier = field(default_factory=Frontier)
    _next: _StoredCheckpoint | None = None
    _waiting: list[bytes] = field(default_factory=list)
    _last_id: UUID | None = None
    # A root that did not fit; whether its leaves or the checkpoint itself were changed, only a later root can tell.
    _doubt: LedgerProblem | None = None

    def __post_init__(self) -> None:
        self._next = next(self.checkpoints, None)

    @property
    def size(self) -> int:
        return self.frontier.size + len(self._waiting)

    def add(self, leaf: _StoredLeaf) -> LedgerProblem | None:
        problem = self._check_leaf(leaf)
        if problem is not None:
            return self._doubt or problem
        self._waiting.append(leaf.leaf_hash)
        self._last_id = leaf.event_id
        if self._next is not None and self.size == self._next.tree_size:
            return self._compare(self._next)
        return None

    def finish(self) -> LedgerProblem | None:
        """After the last leaf: every checkpoint was met and every leaf lies under one."""
        if self._doubt is not None:
            return self._doubt
        if self._next is not None:
            expected = max(self._next.tree_size, *(later.tree_size for later in self.checkpoints), 0)
            return LedgerProblem(
                ProblemKind.MISSING_LEAF,
                f"Leaf {self.size} is missing: the last checkpoint covers {expected} leaves, {self.size} are there.",
                leaf_index=self.size,
            )
        if self._waiting:
            return LedgerProblem(
                ProblemKind.MISSING_CHECKPOINT,
                f"Leaf {self.frontier.size} and those after it lie under no checkpoint: one was removed.",
                leaf_index=self.frontier.size,
            )
        return None

    def _check_leaf(self, leaf: _StoredLeaf) -> LedgerProblem | None:
        index = self.size
        if leaf.leaf_index != index:
            return LedgerProblem(
                ProblemKind.MISSING_LEAF,
                f"Leaf {index} is missing; the next one there is {leaf.leaf_index}.",
                leaf_index=index,
            )
        if leaf.id is None:
            return LedgerProblem(
                ProblemKind.DELETED_EVENT,
                f"Leaf {index} names event {leaf.event_id}, which is no longer stored.",
                index,
                leaf.event_id,
            )
        recomputed = leaf.recomputed_hash()
        if recomputed != leaf.leaf_hash:
            found = "no possible entry" if recomputed is None else f"hash {recomputed.hex()}"
            return LedgerProblem(
                ProblemKind.CHANGED_EVENT,
                f"Leaf {index}, event {leaf.event_id} ({leaf.kind}): the stored columns give {found}, the leaf says "
                f"{leaf.leaf_hash.hex()}. The event or its leaf was changed after it was sequenced.",
                index,
                leaf.event_id,
            )
        if self._waiting and self._last_id is not None and leaf.event_id <= self._last_id:
            return LedgerProblem(
                ProblemKind.EXCHANGED_LEAVES,
                f"Leaf {index}, event {leaf.event_id}, stands behind leaf {index - 1}, event {self._last_id}, although "
                "its event is the older one: leaves were exchanged, or the checkpoint between them was removed.",
                index,
                leaf.event_id,
            )
        return None

    def _compare(self, checkpoint: _StoredCheckpoint) -> LedgerProblem | None:
        first = self.frontier.size
        self.frontier = self.frontier.extend(self._waiting)
        self._waiting.clear()
        self._next = next(self.checkpoints, None)
        root = self.frontier.root()
        if root == checkpoint.root_hash and tuple(checkpoint.frontier) == self.frontier.hashes:
            if self._doubt is None:
                return None
            return LedgerProblem(
                ProblemKind.CHANGED_CHECKPOINT, f"{self._doubt.message} Later roots fit: it was changed."
            )
        if self._doubt is None:
            self._doubt = _wrong_root(checkpoint, root, first)
        return None


def _wrong_root(checkpoint: _StoredCheckpoint, root: bytes, first: int) -> LedgerProblem:
    size = checkpoint.tree_size
    if root == checkpoint.root_hash:
        return LedgerProblem(
            ProblemKind.CHANGED_CHECKPOINT, f"Checkpoint {size}: the root fits, the stored frontier does not."
        )
    return LedgerProblem(
        ProblemKind.CHANGED_LEAVES,
        f"Checkpoint {size}: leaves 0 to {size - 1} give root {root.hex()}, the checkpoint says "
        f"{checkpoint.root_hash.hex()}; leaves {first} to {size - 1} or the checkpoint itself were changed.",
    )


# An instant that Python cannot hold (infinity, year 10000) comes as null and counts as changed.
_LEAVES = """
    select
        l.leaf_index, l.event_id, l.leaf_hash, e.id, e.kind, e.version, e.subject_id, e.organization_id,
        case when e.occurred_at >= '0001-01-02Z' and e.occurred_at < '9999-12-31Z' then e.occurred_at end,
        case when e.recorded_at >= '0001-01-02Z' and e.recorded_at < '9999-12-31Z' then e.recorded_at end,
        e.body
    from ledger_leaves as l left join ledger_events as e on e.id = l.event_id
    where l.leaf_index >= %s and l.leaf_index < %s
    order by l.leaf_index
"""


def _read_checkpoints(connection: Connection) -> Iterator[_StoredCheckpoint]:
    rows = connection.execute(
        text("select tree_size, root_hash, frontier from ledger_checkpoints order by tree_size"),
        execution_options=STREAMED,
    )
    for row in rows:
        yield _StoredCheckpoint(row.tree_size, row.root_hash, row.frontier)


def _walk_leaves(
    connection: Connection, walk: _Walk, tiles: TileWalk, progress: Callable[[int, int], None] | None
) -> LedgerProblem | None:
    last_index = connection.scalar(text("select max(leaf_index) from ledger_leaves"))
    total = 0 if last_index is None else int(last_index) + 1
    for chunk in _chunks(connection, total):
        leaves = [_StoredLeaf._make(row) for row in chunk]
        tiles.add([leaf.leaf_hash for leaf in leaves])
        for leaf in leaves:
            problem = walk.add(leaf)
            if problem is not None:
                return problem
        if progress is not None:
            progress(walk.size, total)
    return None


def _chunks(connection: Connection, total: int) -> Iterator[Sequence[tuple[object, ...]]]:
    with psycopg_connection(connection).cursor(binary=True) as cursor:
        for start in range(0, total, CHUNK):
            yield cursor.execute(_LEAVES, [start, start + CHUNK]).fetchall()


def _narrowed(problem: LedgerProblem, tiles: TileWalk) -> LedgerProblem:
    """A root that does not fit tells a range of leaves; the tiles still tell which of them was changed."""
    changed = tiles.first_changed_leaf
    if problem.kind is not ProblemKind.CHANGED_LEAVES or changed is None:
        return problem
    message = f"{problem.message} The tiles still hold the former hash of leaf {changed}."
    return LedgerProblem(problem.kind, message, changed)


def _check_tiles(tiles: TileWalk) -> LedgerProblem | None:
    """All leaves and roots fit by now; so a tile that does not fit is itself to blame."""
    message = tiles.finish()
    return None if message is None else LedgerProblem(ProblemKind.WRONG_TILE, message)


# All checkpoints up to the newest signed one, each with its signatures; and signatures without their checkpoint.
_SIGNATURES = """
    select
        coalesce(c.tree_size, s.tree_size), c.root_hash, s.key_name, s.key_id, s.is_witness, s.signature,
        bool_or(not s.is_witness) over same_size, array_agg(s.key_name) filter (where not s.is_witness) over same_size
    from ledger_checkpoints as c full join ledger_signatures as s on s.tree_size = c.tree_size
    where coalesce(c.tree_size, s.tree_size) <= :signed_size or s.tree_size is not null
    window same_size as (partition by coalesce(c.tree_size, s.tree_size))
    order by 1, s.is_witness, s.created_at
"""


class _StoredSignature(NamedTuple):
    tree_size: int
    root_hash: bytes | None
    key_name: str | None
    key_id: bytes | None
    is_witness: bool | None
    signature: bytes | None
    is_signed: bool | None
    origins: Sequence[str] | None


def _check_signatures(connection: Connection, trust: LogTrust, count: SignatureCount) -> LedgerProblem | None:
    """Every checkpoint up to the newest signed one carries the log's signature, and every line verifies."""
    known = {(key.name, key.key_id): key for key in (*trust.keys, *trust.witnesses)}
    rows = connection.execute(text(_SIGNATURES), {"signed_size": count.signed_size}, execution_options=STREAMED)
    for row in rows:
        problem = _check_signature(_StoredSignature._make(row), known, count)
        if problem is not None:
            return problem
    return _check_last_signed(connection, trust.last_signed)


def _check_signature(
    row: _StoredSignature, known: Mapping[tuple[str, bytes], Verifier], count: SignatureCount
) -> LedgerProblem | None:
    size = row.tree_size
    if row.root_hash is None:
        return LedgerProblem(
            ProblemKind.MISSING_CHECKPOINT, f"The checkpoint at {size} entries was signed and is no longer stored."
        )
    if not row.is_signed or row.key_name is None or row.key_id is None or row.signature is None:
        return LedgerProblem(
            ProblemKind.MISSING_SIGNATURE,
            f"The checkpoint at {size} entries lacks the log's signature, although a later one carries it.",
        )
    key = known.get((row.key_name, row.key_id))
    name = f"{row.key_name}+{row.key_id.hex()}"
    if key is None and row.is_witness:
        count.ignored += 1
        return None
    if key is None:
        return LedgerProblem(
            ProblemKind.UNKNOWN_KEY,
            f"The checkpoint at {size} entries is signed by {name}, which is none of the log's listed keys.",
        )
    # A cosignature is on the text of the origin the log had when it was given.
    texts = [str(CheckpointText(origin, size, row.root_hash)) for origin in dict.fromkeys(row.origins or ())]
    if not row.is_witness:
        texts = [str(CheckpointText(row.key_name, size, row.root_hash))]
    if not any(key.is_signed(signed_text, row.signature) for signed_text in texts):
        kind = ProblemKind.WRONG_COSIGNATURE if row.is_witness else ProblemKind.WRONG_SIGNATURE
        what = "cosignature" if row.is_witness else "signature"
        return LedgerProblem(kind, f"Checkpoint {size}: the {what} of {name} does not verify; it was changed.")
    if row.is_witness:
        count.cosignatures += 1
    else:
        count.own += 1
    return None


def _check_last_signed(connection: Connection, last: CheckpointText | None) -> LedgerProblem | None:
    """What the log signed last, kept outside the database, is still there."""
    if last is None:
        return None
    root = connection.scalar(
        text("select root_hash from ledger_checkpoints where tree_size = :size"), {"size": last.tree_size}
    )
    if root == last.root_hash:
        return None
    return LedgerProblem(
        ProblemKind.FORGOTTEN_CHECKPOINT,
        f"The checkpoint at {last.tree_size} entries with root {last.root_hash.hex()} was signed (it is kept beside "
        "the key) and is not in this database: an older state was put back, or history was rewritten.",
    )


def _check_queue(connection: Connection, leaf_count: int) -> LedgerProblem | None:
    """Every leaf has its event by now; so the numbers agree exactly when no event is outside log and queue."""
    wrong = connection.scalar(
        text("""
            select p.event_id from ledger_pending as p
            where not exists (select from ledger_events as e where e.id = p.event_id)
               or exists (select from ledger_leaves as l where l.event_id = p.event_id)
            order by p.event_id limit 1
        """)
    )
    if wrong is not None:
        return LedgerProblem(
            ProblemKind.WRONG_QUEUE,
            f"The queue names event {wrong}, which is not stored or has its leaf already.",
            event_id=wrong,
        )
    unqueued_count = connection.scalar(
        text("select (select count(*) from ledger_events) - (select count(*) from ledger_pending)")
    )
    if unqueued_count == leaf_count:
        return None
    unplaced = _unplaced_event(connection)
    return LedgerProblem(
        ProblemKind.UNPLACED_EVENT,
        f"Event {unplaced} has neither a leaf nor a place in the queue: leaves and checkpoints were removed, or the "
        "queue's trigger was disabled when it was appended.",
        event_id=unplaced,
    )


def _unplaced_event(connection: Connection) -> UUID | None:
    found: UUID | None = connection.scalar(
        text("""
            select e.id from ledger_events as e
            where not exists (select from ledger_leaves as l where l.event_id = e.id)
              and not exists (select from ledger_pending as p where p.event_id = e.id)
            order by e.id limit 1
        """)
    )
    return found


def _with_event(connection: Connection, problem: LedgerProblem) -> LedgerProblem:
    """A missing leaf names its event by what it left behind: an event without leaf or place in the queue."""
    if problem.kind is not ProblemKind.MISSING_LEAF:
        return problem
    event_id = _unplaced_event(connection)
    if event_id is None:
        return problem
    message = f"{problem.message} Event {event_id} is stored and has no leaf."
    return LedgerProblem(problem.kind, message, problem.leaf_index, event_id)
