"""Open Badges 2.0, hosted: Issuer, BadgeClass and Assertion, each at its own address, in the seed's shape. Pure.

Source: training-platform seed 3.2.2.3; Open Badges 2.0. The recipient is a salted hash.
"""

from operational_db.badges.credential import (
    BadgeFacts,
    CertificationFacts,
    class_address,
    criteria_text,
    description_of,
    end_of,
    hashed_identity,
    proof_address,
    recipient_identity,
    start_of,
)
from operational_db.badges.json_ld import JsonObject
from operational_db.badges.keys import ISSUER_NAME, BadgeIssuer
from operational_db.badges.proofs import instant_in_badge

CONTEXT = "https://w3id.org/openbadges/v2"


def issuer_address(issuer: BadgeIssuer) -> str:
    return f"{issuer.api}/issuer"


def assertion_address(issuer: BadgeIssuer, public_id: str) -> str:
    return f"{issuer.api}/{public_id}/assertion"


def issuer_document(issuer: BadgeIssuer) -> JsonObject:
    return {
        "@context": CONTEXT,
        "type": "Issuer",
        "id": issuer_address(issuer),
        "name": ISSUER_NAME,
        "url": issuer.address,
        "description": "Training and certification for the building trades.",
        "verification": {"type": "HostedBadge", "startsWith": f"{issuer.api}/"},
    }


def badge_class(facts: CertificationFacts, issuer: BadgeIssuer) -> JsonObject:
    address = class_address(issuer, facts.certification_id)
    return {
        "@context": CONTEXT,
        "type": "BadgeClass",
        "id": address,
        "name": facts.certification_name,
        "description": description_of(facts),
        "image": f"{address}/image.png",
        "criteria": {"type": "Criteria", "id": f"{address}/criteria", "narrative": criteria_text(facts)},
        "issuer": issuer_address(issuer),
        "tags": [facts.category, facts.trade],
    }


def assertion(facts: BadgeFacts, issuer: BadgeIssuer) -> JsonObject:
    """The award of a badge class to somebody who is named by a hash only."""
    identity, is_email = recipient_identity(facts)
    document: JsonObject = {
        "@context": CONTEXT,
        "type": "Assertion",
        "id": assertion_address(issuer, facts.public_id),
        "recipient": {
            "type": "email" if is_email else "url",
            "identity": hashed_identity(identity, facts.salt),
            "hashed": True,
            "salt": facts.salt,
        },
        "badge": class_address(issuer, facts.certification_id),
        "image": f"{issuer.api}/{facts.public_id}/badge-v2.png",
        "issuedOn": instant_in_badge(start_of(facts.issued_on)),
        "verification": {"type": "HostedBadge"},
    }
    if facts.expires_on is not None:
        document["expires"] = instant_in_badge(end_of(facts.expires_on))
    if facts.event_id is not None:
        document["evidence"] = [
            {
                "type": "Evidence",
                "id": proof_address(issuer, facts.event_id),
                "name": "Entry in the ledger",
                "description": "Inclusion proof of the entry that recorded the certificate.",
            }
        ]
    return document


def revoked_assertion(issuer: BadgeIssuer, public_id: str, *, reason: str) -> JsonObject:
    """What stands in the place of an assertion that no longer holds; served with status 410."""
    return {
        "@context": CONTEXT,
        "type": "Assertion",
        "id": assertion_address(issuer, public_id),
        "revoked": True,
        "revocationReason": reason,
    }
