"""The entries of a register as a standing source: what it says of each licence and classification, read against before.

Frames in, frames out; the certificates that follow from them are in `licences`.
"""

from collections.abc import Iterator
from datetime import date, datetime
from uuid import UUID

import polars as pl

from operational_db.imports.diff import Action, action_counts, with_action, with_fingerprint
from operational_db.imports.findings import Findings
from operational_db.imports.history import KEY_SEPARATOR
from operational_db.imports.report import LISTED_IDS, KindCounts
from operational_db.ledger.events import Event, RegisterEntryChanged
from operational_db.registers.rules import standing_of_status
from operational_db.types import RegisterStanding

ENTRIES = "entries"
# What an entry says; a difference in it is a change of the register.
ENTRY_COLUMNS = ("standing", "status_text", "issued_on", "expires_on", "changed_on")


def with_standing(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds `standing` by `registers.rules.standing_of`; the register was read on the latest day it was changed."""
    texts = rows["status"].unique().to_list()
    by_status = {text: standing_of_status(text).value for text in texts}
    standing = pl.col("status").replace_strict(by_status, return_dtype=pl.String)
    read_on = rows["last_updated"].max() if rows.height else None
    is_over = (pl.col("expiration_date") < pl.lit(read_on, pl.Date)).fill_null(value=False)
    is_contradictory = (standing == RegisterStanding.CLEAR) & is_over
    return rows.with_columns(
        pl.when(is_contradictory)
        .then(pl.lit(RegisterStanding.CONTRADICTORY.value))
        .otherwise(standing)
        .alias("standing")
    )


def entry_key() -> pl.Expr:
    """The immutable id of an entry: licence and classification."""
    return pl.concat_str("holder_id", "classification", separator=KEY_SEPARATOR)


def plan_entries(certificates: pl.DataFrame, known: pl.DataFrame, findings: Findings, file: str) -> pl.DataFrame:
    """Entries of the file with their action; what the register said before is not overwritten by an older file.

    Parameters
    ----------
    certificates
        One row per licence and classification with `standing`, `status`, `first_earned_on`, `expires_on`,
        `last_updated`.
    known
        As `ImportRepository.known_entries` gives them.
    """
    entries = certificates.select(
        "line",
        "holder_id",
        "classification",
        entry_key().alias("external_id"),
        "standing",
        pl.col("status").alias("status_text"),
        pl.col("first_earned_on").alias("issued_on"),
        "expires_on",
        pl.col("last_updated").alias("changed_on"),
    )
    planned = with_action(with_fingerprint(entries, ENTRY_COLUMNS), known)
    before = known.select("external_id", pl.col("changed_on").alias("known_changed_on"), "claimed_by_id")
    planned = planned.join(before, on="external_id", how="left", maintain_order="left")
    is_older = (pl.col("action") == Action.CHANGED) & (pl.col("changed_on") < pl.col("known_changed_on"))
    findings.refuse_rows(
        planned.filter(is_older),
        file=file,
        column="last_updated",
        code="older_than_held",
        remedy="The register said something else later. If that was wrong, undo that import first.",
    )
    return planned.filter(~is_older.fill_null(value=False)).drop("known_changed_on")


def unlisted_entries(known: pl.DataFrame, rows: pl.DataFrame, file_entries: pl.DataFrame) -> pl.DataFrame:
    """Entries of earlier files that this one no longer lists, as `missing`, with their action.

    Parameters
    ----------
    rows
        Every row of the file, those refused later included: a licence among them is listed.
    file_entries
        `external_id` of the entries that can be read.
    """
    refused_holders = rows.join(
        file_entries.select(pl.col("external_id").str.split(KEY_SEPARATOR).list.first().alias("holder_id")),
        on="holder_id",
        how="anti",
    )
    gone = known.join(file_entries.select("external_id"), on="external_id", how="anti").filter(
        ~pl.col("external_id")
        .str.split(KEY_SEPARATOR)
        .list.first()
        .is_in(refused_holders["holder_id"].unique().implode())
    )
    missing = gone.with_columns(pl.lit(RegisterStanding.MISSING.value).alias("standing"))
    planned = with_action(
        with_fingerprint(missing.drop("record_id", "content_sha256"), ENTRY_COLUMNS),
        known.select("external_id", "record_id", "content_sha256"),
    )
    return planned.filter(pl.col("action") == Action.CHANGED)


def entry_rows(entries: pl.DataFrame, register: str, *, now: datetime) -> pl.DataFrame:
    """Rows of `register_entries` from planned entries with `certification_id` and `holder_person_id`."""
    return entries.select(
        "record_id",
        "action",
        pl.lit(register).alias("register"),
        "external_id",
        "certification_id",
        pl.col("holder_person_id").alias("person_id"),
        *ENTRY_COLUMNS,
        pl.lit(now.isoformat()).alias("seen_at"),
    )


CHANGED_ENTRY_COLUMNS = (*ENTRY_COLUMNS, "seen_at")


def entry_counts(entries: pl.DataFrame, unlisted: pl.DataFrame) -> KindCounts:
    """Counts of the report; an entry that is no longer listed is changed, and stays."""
    counts = action_counts(entries)
    changed = entries.filter(pl.col("action") == Action.CHANGED)["external_id"].to_list()
    gone = unlisted["external_id"].to_list()
    return KindCounts(
        added=counts["added"],
        changed=counts["changed"] + len(gone),
        unchanged=counts["unchanged"],
        listed={
            "added": entries.filter(pl.col("action") == Action.ADDED)["external_id"].head(LISTED_IDS).to_list(),
            "changed": [*changed, *gone][:LISTED_IDS],
        },
    )


def entry_events(
    entries: pl.DataFrame, import_id: UUID, organization_id: UUID | None, *, now: datetime
) -> Iterator[Event]:
    """What changed, and what is not in good standing when it is first read.

    Entries with `subject_id` (the claimant, or the register's holder) and `certificate_id`.
    """
    is_news = (pl.col("action") == Action.CHANGED) | (
        (pl.col("action") == Action.ADDED) & (pl.col("standing") != RegisterStanding.CLEAR)
    )
    columns = ("record_id", "subject_id", "certificate_id", "certification_id", "standing", "expires_on")
    told = entries.filter(is_news).select(columns)
    for record_id, subject_id, certificate_id, certification_id, standing, expires_on in told.iter_rows():
        last_day: date | None = expires_on
        yield RegisterEntryChanged(
            subject_id=UUID(subject_id),
            organization_id=organization_id,
            occurred_at=now,
            import_id=import_id,
            entry_id=UUID(record_id),
            certificate_id=None if certificate_id is None else UUID(certificate_id),
            certification_id=UUID(certification_id),
            standing=RegisterStanding(standing),
            expires_on=last_day,
        )
