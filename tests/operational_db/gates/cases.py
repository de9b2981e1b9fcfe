"""Random cases for gates: a rule, facts and an instant, drawn so that most lie at or beside a boundary."""

import random
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

from operational_db.gates.rules import EvidenceFact, GateFacts, GateTerms, Requirement, WaiverFact
from operational_db.types import GateMode, ProficiencyLevel

TARGETS = (("scope", "data-export"), ("scope", "pii"), ("track", "operations/core"), ("track", "operations/advanced"))
ZONES = (UTC, timezone(timedelta(hours=-11)), timezone(timedelta(hours=5, minutes=45)), timezone(timedelta(hours=14)))
WANTED = (ProficiencyLevel.COMPLETED, ProficiencyLevel.PROFICIENT, ProficiencyLevel.CERTIFIED)

Case = tuple[GateTerms | None, GateFacts, datetime]


def random_case(chance: random.Random) -> Case:
    now = _instant(chance, date(2023, 1, 1) + timedelta(days=chance.randrange(2_200)))
    requirements = _requirements(chance)
    rule = GateTerms(
        action="data-export",
        mode=chance.choice(list(GateMode)),
        requirements=requirements,
        effective_from=date(2020, 1, 1),
        rule_id=_id(chance),
        version=1,
    )
    evidence: list[EvidenceFact] = []
    for _ in range(chance.randrange(5)):
        evidence.append(_evidence(chance, chance.choice(requirements), now, evidence))
    facts = GateFacts(
        action="data-export",
        person_id=_id(chance),
        organization_id=_id(chance),
        is_member=chance.random() < 0.95,
        evidence=tuple(evidence),
        waivers=tuple(_waiver(chance, now) for _ in range(chance.choice((0, 0, 0, 0, 1, 2)))),
        resource=chance.choice((None, "table/7")),
    )
    return (None if chance.random() < 0.02 else rule), facts, now


def _requirements(chance: random.Random) -> tuple[Requirement, ...]:
    made = []
    for kind, name in chance.sample(TARGETS, chance.choice((1, 1, 1, 2, 2, 3))):
        level = chance.choice(WANTED)
        months = chance.choice((1, 3, 6, 9, 12, 13)) if chance.random() < 0.6 else None
        days = chance.choice((1, 14, 90, 365)) if months is None and chance.random() < 0.8 else None
        made.append(
            Requirement(level, name if kind == "scope" else None, name if kind == "track" else None, months, days)
        )
    return tuple(made)


def _evidence(
    chance: random.Random, requirement: Requirement, now: datetime, others: list[EvidenceFact]
) -> EvidenceFact:
    near = timedelta(days=chance.choice((-3, -2, -1, -1, 0, 0, 0, 1, 1, 2, 3, 31)))
    if requirement.within_months is not None and chance.random() < 0.7:
        age = timedelta(days=round(requirement.within_months * 30.44))
    else:
        age = timedelta(days=(requirement.within_days or 180) if chance.random() < 0.7 else chance.randrange(400))
    achieved_at = _instant(chance, (now - age + near).date())
    target = requirement.key if chance.random() < 0.9 else "scope:other"
    if others and chance.random() < 0.35:
        achieved_at, target = others[-1].achieved_at, others[-1].target
    today = now.astimezone(UTC).date()
    return EvidenceFact(
        id=_id(chance),
        target=target,
        level=chance.choice(list(ProficiencyLevel)),
        achieved_at=achieved_at,
        expires_on=today + timedelta(days=chance.choice((-40, -1, 0, 0, 1, 200))) if chance.random() < 0.5 else None,
        revoked_from=today + timedelta(days=chance.choice((-5, 0, 1, 5))) if chance.random() < 0.15 else None,
    )


def _waiver(chance: random.Random, now: datetime) -> WaiverFact:
    today = now.astimezone(UTC).date()
    starts_on = today + timedelta(days=chance.choice((-10, -1, 0, 1)))
    ended_at = now + timedelta(seconds=chance.choice((-60, 0, 60))) if chance.random() < 0.4 else None
    return WaiverFact(_id(chance), starts_on, starts_on + timedelta(days=chance.choice((0, 1, 9, 10))), ended_at)


def _instant(chance: random.Random, day: date) -> datetime:
    seconds = chance.choice((0, 1, 43_200, 86_399, chance.randrange(86_400)))
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=seconds)
    return moment.astimezone(chance.choice(ZONES))


def _id(chance: random.Random) -> UUID:
    return UUID(int=chance.getrandbits(128))
