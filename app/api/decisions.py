"""A gate's decision as every endpoint shows it: why, on what evidence, and which lessons come next."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from operational_db.errors import DomainError
from operational_db.gates.desk import desk_of
from operational_db.gates.rules import GateDecision, GateReason
from operational_db.proficiency.training import TrainingGap, training_for_gaps, training_for_scopes
from operational_db.proficiency.views import RequiredTraining
from operational_db.types import GateOutcome

logger = logging.getLogger(__name__)

# Reasons that no lesson helps against.
_WITHOUT_LESSONS = frozenset({GateReason.NO_RULE, GateReason.NOT_A_MEMBER, GateReason.RECORD_UNAVAILABLE})


def next_training(engine: Engine, decision: GateDecision, *, now: datetime) -> RequiredTraining | None:
    """The lessons that would turn a denial into an allow; None where there are none to name."""
    return next_trainings(engine, [decision], now=now)[0]


def next_trainings(
    engine: Engine, decisions: Sequence[GateDecision], *, now: datetime
) -> Sequence[RequiredTraining | None]:
    """As `next_training`, of many decisions with as many queries as for one.

    Whoever was given a decision may know the lessons. They are advice: when they cannot be found out, the decisions
    leave without them.
    """
    trainings: list[RequiredTraining | None] = [None] * len(decisions)
    denied = [place for place, decision in enumerate(decisions) if _has_a_way(decision)]
    if not denied:
        return trainings
    gaps = [TrainingGap.of_decision(decisions[place]) for place in denied]
    try:
        found = _training(engine, gaps, now)
    except (DomainError, SQLAlchemyError) as error:
        logger.warning("gate.next_training_unknown", extra={"error": type(error).__name__})
        return trainings
    for place, training in zip(denied, found, strict=True):
        trainings[place] = training
    return trainings


def _has_a_way(decision: GateDecision) -> bool:
    """Whether lessons could turn the decision: a denial by a rule, of an organization, that training meets."""
    return (
        decision.outcome is not GateOutcome.ALLOW
        and decision.reason not in _WITHOUT_LESSONS
        and decision.organization_id is not None
        and decision.rule_id is not None
    )


def _training(engine: Engine, gaps: Sequence[TrainingGap], now: datetime) -> list[RequiredTraining]:
    if all(gap.is_of_scopes for gap in gaps):
        return desk_of(engine).read(engine, lambda connection: training_for_scopes(connection, gaps, now=now))
    # Each query sees the latest state by itself: an advice needs no transaction, which would cost three more trips.
    with Session(engine.execution_options(isolation_level="AUTOCOMMIT")) as session:
        return training_for_gaps(session, gaps, now=now)


def lesson_documents(training: RequiredTraining | None) -> list[dict[str, Any]]:
    steps: Sequence[Any] = () if training is None else training.lessons
    return [
        {
            "lesson_id": str(step.lesson_id),
            "code": step.code,
            "title": step.title,
            "lesson_type": str(step.lesson_type),
            "minutes": float(step.minutes),
            "for_scope": step.for_scope,
        }
        for step in steps
    ]


def decision_context(decision: GateDecision, training: RequiredTraining | None) -> dict[str, Any]:
    """The context of an AuthZEN decision; ids as text, so that it can be written as JSON at once."""
    reason = {"id": str(decision.reason), "en": decision.text}
    failed = [
        {"id": f"{result.key}:{result.reason}", "en": f"{result.key} {result.level}: {result.reason}"}
        for result in decision.requirements
        if not result.is_met
    ]
    return {
        "id": _text(decision.decision_id),
        "reason_admin": {**reason, "requirements": failed},
        "reason_user": reason,
        "outcome": str(decision.outcome),
        "mode": str(decision.mode),
        "evidence_ids": [str(each) for each in decision.evidence_ids],
        "missing": list(decision.missing),
        "next_lessons": lesson_documents(training),
        "estimated_minutes": 0.0 if training is None else float(training.estimated_minutes),
        "valid_until": None if decision.valid_until is None else decision.valid_until.isoformat(),
        "organization_id": _text(decision.organization_id),
        "rule_id": _text(decision.rule_id),
        "rule_version": decision.rule_version,
        "policy_id": _text(decision.policy_id),
        "runbook_id": _text(decision.runbook_id),
        "lesson_id": _text(decision.lesson_id),
        "waiver_id": _text(decision.waiver_id),
    }


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
