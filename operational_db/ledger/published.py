"""What the published log answers: checkpoint, tiles, entry bundles and proofs, as far as it is signed.

Nothing beyond the newest signed checkpoint is handed out. Only entry bundles need a right.
"""

import base64
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from operational_db.errors import InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import Principal
from operational_db.ledger.checkpoints import SignedCheckpoint, latest_signed_checkpoint, signed_checkpoint_at
from operational_db.ledger.proofs import consistency_proof, tlog_proof
from operational_db.ledger.tile_store import entry_bundle, read_tiles
from operational_db.ledger.tiles import Tile, parse_path
from operational_db.tables.identity import Organization
from operational_db.tables.ledger import LedgerLeaf
from operational_db.types import OrganizationKind, Role


def require_checkpoint(session: Session, tree_size: int | None = None) -> SignedCheckpoint:
    """The newest signed checkpoint, or the one of a size.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    checkpoint = latest_signed_checkpoint(session) if tree_size is None else signed_checkpoint_at(session, tree_size)
    if checkpoint is None:
        which = "yet" if tree_size is None else f"at {tree_size} entries"
        raise NotFoundError(f"The ledger has no signed checkpoint {which}.")
    return checkpoint


def read_tile(session: Session, path: str) -> bytes:
    """The hashes of the tile at a path under `tile/`.

    Raises
    ------
    NotFoundError
        When the path is none, or the newest signed tree has no such tile.
    """
    parsed = parse_path(path)
    if parsed.is_entries:
        raise NotFoundError(f"'{path}' names entries, not hashes.")
    return read_tiles(session, [_require_published(session, parsed.tile)])[parsed.tile]


def read_entry_bundle(session: Session, principal: Principal, path: str) -> bytes:
    """The entries at a path under `tile/`.

    Raises
    ------
    NotAuthorizedError
        For anyone but the platform's administrators and auditors: the entries are of all organizations.
    NotFoundError
        When the path is none, or the newest signed tree has no such entries.
    """
    require_entry_reader(session, principal)
    parsed = parse_path(path)
    if not parsed.is_entries:
        raise NotFoundError(f"'{path}' names hashes, not entries.")
    return entry_bundle(session, _require_published(session, parsed.tile))


def prove_entry(session: Session, entry: str, *, tree_size: int | None = None) -> tuple[int, str]:
    """Leaf index and `tlog-proof@v1` file of an entry named by its leaf index or its event id.

    Raises
    ------
    NotFoundError
        When there is no such entry under the checkpoint, or no such checkpoint.
    """
    checkpoint = require_checkpoint(session, tree_size)
    leaf_index = leaf_index_of(session, entry)
    if leaf_index >= checkpoint.tree_size:
        raise NotFoundError(f"The checkpoint at {checkpoint.tree_size} entries does not reach to entry {entry}.")
    return leaf_index, tlog_proof(session, leaf_index, checkpoint)


def leaf_index_of(session: Session, entry: str) -> int:
    """The leaf of an entry named by its leaf index or its event id.

    Raises
    ------
    InvalidInputError
        When it is neither.
    NotFoundError
        When no leaf has that event.
    """
    if entry.isascii() and entry.isdigit() and len(entry) <= 18:
        return int(entry)
    try:
        event_id = UUID(entry)
    except ValueError as error:
        raise InvalidInputError(f"'{entry[:40]}' is neither the index of an entry nor the id of an event.") from error
    leaf_index = session.scalar(select(LedgerLeaf.leaf_index).where(LedgerLeaf.event_id == event_id))
    if leaf_index is None:
        raise NotFoundError(f"Event {event_id} has no place in the ledger (yet).")
    return leaf_index


def consistency_lines(session: Session, old_size: int, new_size: int) -> str:
    """A consistency proof, one base64 hash to a line.

    Raises
    ------
    InvalidInputError
        When the old tree is the larger one.
    NotFoundError
        When the newest signed tree is smaller.
    """
    if new_size > require_checkpoint(session).tree_size:
        raise NotFoundError(f"The ledger has no signed checkpoint that reaches to {new_size} entries.")
    hashes = consistency_proof(session, old_size, new_size)
    return "".join(f"{base64.b64encode(item).decode()}\n" for item in hashes)


def require_entry_reader(session: Session, principal: Principal) -> None:
    """Entries of all organizations are for the platform's administrators and auditors.

    Raises
    ------
    NotAuthorizedError
        For everybody else, an organization's own auditor included.
    """
    if principal.is_unrestricted:
        return
    audited = [grant.organization_id for grant in principal.grants if grant.role is Role.AUDITOR]
    platform = select(Organization.id).where(
        Organization.id.in_(audited), Organization.kind == OrganizationKind.PLATFORM
    )
    if not audited or session.scalar(platform.limit(1)) is None:
        raise NotAuthorizedError(
            "The entries of all organizations are read by the platform's administrators and auditors only. "
            "Ask for an evidence bundle of your own organization instead."
        )


def _require_published(session: Session, tile: Tile) -> Tile:
    if tile.end > require_checkpoint(session).tree_size:
        raise NotFoundError(f"The newest signed checkpoint has no tile {tile.path}.")
    return tile
