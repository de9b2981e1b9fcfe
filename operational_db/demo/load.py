"""Writes the simulated industry into an empty database: one transaction, so that a killed load leaves nothing."""

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Engine, bindparam, select, text, update
from sqlalchemy.orm import Session

from operational_db.badges.keys import BadgeSigner
from operational_db.badges.service import issue_badges
from operational_db.bulk import copy_rows
from operational_db.database import unit_of_work
from operational_db.demo.batch import COLUMNS, DemoDocument
from operational_db.demo.content import install_content
from operational_db.demo.history import first_instant, simulate
from operational_db.demo.mentorship import MatchScorer
from operational_db.demo.pictures import draw_certificate
from operational_db.documents.service import add_document
from operational_db.documents.store import FileStore
from operational_db.errors import ConflictError
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.ledger.append import copy_events
from operational_db.ledger.events import Event
from operational_db.tables.content import LessonVersion
from operational_db.tables.credentials import Certificate, VerificationCase
from operational_db.tables.identity import Organization
from operational_db.types import LessonStatus

Item = TypeVar("Item")
Progress = Callable[[str, int, int], None]
REPORT_EVERY = 20_000
# Two loads at once: the second waits for the first and then finds the database filled.
DEMO_LOCK = 7_311_904


@dataclass(frozen=True)
class DemoReport:
    """What was written: rows of tables and ledger events."""

    row_count: int
    event_count: int


def load_demo(
    engine: Engine,
    *,
    seed: int,
    now: datetime,
    store: FileStore | None = None,
    signer: BadgeSigner | None = None,
    match_scorer: MatchScorer | None = None,
    progress: Progress | None = None,
) -> DemoReport:
    """Simulate and write the industry of `seed` as of `now` (UTC).

    Parameters
    ----------
    store
        Where handed-in documents are kept; without it cases have none.
    signer
        Signs the badges; without it there are none.
    match_scorer
        Scores pairs of mentee and mentor; without it nobody is shown a list of mentors.

    Raises
    ------
    ConflictError
        When the database already holds organizations; nothing is changed then.
    """
    report = progress or (lambda label, done, total: None)
    # Millions of objects that all stay alive: looking for garbage among them takes a third of the time.
    gc.disable()
    try:
        return _load(engine, seed, now, store, signer, match_scorer, report)
    finally:
        gc.enable()


def _load(
    engine: Engine,
    seed: int,
    now: datetime,
    store: FileStore | None,
    signer: BadgeSigner | None,
    match_scorer: MatchScorer | None,
    report: Progress,
) -> DemoReport:
    with unit_of_work(engine) as session:
        session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": DEMO_LOCK})
        if session.scalar(select(Organization.id).limit(1)) is not None:
            raise ConflictError("The database already holds organizations; the demo goes into an empty one only.")
        batch = simulate(seed, now, install_content(session, at=first_instant(now)), report, match_scorer)
        superseded = update(LessonVersion).where(LessonVersion.id.in_(batch.superseded_version_ids))
        session.execute(superseded.values(status=LessonStatus.SUPERSEDED))
        done, total = 0, batch.row_count
        for entity, columns in COLUMNS.items():
            rows = _counted(batch.rows[entity], "Writing records", done, total, report)
            done += copy_rows(session, entity, columns, rows)
        events: Iterable[Event] = _counted(batch.events, "Writing the ledger", 0, len(batch.events), report)
        event_count = copy_events(session, events, now=now, is_simulated=True)
        session.execute(text("analyze"))
        if store is not None:
            _hand_in(session, store, batch.documents, report)
        if signer is not None:
            # Signed last: a badge names the entry of its certificate.
            report("Signing badges", 0, len(batch.badge_certificate_ids))
            issued = issue_badges(session, signer, certificate_ids=batch.badge_certificate_ids, now=now)
            report("Signing badges", len(issued), len(issued))
    return DemoReport(done, event_count)


def _hand_in(session: Session, store: FileStore, documents: Sequence[DemoDocument], report: Progress) -> None:
    """Keep each document and name it in its certificate and case."""
    rows = []
    for index, each in enumerate(documents):
        file_name, content = draw_certificate(each.title, index + 1, each.added_at)
        document = add_document(
            session,
            SYSTEM_PRINCIPAL,
            store,
            person_id=each.person_id,
            file_name=file_name,
            content=content,
            now=each.added_at,
        )
        rows.append({"row_certificate": each.certificate_id, "row_case": each.case_id, "document": document.id})
        report("Keeping documents", index + 1, len(documents))
    if rows:
        for entity, key in ((Certificate, "row_certificate"), (VerificationCase, "row_case")):
            table = entity.__table__
            named = update(table).where(table.c.id == bindparam(key)).values(document_id=bindparam("document"))  # type: ignore[arg-type]
            session.connection().execute(named, rows)


def _counted(items: Sequence[Item], label: str, done: int, total: int, report: Progress) -> Iterator[Item]:
    for index, item in enumerate(items):
        if index % REPORT_EVERY == 0:
            report(label, done + index, total)
        yield item
    report(label, done + len(items), total)
