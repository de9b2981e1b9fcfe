"""Run as a process of its own: imports job results and stops for ever at a named step, so that it can be killed."""

import sys
import time
from datetime import datetime
from pathlib import Path

from operational_db.database import create_database_engine
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.imports.outcomes_service import OutcomeRequest, run_outcome_import


def main(url: str, path: str, slug: str, now: str, stop_at: str) -> None:
    def progress(step: str, done: int, total: int | None) -> None:
        if step == stop_at:
            sys.stdout.write("reached\n")
            sys.stdout.flush()
            time.sleep(600)

    run_outcome_import(
        create_database_engine(url),
        SYSTEM_PRINCIPAL,
        OutcomeRequest(path=Path(path), organization_slug=slug),
        is_dry_run=False,
        now=datetime.fromisoformat(now),
        progress=progress,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
