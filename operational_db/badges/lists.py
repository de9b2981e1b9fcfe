"""Publishing the status lists: each is signed anew as soon as what it says is no longer so.

Whether that is the case is asked of the database each time, never remembered by a process: every server and every
command sees the same revocation at once, and a revocation that begins on a later day shows on that day.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from operational_db.badges.credential import list_address
from operational_db.badges.json_ld import JsonObject
from operational_db.badges.keys import BadgeSigner
from operational_db.badges.proofs import sign_document
from operational_db.badges.repository import BadgesRepository
from operational_db.badges.status_list import decode_bits, list_credential, make_bits
from operational_db.badges.tokens import sign_token
from operational_db.errors import NotFoundError
from operational_db.tables.badges import StatusList


@dataclass(frozen=True, slots=True)
class PublishedList:
    """A status list as it is served, in both forms."""

    list_number: int
    credential: str
    credential_jwt: str
    built_at: datetime


def published_list(session: Session, signer: BadgeSigner, *, list_number: int, now: datetime) -> PublishedList:
    """The list as of now; what was published before is given out as long as it says the same.

    Raises
    ------
    NotFoundError
        When there is no such list.
    """
    repository = BadgesRepository(session)
    status_list = repository.status_list(list_number)
    if status_list is None:
        raise NotFoundError("There is no status list with this number.")
    bits = make_bits(repository.revoked_indexes(status_list.id, on=now.date()), length=status_list.capacity)
    if _says(status_list, bits, signer):
        return _published(status_list)
    locked = repository.status_list(list_number, lock=True)
    if locked is None:
        raise NotFoundError("There is no status list with this number.")
    # Read again under the lock: of two who rebuild at once the later must not write what the earlier saw.
    bits = make_bits(repository.revoked_indexes(locked.id, on=now.date()), length=locked.capacity)
    if not _says(locked, bits, signer):
        _build(locked, bits, signer, now=now)
        session.flush()
    return _published(locked)


def rebuild_lists(session: Session, signer: BadgeSigner, *, now: datetime) -> list[PublishedList]:
    """Every list signed anew, whether or not it has changed."""
    repository = BadgesRepository(session)
    rebuilt = []
    for list_number in repository.list_numbers():
        status_list = repository.status_list(list_number, lock=True)
        if status_list is None:
            continue
        bits = make_bits(repository.revoked_indexes(status_list.id, on=now.date()), length=status_list.capacity)
        _build(status_list, bits, signer, now=now)
        rebuilt.append(_published(status_list))
    session.flush()
    return rebuilt


def _build(status_list: StatusList, bits: bytes, signer: BadgeSigner, *, now: datetime) -> None:
    def unsigned(*, is_token: bool) -> JsonObject:
        address = list_address(signer.issuer, status_list.list_number, is_token=is_token)
        return list_credential(bits, address=address, issuer=signer.did, built_at=now)

    signed = sign_document(unsigned(is_token=False), signer.key, verification_method=signer.key_id, created=now)
    status_list.credential = json.dumps(signed, separators=(",", ":"))
    status_list.credential_jwt = sign_token(unsigned(is_token=True), signer)
    status_list.built_at = now


def _says(status_list: StatusList, bits: bytes, signer: BadgeSigner) -> bool:
    """Whether the published list is of the present key and address, and has exactly these bits."""
    if status_list.credential is None or status_list.credential_jwt is None:
        return False
    credential = json.loads(status_list.credential)
    address = list_address(signer.issuer, status_list.list_number, is_token=False)
    return bool(
        credential["id"] == address
        and credential["proof"][0]["verificationMethod"] == signer.key_id
        and decode_bits(credential["credentialSubject"]["encodedList"]) == bits
    )


def _published(status_list: StatusList) -> PublishedList:
    if status_list.credential is None or status_list.credential_jwt is None or status_list.built_at is None:
        raise NotFoundError("This status list was not published yet.")
    return PublishedList(
        status_list.list_number, status_list.credential, status_list.credential_jwt, status_list.built_at
    )
