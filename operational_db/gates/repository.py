"""Queries on gate rules and on recorded decisions. What a single decision needs is found by `lookup`."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, and_, literal_column, or_, select, text
from sqlalchemy.orm import Session

from operational_db.gates.documents import requirements_from
from operational_db.gates.rules import GateTerms
from operational_db.gates.views import GateRuleView
from operational_db.tables.content import Lesson, Policy, ProtectedFeature, Runbook
from operational_db.tables.gates import GateRule
from operational_db.tables.ledger import LedgerEvent

DECIDED = "gate.decided"
RULE_SET = "gate.rule_set"


def to_terms(rule: GateRule) -> GateTerms:
    return GateTerms(
        rule_id=rule.id,
        organization_id=rule.organization_id,
        action=rule.action,
        version=rule.version,
        mode=rule.mode,
        requirements=requirements_from(rule.requirements),
        effective_from=rule.effective_from,
        policy_id=rule.policy_id,
        runbook_id=rule.runbook_id,
        lesson_id=rule.lesson_id,
    )


class GateRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def lock_action(self, organization_id: UUID | None, action: str) -> None:
        """Until the transaction ends, nobody else sets or ends a rule of this action: versions stay without gaps."""
        key = f"gate-rule/{organization_id or 'platform'}/{action}"
        self.session.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})

    def versions(self, organization_id: UUID | None, action: str) -> Sequence[GateRule]:
        """Every version of this owner's rule on the action, newest first, read afresh."""
        statement = (
            select(GateRule)
            .where(GateRule.organization_id.is_not_distinct_from(organization_id), GateRule.action == action)
            .order_by(GateRule.version.desc())
            .execution_options(populate_existing=True)
        )
        return self.session.scalars(statement).all()

    def rule(self, rule_id: UUID) -> GateRule | None:
        return self.session.get(GateRule, rule_id)

    def rule_in_effect(self, organization_id: UUID | None, action: str, *, on: date) -> GateRule | None:
        """The organization's own rule on that day, else the platform's; of the owner's the highest version."""
        statement = (
            select(GateRule)
            .where(
                GateRule.action == action,
                or_(GateRule.organization_id == organization_id, GateRule.organization_id.is_(None)),
                _is_in_effect(on),
            )
            .order_by(GateRule.organization_id.asc().nulls_last(), GateRule.version.desc())
            .limit(1)
        )
        return self.session.scalar(statement)

    def rules(self, organization_id: UUID | None, *, on: date) -> list[GateRuleView]:
        """Every version of the organization's own rules and of the platform's, by action, newest first."""
        statement = (
            select(GateRule, Policy.code, Runbook.code, Lesson.title)
            .outerjoin(Policy, Policy.id == GateRule.policy_id)
            .outerjoin(Runbook, Runbook.id == GateRule.runbook_id)
            .outerjoin(Lesson, Lesson.id == GateRule.lesson_id)
            .where(or_(GateRule.organization_id == organization_id, GateRule.organization_id.is_(None)))
            .order_by(GateRule.action, GateRule.organization_id.asc().nulls_last(), GateRule.version.desc())
        )
        decided: set[str] = set()
        views = []
        for rule, policy_code, runbook_code, lesson_title in self.session.execute(statement):
            is_open = rule.effective_from <= on and (rule.ended_on is None or rule.ended_on > on)
            is_in_effect = is_open and rule.action not in decided
            if is_in_effect:
                decided.add(rule.action)
            views.append(
                GateRuleView(
                    rule_id=rule.id,
                    terms=to_terms(rule),
                    policy_code=policy_code,
                    runbook_code=runbook_code,
                    lesson_title=lesson_title,
                    ended_on=rule.ended_on,
                    created_by=rule.created_by,
                    created_at=rule.created_at,
                    is_in_effect=is_in_effect,
                )
            )
        return views

    def unusable_references(
        self,
        organization_id: UUID | None,
        *,
        policy_id: UUID | None,
        runbook_id: UUID | None,
        lesson_id: UUID | None,
    ) -> list[str]:
        """Which of policy, runbook and lesson do not exist or belong to another organization."""
        missing = []
        for name, table, record_id in (
            ("policy", Policy, policy_id),
            ("runbook", Runbook, runbook_id),
            ("lesson", Lesson, lesson_id),
        ):
            if record_id is None:
                continue
            statement = select(table.id).where(
                table.id == record_id, or_(table.organization_id.is_(None), table.organization_id == organization_id)
            )
            if self.session.scalar(statement) is None:
                missing.append(name)
        return missing

    def feature_references(self, action: str) -> tuple[UUID | None, UUID | None, UUID | None]:
        """Policy, runbook and lesson of the platform's protected feature of an action, as far as there is one."""
        statement = select(ProtectedFeature).where(
            ProtectedFeature.organization_id.is_(None), ProtectedFeature.action == action
        )
        feature = self.session.scalar(statement)
        return (None, None, None) if feature is None else (feature.policy_id, feature.runbook_id, feature.lesson_id)

    def decided_event(self, decision_id: UUID) -> LedgerEvent | None:
        """The record of a decision; a decision has the id of its entry in the ledger."""
        event = self.session.get(LedgerEvent, decision_id)
        return event if event is not None and event.kind == DECIDED else None

    def decided_events(
        self, *, since: datetime, until: datetime, organization_id: UUID | None = None
    ) -> Iterator[LedgerEvent]:
        """Decisions made in a stretch of time (`until` not included), of one organization or all, oldest first."""
        statement = select(LedgerEvent).where(
            _is_kind(DECIDED), LedgerEvent.occurred_at >= since, LedgerEvent.occurred_at < until
        )
        if organization_id is not None:
            statement = statement.where(LedgerEvent.organization_id == organization_id)
        ordered = statement.order_by(LedgerEvent.occurred_at, LedgerEvent.id)
        yield from self.session.scalars(ordered.execution_options(yield_per=2_000))

    def recorded_rules(self) -> dict[UUID, str]:
        """Canonical JSON of every rule version, as the ledger recorded it, by the rule's id."""
        bodies = map(orjson.loads, self.session.scalars(select(LedgerEvent.body).where(_is_kind(RULE_SET))))
        return {UUID(body["rule_id"]): body["rule"] for body in bodies}


def _is_in_effect(on: date) -> ColumnElement[bool]:
    return and_(GateRule.effective_from <= on, or_(GateRule.ended_on.is_(None), GateRule.ended_on > on))


def _is_kind(kind: str) -> ColumnElement[bool]:
    """Written into the statement, not bound: only so does the planner see that the partial index has these rows."""
    return LedgerEvent.kind == literal_column(f"'{kind}'")
