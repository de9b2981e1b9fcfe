"""How a draft is written down: its fields checked, its codes found, its policies and runbooks tied to it."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypedDict
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.content import reading, rules
from operational_db.content.body import LessonBody
from operational_db.content.repository import Coded, ContentRepository
from operational_db.errors import ConflictError, InvalidInputError, NotFoundError
from operational_db.tables.content import Lesson, LessonPolicy, LessonRunbook, LessonVersion, Policy, Runbook


class VersionFields(TypedDict, total=False):
    """What a draft says of itself besides its body; everything may come later, the checklist asks for it."""

    objective: str
    pass_threshold: int
    policy_codes: Sequence[str]
    runbook_codes: Sequence[str]
    scope_tags: Sequence[str]
    locales: Sequence[str]
    expected_outcomes: Sequence[str]
    telemetry_hooks: Sequence[str]
    # Left out: 12, or 6 where a policy taught is critical.
    refresh_months: int
    rollout_plan: str
    fallback: str


def write_draft(
    repository: ContentRepository,
    lesson: Lesson,
    version: LessonVersion,
    body: LessonBody,
    duration_minutes: Decimal,
    fields: VersionFields,
    *,
    now: datetime,
) -> None:
    """Check the fields of a draft and put them into its row; raises InvalidInputError for a number out of range."""
    if not duration_minutes.is_finite() or not 0 < duration_minutes <= 600:
        raise InvalidInputError("A lesson takes between 0 and 600 minutes.")
    threshold = fields.get("pass_threshold")
    if threshold is not None and not 0 <= threshold <= 100:
        raise InvalidInputError("A pass threshold is a percentage from 0 to 100.")
    months = fields.get("refresh_months")
    if months is not None and months <= 0:
        raise InvalidInputError("The refresh comes after at least one month.")
    version.body = reading.stored_body(body)
    version.duration_minutes = duration_minutes
    version.updated_at = now
    for name in ("objective", "pass_threshold", "refresh_months", "rollout_plan", "fallback"):
        if name in fields:
            setattr(version, name, fields[name])
    for name in ("scope_tags", "locales", "expected_outcomes"):
        if name in fields:
            texts: Sequence[str] = fields[name]  # type: ignore[literal-required]
            setattr(version, name, list(dict.fromkeys(text.strip() for text in texts if text.strip())))
    if "telemetry_hooks" in fields:
        version.telemetry_hooks = rules.require_known_hooks(fields["telemetry_hooks"])


def tie_to_policies(
    session: Session, repository: ContentRepository, lesson: Lesson, version: LessonVersion, fields: VersionFields
) -> None:
    """Tie a draft to the policies, in their newest versions, and the runbooks that it names."""
    policies = [coded(repository, Policy, code, lesson.organization_id) for code in fields.get("policy_codes", ())]
    newest = repository.policy_versions([policy.id for policy in policies])
    runbooks = [coded(repository, Runbook, code, lesson.organization_id) for code in fields.get("runbook_codes", ())]
    repository.untie(version.id)
    for policy in {policy.id: policy for policy in policies}.values():
        if not newest[policy.id]:
            raise ConflictError(f"{policy.code} has no version yet. Publish one before a lesson teaches it.")
        taught = newest[policy.id][-1].version
        session.add(LessonPolicy(lesson_version_id=version.id, policy_id=policy.id, policy_version=taught))
    for runbook_id in {runbook.id for runbook in runbooks}:
        session.add(LessonRunbook(lesson_version_id=version.id, runbook_id=runbook_id))
    session.flush()


def set_default_refresh(repository: ContentRepository, version: LessonVersion, fields: VersionFields) -> None:
    """Unless the author said otherwise: 12 months, or 6 where a policy taught is critical."""
    if "refresh_months" not in fields:
        is_critical = any(policy.is_critical for policy, _ in repository.policies_of(version.id))
        version.refresh_months = rules.longest_refresh_months(is_critical=is_critical)


def free_code(
    repository: ContentRepository,
    table: type[Coded],
    code: str,
    organization_id: UUID | None,
) -> str:
    """The code in capitals; raises InvalidInputError for a malformed one and ConflictError for one that is taken."""
    text = required(code, "A code is needed, such as POL-DA-003.").upper()
    if not all(character.isalnum() or character == "-" for character in text) or len(text) > 40:
        raise InvalidInputError("A code has letters, digits and hyphens only, 40 at most.")
    if repository.is_code_taken(table, text, organization_id):
        raise ConflictError(f"{text} stands for something already. Choose another code.")
    return text


def coded(repository: ContentRepository, table: type[Coded], code: str, organization_id: UUID | None) -> Coded:
    """The organization's own record of the code, else the platform's; raises NotFoundError for none."""
    found = repository.by_code(table, code, organization_id)
    if found is None:
        raise NotFoundError(f"There is no {table.__name__.lower()} {code}. Check the code.")
    return found


def required(text: str, message: str) -> str:
    stripped = text.strip()
    if not stripped:
        raise InvalidInputError(message)
    return stripped
