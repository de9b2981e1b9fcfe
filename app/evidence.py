"""Making an evidence bundle with what an installation configures: key, witnesses, a folder for files on the way.

The one way for the API, the pages and the command line; what goes in and who may is `operational_db.evidence`'s.
"""

import shutil
import time
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from operational_db.evidence.rules import BundleScope
from operational_db.evidence.service import export_bundle
from operational_db.evidence.views import BundleFile
from operational_db.identity.rules import Principal
from operational_db.ledger.keys import load_or_create_signer
from operational_db.ledger.witness_client import parse_witnesses
from operational_db.settings import Settings
from operational_db.types import new_id

# Whoever fetches a bundle has it by then; what is older was left by a process that was killed.
STALE_SECONDS = 24 * 3600


def make_bundle(
    engine: Engine,
    settings: Settings,
    principal: Principal,
    scope: BundleScope,
    *,
    target: Path,
    now: datetime,
    has_names: bool = True,
) -> BundleFile:
    """Export a bundle to `target`; raises as `export_bundle`."""
    return export_bundle(
        engine,
        principal,
        scope=scope,
        signer=load_or_create_signer(settings),
        target=target,
        now=now,
        witness_vkeys=[witness.verifier.vkey for witness in parse_witnesses(settings.ledger_witnesses)],
        has_names=has_names,
    )


def temporary_target(settings: Settings) -> Path:
    """A path for a bundle that is given out and not kept, in a folder that only the owner of the installation enters.

    Whoever asks for it ends with `discard`.
    """
    folder = settings.home_path / "evidence"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in _stale(folder):
        shutil.rmtree(left, ignore_errors=True)
    own = folder / str(new_id())
    own.mkdir(mode=0o700)
    return own / "bundle.zip"


def discard(target: Path) -> None:
    """Remove what `temporary_target` made, the bundle included."""
    shutil.rmtree(target.parent, ignore_errors=True)


def _stale(folder: Path) -> list[Path]:
    # The age of files is told by the clock of the file system, not by the product's.
    oldest = time.time() - STALE_SECONDS
    return [path for path in folder.iterdir() if path.stat().st_mtime < oldest]
