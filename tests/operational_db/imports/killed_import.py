"""Run as a process of its own: imports a history and stops for ever at a named step, so that it can be killed there."""

import sys
import time
from datetime import datetime
from pathlib import Path

from operational_db.database import create_database_engine
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.imports.service import HistoryRequest, run_history_import


def main(url: str, folder: str, slug: str, now: str, stop_at: str) -> None:
    def progress(step: str, done: int, total: int | None) -> None:
        if step == stop_at:
            sys.stdout.write("reached\n")
            sys.stdout.flush()
            time.sleep(600)

    request = HistoryRequest(folder=Path(folder), organization_slug=slug, organization_name="Hoist School")
    engine = create_database_engine(url)
    run_history_import(
        engine, SYSTEM_PRINCIPAL, request, is_dry_run=False, now=datetime.fromisoformat(now), progress=progress
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
