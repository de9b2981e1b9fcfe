"""The published ledger in its C2SP forms: checkpoint, tiles, entry bundles, proofs, keys (tlog-tiles, tlog-proof).

Checkpoint, tiles, proofs and keys are public: they are hashes and signatures, from which nothing about anybody can be
read, and anyone who holds an entry or a bundle must be able to check it without asking. Entry bundles are not: entries
hold opaque ids only, but what happened in an organization is its own affair; reading them all takes a platform's
administrator or auditor, whose token a monitor or mirror can carry. (Organizations get theirs as evidence bundles.)
"""

import gzip
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel

from app.api.dependencies import Context, CurrentPrincipal, ReadSession
from operational_db.errors import NotFoundError
from operational_db.ledger import published
from operational_db.ledger.checkpoints import MEDIA_TYPE as TEXT
from operational_db.ledger.keys import list_keys
from operational_db.ledger.witness_client import parse_witnesses

router = APIRouter(prefix="/ledger", tags=["ledger"])

OCTETS = "application/octet-stream"
# "This endpoint is mutable, so its headers SHOULD prevent caching beyond a few seconds."
MUTABLE = "public, max-age=1"
# "This endpoint is immutable, so its caching headers SHOULD be long-lived."
IMMUTABLE = "public, max-age=31536000, immutable"
IMMUTABLE_FOR_THE_CALLER = "private, max-age=31536000, immutable"


class LedgerKey(BaseModel):
    """`vkey` as in signed-note: name, key id, and the public key."""

    vkey: str
    since: datetime
    is_current: bool


class LedgerKeys(BaseModel):
    """The log's keys, oldest first, and those of the witnesses that it submits its checkpoints to."""

    origin: str
    keys: list[LedgerKey]
    witnesses: list[str]


@router.get("/checkpoint", summary="Newest signed checkpoint (C2SP tlog-checkpoint)", response_class=Response)
def get_checkpoint(session: ReadSession) -> Response:
    """Signed by the log, with the cosignatures that witnesses have given so far."""
    checkpoint = published.require_checkpoint(session)
    return Response(checkpoint.note, headers={"Content-Type": TEXT, "Cache-Control": MUTABLE})


@router.get("/tile/entries/{path:path}", summary="Entry bundle (C2SP tlog-tiles)", response_class=Response)
def get_entries(
    path: str,
    session: ReadSession,
    principal: CurrentPrincipal,
    accept_encoding: Annotated[str, Header()] = "",
) -> Response:
    """The entries under a tile of level 0; for the platform's administrators and auditors."""
    content = published.read_entry_bundle(session, principal, f"entries/{path}")
    headers = {"Cache-Control": IMMUTABLE_FOR_THE_CALLER, "Vary": "Accept-Encoding, Authorization"}
    if "gzip" in accept_encoding:
        content = gzip.compress(content, compresslevel=6, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(content, media_type=OCTETS, headers=headers)


@router.get("/tile/{path:path}", summary="Tile of hashes (C2SP tlog-tiles)", response_class=Response)
def get_tile(path: str, session: ReadSession) -> Response:
    """`<level>/<index>`, for a partial tile followed by `.p/<width>`; as far as the newest checkpoint reaches."""
    return Response(published.read_tile(session, path), media_type=OCTETS, headers={"Cache-Control": IMMUTABLE})


@router.get("/proof/{entry}", summary="Inclusion proof (C2SP tlog-proof)", response_class=Response)
def get_proof(
    entry: str, session: ReadSession, tree_size: Annotated[int | None, Query(ge=1, lt=2**63)] = None
) -> Response:
    """A `tlog-proof@v1` file of an entry, named by leaf index or event id, under the newest signed checkpoint."""
    leaf_index, proof = published.prove_entry(session, entry, tree_size=tree_size)
    headers = {
        "Content-Type": TEXT,
        "Cache-Control": MUTABLE if tree_size is None else IMMUTABLE,
        "Content-Disposition": f'attachment; filename="entry-{leaf_index}.tlog-proof"',
    }
    return Response(proof, headers=headers)


@router.get("/consistency/{old_size}/{new_size}", summary="Consistency proof (RFC 6962)", response_class=Response)
def get_consistency(old_size: int, new_size: int, session: ReadSession) -> Response:
    """One base64 hash to a line, as a witness takes them; what tiles give too, for those who do not compute."""
    text = published.consistency_lines(session, old_size, new_size)
    return Response(text, headers={"Content-Type": TEXT, "Cache-Control": IMMUTABLE})


@router.get("/keys", summary="Verifier keys of the log and its witnesses")
def get_keys(context: Context, response: Response) -> LedgerKeys:
    """Compare them with those you were given another way: a log cannot vouch for its own key."""
    records = list_keys(context.settings)
    if not records:
        raise NotFoundError("The ledger has no key yet; the first seal creates it.")
    response.headers["Cache-Control"] = MUTABLE
    return LedgerKeys(
        origin=context.settings.ledger_origin,
        keys=[LedgerKey(vkey=item.verifier.vkey, since=item.since, is_current=item.is_current) for item in records],
        witnesses=[witness.verifier.vkey for witness in parse_witnesses(context.settings.ledger_witnesses)],
    )
