"""A small process that outlives a killed supervisor by moments: it ends what the supervisor can no longer end.

It waits on a pipe. A line says that everything was ended in order; an end without it, that the supervisor was killed.
Run as `python -m app.serving.keeper RUN_ID`.
"""

import sys

from app.serving.processes import end_processes, processes_of_run
from operational_db.settings import load_settings

GRACE_SECONDS = 8.0
ORDERLY_END = "ended\n"


def main() -> None:
    run_id = sys.argv[1]
    if sys.stdin.readline() == ORDERLY_END:
        return
    settings = load_settings()
    end_processes(lambda: processes_of_run(settings.home_path, run_id), grace_seconds=GRACE_SECONDS)
    if settings.database_url is None:
        from operational_db.embedded import start_server

        # Taking a share and giving it back stops the server, unless somebody else still uses it.
        start_server(settings.postgres_path).stop()


if __name__ == "__main__":
    main()
