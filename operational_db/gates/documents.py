"""Rules, facts and decisions back from the JSON they are kept as. Pure; writing them is in `rules`."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson

from operational_db.errors import InvalidInputError
from operational_db.gates.rules import EvidenceFact, GateFacts, GateTerms, Requirement, WaiverFact
from operational_db.types import GateMode, ProficiencyLevel

# Documents are JSON: what a key holds is only known once it is read.
Document = Mapping[str, Any]


def requirement_from(document: Document) -> Requirement:
    """A requirement as `gate_rules.requirements` holds it.

    Raises
    ------
    InvalidInputError
        When a name or value is none we know; a misspelt window must not become no window.
    """
    within: Document = document.get("within") or {}
    unknown = (document.keys() - {"scope", "track", "level", "within"}) | (within.keys() - {"months", "days"})
    if unknown:
        raise InvalidInputError(
            f"A requirement has no {', '.join(sorted(unknown))}. Write scope or track, level, within."
        )
    try:
        level = ProficiencyLevel(document["level"])
    except (KeyError, ValueError) as error:
        levels = ", ".join(ProficiencyLevel)
        raise InvalidInputError(f"A requirement names a level, one of {levels}.") from error
    numbers = [within.get("months"), within.get("days")]
    if any(number is not None and type(number) is not int for number in numbers):
        raise InvalidInputError("A window is a whole number of months or days.")
    return Requirement(level, document.get("scope"), document.get("track"), numbers[0], numbers[1])


def requirements_from(documents: Sequence[Document]) -> tuple[Requirement, ...]:
    return tuple(requirement_from(document) for document in documents)


def terms_from(text: str | bytes) -> GateTerms:
    """A rule version from its canonical JSON, as `gate.rule_set` records it."""
    document: Document = orjson.loads(text)
    return GateTerms(
        action=document["action"],
        mode=GateMode(document["mode"]),
        requirements=requirements_from(document["requirements"]),
        effective_from=date.fromisoformat(document["effective_from"]),
        organization_id=_id(document["organization_id"]),
        rule_id=_id(document["rule_id"]),
        version=document["version"],
        policy_id=_id(document["policy_id"]),
        runbook_id=_id(document["runbook_id"]),
        lesson_id=_id(document["lesson_id"]),
    )


def facts_from(text: str | bytes) -> GateFacts:
    """The facts of a decision from their canonical JSON, as `gate.decided` records them."""
    document: Document = orjson.loads(text)
    return GateFacts(
        action=document["action"],
        person_id=UUID(document["person_id"]),
        organization_id=_id(document["organization_id"]),
        is_member=document["is_member"],
        evidence=tuple(_evidence(each) for each in document["evidence"]),
        waivers=tuple(_waiver(each) for each in document["waivers"]),
        resource=document["resource"],
    )


def _evidence(document: Document) -> EvidenceFact:
    return EvidenceFact(
        id=UUID(document["id"]),
        target=document["target"],
        level=ProficiencyLevel(document["level"]),
        achieved_at=_instant(document["achieved_at"]),
        expires_on=_day(document["expires_on"]),
        revoked_from=_day(document["revoked_from"]),
    )


def _waiver(document: Document) -> WaiverFact:
    ended_at = document["ended_at"]
    return WaiverFact(
        id=UUID(document["id"]),
        starts_on=date.fromisoformat(document["starts_on"]),
        ends_on=date.fromisoformat(document["ends_on"]),
        ended_at=None if ended_at is None else _instant(ended_at),
    )


def _id(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
