"""What an Open Badges 3.0 credential says about a certificate, before it is signed. Pure.

It names no person: the holder is a hash of her address with a salt, which whoever knows the address can recompute.
Source: Open Badges 3.0, VC Data Model 2.0.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID

from operational_db.badges.json_ld import CREDENTIALS_V2, OPEN_BADGES_V3, JsonObject
from operational_db.badges.keys import ISSUER_NAME, BadgeIssuer
from operational_db.badges.proofs import instant_in_badge
from operational_db.badges.status_list import status_entry


@dataclass(frozen=True, slots=True)
class CertificationFacts:
    """What badges say about the kind of certificate."""

    certification_id: UUID
    certification_name: str
    certification_code: str
    description: str
    issuing_organization: str
    trade: str
    category: str
    training_required: str | None
    experience_required: str | None
    exam_required: bool
    renewal_requirements: str | None
    verification_url: str | None


@dataclass(frozen=True, slots=True)
class BadgeFacts(CertificationFacts):
    """All that badges of either version are made from."""

    badge_id: UUID
    public_id: str
    certificate_id: UUID
    person_id: UUID
    email: str | None
    salt: str
    issued_on: date
    expires_on: date | None
    list_number: int
    status_index: int
    # Event that recorded the certificate in the ledger.
    event_id: UUID | None


def start_of(day: date) -> datetime:
    """The first instant a certificate counts."""
    return datetime.combine(day, time(0, 0), UTC)


def end_of(day: date) -> datetime:
    """The last second of a certificate's last day, which still counts."""
    return datetime.combine(day, time(23, 59, 59), UTC)


def hashed_identity(identity: str, salt: str) -> str:
    """`sha256$` and the hash of the identity followed by the salt (Open Badges 2.0 and 3.0, IdentityHash)."""
    return "sha256$" + hashlib.sha256((identity + salt).encode()).hexdigest()


def recipient_identity(facts: BadgeFacts) -> tuple[str, bool]:
    """What is hashed for the holder, and whether it is an address: without one, her opaque id stands for her."""
    if facts.email is not None:
        return facts.email, True
    return f"urn:uuid:{facts.person_id}", False


def criteria_text(facts: CertificationFacts) -> str:
    """What one must do to earn the certification, as far as the registry says."""
    parts = [facts.training_required, facts.experience_required]
    if facts.exam_required:
        parts.append("An examination must be passed.")
    if facts.renewal_requirements:
        parts.append(f"Renewal: {facts.renewal_requirements}")
    said = [part.strip() for part in parts if part and part.strip()]
    if not said:
        said = [f"Meet the requirements that {facts.issuing_organization} sets for {facts.certification_name}."]
    said.append("The evidence was verified before the badge was issued.")
    return " ".join(said)


def description_of(facts: CertificationFacts) -> str:
    return facts.description.strip() or f"{facts.certification_name}, issued by {facts.issuing_organization}."


def class_address(issuer: BadgeIssuer, certification_id: UUID) -> str:
    return f"{issuer.api}/classes/{certification_id}"


def list_address(issuer: BadgeIssuer, list_number: int, *, is_token: bool) -> str:
    """Each form of a status list has its own address, as its id must be where it is found."""
    return f"{issuer.api}/status/{list_number}" + (".jwt" if is_token else "")


def proof_address(issuer: BadgeIssuer, event_id: UUID) -> str:
    """Where the ledger proves that an event is in it."""
    return f"{issuer.address}/api/v1/ledger/proof/{event_id}"


def credential_address(issuer: BadgeIssuer, public_id: str) -> str:
    return f"{issuer.api}/{public_id}/credential"


def achievement(facts: CertificationFacts, issuer: BadgeIssuer) -> JsonObject:
    """The certification as an Achievement, with its criteria and what it is aligned to in the registry."""
    address = class_address(issuer, facts.certification_id)
    return {
        "id": f"{address}/achievement",
        "type": ["Achievement"],
        "name": facts.certification_name,
        "description": description_of(facts),
        "achievementType": "Certification",
        "humanCode": facts.certification_code,
        "fieldOfStudy": facts.trade,
        "criteria": {"id": f"{address}/criteria", "narrative": criteria_text(facts)},
        "creator": {"id": f"{address}#creator", "type": ["Profile"], "name": facts.issuing_organization},
        "image": {
            "id": f"{address}/image.png",
            "type": "Image",
            "caption": f"Badge of the certification {facts.certification_name}",
        },
        "alignment": [
            {
                "type": ["Alignment"],
                "targetName": facts.certification_name,
                "targetCode": facts.certification_code,
                "targetFramework": f"{facts.issuing_organization} certifications",
                "targetUrl": facts.verification_url or address,
            }
        ],
        "tag": [facts.category, facts.trade],
    }


def open_badge(facts: BadgeFacts, issuer: BadgeIssuer, *, is_token: bool) -> JsonObject:
    """The unsigned `OpenBadgeCredential`; `is_token` when it will be signed as a token, for its own status list."""
    identity, is_email = recipient_identity(facts)
    credential: JsonObject = {
        "@context": [CREDENTIALS_V2, OPEN_BADGES_V3],
        "id": credential_address(issuer, facts.public_id) + (".jwt" if is_token else ""),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": facts.certification_name,
        "description": description_of(facts),
        "image": {"id": f"{issuer.api}/{facts.public_id}/badge.png", "type": "Image"},
        "issuer": {
            "id": issuer.did,
            "type": ["Profile"],
            "name": ISSUER_NAME,
            "url": issuer.address,
        },
        "validFrom": instant_in_badge(start_of(facts.issued_on)),
        "credentialSubject": {
            "id": f"urn:uuid:{facts.badge_id}",
            "type": ["AchievementSubject"],
            "identifier": [
                {
                    "type": "IdentityObject",
                    "hashed": True,
                    "identityHash": hashed_identity(identity, facts.salt),
                    "identityType": "emailAddress" if is_email else "systemId",
                    "salt": facts.salt,
                }
            ],
            "achievement": achievement(facts, issuer),
        },
        "credentialStatus": status_entry(
            list_address(issuer, facts.list_number, is_token=is_token), facts.status_index
        ),
    }
    if facts.expires_on is not None:
        credential["validUntil"] = instant_in_badge(end_of(facts.expires_on))
    if facts.event_id is not None:
        credential["evidence"] = [
            {
                "id": proof_address(issuer, facts.event_id),
                "type": ["Evidence"],
                "name": "Entry in the ledger",
                "description": "Inclusion proof (C2SP tlog-proof) of the entry that recorded the certificate.",
                "genre": "tlog-proof",
            }
        ]
    return credential
