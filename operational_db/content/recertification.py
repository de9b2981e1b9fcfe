"""What a changed policy does to what people proved: from the day it takes effect, knowing the former one is not enough.

Only changes of scope or controls do that (seed, Change management). The day is the policy's, not the lesson's: until
then former evidence counts; from then on only that of a lesson version that teaches the policy as it then is.
"""

from collections import defaultdict
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.content import rules
from operational_db.content.repository import ContentRepository
from operational_db.content.rules import PolicyChange
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.proficiency.rules import SUPERSEDED_REASON
from operational_db.proficiency.service import revoke_evidence
from operational_db.tables.content import PolicyVersion


def to_change(version: PolicyVersion) -> PolicyChange:
    return PolicyChange(
        version=version.version,
        changes_scope=version.changes_scope,
        changes_controls=version.changes_controls,
        effective_on=version.effective_on,
    )


def outdated_from(repository: ContentRepository, version_id: UUID) -> date | None:
    """First day on which evidence of this lesson version no longer counts, because a policy it teaches changed."""
    taught = repository.policies_of(version_id)
    versions = repository.policy_versions([policy.id for policy, _ in taught])
    days = [
        day
        for policy, known in taught
        if (day := rules.pending_recertification(known, [to_change(v) for v in versions[policy.id]])) is not None
    ]
    return min(days, default=None)


def recertify_from(repository: ContentRepository, former_version_id: UUID, taught: dict[UUID, str]) -> date | None:
    """First day on which a former version's evidence gives way to a new version that teaches these policies."""
    days = []
    for policy, known in repository.policies_of(former_version_id):
        if policy.id not in taught:
            continue
        changes = [
            to_change(version)
            for version in repository.policy_versions([policy.id])[policy.id]
            if rules.version_key(version.version) <= rules.version_key(taught[policy.id])
        ]
        day = rules.pending_recertification(known, changes)
        if day is not None:
            days.append(day)
    return min(days, default=None)


def end_outdated_evidence(session: Session, *, policy_id: UUID, change: PolicyChange, now: datetime) -> int:
    """Let evidence of lesson versions that teach the policy as it was end on the day the change takes effect.

    Returns
    -------
    How many pieces of evidence end.
    """
    if not change.needs_recertification:
        return 0
    repository = ContentRepository(session)
    outdated: dict[UUID, list[str]] = defaultdict(list)
    for lesson_id, lesson_version, taught in repository.versions_teaching(policy_id):
        if rules.version_key(taught) < rules.version_key(change.version):
            outdated[lesson_id].append(lesson_version)
    ended: set[UUID] = set()
    for lesson_id, lesson_versions in outdated.items():
        for evidence in repository.counting_evidence(lesson_id, lesson_versions, beyond=change.effective_on):
            # What the same result proved ended with a piece before it.
            if evidence.revoked_from is None or evidence.revoked_from > change.effective_on:
                _end(session, evidence.id, change.effective_on, now=now)
            ended.add(evidence.id)
    return len(ended)


def end_evidence_on(session: Session, evidence_ids: list[UUID], day: date, *, now: datetime) -> None:
    """Let evidence that was just recorded end on a day that is known already."""
    for evidence_id in evidence_ids:
        _end(session, evidence_id, day, now=now)


def _end(session: Session, evidence_id: UUID, day: date, *, now: datetime) -> None:
    revoke_evidence(
        session, SYSTEM_PRINCIPAL, evidence_id=evidence_id, revoked_from=day, reason=SUPERSEDED_REASON, now=now
    )
