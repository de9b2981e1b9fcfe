"""Migrates an empty database on a throw-away server and reports where tables and revisions differ.

Run as `python -m tests.lints.migrations`; exit code 1 when there is a difference.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from operational_db.database import create_owner_engine
from operational_db.embedded import migrate, start_server
from operational_db.migrations.runner import find_drift, is_current


def drift() -> list[str]:
    """What a new revision would have to contain, one line each."""
    folder = Path(tempfile.mkdtemp(prefix="sitesync-drift-"))
    server = start_server(folder)
    try:
        url = server.url_of("postgres")
        migrate(url)
        engine = create_owner_engine(url)
        with engine.connect() as connection:
            differences = [str(operation) for operation in find_drift(connection)]
            if not is_current(connection):
                differences.append("A revision was not applied: the history has more than one head.")
        engine.dispose()
        return differences
    finally:
        server.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    differences = drift()
    for difference in differences:
        sys.stderr.write(f"{difference}\n")
    sys.stdout.write(f"migrations: {len(differences)} differences to the tables\n")
    sys.exit(1 if differences else 0)
