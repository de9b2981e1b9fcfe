"""`sitesync match`: evaluate a learned match on a company's own records and rank its mentors for its mentees.

Reads CSV files and writes a ranking and a model card; needs no database and records nothing.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from operational_db import clock

if TYPE_CHECKING:
    import polars as pl

    from models.matching.csv_files import Records
    from models.matching.matcher import Matcher
    from models.matching.training import Trained

commands = typer.Typer(help="Match mentors and mentees from CSV files.")
SHOWN_PROBLEMS = 20
RANKING_FILE, CARD_FILE = "ranking.csv", "model_card.json"
COLUMNS = ("mentee_id", "rank", "mentor_id", "score", "chance", "formula_score", "text")


@commands.command("match")
def match(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder with mentors.csv, mentees.csv and history.csv.", show_default=False)
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Where to write; the folder itself when absent.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Mentors to rank for each mentee.")] = 5,
    min_outcomes: Annotated[
        int | None, typer.Option(min=20, help="Known outcomes below which nothing is learned.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Random number that splits the requests.")] = 0,
    layout: Annotated[bool, typer.Option("--layout", help="Print the files and columns that are read.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check, train and compare; write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the model card instead of the tables.")] = False,
) -> None:
    """Train on your own records, compare with the written formula, rank, and say whether it is worth it.

    Rows that cannot be used are listed and left out. Exit code 1 when nothing is left to match, 2 when the folder
    cannot be read.
    """
    from models.matching import csv_files
    from models.matching.training import MIN_OUTCOMES, train

    if layout:
        typer.echo(csv_files.layout_as_text())
        return
    if folder is None:
        raise typer.BadParameter("Name the folder, or print its layout with --layout.", param_hint="FOLDER")
    now = clock.now()
    try:
        records = csv_files.read_folder(folder, now=now)
    except csv_files.UnreadableFolderError as error:
        raise typer.BadParameter(str(error), param_hint="FOLDER") from error
    console = Console(stderr=as_json)
    _print_problems(console, records)
    if not len(records.mentors) or not len(records.mentees):
        typer.echo("No mentor or no mentee is left whose row can be used.", err=True)
        raise typer.Exit(1)
    trained = train(records.history, random_state=seed, min_outcomes=min_outcomes or MIN_OUTCOMES)
    if as_json:
        typer.echo(json.dumps(trained.card, indent=2, ensure_ascii=False))
    else:
        _print_comparison(console, trained)
    if dry_run:
        console.print("Dry run: nothing was written.")
        return
    target = output or folder
    target.mkdir(parents=True, exist_ok=True)
    ranking = _rank(records, trained.matcher, top, now)
    ranking.write_csv(target / RANKING_FILE)
    (target / CARD_FILE).write_text(json.dumps(trained.card, indent=2, ensure_ascii=False) + "\n")
    for name, what in ((RANKING_FILE, f"{len(ranking):,} rows"), (CARD_FILE, "how it was judged")):
        console.print(f"Written: {target / name} ({what})", highlight=False, soft_wrap=True, markup=False)


def _rank(records: "Records", matcher: "Matcher", top: int, now: datetime) -> "pl.DataFrame":
    """The best mentors with free places for every mentee, without whom she asked or had before."""
    import numpy as np
    import polars as pl

    from models.matching.matcher import ranking_schema
    from models.matching.profiles import Mentees

    mentors, known = records.mentors_on(now)
    mentees = Mentees.from_frame(records.mentees)
    met = {mentee: set(group["mentor_id"]) for (mentee,), group in known.group_by("mentee_id")}
    has_room = ~(mentors.capacity_left <= 0)
    schema = {"mentee_id": pl.String(), **ranking_schema()}
    parts = [pl.DataFrame(schema=schema).select(COLUMNS)]
    with _progress() as progress:
        task = progress.add_task("Ranking", total=len(mentees))
        for index, mentee_id in enumerate(mentees.ids):
            former = met.get(mentee_id, set())
            is_open = has_room & np.array([name not in former for name in mentors.ids])
            found = matcher.rank(mentees.take(np.array([index])), mentors.take(np.flatnonzero(is_open)), top=top)
            parts.append(found.with_columns(pl.lit(mentee_id).alias("mentee_id")).select(COLUMNS))
            progress.update(task, completed=index + 1)
    return pl.concat(parts)


def _print_problems(console: Console, records: "Records") -> None:
    console.print(
        f"{len(records.mentors):,} mentors, {len(records.mentees):,} mentees, "
        f"{len(records.history):,} rows of history.",
        highlight=False,
    )
    if records.problems:
        console.print(f"{len(records.problems):,} fields cannot be used; their rows are left out:", highlight=False)
    for problem in records.problems[:SHOWN_PROBLEMS]:
        console.print(f"  {problem}", highlight=False, markup=False, soft_wrap=True)
    if len(records.problems) > SHOWN_PROBLEMS:
        console.print(f"  … {len(records.problems) - SHOWN_PROBLEMS:,} more.", highlight=False)


def _print_comparison(console: Console, trained: "Trained") -> None:
    found = trained.evaluation
    if found is not None:
        table = Table("split by", "ranked by", "AUC", "gain over formula", "NDCG", "loss", "chance off by")
        for row in found.comparison.iter_rows(named=True):
            gain = None if row["candidate"] == "formula" else found.gain(row["candidate"], "auc", row["split"])
            table.add_row(
                row["split"],
                row["candidate"],
                f"{row['auc']:.3f}",
                "" if gain is None else f"{gain.value:+.3f} ({gain.low:+.2f} to {gain.high:+.2f})",
                *(f"{row[name]:.3f}" for name in ("ndcg", "log_loss", "calibration_error")),
            )
        console.print(table)
        console.print("Gain: of the AUC, with its 95 % interval over mentees.", highlight=False)
    console.print(trained.card["verdict"], highlight=False, markup=False)


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield progress
