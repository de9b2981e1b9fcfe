"""`sitesync ledger …`: recompute the record, say how it stands, seal what waits, prove entries, look after the key."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine

from app.context import open_context
from operational_db import clock
from operational_db.database import read_only_session
from operational_db.errors import ConflictError
from operational_db.ledger.checkpoints import latest_signed_checkpoint
from operational_db.ledger.keys import list_keys, load_or_create_signer, rotate_key
from operational_db.ledger.published import prove_entry
from operational_db.ledger.repository import latest_checkpoint, pending_count
from operational_db.ledger.seal import seal as seal_ledger
from operational_db.ledger.sequence import sequence_pending
from operational_db.ledger.trust import load_trust
from operational_db.ledger.verify import VerifyReport, verify_ledger
from operational_db.migrations import runner
from operational_db.settings import load_settings

commands = typer.Typer(help="The append-only record: verify it, seal waiting entries, prove entries, rotate its key.")
key_commands = typer.Typer(help="The key that signs checkpoints.", no_args_is_help=True)
commands.add_typer(key_commands, name="key")


@commands.command()
def verify() -> None:
    """Recompute every entry, hash, tile and root, and check every signature. Exit 1 and name what was tampered with."""
    trust = load_trust(load_settings())
    with _migrated_engine() as engine, _progress_bar() as progress:
        task = progress.add_task("Verifying", total=None)
        report = verify_ledger(
            engine,
            trust=trust,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    for line in _describe(report):
        typer.echo(line)
    if report.problem is not None:
        typer.echo(f"TAMPERED ({report.problem.kind}): {report.problem.message}", err=True)
        raise typer.Exit(1)
    typer.echo("Intact: every entry, hash, tile and root was recomputed and fits; every signature verifies.")


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


@commands.command()
def seal() -> None:
    """Put every waiting event under a signed checkpoint; creates the key on first use."""
    settings = load_settings()
    with _migrated_engine() as engine:
        checkpoint = seal_ledger(engine, load_or_create_signer(settings), now=clock.now(), wait=True)
        with read_only_session(engine) as session:
            signed = latest_signed_checkpoint(session)
    if checkpoint is None or signed is None:
        typer.echo("The ledger is empty: there is nothing to seal.")
        return
    typer.echo(signed.note.decode(), nl=False)


@commands.command()
def sealer() -> None:
    """Seal at least every second for as long as it runs and submit to the witnesses; `up` and `serve` start one."""
    from app.serving.sealer import run_sealer

    run_sealer(load_settings())


@commands.command()
def prove(
    entry: Annotated[str, typer.Argument(help="Leaf index or event id.")],
    out: Annotated[Path | None, typer.Option(help="File to write; the proof is printed without it.")] = None,
) -> None:
    """Write a tlog-proof of an entry under the newest signed checkpoint; it can be checked without this product."""
    with _migrated_engine() as engine, read_only_session(engine) as session:
        leaf_index, proof = prove_entry(session, entry)
    if out is None:
        typer.echo(proof, nl=False)
        return
    out.write_text(proof)
    typer.echo(f"Proof of entry {leaf_index} written to {out}.")


@key_commands.command(name="list")
def list_() -> None:
    """Every public key the log ever signed with, oldest first; give them to whoever checks the log."""
    records = list_keys(load_settings())
    for record in records:
        state = "signs now" if record.is_current else "signed before"
        typer.echo(f"{record.verifier.vkey}  since {record.since:%d %b %Y %H:%M} UTC, {state}")
    if not records:
        typer.echo("No key yet: the first seal creates it.")


@key_commands.command()
def rotate() -> None:
    """Sign with a new key from now on. The old private half is destroyed, its public half stays listed."""
    before, after = rotate_key(load_settings(), now=clock.now())
    typer.echo(f"Signed so far: {before.vkey}")
    typer.echo(f"Signs now:     {after.vkey}")
    typer.echo(
        "Give the new key to the witnesses and to whoever checks the log; the old one goes on verifying the past."
    )


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
    lines = [
        f"Entries: {report.tree_size:,} under {checkpoints:,} checkpoints; {waiting:,} waiting.",
        f"Root: {report.root_hash.hex()}",
    ]
    count = report.signatures
    if count is not None and report.is_intact:
        lines.append(
            f"Signed up to {count.signed_size:,} entries: {count.own:,} signatures, {count.cosignatures:,} cosignatures"
            + (f"; {count.ignored:,} of witnesses that are not configured were left out." if count.ignored else ".")
        )
    return lines
