"""`sitesync badges …`: issue badges of verified certificates, publish status lists, rotate the key, verify a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine

from app.context import open_context
from operational_db import clock
from operational_db.badges.fetch import fetch_nothing, fetch_public
from operational_db.badges.keys import load_badge_issuer, load_or_create_badge_signer, rotate_badge_key
from operational_db.badges.lists import rebuild_lists
from operational_db.badges.repository import BadgesRepository
from operational_db.badges.service import issue_badges, sign_anew
from operational_db.badges.verify import LONGEST_PRESENTED, verify_presented
from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import ConflictError
from operational_db.migrations import runner
from operational_db.settings import Settings, load_settings
from operational_db.types import VerificationOutcome

commands = typer.Typer(help="Badges: issue them, publish their status lists, look after their key, verify one.")
key_commands = typer.Typer(help="The key that signs badges.", no_args_is_help=True)
commands.add_typer(key_commands, name="key")
BATCH = 500


@commands.command()
def issue(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how many would be issued.")] = False,
) -> None:
    """Issue the badge of every verified certificate that has none. Safe to repeat and to interrupt."""
    settings = load_settings()
    signer = load_or_create_badge_signer(settings)
    with _migrated_engine(settings) as engine:
        with read_only_session(engine) as session:
            total = BadgesRepository(session).count_without_badge()
        if dry_run or total == 0:
            typer.echo(f"{total:,} verified certificates have no badge.")
            return
        issued = 0
        with _progress_bar() as progress:
            task = progress.add_task("Issuing", total=total)
            while True:
                with unit_of_work(engine) as session:
                    ids = BadgesRepository(session).without_badge(limit=BATCH)
                    badges = issue_badges(session, signer, certificate_ids=ids, now=clock.now()) if ids else []
                if not badges:
                    break
                issued += len(badges)
                progress.update(task, completed=issued)
    typer.echo(f"Issued {issued:,} badges, signed as {signer.key_id}.")


@commands.command()
def renew(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how many would be signed anew.")] = False,
) -> None:
    """Sign anew every badge that names a former key or address; links, places and salts stay."""
    settings = load_settings()
    signer = load_or_create_badge_signer(settings)
    with _migrated_engine(settings) as engine:
        with read_only_session(engine) as session:
            ids = BadgesRepository(session).signed_otherwise(key_id=signer.key_id, address=signer.issuer.api)
        if dry_run or not ids:
            typer.echo(f"{len(ids):,} badges name a former key or address.")
            return
        with _progress_bar() as progress:
            task = progress.add_task("Signing", total=len(ids))
            for start in range(0, len(ids), BATCH):
                with unit_of_work(engine) as session:
                    for certificate_id in ids[start : start + BATCH]:
                        sign_anew(session, signer, certificate_id=certificate_id, now=clock.now())
                progress.update(task, completed=start + BATCH)
    typer.echo(f"Signed {len(ids):,} badges anew as {signer.key_id}.")


@commands.command("rebuild-lists")
def rebuild() -> None:
    """Sign every status list anew. An installation does this by itself whenever what a list says changes."""
    settings = load_settings()
    signer = load_or_create_badge_signer(settings)
    with _migrated_engine(settings) as engine, unit_of_work(engine) as session:
        rebuilt = rebuild_lists(session, signer, now=clock.now())
    typer.echo(f"Published {len(rebuilt):,} status lists.")


@commands.command()
def verify(
    presented: Annotated[str, typer.Argument(help="A file, a certificate number or a link.")],
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day the answer is about.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Reach out to no other issuer.")] = False,
) -> None:
    """Verify a badge and say what was checked. Exit 1 unless it is valid on the day."""
    settings = load_settings()
    path = Path(presented)
    content: bytes | str = presented
    if len(presented) < 4_096 and path.is_file():
        if path.stat().st_size > LONGEST_PRESENTED:
            typer.echo("The file is larger than any badge.", err=True)
            raise typer.Exit(1)
        content = path.read_bytes()
    now = clock.now()
    with _migrated_engine(settings) as engine, unit_of_work(engine) as session:
        report = verify_presented(
            session,
            issuer=load_badge_issuer(settings),
            presented=content,
            on=on.date() if on is not None else now.date(),
            now=now,
            fetch=fetch_nothing if offline else fetch_public,
        )
    typer.echo(f"{report.outcome.upper()} on {report.on:%d %b %Y} ({report.document_format})")
    if report.certificate is not None:
        typer.echo(f"  {report.certificate.certification_name}, {report.certificate.issuing_organization}")
    for check in report.checks:
        typer.echo(f"  {'passed' if check.is_passed else 'FAILED'}  {check.name}: {check.text}")
    if report.outcome is not VerificationOutcome.VALID:
        raise typer.Exit(1)


@key_commands.command("list")
def list_keys() -> None:
    """The identity badges are signed under, and every key it ever had."""
    issuer = load_badge_issuer(load_settings())
    typer.echo(f"Issuer: {issuer.did}")
    for key in issuer.keys:
        state = "signs now" if key is issuer.current else "signed before"
        typer.echo(f"{key.multikey}  since {key.since:%d %b %Y %H:%M} UTC, {state}")


@key_commands.command("rotate")
def rotate() -> None:
    """Sign with a new key from now on. The old private half is destroyed, its public half stays in did.json."""
    before, after = rotate_badge_key(load_settings(), now=clock.now())
    typer.echo(f"Signed so far: {before.key_id}")
    typer.echo(f"Signs now:     {after.key_id}")
    typer.echo(
        "Former badges stay verifiable; `sitesync badges renew` signs them anew, status lists follow by themselves."
    )


@contextmanager
def _migrated_engine(settings: Settings) -> Iterator[Engine]:
    with open_context(settings) as context:
        with context.engine.connect() as connection:
            if not runner.is_current(connection):
                raise ConflictError("The database lacks the tables of this version. Run `sitesync migrate` first.")
        yield context.engine


def _progress_bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))
