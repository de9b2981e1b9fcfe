"""Run as a process of its own: the `sitesync` command with a small industry and a standing clock, quick enough to kill.

`python -m tests.integration.small_demo INSTANT ARGUMENTS…`; the instant in ISO form is what the clock says.
"""

import sys
from datetime import datetime

from app.cli import create_cli
from operational_db import clock
from operational_db.demo import industry


def main() -> None:
    now = datetime.fromisoformat(sys.argv[1])
    clock.now = lambda: now
    industry.COMPANY_COUNT = 6
    industry.SCHOOL_COUNT = 3
    industry.OWNER_COUNT = 1
    create_cli()(sys.argv[2:])


if __name__ == "__main__":
    main()
