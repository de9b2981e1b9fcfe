"""An import batch from its start to its report, whatever is imported: shared by the use cases of the importers."""

import logging
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from operational_db.database import unit_of_work
from operational_db.errors import ImportRefusedError
from operational_db.identity.rules import Principal
from operational_db.imports.findings import FileRefusedError, Findings
from operational_db.imports.report import ImportResult, KindCounts, build_report
from operational_db.imports.repository import ImportRepository
from operational_db.ledger.append import append_events
from operational_db.ledger.events import ImportApplied
from operational_db.tables.imports import ImportBatch
from operational_db.types import ImportState

logger = logging.getLogger(__name__)

# Share of formerly imported rows of a kind that may be missing before an import is stopped (D8).
MAX_REMOVAL_SHARE = 0.2


def stop_when_too_much_is_missing(
    counts: dict[str, KindCounts], known_counts: dict[str, int], findings: Findings, max_share: float
) -> None:
    """A file that lost more than the share of what was imported before is rather the wrong file (D8)."""
    reasons = [
        f"{counts[kind].missing:,} of {known:,} {kind} imported before are gone ({counts[kind].missing / known:.0%})."
        for kind, known in known_counts.items()
        if known and kind in counts and counts[kind].missing / known > max_share
    ]
    if reasons:
        raise ImportRefusedError(
            f"Nothing was imported: {' '.join(reasons)} More than {max_share:.0%} looks like a wrong or cut file. "
            "Check it, or raise --max-removal-share.",
            details={"report": build_report(counts, findings, stopped_because=reasons)},
        )


def start_batch(
    session: Session, principal: Principal, *, importer: str, format_: str, source: str, now: datetime
) -> ImportBatch:
    batch = ImportBatch(
        importer=importer,
        format=format_,
        source=source,
        state=ImportState.APPLIED,
        started_at=now,
        finished_at=now,
        started_by=principal.actor_id,
        report={},
    )
    session.add(batch)
    return batch


def finish_batch(session: Session, batch: ImportBatch, report: dict[str, object], *, now: datetime) -> ImportResult:
    """Store the report; the ledger hears of an import that changed something, and a repeated one leaves no news."""
    batch.report = report
    batch.finished_at = now + ImportRepository(session).transaction_time()
    session.flush()
    result = ImportResult(batch.id, batch.state, report)
    if result.total("added") or result.total("changed"):
        event = ImportApplied(
            subject_id=None,
            organization_id=batch.organization_id,
            occurred_at=now,
            import_id=batch.id,
            importer=batch.importer,
            format=batch.format,
            added_count=result.total("added"),
            changed_count=result.total("changed"),
            refused_count=result.total("refused"),
        )
        append_events(session, [event], now=now)
    logger.info("import_applied", extra={"import_id": str(batch.id), "importer": batch.importer})
    return result


def keep_refusal(
    engine: Engine,
    principal: Principal,
    error: ImportRefusedError,
    findings: Findings,
    *,
    importer: str,
    format_: str,
    source: str,
    organization_slug: str | None,
    now: datetime,
) -> None:
    """A refused import changes nothing and leaves its report."""
    if isinstance(error, FileRefusedError):
        for finding in error.findings:
            findings.refuse(finding)
    report = error.details.get("report")
    kept = report if isinstance(report, dict) else build_report({}, findings, stopped_because=[error.message])
    with unit_of_work(engine) as session:
        batch = start_batch(session, principal, importer=importer, format_=format_, source=source, now=now)
        batch.state = ImportState.REFUSED
        if organization_slug is not None:
            organization = ImportRepository(session).organization_by_slug(organization_slug)
            batch.organization_id = organization.id if organization is not None else None
        batch.report = kept
