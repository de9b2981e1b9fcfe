"""The rules every installation starts with: the two examples of the seed and the gates in front of our own actions.

They belong to the platform, hold wherever an organization has no rule of its own, and are only tried out (dry run): an
organization turns its own version on. Source: embedded-training seed, governance and embedded education patterns.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from operational_db.gates.repository import GateRepository, to_terms
from operational_db.gates.rules import Requirement
from operational_db.gates.service import RULE_CHANGE, set_gate_rule
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.proficiency.repository import ProficiencyRepository
from operational_db.proficiency.rules import default_terms
from operational_db.proficiency.service import set_scope_rule
from operational_db.types import GateMode, ProficiencyLevel

DATA_EXPORT = "data-export"
PRODUCTION_CHANGE = "production-change"
EVIDENCE_EXPORT = "evidence-export"

# Before anything a simulated history tells of.
EFFECTIVE_FROM = date(2020, 1, 1)
# N of the micro-lesson gates: so many days after its quiz was passed.
MICRO_LESSON_DAYS = 90


@dataclass(frozen=True)
class ShippedRule:
    action: str
    requirements: tuple[Requirement, ...]


SHIPPED_RULES = (
    # "Data export requires scope=data-export Proficient or higher within 12 months."
    ShippedRule(DATA_EXPORT, (Requirement(ProficiencyLevel.PROFICIENT, scope="data-export", within_months=12),)),
    # "Production change window requires Ops Core Completed + Advanced Proficient within 9 months."
    ShippedRule(
        PRODUCTION_CHANGE,
        (
            Requirement(ProficiencyLevel.COMPLETED, track="operations/core", within_months=9),
            Requirement(ProficiencyLevel.PROFICIENT, track="operations/advanced", within_months=9),
        ),
    ),
    # "Require passing the linked micro-lesson quiz within the last N days."
    ShippedRule(
        EVIDENCE_EXPORT,
        (Requirement(ProficiencyLevel.COMPLETED, scope="evidence-export", within_days=MICRO_LESSON_DAYS),),
    ),
    ShippedRule(
        RULE_CHANGE, (Requirement(ProficiencyLevel.COMPLETED, scope="rule-change", within_days=MICRO_LESSON_DAYS),)
    ),
)
SHIPPED_SCOPES = ("data-export", "pii", "third-party-transfer", "prod-change")


def install_platform_rules(session: Session, *, now: datetime) -> list[str]:
    """Set the rules that are not there yet; said again it changes nothing.

    Policy, runbook and lesson come from the platform's protected feature of the same action. Where that is newer than
    the rule, the rule gets another version.

    Returns
    -------
    The actions and scopes that got a rule.
    """
    installed = [f"scope {scope}" for scope in SHIPPED_SCOPES if _install_scope(session, scope, now)]
    return installed + [rule.action for rule in SHIPPED_RULES if _install_rule(session, rule, now)]


def _install_scope(session: Session, scope: str, now: datetime) -> bool:
    repository = ProficiencyRepository(session)
    repository.lock_scope(None, scope)
    if repository.latest_version(None, scope):
        return False
    terms = default_terms(scope)
    set_scope_rule(session, SYSTEM_PRINCIPAL, organization_id=None, terms=terms, effective_from=EFFECTIVE_FROM, now=now)
    return True


def _install_rule(session: Session, rule: ShippedRule, now: datetime) -> bool:
    repository = GateRepository(session)
    repository.lock_action(None, rule.action)
    policy_id, runbook_id, lesson_id = repository.feature_references(rule.action)
    versions = repository.versions(None, rule.action)
    if versions:
        newest = to_terms(versions[0])
        is_ours = newest.requirements == rule.requirements and versions[0].created_by is None
        is_linked = newest.policy_id is not None or policy_id is None
        if not is_ours or is_linked:
            return False
    set_gate_rule(
        session,
        SYSTEM_PRINCIPAL,
        organization_id=None,
        action=rule.action,
        requirements=rule.requirements,
        mode=GateMode.DRY_RUN if not versions else versions[0].mode,
        policy_id=policy_id,
        runbook_id=runbook_id,
        lesson_id=lesson_id,
        effective_from=EFFECTIVE_FROM,
        now=now,
    )
    return True
