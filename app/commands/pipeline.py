"""`sitesync refresh` and `sitesync health`: bring the figures up to the ledger, and say how they stand."""

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from app.context import open_context
from operational_db import clock
from operational_db.database import read_only_session
from operational_db.releases.health import RunOutcome, read_health
from operational_db.settings import load_settings
from pipelines.refresh import RefreshResult, Step, StepReport, refresh

commands = typer.Typer()


@commands.command(name="refresh")
def refresh_figures(
    full: Annotated[
        bool, typer.Option("--full", help="Read the whole ledger again and build every mart anew.")
    ] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Decline when another refresh is running, instead of waiting.")
    ] = False,
) -> None:
    """Bring the figures up to the ledger: extract, build, check, release. Does nothing when there is no news."""
    settings = load_settings()
    with open_context(settings) as context, _StepLines() as lines:
        result = refresh(context.engine, settings, now=clock.now(), full=full, wait=not no_wait, report=lines.report)
    typer.echo(_summary(result))


def _summary(result: RefreshResult) -> str:
    release = result.release
    if result.outcome is RunOutcome.NO_NEWS:
        return (
            f"No news: the figures hold all {release.ledger_size:,} entries, as of {release.as_of:%d %b %Y %H:%M} UTC."
        )
    failed = [check.message for check in result.checks if not check.passed and not check.name.startswith("dbt.")]
    lines = [
        f"Released {release.name}: {release.ledger_size:,} entries ({result.new_entry_count:,} new), "
        f"root {release.root_hash[:16]}…, {release.duration_seconds:.1f} s.",
        *(f"Warning: {message}" for message in failed),
    ]
    return "\n".join(lines)


@commands.command()
def health() -> None:
    """Say how far the figures are behind the ledger, how old they are, how the last run ended. Exit 1 when not well."""
    settings = load_settings()
    now = clock.now()
    with open_context(settings) as context, read_only_session(context.engine) as session:
        found = read_health(session, settings, now=now)
    age = "never made" if found.release_age is None else f"{int(found.release_age.total_seconds() // 60)} minutes old"
    typer.echo(f"Ledger: {found.ledger_size:,} entries, {found.pending_count:,} waiting for their place.")
    typer.echo(f"Figures: {age}, {found.lag_entries:,} entries behind. {found.freshness.reason}")
    if found.last_run is not None:
        typer.echo(f"Last run: {found.last_run.outcome}, ended {found.last_run.finished_at:%d %b %Y %H:%M} UTC.")
    if (found.last_run is not None and not found.last_run.is_success) or found.release_age is None:
        raise typer.Exit(1)


class _StepLines:
    """One progress line per step on the terminal; plain lines where there is none."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.fields[step]}"),
            BarColumn(bar_width=20),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=self._console,
        )
        self._tasks: dict[Step, TaskID] = {}

    def __enter__(self) -> "_StepLines":
        if self._console.is_terminal:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._progress.stop()

    def report(self, news: StepReport) -> None:
        """Show the news of a step."""
        if not self._console.is_terminal:
            if news.seconds is not None:
                self._console.print(f"{news.step}: {news.message} ({news.seconds:.1f} s)", highlight=False)
            elif news.done is None and news.message != "…":
                self._console.print(f"{news.step}: {news.message}", highlight=False)
            return
        task = self._tasks.get(news.step)
        if task is None:
            task = self._tasks[news.step] = self._progress.add_task("", total=None, step=f"{news.step:<20}")
        if news.seconds is not None:
            self._progress.update(task, description=news.message, total=1, completed=1)
            self._progress.stop_task(task)
        else:
            self._progress.update(task, description=news.message, total=news.total, completed=news.done or 0)
