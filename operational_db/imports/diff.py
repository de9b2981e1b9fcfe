"""The difference between checked rows and what earlier imports left: added, changed, unchanged, no longer there.

Pure. Matching is by external id alone; values are compared by their fingerprint.
"""

import hashlib
from collections.abc import Sequence
from enum import StrEnum

import polars as pl

from operational_db.types import new_id


class Action(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


def with_fingerprint(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Adds `content_sha256` (hex) over the columns; null and empty differ."""
    # A unit separator cannot occur in a value: control characters are refused.
    texts = [pl.col(name).cast(pl.String).fill_null("\x1e") for name in columns]
    rows = frame.select(pl.concat_str(texts, separator="\x1f").alias("row"))["row"].to_list()
    digests = [hashlib.sha256(row.encode()).hexdigest() for row in rows]
    return frame.with_columns(pl.Series("content_sha256", digests, pl.String))


def with_action(frame: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Adds `action` and `record_id`: the known one, or a new one for rows to add.

    Parameters
    ----------
    frame
        external_id, content_sha256 and the values.
    known
        external_id, record_id, content_sha256.
    """
    before = known.select("external_id", "record_id", pl.col("content_sha256").alias("known_sha256"))
    # In the order of the index they go into, which is several times cheaper than at random.
    joined = frame.sort("external_id").join(before, on="external_id", how="left", maintain_order="left")
    is_new = pl.col("record_id").is_null()
    action = (
        pl.when(is_new)
        .then(pl.lit(Action.ADDED.value))
        .when(pl.col("known_sha256") == pl.col("content_sha256"))
        .then(pl.lit(Action.UNCHANGED.value))
        .otherwise(pl.lit(Action.CHANGED.value))
    )
    return (
        joined.with_columns(action.alias("action"), new_ids(joined.height))
        .with_columns(pl.coalesce("record_id", "new_id").alias("record_id"))
        .drop("new_id", "known_sha256")
    )


def new_ids(count: int, name: str = "new_id") -> pl.Series:
    """Time-ordered ids as text."""
    return pl.Series(name, [str(new_id()) for _ in range(count)], pl.String)


def missing_ids(known: pl.DataFrame, seen: pl.Series) -> pl.Series:
    """External ids that were imported before and are not in the file, not even in a refused row."""
    return known.filter(~pl.col("external_id").is_in(seen.implode()))["external_id"].sort()


def action_counts(frame: pl.DataFrame) -> dict[str, int]:
    """Rows by action, zeros included."""
    counts = dict(frame.group_by("action").len().iter_rows())
    return {action.value: int(counts.get(action.value, 0)) for action in Action}
