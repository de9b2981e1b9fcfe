"""Gates as pages meet them: ask before a risky action, explain a refusal, and look after an organization's rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine

from app.dashboards.actions import Receipt
from app.dashboards.formats import to_day, to_plural
from operational_db.content.features import feature_of, list_features
from operational_db.content.service import list_lessons
from operational_db.content.views import FeatureView, LessonListItem
from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import GateDeniedError, NotFoundError
from operational_db.gates import service
from operational_db.gates.preview import ImpactPreview, Proposal, preview_rule
from operational_db.gates.rules import GateDecision, GateTerms
from operational_db.gates.shipped import DATA_EXPORT
from operational_db.gates.views import GateRuleView
from operational_db.identity.rules import Principal
from operational_db.proficiency.service import next_required_training
from operational_db.proficiency.views import RequiredTraining
from operational_db.reinforcement.service import Tip, dismiss_tip, tip_for
from operational_db.types import GateMode


@dataclass(frozen=True)
class Standing:
    """Where somebody stands before an action: the gate's answer, nothing of which is recorded, and the way through."""

    decision: GateDecision
    training: RequiredTraining
    feature: FeatureView | None


def standing(
    engine: Engine,
    principal: Principal,
    *,
    action: str,
    organization_id: UUID | None,
    locale: str | None = None,
    now: datetime,
) -> Standing:
    """What the gate would say to the viewer now, with the shortest training and the policy behind it.

    Raises
    ------
    DomainError
        When the database is down.
    """
    with read_only_session(engine) as session:
        decision = service.peek_gate(
            session,
            principal,
            action=action,
            person_id=principal.person_id,
            organization_id=organization_id,
            now=now,
        )
        training = next_required_training(
            session,
            principal,
            action=action,
            person_id=principal.person_id,
            organization_id=organization_id,
            now=now,
        )
        try:
            feature = feature_of(session, action, organization_id, on=now.date(), locale=locale)
        except NotFoundError:
            feature = None
    return Standing(decision, training, feature)


def decide_export(engine: Engine, principal: Principal, *, organization_id: UUID, now: datetime) -> GateDecision:
    """Ask the gate `data-export`, on record before anything leaves; without the database the answer is no."""
    return service.decide_durably(
        engine,
        principal,
        action=DATA_EXPORT,
        person_id=principal.person_id,
        organization_id=organization_id,
        now=now,
    )


def require_export(engine: Engine, principal: Principal, *, organization_id: UUID, now: datetime) -> None:
    """As `decide_export`.

    Raises
    ------
    GateDeniedError
        When the answer is no.
    """
    decision = decide_export(engine, principal, organization_id=organization_id, now=now)
    if not decision.is_allowed:
        raise GateDeniedError(decision.text, details={"action": decision.action, "reason": str(decision.reason)})


def show_tip(
    engine: Engine,
    principal: Principal,
    *,
    action: str,
    organization_id: UUID | None,
    locale: str | None,
    now: datetime,
) -> Tip | None:
    """The tip before an action, whose impression is logged; None once it was dismissed, or when nobody wrote one.

    Raises
    ------
    DomainError
        When the database is down.
    """
    try:
        with unit_of_work(engine) as session:
            return tip_for(session, principal, action=action, organization_id=organization_id, locale=locale, now=now)
    except NotFoundError:
        return None


def put_tip_away(
    engine: Engine, principal: Principal, *, action: str, organization_id: UUID | None, now: datetime
) -> None:
    """Dismiss the tip until it changes; the dismissal is logged.

    Raises
    ------
    DomainError
        When the database is down.
    """
    with unit_of_work(engine) as session:
        dismiss_tip(session, principal, action=action, organization_id=organization_id, now=now)


@dataclass(frozen=True)
class RuleBook:
    """An organization's rules and the platform's, with what a new one may name."""

    rules: Sequence[GateRuleView]
    features: Sequence[FeatureView]
    lessons: Sequence[LessonListItem]


def rule_book(engine: Engine, principal: Principal, *, organization_id: UUID, now: datetime) -> RuleBook:
    """Every version of the rules, and the protected features.

    Raises
    ------
    DomainError
        When the database is down, or the principal may not know.
    """
    with read_only_session(engine) as session:
        return RuleBook(
            service.rules_of(session, principal, organization_id, now=now),
            list_features(session, principal, organization_id=organization_id, on=now.date()),
            list_lessons(session, principal),
        )


def preview(
    engine: Engine, principal: Principal, *, organization_id: UUID, proposed: Proposal, days: int, now: datetime
) -> ImpactPreview:
    """Whom a proposed rule, validity or policy change would newly stop or let pass; nothing is changed.

    Raises
    ------
    DomainError
        When the proposal means nothing, the database is down, or the principal may not know.
    """
    with read_only_session(engine) as session:
        return preview_rule(session, principal, organization_id=organization_id, proposed=proposed, days=days, now=now)


def set_rule(
    engine: Engine, principal: Principal, *, organization_id: UUID, terms: GateTerms, now: datetime
) -> Receipt:
    """Make the proposed terms the organization's next version of the rule, behind the gate `rule-change`.

    Raises
    ------
    GateDeniedError, DomainError
        Nothing was changed then.
    """
    with unit_of_work(engine) as session:
        rule = service.set_gate_rule(
            session,
            principal,
            organization_id=organization_id,
            action=terms.action,
            requirements=terms.requirements,
            mode=terms.mode,
            policy_id=terms.policy_id,
            runbook_id=terms.runbook_id,
            lesson_id=terms.lesson_id,
            effective_from=terms.effective_from,
            now=now,
        )
        version, effective_from = rule.version, rule.effective_from
    how = "blocks" if terms.mode is GateMode.ENFORCE else "is only recorded (dry run)"
    return Receipt(f"Version {version} of the rule on “{terms.action}” {how} from {to_day(effective_from)} on.", now, 2)


def end_rule(engine: Engine, principal: Principal, *, organization_id: UUID, action: str, now: datetime) -> Receipt:
    """End the organization's own rule on an action today, behind the gate `rule-change`; the platform's holds then.

    Raises
    ------
    GateDeniedError, DomainError
        Nothing was changed then.
    """
    with unit_of_work(engine) as session:
        ended = service.end_gate_rule(session, principal, organization_id=organization_id, action=action, now=now)
    return Receipt(
        f"Your rule on “{action}” ended ({to_plural(len(ended), 'version')}); SiteSync's own rule holds now.",
        now,
        len(ended) + 1,
    )
