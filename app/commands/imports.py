"""`sitesync import …`: bring other systems' records in, see what it would do, list and take imports back."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Self
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy import Engine

from app.context import open_context
from operational_db import clock
from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import ImportRefusedError
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.imports import equipment_service, incomes, outcomes_service, service
from operational_db.imports.batches import MAX_REMOVAL_SHARE
from operational_db.imports.equipment_layouts import EQUIPMENT_FORMATS
from operational_db.imports.layout import layout_as_text
from operational_db.imports.licences import CSLB_LAYOUT, REGISTER
from operational_db.imports.outcomes import OUTCOME_LAYOUT
from operational_db.imports.report import COUNT_NAMES, ImportResult
from operational_db.settings import load_settings

commands = typer.Typer(no_args_is_help=True, help="Bring other systems' records in, and take an import back.")

SHOWN_ROWS = 20
BAR_AFTER_SECONDS = 1.0
DEFAULT_SCHOOLS = {"oulad": ("oulad", "Open University (OULAD)")}

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change and write nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]
RemovalShare = Annotated[
    float,
    typer.Option(
        min=0, max=1, help="Share of formerly imported rows that may be missing before the import is stopped."
    ),
]


class StepBar:
    """A progress bar on stderr that appears only when the work takes longer than a second."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._started = time.monotonic()
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, step: str, done: int, total: int | None) -> None:
        """Progress of the importers' services."""
        if self._bar is None:
            if time.monotonic() - self._started < BAR_AFTER_SECONDS:
                return
            self._bar = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
        if step not in self._tasks:
            self._tasks[step] = self._bar.add_task(step, total=total)
        self._bar.advance(self._tasks[step], done)


@commands.command("history")
def import_history(
    folder: Annotated[Path | None, typer.Argument(help="Folder with one file per kind.", show_default=False)] = None,
    format_: Annotated[str, typer.Option("--format", help="standard or oulad.")] = "standard",
    organization: Annotated[str | None, typer.Option(help="Address name of the school.")] = None,
    school_name: Annotated[str | None, typer.Option(help="Name of the school, to create it.")] = None,
    source: Annotated[str | None, typer.Option(help="Name of the system the records come from.")] = None,
    max_removal_share: RemovalShare = MAX_REMOVAL_SHARE,
    layout: Annotated[bool, typer.Option("--layout", help="Print the files and columns of the format.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Bring a school's learning history in: courses, learners, enrollments, attempts, activity."""
    if layout:
        if format_ not in service.FORMATS:
            raise typer.BadParameter(f"There is no format '{format_}'.", param_hint="--format")
        typer.echo(layout_as_text(service.FORMATS[format_]))
        return
    if folder is None:
        raise typer.BadParameter("Name the folder with the files.", param_hint="FOLDER")
    default_slug, default_name = DEFAULT_SCHOOLS.get(format_, (None, None))
    slug = organization or default_slug
    if slug is None:
        raise typer.BadParameter("Name the school by its slug.", param_hint="--organization")
    request = service.HistoryRequest(
        folder=folder,
        organization_slug=slug,
        organization_name=school_name or (default_name if organization is None else None),
        source=source or ("history" if format_ == "standard" else format_),
        format=format_,
        max_removal_share=max_removal_share,
    )
    with _engine() as engine, _refusal_shown(as_json=as_json), StepBar() as bar:
        result = service.run_history_import(
            engine, SYSTEM_PRINCIPAL, request, is_dry_run=dry_run, now=clock.now(), progress=bar
        )
    _print_result(result, as_json=as_json)


@commands.command("licences")
def import_licences(
    file: Annotated[Path | None, typer.Argument(help="File of the register.", show_default=False)] = None,
    format_: Annotated[str, typer.Option("--format", help="Register: cslb.")] = REGISTER,
    organization: Annotated[str | None, typer.Option(help="Address name of the company the holders work for.")] = None,
    organization_name: Annotated[str | None, typer.Option(help="Name of the company, to create it.")] = None,
    max_removal_share: RemovalShare = MAX_REMOVAL_SHARE,
    layout: Annotated[bool, typer.Option("--layout", help="Print the columns of the register.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Bring a government register of licences in as held certificates."""
    if layout:
        typer.echo(layout_as_text(CSLB_LAYOUT))
        return
    if file is None:
        raise typer.BadParameter("Name the file.", param_hint="FILE")
    request = service.LicenceRequest(
        file=file,
        format=format_,
        organization_slug=organization,
        organization_name=organization_name,
        max_removal_share=max_removal_share,
    )
    with _engine() as engine, _refusal_shown(as_json=as_json), StepBar() as bar:
        result = service.run_licence_import(
            engine, SYSTEM_PRINCIPAL, request, is_dry_run=dry_run, now=clock.now(), progress=bar
        )
    _print_result(result, as_json=as_json)


@commands.command("equipment")
def import_equipment(
    path: Annotated[
        Path | None, typer.Argument(help="Folder with buildings and equipment, or the register's file.")
    ] = None,
    format_: Annotated[str, typer.Option("--format", help="standard or nyc.")] = "standard",
    organization: Annotated[str | None, typer.Option(help="Address name of the building owner.")] = None,
    organization_name: Annotated[str | None, typer.Option(help="Name of the building owner, to create it.")] = None,
    source: Annotated[str | None, typer.Option(help="Name of the register; the format's when absent.")] = None,
    max_removal_share: RemovalShare = MAX_REMOVAL_SHARE,
    layout: Annotated[bool, typer.Option("--layout", help="Print the files and columns of the format.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Bring an owner's buildings and the units in them in; says how manufacturers' names were brought together."""
    if format_ not in EQUIPMENT_FORMATS:
        raise typer.BadParameter(f"Choose one of {', '.join(EQUIPMENT_FORMATS)}.", param_hint="--format")
    if layout:
        typer.echo(layout_as_text(EQUIPMENT_FORMATS[format_]))
        return
    if path is None:
        raise typer.BadParameter("Name the folder or file.", param_hint="PATH")
    if organization is None:
        raise typer.BadParameter("Name the building owner by its slug.", param_hint="--organization")
    request = equipment_service.EquipmentRequest(
        path=path,
        organization_slug=organization,
        organization_name=organization_name,
        format=format_,
        source=source,
        max_removal_share=max_removal_share,
    )
    with _engine() as engine, _refusal_shown(as_json=as_json), StepBar() as bar:
        result = equipment_service.run_equipment_import(
            engine, SYSTEM_PRINCIPAL, request, is_dry_run=dry_run, now=clock.now(), progress=bar
        )
    _print_result(result, as_json=as_json)


@commands.command("outcomes")
def import_outcomes(
    file: Annotated[Path | None, typer.Argument(help="File with one row per job.", show_default=False)] = None,
    organization: Annotated[str | None, typer.Option(help="Address name of the company.")] = None,
    layout: Annotated[bool, typer.Option("--layout", help="Print the columns.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Bring in what technicians' jobs yielded: first-time fixes, callbacks, rework, incidents, hours, units."""
    if layout:
        typer.echo(layout_as_text(OUTCOME_LAYOUT))
        return
    if file is None:
        raise typer.BadParameter("Name the file.", param_hint="FILE")
    if organization is None:
        raise typer.BadParameter("Name the company by its slug.", param_hint="--organization")
    request = outcomes_service.OutcomeRequest(path=file, organization_slug=organization)
    with _engine() as engine, _refusal_shown(as_json=as_json), StepBar() as bar:
        result = outcomes_service.run_outcome_import(
            engine, SYSTEM_PRINCIPAL, request, is_dry_run=dry_run, now=clock.now(), progress=bar
        )
    _print_result(result, as_json=as_json)


@commands.command("incomes")
def import_incomes(
    path: Annotated[Path | None, typer.Argument(help="File of the table, or its folder.", show_default=False)] = None,
    format_: Annotated[str, typer.Option("--format", help="Statistic: rais.")] = incomes.RAIS,
    max_removal_share: RemovalShare = MAX_REMOVAL_SHARE,
    layout: Annotated[bool, typer.Option("--layout", help="Print the columns, and which rows are taken.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Bring published incomes around certification in, as context beside a company's own estimate."""
    if layout:
        typer.echo(layout_as_text(incomes.RAIS_LAYOUT))
        return
    if path is None:
        raise typer.BadParameter("Name the file or folder.", param_hint="PATH")
    with _engine() as engine, _refusal_shown(as_json=as_json), StepBar() as bar:
        result = incomes.run_income_import(
            engine,
            SYSTEM_PRINCIPAL,
            path=path,
            format_=format_,
            is_dry_run=dry_run,
            max_removal_share=max_removal_share,
            now=clock.now(),
            progress=bar,
        )
    _print_result(result, as_json=as_json)


@commands.command("undo")
def undo_import(
    import_id: Annotated[UUID, typer.Argument(help="Id of the import, from `sitesync import list`.")],
) -> None:
    """Take an import back: remove what it added and restore what it changed."""
    with _engine() as engine, unit_of_work(engine) as session:
        batch = service.undo_import(session, SYSTEM_PRINCIPAL, import_id=import_id, now=clock.now())
        added, changed = batch.report["added"], batch.report["changed"]
    typer.echo(f"Undone: {added:,} added records removed, {changed:,} changed ones restored.")


@commands.command("list")
def list_imports(as_json: AsJson = False) -> None:
    """List the imports, newest first."""
    with _engine() as engine, read_only_session(engine) as session:
        batches = service.list_imports(session, SYSTEM_PRINCIPAL)
        rows = [
            {
                "id": str(batch.id),
                "at": batch.started_at.isoformat(timespec="seconds"),
                "what": f"{batch.importer} ({batch.format})",
                "source": batch.source,
                "state": str(batch.state),
                **{name: batch.report.get(name, 0) for name in COUNT_NAMES},
            }
            for batch in batches
        ]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    if not rows:
        typer.echo("Nothing has been imported yet.")
        return
    # Lines and no table: `undo` asks for the whole id, which a narrow terminal would cut.
    for row in rows:
        counts = ", ".join(f"{row[name]:,} {name}" for name in COUNT_NAMES if row[name])
        typer.echo(
            f"{row['id']}  {row['at']}  {row['state']}  {row['what']} from {row['source']}: {counts or 'nothing'}"
        )


@contextmanager
def _engine() -> Iterator[Engine]:
    with open_context(load_settings()) as context:
        yield context.engine


@contextmanager
def _refusal_shown(*, as_json: bool) -> Iterator[None]:
    """A refused import shows its report before it ends with exit code 1."""
    try:
        yield
    except ImportRefusedError as error:
        if as_json:
            typer.echo(json.dumps({"refused": error.message, **error.details}, indent=2))
        raise


def _print_result(result: ImportResult, *, as_json: bool) -> None:
    if as_json:
        import_id = None if result.import_id is None else str(result.import_id)
        typer.echo(json.dumps({"import_id": import_id, **result.report}, indent=2))
        return
    console = _console()
    console.print(_counts_table(result))
    for kind, counts in result.report["kinds"].items():
        for action, ids in counts["listed"].items():
            if ids and (result.import_id is None or action != "added"):
                more = counts[action] - len(ids)
                tail = f" and {more:,} more" if more > 0 else ""
                console.print(f"{kind} {action}: {', '.join(ids)}{tail}", highlight=False, markup=False)
    _print_rows(console, "Refused", result.report["reasons"], result.report["refused_rows"])
    _print_rows(console, "Noted", result.report["notes"], result.report["noted_rows"])
    if "manufacturers" in result.report:
        _print_manufacturers(console, result.report["manufacturers"])
    if result.import_id is None:
        console.print("Dry run: nothing was written.")
    else:
        console.print(f"Import {result.import_id}. To take it back: sitesync import undo {result.import_id}")


def _counts_table(result: ImportResult) -> Table:
    table = Table("kind")
    for name in COUNT_NAMES:
        table.add_column(name, justify="right")
    for kind, counts in result.report["kinds"].items():
        table.add_row(kind, *(f"{counts[name]:,}" for name in COUNT_NAMES))
    table.add_section()
    table.add_row("all", *(f"{result.report[name]:,}" for name in COUNT_NAMES))
    return table


def _print_rows(console: Console, title: str, reasons: list[dict[str, object]], rows: list[dict[str, object]]) -> None:
    for reason in reasons:
        code = str(reason["code"]).replace("_", " ")
        console.print(f"{title}: {reason['count']:,} x {code} in {reason['file']}", highlight=False, markup=False)
    for row in rows[:SHOWN_ROWS] if title == "Refused" else ():
        place = f"{row['file']}:{row['line']} {row['column'] or ''}".rstrip()
        code = str(row["code"]).replace("_", " ")
        console.print(
            f"  {place}: {code} ({row['value_class']}). {row['remedy']}", highlight=False, markup=False, soft_wrap=True
        )
    if title == "Refused" and len(rows) > SHOWN_ROWS:
        console.print(f"  … {len(rows) - SHOWN_ROWS:,} more in the stored report.")


def _print_manufacturers(console: Console, made: dict[str, Any]) -> None:
    rows = made["rows"]
    console.print(
        f"Manufacturers: {made['spellings']:,} spellings are {made['names']:,} names. {rows['table']:,} rows by table, "
        f"{rows['spelling'] + rows['new']:,} by their normal form, {rows['not_a_maker']:,} say who owns or uses it, "
        f"{rows['no_name']:,} name nobody.",
        highlight=False,
    )
    table = Table("manufacturer", "rows", "spelled")
    for maker in made["listed"][:SHOWN_ROWS]:
        name = maker["name"] if maker["is_maker"] else f"({maker['name']})"
        table.add_row(name, f"{maker['count']:,}", ", ".join(maker["spellings"]))
    if made["listed"]:
        console.print(table)


def _console() -> Console:
    return Console()
