"""Recognizing the holder of a bearer token in one prepared statement, for endpoints that other products wait for.

The same answer as `service.principal_for_token`, by the same rules; a test holds both against each other.
"""

import hashlib
from datetime import datetime

import psycopg

from operational_db.errors import NotSignedInError
from operational_db.identity.rules import Grant, Principal
from operational_db.prepared import PreparedStatement
from operational_db.types import Role

_HOLDER = PreparedStatement("""
select token.expires_at, token.revoked_at, person.id, person.display_name, person.erased_at,
    membership.organization_id, membership.role
from api_tokens as token
join people as person on person.id = token.person_id
left join memberships as membership on membership.person_id = person.id
    and membership.started_on <= $2::date and (membership.ended_on is null or membership.ended_on > $2::date)
where token.token_sha256 = $1
""")


def principal_at_door(connection: psycopg.Connection, token: str, *, now: datetime) -> Principal:
    """The person a bearer token stands for, with the roles that are open today.

    Raises
    ------
    NotSignedInError
        When the token is unknown, expired or revoked, or its person was erased.
    """
    digest = hashlib.sha256(token.encode()).digest()
    rows = _HOLDER.run(connection, (digest, now.date()))
    if not rows or rows[0][1] is not None or rows[0][0] <= now:
        raise NotSignedInError("The bearer token is unknown, revoked or expired. Mint a new one with `sitesync token`.")
    _, _, person_id, display_name, erased_at, _, _ = rows[0]
    if erased_at is not None:
        raise NotSignedInError("The person this token stood for was erased.")
    grants = frozenset(Grant(row[5], Role(row[6])) for row in rows if row[5] is not None)
    return Principal(person_id=person_id, display_name=display_name, grants=grants)
