"""Recomputes the whole ledger from its stored columns and names the first entry that does not fit.

Independent of the database's own functions: bytes, hashes and roots are all made here. What only an outside witness of
a checkpoint can notice (leaves, hashes and every later checkpoint rewritten together) is beyond it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from operational_db.database import psycopg_connection
from operational_db.errors import LedgerTamperedError
from operational_db.ledger.canonical import entry_bytes
from operational_db.ledger.merkle import Frontier, leaf_hash

CHUNK = 20_000


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

    @property
    def is_intact(self) -> bool:
        return self.problem is None

    def require_intact(self) -> None:
        """Raise `LedgerTamperedError` with the problem's message and place, if there is one."""
        if self.problem is not None:
            details = {"leaf_index": self.problem.leaf_index, "event_id": str(self.problem.event_id or "")}
            raise LedgerTamperedError(self.problem.message, details=details)


def verify_ledger(engine: Engine, *, progress: Callable[[int, int], None] | None = None) -> VerifyReport:
    """Check contiguity, every leaf's hash, every checkpoint's root, and that no event is outside log and queue.

    Reads one consistent state in chunks; memory does not grow with the ledger.

    Parameters
    ----------
    progress
        Called with leaves verified and leaves in all, once a chunk.
    """
    with engine.connect() as connection:
        connection.execute(text("set transaction isolation level repeatable read, read only"))
        checkpoints = _read_checkpoints(connection)
        pending_count = int(connection.scalar(text("select count(*) from ledger_pending")) or 0)
        walk = _Walk(checkpoints)
        problem = _walk_leaves(connection, walk, progress) or walk.finish() or _check_queue(connection, walk.size)
        if problem is not None and problem.event_id is None:
            problem = _with_event(connection, problem)
        connection.rollback()
    last = checkpoints[-1] if checkpoints else None
    return VerifyReport(
        tree_size=last.tree_size if last else 0,
        root_hash=last.root_hash if last else Frontier().root(),
        checkpoint_count=len(checkpoints),
        pending_count=pending_count,
        problem=problem,
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

    checkpoints: Sequence[_StoredCheckpoint]
    frontier: Frontier = field(default_factory=Frontier)
    _next_checkpoint: int = 0
    _waiting: list[bytes] = field(default_factory=list)
    _last_id: UUID | None = None
    # A root that did not fit; whether its leaves or the checkpoint itself were changed, only a later root can tell.
    _doubt: LedgerProblem | None = None

    @property
    def size(self) -> int:
        return self.frontier.size + len(self._waiting)

    def add(self, leaf: _StoredLeaf) -> LedgerProblem | None:
        problem = self._check_leaf(leaf)
        if problem is not None:
            return self._doubt or problem
        self._waiting.append(leaf.leaf_hash)
        self._last_id = leaf.event_id
        is_at_checkpoint = (
            self._next_checkpoint < len(self.checkpoints)
            and self.size == self.checkpoints[self._next_checkpoint].tree_size
        )
        return self._compare() if is_at_checkpoint else None

    def finish(self) -> LedgerProblem | None:
        """After the last leaf: every checkpoint was met and every leaf lies under one."""
        if self._doubt is not None:
            return self._doubt
        if self._next_checkpoint < len(self.checkpoints):
            expected = self.checkpoints[-1].tree_size
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

    def _compare(self) -> LedgerProblem | None:
        first = self.frontier.size
        checkpoint = self.checkpoints[self._next_checkpoint]
        self.frontier = self.frontier.extend(self._waiting)
        self._waiting.clear()
        self._next_checkpoint += 1
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


def _read_checkpoints(connection: Connection) -> list[_StoredCheckpoint]:
    rows = connection.execute(text("select tree_size, root_hash, frontier from ledger_checkpoints order by tree_size"))
    return [_StoredCheckpoint(row.tree_size, row.root_hash, row.frontier) for row in rows]


def _walk_leaves(
    connection: Connection, walk: _Walk, progress: Callable[[int, int], None] | None
) -> LedgerProblem | None:
    last_index = connection.scalar(text("select max(leaf_index) from ledger_leaves"))
    total = 0 if last_index is None else int(last_index) + 1
    for chunk in _chunks(connection, total):
        for row in chunk:
            problem = walk.add(_StoredLeaf._make(row))
            if problem is not None:
                return problem
        if progress is not None:
            progress(walk.size, total)
    return None


def _chunks(connection: Connection, total: int) -> Iterator[Sequence[tuple[object, ...]]]:
    with psycopg_connection(connection).cursor(binary=True) as cursor:
        for start in range(0, total, CHUNK):
            yield cursor.execute(_LEAVES, [start, start + CHUNK]).fetchall()


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
