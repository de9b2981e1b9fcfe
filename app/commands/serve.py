"""`sitesync up`, `serve`, `prepare`, `migrate` and `demo`: bring an installation up and keep it served."""

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from sqlalchemy import Engine, select

from app.context import AppContext, open_context
from operational_db import clock
from operational_db.database import read_only_session, unit_of_work
from operational_db.embedded import database_url
from operational_db.embedded import migrate as migrate_database
from operational_db.errors import ConflictError, DomainError, ReleaseUnavailableError
from operational_db.learned.service import find_unlearned
from operational_db.releases.manifest import current_manifest
from operational_db.settings import Settings, load_settings
from operational_db.tables.identity import Organization

commands = typer.Typer()

StopWithParent = Annotated[
    bool, typer.Option("--stop-with-parent", help="Stop when the process that started this one ends.")
]


@commands.command()
def up(stop_with_parent: StopWithParent = False) -> None:
    """Prepare the installation as far as it is not, serve it, and print its address. Ctrl-C stops everything."""
    _serve(is_prepared=False, is_stopping_with_parent=stop_with_parent)


@commands.command()
def serve(stop_with_parent: StopWithParent = False) -> None:
    """Serve the installation as it is: no migration, no demo, no refresh first."""
    _serve(is_prepared=True, is_stopping_with_parent=stop_with_parent)


@commands.command()
def prepare() -> None:
    """Migrate the database, fill an empty one with the demo, and make the first figures. What is there is kept."""
    settings = load_settings()
    with database_url(settings) as url, _bars() as bars:
        task = bars.add_task("Database schema", total=1)
        migrate_database(url)
        bars.update(task, completed=1)
    with open_context(settings) as context:
        if settings.demo and is_empty(context.engine):
            _load_demo(context.engine, settings)
        install_shipped(context.engine)
        _learn_first_time(context)
        make_figures(settings)


@commands.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    with database_url(load_settings()) as url:
        migrate_database(url)
    typer.echo("The schema is up to date.")


@commands.command()
def demo() -> None:
    """Fill an empty database with the simulated industry of SITESYNC_DEMO_SEED; refused when it holds anything."""
    settings = load_settings()
    with open_context(settings) as context:
        if not is_empty(context.engine):
            raise ConflictError("The database holds organizations already; the demo fills an empty one only.")
        _load_demo(context.engine, settings)


def install_shipped(engine: Engine) -> None:
    """Put in place what the product ships and the installation lacks: lessons and tracks first, which rules name."""
    from operational_db.content.seed import install_platform_content
    from operational_db.gates.shipped import install_platform_rules

    now = clock.now()
    with unit_of_work(engine) as session:
        install_platform_content(session, now=now)
        install_platform_rules(session, now=now)


def is_empty(engine: Engine) -> bool:
    """Whether the database holds no organization yet."""
    with read_only_session(engine) as session:
        return session.scalar(select(Organization.id).limit(1)) is None


def _serve(*, is_prepared: bool, is_stopping_with_parent: bool) -> None:
    from app.serving.session import Session

    session = Session(load_settings(), Console(), is_stopping_with_parent=is_stopping_with_parent)
    session.run(is_prepared=is_prepared)


def _load_demo(engine: Engine, settings: Settings) -> None:
    from app.learned.demo import match_scorer
    from operational_db.badges.keys import load_or_create_badge_signer
    from operational_db.demo.load import load_demo
    from operational_db.documents.store import file_store_of

    with _bars() as bars:
        tasks: dict[str, TaskID] = {}

        def report(label: str, done: int, total: int) -> None:
            if label not in tasks:
                tasks[label] = bars.add_task(label)
            bars.update(tasks[label], completed=done, total=total)

        load_demo(
            engine,
            seed=settings.demo_seed,
            now=clock.now(),
            store=file_store_of(settings),
            signer=load_or_create_badge_signer(settings),
            match_scorer=match_scorer(),
            progress=report,
        )


def _learn_first_time(context: AppContext) -> None:
    """Learn from a history that nothing was learned from. Whatever fails is told, and the start goes on without it."""
    with read_only_session(context.engine) as session:
        unlearned = find_unlearned(session)
    if not (unlearned.match or unlearned.courses or unlearned.returns):
        return
    from pipelines.first_learning import learn_first_time, wanted_steps

    url = context.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    messages = []
    with _bars() as bars:
        tasks = {step: bars.add_task(str(step), total=1) for step in wanted_steps(unlearned)}
        for found in learn_first_time(context.engine, url, context.settings, list(tasks)):
            bars.update(tasks[found.step], completed=0 if found.has_failed else 1)
            bars.stop_task(tasks[found.step])
            messages += [found.message] if found.has_failed else []
    for message in messages:
        typer.echo(message, err=True)


def make_figures(settings: Settings) -> None:
    """Make figures when there are none, or when another version of the product made them: pages may ask for more.

    Merely old ones are served at once: the pipeline's daemon brings them up to date. Whatever fails while there are
    figures is told, and the start goes on with those.
    """
    from pipelines.build import models_hash

    try:
        is_there = True
        if current_manifest(settings).models_hash == models_hash():
            return
    except ReleaseUnavailableError:
        is_there = False
    from app.commands.pipeline import refresh_figures

    try:
        refresh_figures()
    except DomainError as error:
        if not is_there:
            raise
        typer.echo(f"{error.message} Pages that ask for new figures cannot show them yet.", err=True)


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description:<28}"), BarColumn(bar_width=30), MofNCompleteColumn(), TimeElapsedColumn()
    )
