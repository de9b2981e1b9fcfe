"""Decisions whose record is durable before they are told (D5): looked up, decided and written on connections of their
own, which commit by themselves.

Callers of one process that come at the same time share a look-up and a commit: the first serves those who queued up
behind it. When anything fails between question and durable record, the answer is deny.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import zip_longest
from threading import Event as Signal
from threading import Lock
from typing import TypeVar
from weakref import WeakKeyDictionary

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.exc import SQLAlchemyError

from operational_db.errors import DatabaseUnavailableError
from operational_db.gates.lookup import Asked, Found, look_up
from operational_db.gates.rules import GateDecision, decide, record_unavailable
from operational_db.ledger.append import insert_events
from operational_db.ledger.events import GateDecided
from operational_db.proficiency.rules import utc_day
from operational_db.types import new_id

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

# A product waits no longer than this for an answer; it is then told no.
STATEMENT_TIMEOUT_MS = 5_000
# Decisions that share one commit; what more there is goes with the next.
LARGEST_GROUP = 256
# Groups at work at once: while one waits for its commit, another is looked up. More would leave each with fewer
# decisions to share its two round trips.
GROUPS_AT_ONCE = 2


@dataclass
class _Question:
    asked: Asked
    now: datetime
    # Woken when it is answered, or when its caller is to serve the queue (`is_next`).
    signal: Signal = field(default_factory=Signal)
    decision: GateDecision | None = None
    is_next: bool = False


class Desk:
    """The place of one engine where durable decisions are made."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: list[_Question] = []
        self._serving = 0
        self._idle: list[psycopg.Connection] = []

    def decide(self, engine: Engine, asked: Asked, *, now: datetime) -> GateDecision:
        """One decision, together with those of other threads that wait at the same time."""
        question = _Question(asked, now)
        with self._lock:
            self._waiting.append(question)
            is_serving = self._serving < GROUPS_AT_ONCE
            if is_serving:
                self._serving += 1
        while True:
            if is_serving:
                self._serve(engine)
            if question.decision is not None and not question.is_next:
                return question.decision
            question.signal.wait()
            with self._lock:
                is_serving, question.is_next = question.is_next, False
                question.signal.clear()

    def _serve(self, engine: Engine) -> None:
        """Answer those who wait, as far as they go into one group, and hand over to the first who still does."""
        with self._lock:
            day = utc_day(self._waiting[0].now) if self._waiting else None
            group = [each for each in self._waiting[:LARGEST_GROUP] if utc_day(each.now) == day]
            taken = set(map(id, group))
            self._waiting = [each for each in self._waiting if id(each) not in taken]
        answers: Sequence[GateDecision] = ()
        try:
            answers = self._answer(engine, [(each.asked, each.now) for each in group])
        finally:
            for question, answer in zip_longest(group, answers):
                question.decision = answer or _unavailable(question.asked, question.now)
                question.signal.set()
            with self._lock:
                # Each group that ends wakes another caller: waking one twice would lose a group for good.
                successor = next((each for each in self._waiting if not each.is_next), None)
                if successor is None:
                    self._serving -= 1
                else:
                    successor.is_next = True
                    successor.signal.set()

    def decide_many(self, engine: Engine, asked: Sequence[Asked], *, now: datetime) -> list[GateDecision]:
        """Decisions that become durable together; all are denials when they cannot."""
        return self._answer(engine, [(each, now) for each in asked])

    def _answer(self, engine: Engine, questions: Sequence[tuple[Asked, datetime]]) -> list[GateDecision]:
        if not questions:
            return []
        try:
            for is_last_try in (False, True):
                with self.connection(engine) as connection:
                    try:
                        found = look_up(connection, questions)
                    except psycopg.OperationalError:
                        # A connection that lay idle may have been cut meanwhile; nothing was written yet.
                        if is_last_try or not connection.closed:
                            raise
                        self.close()
                        continue
                    return record_all(connection, found)
        except (psycopg.Error, SQLAlchemyError) as error:
            logger.error("gate.record_unavailable", extra={"count": len(questions), "error": type(error).__name__})
        return [_unavailable(asked, now) for asked, now in questions]

    def read(self, engine: Engine, query: Callable[[psycopg.Connection], Answer]) -> Answer:
        """What a query finds, on one of the desk's connections; asked again once when that one turns out to be dead.

        Raises
        ------
        DatabaseUnavailableError
        """
        for is_last in (False, True):
            try:
                with self.connection(engine) as connection:
                    return query(connection)
            except (psycopg.OperationalError, psycopg.InterfaceError, SQLAlchemyError) as error:
                self.close()
                if is_last:
                    raise DatabaseUnavailableError("The database cannot be reached; try again in a moment.") from error
        raise AssertionError("The last attempt returns or raises.")

    @contextmanager
    def connection(self, engine: Engine) -> Iterator[psycopg.Connection]:
        """A connection that commits by itself, kept open for the next one."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = _connect(engine)
        try:
            yield connection
        finally:
            if connection.closed:
                pass
            elif connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE:
                with self._lock:
                    self._idle.append(connection)
            else:
                connection.close()

    def record(self, engine: Engine, found: Found) -> GateDecision:
        """Decide and record on a connection of its own; for a transaction that is about to be rolled back.

        Raises
        ------
        psycopg.Error, sqlalchemy.exc.SQLAlchemyError
            When the record cannot be written.
        """
        with self.connection(engine) as connection:
            return record_all(connection, [found])[0]

    def close(self) -> None:
        """Close the connections that lie idle; the next decision opens new ones."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()


def record_all(connection: psycopg.Connection, found: Sequence[Found]) -> list[GateDecision]:
    """Decide on what was found and write the records, in the connection's transaction or one of their own."""
    decisions = [replace(decide(each.terms, each.facts, each.now), decision_id=new_id()) for each in found]
    events = [to_event(decision, each) for decision, each in zip(decisions, found, strict=True)]
    recorded_at = max(each.now for each in found)
    insert_events(connection, events, now=recorded_at, ids=[event.decision_id for event in events])
    return decisions


def to_event(decision: GateDecision, found: Found) -> GateDecided:
    """The record of a decision: facts and answer as canonical JSON, so that it can be made again."""
    if decision.decision_id is None:
        raise ValueError("A decision gets its id before it is recorded.")
    return GateDecided(
        subject_id=decision.person_id,
        organization_id=decision.organization_id,
        occurred_at=decision.decided_at,
        decision_id=decision.decision_id,
        rule_id=decision.rule_id,
        rule_version=decision.rule_version,
        action=decision.action,
        resource=decision.resource,
        mode=decision.mode,
        outcome=decision.outcome,
        reason=decision.reason,
        evidence_ids=",".join([str(each) for each in decision.evidence_ids]),
        facts=found.facts.canonical(),
        decision=decision.canonical().decode(),
    )


def _unavailable(asked: Asked, now: datetime) -> GateDecision:
    return record_unavailable(
        action=asked.action,
        person_id=asked.person_id,
        organization_id=asked.organization_id,
        resource=asked.resource,
        now=now,
    )


def _connect(engine: Engine) -> psycopg.Connection:
    """A connection as the engine makes them, but not the pool's: it commits by itself and needs no check before use."""
    fairy = engine.raw_connection()
    connection = fairy.driver_connection
    fairy.detach()
    if not isinstance(connection, psycopg.Connection):
        raise TypeError(f"psycopg is our driver, not {type(connection).__name__}.")
    connection.autocommit = True
    connection.execute(f"set statement_timeout = {STATEMENT_TIMEOUT_MS}")
    connection.execute("set plan_cache_mode = force_generic_plan")
    return connection


_desks: WeakKeyDictionary[Engine, Desk] = WeakKeyDictionary()
_desks_lock = Lock()


def desk_of(engine: Engine) -> Desk:
    """The one desk of an engine; it closes its connections when the engine is disposed of."""
    desk = _desks.get(engine)
    if desk is None:
        with _desks_lock:
            desk = _desks.get(engine)
            if desk is None:
                desk = Desk()
                event.listen(engine, "engine_disposed", lambda _engine, desk=desk: desk.close())
                _desks[engine] = desk
    return desk
