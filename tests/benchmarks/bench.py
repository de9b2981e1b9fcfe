"""What the rows share while they run: sizes, folders, the filled installations, and where progress is told.

Filling takes longest, so each installation is made once, at the first row that needs it.
"""

from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rich.console import Console

from operational_db import clock
from tests.benchmarks.installation import Installation
from tests.benchmarks.ledger_fill import HistorySize, fill_installation
from tests.benchmarks.machine import CommandRun


@dataclass(frozen=True)
class Effort:
    """How long and how often is measured; the smoke test takes less of everything."""

    refresh_repetitions: int = 3
    warm_up_rounds: int = 2
    page_repetitions: int = 12
    viewer_count: int = 20
    viewing_seconds: float = 60.0
    # Seconds a viewer looks at a page before the next click.
    shortest_look: float = 1.0
    longest_look: float = 5.0
    http_seconds: float = 30.0
    evidence_count: int = 1_000_000
    decision_count: int = 20_000
    gate_seconds: float = 4.0
    gate_repetitions: int = 3
    gate_batches: int = 10
    cedar_cases: int = 1_000_000
    # The ledger: writing in turns, entries to verify, proofs to make.
    append_repetitions: int = 3
    append_seconds: float = 8.0
    ledger_entries: int = 1_000_000
    proof_count: int = 500
    badge_count: int = 1_000
    badge_repetitions: int = 50
    listed_badges: int = 100_000
    verify_seconds: float = 20.0
    crew_check_count: int = 30
    crew_certificate_count: int = 300_000
    # Certificates the expiry sweep goes through.
    certificate_count: int = 1_000_000
    # The match: mentors ranked and how often, and the two groups of which all pairs are scored.
    ranked_mentors: int = 10_000
    rank_repetitions: int = 50
    pair_mentees: int = 10_000
    pair_mentors: int = 2_000
    # What training returned.
    match_requests: int = 100_000
    cohort_mentees: int = 2_000
    roi_technicians: int = 2_000
    roi_repetitions: int = 3


@dataclass
class FilledInstallation:
    """An installation with a large history, and the first refresh that built everything from it."""

    installation: Installation
    entries: int
    first_refresh: CommandRun
    first_steps: dict[str, float]
    first_nodes: dict[str, float]


@dataclass
class Bench:
    """State of one run."""

    entries: int
    data_path: Path
    work_path: Path
    console: Console
    effort: Effort = field(default_factory=Effort)
    now: datetime = field(default_factory=clock.now)

    def __post_init__(self) -> None:
        self._stack = ExitStack()
        self._filled: dict[int, FilledInstallation] = {}
        self._oulad: Installation | None = None

    def say(self, text: str) -> None:
        self.console.print(f"[dim]{clock.now():%H:%M:%S}[/dim] {text}", highlight=False)

    def close(self) -> None:
        """Stop every server that was started."""
        self._stack.close()

    def new_installation(self, name: str) -> Installation:
        return self._stack.enter_context(Installation(self.work_path / name))

    def filled(self, entries: int) -> FilledInstallation:
        """The installation with this many entries, filled and refreshed for the first time."""
        if entries not in self._filled:
            self.say(f"Filling an installation with {entries:,} ledger entries …")
            installation = self.new_installation(f"ledger-{entries}")
            fill_installation(installation, HistorySize(entries), now=self.now)
            self.say(f"Refreshing it for the first time, all {entries:,} entries …")
            run = installation.run("refresh")
            last = installation.last_refresh()
            self._filled[entries] = FilledInstallation(installation, entries, run, last.step_seconds, last.node_seconds)
        return self._filled[entries]
