"""`sitesync models …`: what was learned, which model serves, train anew, promote, go back, check, prune."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.context import open_context
from operational_db import clock
from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import ConflictError
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.learned import service
from operational_db.learned.views import ModelView
from operational_db.settings import Settings, load_settings
from operational_db.tables.learned import LearnedModel
from operational_db.types import LearnedModelKind

commands = typer.Typer(
    no_args_is_help=True, help="Learned models: which serves, train, promote, go back, check, prune."
)

KindArgument = Annotated[LearnedModelKind, typer.Argument(help="What the model is for.")]
KindOption = Annotated[LearnedModelKind | None, typer.Option("--kind", help="Only models of this kind.")]
FORMULA = {
    LearnedModelKind.MENTOR_MATCHING: "the written formula",
    LearnedModelKind.COURSE_RECOMMENDING: "what is popular",
}


@commands.command("list")
def list_models(
    kind: KindOption = None, as_json: Annotated[bool, typer.Option("--json", help="Print the cards as JSON.")] = False
) -> None:
    """List every model, the newest first, and which serves."""
    with open_context(load_settings()) as context, read_only_session(context.engine) as session:
        models = [ModelView.of(each) for each in service.list_models(session, SYSTEM_PRINCIPAL, model_kind=kind)]
    if as_json:
        typer.echo(json.dumps([_document(model) for model in models], indent=2))
        return
    if not models:
        typer.echo("Nothing was learned here yet. `sitesync models train` learns from what is on record.")
        return
    table = Table("kind", "version", "state", "trained", "ledger", "verdict")
    for model in models:
        verdict = model.card.get("decision") or model.card.get("verdict") or ""
        table.add_row(
            model.model_kind,
            str(model.version),
            _state(model),
            f"{model.trained_at:%d %b %Y %H:%M}",
            f"{model.ledger_size:,}",
            str(verdict).replace("_", " "),
        )
    Console().print(table)


@commands.command("train")
def train(kind: KindOption = None) -> None:
    """Train on what is known now; register the model, and promote it only when it is better than what serves."""
    from pipelines.learned import train_courses, train_match

    trainers = {
        LearnedModelKind.MENTOR_MATCHING: train_match,
        LearnedModelKind.COURSE_RECOMMENDING: train_courses,
    }
    settings = load_settings()
    with open_context(settings) as context:
        for each, trainer in trainers.items():
            if kind not in {None, each}:
                continue
            found = trainer(context.engine, settings, now=clock.now())
            version = "" if found.version is None else f", version {found.version}"
            typer.echo(f"{_title(each)}: {found.step.replace('_', ' ')}{version}. {found.message}")


@commands.command("promote")
def promote(kind: KindArgument, version: Annotated[int, typer.Argument(min=1, help="The version to serve.")]) -> None:
    """Let a version serve from now on, whatever it is worth; refused when its file is not the recorded one."""
    settings = load_settings()
    with open_context(settings) as context, unit_of_work(context.engine) as session:
        model = service.model_by_version(session, kind, version)
        problem = _file_problem(settings, model)
        if problem is not None:
            raise ConflictError(f"{problem} Train again, or promote another version.")
        service.promote_model(session, SYSTEM_PRINCIPAL, model_id=model.id, now=clock.now())
    typer.echo(f"{_title(kind)}: version {version} serves.")


@commands.command("roll-back")
def roll_back(kind: KindArgument) -> None:
    """Put the former version back into service; without one, what is written down serves."""
    with open_context(load_settings()) as context, unit_of_work(context.engine) as session:
        model = service.roll_back(session, SYSTEM_PRINCIPAL, kind, clock.now())
        now_serves = FORMULA[kind] if model is None else f"version {model.version}"
    typer.echo(f"{_title(kind)}: {now_serves} serves.")


@commands.command("prune")
def prune(
    days: Annotated[
        int, typer.Option(min=1, help="Keep what was trained or served within so many days.")
    ] = service.FILE_DAYS,
    is_dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
) -> None:
    """Remove files of models that nothing needs any more; what serves or ranked a list on record stays."""
    from pipelines.learned import prune_models

    settings = load_settings()
    with open_context(settings) as context:
        found = prune_models(context.engine, settings, now=clock.now(), days=days, is_dry_run=is_dry_run)
    for each in found:
        verb = "would be removed" if is_dry_run else "removed"
        typer.echo(f"{_title(each.model_kind)}: file of version {each.version} {verb}.")
    if not found:
        typer.echo("Every file is still needed.")


@commands.command("check")
def check() -> None:
    """Check the serving match: its file, drift of its features, whether its chances come true. Exit 1 when not well."""
    from pipelines.learned_checks import check_match

    settings = load_settings()
    with open_context(settings) as context:
        found = check_match(context.engine, settings, now=clock.now())
    for each in found:
        typer.echo(f"{'fine' if each.passed else 'NOT WELL'}  {each.name.replace('_', ' ')}: {each.message}")
    if not all(each.passed for each in found):
        raise typer.Exit(1)


def _file_problem(settings: Settings, model: LearnedModel) -> str | None:
    """Why the file of a model may not serve."""
    from models.matching import artifact as matching
    from models.recommending import artifact as recommending

    path = settings.models_path / model.artifact
    try:
        if model.model_kind is LearnedModelKind.MENTOR_MATCHING:
            matching.load_matcher(path, model.sha256)
        else:
            recommending.load_recommender(path, model.sha256)
    except (matching.DamagedArtifactError, recommending.DamagedArtifactError) as error:
        return str(error)
    return None


def _state(model: ModelView) -> str:
    if model.is_serving:
        return "serves"
    return "never served" if model.promoted_at is None else f"retired {model.retired_at:%d %b %Y}"


def _title(kind: LearnedModelKind) -> str:
    return kind.replace("_", " ").capitalize()


def _document(model: ModelView) -> dict[str, object]:
    return {
        "kind": model.model_kind,
        "version": model.version,
        "is_serving": model.is_serving,
        "artifact": model.artifact,
        "sha256": model.sha256,
        "trained_at": model.trained_at.isoformat(),
        "ledger_size": model.ledger_size,
        "card": dict(model.card),
    }
