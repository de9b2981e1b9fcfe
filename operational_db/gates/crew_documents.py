"""Facts of crew checks and rules of crews back from the JSON the ledger keeps them as. Pure."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson

from operational_db.credentials.rules import CertificateFacts
from operational_db.gates.crew import CrewFacts, CrewPerson, CrewTerms, CrewUnit
from operational_db.gates.crew_requirements import requirement_from
from operational_db.types import CrewRuleTarget, EquipmentType, GateMode

# Documents are JSON: what a key holds is only known once it is read.
Document = Mapping[str, Any]


def terms_from_event(body: Document, organization_id: UUID) -> CrewTerms:
    """A rule version as `crew.rule_set` records it."""
    return CrewTerms(
        organization_id=organization_id,
        target=CrewRuleTarget(body["target"]),
        target_key=body["target_key"],
        mode=GateMode(body["mode"]),
        requirement=requirement_from(orjson.loads(body["requirement"])),
        effective_from=date.fromisoformat(body["effective_from"]),
        rule_id=UUID(body["rule_id"]),
        version=body["rule_version"],
    )


def rule_ids_from(text: str | bytes) -> list[UUID]:
    """The rules a recorded check went by."""
    return [UUID(each) for each in orjson.loads(text)["rule_ids"]]


def facts_from(text: str | bytes) -> CrewFacts:
    """The facts of a crew check from their canonical JSON, as `crew.decided` records them."""
    document: Document = orjson.loads(text)
    kinds = [UUID(each) for each in document["certifications"]]
    return CrewFacts(
        organization_id=UUID(document["organization_id"]),
        building_id=UUID(document["building_id"]),
        contractor_id=_id(document["contractor_id"]),
        visit_id=_id(document["visit_id"]),
        work_on=date.fromisoformat(document["work_on"]),
        known_at=datetime.fromisoformat(document["known_at"]).astimezone(UTC),
        is_whole_building=document["is_whole_building"],
        is_crew_named=document["is_crew_named"],
        units=tuple(
            CrewUnit(_id(unit_id or None), _type(group["type"]), _id(group["manufacturer_id"]), group["model"])
            for group in document["units"]
            for unit_id in group["ids"]
        ),
        people=tuple(_person(each, kinds) for each in document["people"]),
    )


def _person(document: Document, kinds: list[UUID]) -> CrewPerson:
    person_id = UUID(document["id"])
    return CrewPerson(
        person_id,
        tuple(
            CertificateFacts(
                certificate_id=UUID(each["id"]),
                person_id=person_id,
                certification_id=kinds[each["kind"]],
                issued_on=date.fromisoformat(each["issued_on"]),
                expires_on=_date(each.get("expires_on")),
                revoked_from=_date(each.get("revoked_from")),
                is_withdrawn=each.get("is_withdrawn", False),
                is_verified=each.get("is_verified", True),
            )
            for each in document["certificates"]
        ),
    )


def _type(text: str | None) -> EquipmentType | None:
    return None if text is None else EquipmentType(text)


def _id(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
