"""`sitesync ledger …`: recompute the record, say how it stands, place what waits."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine

from app.context import open_context
from operational_db import clock
from operational_db.database import read_only_session
from operational_db.errors import ConflictError
from operational_db.ledger.repository import latest_checkpoint, pending_count
from operational_db.ledger.sequence import sequence_pending
from operational_db.ledger.verify import VerifyReport, verify_ledger
from operational_db.migrations import runner
from operational_db.settings import load_settings

commands = typer.Typer(help="The append-only record: verify it, see its size and root, place waiting entries.")


@commands.command()
def verify() -> None:
    """Recompute every entry, hash and root. Exit 1 and name the first bad entry when something was tampered with."""
    with _migrated_engine() as engine, _progress_bar() as progress:
        task = progress.add_task("Verifying", total=None)
        report = verify_ledger(engine, progress=lambda done, total: progress.update(task, completed=done, total=total))
    for line in _describe(report):
        typer.echo(line)
    if report.problem is not None:
        typer.echo(f"TAMPERED ({report.problem.kind}): {report.problem.message}", err=True)
        raise typer.Exit(1)
    typer.echo("Intact: every entry, hash and root was recomputed and fits.")


@commands.command()
def status() -> None:
    """Size and root of the newest checkpoint, and how many events wait for their place."""
    with _migrated_engine() as engine, read_only_session(engine) as session:
        checkpoint = latest_checkpoint(session)
        waiting = pending_count(session)
    if checkpoint is None:
        typer.echo("The ledger has no checkpoint yet.")
    else:
        typer.echo(f"Entries: {checkpoint.tree_size:,}, as of {checkpoint.created_at:%d %b %Y %H:%M:%S} UTC.")
        typer.echo(f"Root: {checkpoint.root_hash.hex()}")
    typer.echo(f"Waiting: {waiting:,}")


@commands.command()
def sequence() -> None:
    """Place every waiting event, after another sequencer has finished if one is at work."""
    with _migrated_engine() as engine:
        with read_only_session(engine) as session:
            before = latest_checkpoint(session)
        checkpoint = sequence_pending(engine, now=clock.now(), wait=True)
    placed = (checkpoint.tree_size if checkpoint else 0) - (before.tree_size if before else 0)
    if checkpoint is None or placed == 0:
        typer.echo("Nothing was waiting.")
    else:
        typer.echo(f"Placed {placed:,}: {checkpoint.tree_size:,} entries, root {checkpoint.root_hash.hex()}")


@contextmanager
def _migrated_engine() -> Iterator[Engine]:
    with open_context(load_settings()) as context:
        with context.engine.connect() as connection:
            if not runner.is_current(connection):
                raise ConflictError("The database lacks the tables of this version. Run `sitesync migrate` first.")
        yield context.engine


def _progress_bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


def _describe(report: VerifyReport) -> list[str]:
    checkpoints, waiting = report.checkpoint_count, report.pending_count
    return [
        f"Entries: {report.tree_size:,} under {checkpoints:,} checkpoints; {waiting:,} waiting.",
        f"Root: {report.root_hash.hex()}",
    ]
