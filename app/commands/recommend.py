"""`sitesync recommend …`: how well recommendations foresee the next course, on own records or on a public data set."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.context import open_context
from operational_db import clock
from operational_db.database import read_only_session
from operational_db.errors import InvalidInputError
from operational_db.settings import load_settings

if TYPE_CHECKING:
    import polars as pl

    from models.recommending.evaluation import Cut
    from models.recommending.records import Records
    from models.recommending.training import Comparison

commands = typer.Typer(help="Recommended courses: whether what is learned foresees more than popularity and paths.")

# A presentation's course is started within so many days of its first.
PRESENTATION_WINDOW_DAYS = 120


@commands.command()
def evaluate(
    data: Annotated[
        Path | None, typer.Option(help="Folder of the OULAD data set, CSV or Parquet, instead of own records.")
    ] = None,
) -> None:
    """Compare the learned part with popularity and with the next course of a path, on courses taken later.

    Everything is fitted on what was known before a day and asked about the courses started after it and completed. The
    first day only chooses settings. Intervals are 95 %, over learners.
    """
    from models.recommending.evaluation import quarterly_cuts
    from models.recommending.training import compare_recommenders

    if data is not None:
        records, cuts = _data_set(data)
    else:
        from app.learned.courses import installation_records

        now = clock.now()
        with open_context(load_settings()) as context, read_only_session(context.engine) as session:
            records, cuts = installation_records(session, until=now), quarterly_cuts(now.date())
    completed = records.taken["completed_on"].count()
    typer.echo(
        f"{completed:,} completions of {records.courses.height:,} courses by "
        f"{records.taken['person_id'].n_unique():,} people."
    )
    if not records.paths.height:
        typer.echo("No path is written here: the course most people took after the same course stands for the next.")
    _print(compare_recommenders(records, cuts))


def _print(comparison: "Comparison") -> None:
    asked = ", ".join(f"{cut.on.day} {cut.on:%b %Y}" for cut in comparison.cuts)
    typer.echo(f"Asked about {comparison.learner_count:,} learners' next courses after {asked}.")
    typer.echo("")
    _table(comparison.averages, "scorer", ".3f")
    typer.echo("")
    typer.echo("What the learned part gains over")
    _table(comparison.gains, "yardstick", "+.3f")
    typer.echo("")
    typer.echo(comparison.sentence)


def _table(frame: "pl.DataFrame", name: str, form: str) -> None:
    cells: dict[str, dict[str, str]] = {}
    for row in frame.iter_rows(named=True):
        text = f"{row['value']:{form}} ({row['low']:{form}} to {row['high']:{form}})"
        cells.setdefault(row[name].replace("_", " "), {})[f"{row['measure']}@{row['k']}"] = text
    for title, values in cells.items():
        typer.echo(f"  {title}")
        for measure, text in values.items():
            typer.echo(f"    {measure:<10} {text.replace('-', '−')}")


def _data_set(folder: Path) -> "tuple[Records, list[Cut]]":
    """Modules of the Open University as courses; a cut at the first day of every later presentation.

    A course is started with its presentation, not at registration, which is months before.
    """
    import polars as pl

    from models.recommending.evaluation import Cut
    from models.recommending.records import Records
    from operational_db.imports.oulad import OULAD_LAYOUT, read_oulad
    from operational_db.imports.reading import ReadingLimits, find_files

    if not folder.is_dir():
        raise InvalidInputError(f"There is no folder {folder}. Give the one that holds the data set's files.")
    files = find_files(folder, OULAD_LAYOUT)
    history = read_oulad({kind: files[kind] for kind in ("course", "student", "student_registration")}, ReadingLimits())
    starts = history.frame("courses").select("course_id", "starts_on")
    taken = (
        history.frame("enrollments")
        .join(starts, on="course_id")
        .select(
            person_id="learner_id",
            course_id=pl.col("course_id").str.split(" ").list.first(),
            started_on="starts_on",
            completed_on=pl.when(pl.col("status") == "completed").then("ended_on"),
        )
    )
    days: list[date] = starts["starts_on"].unique().sort().to_list()
    cuts = [Cut(day, PRESENTATION_WINDOW_DAYS) for day in days[1:]]
    if len(cuts) < 2:
        raise InvalidInputError("The data set has too few presentations: three are needed, on different days.")
    return Records.from_frames(taken), cuts
