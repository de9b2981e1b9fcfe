"""Results of technicians' jobs in memory: the documented layout, reading, and what is checked within the rows.

What is on record already, the difference and the writing are in `outcomes_tables`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from operational_db.imports.findings import Findings
from operational_db.imports.history import read_typed
from operational_db.imports.layout import Column, ColumnType, FileLayout, Layout
from operational_db.imports.reading import ReadingLimits, SourceFile
from operational_db.imports.values import to_typed

OUTCOMES = "outcomes"
# What a row says of its job; the person is compared by id.
VALUE_COLUMNS = ("finished_on", "first_time_fix", "callback", "rework", "incidents", "hours", "units_maintained")


def _flag(name: str, description: str) -> Column:
    return Column(name=name, type=ColumnType.FLAG, description=f"{description} Empty: not known.")


OUTCOME_LAYOUT = Layout.of(
    "standard",
    "What technicians' jobs yielded. A file holds any part of the time: jobs it does not name stay as they are, a job "
    "that was imported before is corrected where it differs.",
    [
        FileLayout(
            kind=OUTCOMES,
            aliases=("jobs",),
            description="One row per finished job, with the technician who is answerable for it.",
            columns=(
                Column(
                    name="person",
                    type=ColumnType.IDENTIFIER,
                    description="E-mail address or id of the technician, a member of the organization.",
                    is_required=True,
                ),
                Column(
                    name="job_number",
                    type=ColumnType.IDENTIFIER,
                    description="Number of the job, given once by the organization.",
                    is_required=True,
                ),
                Column(
                    name="finished_on",
                    type=ColumnType.DATE,
                    description="Day the job was finished, not in the future.",
                    is_required=True,
                ),
                _flag("first_time_fix", "Whether it was fixed at the first visit."),
                _flag("callback", "Whether the customer called back for the same fault."),
                _flag("rework", "Whether the work had to be done again."),
                Column(
                    name="incidents",
                    type=ColumnType.INTEGER,
                    description="Safety incidents on the job; none when empty.",
                    minimum=0,
                    maximum=100,
                ),
                Column(
                    name="hours",
                    type=ColumnType.DECIMAL,
                    description="Hours worked on the job. Empty: not known.",
                    minimum=0,
                    maximum=744,
                ),
                Column(
                    name="units_maintained",
                    type=ColumnType.INTEGER,
                    description="Units maintained on the job. Empty: not known.",
                    minimum=0,
                    maximum=1_000,
                ),
            ),
        )
    ],
)
FILE_LAYOUT = OUTCOME_LAYOUT.files[0]
LIMITS = ReadingLimits(held_rows=5_000_000)


@dataclass
class OutcomeRows:
    """What was read: typed rows of `FILE_LAYOUT`, each job once; `seen_count` counts refused rows too."""

    file: str
    frame: pl.DataFrame
    read_count: int
    findings: Findings = field(default_factory=Findings)

    def refuse(self, is_bad: pl.Expr, column: str, code: str, remedy: str) -> None:
        """Refuse the rows the condition holds for."""
        is_bad = is_bad.fill_null(value=False)
        self.findings.refuse_rows(self.frame.filter(is_bad), file=self.file, column=column, code=code, remedy=remedy)
        self.frame = self.frame.filter(~is_bad)

    def note(self, is_odd: pl.Expr, column: str, code: str, remedy: str) -> None:
        """Keep the rows and say what is odd."""
        odd = self.frame.filter(is_odd)
        self.findings.note_rows(odd, file=self.file, column=column, code=code, remedy=remedy)


def read_outcomes(
    source: SourceFile,
    findings: Findings,
    *,
    today: date,
    limits: ReadingLimits = LIMITS,
    progress: Callable[[str, int], None] | None = None,
) -> OutcomeRows:
    """A file in the documented layout, CSV or Parquet.

    Raises
    ------
    FileRefusedError
        When the form of the file is wrong as a whole.
    """
    frame = read_typed(source, findings, limits, progress)
    rows = OutcomeRows(source.name, frame, frame.height + findings.refused_count(source.name), findings)
    return _checked(rows, today)


def rows_of_data(data: Sequence[dict[str, Any]], *, today: date) -> OutcomeRows:
    """Rows given as data instead of in a file, by the names of the layout; lines are counted from 1."""
    findings = Findings()
    names = [column.name for column in FILE_LAYOUT.columns]
    texts = {name: [_text(row.get(name)) for row in data] for name in names}
    cells = pl.DataFrame(
        {"line": list(range(1, len(data) + 1)), **texts}, schema={"line": pl.Int64, **dict.fromkeys(names, pl.String)}
    )
    rows = OutcomeRows("rows", to_typed(cells, FILE_LAYOUT, "rows", findings), len(data), findings)
    return _checked(rows, today)


def _text(value: object) -> str | None:
    if value is None:
        return None
    return ("true" if value else "false") if isinstance(value, bool) else str(value).strip() or None


def _checked(rows: OutcomeRows, today: date) -> OutcomeRows:
    """Each job once and finished by `today`; of repeated equal rows the first stands, of contradictory ones none."""
    rows.refuse(
        pl.col("finished_on") > today,
        "finished_on",
        "in_the_future",
        "This day has not come yet. Correct it, or leave the job out until it is finished.",
    )
    values = [name for name in rows.frame.columns if name != "line"]
    per_job = rows.frame.group_by("job_number").agg(
        pl.struct(values).n_unique().alias("versions"), pl.col("line").min().alias("first_line")
    )
    rows.frame = rows.frame.join(per_job, on="job_number", how="left", maintain_order="left")
    rows.refuse(
        pl.col("versions") > 1,
        "job_number",
        "contradictory_rows",
        "Several rows have this job number and differ; keep the right one.",
    )
    rows.refuse(
        pl.col("line") > pl.col("first_line"),
        "job_number",
        "duplicate_row",
        "An earlier row is the same job; remove this one.",
    )
    rows.frame = rows.frame.drop("versions", "first_line").with_columns(pl.col("incidents").fill_null(0))
    rows.note(
        pl.col("first_time_fix") & pl.col("callback"),
        "callback",
        "fixed_and_called_back",
        "Kept as the source tells it: fixed at the first visit and called back.",
    )
    return rows
