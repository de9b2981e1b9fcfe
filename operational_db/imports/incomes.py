"""Published incomes around certification as context: Statistics Canada, table 37-10-0195-01 (RAIS).

Taken are the medians of employment income, self-employment included, of people of both sexes who completed an
apprenticeship, four and two years before certification, in its year, and two and four years after, for the trades
below and every jurisdiction and year of certification the table tells of. Everything else in it is passed over.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import ImportRefusedError, InvalidInputError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.imports.apply import Progress, no_progress
from operational_db.imports.batches import (
    MAX_REMOVAL_SHARE,
    finish_batch,
    keep_refusal,
    start_batch,
    stop_when_too_much_is_missing,
)
from operational_db.imports.diff import Action, action_counts, missing_ids, with_action, with_fingerprint
from operational_db.imports.findings import Findings
from operational_db.imports.layout import Column, ColumnType, FileLayout, Layout
from operational_db.imports.reading import ReadingLimits, SourceFile, read_chunks
from operational_db.imports.report import ImportResult, KindCounts, build_report
from operational_db.imports.repository import ImportRepository
from operational_db.imports.values import to_typed

IMPORTER = INCOMES = "incomes"
RAIS = "rais"
SOURCE = "Statistics Canada, table 37-10-0195-01"
CURRENCY = "CAD"
SEX, MODE = "Both sexes", "Completed apprenticeship programs"
# Those nearest to the work of this installation's companies (no elevator trade is told apart), and all as a yardstick.
TRADES = (
    "All trades",
    "Construction electrician",
    "Industrial electrician",
    "Industrial instrumentation and control technician",
    "Plumber",
    "Powerline technician",
    "Refrigeration and air conditioning mechanic",
    "Sheet metal worker",
    "Steamfitter - pipefitter",
)
INDICATORS = {
    "median_employment_income_minus4y_incl_self_employed": -4,
    "median_employment_income_minus2y_incl_self_employed": -2,
    "median_employment_income_cert_year_incl_self_employed": 0,
    "median_employment_income_plus2y_incl_self_employed": 2,
    "median_employment_income_plus4y_incl_self_employed": 4,
}
COHORT_SIZE = "cohort_size"
MOST_ROWS = 20_000_000


def _text(name: str, description: str) -> Column:
    return Column(name=name, type=ColumnType.TEXT, description=description, is_required=True)


RAIS_LAYOUT = Layout.of(
    RAIS,
    f"{SOURCE}, as one row per value. Taken: {SEX.lower()}, {MODE.lower()}, median employment income including "
    f"self-employment from 4 years before to 4 after certification; trades: {', '.join(TRADES)}.",
    [
        FileLayout(
            kind="income_before_after_certification",
            description="One row per year of certification, geography, sex, trade, mode and indicator.",
            allows_other_columns=True,
            columns=(
                Column(
                    name="certification_year",
                    type=ColumnType.INTEGER,
                    description="Year of certification.",
                    is_required=True,
                    minimum=1970,
                    maximum=2100,
                ),
                _text("geography", "Country, region, province or the territories."),
                _text("sex", "Both sexes, males or females."),
                _text("trade", "Trade, or a group of them."),
                _text("certification_mode", "Completed apprenticeship programs, trade qualifiers, or all."),
                _text("indicator", "What the value is."),
                Column(
                    name="value",
                    type=ColumnType.DECIMAL,
                    description="The value; empty when it is not published.",
                    is_expected=True,
                    minimum=0,
                    maximum=10_000_000,
                ),
            ),
        )
    ],
)
_FILE = RAIS_LAYOUT.files[0]


@dataclass
class Incomes:
    """Rows to keep: line, trade, jurisdiction, cohort_year, years_from_certification, median_income, person_count."""

    file: str
    frame: pl.DataFrame
    read_count: int
    findings: Findings


def run_income_import(
    engine: Engine,
    principal: Principal,
    *,
    path: Path,
    format_: str = RAIS,
    is_dry_run: bool,
    max_removal_share: float = MAX_REMOVAL_SHARE,
    now: datetime,
    progress: Progress = no_progress,
) -> ImportResult:
    """Bring the published incomes in, in one transaction; a dry run writes nothing, a repeated run changes nothing.

    Parameters
    ----------
    path
        The table's file (CSV or Parquet), or a folder that holds it under its number.

    Raises
    ------
    NotAuthorizedError
        For everybody but the platform's administrators and the operator.
    NotFoundError, InvalidInputError
        When there is no such file or format.
    ImportRefusedError
        When the file cannot be trusted as a whole, or lost too much of what was imported before.
    """
    principal.require(Permission.ADMINISTER)
    if format_ != RAIS:
        raise InvalidInputError(f"There is no format '{format_}'. Choose {RAIS}.")
    source = SourceFile(_file(path), _FILE)
    findings = Findings()
    try:
        incomes = read_incomes(source, findings, progress)
        if is_dry_run:
            with read_only_session(engine) as session:
                _, counts, known_count = _plan(ImportRepository(session), incomes)
                stop_when_too_much_is_missing({INCOMES: counts}, {INCOMES: known_count}, findings, max_removal_share)
                return ImportResult(None, None, build_report({INCOMES: counts}, findings))
        with unit_of_work(engine) as session:
            return _import(session, principal, incomes, max_removal_share, now=now)
    except ImportRefusedError as error:
        if not is_dry_run:
            keep_refusal(
                engine,
                principal,
                error,
                findings,
                importer=IMPORTER,
                format_=RAIS,
                source=SOURCE,
                organization_slug=None,
                now=now,
            )
        raise


def read_incomes(source: SourceFile, findings: Findings, progress: Progress = no_progress) -> Incomes:
    """The rows that are taken, typed; a median that is not published is noted and left out.

    Raises
    ------
    FileRefusedError
        When the form of the file is wrong as a whole.
    """
    parts: list[pl.DataFrame] = []
    count = 0
    is_wanted = (
        (pl.col("sex") == SEX)
        & (pl.col("certification_mode") == MODE)
        & pl.col("trade").is_in(TRADES)
        & pl.col("indicator").is_in([*INDICATORS, COHORT_SIZE])
    )
    for chunk in read_chunks(source, findings, most_rows=ReadingLimits(held_rows=MOST_ROWS).held_rows):
        wanted = chunk.filter(is_wanted)
        count += wanted.filter(pl.col("indicator") != COHORT_SIZE).height
        parts.append(to_typed(wanted, source.layout, source.name, findings))
        progress("reading", chunk.height, None)
    rows = pl.concat(parts).rename({"geography": "jurisdiction", "certification_year": "cohort_year"})
    key = ["trade", "jurisdiction", "cohort_year"]
    sizes = rows.filter(pl.col("indicator") == COHORT_SIZE).select(
        *key, pl.col("value").cast(pl.Int64).alias("person_count")
    )
    medians = rows.filter(pl.col("indicator") != COHORT_SIZE).with_columns(
        pl.col("indicator").replace_strict(INDICATORS, return_dtype=pl.Int64).alias("years_from_certification")
    )
    findings.note_rows(
        medians.filter(pl.col("value").is_null()),
        file=source.name,
        column="value",
        code="not_published",
        remedy="Left out: the publisher tells no median here.",
    )
    medians = medians.drop_nulls("value")
    is_repeated = pl.struct(*key, "years_from_certification").is_duplicated()
    findings.refuse_rows(
        medians.filter(is_repeated),
        file=source.name,
        column="indicator",
        code="duplicate_row",
        remedy="The table tells this value more than once; export it again.",
    )
    kept = medians.filter(~is_repeated).join(sizes.unique(key), on=key, how="left", maintain_order="left")
    frame = kept.select(
        "line", *key, "years_from_certification", pl.col("value").alias("median_income"), "person_count"
    )
    return Incomes(source.name, frame, count, findings)


def _file(path: Path) -> Path:
    if path.is_file():
        return path
    if not path.is_dir():
        raise NotFoundError(f"There is no file or folder {path.name}.")
    found = sorted(each for each in path.iterdir() if each.stem.startswith(_FILE.kind))
    if len(found) != 1:
        raise NotFoundError(
            f"{path.name} holds no file {_FILE.kind}….csv or .parquet, or several. Name the file itself."
        )
    return found[0]


def _plan(repository: ImportRepository, incomes: Incomes) -> tuple[pl.DataFrame, KindCounts, int]:
    frame = with_fingerprint(incomes.frame, ["median_income", "person_count"]).with_columns(
        pl.concat_str(
            "trade",
            "jurisdiction",
            pl.col("cohort_year").cast(pl.String),
            pl.col("years_from_certification").cast(pl.String),
            separator="|",
        ).alias("external_id")
    )
    known = repository.known_records(SOURCE)
    frame = with_action(frame, known)
    missing = missing_ids(known, frame["external_id"])
    counts = KindCounts.of_actions(
        action_counts(frame),
        read=incomes.read_count,
        refused=incomes.findings.refused_count(incomes.file),
        missing=len(missing),
    )
    return frame, counts, known.height


def _import(
    session: Session, principal: Principal, incomes: Incomes, max_removal_share: float, *, now: datetime
) -> ImportResult:
    repository = ImportRepository(session)
    repository.lock_source(SOURCE)
    frame, counts, known_count = _plan(repository, incomes)
    stop_when_too_much_is_missing({INCOMES: counts}, {INCOMES: known_count}, incomes.findings, max_removal_share)
    batch = start_batch(session, principal, importer=IMPORTER, format_=RAIS, source=SOURCE, now=now)
    session.flush()
    written = frame.filter(pl.col("action") != Action.UNCHANGED)
    rows = written.select(
        "record_id",
        "action",
        pl.lit(SOURCE).alias("source"),
        "trade",
        "jurisdiction",
        "cohort_year",
        "years_from_certification",
        "median_income",
        pl.lit(CURRENCY).alias("currency"),
        "person_count",
    )
    repository.add_records("income_contexts", rows)
    changed = rows.select("record_id", "action", "median_income", "person_count")
    repository.change_records(INCOMES, changed, SOURCE, batch.id)
    repository.record_ids(INCOMES, written, SOURCE, batch.id)
    return finish_batch(session, batch, build_report({INCOMES: counts}, incomes.findings), now=now)
