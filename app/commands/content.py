"""`sitesync content …`: list lessons, bring one in from a JSON file, see what keeps a version from shipping."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer
from pydantic import BaseModel, ConfigDict, ValidationError
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.context import open_context
from operational_db import clock
from operational_db.content import publishing, reviewing
from operational_db.content import service as content
from operational_db.content.seed import install_platform_content
from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import InvalidInputError, NotFoundError
from operational_db.identity import service as identity
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.settings import load_settings
from operational_db.types import LessonType

commands = typer.Typer(no_args_is_help=True, help="Lessons: list them, bring one in, check whether it may ship.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check the file and write nothing.")]


class LessonFile(BaseModel):
    """A lesson in a file: what it is, and its first version or the next one of the lesson with this code."""

    model_config = ConfigDict(extra="forbid")

    code: str
    title: str
    lesson_type: LessonType
    duration_minutes: Decimal
    # Any: JSON whose shape operational_db.content.body checks.
    body: dict[str, Any]
    objective: str = ""
    policy_codes: list[str] = []
    runbook_codes: list[str] = []
    scope_tags: list[str] = []
    locales: list[str] = ["en"]
    expected_outcomes: list[str] = []
    telemetry_hooks: list[str] = []
    # Left out: 80 %, and 12 months or 6 where a policy taught is critical.
    pass_threshold: int | None = None
    refresh_months: int | None = None
    rollout_plan: str = ""
    fallback: str = ""


@commands.command("list")
def list_lessons(as_json: AsJson = False) -> None:
    """Published lessons: code, type, version, minutes, scope tags, title."""
    with open_context(load_settings()) as context, read_only_session(context.engine) as session:
        found = content.list_lessons(session, SYSTEM_PRINCIPAL)
    rows = [
        {
            "code": item.code,
            "type": str(item.lesson_type),
            "version": item.version,
            "minutes": f"{item.minutes:g}",
            "scopes": ", ".join(item.scope_tags),
            "title": item.title,
        }
        for item in found
    ]
    if as_json:
        typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
        return
    table = Table("code", "type", "version", "minutes", "scopes", "title")
    for row in rows:
        table.add_row(*row.values())
    Console().print(table)


@commands.command("import")
def import_lesson(
    file: Annotated[Path, typer.Argument(help="JSON file of one lesson.", exists=True, dir_okay=False)],
    organization: Annotated[
        str | None, typer.Option(help="Address name of the organization; the platform's unless given.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Bring a lesson in as a draft of its next version. It ships after review, like any other."""
    lesson_file = _read(file)
    fields = lesson_file.model_dump(exclude={"code", "title", "lesson_type"})
    fields = {name: value for name, value in fields.items() if value is not None}
    with open_context(load_settings()) as context, _session(context.engine, is_dry_run=dry_run) as session:
        organization_id = None
        if organization is not None:
            found = identity.list_organizations(session, SYSTEM_PRINCIPAL)
            organization_id = next((each.organization_id for each in found if each.slug == organization), None)
            if organization_id is None:
                raise NotFoundError(f"There is no organization '{organization}'. `sitesync organizations` lists them.")
        version = content.import_lesson(
            session,
            SYSTEM_PRINCIPAL,
            organization_id=organization_id,
            code=lesson_file.code,
            title=lesson_file.title,
            lesson_type=lesson_file.lesson_type,
            now=clock.now(),
            **fields,
        )
        lines = publishing.readiness(session, version)
        summary = f"{lesson_file.code} {version.version}, version id {version.id}"
    for line in lines:
        if not line.is_met:
            typer.echo(f"open: {line.code}: {', '.join(line.missing)}")
    typer.echo(f"Dry run: nothing was written ({lesson_file.code})." if dry_run else f"Drafted {summary}.")


@commands.command()
def check(version_id: Annotated[UUID, typer.Argument(help="Id of the version.")]) -> None:
    """The ready-to-ship checklist of a version. Exit 1 when something is missing."""
    with open_context(load_settings()) as context, read_only_session(context.engine) as session:
        view = content.version_view(session, SYSTEM_PRINCIPAL, version_id=version_id)
    typer.echo(f"{view.code} {view.version}: {view.title} ({view.status})")
    for line in view.readiness:
        missing = "" if line.is_met else f": missing {', '.join(line.missing)}"
        typer.echo(f"[{'x' if line.is_met else ' '}] {line.text}{missing}")
    if not all(line.is_met for line in view.readiness):
        raise typer.Exit(1)


@commands.command()
def install() -> None:
    """Add what the product ships and the installation lacks; said again, it adds nothing."""
    with open_context(load_settings()) as context, unit_of_work(context.engine) as session:
        added = install_platform_content(session, now=clock.now())
    typer.echo(f"Added {added.policy_count} policies, {added.lesson_count} lessons, {added.track_count} tracks.")


@commands.command("request-refreshes")
def request_refreshes() -> None:
    """Ask for a look at every published lesson whose refresh is due; each is asked for once."""
    with open_context(load_settings()) as context, unit_of_work(context.engine) as session:
        asked = reviewing.request_due_refreshes(session, now=clock.now())
    typer.echo(f"Asked for {len(asked)} reviews.")


@contextmanager
def _session(engine: Engine, *, is_dry_run: bool) -> Iterator[Session]:
    """A transaction that is committed at the end; in a dry run it is rolled back."""
    if is_dry_run:
        with Session(engine, expire_on_commit=False) as session:
            yield session
            session.rollback()
    else:
        with unit_of_work(engine) as session:
            yield session


def _read(file: Path) -> LessonFile:
    try:
        return LessonFile.model_validate(orjson.loads(file.read_bytes()))
    except orjson.JSONDecodeError as error:
        raise InvalidInputError(f"{file.name} is no JSON: {error}.") from error
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:10])
        raise InvalidInputError(f"{file.name} describes no lesson: {places}.") from error
